"""Dispatching: from an accepted event to one delivery for each webhook that wants it.

Nothing is written for a delivery here: it gets a ticket in the queue, and the deliverer's first claim creates it. A
delivery's id is made of its event's and its webhook's, and a ticket that comes twice finds the delivery claimed or
over. So everything may be done twice, and a crash anywhere is answered by doing it again.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice
from typing import Any, NamedTuple

from ferryman import clock, ids, log, metrics, tracing
from ferryman.aws import dynamodb as store
from ferryman.conversations.messages import table as messages
from ferryman.conversations.messages.events import created_id, message_created
from ferryman.conversations.messages.model import Message
from ferryman.errors import Conflict
from ferryman.events import table as events
from ferryman.events.model import REPLIED, Event
from ferryman.pipeline import bot_mentions, lost_messages, replies, subscribers
from ferryman.webhooks import tickets
from ferryman.webhooks.tickets import Ticket

_CONCURRENT = 10
_STOP_BEFORE_SECONDS = 8
_DAY_SECONDS = 86_400
_LATE_SECONDS = 60  # half of what the sweeper waits for: clocks differ


class OutOfTime(Exception):
    """The function's time ran out during an event's fan-out, which goes on when the stream repeats the event."""


class Unreadable(Exception):
    """A stream record that we did not write. The dispatcher parks it whole and goes on with the others."""


class PendingEvent(NamedTuple):
    """An item of `messages` or `events` that waits for its dispatch."""

    event: Event | None
    key: store.Key
    is_marked: bool  # or may be: the mark has to be taken off

    @property
    def message_id(self) -> str | None:
        return self.key.get("message_id")


def of_record(record: dict[str, Any]) -> PendingEvent | None:
    """The pending event in a stream record, as `of_item` reads it, or None when the item waits for nothing.

    Raises Unreadable for a record that does not have the shape of our items.
    """
    try:
        if record["eventName"] != "INSERT":
            return None
        change = record["dynamodb"]
        item = store.load(change["NewImage"])
        if "undispatched" not in item and ("event_id" in item or _is_copied_back(item, change)):
            return None
        pending = of_item(item)
        return pending._replace(is_marked=pending.is_marked or _may_be_late(pending))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unreadable(f"{type(error).__name__}: {error}") from error


def of_item(item: store.Item) -> PendingEvent:
    """The event of an item of `messages` or `events` that was not dispatched, and the item's key.

    A message that was edited or deleted before its dispatch has its event in `events`, as it has to be sent
    (`messages.service`). The event is None when that one has expired, and for a message for one person.
    """
    is_marked = "undispatched" in item
    if "event_id" in item:
        event = Event.from_item(item)
        return PendingEvent(event, events.key(event.workspace_id, event.event_id), is_marked)
    key = messages.key(item["workspace_id"], item["chat_id"], item["message_id"])
    if not ids.is_id(ids.MESSAGE, item["message_id"]):
        raise ValueError("its message_id is none")
    if "visible_to" in item:
        return PendingEvent(None, key, is_marked)
    if "text" in item and item["revision"] == 1:
        return PendingEvent(message_created(Message.from_item(item)), key, is_marked)
    event_id = created_id(item["message_id"], item["created_at"])
    return PendingEvent(events.get(item["workspace_id"], event_id), key, is_marked)


def _may_be_late(pending: PendingEvent) -> bool:
    """Whether the sweeper may have marked the message since: a late stream shows the item without the mark."""
    return bool(pending.message_id) and clock.now() - ids.made_at(pending.key["message_id"]) > _LATE_SECONDS


def _is_copied_back(item: store.Item, change: dict[str, Any]) -> bool:
    """Whether a message comes from a backup: it was put a day after its id was made. It was dispatched in its time."""
    put_at = change.get("ApproximateCreationDateTime")
    return isinstance(put_at, int | float) and put_at - ids.made_at(item["message_id"]) > _DAY_SECONDS


class Dispatcher:
    """Dispatches the events of one invocation: reads subscriptions once, sends tickets in tens, writes receipts.

    `add` each event, then `flush`. The `unfinished` tokens, in the order in which they were added, have to be added
    again.
    """

    def __init__(self, seconds_left: Callable[[], float]) -> None:
        self.unfinished: list[Any] = []
        self._seconds_left = seconds_left
        self._matcher = subscribers.Matcher()
        self._tickets: dict[tickets.Lane, list[Ticket]] = {"fast": [], "slow": []}
        self._added: list[tuple[PendingEvent, int]] = []

    def add(self, pending: PendingEvent, token: Any = None) -> None:
        """Give an event, and before it the mentions of bots in it, to every webhook that wants them.

        `token` stands for the item in `unfinished`. Raises OutOfTime when less than eight seconds are left; its place
        is remembered, and the next call goes on from there.
        """
        self.unfinished.append(token)
        event = pending.event
        events_of = [*bot_mentions.events_of(event), event] if event else []
        if event and event.type == REPLIED:
            replies.post(event)
            events_of = []
        count = 0
        for each in filter(bot_mentions.is_within_ceiling, events_of):
            with tracing.work("event", event_id=each.event_id, message_id=each.message_id):
                count += self._add(each)
        self._added.append((pending, count))

    def flush(self) -> None:
        """Send the tickets that are left, record that the messages are dispatched, and take the marks off the items."""
        self._send(all_of_them=True)
        lost_messages.record_dispatch([pending.message_id for pending, _ in self._added if pending.message_id])
        marked = [pending.key for pending, _ in self._added if pending.is_marked]
        if marked:
            with ThreadPoolExecutor(max_workers=_CONCURRENT) as pool:
                list(pool.map(_done, marked))
        _log({pending.event.event_id: count for pending, count in self._added if pending.event})
        del self.unfinished[: len(self._added)]
        self._added.clear()

    def _add(self, event: Event) -> int:
        chunks = self._matcher.wanting(event)
        head = list(islice(chunks, 2))
        if len(head) == 2 and (reached := events.reached(event)):
            chunks = self._matcher.wanting(event, reached)
        else:
            chunks = chain(head, chunks)
        count = 0
        for batch in chunks:
            if batch.webhooks and not count:
                _keep(event)
            for webhook in batch.webhooks:
                self._tickets[tickets.lane_of(webhook)].append(Ticket.of(event, webhook.webhook_id))
            count += len(batch.webhooks)
            self._send()
            if batch.is_full and self._seconds_left() < _STOP_BEFORE_SECONDS:
                self._send(all_of_them=True)
                events.reach(event, batch.topic, batch.last_id)
                raise OutOfTime(f"{count} deliveries were sent; the next call goes on.")
        return count

    def _send(self, *, all_of_them: bool = False) -> None:
        for lane, batch in self._tickets.items():
            whole = len(batch) if all_of_them else len(batch) // tickets.BATCH * tickets.BATCH
            tickets.send(batch[:whole], lane=lane)
            del batch[:whole]


def _keep(event: Event) -> None:
    """Stores an event that was made on the way from a message, a mention: it is in no table yet."""
    if event.undispatched is None and event.message_id is None:
        events.keep(event)


def _done(key: store.Key) -> None:
    """Take the item out of the sweeper's index."""
    try:
        if "message_id" in key:
            messages.dispatched(key)
        else:
            events.dispatched(key)
    except Conflict:
        pass  # the item is gone: nothing is left that could be swept


def _log(dispatched: dict[str, int]) -> None:
    """One line for all of them: event id → how many deliveries."""
    if dispatched:
        metrics.count("Dispatched", sum(dispatched.values()))
        log.event("events.dispatched", deliveries=sum(dispatched.values()), events=dispatched)
