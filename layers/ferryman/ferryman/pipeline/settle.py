"""Writes the outcome of an attempt, counts it for the webhook's health, and decides what becomes of the ticket."""

from dataclasses import replace

from ferryman import clock, log, metrics, settings
from ferryman.aws import dynamodb as store
from ferryman.events import table as events
from ferryman.events.model import OPERATIONAL
from ferryman.formats.interface import Reply
from ferryman.outbound.outcomes import Delivered, Outcome, Refused, Unreachable
from ferryman.pipeline import replies
from ferryman.pipeline.checks import Done, Return, Verdict
from ferryman.webhooks import health, retry_policy
from ferryman.webhooks.deliveries import table as deliveries
from ferryman.webhooks.deliveries.model import Attempt, Delivery, Settlement
from ferryman.webhooks.events import delivery_exhausted
from ferryman.webhooks.retry_policy import NextStep
from ferryman.webhooks.subscriptions.model import Webhook


def settle(delivery: Delivery, webhook: Webhook, outcome: Outcome) -> Verdict:
    """Write the outcome of a claimed attempt into its delivery, and return what becomes of the ticket.

    If our lease has expired and another function has claimed the delivery, that function's result wins, and the ticket
    comes back after a second.
    """
    step = retry_policy.after_attempt(
        outcome,
        settings.integers("RETRY_DELAYS"),
        failures=delivery.failures,
        unknowns=delivery.unknowns,
        is_test=bool(delivery.test),
    )
    reply, note = replies.read(webhook, delivery, outcome)
    attempt = replace(reported(delivery.attempts[-1], outcome), reply=note)
    settlement = Settlement(
        state=step.state,
        attempts=[*delivery.attempts[:-1], attempt],
        failures=step.failures,
        unknowns=delivery.unknowns,
        next_attempt_at=None if step.delay is None else clock.iso(clock.now() + step.delay),
        reason=step.reason,
        result=attempt.result,
    )
    _log(delivery, attempt, step)
    try:
        if reply:
            _settle_with_reply(delivery, webhook, settlement, reply)
        else:
            deliveries.settle(delivery, settlement, *exhaustion(delivery, settlement))
    except deliveries.LostClaim:
        return Return(1)
    _count(delivery, step)
    health.timed(webhook, outcome.duration_ms)
    if not delivery.test:
        health.count(webhook, outcome, _telling_of_disabled)
    elif delivery.probe and isinstance(outcome, Delivered):
        _return(webhook, delivery)
    return _verdict(delivery, step)


# Both are rarely needed, so no cold start waits for their imports.
def _telling_of_disabled(webhook: Webhook, reason: str, probe_at: str | None) -> list[store.Write]:
    from ferryman.notifications import notices

    return notices.telling_of_disabled(webhook, reason, probe_at)


def _return(webhook: Webhook, delivery: Delivery) -> None:
    from ferryman.notifications import notices
    from ferryman.webhooks import probes

    probes.succeeded(webhook, delivery, notices.telling_of_return)


def _settle_with_reply(delivery: Delivery, webhook: Webhook, settlement: Settlement, reply: Reply) -> None:
    """Settle a delivery and store its reply in one transaction.

    If an attempt before a replay has stored a reply, this reply is dropped, and the attempt's log entry says so.
    """
    try:
        deliveries.settle(delivery, settlement, replies.storing(webhook, delivery, reply))
    except replies.AlreadyReplied:
        *earlier, last = settlement.attempts
        noted = replace(last, reply="not posted: an earlier attempt was replied to")
        deliveries.settle(delivery, replace(settlement, attempts=[*earlier, noted]))


def reported(attempt: Attempt, outcome: Outcome) -> Attempt:
    """A copy of `attempt` with the fields of `outcome`: status or error, excerpt and duration."""
    match outcome:
        case Delivered() | Refused():
            return replace(
                attempt,
                outcome="delivered" if isinstance(outcome, Delivered) else "failed",
                status=outcome.status,
                excerpt=outcome.excerpt,
                duration_ms=outcome.duration_ms,
            )
        case Unreachable():
            return replace(
                attempt,
                outcome="failed",
                error=outcome.error,
                excerpt=outcome.detail,
                duration_ms=outcome.duration_ms,
            )


def exhaustion(delivery: Delivery, settlement: Settlement) -> list[store.Write]:
    """The write of an event `delivery.exhausted`, if the settlement exhausts the delivery.

    Empty for another state, for a test, and for the delivery of an operational event such as `delivery.exhausted`.
    """
    if settlement.state != "exhausted" or delivery.test or delivery.event_type in OPERATIONAL:
        return []
    event = delivery_exhausted(delivery, settlement.reason or "", clock.now_iso())
    return [events.creating(event)]


def _verdict(delivery: Delivery, step: NextStep) -> Verdict:
    if step.state == "delivered":
        return Done("delivered")
    if step.state == "cancelled" or delivery.test:
        return Done("cancelled")
    return Return(step.delay or 0)


def _log(delivery: Delivery, attempt: Attempt, step: NextStep) -> None:
    metrics.count("Attempts")
    log.event(
        "delivery.attempted",
        workspace_id=delivery.workspace_id,
        delivery_id=delivery.delivery_id,  # contains the ids of the event and of the webhook
        attempt=attempt.number,
        outcome=attempt.outcome,
        status=attempt.status,
        error=attempt.error,
        duration_ms=attempt.duration_ms,
        state=step.state,
    )


def _count(delivery: Delivery, step: NextStep) -> None:
    """Count the attempt in the metrics, and the delivery if it is over. A failed test does not count as exhausted."""
    if step.state == "delivered":
        metrics.count("Delivered")
        return
    metrics.count("FailedAttempts")
    if step.state == "exhausted" and not delivery.test:
        metrics.count("Exhausted")
    elif step.state == "cancelled":
        metrics.count("Cancelled")
