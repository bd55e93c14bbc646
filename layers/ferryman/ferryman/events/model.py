"""Event: something that happened, immutable, with the very bytes that receivers get."""

from dataclasses import dataclass
from typing import Literal

from ferryman import store

type EventType = Literal[
    "message.created", "message.updated", "message.deleted", "webhook.disabled", "delivery.exhausted"
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
    webhook_id: str | None = None  # set when the event is for this webhook alone: a test
    test: bool | None = None
    undispatched: str | None = None
    expires_at_epoch: int | None = None
