"""Tells people: what is to be sent at once comes by the stream of `notifications`, the rest each minute when due."""

from typing import Any

from ferryman import log, store
from ferryman.notifications import service


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    def seconds_left() -> float:
        return float(context.get_remaining_time_in_millis()) / 1000

    if "Records" not in event:
        return {"sent": service.send_due(seconds_left)}
    for record in event["Records"]:
        try:
            item = store.load(record["dynamodb"]["NewImage"])
            service.send(item["workspace_id"], item["notification_id"], seconds_left)
        except Exception as error:
            log.logger.exception("notification.failed", extra={"error": type(error).__name__})
            return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
    return {"batchItemFailures": []}
