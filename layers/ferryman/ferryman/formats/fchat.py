"""FChat's format: the body of a delivery when a person answers an application or clicks one of its buttons."""

import json
from typing import Any

from ferryman.formats.interface import Body, Event, Webhook

_STRING = {"type": "string"}


def can_render(event: Event) -> bool:
    """Whether the event is a person's answer to an application, or a click on one of its buttons."""
    return event.type == "interaction.created" or (event.type == "message.created" and "conversation" in event.data)


def render(event: Event, _webhook: Webhook) -> Body:
    """FChat's body for an event that `can_render` accepts."""
    conversation = event.data["conversation"]
    if event.type == "message.created":
        message = _message(event.data["message"]["text"], conversation)
    else:
        interaction = event.data["interaction"]
        clicked = {
            "data": _text(interaction["data"]),
            "message": {"message_id": interaction["message_id"]},
            "data_json": _json(interaction["data"]),
        }
        message = {**_message(interaction["label"], conversation), "callback_query": clicked}
    context = {"context": conversation["context"]} if "context" in conversation else {}
    return Body(json.dumps({"message": message, **context}, separators=(",", ":")).encode())


def schema(event: dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema of FChat's body. `event` is the schema of our own body for the same type of event."""
    conversation = event["properties"]["data"]["properties"]["conversation"]["properties"]
    person, chat = conversation["person"]["properties"], conversation["chat"]["properties"]
    message = {
        "text": _STRING,
        "user": _object(email=person["email"], name=person["name"]),
        "chat": _object(id=chat["id"], type=chat["type"]),
    }
    if event["properties"]["type"]["const"] == "interaction.created":
        data = {**_STRING, "description": "A text as it is, any other value as compact JSON."}
        always = {**_STRING, "description": "Any value as compact JSON; a text has quotation marks."}
        message["callback_query"] = _object(data=data, message=_object(message_id=_STRING), data_json=always)
    properties = {"message": _object(**message), "context": conversation["context"]}
    return {**event, "required": ["message"], "properties": properties}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(properties),
        "properties": properties,
        "additionalProperties": False,
    }


def _message(text: str, conversation: dict[str, Any]) -> dict[str, Any]:
    person, chat = conversation["person"], conversation["chat"]
    return {
        "text": text,
        "user": {"email": person["email"], "name": person["name"]},
        "chat": {"id": chat["id"], "type": chat["type"]},
    }


def _text(data: Any) -> str:
    """`data` itself if it is a text; any other value as compact JSON, with its keys in their order."""
    return data if isinstance(data, str) else _json(data)


def _json(data: Any) -> str:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)
