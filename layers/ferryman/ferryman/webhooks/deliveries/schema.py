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
        description="`unknown`: it never reported, so the receiver may have got it; `open`: it is under way."
    )
    status: int | None = Field(description="The receiver's HTTP status, when there was an answer.")
    error: str | None = Field(description="The fault, when no answer came.")
    duration_ms: int | None
    excerpt: str | None = Field(description="The first part of the answer, as text.")
    reply: str | None = Field(
        description="Whether the message that the answer asked for was `accepted`, or why it is not posted."
    )
    request_headers: dict[str, str] = Field(description="The request as it was sent, without the signatures.")


class DeliveryOut(Output):
    """One event for one webhook, with every attempt."""

    id: str = Field(pattern=ids.DELIVERY_PATTERN)
    webhook_id: str
    event_id: str
    event_type: str
    chat_id: str | None
    livemode: bool
    state: DeliveryState
    reason: str | None = Field(description="Why it was cancelled or exhausted.")
    result: Result | None = Field(description="How the last attempt ended.")
    test: bool = Field(description="Sent on request: not retried, not counted.")
    probe: bool = Field(description="A test that enables its webhook, which failures disabled, when it succeeds.")
    replayed_at: Time | None = Field(description="When somebody asked for it again.")
    attempts: list[AttemptOut]
    next_attempt_at: Time | None
    waits_for: WaitsFor | None = Field(
        description="`queue`: its turn; `attempt`: the end of the one that is under way; `retry`: its next attempt; "
        "`pause`: the end of its webhook's pause; `rate`: its place in the webhook's rate; "
        "`disabled`: its webhook is disabled, so it will be cancelled and is held. Null once it is over."
    )
    waits_until: Time | None = Field(
        description="Until when, where that is known: for `rate` at the latest, for `disabled` the next probe."
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
