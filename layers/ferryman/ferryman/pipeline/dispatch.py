"""Dispatching: from an accepted event to one delivery for each webhook that wants it.

Everything here may be done twice: a delivery's id is made of its event's and its webhook's, creating it is
conditional, and a ticket that comes twice finds the delivery settled. So a crash anywhere is answered by doing
it again.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import chain, islice
from typing import Any

from ferryman import ids, log, store
from ferryman.deliveries import table as deliveries
from ferryman.errors import Conflict, NotFound
from ferryman.events import catalogue
from ferryman.events import table as events
from ferryman.events.model import Event
from ferryman.messages import table as messages
from ferryman.messages.model import Message
from ferryman.pipeline import matching, mentioning, queue
from ferryman.pipeline.queue import Ticket
from ferryman.webhooks.model import Webhook

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
    if "message_id" not in item:
        event = Event.from_item(item)
        return event, events.key(event.workspace_id, event.event_id)
    key = messages.key(item["workspace_id"], item["chat_id"], item["message_id"])
    if "text" not in item or item["revision"] > 1:
        return None, key
    return catalogue.message_created(Message.from_item(item)), key


def dispatch(event: Event, seconds_left: Callable[[], float]) -> int:
    """Give the event, and before it the mentions of bots in it, to every webhook that wants them.

    Returns how many deliveries were put into the queue. Raises OutOfTime when less than eight seconds are left; what
    was done is remembered, and the next call goes on from there.
    """
    return sum(_dispatch(each, seconds_left) for each in [*mentioning.events_of(event), event])


def _dispatch(event: Event, seconds_left: Callable[[], float]) -> int:
    chunks = matching.wanting(event)
    head = list(islice(chunks, 2))
    chunks = chain(head, chunks)
    sent, begun = 0, False
    if len(head) == 2 or not any(some.webhooks for some in head):
        # A large fan-out, or nobody, or nobody any more: perhaps an earlier call came some way.
        progress = events.progress(event)
        begun = progress is not None
        sent += _send_unsent(event, progress)
        if progress and progress.reached:
            chunks = matching.wanting(event, progress.reached)
    with ThreadPoolExecutor(max_workers=_CONCURRENT) as pool:
        for some in chunks:
            out_of_time = seconds_left() < _STOP_BEFORE_SECONDS
            if some.webhooks or out_of_time:
                sent += _name(event, [webhook.webhook_id for webhook in some.webhooks], begun=begun)
                begun = True
            sent += _give(event, some.webhooks, pool)
            if out_of_time:
                events.go_on(event, reached=(some.topic, some.last_id))
                raise OutOfTime(f"{sent} deliveries were made; the next call goes on.")
    log.event(
        "event.dispatched",
        workspace_id=event.workspace_id,
        event_id=event.event_id,
        event_type=event.type,
        deliveries=sent,
    )
    return sent


def _name(event: Event, webhook_ids: list[str], *, begun: bool) -> int:
    """Name the webhooks that get deliveries next. Returns how many of an earlier call were sent on the way."""
    if begun:
        events.go_on(event, giving=webhook_ids)
        return 0
    try:
        events.begin(event, webhook_ids)
    except events.Begun:
        sent = _send_unsent(event, events.progress(event))
        events.go_on(event, giving=webhook_ids)
        return sent
    return 0


def _send_unsent(event: Event, progress: events.Progress | None) -> int:
    """Send what an earlier call created and perhaps did not send: a webhook may want the event no more by now.

    The deliverer then cancels the delivery, with the reason.
    """
    tickets = []
    for webhook_id in progress.giving if progress else []:
        delivery_id = ids.delivery(event.event_id, webhook_id)
        with suppress(NotFound):
            if deliveries.get(event.workspace_id, delivery_id).state == "queued":
                tickets.append(Ticket(event.workspace_id, delivery_id))
    queue.send(tickets)
    return len(tickets)


def _give(event: Event, webhooks: list[Webhook], pool: ThreadPoolExecutor) -> int:
    """Create the deliveries of some webhooks, then put their tickets into the queue."""
    if len(webhooks) == 1:
        created = [_create(event, webhooks[0])]
    else:
        created = list(pool.map(lambda webhook: _create(event, webhook), webhooks))
    tickets = [ticket for ticket in created if ticket]
    queue.send(tickets)
    return len(tickets)


def done(key: store.Key) -> None:
    """The event was dispatched: take its item out of the sweeper's index."""
    try:
        if "message_id" in key:
            messages.dispatched(key)
        else:
            events.dispatched(key)
    except Conflict:
        pass  # the item is gone: nothing is left that could be swept


def _create(event: Event, webhook: Webhook) -> Ticket | None:
    """The delivery's ticket, or None when the delivery is under way or over already.

    A delivery that exists and still waits is sent again: it may exist because we crashed before the send.
    """
    delivery = deliveries.new(event, webhook)
    try:
        store.commit([deliveries.creating(delivery)])
    except deliveries.Exists:
        known = deliveries.get(event.workspace_id, delivery.delivery_id)
        if known.state != "queued":
            return None
    return Ticket(event.workspace_id, delivery.delivery_id)
