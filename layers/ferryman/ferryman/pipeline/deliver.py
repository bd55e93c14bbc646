"""Delivering: prepare, check, claim, send, settle. Each receive of a ticket leads to one attempt at most.

- `prepare` reads everything that the attempts need, for the whole batch at once. It takes the delivery of a ticket that
  is received for the first time to be new
- `checks` is the list of reasons not to attempt now
- the claim takes the right to attempt, by a conditional write, right before connecting. The first claim of a delivery
  is the put that creates it, so a delivery whose first attempt succeeds takes two writes. If the put finds a delivery,
  there was an earlier ticket, and the attempt goes on with the stored delivery
- sending signs and POSTs (`transport`). A receiver can only cause an outcome, never an exception
- `settle` writes the outcome and decides what becomes of the ticket

Only failures after the claim count against the delivery's budget. If our own infrastructure (KMS, DynamoDB, a crash)
fails before the claim, the delivery stays as it was, and the ticket comes back.
"""

import time
from collections.abc import Callable, Sequence
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from ferryman import clock, ids, log, metrics, settings, tracing
from ferryman.events.model import Event
from ferryman.formats import FORMATS
from ferryman.formats.interface import JSON, Body
from ferryman.outbound import allowed_targets, own_network, transport
from ferryman.outbound.outcomes import Outcome, Unreachable
from ferryman.pipeline import checks, replies
from ferryman.pipeline.checks import Cancel, Case, Defer, Done, Move, Return, Verdict
from ferryman.pipeline.prepare import Prepared, key, prepare
from ferryman.pipeline.settle import settle
from ferryman.pipeline.surroundings import Names
from ferryman.pipeline.under_way import Invocation
from ferryman.webhooks import health, signing, tickets
from ferryman.webhooks.deliveries import table as deliveries
from ferryman.webhooks.deliveries.model import Delivery
from ferryman.webhooks.subscriptions import sealing
from ferryman.webhooks.subscriptions import table as webhooks
from ferryman.webhooks.subscriptions.model import SLOW_AFTER_SECONDS, Webhook
from ferryman.webhooks.tickets import Ticket

# A webhook that was read longer ago than this is read again before its attempt. The place and the claim follow quickly,
# so no request begins more than a second after the webhook was disabled or deleted.
_FRESH_SECONDS = 0.5
_LEASE_MARGIN_SECONDS = 15  # after the attempt's time limit: enough to write the outcome with all retries
# The time between the starts of two attempts on the slow lane. Two hundred handshakes at once would take seconds on the
# seventh of a core that 256 MB of memory have, and each receiver would lose that time. The thread that starts attempts
# shares the core, so when handshakes take longer than this, the next one starts later by itself.
APART_SECONDS = 0.025
# While an answer takes longer than this, `serve` may do other work.
PATIENCE_SECONDS = 0.5


class _SentTwice(Exception):
    """A ticket received for the first time has a stored delivery: the dispatcher or sweeper sent two tickets for it."""


def deliver(batch: Sequence[Ticket], invocation: Invocation, serve: Callable[[], bool]) -> list[Verdict | Exception]:
    """Work on a batch of tickets. Returns for each, in order, a verdict, or the exception of a failure of our own.

    The attempts run at the same time, so a batch takes as long as its slowest receiver. On the slow lane, where a batch
    is large, the attempts begin 25 ms apart. An attempt that could not end in the function's time is not begun. While
    attempts take longer than half a second, `serve` is called repeatedly to do other work; it returns False when there
    is none.
    """
    prepared = prepare(batch)
    limit = settings.integer("ATTEMPT_TIMEOUT_SECONDS")

    def case_of(ticket: Ticket, reads: Prepared) -> Case:
        return Case(
            ticket=ticket,
            invocation=invocation,
            delivery=reads.deliveries.get(ticket.delivery_id),
            webhook=reads.webhooks.get(ticket.webhook_id),
            event=reads.events.get(ticket.event_id),
            memberships=reads.memberships,
            read_at=reads.at,
            names=reads.names.get(ticket.event_id),
            is_readable=reads.unreadable.isdisjoint({ticket.delivery_id, ticket.webhook_id, ticket.event_id}),
        )

    def one(ticket: Ticket) -> Verdict | Exception:
        with tracing.work("delivery", **_ids(ticket)):
            return attempt(ticket)

    def attempt(ticket: Ticket) -> Verdict | Exception:
        try:
            try:
                return _attempt(case_of(ticket, prepared), limit)
            except _SentTwice:
                stored = deliveries.get_many([key(ticket)])
                reads = replace(prepared, deliveries=prepared.deliveries | stored)
                return _attempt(case_of(ticket.as_redelivery(), reads), limit)
        except Exception as error:
            return error

    with ThreadPoolExecutor(max_workers=max(1, len(batch))) as pool:
        begun: list[Future[Verdict | Exception]] = []
        for ticket in batch:
            if begun and invocation.lane == "slow":
                time.sleep(APART_SECONDS)
            begun.append(pool.submit(one, ticket))
        waiting = futures.wait(begun, timeout=PATIENCE_SECONDS).not_done
        while waiting:
            invocation.mark_slow()
            waiting = futures.wait(waiting, timeout=0 if serve() else SLOW_AFTER_SECONDS).not_done
        verdicts = [future.result() for future in begun]
    _measure_waiting(batch, verdicts)
    return verdicts


def _ids(ticket: Ticket) -> dict[str, str | None]:
    """The ids by which an operator finds the delivery's trace."""
    return {
        "delivery_id": ticket.delivery_id,
        "event_id": ticket.event_id,
        "webhook_id": ticket.webhook_id,
        "message_id": ticket.message_id,
    }


def _measure_waiting(tickets: Sequence[Ticket], verdicts: Sequence[Verdict | Exception]) -> None:
    """Report as a metric the age of the oldest event in the batch whose delivery still waits; its id has the time."""
    now = clock.now()
    for ticket, verdict in zip(tickets, verdicts, strict=True):
        if not isinstance(verdict, Done) or verdict.why in ("deferred", "moved"):
            metrics.highest("OldestWaiting", now - ids.made_at(ticket.event_id))


def _attempt(case: Case, limit: int) -> Verdict:
    """Check, claim, send and settle one delivery. `limit` is the most seconds that an attempt may take."""
    if stop := checks.first_stop(case):
        return _act(case, stop)
    secrets = _secrets(case)
    if clock.now() - case.read_at > _FRESH_SECONDS:
        case = _read_again(case)
        if stop := checks.is_still_wanted(case):
            return _act(case, stop)
        secrets = _secrets(case)
    ticket, delivery, webhook, event = case.ticket, case.delivery, case.webhook, case.event
    assert delivery and webhook and event  # noqa: S101 - the checks stop without them
    body = _rendered(event, webhook, case.names, secrets)
    if not delivery.test and (wait := health.wait(webhook, limit, ticket.place)):
        return _act(case, Defer(wait.seconds, tickets.lane_of(webhook), wait.place))
    granted_at = clock.now()
    if not case.invocation.in_time():
        return Return(0)  # decrypting the secret used up the time
    try:
        delivery = deliveries.claim(delivery, limit + _LEASE_MARGIN_SECONDS)
    except deliveries.LostClaim:
        _require_known(ticket, delivery)
        # Another copy of this ticket was faster. It may still die, so look again after its lease.
        return _defer(ticket, Defer(limit + _LEASE_MARGIN_SECONDS))
    if not delivery.test and not health.holds_place(webhook, granted_at):
        deliveries.release(delivery)  # the claim ended in another second, which is full
        return _defer(ticket, Defer(1, tickets.lane_of(webhook), ticket.place))
    # A deferral and the slow lane are waits that the receiver caused.
    if ticket.first_receive and case.invocation.lane == "fast":
        metrics.measure("FirstAttemptLatency", (clock.now() - clock.seconds(event.created_at)) * 1000)
    with case.invocation.calling(delivery, webhook):
        outcome = _send(delivery, webhook, body, secrets, limit)
    if webhook.is_triggered:
        outcome = _without(signing.token(secrets), outcome)
    return settle(delivery, webhook, outcome)


def _secrets(case: Case) -> list[str]:
    """The webhook's secrets that sign now, decrypted. Secrets that are not cached are decrypted by KMS."""
    webhook = case.webhook
    assert webhook  # noqa: S101 - the checks stop without it
    return [
        sealing.unseal(webhook.workspace_id, webhook.sealed_for, secret.version, secret.ciphertext)
        for secret in webhook.signing_secrets()
    ]


def _rendered(event: Event, webhook: Webhook, names: Names | None, secrets: Sequence[str]) -> Body:
    if not webhook.is_triggered:
        return event.as_told_to(webhook.application_id).render(webhook)
    assert names  # noqa: S101 - a webhook never gets or loses trigger words, so the names were read
    return event.render_triggered(webhook, names.with_token(event, signing.token(secrets)))


def _read_again(case: Case) -> Case:
    """The case with its webhook read again: an admin may have disabled or deleted it since the batch was read."""
    ticket = case.ticket
    fresh = webhooks.get_many([(ticket.workspace_id, ticket.webhook_id)])
    return replace(case, webhook=fresh.get(ticket.webhook_id), read_at=clock.now())


def _send(delivery: Delivery, webhook: Webhook, body: Body, secrets: Sequence[str], limit: int) -> Outcome:
    """POST a claimed delivery and return the outcome.

    If our own network is down, releases the claim and raises OwnNetworkDown.
    """
    signed = delivery.signed(delivery.attempts[-1])
    options: transport.Options = {"deadline_seconds": limit, "own_network_is_down": own_network.is_down}
    if replies.can_reply(webhook, delivery):
        options["max_response_bytes"] = FORMATS[webhook.format].response_bytes
        options["response_seconds"] = replies.RESPONSE_SECONDS
    headers = signing.headers(signed, webhook.signatures, secrets, body)
    if webhook.is_triggered:
        headers["Accept"] = JSON
    try:
        return transport.post(
            webhook.url,
            body.content,
            headers,
            allowed_targets=allowed_targets.of_deployment(),
            **options,
        )
    except own_network.OwnNetworkDown:
        deliveries.release(delivery)
        raise


def _without(token: str, outcome: Outcome) -> Outcome:
    """The outcome without the webhook's token, or a cut-off beginning of the token, in its excerpt."""
    if isinstance(outcome, Unreachable):
        return outcome
    excerpt = outcome.excerpt.replace(token, "[redacted]")
    for length in range(len(token) - 1, 5, -1):
        if excerpt.endswith(token[:length]):
            excerpt = f"{excerpt[:-length]}[redacted]"
            break
    return replace(outcome, excerpt=excerpt)


def _act(case: Case, stop: checks.Stop) -> Verdict:
    """Carry out what a check says."""
    match stop:
        case Defer():
            if case.delivery:
                deliveries.show(case.delivery)
            return _defer(case.ticket, stop)
        case Cancel():
            assert case.delivery  # noqa: S101 - a check that cancels needs the delivery
            return _cancel(case.ticket, case.delivery, stop.reason)
        case Move():
            tickets.send([case.ticket], lane="slow")
            return Done("moved")
        case Done("unknown"):
            log.warning("delivery.unknown", delivery_id=case.ticket.delivery_id)
    return stop


def _defer(ticket: Ticket, wait: Defer) -> Done:
    tickets.send([ticket.as_redelivery().at_place(wait.place)], delay_seconds=max(1, wait.seconds), lane=wait.lane)
    return Done("deferred")


def _require_known(ticket: Ticket, delivery: Delivery) -> None:
    """Raise _SentTwice if a claim or settlement was lost because the delivery of a first receive is already stored.

    `deliver` then reads the delivery and starts again.
    """
    if ticket.first_receive and not delivery.stored:
        raise _SentTwice


def _cancel(ticket: Ticket, delivery: Delivery, reason: str) -> Verdict:
    try:
        deliveries.settle(delivery, delivery.ended("cancelled", reason))
    except deliveries.LostClaim:
        _require_known(ticket, delivery)
        return Return(1)
    metrics.count("Cancelled")
    log.event(
        "delivery.cancelled",
        workspace_id=delivery.workspace_id,
        webhook_id=delivery.webhook_id,
        delivery_id=delivery.delivery_id,
        reason=reason,
    )
    return Done("cancelled")
