"""Decides about a ticket that the queue gave up after four receives: exhaust its delivery, or send the ticket again.

The queue counts receives, the delivery counts failed attempts. Fewer attempts than receives mean that a receive was
lost, throttled, or ended before its claim. If the delivery's budget is spent, the delivery is exhausted. If attempts
are left, the fault is ours, and the ticket goes back to the queue with a new count of receives. That repeats with
growing pauses for as long as the fault lasts; after the third round the metric `StuckDeliveries` raises an alarm.
"""

from contextlib import suppress
from typing import Literal

from ferryman import clock, log, metrics
from ferryman.errors import NotFound
from ferryman.pipeline import load_events
from ferryman.pipeline.settle import exhaustion
from ferryman.webhooks import retry_policy, tickets
from ferryman.webhooks.deliveries import table as deliveries
from ferryman.webhooks.deliveries.model import Delivery
from ferryman.webhooks.tickets import Ticket

type Settled = Literal["over", "exhausted", "requeued", "unknown"]
_PAUSE_SECONDS = 60  # the cause of four failed receives lasts longer than a second; doubled with each round
_STUCK_AFTER_ROUNDS = 3


def settle(ticket: Ticket) -> Settled:
    """Settle the delivery of a dead letter, and return what was done.

    - `over`: the delivery had ended before
    - `exhausted`: its attempts are spent
    - `requeued`: a new ticket is in the queue
    - `unknown`: the delivery or its event has expired

    Raises when our own infrastructure fails; the dead letter then stays in its queue.
    """
    settled = _settle(ticket)
    if settled == "exhausted":
        metrics.count("Exhausted")
    log.event("delivery.settled", workspace_id=ticket.workspace_id, delivery_id=ticket.delivery_id, settled=settled)
    return settled


def _settle(ticket: Ticket) -> Settled:
    delivery = _delivery(ticket)
    if delivery is None:
        return "unknown"
    if delivery.is_over:
        return "over"
    now = clock.now()
    if delivery.state == "sending" and delivery.lease_until > now * 1000:
        tickets.send([ticket], delay_seconds=delivery.lease_until / 1000 - now)
        return "requeued"
    _, unknowns = delivery.closed()
    if retry_policy.spent(delivery.failures, unknowns) >= retry_policy.MAX_FAILURES:
        settlement = delivery.ended("exhausted", f"{delivery.failures} attempts failed, {unknowns} never reported")
        deliveries.settle(delivery, settlement, *exhaustion(delivery, settlement))
        return "exhausted"
    deliveries.show(delivery)
    due = clock.seconds(delivery.next_attempt_at) - now if delivery.next_attempt_at else 0
    tickets.send([_again(ticket)], delay_seconds=max(_pause(ticket), due))
    return "requeued"


def _delivery(ticket: Ticket) -> Delivery | None:
    """The ticket's delivery: the stored one, or a new one made from the event. None when either has expired."""
    with suppress(NotFound):
        return deliveries.get(ticket.workspace_id, ticket.delivery_id)
    source = load_events.Source(ticket.workspace_id, ticket.event_id, ticket.chat_id, ticket.message_id)
    event = load_events.recall([source]).get(ticket.event_id)
    delivery = deliveries.new(event, ticket.webhook_id) if event else None
    return delivery if delivery and delivery.expires_at_epoch > clock.now() else None


def _again(ticket: Ticket) -> Ticket:
    again = ticket.again()
    if again.requeues >= _STUCK_AFTER_ROUNDS:
        metrics.count("StuckDeliveries")
        log.warning(
            "delivery.stuck",
            workspace_id=ticket.workspace_id,
            webhook_id=ticket.webhook_id,
            delivery_id=ticket.delivery_id,
            rounds=again.requeues,
        )
    return again


def _pause(ticket: Ticket) -> float:
    """The seconds that a ticket waits before its next round: 60, 120, 240, 480, and from then on 900 (15 minutes)."""
    return min(_PAUSE_SECONDS * 2.0 ** min(ticket.requeues, 4), tickets.MAX_DELAY_SECONDS)
