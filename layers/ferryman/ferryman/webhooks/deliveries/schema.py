"""Responses of the API about deliveries and their attempts."""

from typing import Any, Literal, Self

from pydantic import Field

from ferryman import clock, ids
from ferryman.schema import Output, Time
from ferryman.webhooks import signing
from ferryman.webhooks.deliveries import waiting
from ferryman.webhooks.deliveries.model import Attempt, Delivery, DeliveryState, Result
from ferryman.webhooks.deliveries.waiting import WaitsFor
from ferryman.webhooks.subscriptions.model import Webhook

type ShownOutcome = Literal["delivered", "failed", "unknown", "open"]


class AttemptOut(Output):
    """One HTTP request of a delivery."""

    number: int
    at: Time
    outcome: ShownOutcome = Field(
        description="`open`: it is running. `unknown`: its result was lost, so the receiver may have got the request."
    )
    status: int | None = Field(description="The receiver's HTTP status; null: no answer.")
    error: str | None = Field(description="The kind of error, if there was no answer.")
    duration_ms: int | None
    excerpt: str | None = Field(
        description="The first 1,024 bytes of the answer's body, as text. Without an answer: the error in words."
    )
    reply: str | None = Field(
        description="`accepted`: the answer's text will be posted as a message. Otherwise, why not; null: no text "
        "to post."
    )
    request_headers: dict[str, str] = Field(description="The headers that were sent, without the signatures.")


class DeliveryOut(Output):
    """The delivery of one event to one webhook, with every attempt."""

    id: str = Field(pattern=ids.DELIVERY_PATTERN)
    webhook_id: str
    event_id: str
    event_type: str
    chat_id: str | None
    livemode: bool
    state: DeliveryState
    reason: str | None = Field(description="Why it was cancelled or exhausted.")
    result: Result | None = Field(description="The status class of the last attempt; `error`: no answer.")
    test: bool = Field(description="true: a test, which is not retried or counted.")
    probe: bool = Field(description="true: a test that enables the disabled webhook if it succeeds.")
    replayed_at: Time | None = Field(description="When somebody last had it sent again.")
    attempts: list[AttemptOut]
    next_attempt_at: Time | None
    waits_for: WaitsFor | None = Field(
        description="`queue`: it is in the queue. `attempt`: an attempt is running. `retry`: the next attempt is "
        "scheduled. `pause`: the webhook is paused. `rate`: the webhook has reached max_per_second. `disabled`: the "
        "webhook is disabled, so the delivery will be cancelled. Null: the delivery is over."
    )
    waits_until: Time | None = Field(
        description="When the wait ends, if known; for `rate`, at the latest; for `disabled`, the next test."
    )
    created_at: Time
    updated_at: Time

    @classmethod
    def of(cls, delivery: Delivery, webhook: Webhook) -> Self:
        copied = (
            "webhook_id event_id event_type chat_id livemode state reason result replayed_at next_attempt_at "
            "created_at updated_at"
        )
        waits = waiting.of(delivery, webhook)
        return cls.model_validate(
            {
                "id": delivery.delivery_id,
                "waits_for": waits and waits.waits_for,
                "waits_until": clock.iso(waits.until) if waits and waits.until else None,
                "test": bool(delivery.test),
                "probe": bool(delivery.probe),
                "attempts": [_attempt(attempt, delivery, webhook) for attempt in delivery.attempts],
                **{name: getattr(delivery, name) for name in copied.split()},
            }
        )


def _attempt(attempt: Attempt, delivery: Delivery, webhook: Webhook) -> dict[str, Any]:
    copied = ("number", "at", "status", "error", "duration_ms", "excerpt", "reply")
    return {
        "request_headers": signing.described(delivery.signed(attempt), webhook.signatures),
        "outcome": attempt.outcome or "open",
        **{name: getattr(attempt, name) for name in copied},
    }
