"""Reads everything that a batch of tickets needs, with few batch reads."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ferryman import clock
from ferryman.conversations.chats import table as chats
from ferryman.events.model import Event
from ferryman.pipeline import load_events, surroundings
from ferryman.pipeline.surroundings import Names
from ferryman.webhooks.deliveries import table as deliveries
from ferryman.webhooks.deliveries.model import Delivery
from ferryman.webhooks.subscriptions import table as webhooks
from ferryman.webhooks.subscriptions.model import Webhook
from ferryman.webhooks.tickets import Ticket


@dataclass(frozen=True, slots=True)
class Prepared:
    """The rows that a batch needs: deliveries, webhooks and events by id, and memberships as (chat id, user id)."""

    deliveries: dict[str, Delivery]
    webhooks: dict[str, Webhook]
    events: dict[str, Event]
    memberships: set[tuple[str, str]]
    unreadable: set[str]  # the ids of existing rows that this version cannot read
    at: float  # epoch seconds; when the reads began
    names: dict[str, Names] = field(default_factory=dict)  # the names in bodies for trigger words, by event id


def prepare(batch: Sequence[Ticket]) -> Prepared:
    """Read everything that a batch needs, with one batch read for each kind of row instead of one for each ticket.

    Webhooks take one read, events up to three (`load_events.recall`), deliveries up to two: those that were received
    before, and then those that cannot be claimed unread. Memberships take one read for each workspace, and names for
    trigger words three. A batch read of more than a hundred rows makes one call for each hundred. All reads but the
    first one of messages are consistent. A delivery that is not stored yet is made from its event.
    """
    unreadable: set[str] = set()
    at = clock.now()
    stored = deliveries.get_many((key(ticket) for ticket in batch if not ticket.first_receive), unreadable)
    wanted = [ticket for ticket in batch if not (ticket.delivery_id in stored and stored[ticket.delivery_id].is_over)]
    webhooks_by_id = webhooks.get_many(((ticket.workspace_id, ticket.webhook_id) for ticket in wanted), unreadable)
    sources = [_source(ticket, stored.get(ticket.delivery_id)) for ticket in wanted]
    events_by_id = load_events.recall(sources, unreadable)
    unsure = [
        ticket for ticket in wanted if ticket.first_receive and not _is_plain(ticket, webhooks_by_id, events_by_id)
    ]
    stored |= deliveries.get_many(map(key, unsure), unreadable)
    deliveries_by_id = {}
    pairs: dict[str, set[tuple[str, str]]] = {}
    for ticket in batch:
        webhook, event = webhooks_by_id.get(ticket.webhook_id), events_by_id.get(ticket.event_id)
        if (delivery := stored.get(ticket.delivery_id)) is None and event:
            delivery = deliveries.new(event, ticket.webhook_id)
        if delivery is None:
            continue
        deliveries_by_id[ticket.delivery_id] = delivery
        if webhook and delivery.chat_id and webhook.follows_a_member:
            pairs.setdefault(delivery.workspace_id, set()).add((delivery.chat_id, webhook.member_id))
    members: set[tuple[str, str]] = set()
    for workspace_id, chosen in pairs.items():
        members |= chats.memberships(workspace_id, chosen)
    names = surroundings.of(_triggering(wanted, webhooks_by_id, events_by_id))
    return Prepared(deliveries_by_id, webhooks_by_id, events_by_id, members, unreadable, at, names)


def key(ticket: Ticket) -> tuple[str, str, str]:
    """The (workspace id, webhook id, delivery id) of the ticket's delivery."""
    return ticket.workspace_id, ticket.webhook_id, ticket.delivery_id


def _is_plain(ticket: Ticket, webhooks_by_id: dict[str, Webhook], events_by_id: dict[str, Event]) -> bool:
    """Whether a ticket's delivery can be claimed without reading it first: the claim fails if the delivery exists.

    A webhook with a rate limit or a pause needs the read, because a second ticket for a delivery must take neither a
    place within the rate nor the probe that ends the pause.
    """
    webhook = webhooks_by_id.get(ticket.webhook_id)
    if webhook is None or ticket.event_id not in events_by_id:
        return False
    return webhook.state == "enabled" and not (webhook.paused_until or webhook.max_per_second)


def _triggering(
    wanted: Sequence[Ticket], webhooks_by_id: dict[str, Webhook], events_by_id: dict[str, Event]
) -> list[Event]:
    """The events in the batch for webhooks with trigger words, each once."""
    triggering = {}
    for ticket in wanted:
        webhook, event = webhooks_by_id.get(ticket.webhook_id), events_by_id.get(ticket.event_id)
        if webhook and webhook.is_triggered and event and not event.erased_at:
            triggering[event.event_id] = event
    return list(triggering.values())


def _source(ticket: Ticket, delivery: Delivery | None) -> load_events.Source:
    where: Ticket | Delivery = delivery or ticket
    return load_events.Source(ticket.workspace_id, ticket.event_id, where.chat_id, where.message_id)
