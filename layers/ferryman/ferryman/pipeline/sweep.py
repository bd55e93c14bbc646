"""Sweeping: accepted events that were never dispatched, whatever the reason, are dispatched now.

The stream keeps its records for 24 hours; an item keeps its `undispatched` mark until its event was dispatched,
however long that takes. The marks form a sparse index, so looking costs next to nothing while there is nothing.
"""

from collections.abc import Callable

from ferryman import clock, log, store
from ferryman.events import table as events
from ferryman.messages import table as messages
from ferryman.pipeline import dispatch

SETTLED_AFTER_SECONDS = 120  # the stream is given that long before it is called late


def sweep(seconds_left: Callable[[], float]) -> int:
    """Dispatch what waits for longer than two minutes, oldest first. Returns how many events that were.

    Stops when less than ten seconds are left; the next run goes on.
    """
    before = clock.iso(clock.now() - SETTLED_AFTER_SECONDS)
    swept = 0
    for table, index in (
        (messages.TABLE, messages.UNDISPATCHED_INDEX),
        (events.TABLE, events.UNDISPATCHED_INDEX),
    ):
        for shard in range(messages.SHARDS):
            waiting = store.query_all(
                table,
                "undispatched = :shard AND created_at < :before",
                {":shard": str(shard), ":before": before},
                index=index,
            )
            for indexed in waiting:
                if seconds_left() < 10:
                    return swept
                swept += _sweep_one(table, indexed)
    if swept:
        log.warning("events.swept", count=swept)
    return swept


def _sweep_one(table: str, indexed: store.Item) -> int:
    key_names = ("chat", "message_id") if table == messages.TABLE else ("event",)
    item = store.get(table, {name: indexed[name] for name in key_names})
    if item is None or "undispatched" not in item:
        return 0  # the index was behind: it is dispatched by now
    event, key = dispatch.of_item(item)
    if event is not None:
        dispatch.dispatch(event)
    dispatch.done(key)
    return 1
