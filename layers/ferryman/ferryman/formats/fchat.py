"""The bodies that tell an FChat application of a person's answer. Pure: from the event's body to FChat's."""

import json
from typing import Any

_STRING = {"type": "string"}


def told(event: dict[str, Any]) -> dict[str, Any] | None:
    """FChat's body for an answer or a click; None for whatever else happened."""
    data = event["data"]
    match event["type"]:
        case "message.created" if "conversation" in data:
            return {"message": _message(data["message"]["text"], data["conversation"])}
        case "interaction.created":
            interaction = data["interaction"]
            message = _message(interaction["label"], data["conversation"])
            clicked = {"data": _text(interaction["data"]), "message": {"message_id": interaction["message_id"]}}
            return {"message": {**message, "callback_query": clicked}}
    return None


def schema(event: dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema of FChat's body, from that of the event's body."""
    conversation = event["properties"]["data"]["properties"]["conversation"]["properties"]
    person, chat = conversation["person"]["properties"], conversation["chat"]["properties"]
    message = {
        "text": _STRING,
        "user": _object(email=person["email"], name=person["name"]),
        "chat": _object(id=chat["id"], type=chat["type"]),
    }
    if event["properties"]["type"]["const"] == "interaction.created":
        data = {**_STRING, "description": "A text as it is, any other value as compact JSON."}
        message["callback_query"] = _object(data=data, message=_object(message_id=_STRING))
    return {**event, "required": ["message"], "properties": {"message": _object(**message)}}


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
    """A text as it is, any other value as compact JSON with its keys in their order."""
    return data if isinstance(data, str) else json.dumps(data, separators=(",", ":"), ensure_ascii=False)
