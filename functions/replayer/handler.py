"""The stream of `replays`: each record asks for the next page of a replay."""

from typing import Any

from ferryman import log, store
from ferryman.replays import service


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    for record in event["Records"]:
        try:
            service.step(store.load(record["dynamodb"]["NewImage"]))
        except Exception as error:
            log.logger.exception("replay.failed", extra={"error": type(error).__name__})
            return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
    return {"batchItemFailures": []}
