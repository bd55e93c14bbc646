"""Unparking: dispatches the items of parked records, as the tables have them now.

A parked record names an item. If the item still waits for its dispatch, the version in the table is dispatched; an
operator may have repaired it. If the item does not wait, nothing is done. If the table has lost the item, the copy in
the record is dispatched. An item waits while it has the mark, or is a message without a receipt; receipts are stored
for longer than parked records. So unparking twice, or after the sweeper, sends nothing twice.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ferryman import log
from ferryman.aws import dynamodb as store
from ferryman.pipeline import dispatch, lost_messages, parking, sweep

_STOP_BEFORE_SECONDS = 10
_SHOWN = 20


@dataclass(slots=True)
class Unparked:
    """The result of one run: counts of parked files, and the reasons for those that failed."""

    done: int = 0  # worked on and removed from the bucket
    kept: int = 0  # could not be worked on, and stay parked
    reasons: dict[str, str] = field(default_factory=dict)  # the errors of the first kept records, by key
    after: str | None = None  # the key after which the next call must continue, if time ran out


def unpark(after: str, seconds_left: Callable[[], float]) -> Unparked:
    """Work on the parked files whose keys come after `after`. Stops when less than ten seconds are left.

    A file is removed when its records are done. After a stop, `Unparked.after` is the key for the next call.
    """
    result = Unparked()
    last = after
    for key in parking.keys(after):
        if seconds_left() < _STOP_BEFORE_SECONDS:
            result.after = last
            return result
        try:
            for record in _records(parking.read(key)):
                _again(record, seconds_left)
            parking.remove(key)
            result.done += 1
        except dispatch.OutOfTime:
            result.after = last  # a large fan-out, which goes on where it is now
            return result
        except Exception as error:
            result.kept += 1
            reason = f"{type(error).__name__}: {error}"
            if len(result.reasons) < _SHOWN:
                result.reasons[key] = reason
            log.warning("parked.kept", key=key, reason=reason)
        last = key
    return result


def _records(content: Any) -> Iterator[dict[str, Any]]:
    """The stream records in a parked file: the `record` that we parked, or those in Lambda's `payload`.

    Raises Unreadable for a file without any.
    """
    if isinstance(content, dict) and "record" in content:
        yield content["record"]
        return
    payload = content.get("payload") if isinstance(content, dict) else None
    event = json.loads(payload) if isinstance(payload, str) else payload
    if not isinstance(event, dict) or "Records" not in event:
        raise dispatch.Unreadable("it holds no stream record")
    yield from event["Records"]


def _again(record: dict[str, Any], seconds_left: Callable[[], float]) -> None:
    try:
        keys = store.load(record["dynamodb"]["Keys"])
        image = store.load(record["dynamodb"].get("NewImage", {}))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise dispatch.Unreadable(f"{type(error).__name__}: {error}") from error
    if keys.keys() == {"workspace_id", "notification_id"}:
        return  # the notifier comes back to it by itself, each minute
    table = next((table for table, names in sweep.KEYS.items() if set(names) == keys.keys()), None)
    if table is None:
        raise dispatch.Unreadable(f"no table with events has the keys {sorted(keys)}")
    item = store.get(table, keys)
    if item is None and _waits(image):
        sweep.go_on(table, image, seconds_left, gone=True)
    elif item is not None and _waits(item):
        sweep.go_on(table, item, seconds_left)


def _waits(item: store.Item) -> bool:
    if "undispatched" in item:
        return True
    return "message_id" in item and "event_id" not in item and not lost_messages.is_recorded(item["message_id"])
