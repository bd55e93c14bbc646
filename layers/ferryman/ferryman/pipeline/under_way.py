"""The state of one invocation of the deliverer: its lane, its remaining time, and the receivers that it is calling."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ferryman import clock, failures, settings
from ferryman.webhooks import health
from ferryman.webhooks.deliveries.model import Delivery
from ferryman.webhooks.subscriptions.model import Webhook
from ferryman.webhooks.tickets import Lane


@dataclass(frozen=True, slots=True)
class Invocation:
    """One invocation of the deliverer, shared by all batches that it works on.

    `under_way` maps the id of each delivery whose receiver is being called to its webhook and the call's start in epoch
    seconds. `seconds_left()` is the time before Lambda ends the invocation.
    """

    lane: Lane
    seconds_left: Callable[[], float]
    under_way: dict[str, tuple[Webhook, float]] = field(default_factory=dict)

    @contextmanager
    def calling(self, delivery: Delivery, webhook: Webhook) -> Iterator[None]:
        self.under_way[delivery.delivery_id] = webhook, clock.now()
        try:
            yield
        finally:
            del self.under_way[delivery.delivery_id]

    def in_time(self, seconds: float = 0) -> bool:
        """Whether an attempt that begins `seconds` from now ends before the function does."""
        return self.seconds_left() - seconds >= settings.integer("ATTEMPT_TIMEOUT_SECONDS") + 1

    def mark_slow(self) -> None:
        """Put webhooks whose calls have taken two seconds so far on the slow lane, before the calls end."""
        now = clock.now()
        for webhook, began in list(self.under_way.values()):
            try:
                health.timed(webhook, round((now - began) * 1000))
            except Exception as error:  # the write at the end of the attempt repeats this
                failures.report("webhook.not_marked_slow", error, webhook_id=webhook.webhook_id)
