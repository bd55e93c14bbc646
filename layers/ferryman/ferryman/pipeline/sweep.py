"""The sweeper dispatches accepted events that were never dispatched, and continues replays that stand still.

The stream deletes its records after 24 hours. An event has the mark `undispatched` until it is dispatched, however long
that takes; `lost_messages` puts the mark on a message that has no receipt. The marks form a sparse index, which costs
next to nothing to query while it is empty.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import batched

from ferryman import clock, ids, log, metrics
from ferryman.aws import dynamodb as store
from ferryman.conversations.messages import table as messages
from ferryman.errors import RetryLater
from ferryman.events import table as events
from ferryman.pipeline import dispatch, held, lost_messages
from ferryman.webhooks.replays import table as replays

# The tables with such an index, and the names of their keys.
KEYS = {messages.TABLE: ("chat", "message_id"), events.TABLE: ("event",), replays.TABLE: ("webhook", "replay_id")}
_BATCH = 100  # the items of one dispatcher, and of one batch read of each table
_STOP_BEFORE_SECONDS = 10
SETTLED_AFTER_SECONDS = 120  # the stream has this long; an item that still has its mark then is late


def sweep(seconds_left: Callable[[], float]) -> int:
    """Dispatch the items that have waited for more than two minutes. Returns their number.

    Works on a hundred items at a time, in turn from messages, events and replays. Stops when less than ten seconds are
    left; the next run goes on. Raises RetryLater, after all batches, when some items failed.
    """
    before = clock.iso(clock.now() - SETTLED_AFTER_SECONDS)
    late, failed = lost_messages.find(seconds_left)
    swept = 0
    try:
        for batch in batched(_waiting(before, late), _BATCH, strict=False):
            if seconds_left() < _STOP_BEFORE_SECONDS:
                return swept
            try:
                done, broken = _sweep_batch(batch, before, seconds_left)
            except dispatch.OutOfTime:
                return swept
            except Exception as error:  # AWS failed: the items of the batch keep their marks
                _report(error, None)
                done, broken = 0, len(batch)
            swept += done
            failed += broken
    finally:
        if swept:
            metrics.count("SweptEvents", swept)
            log.warning("events.swept", count=swept)
    if failed:
        raise RetryLater(f"{failed} items could not be dispatched. The log lines sweep.failed name them.")
    return swept


def _waiting(before: str, late: list[store.Key]) -> Iterator[tuple[str, store.Item]]:
    """(table, item) of the items in the indexes of marks, and of the messages in `late`, from each source in turn.

    The indexes may not show the messages in `late` yet.
    """
    lists = [*(_marked(table, before) for table in KEYS), ((messages.TABLE, key) for key in late)]
    while lists:
        for one in list(lists):
            if (waiting := next(one, None)) is None:
                lists.remove(one)
            else:
                yield waiting


def _marked(table: str, before: str) -> Iterator[tuple[str, store.Item]]:
    for shard in range(ids.SHARDS):
        for indexed in store.query_all(
            table,
            "undispatched = :shard AND created_at < :before",
            {":shard": str(shard), ":before": before},
            index=messages.UNDISPATCHED_INDEX,
        ):
            yield table, indexed


def _sweep_batch(
    batch: Sequence[tuple[str, store.Item]], before: str, seconds_left: Callable[[], float]
) -> tuple[int, int]:
    """Dispatch these items with one dispatcher. Returns how many were dispatched, and how many failed."""
    dispatcher = dispatch.Dispatcher(seconds_left)
    done, failed = 0, 0
    try:
        for table, item in _items(batch):
            if "undispatched" not in item or (table == replays.TABLE and item["updated_at"] >= before):
                continue  # dispatched meanwhile, or a long replay that makes progress
            try:
                if table == replays.TABLE:
                    held.step(item["workspace_id"], item["webhook_id"], item["replay_id"])
                else:
                    dispatcher.add(dispatch.of_item(item))
                done += not item.get("probe")  # a probe that waits for its time is not late
            except dispatch.OutOfTime:
                raise
            except Exception as error:
                # An item that cannot be read must not block the items after it.
                failed += 1
                _report(error, {name: item.get(name) for name in KEYS[table]})
    finally:
        dispatcher.flush()
    return done, failed


def _items(batch: Sequence[tuple[str, store.Item]]) -> Iterator[tuple[str, store.Item]]:
    """The items of the batch as their tables have them now, because the indexes may be behind."""
    for table, names in KEYS.items():
        keys = [{name: indexed[name] for name in names} for its_table, indexed in batch if its_table == table]
        yield from ((table, item) for item in store.get_many(table, keys))


def _report(error: Exception, item: object) -> None:
    log.logger.exception("sweep.failed", exc_info=error, extra={"error": type(error).__name__, "item": item})


def go_on(table: str, item: store.Item, seconds_left: Callable[[], float], *, gone: bool = False) -> None:
    """Dispatch the event of an item, or do the next page of a replay. Raises OutOfTime as `dispatch.Dispatcher` does.

    `gone` says that the table has lost the item. Its event is then stored, so that the deliverer can load it.
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
