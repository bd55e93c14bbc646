"""Dispatching: from an accepted event to one delivery for each webhook that wants it.

Nothing is written for a delivery here: it gets a ticket in the queue, and the deliverer's first claim creates it. A
delivery's id is made of its event's and its webhook's, and a ticket that comes twice finds the delivery claimed or
over. So everything may be done twice, and a crash anywhere is answered by doing it again.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice
from typing import Any

from ferryman import log, store
from ferryman.errors import Conflict
from ferryman.events import catalogue
from ferryman.events import table as events
from ferryman.events.model import Event
from ferryman.messages import table as messages
from ferryman.messages.model import Message
from ferryman.pipeline import matching, mentioning, queue
from ferryman.pipeline.queue import Ticket

_CONCURRENT = 10
_STOP_BEFORE_SECONDS = 8


class OutOfTime(Exception):
    """The fan-out of an event is larger than what was left of the function's time; it goes on when repeated."""


class Unreadable(Exception):
    """A stream record that is none of ours: it is parked whole and the rest goes on."""


def of_record(record: dict[str, Any]) -> tuple[Event | None, store.Key] | None:
    """What `of_item` says of the item that a stream record shows, or None when it waits for nothing.

    Raises Unreadable for a record that does not have the shape of our items.
    """
    try:
        change = record["dynamodb"]
        if record["eventName"] == "REMOVE" or "undispatched" not in change["NewImage"]:
            return None
        return of_item(store.load(change["NewImage"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unreadable(f"{type(error).__name__}: {error}") from error


def of_item(item: store.Item) -> tuple[Event | None, store.Key]:
    """The event of an undispatched item of `messages` or `events`, and the item's key.

    No event for a message that was edited or deleted before its dispatch: its event is stored in `events`, as it
    has to be sent (`messages.service`).
    """
    if "event_id" in item:
        event = Event.from_item(item)
        return event, events.key(event.workspace_id, event.event_id)
    key = messages.key(item["workspace_id"], item["chat_id"], item["message_id"])
    if "text" not in item or item["revision"] > 1:
        return None, key
    return catalogue.message_created(Message.from_item(item)), key


class Run:
    """The dispatching of one invocation: reads subscriptions once, sends tickets in tens, and takes the marks off.

    `give` each event, then `finish`. What is `unfinished` afterwards, in the order it was given, has to be done again.
    """

    def __init__(self, seconds_left: Callable[[], float]) -> None:
        self.unfinished: list[Any] = []
        self._seconds_left = seconds_left
        self._matcher = matching.Matcher()
        self._tickets: dict[queue.Lane, list[Ticket]] = {"fast": [], "slow": []}
        self._given: list[tuple[store.Key, Event | None, int]] = []

    def give(self, event: Event | None, key: store.Key, token: Any = None) -> None:
        """Give the event, and before it the mentions of bots in it, to every webhook that wants them.

        `key` is of the item that waits; `token` stands for it in `unfinished`. Raises OutOfTime when less than eight
        seconds are left; where it was is remembered, and the next call goes on from there.
        """
        self.unfinished.append(token)
        events_of = [*mentioning.events_of(event), event] if event else []
        count = sum(self._give(each) for each in events_of)
        self._given.append((key, event, count))

    def finish(self) -> None:
        """Send what is left, then let the items wait no more."""
        self._send(all_of_them=True)
        with ThreadPoolExecutor(max_workers=_CONCURRENT) as pool:
            list(pool.map(_done, [key for key, _, _ in self._given]))
        for _, event, count in self._given:
            if event:
                _log(event, count)
        del self.unfinished[: len(self._given)]
        self._given.clear()

    def _give(self, event: Event) -> int:
        chunks = self._matcher.wanting(event)
        head = list(islice(chunks, 2))
        if len(head) == 2 and (reached := events.reached(event)):
            chunks = self._matcher.wanting(event, reached)
        else:
            chunks = chain(head, chunks)
        count = 0
        for some in chunks:
            if some.webhooks and not count:
                _keep(event)
            for webhook in some.webhooks:
                self._tickets[queue.lane_of(webhook)].append(Ticket.of(event, webhook.webhook_id))
            count += len(some.webhooks)
            self._send()
            if some.is_full and self._seconds_left() < _STOP_BEFORE_SECONDS:
                self._send(all_of_them=True)
                events.reach(event, some.topic, some.last_id)
                raise OutOfTime(f"{count} deliveries were sent; the next call goes on.")
        return count

    def _send(self, *, all_of_them: bool = False) -> None:
        for lane, tickets in self._tickets.items():
            whole = len(tickets) if all_of_them else len(tickets) // queue.BATCH * queue.BATCH
            queue.send(tickets[:whole], lane=lane)
            del tickets[:whole]


def _keep(event: Event) -> None:
    """What is made on the way from a message, a mention, is in no table yet."""
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


def _log(event: Event, count: int) -> None:
    log.event(
        "event.dispatched",
        workspace_id=event.workspace_id,
        event_id=event.event_id,
        event_type=event.type,
        deliveries=count,
    )
