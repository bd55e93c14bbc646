"""Responses of the API about deliveries and their attempts."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field

from ferryman import clock, ids
from ferryman.events.model import EventType
from ferryman.formats.interface import Body
from ferryman.schema import ListQuery, Output, Time, Until
from ferryman.webhooks import signing
from ferryman.webhooks.deliveries import waiting
from ferryman.webhooks.deliveries.model import Attempt, Delivery, DeliveryState, Result
from ferryman.webhooks.deliveries.waiting import WaitsFor
from ferryman.webhooks.subscriptions.model import Webhook

type ShownOutcome = Literal["delivered", "failed", "unknown", "open"]


class DeliveryQuery(ListQuery):
    """Filters of a delivery log."""

    state: DeliveryState | None = Field(None, description="Only deliveries in this state.")
    event_type: EventType | None = Field(None, description="Only events of this type.")
    result: Result | None = Field(
        None, description="Only deliveries whose last attempt ended so; `error`: without an answer."
    )
    since: Time | None = Field(None, description="Only events from this time on.")
    until: Until = Field(None, description="Only events before this time.")


class WorkspaceDeliveryQuery(DeliveryQuery):
    """Filters of the deliveries of all webhooks."""

    webhook_id: Annotated[str, Field(pattern=ids.pattern(ids.WEBHOOK))] | None = Field(
        None, description="Only deliveries of this webhook."
    )


class StatisticsQuery(ListQuery):
    """Which deliveries are counted: those of how many hours, and of which webhook."""

    hours: int = Field(24, ge=1, le=168, description="How many hours, with the one that is running.")
    webhook_id: Annotated[str, Field(pattern=ids.pattern(ids.WEBHOOK))] | None = Field(
        None, description="Only this webhook."
    )


class CountsOut(Output):
    """Numbers of deliveries, by outcome."""

    delivered: int
    failed: int = Field(description="Exhausted or cancelled.")
    waiting: int = Field(description="Queued, under way, or waiting for a further attempt.")


class HourOut(CountsOut):
    """One hour of the clock, in UTC."""

    at: Time = Field(description="When it began.")


class StatisticsOut(CountsOut):
    """The deliveries of one webhook, counted by the hours of their events. Tests do not count."""

    webhook_id: str
    since: Time = Field(description="Events from this time on are counted.")
    complete: bool = Field(description="false: there were too many to count, so `since` is later than was asked.")
    hours: list[HourOut] = Field(description="Those in which something happened, the oldest first.")


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


class RequestOut(Output):
    """The request of a delivery as it was sent."""

    headers: dict[str, str] = Field(description="Those of the last attempt; signatures are masked.")
    body: str | None = Field(
        description="null when it is not kept any more. Each attempt sends the same bytes; only the body for trigger "
        "words is made anew, with the token and names of that moment."
    )


class DeliveryRead(DeliveryOut):
    """One delivery with its request."""

    request: RequestOut | None = Field(None, description="null before the first attempt.")

    @classmethod
    def with_request(cls, delivery: Delivery, webhook: Webhook, body: Body | None) -> Self:
        read = cls.of(delivery, webhook)
        if delivery.attempts:
            content_type = body.content_type if body else None
            read.request = RequestOut(
                headers=signing.masked(delivery.signed(delivery.attempts[-1]), webhook.signatures, content_type),
                body=body.content.decode() if body else None,
            )
        return read


def _attempt(attempt: Attempt, delivery: Delivery, webhook: Webhook) -> dict[str, Any]:
    copied = ("number", "at", "status", "error", "duration_ms", "excerpt", "reply")
    return {
        "request_headers": signing.described(delivery.signed(attempt), webhook.signatures),
        "outcome": attempt.outcome or "open",
        **{name: getattr(attempt, name) for name in copied},
    }
