"""Requests and responses of the API about delivery logs: the filters, the counts, and one delivery with its request."""

from typing import Annotated, Self

from pydantic import Field

from ferryman import ids
from ferryman.events.model import EventType
from ferryman.formats.interface import Body
from ferryman.schema import ListQuery, Output, Time, Until
from ferryman.webhooks import signing
from ferryman.webhooks.deliveries.model import Delivery, DeliveryState, Result
from ferryman.webhooks.deliveries.schema import DeliveryOut
from ferryman.webhooks.subscriptions.model import Webhook


class DeliveryQuery(ListQuery):
    """Filters of a delivery log."""

    state: DeliveryState | None = None
    event_type: EventType | None = None
    result: Result | None = Field(
        None, description="Only deliveries whose last attempt had this result; `error`: no answer."
    )
    since: Time | None = Field(None, description="Only events from this time on.")
    until: Until = Field(None, description="Only events before this time.")


class WorkspaceDeliveryQuery(DeliveryQuery):
    """Filters of the deliveries of all webhooks."""

    webhook_id: Annotated[str, Field(pattern=ids.pattern(ids.WEBHOOK))] | None = None


class StatisticsQuery(ListQuery):
    """Which deliveries are counted: those of how many hours, and of which webhook."""

    hours: int = Field(24, ge=1, le=168, description="How many hours of the clock, including the current one.")
    webhook_id: Annotated[str, Field(pattern=ids.pattern(ids.WEBHOOK))] | None = None


class CountsOut(Output):
    """Numbers of deliveries, by outcome."""

    delivered: int
    failed: int = Field(description="Exhausted or cancelled.")
    waiting: int = Field(description="Queued, being sent, or waiting for a retry.")


class HourOut(CountsOut):
    """One hour of the clock, in UTC."""

    at: Time = Field(description="The start of the hour.")


class StatisticsOut(CountsOut):
    """The deliveries of one webhook, counted for each hour of their events, without tests."""

    webhook_id: str
    since: Time = Field(description="Events from this time on are counted.")
    complete: bool = Field(description="false: there were too many to count, so `since` is later than requested.")
    hours: list[HourOut] = Field(description="The hours with deliveries, oldest first.")


class RequestOut(Output):
    """The request of a delivery as it was sent."""

    headers: dict[str, str] = Field(description="The headers of the last attempt, with masked signatures.")
    body: str | None = Field(
        description="null: it is no longer stored. Each attempt sends the same bytes, except that a body for "
        "trigger words is built anew, with the current token and names."
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
