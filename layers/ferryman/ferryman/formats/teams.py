"""Microsoft Teams' form of a message: an Adaptive Card.

The receiver is a workflow with the trigger "When a Teams webhook request is received". A text block shows a part of
Markdown. A request may have at most 28 KB
(https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using). Pure.
"""

from typing import Any

from ferryman.formats import chat_text
from ferryman.formats.interface import Body, Event, Webhook

MAX_BYTES = 28 * 1024
_CARD = "application/vnd.microsoft.card.adaptive"
can_render = chat_text.tells


def render(event: Event, _webhook: Webhook) -> Body:
    """A card with the author's name, if there is one, and the message, which is cut until the body fits into 28 KB."""
    text, name = chat_text.text_of(event), chat_text.author_of(event).get("name")
    body = chat_text.as_json(_message(name, text))
    length = len(text)
    while len(body.content) > MAX_BYTES:
        length = length * 3 // 4
        body = chat_text.as_json(_message(name, chat_text.cut(text, length)))
    return body


def _message(name: str | None, text: str) -> dict[str, Any]:
    above = [{"type": "TextBlock", "text": name, "weight": "Bolder", "wrap": True}] if name else []
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [*above, {"type": "TextBlock", "text": text, "wrap": True}],
    }
    return {"type": "message", "attachments": [{"contentType": _CARD, "contentUrl": None, "content": card}]}


def schema(event: dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema of Teams' body."""
    block = {
        "type": "object",
        "required": ["type", "text", "wrap"],
        "properties": {
            "type": {"const": "TextBlock"},
            "text": {"type": "string"},
            "weight": {"const": "Bolder"},
            "wrap": {"const": True},
        },
    }
    card = {
        "type": "object",
        "required": ["$schema", "type", "version", "body"],
        "properties": {
            "$schema": {"type": "string"},
            "type": {"const": "AdaptiveCard"},
            "version": {"type": "string"},
            "body": {"type": "array", "minItems": 1, "maxItems": 2, "items": block},
        },
    }
    attachment = {
        "type": "object",
        "required": ["contentType", "contentUrl", "content"],
        "properties": {"contentType": {"const": _CARD}, "contentUrl": {"type": "null"}, "content": card},
    }
    attachments = {"type": "array", "minItems": 1, "maxItems": 1, "items": attachment}
    return chat_text.described(
        event, ["type", "attachments"], {"type": {"const": "message"}, "attachments": attachments}
    )
