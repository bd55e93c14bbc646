"""Every event type: when it happens, what its body holds, and an example. Bodies are built here and nowhere else.

The same words feed GET /v1/event-types, the `webhooks` section of openapi.yaml, and test deliveries.
"""

import json
from dataclasses import dataclass
from typing import Any

from ferryman import ids
from ferryman.deliveries.model import Delivery
from ferryman.events.model import Event, EventType
from ferryman.messages.model import Message, describe
from ferryman.users.model import User
from ferryman.webhooks.model import Webhook

type Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One event type. `data` is the JSON Schema of the body's `data`; `example` is valid against it."""

    description: str
    data: Schema
    example: dict[str, Any]
    # About our own work rather than about a chat: only a webhook for every chat (admin:*) can want it.
    operational: bool = False


def _object(**properties: Schema) -> Schema:
    """A closed object all of whose properties are there."""
    return {
        "type": "object",
        "required": list(properties),
        "properties": properties,
        "additionalProperties": False,
    }


_STRING: Schema = {"type": "string"}
_TIME: Schema = {"type": "string", "format": "date-time"}
_NULLABLE: Schema = {"type": ["string", "null"]}
_AUTHOR: Schema = {
    "type": "object",
    "required": ["type", "id"],
    "properties": {
        "type": {"enum": ["user", "incoming_webhook"]},
        "id": _STRING,
        "name": _NULLABLE,
        "avatar_url": _NULLABLE,
    },
    "additionalProperties": False,
}
_MESSAGE = _object(
    id=_STRING,
    chat_id=_STRING,
    text=_STRING,
    mentions={"type": "array", "items": _STRING, "description": "The handles that the text names with @."},
    author=_AUTHOR,
    origin={"enum": ["token", "incoming_webhook"]},
    livemode={"type": "boolean"},
    revision={"type": "integer", "minimum": 1},
    created_at=_TIME,
    edited_at={"type": ["string", "null"], "format": "date-time"},
)
_A_MESSAGE = {
    "id": "msg_01J00000000000000000000000",
    "chat_id": "cht_01J00000000000000000000000",
    "text": "Build passed",
    "mentions": [],
    "author": {
        "type": "incoming_webhook",
        "id": "inc_01J00000000000000000000000",
        "name": "CI",
        "avatar_url": "https://cdn.example.com/ci.png",
    },
    "origin": "incoming_webhook",
    "livemode": True,
    "revision": 1,
    "created_at": "2026-01-02T03:04:05.678Z",
    "edited_at": None,
}
_AN_EDITED_MESSAGE = {
    **_A_MESSAGE,
    "text": "Build passed after all",
    "revision": 2,
    "edited_at": "2026-01-02T03:05:00.000Z",
}

_A_MENTION = {
    **_A_MESSAGE,
    "text": "@deploy-bot, ship it",
    "mentions": ["deploy-bot"],
    "author": {"type": "user", "id": "usr_01J00000000000000000000000"},
    "origin": "token",
}

CATALOGUE: dict[EventType, Entry] = {
    "message.created": Entry(
        "Somebody posted a message: a person, a token or an incoming webhook.",
        _object(message=_MESSAGE),
        {"message": _A_MESSAGE},
    ),
    "bot.mentioned": Entry(
        "A new message named a bot with @handle, in a chat the bot belongs to. Not for an edit that adds a mention.",
        _object(message=_MESSAGE, bot=_object(id=_STRING, handle=_STRING)),
        {"message": _A_MENTION, "bot": {"id": "usr_01J00000000000000000000001", "handle": "deploy-bot"}},
    ),
    "message.updated": Entry(
        "A message's text was changed.", _object(message=_MESSAGE), {"message": _AN_EDITED_MESSAGE}
    ),
    "message.deleted": Entry(
        "A message was deleted. The event names it and no longer holds its text.",
        _object(message=_object(id=_STRING, chat_id=_STRING, deleted_at=_TIME)),
        {
            "message": {
                "id": "msg_01J00000000000000000000000",
                "chat_id": "cht_01J00000000000000000000000",
                "deleted_at": "2026-01-02T03:06:00.000Z",
            }
        },
    ),
    "webhook.disabled": Entry(
        "A webhook was disabled because its receiver kept failing or answered 410 Gone.",
        _object(webhook=_object(id=_STRING, url=_STRING, name=_NULLABLE, reason=_STRING, last_error=_STRING)),
        {
            "webhook": {
                "id": "whk_01J00000000000000000000000",
                "url": "https://ci.example.com/ferryman",
                "name": None,
                "reason": "10 attempts in a row failed; the last with HTTP 500",
                "last_error": "HTTP 500",
            }
        },
        operational=True,
    ),
    "delivery.exhausted": Entry(
        "A delivery failed for good: its attempt and all retries are spent.",
        _object(
            delivery=_object(
                id=_STRING,
                webhook_id=_STRING,
                event_id=_STRING,
                event_type=_STRING,
                attempts={"type": "integer", "minimum": 1},
                reason=_STRING,
            )
        ),
        {
            "delivery": {
                "id": "dlv_01J0000000000000000000000001J00000000000000000000000",
                "webhook_id": "whk_01J00000000000000000000000",
                "event_id": "evt_01J00000000000000000000000",
                "event_type": "message.created",
                "attempts": 4,
                "reason": "4 attempts failed",
            }
        },
        operational=True,
    ),
}
TYPES: tuple[EventType, ...] = tuple(CATALOGUE)


def message_created(message: Message) -> Event:
    """Made anew of the message whenever it is needed, so the same message always gives the same event."""
    event = _of_message("message.created", message, message.created_at, {"message": describe(message)})
    event.message_id = message.message_id
    return event


def bot_mentioned(created: Event, bot: User) -> Event:
    """A bot was named by the message whose `message.created` is given: one event for each message and bot."""
    message = json.loads(created.body)["data"]["message"]
    return build(
        "bot.mentioned",
        ids.derived(ids.EVENT, created.created_at, "bot.mentioned", message["id"], bot.user_id),
        workspace_id=created.workspace_id,
        chat_id=created.chat_id,
        bot_id=bot.user_id,
        livemode=created.livemode,
        at=created.created_at,
        data={"message": message, "bot": {"id": bot.user_id, "handle": bot.handle}},
        chain=created.chain,
    )


def message_updated(message: Message) -> Event:
    return _of_message(
        "message.updated", message, message.edited_at or message.created_at, {"message": describe(message)}
    )


def message_deleted(message: Message, at: str) -> Event:
    return _of_message(
        "message.deleted",
        message,
        at,
        {"message": {"id": message.message_id, "chat_id": message.chat_id, "deleted_at": at}},
    )


def _of_message(type_: EventType, message: Message, at: str, data: dict[str, Any]) -> Event:
    return build(
        type_,
        ids.derived(ids.EVENT, at, type_, message.message_id, str(message.revision)),
        workspace_id=message.workspace_id,
        chat_id=message.chat_id,
        livemode=message.livemode,
        at=at,
        data=data,
        chain=message.chain,
    )


def build(
    type_: EventType,
    event_id: str,
    *,
    workspace_id: str,
    livemode: bool,
    at: str,
    data: dict[str, Any],
    chat_id: str | None = None,
    bot_id: str | None = None,
    webhook_id: str | None = None,
    test: bool = False,
    chain: list[str] | None = None,
) -> Event:
    body = {
        "id": event_id,
        "type": type_,
        "created_at": at,
        "workspace_id": workspace_id,
        "livemode": livemode,
        "data": data,
        **({"test": True} if test else {}),
    }
    return Event(
        workspace_id=workspace_id,
        event_id=event_id,
        type=type_,
        created_at=at,
        livemode=livemode,
        chat_id=chat_id,
        bot_id=bot_id,
        webhook_id=webhook_id,
        test=test or None,
        chain=chain,
        # ASCII, so that no part of the way can change a byte of it.
        body=json.dumps(body, separators=(",", ":")),
    )


def test_event(type_: EventType, *, workspace_id: str, webhook_id: str, livemode: bool, at: str) -> Event:
    """An event for one webhook alone, with the type's example as its data and `"test": true`."""
    return build(
        type_,
        ids.new(ids.EVENT),
        workspace_id=workspace_id,
        livemode=livemode,
        at=at,
        data=CATALOGUE[type_].example,
        webhook_id=webhook_id,
        test=True,
    )


def webhook_disabled(webhook: Webhook, reason: str, last_error: str, at: str) -> Event:
    """`at` is part of the id: a webhook can be disabled again later."""
    return build(
        "webhook.disabled",
        ids.derived(ids.EVENT, at, "webhook.disabled", webhook.webhook_id),
        workspace_id=webhook.workspace_id,
        livemode=webhook.livemode,
        at=at,
        data={
            "webhook": {
                "id": webhook.webhook_id,
                "url": webhook.url,
                "name": webhook.name,
                "reason": reason,
                "last_error": last_error,
            }
        },
    )


def delivery_exhausted(delivery: Delivery, reason: str, at: str) -> Event:
    """Derived from the delivery and how often it was tried, so that settling twice tells it once."""
    attempts = len(delivery.attempts)
    return build(
        "delivery.exhausted",
        ids.derived(ids.EVENT, delivery.created_at, "delivery.exhausted", delivery.delivery_id, str(attempts)),
        workspace_id=delivery.workspace_id,
        livemode=delivery.livemode,
        at=at,
        data={
            "delivery": {
                "id": delivery.delivery_id,
                "webhook_id": delivery.webhook_id,
                "event_id": delivery.event_id,
                "event_type": delivery.event_type,
                "attempts": attempts,
                "reason": reason,
            }
        },
    )


def is_operational(type_: str) -> bool:
    entry = CATALOGUE.get(type_)  # type: ignore[call-overload]
    return entry is not None and entry.operational


def schema(type_: EventType) -> Schema:
    """The JSON Schema of a type's body."""
    described = _object(
        id={"type": "string", "pattern": ids.pattern(ids.EVENT)},
        type={"const": type_},
        created_at=_TIME,
        workspace_id=_STRING,
        livemode={"type": "boolean"},
        data=CATALOGUE[type_].data,
    )
    described["properties"]["test"] = {"const": True, "description": "Only on a test delivery."}
    return {"description": CATALOGUE[type_].description, **described}


def example(type_: EventType) -> dict[str, Any]:
    """A body of this type, as a receiver gets it."""
    return {
        "id": "evt_01J00000000000000000000000",
        "type": type_,
        "created_at": "2026-01-02T03:04:05.678Z",
        "workspace_id": "wsp_01J00000000000000000000000",
        "livemode": True,
        "data": CATALOGUE[type_].example,
    }
