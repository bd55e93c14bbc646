"""What the API takes and gives for incoming webhooks."""

from typing import Self

from pydantic import Field

from ferryman import ids
from ferryman.incoming_webhooks.model import IncomingWebhook
from ferryman.schema import Input, Name, Output, Time


class IncomingWebhookIn(Input):
    """A new incoming webhook."""

    chat_id: str = Field(pattern=ids.pattern(ids.CHAT), description="The chat it posts to; you must belong to it.")
    name: Name = Field(description="Shown as the author of its messages.", examples=["CI"])


class IncomingWebhookOut(Output):
    """An incoming webhook, without its URL."""

    id: str = Field(pattern=ids.pattern(ids.INCOMING_WEBHOOK))
    chat_id: str
    name: str
    livemode: bool
    created_by: str
    created_at: Time
    last_used_at: Time | None = Field(description="Exact to ten minutes.")

    @classmethod
    def of(cls, webhook: IncomingWebhook) -> Self:
        return cls(
            id=webhook.incoming_webhook_id,
            chat_id=webhook.chat_id,
            name=webhook.name,
            livemode=webhook.livemode,
            created_by=webhook.created_by,
            created_at=webhook.created_at,
            last_used_at=webhook.last_used_at,
        )


class IncomingWebhookCreated(IncomingWebhookOut):
    """A new incoming webhook with its URL, which is shown this once."""

    url: str | None = Field(
        None,
        description="The secret URL. Keep it now: it is not stored and cannot be shown again. "
        "Null when a repeated Idempotency-Key found the webhook already created.",
    )
