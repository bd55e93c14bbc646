"""A webhook's health: how fast its receiver may be called, when it is paused, and when it is disabled.

- rate: at most `max_per_second` attempts begin in any second of the clock. The count is in the table, which all
  deliverers share
- pause: after five failures in a row, the webhook is paused. Then one attempt probes, and a success ends the pause
- Retry-After: a receiver that answers 429 or 503 with this header is not called for that long
- slow lane: after an attempt that took two seconds or longer, the webhook is on the slow lane for a quarter of an hour
- disabling: after ten failures in a row, or as many as the webhook or its workspace sets, or after a 410 Gone, the
  webhook is disabled, with the reason. Attempts that were under way when a pause began do not count, so of ten failures
  the last five are probes
- return: `probes` tests a webhook that failures disabled, unless the webhook or its workspace forbids that

A delivery that must wait is deferred by a new ticket, so a wait costs neither a receive nor an attempt.
"""

import math
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from ferryman import clock, log, metrics, settings
from ferryman.aws import dynamodb as store
from ferryman.events import table as events
from ferryman.identity.workspaces import table as workspaces
from ferryman.outbound.outcomes import Delivered, Outcome, Refused, Unreachable
from ferryman.webhooks.deliveries import table as deliveries
from ferryman.webhooks.events import webhook_disabled
from ferryman.webhooks.subscriptions import table as webhooks
from ferryman.webhooks.subscriptions.model import (
    LEAST_DISABLE_AFTER,
    PAUSE_AFTER_FAILURES,
    SLOW_AFTER_SECONDS,
    SLOW_FOR_SECONDS,
    Webhook,
)

_GONE = 410
_ASKS_FOR_PATIENCE = (429, 503)
_MAX_PATIENCE_SECONDS = 900
_SPREAD = 0.2
_SLACK = 1.05  # places are a little further apart than the rate allows, so that late tickets find room


# The writes that tell people why a webhook was disabled, and when it is probed first.
type Telling = Callable[[Webhook, str, str | None], list[store.Write]]

_SHOWN_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Wait:
    """The seconds until an attempt may begin, and the place reserved for it then (epoch milliseconds, or 0)."""

    seconds: float
    place: int = 0


def wait(webhook: Webhook, attempt_seconds: float, place: int = 0) -> Wait | None:
    """The time to wait before an attempt; None if the attempt may begin now.

    With None, the attempt has been counted as the probe of a paused webhook, or in this second's rate.
    `attempt_seconds` is the longest time of an attempt: while one attempt probes the receiver, others wait that long.
    `place` is the place (epoch milliseconds) that the delivery reserved before, or 0.
    """
    now = clock.now()
    paused_for = webhook.paused_until / 1000 - now
    if paused_for > 0:
        return Wait(_spread(paused_for), place)
    if webhook.paused_until:
        until = int((now + attempt_seconds + 1) * 1000)
        if not webhooks.probe(webhook, until):
            return Wait(_spread(attempt_seconds + 1), place)
        webhook.paused_until = until  # what the probe's failure has to find
    return _wait_for_place(webhook, webhook.max_per_second, now, place) if webhook.max_per_second else None


def holds_place(webhook: Webhook, taken_at: float) -> bool:
    """Whether an attempt that begins now is within the rate.

    `wait` counted the attempt at `taken_at` (epoch seconds). If another second has begun, this function counts the
    attempt in that second, and returns False if that second is full.
    """
    now = int(clock.now())
    return not webhook.max_per_second or now == int(taken_at) or webhooks.take_place(webhook, now)


def _wait_for_place(webhook: Webhook, rate: int, now: float, place: int) -> Wait | None:
    """The time to wait for a place within the rate; None if the attempt may begin now. A delivery reserves one place.

    Reservations only spread the tickets, because SQS may deliver those of two seconds in one. The exact limit is the
    count of each second in `take_place`.
    """
    if place // 1000 > int(now):
        return Wait(place // 1000 - now, place)
    others_wait = webhook.next_place // 1000 > int(now)
    if (place or not others_wait) and webhooks.take_place(webhook, int(now)):
        return None
    if place:
        return Wait(1, place)  # its second was full by a moment
    reserved = webhooks.reserve(webhook, (int(now) + 1) * 1000, math.ceil(1000 * _SLACK / rate))
    return Wait(reserved // 1000 - now, reserved)


def timed(webhook: Webhook, duration_ms: int) -> None:
    """Put the webhook on the slow lane for a quarter of an hour if an attempt took two seconds or longer."""
    now = clock.now()
    if duration_ms < SLOW_AFTER_SECONDS * 1000 or webhook.slow_until > (now + SLOW_FOR_SECONDS / 2) * 1000:
        return
    until = int((now + SLOW_FOR_SECONDS) * 1000)
    webhooks.slow(webhook, until)
    webhook.slow_until = until


def count(webhook: Webhook, outcome: Outcome, telling: Telling) -> None:
    """Count an attempt as a success or a failure, as `succeeded` and `failed` do."""
    if isinstance(outcome, Delivered):
        succeeded(webhook)
    else:
        failed(webhook, outcome, telling)


def succeeded(webhook: Webhook) -> None:
    """Reset the webhook's failures and pause after a 2xx. Writes nothing if there are neither."""
    if webhook.consecutive_failures or webhook.paused_until:
        webhooks.recovered(webhook)


def failed(webhook: Webhook, outcome: Refused | Unreachable, telling: Telling) -> None:
    """Count a failed attempt, and pause or disable the webhook if it has failed often enough.

    When the webhook is disabled, `telling(webhook, reason, probe_at)` returns the writes that notify people, for the
    same transaction. Attempts that were under way when a pause began are not counted, so that a burst cannot disable a
    webhook before its pause.
    """
    error = f"HTTP {outcome.status}" if isinstance(outcome, Refused) else outcome.error
    failures = _count(webhook, outcome, error)
    if isinstance(outcome, Refused) and outcome.status == _GONE:
        _disable(webhook, "the receiver answered 410 Gone", error, telling)
    elif failures >= _disable_after(webhook, failures):
        reason = f"{failures} attempts in a row failed; the last with {error}"
        is_probed = workspaces.webhook_policy(webhook.workspace_id).probe if webhook.probe is None else webhook.probe
        _disable(webhook, reason, error, telling, failures=failures, is_probed=is_probed)


def _disable_after(webhook: Webhook, failures: int) -> int:
    """The number of failures that disables the webhook: its own, or its workspace's.

    While `failures` is below every allowed setting, the smallest allowed one is returned, which saves a read.
    """
    if webhook.disable_after is not None:
        return webhook.disable_after
    if 0 < failures < LEAST_DISABLE_AFTER:
        return LEAST_DISABLE_AFTER
    return workspaces.webhook_policy(webhook.workspace_id).disable_after


def _count(webhook: Webhook, outcome: Refused | Unreachable, error: str) -> int:
    """Count a failure, and pause the webhook if needed. Returns the failures in a row; 0 if this one is not counted."""
    pause, patience = settings.integer("PAUSE_SECONDS"), _patience(outcome)
    failures = webhooks.failed(webhook, error, below=PAUSE_AFTER_FAILURES - 1 if pause else None)
    seconds = patience
    most = _disable_after(webhook, failures)
    if (failures >= most or (pause and not failures)) and _succeeded_between(webhook):
        failures = webhooks.counted_anew(webhook, error, clock.now_iso())
    elif pause and not failures:
        # The fifth failure or a later one. One write counts it and sets the pause, so that no other comes in between.
        seconds = max(pause, patience)
        failures = webhooks.failed_and_paused(webhook, error, _until(seconds))
    if patience and not (pause and failures >= PAUSE_AFTER_FAILURES):
        webhooks.pause(webhook, _until(patience))
    if seconds and 0 < failures < most:
        metrics.count("WebhooksPaused")
        log.event(
            "webhook.paused",
            workspace_id=webhook.workspace_id,
            webhook_id=webhook.webhook_id,
            seconds=seconds,
            failures=failures,
        )
    return failures


def _succeeded_between(webhook: Webhook) -> bool:
    """Whether an attempt succeeded since the first counted failure, so that the failures are not in a row.

    A success resets the count only if its invocation has seen a failure, and invocations run side by side. So the
    delivery log is read, once before each pause and each disabling.
    """
    now = webhooks.get_many([(webhook.workspace_id, webhook.webhook_id)]).get(webhook.webhook_id)
    if now is None or now.failing_since is None or now.paused_until != webhook.paused_until:
        return False
    return deliveries.any_delivered_since(webhook.workspace_id, webhook.webhook_id, now.failing_since)


def _patience(outcome: Refused | Unreachable) -> int:
    """The seconds of a Retry-After in a 429 or 503, at most 900; otherwise 0."""
    if isinstance(outcome, Refused) and outcome.status in _ASKS_FOR_PATIENCE and outcome.retry_after:
        return min(outcome.retry_after, _MAX_PATIENCE_SECONDS)
    return 0


def _until(seconds: int) -> int:
    return int((clock.now() + seconds) * 1000)


def _disable(
    webhook: Webhook, reason: str, error: str, telling: Telling, *, failures: int = 1, is_probed: bool = False
) -> None:
    from ferryman.webhooks import probes  # rarely needed, so no cold start waits for it

    at = clock.now_iso()
    attempts = deliveries.failed_attempts(
        webhook.workspace_id, webhook.webhook_id, webhook.created_at, min(failures, _SHOWN_ATTEMPTS)
    )
    probe_at = probes.first_at(at) if is_probed else None
    event = events.creating(webhook_disabled(webhook, reason, error, at))
    with suppress(webhooks.NotEnabled):  # another attempt disabled it first
        disabled = webhooks.disabling(
            webhook.workspace_id, webhook.webhook_id, reason, at, failed_attempts=attempts, next_probe_at=probe_at
        )
        planned = [probes.planning(webhook, at)] if is_probed else []
        store.commit([disabled, event, *planned, *telling(webhook, reason, probe_at)])
        metrics.count("WebhooksDisabled")
        log.event("webhook.disabled", workspace_id=webhook.workspace_id, webhook_id=webhook.webhook_id, reason=reason)


def _spread(seconds: float) -> float:
    """`seconds` plus up to 20 % at random, so that waiting deliveries do not all come back at once."""
    return seconds * (1 + _SPREAD * random.random())  # noqa: S311 - see above
