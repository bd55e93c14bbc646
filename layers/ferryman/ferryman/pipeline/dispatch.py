"""Dispatching: sends one ticket to the delivery queue for each webhook that wants an accepted event.

The dispatcher stores no deliveries: the deliverer's first claim creates a delivery. A delivery's id is made of its
event's and its webhook's ids, and a second ticket finds the delivery claimed or over. So dispatching an event twice
does no harm, and after a crash the dispatcher starts the event again.
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
_LATE_SECONDS = 60  # half of the sweeper's waiting time, because clocks differ


class OutOfTime(Exception):
    """The function's time is up before all webhooks of an event have tickets.

    The dispatcher has stored how far it got, and continues there when the event is added again.
    """


class Unreadable(Exception):
    """A stream record does not have the shape of our items. The dispatcher parks it and goes on with the others."""


class PendingEvent(NamedTuple):
    """An item of `messages` or `events` that waits for its dispatch."""

    event: Event | None
    key: store.Key
    is_marked: bool  # whether the item has a mark, or may have one, to remove

    @property
    def message_id(self) -> str | None:
        return self.key.get("message_id")


def of_record(record: dict[str, Any]) -> PendingEvent | None:
    """The pending event in a stream record, as `of_item` reads it. None for an item that needs no dispatch.

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

    If a message was edited or deleted before its dispatch, the event comes from the table `events`, where
    `messages.service` stored it. The event is None if that row has expired, or if the message is for one person.
    Raises ValueError, KeyError and the like for an item that cannot be read.
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
    """Whether the sweeper may have marked the message after the stream record, which comes late, was written."""
    return bool(pending.message_id) and clock.now() - ids.made_at(pending.key["message_id"]) > _LATE_SECONDS


def _is_copied_back(item: store.Item, change: dict[str, Any]) -> bool:
    """Whether a message was restored from a backup, so it was dispatched long ago.

    The item was put more than a day after its id was made.
    """
    put_at = change.get("ApproximateCreationDateTime")
    return isinstance(put_at, int | float) and put_at - ids.made_at(item["message_id"]) > _DAY_SECONDS


class Dispatcher:
    """Dispatches the events of one invocation: reads subscriptions once, sends tickets in tens, writes receipts.

    The caller calls `add` for each event, then `flush`. After an exception, `unfinished` lists the tokens of the
    events that have to be added again, in the order in which they were added.
    """

    def __init__(self, seconds_left: Callable[[], float]) -> None:
        self.unfinished: list[Any] = []
        self._seconds_left = seconds_left
        self._matcher = subscribers.Matcher()
        self._tickets: dict[tickets.Lane, list[Ticket]] = {"fast": [], "slow": []}
        self._added: list[tuple[PendingEvent, int]] = []

    def add(self, pending: PendingEvent, token: Any = None) -> None:
        """Make a ticket for each webhook that wants the event, and before that for the mentions of bots in its message.

        `token` stands for the item in `unfinished`. The event of a reply becomes a message instead. Raises OutOfTime
        when less than eight seconds are left; the dispatcher has then stored at which webhook the next call goes on.
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
        """Send the remaining tickets, write receipts for the messages, and take the marks off the items."""
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
    """Store an event that is in no table yet: one that the dispatcher made of a message, such as a mention."""
    if event.undispatched is None and event.message_id is None:
        events.keep(event)


def _done(key: store.Key) -> None:
    """Remove the mark from an item, so that the sweeper does not find the item."""
    try:
        if "message_id" in key:
            messages.dispatched(key)
        else:
            events.dispatched(key)
    except Conflict:
        pass  # the item is gone, so the sweeper will not find it


def _log(dispatched: dict[str, int]) -> None:
    """Write one line for all dispatched events, with the number of deliveries of each."""
    if dispatched:
        metrics.count("Dispatched", sum(dispatched.values()))
        log.event("events.dispatched", deliveries=sum(dispatched.values()), events=dispatched)
