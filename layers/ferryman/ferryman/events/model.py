"""Event: something that happened, immutable, with the very bytes that receivers get."""

from dataclasses import dataclass
from typing import Literal

from ferryman.aws import dynamodb as store
from ferryman.formats import Format

type EventType = Literal[
    "message.created",
    "bot.mentioned",
    "message.updated",
    "message.deleted",
    "interaction.created",
    "webhook.disabled",
    "delivery.exhausted",
    "task_assigned",
    "task_status",
    "blocker",
    "review",
    "meeting",
    "weekly_digest",
    "team_support.approved",
    "system",
]


# The event types that tell one person.
type NotificationType = Literal[
    "task_assigned",
    "task_status",
    "blocker",
    "review",
    "meeting",
    "weekly_digest",
    "team_support.approved",
    "system",
]


@dataclass(slots=True, kw_only=True)
class Event(store.Record):
    workspace_id: str
    event_id: str
    type: EventType
    created_at: str
    livemode: bool
    body: str  # ASCII JSON; byte-identical on every attempt of every delivery
    chat_id: str | None = None
    message_id: str | None = None  # the message that, while it is unchanged, this event is made of
    # The same in the other formats that can tell it; made with `body`, and as unchanging.
    bodies: dict[str, str] | None = None
    bot_id: str | None = None  # the bot that was mentioned
    application_id: str | None = None  # the application that a person answered
    user_id: str | None = None  # the person who was notified
    webhook_id: str | None = None  # set when the event is for this webhook alone: a test
    test: bool | None = None
    chain: list[str] | None = None  # the webhooks whose deliveries led to it; they do not get it
    undispatched: str | None = None
    expires_at_epoch: int | None = None
    erased_at: str | None = None  # the message that it told of was deleted: its bodies are gone

    def body_in(self, format_: Format) -> str | None:
        """The bytes of one format, or None when that format cannot tell this event, or nobody may any more."""
        if self.erased_at:
            return None
        return self.body if format_ == "ferryman" else (self.bodies or {}).get(format_)
