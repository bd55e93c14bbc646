"""Every event type: when it happens and what its body holds. Bodies are built here and nowhere else."""

import json
from typing import Any

from ferryman import ids
from ferryman.events.model import Event, EventType
from ferryman.messages.model import Message, describe

DESCRIPTIONS: dict[EventType, str] = {
    "message.created": "Somebody posted a message: a person, a token or an incoming webhook.",
    "message.updated": "A message's text was changed.",
    "message.deleted": "A message was deleted. The event names it and no longer holds its text.",
}
TYPES: tuple[EventType, ...] = tuple(DESCRIPTIONS)


def message_created(message: Message) -> Event:
    return _of_message("message.created", message, message.created_at, {"message": describe(message)})


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
) -> Event:
    body = {
        "id": event_id,
        "type": type_,
        "created_at": at,
        "workspace_id": workspace_id,
        "livemode": livemode,
        "data": data,
    }
    return Event(
        workspace_id=workspace_id,
        event_id=event_id,
        type=type_,
        created_at=at,
        livemode=livemode,
        chat_id=chat_id,
        # ASCII, so that no part of the way can change a byte of it.
        body=json.dumps(body, separators=(",", ":")),
    )


_STRING = {"type": "string"}
_TIME = {"type": "string", "format": "date-time"}
_AUTHOR = {
    "type": "object",
    "required": ["type", "id"],
    "properties": {
        "type": {"enum": ["user", "incoming_webhook"]},
        "id": _STRING,
        "name": {"type": ["string", "null"]},
    },
    "additionalProperties": False,
}
_MESSAGE = {
    "type": "object",
    "required": [
        "id",
        "chat_id",
        "text",
        "author",
        "origin",
        "livemode",
        "revision",
        "created_at",
        "edited_at",
    ],
    "properties": {
        "id": _STRING,
        "chat_id": _STRING,
        "text": _STRING,
        "author": _AUTHOR,
        "origin": {"enum": ["token", "incoming_webhook"]},
        "livemode": {"type": "boolean"},
        "revision": {"type": "integer", "minimum": 1},
        "created_at": _TIME,
        "edited_at": {"type": ["string", "null"], "format": "date-time"},
    },
    "additionalProperties": False,
}
_DELETED = {
    "type": "object",
    "required": ["id", "chat_id", "deleted_at"],
    "properties": {"id": _STRING, "chat_id": _STRING, "deleted_at": _TIME},
    "additionalProperties": False,
}


def schema(type_: EventType) -> dict[str, Any]:
    """The JSON Schema of a type's body."""
    message = _DELETED if type_ == "message.deleted" else _MESSAGE
    return {
        "type": "object",
        "description": DESCRIPTIONS[type_],
        "required": ["id", "type", "created_at", "workspace_id", "livemode", "data"],
        "properties": {
            "id": {"type": "string", "pattern": ids.pattern(ids.EVENT)},
            "type": {"const": type_},
            "created_at": _TIME,
            "workspace_id": _STRING,
            "livemode": {"type": "boolean"},
            "data": {
                "type": "object",
                "required": ["message"],
                "properties": {"message": message},
                "additionalProperties": False,
            },
        },
        "additionalProperties": False,
    }
