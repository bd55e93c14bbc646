"""The registry of event types: for each, when it happens, the JSON Schema of its body's `data`, and an example.

GET /v1/event-types, the `webhooks` section of openapi.yaml, and test deliveries use it. The functions that build events
are next to their models: `conversations/messages/events.py`, `notifications/events.py`, `webhooks/events.py`.
"""

import json
from dataclasses import dataclass
from typing import Any

from ferryman import ids
from ferryman.events.model import Event, EventType
from ferryman.formats import OTHERS, Format
from ferryman.formats.interface import Body

type Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One event type. `data` is the JSON Schema of the body's `data`; `example` is valid against it."""

    description: str
    data: Schema
    example: dict[str, Any]
    # Another example: a person's answer to an application.
    answered: dict[str, Any] | None = None
    # A notification to one person: for personal webhooks, and for webhooks without chat ids.
    personal: bool = False


def _object(**properties: Schema) -> Schema:
    """The JSON Schema of an object with exactly these properties, all of them required."""
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
        "type": {"enum": ["user", "incoming_webhook", "application", "webhook", "command"]},
        "id": _STRING,
        "name": _NULLABLE,
        "avatar_url": _NULLABLE,
        "emoji": _NULLABLE,
    },
    "additionalProperties": False,
}
_ATTACHMENT_TEXTS = (
    *("fallback", "color", "pretext", "author_name", "author_link", "author_icon", "title", "title_link", "text"),
    *("image_url", "thumb_url", "footer", "footer_icon"),
)
_ACTION_TEXTS = ("id", "type", "name", "style", "data_source", "default_option", "tooltip", "url")
_ATTACHMENT = _object(
    **dict.fromkeys(_ATTACHMENT_TEXTS, _NULLABLE),
    ts={"type": ["string", "number", "null"]},
    fields={"type": "array", "items": _object(title=_NULLABLE, value=_NULLABLE, short={"type": "boolean"})},
    actions={
        "type": "array",
        "items": _object(
            **dict.fromkeys(_ACTION_TEXTS, _NULLABLE),
            disabled={"type": "boolean"},
            options={"type": "array", "items": _object(text=_NULLABLE, value=_NULLABLE)},
        ),
    },
)
_MESSAGE = _object(
    id=_STRING,
    chat_id=_STRING,
    text=_STRING,
    mentions={"type": "array", "items": _STRING, "description": "The handles mentioned in the text, without the @."},
    author=_AUTHOR,
    attachments={"type": ["array", "null"], "items": _ATTACHMENT, "description": "Boxes below the text."},
    props={"type": ["object", "null"], "description": "Custom values of the sender."},
    priority={
        "anyOf": [
            _object(level=_STRING, acknowledge={"type": "boolean"}, persistent={"type": "boolean"}),
            {"type": "null"},
        ]
    },
    visible_to={"type": "null", "description": "Always null: webhooks get no messages for one person."},
    buttons={
        "type": ["array", "null"],
        "items": {"type": "array", "items": _object(label=_STRING, data={})},
        "description": "Rows of buttons; `data` is any JSON value.",
    },
    context_id={
        **_NULLABLE,
        "description": "The context that an application's message opened, or to which a person's answer belongs.",
    },
    origin={"enum": ["token", "incoming_webhook", "application", "reply"]},
    livemode={"type": "boolean"},
    revision={"type": "integer", "minimum": 1},
    created_at=_TIME,
    edited_at={"type": ["string", "null"], "format": "date-time"},
    edited_by={"type": ["string", "null"]},
)
_A_MESSAGE: dict[str, Any] = {
    "id": "msg_01J00000000000000000000000",
    "chat_id": "cht_01J00000000000000000000000",
    "text": "Build passed",
    "mentions": [],
    "author": {
        "type": "incoming_webhook",
        "id": "inc_01J00000000000000000000000",
        "name": "CI",
        "avatar_url": "https://cdn.example.com/ci.png",
        "emoji": None,
    },
    "attachments": None,
    "props": None,
    "priority": None,
    "visible_to": None,
    "buttons": None,
    "context_id": None,
    "origin": "incoming_webhook",
    "livemode": True,
    "revision": 1,
    "created_at": "2026-01-02T03:04:05.678Z",
    "edited_at": None,
    "edited_by": None,
}
_AN_EDITED_MESSAGE = {
    **_A_MESSAGE,
    "text": "Build passed after all",
    "revision": 2,
    "edited_at": "2026-01-02T03:05:00.000Z",
    "edited_by": "usr_01JCXHZ5E0ABCDEFGHJKMNPQRS",
}

_A_MENTION = {
    **_A_MESSAGE,
    "text": "@deploy-bot, ship it",
    "mentions": ["deploy-bot"],
    "author": {"type": "user", "id": "usr_01J00000000000000000000000"},
    "origin": "token",
}

_CONVERSATION = _object(
    application_id=_STRING,
    person=_object(id=_STRING, name=_STRING, email=_NULLABLE),
    chat=_object(id=_STRING, type={"enum": ["group", "private"]}),
)
_CONVERSATION["properties"]["context"] = {
    **_object(
        id=_STRING,
        parameters={"type": "object", "description": "The values that the application gave with its message."},
    ),
    "description": "The context of the application's message. Missing if it had expired.",
}
_AN_ANSWER = {
    **_A_MESSAGE,
    "text": "Approved, but not before noon",
    "author": {"type": "user", "id": "usr_01J00000000000000000000000"},
    "context_id": "ctx_01J00000000000000000000000",
    "origin": "token",
}
_A_CONVERSATION = {
    "application_id": "app_01J00000000000000000000000",
    "person": {"id": "usr_01J00000000000000000000000", "name": "Ada", "email": "ada@example.com"},
    "chat": {"id": "cht_01J00000000000000000000000", "type": "private"},
    "context": {"id": "ctx_01J00000000000000000000000", "parameters": {"request": 42}},
}
_MESSAGE_CREATED = _object(message=_MESSAGE)
_MESSAGE_CREATED["properties"]["conversation"] = {
    **_CONVERSATION,
    "description": "The person and the chat, if a person answers an application, or writes in the group of an "
    "application that gets the group's messages. Otherwise missing.",
}

_NOTIFICATION = _object(
    notification=_object(
        id=_STRING,
        title=_STRING,
        body=_NULLABLE,
        url=_NULLABLE,
        data={"type": ["object", "null"], "description": "Custom values of the sender."},
    ),
    user=_object(id=_STRING),
)


def _notification(description: str, title: str, **example: Any) -> Entry:
    notification = {
        "id": "ntf_01J00000000000000000000000",
        "title": title,
        "body": None,
        "url": None,
        "data": None,
        **example,
    }
    data = {"notification": notification, "user": {"id": "usr_01J00000000000000000000000"}}
    return Entry(description, _NOTIFICATION, data, personal=True)


CATALOGUE: dict[EventType, Entry] = {
    "message.created": Entry(
        "A message was posted in a chat: by a person, a bot, an incoming webhook or an application, as the answer "
        "to a command, or as a reply to a delivery.",
        _MESSAGE_CREATED,
        {"message": _A_MESSAGE},
        answered={"message": _AN_ANSWER, "conversation": _A_CONVERSATION},
    ),
    "bot.mentioned": Entry(
        "A new message mentioned a bot with @handle in a chat to which the bot belongs. An edit that adds a mention "
        "causes no event.",
        _object(message=_MESSAGE, bot=_object(id=_STRING, handle=_STRING)),
        {"message": _A_MENTION, "bot": {"id": "usr_01J00000000000000000000001", "handle": "deploy-bot"}},
    ),
    "message.updated": Entry(
        "A message's text was changed.", _object(message=_MESSAGE), {"message": _AN_EDITED_MESSAGE}
    ),
    "message.deleted": Entry(
        "A message was deleted. The event does not contain the text.",
        _object(message=_object(id=_STRING, chat_id=_STRING, deleted_at=_TIME)),
        {
            "message": {
                "id": "msg_01J00000000000000000000000",
                "chat_id": "cht_01J00000000000000000000000",
                "deleted_at": "2026-01-02T03:06:00.000Z",
            }
        },
    ),
    "interaction.created": Entry(
        "A person clicked a button below an application's message.",
        _object(
            interaction=_object(
                message_id=_STRING,
                chat_id=_STRING,
                row={"type": "integer", "minimum": 0},
                column={"type": "integer", "minimum": 0},
                label=_STRING,
                data={"description": "The button's `data`: any JSON value."},
                context_id={**_NULLABLE, "description": "The message's context; null: it had expired."},
            ),
            conversation=_CONVERSATION,
        ),
        {
            "interaction": {
                "message_id": "msg_01J00000000000000000000000",
                "chat_id": "cht_01J00000000000000000000000",
                "row": 0,
                "column": 0,
                "label": "Approve",
                "data": {"action": "approve", "data": "approve_request"},
                "context_id": "ctx_01J00000000000000000000000",
            },
            "conversation": _A_CONVERSATION,
        },
    ),
    "webhook.disabled": Entry(
        "A webhook was disabled because its receiver kept failing or answered 410 Gone.",
        _object(
            webhook=_object(
                id=_STRING,
                url={**_NULLABLE, "description": "Null for a personal webhook. Its name is null, too."},
                name=_NULLABLE,
                reason=_STRING,
                last_error=_STRING,
            )
        ),
        {
            "webhook": {
                "id": "whk_01J00000000000000000000000",
                "url": "https://ci.example.com/ferryman",
                "name": None,
                "reason": "10 attempts in a row failed; the last with HTTP 500",
                "last_error": "HTTP 500",
            }
        },
    ),
    "delivery.exhausted": Entry(
        "A delivery failed: all its attempts are used up.",
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
    ),
    "task_assigned": _notification(
        "A request was assigned to the person.",
        "Fix the login page",
        url="https://desk.example.com/requests/17",
        data={"request": 17},
    ),
    "task_status": _notification("The status of a request that involves the person changed.", "Request 17 is done"),
    "blocker": _notification(
        "A blocker was raised, acknowledged or resolved.", "Blocked: no access to staging", data={"change": "raised"}
    ),
    "review": _notification("A request entered the review queue or was returned.", "Request 17 waits for review"),
    "meeting": _notification(
        "A meeting begins soon: in ten minutes, unless the sender chose another time.",
        "Planning begins in 10 minutes",
        url="https://meet.example.com/planning",
    ),
    "weekly_digest": _notification("The weekly digest.", "Your week", body="12 requests done, 3 blocked."),
    "team_support.approved": _notification(
        "A team-support request was approved. Owners, admins and hr_admins always get it.",
        "Support for the launch was approved",
    ),
    "system": _notification(
        "Another notification, such as about a job, an automatic link or a change of membership.",
        "The nightly import ran",
    ),
}
TYPES: tuple[EventType, ...] = tuple(CATALOGUE)
PERSONAL: tuple[EventType, ...] = tuple(type_ for type_, entry in CATALOGUE.items() if entry.personal)


def examples(type_: EventType, *, answered_first: bool = False) -> list[dict[str, Any]]:
    """The examples of a type's data, one or two. The second is a person's answer to an application.

    With `answered_first`, their order is reversed.
    """
    entry = CATALOGUE[type_]
    examples = [entry.example, *([entry.answered] if entry.answered else [])]
    return examples[::-1] if answered_first else examples


def rendered_examples(type_: EventType) -> dict[Format, Body]:
    """An example body of this event type in each format that can render the type, except the native one."""
    bodies: dict[Format, Body] = {}
    for data in examples(type_, answered_first=True):
        event = _example_event(type_, data)
        bodies |= {
            format_: event.render(_ExampleWebhook(format_)) for format_ in OTHERS if event.can_be_rendered(format_)
        }
    return bodies


def can_be_rendered(format_: Format, type_: EventType) -> bool:
    """Whether the format can render events of this type."""
    return any(_example_event(type_, data).can_be_rendered(format_) for data in examples(type_))


def _example_event(type_: EventType, data: dict[str, Any]) -> Event:
    return Event(
        event_id="evt_01J00000000000000000000000",
        type=type_,
        created_at="2026-01-02T03:04:05.678Z",
        workspace_id="wsp_01J00000000000000000000000",
        livemode=True,
        data=data,
    )


@dataclass(frozen=True, slots=True)
class _ExampleWebhook:
    """The webhook to which an example is rendered."""

    format: Format
    webhook_id: str = "whk_01J00000000000000000000000"


def is_personal(type_: str) -> bool:
    return type_ in PERSONAL


def schema(type_: EventType) -> Schema:
    """The JSON Schema of the native body of this event type."""
    described = _object(
        id={"type": "string", "pattern": ids.pattern(ids.EVENT)},
        type={"const": type_},
        created_at=_TIME,
        workspace_id=_STRING,
        livemode={"type": "boolean"},
        data=CATALOGUE[type_].data,
    )
    described["properties"]["test"] = {"const": True, "description": "Only in a test delivery."}
    return {"description": CATALOGUE[type_].description, **described}


def example(type_: EventType) -> dict[str, Any]:
    """An example of the native body of this event type."""
    body: dict[str, Any] = json.loads(_example_event(type_, CATALOGUE[type_].example).body)
    return body
