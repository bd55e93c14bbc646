"""Delivering: prepare, claim, send, settle. One ticket of the queue is one try at one attempt.

- prepare reads what the attempt needs, for the whole batch at once; of a fresh ticket it takes the delivery to be new
- claim takes the right to attempt, by a conditional write, right before connecting; the first claim of a delivery is
  the put that creates it, so a delivery that goes well is written twice in all. When the put finds a delivery, the
  stream sent the ticket twice, and the attempt goes on with what is stored
- send signs and POSTs (`transport`); whatever the receiver does is an outcome, never an exception
- settle writes the outcome and says what becomes of the message

Only what happens after the claim costs the receiver's budget. Whatever of ours fails before it (KMS, DynamoDB, a
crash) leaves the delivery as it was, and the message comes back.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ferryman import clock, failures, ids, log, metrics, settings, tracing
from ferryman.aws import dynamodb as store
from ferryman.conversations.chats import table as chats
from ferryman.events import catalogue
from ferryman.events import table as events
from ferryman.events.model import Event
from ferryman.outbound import allowed_targets, own_network, transport
from ferryman.outbound.outcomes import Delivered, Outcome, Refused, Unreachable
from ferryman.pipeline import load_events
from ferryman.webhooks import health, retry_policy, signing, tickets
from ferryman.webhooks.deliveries import table as deliveries
from ferryman.webhooks.deliveries.model import Delivery
from ferryman.webhooks.events import delivery_exhausted
from ferryman.webhooks.subscriptions import sealing
from ferryman.webhooks.subscriptions import table as webhooks
from ferryman.webhooks.subscriptions.model import SLOW_AFTER_SECONDS, Webhook
from ferryman.webhooks.tickets import Lane, Ticket

_LEASE_MARGIN_SECONDS = 15  # after the attempt's own limit: time to write the outcome, with every try
# From one beginning to the next on the slow lane. Two hundred handshakes at once would take seconds on the seventh of a
# core that 256 MB have, each of them out of its own receiver's time. The thread that begins them shares that core, so
# where they take longer than this, the next one begins later by itself.
APART_SECONDS = 0.025
# An answer that takes longer leaves time to serve others.
PATIENCE_SECONDS = 0.5
_GONE = 410


@dataclass(frozen=True, slots=True)
class Return:
    """The message goes back to the queue and is received again after `seconds`; that is a receive spent."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Done:
    """The message is consumed."""

    why: Literal["delivered", "over", "cancelled", "deferred", "unknown", "moved"]


type Verdict = Done | Return


class _SentTwice(Exception):
    """The delivery of a fresh ticket exists, as the stream or the sweeper sent another ticket for it."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that a batch needs, read at once."""

    deliveries: dict[str, Delivery]
    webhooks: dict[str, Webhook]
    events: dict[str, Event]
    memberships: set[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Invocation:
    """One invocation of the deliverer, which all of its batches share."""

    lane: Lane
    seconds_left: Callable[[], float]
    # By delivery, while its receiver is called: its webhook, and since when.
    under_way: dict[str, tuple[Webhook, float]] = field(default_factory=dict)

    @contextmanager
    def calling(self, delivery: Delivery, webhook: Webhook) -> Iterator[None]:
        self.under_way[delivery.delivery_id] = webhook, clock.now()
        try:
            yield
        finally:
            del self.under_way[delivery.delivery_id]

    def in_time(self, seconds: float = 0) -> bool:
        """Whether an attempt that begins in so many seconds ends before the function does."""
        return self.seconds_left() - seconds >= settings.integer("ATTEMPT_TIMEOUT_SECONDS") + 1

    def mark_slow(self) -> None:
        """Tell the dispatcher of receivers that take long, before their attempts have ended."""
        now = clock.now()
        for webhook, began in list(self.under_way.values()):
            try:
                health.timed(webhook, round((now - began) * 1000))
            except Exception as error:  # the end of the attempt says it again
                failures.report("webhook.not_marked_slow", error, webhook_id=webhook.webhook_id)


def deliver(batch: Sequence[Ticket], invocation: Invocation, serve: Callable[[], bool]) -> list[Verdict | Exception]:
    """One verdict for each ticket, in order; an exception where our own infrastructure failed.

    The attempts run at the same time, so a batch takes as long as its slowest receiver; on the slow lane, where a
    batch is large, they begin one after the other. An attempt that could not end in the function's time is not begun.
    While attempts take long, `serve` is called again and again to use the time; it returns False when it has nothing
    to do.
    """
    prepared = prepare(batch)
    limit = settings.integer("ATTEMPT_TIMEOUT_SECONDS")

    def one(ticket: Ticket) -> Verdict | Exception:
        with tracing.work("delivery", **_ids(ticket)):
            return attempt(ticket)

    def attempt(ticket: Ticket) -> Verdict | Exception:
        try:
            try:
                return _attempt(ticket, prepared, limit, invocation)
            except _SentTwice:
                stored = deliveries.get_many([_key(ticket)])
                known = replace(prepared, deliveries=prepared.deliveries | stored)
                return _attempt(ticket.as_redelivery(), known, limit, invocation)
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
    """The ids by which a trace of the delivery is found."""
    return {
        "delivery_id": ticket.delivery_id,
        "event_id": ticket.event_id,
        "webhook_id": ticket.webhook_id,
        "message_id": ticket.message_id,
    }


def _measure_waiting(tickets: Sequence[Ticket], verdicts: Sequence[Verdict | Exception]) -> None:
    """Reports how long ago the oldest event came of which a delivery still waits. Its id tells, so nothing is read."""
    now = clock.now()
    for ticket, verdict in zip(tickets, verdicts, strict=True):
        if not isinstance(verdict, Done) or verdict.why in ("deferred", "moved"):
            metrics.highest("OldestWaiting", now - ids.made_at(ticket.event_id))


def prepare(batch: Sequence[Ticket]) -> Prepared:
    """Two to six batch reads, whatever the size of the batch. Consistent, but for messages."""
    stored = deliveries.get_many(_key(ticket) for ticket in batch if not ticket.first_receive)
    wanted = [ticket for ticket in batch if not (ticket.delivery_id in stored and stored[ticket.delivery_id].is_over)]
    found_webhooks = webhooks.get_many((ticket.workspace_id, ticket.webhook_id) for ticket in wanted)
    found_events = load_events.recall(_source(ticket, stored.get(ticket.delivery_id)) for ticket in wanted)
    unsure = [
        ticket for ticket in wanted if ticket.first_receive and not _is_plain(ticket, found_webhooks, found_events)
    ]
    stored |= deliveries.get_many(map(_key, unsure))
    found_deliveries = {}
    pairs: dict[str, set[tuple[str, str]]] = {}
    for ticket in batch:
        webhook, event = found_webhooks.get(ticket.webhook_id), found_events.get(ticket.event_id)
        if (delivery := stored.get(ticket.delivery_id)) is None and event:
            delivery = deliveries.new(event, ticket.webhook_id)
        if delivery is None:
            continue
        found_deliveries[ticket.delivery_id] = delivery
        if webhook and delivery.chat_id and webhook.follows_a_member:
            pairs.setdefault(delivery.workspace_id, set()).add((delivery.chat_id, webhook.member_id))
    members: set[tuple[str, str]] = set()
    for workspace_id, chosen in pairs.items():
        members |= chats.memberships(workspace_id, chosen)
    return Prepared(found_deliveries, found_webhooks, found_events, members)


def _key(ticket: Ticket) -> tuple[str, str, str]:
    return ticket.workspace_id, ticket.webhook_id, ticket.delivery_id


def _is_plain(ticket: Ticket, found_webhooks: dict[str, Webhook], found_events: dict[str, Event]) -> bool:
    """Whether nothing stands between a fresh ticket and its claim, which then finds out whether it really is fresh.

    Where there is a rate or a pause, a ticket that came twice must not take a place or the probe.
    """
    webhook = found_webhooks.get(ticket.webhook_id)
    if webhook is None or ticket.event_id not in found_events:
        return False
    return webhook.state == "enabled" and not (webhook.paused_until or webhook.max_per_second)


def _source(ticket: Ticket, delivery: Delivery | None) -> load_events.Source:
    where: Ticket | Delivery = delivery or ticket
    return load_events.Source(ticket.workspace_id, ticket.event_id, where.chat_id, where.message_id)


def _attempt(ticket: Ticket, prepared: Prepared, limit: int, invocation: Invocation) -> Verdict:
    delivery = prepared.deliveries.get(ticket.delivery_id)
    if delivery is None or delivery.expires_at_epoch <= clock.now():
        # Neither it nor its event is kept any longer.
        log.warning("delivery.unknown", delivery_id=ticket.delivery_id)
        return Done("unknown")
    if delivery.is_over:
        return Done("over")
    if (wait := _lease(delivery)) > 0:
        return _defer(ticket, wait, delivery)
    webhook = prepared.webhooks.get(delivery.webhook_id)
    event = prepared.events.get(delivery.event_id)
    if reason := _no_longer_wanted(delivery, webhook, event, prepared.memberships):
        return _cancel(ticket, delivery, reason)
    assert webhook and event  # noqa: S101 - _no_longer_wanted has told them missing
    its_lane = tickets.lane_of(webhook)
    if (wait := _pause(delivery)) > 0:
        return _defer(ticket, wait, delivery, lane=its_lane)
    if (
        retry_policy.spent(delivery.failures, delivery.unknowns + (delivery.state == "sending"))
        >= retry_policy.MAX_FAILURES
    ):
        # Its last attempts never reported: the dead letters settle it.
        return Return(0)
    if invocation.lane == "fast" and its_lane == "slow":
        # Dispatched before its receiver became slow: it must not hold up the nine beside it.
        tickets.send([ticket], lane="slow")
        return Done("moved")
    if not invocation.in_time():
        return Return(0)
    secrets = [
        sealing.unseal(webhook.workspace_id, webhook.webhook_id, secret.version, secret.ciphertext)
        for secret in webhook.signing_secrets()
    ]
    if not delivery.test and (wait := health.wait(webhook, limit)) > 0:
        return _defer(ticket, wait, delivery, lane=its_lane)
    if not invocation.in_time():
        return Return(0)  # opening the secret took what was left
    try:
        delivery = deliveries.claim(delivery, limit + _LEASE_MARGIN_SECONDS)
    except deliveries.LostClaim:
        _require_known(ticket, delivery)
        # A copy of this message was faster. It may still die, so look again once its lease is over.
        return _defer(ticket, limit + _LEASE_MARGIN_SECONDS)
    if (
        ticket.first_receive and invocation.lane == "fast"
    ):  # else a receiver had us wait: by its rate, its pause, or its slowness
        metrics.measure("FirstAttemptLatency", (clock.now() - clock.seconds(event.created_at)) * 1000)
    body = (event.body_in(webhook.format) or "").encode()  # _no_longer_wanted has told it missing
    attempt = signing.attempt(delivery, delivery.attempts[-1])
    headers = signing.headers(attempt, webhook.signatures, secrets, body)
    try:
        with invocation.calling(delivery, webhook):
            outcome = transport.post(
                webhook.url,
                body,
                headers,
                allowed_targets=allowed_targets.of_deployment(),
                deadline_seconds=limit,
                own_network_is_down=own_network.is_down,
            )
    except own_network.OwnNetworkDown:
        deliveries.release(delivery)
        raise
    return _settle(delivery, webhook, outcome)


def _no_longer_wanted(
    delivery: Delivery, webhook: Webhook | None, event: Event | None, members: set[tuple[str, str]]
) -> str | None:
    """Why the delivery must not be made any more, or None."""
    if webhook is None:
        return "the webhook was deleted"
    if webhook.state != "enabled" and not delivery.test:
        return f"the webhook is disabled: {webhook.disabled_reason}"
    if event is None:
        return "the event is no longer kept"
    if event.erased_at:
        return "the message was deleted"
    if event.body_in(webhook.format) is None:
        return f"the format {webhook.format} cannot tell {event.type}"
    if webhook.follows_a_member and delivery.chat_id and (delivery.chat_id, webhook.member_id) not in members:
        return f"the {'bot' if webhook.bot_id else "webhook's owner"} no longer belongs to the chat"
    return None


def _lease(delivery: Delivery) -> float:
    """Seconds that somebody else still has to report an attempt, 0 or less for none."""
    return delivery.lease_until / 1000 - clock.now() if delivery.state == "sending" else 0


def _pause(delivery: Delivery) -> float:
    """Seconds until the next attempt is due, 0 or less for now."""
    if delivery.next_attempt_at is None:
        return 0
    # A message comes back on the second, so a pause that is over but for a moment is over.
    return clock.seconds(delivery.next_attempt_at) - clock.now() - 1


def _defer(ticket: Ticket, seconds: float, delivery: Delivery | None = None, *, lane: Lane = "fast") -> Done:
    """A new message with a delay instead of returning this one, so that no receive is spent."""
    if delivery:
        deliveries.show(delivery)
    tickets.send([ticket.as_redelivery()], delay_seconds=max(1, seconds), lane=lane)
    return Done("deferred")


def _require_known(ticket: Ticket, delivery: Delivery) -> None:
    """What refused the write of a delivery that was only taken to be new is read, and says how to go on."""
    if ticket.first_receive and not delivery.stored:
        raise _SentTwice


def _cancel(ticket: Ticket, delivery: Delivery, reason: str) -> Verdict:
    attempts, unknowns = deliveries.closed(delivery)
    try:
        deliveries.settle(
            delivery, state="cancelled", reason=reason, attempts=attempts, unknowns=unknowns, next_attempt_at=None
        )
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


def _settle(delivery: Delivery, webhook: Webhook, outcome: Outcome) -> Verdict:
    """Write how the attempt ended, count it for the webhook, and say what becomes of the message."""
    now = clock.now()
    attempt = delivery.attempts[-1]
    attempt |= _report(outcome)
    delivered = isinstance(outcome, Delivered)
    failures = delivery.failures + (not delivered)
    retry_after = outcome.retry_after if isinstance(outcome, Refused) else None
    delay = retry_policy.retry_delay(
        settings.integers("RETRY_DELAYS"), retry_policy.spent(failures, delivery.unknowns), retry_after
    )
    gone = isinstance(outcome, Refused) and outcome.status == _GONE
    after: dict[str, Any] = {"attempts": delivery.attempts, "failures": failures, "next_attempt_at": None}
    after["result"] = f"{attempt['status'] // 100}xx" if "status" in attempt else "error"
    if delivered:
        after["state"] = "delivered"
    elif delivery.test:
        after |= {"state": "exhausted", "reason": "a test is not retried"}
    elif gone:
        after |= {"state": "cancelled", "reason": "the receiver answered 410 Gone"}
    elif delay is None:
        after |= {"state": "exhausted", "reason": f"{failures} attempts failed"}
    else:
        after |= {"state": "retrying", "next_attempt_at": clock.iso(now + delay)}
    metrics.count("Attempts")
    log.event(
        "delivery.attempted",
        workspace_id=delivery.workspace_id,
        delivery_id=delivery.delivery_id,  # which holds the event's and the webhook's
        attempt=attempt["number"],
        outcome=attempt["outcome"],
        status=attempt.get("status"),
        error=attempt.get("error"),
        duration_ms=attempt["duration_ms"],
        state=after["state"],
    )
    try:
        deliveries.settle(delivery, *_told(delivery, after), **after)
    except deliveries.LostClaim:
        # Our lease ran out and somebody else took over; theirs is the word that counts.
        return Return(1)
    _count(delivery, after["state"])
    health.timed(webhook, attempt["duration_ms"])
    if isinstance(outcome, Delivered):
        if not delivery.test:
            health.succeeded(webhook)
        return Done("delivered")
    if not delivery.test:
        health.failed(webhook, outcome)
    if gone or delivery.test:
        return Done("cancelled")
    return Return(delay or 0)


def _told(delivery: Delivery, after: dict[str, Any]) -> list[store.Write]:
    """The event that tells of a delivery that failed for good; not of one that itself told something."""
    if after["state"] != "exhausted" or delivery.test or catalogue.is_operational(delivery.event_type):
        return []
    return [events.creating(delivery_exhausted(delivery, after["reason"], clock.now_iso()))]


def _count(delivery: Delivery, state: str) -> None:
    """Counts how an attempt ended, and its delivery if that is over. A test that fails is no delivery that is lost."""
    if state == "delivered":
        metrics.count("Delivered")
        return
    metrics.count("FailedAttempts")
    if state == "exhausted" and not delivery.test:
        metrics.count("Exhausted")
    elif state == "cancelled":
        metrics.count("Cancelled")


def _report(outcome: Outcome) -> dict[str, object]:
    match outcome:
        case Delivered():
            return {
                "outcome": "delivered",
                "status": outcome.status,
                "excerpt": outcome.excerpt,
                "duration_ms": outcome.duration_ms,
            }
        case Refused():
            return {
                "outcome": "failed",
                "status": outcome.status,
                "excerpt": outcome.excerpt,
                "duration_ms": outcome.duration_ms,
            }
        case Unreachable():
            return {
                "outcome": "failed",
                "error": outcome.error,
                "excerpt": outcome.detail,
                "duration_ms": outcome.duration_ms,
            }
