"""Sends notifications to people: new ones from the stream of `notifications`, scheduled ones each minute when due.

A record that Ferryman did not write is parked whole. A notification that fails keeps its mark, so the next minute's run
tries it again, and the stream continues.
"""

from collections.abc import Callable
from typing import Any

from ferryman import failures
from ferryman.aws import dynamodb as store
from ferryman.notifications import service
from ferryman.pipeline import parking


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    def seconds_left() -> float:
        return float(context.get_remaining_time_in_millis()) / 1000

    if "Records" not in event:
        return {"sent": service.send_due(seconds_left)}
    for record in event["Records"]:
        try:
            _one(record, seconds_left)
        except Exception as error:
            failures.report("notification.failed", error, event_id=record.get("eventID"))
    return {"batchItemFailures": []}


def _one(record: dict[str, Any], seconds_left: Callable[[], float]) -> None:
    try:
        item = store.load(record["dynamodb"]["NewImage"])
        notification = item["workspace_id"], item["notification_id"]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        parking.park("record", record, f"{type(error).__name__}: {error}")
        return
    service.send(*notification, seconds_left)
