"""The streams of `messages` and `events`: each new item becomes a delivery for every webhook that wants it.

A record that is none of ours is parked whole and the rest goes on; a failure of our own infrastructure stops at
that record, and Lambda repeats from there.
"""

from collections.abc import Callable
from typing import Any

from ferryman import log
from ferryman.pipeline import dispatch, parking

_STOP_BEFORE_SECONDS = 10


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    def seconds_left() -> float:
        return float(context.get_remaining_time_in_millis()) / 1000

    for record in event["Records"]:
        try:
            if seconds_left() < _STOP_BEFORE_SECONDS:
                return _from(record)
            _one(record, seconds_left)
        except dispatch.OutOfTime as out_of_time:
            log.event("dispatch.continued", event_id=record.get("eventID"), reason=str(out_of_time))
            return _from(record)
        except Exception as error:
            log.logger.exception("dispatch.failed", extra={"error": type(error).__name__})
            return _from(record)
    return {"batchItemFailures": []}


def _one(record: dict[str, Any], seconds_left: Callable[[], float]) -> None:
    try:
        found = dispatch.of_record(record)
    except dispatch.Unreadable as unreadable:
        parking.park("record", record, str(unreadable))
        return
    if found is None:
        return
    event, key = found
    if event is not None:
        dispatch.dispatch(event, seconds_left)
    dispatch.done(key)


def _from(record: dict[str, Any]) -> dict[str, Any]:
    """Lambda's checkpoint is the lowest failed record: it and all that follow come again."""
    return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
