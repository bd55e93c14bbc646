"""One invocation of the deliverer, which all of its batches share: its lane, its time, and the calls under way."""

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
    """One invocation of the deliverer. `under_way` has the webhooks whose receivers are called now, and since when."""

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
        """Put webhooks whose receivers take long on the slow lane before their attempts have ended."""
        now = clock.now()
        for webhook, began in list(self.under_way.values()):
            try:
                health.timed(webhook, round((now - began) * 1000))
            except Exception as error:  # the end of the attempt says it again
                failures.report("webhook.not_marked_slow", error, webhook_id=webhook.webhook_id)
