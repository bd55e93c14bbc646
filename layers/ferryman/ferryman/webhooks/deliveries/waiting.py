"""Says what a delivery waits for, and until when, from its record and its webhook. Pure."""

from dataclasses import dataclass
from typing import Literal

from ferryman import clock
from ferryman.webhooks.deliveries.model import Delivery
from ferryman.webhooks.subscriptions.model import Webhook

type WaitsFor = Literal["queue", "attempt", "retry", "pause", "rate", "disabled"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """The reason why a delivery waits, and the end of the wait in epoch seconds; None for an unknown end."""

    waits_for: WaitsFor
    until: float | None = None


def of(delivery: Delivery, webhook: Webhook) -> Waiting | None:
    """The reason why a delivery waits, and until when. None for a delivery that is over.

    If both a retry and a pause are ahead, the later one is the reason.
    """
    now = clock.now()
    if delivery.is_over:
        return None
    if delivery.state == "sending":
        return Waiting("attempt", delivery.lease_until / 1000)
    if webhook.state != "enabled" and not delivery.test:
        probe_at = webhook.next_probe_at
        return Waiting("disabled", clock.seconds(probe_at) if probe_at else None)
    retry = clock.seconds(delivery.next_attempt_at) if delivery.next_attempt_at else 0.0
    pause = 0.0 if delivery.test else webhook.paused_until / 1000
    if max(retry, pause) > now:
        return Waiting("retry", retry) if retry > pause else Waiting("pause", pause)
    if webhook.max_per_second and webhook.next_place > now * 1000 and not delivery.test:
        return Waiting("rate", webhook.next_place / 1000)
    return Waiting("queue")
