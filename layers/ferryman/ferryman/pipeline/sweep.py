"""Sweeping: accepted events that were never dispatched, and replays that stand still, go on now.

The stream keeps its records for 24 hours. An event keeps its mark `undispatched` until it was dispatched, however long
that takes, and a message that has no receipt is given one (`pipeline.accounting`). The marks form a sparse index, so
looking costs next to nothing while there is nothing.
"""

from collections.abc import Callable, Iterator

from ferryman import clock, ids, log, metrics
from ferryman.aws import dynamodb as store
from ferryman.conversations.messages import table as messages
from ferryman.errors import RetryLater
from ferryman.events import table as events
from ferryman.pipeline import dispatch, held, lost_messages
from ferryman.webhooks.replays import table as replays

# The tables with such an index, and the names of their keys.
KEYS = {messages.TABLE: ("chat", "message_id"), events.TABLE: ("event",), replays.TABLE: ("webhook", "replay_id")}
SETTLED_AFTER_SECONDS = 120  # the stream is given that long before it is called late


def sweep(seconds_left: Callable[[], float]) -> int:
    """Dispatch what waits for longer than two minutes, oldest first. Returns how many events that were.

    Stops when less than ten seconds are left; the next run goes on. Raises RetryLater, at the end, when some failed.
    """
    before = clock.iso(clock.now() - SETTLED_AFTER_SECONDS)
    late, failed = lost_messages.find(seconds_left)
    swept = 0
    try:
        for table, indexed in _waiting(before, late):
            if seconds_left() < 10:
                return swept
            try:
                swept += _sweep_one(table, indexed, before, seconds_left)
            except dispatch.OutOfTime:
                return swept
            except Exception as error:
                # One that cannot be read must not keep those behind it waiting for ever.
                failed += 1
                log.logger.exception("sweep.failed", extra={"error": type(error).__name__, "item": indexed})
    finally:
        if swept:
            metrics.count("SweptEvents", swept)
            log.warning("events.swept", count=swept)
    if failed:
        raise RetryLater(f"{failed} items could not be dispatched. The log lines sweep.failed name them.")
    return swept


def _waiting(before: str, late: list[store.Key]) -> Iterator[tuple[str, store.Item]]:
    """The items that the indexes of the marks hold, and the messages that were marked a moment ago."""
    for table in KEYS:
        for shard in range(ids.SHARDS):
            for indexed in store.query_all(
                table,
                "undispatched = :shard AND created_at < :before",
                {":shard": str(shard), ":before": before},
                index=messages.UNDISPATCHED_INDEX,
            ):
                yield table, indexed
    yield from ((messages.TABLE, key) for key in late)


def _sweep_one(table: str, indexed: store.Item, before: str, seconds_left: Callable[[], float]) -> int:
    item = store.get(table, {name: indexed[name] for name in KEYS[table]})
    if item is None or "undispatched" not in item:
        return 0  # the index was behind, or another run was faster: it is dispatched by now
    if table == replays.TABLE and item["updated_at"] >= before:
        return 0  # a long replay that gets on
    go_on(table, item, seconds_left)
    return 1


def go_on(table: str, item: store.Item, seconds_left: Callable[[], float], *, gone: bool = False) -> None:
    """Dispatch the event of an item, or do the next page of a replay. Raises OutOfTime as `dispatch.Dispatcher` does.

    `gone` says that the table holds the item no more, so its event is stored for its deliveries.
    """
    if table == replays.TABLE:
        held.step(item["workspace_id"], item["webhook_id"], item["replay_id"])
        return
    pending = dispatch.of_item(item)
    if gone and pending.event:
        events.keep(pending.event)
    dispatcher = dispatch.Dispatcher(seconds_left)
    dispatcher.add(pending)
    dispatcher.flush()
