"""Probes: tests the receiver of a webhook that failures disabled, and enables the webhook when a test succeeds.

The transaction that disables the webhook stores a job in the table `replays`. The sweeper finds the job every five
minutes. When a probe is due, the job sends a signed test. The pauses between probes grow from ten minutes to six hours.
The job ends when the webhook is enabled or deleted, or when the job's row expires. A receiver that answered 410 Gone is
not probed.
"""

from collections.abc import Callable
from contextlib import suppress

from ferryman import clock, ids, log
from ferryman.aws import dynamodb as store
from ferryman.errors import Conflict, NotFound
from ferryman.events import table as events
from ferryman.identity import ownership
from ferryman.identity.users import table as users
from ferryman.webhooks.deliveries import table as deliveries
from ferryman.webhooks.deliveries.model import Delivery
from ferryman.webhooks.replays import table as replays
from ferryman.webhooks.replays.model import Replay
from ferryman.webhooks.sample_events import test_event
from ferryman.webhooks.subscriptions import table as webhooks
from ferryman.webhooks.subscriptions.model import Webhook

_FIRST_SECONDS = 600
_LONGEST_SECONDS = 21_600

type Telling = Callable[[Webhook], list[store.Write]]


def first_at(disabled_at: str) -> str:
    """The time (ISO) of the first probe of a webhook that was disabled at `disabled_at` (ISO)."""
    return clock.iso(clock.seconds(disabled_at) + _FIRST_SECONDS)


def planning(webhook: Webhook, disabled_at: str) -> store.Write:
    """The write that stores the probing job of a webhook that is disabled at `disabled_at` (ISO)."""
    job = Replay(
        workspace_id=webhook.workspace_id,
        webhook_id=webhook.webhook_id,
        replay_id=ids.new(ids.REPLAY),
        state="running",
        created_by=webhook.owner,
        created_at=disabled_at,
        updated_at=disabled_at,
        since=disabled_at,
        probe=True,
    )
    return replays.creating(job)


def step(job: Replay) -> None:
    """Send a probe if one is due.

    Ends the job if the webhook was deleted, enabled, or disabled again since, or has no next probe.
    """
    try:
        webhook = webhooks.get(job.workspace_id, job.webhook_id)
    except NotFound:
        _end(job)
        return
    if webhook.next_probe_at is None or webhook.disabled_at != job.since:
        _end(job)
        return
    now = clock.now()
    if clock.seconds(webhook.next_probe_at) > now:
        return
    event = test_event(webhook.events[0], webhook, clock.iso(now))
    delivery = deliveries.new(event, webhook.webhook_id)
    delivery.probe = True
    taken = webhooks.probing(webhook, _next_at(webhook, job, now))
    with suppress(Conflict):  # enabled or probed in between
        store.commit([taken, events.creating(event), deliveries.creating(delivery)])
        log.event("webhook.probed", workspace_id=webhook.workspace_id, webhook_id=webhook.webhook_id)


def _next_at(webhook: Webhook, job: Replay, now: float) -> str | None:
    """The time (ISO) of the probe after this one; None if the job expires before that."""
    pause: int = min(_FIRST_SECONDS << min(webhook.probes_made + 1, 10), _LONGEST_SECONDS)
    ends = job.expires_at_epoch
    return clock.iso(now + pause) if ends is None or now + pause < ends else None


def _end(job: Replay) -> None:
    with suppress(replays.Moved):
        store.commit([replays.advancing(job, 0, None)])


def succeeded(webhook: Webhook, delivery: Delivery, telling: Telling) -> None:
    """Enable a webhook whose receiver answered a probe, if the webhook's owner may still have it.

    `telling(webhook)` returns the writes that notify people, for the same transaction. The events that the webhook
    missed stay held until a person decides about them. A webhook that was enabled or deleted before stays as it is.
    """
    at = clock.now_iso()
    try:
        entitled = [ownership.still_entitled(webhook.workspace_id, webhook.owner, webhook.needs, "…/owner")]
        if webhook.bot_id and webhook.bot_id != webhook.owner:
            entitled.append(users.acting(webhook.workspace_id, webhook.bot_id, "bot"))
        enabled = webhooks.enabling(webhook, at, webhook.holds_from, still_disabled=True)
        store.commit([enabled, *entitled, *telling(webhook)])
    except Conflict as reason:
        log.event("webhook.not_returned", webhook_id=webhook.webhook_id, reason=str(reason))
        return
    log.event(
        "webhook.returned",
        workspace_id=webhook.workspace_id,
        webhook_id=webhook.webhook_id,
        delivery_id=delivery.delivery_id,
    )
