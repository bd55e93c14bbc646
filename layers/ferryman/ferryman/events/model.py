"""Event: something that happened, immutable, with the very bytes that receivers get."""

from dataclasses import dataclass
from typing import Literal

from ferryman import store

type EventType = Literal[
    "message.created",
    "bot.mentioned",
    "message.updated",
    "message.deleted",
    "webhook.disabled",
    "delivery.exhausted",
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
    bot_id: str | None = None  # the bot that was mentioned
    webhook_id: str | None = None  # set when the event is for this webhook alone: a test
    test: bool | None = None
    chain: list[str] | None = None  # the webhooks whose deliveries led to it; they do not get it
    undispatched: str | None = None
    expires_at_epoch: int | None = None
