"""The streams of `messages` and `events`: sends one ticket for each new item and each webhook that wants it.

A record that Ferryman did not write is parked whole, and the rest of the batch continues. When Ferryman's own
infrastructure fails, the batch stops at that record, and Lambda repeats from there.
"""

from typing import Any

from ferryman import failures, log
from ferryman.pipeline import dispatch, parking

_STOP_BEFORE_SECONDS = 10


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    dispatcher = dispatch.Dispatcher(lambda: float(context.get_remaining_time_in_millis()) / 1000)
    not_begun = _add_all(event["Records"], dispatcher, context)
    try:
        dispatcher.flush()
    except Exception as error:
        failures.report("dispatch.failed", error)
    # Lambda sends the first failed record and all after it again, so the others need not be named.
    failed = [*dispatcher.unfinished, *not_begun][:1]
    return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]} for record in failed]}


def _add_all(records: list[dict[str, Any]], dispatcher: dispatch.Dispatcher, context: Any) -> list[dict[str, Any]]:
    """Add the records to the dispatcher, until one fails or time is short. Returns that record and all behind it."""
    for number, record in enumerate(records):
        if context.get_remaining_time_in_millis() < _STOP_BEFORE_SECONDS * 1000:
            return records[number:]
        try:
            _add(record, dispatcher)
        except dispatch.OutOfTime as out_of_time:
            log.event("dispatch.continued", event_id=record.get("eventID"), reason=str(out_of_time))
            return records[number:]
        except Exception as error:
            failures.report("dispatch.failed", error, event_id=record.get("eventID"))
            return records[number:]
    return []


def _add(record: dict[str, Any], dispatcher: dispatch.Dispatcher) -> None:
    try:
        pending = dispatch.of_record(record)
    except dispatch.Unreadable as unreadable:
        parking.park("record", record, str(unreadable))
        return
    if pending is not None:
        dispatcher.add(pending, record)
