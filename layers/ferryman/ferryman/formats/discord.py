"""Discord's form of a message, for its webhooks: `{"content": …, "username": …}` in Markdown. Pure.

`allowed_mentions` is empty, so no text notifies anybody (https://discord.com/developers/docs/resources/webhook).
"""

import re
from typing import Any

from ferryman.formats import chat_text
from ferryman.formats.interface import Body, Event, Webhook

MAX_CONTENT = 2_000  # characters
MAX_NAME = 80
_RESERVED = "(?i)discord|clyde"  # Discord refuses names with these words
can_render = chat_text.tells


def render(event: Event, _webhook: Webhook) -> Body:
    """The message, cut to 2,000 characters, under its author's name, unless Discord refuses that name."""
    author = chat_text.author_of(event)
    content: dict[str, Any] = {
        "content": chat_text.cut(chat_text.text_of(event), MAX_CONTENT),
        "allowed_mentions": {"parse": []},
    }
    if "name" in author and not re.search(_RESERVED, author["name"]):
        content["username"] = chat_text.cut(author["name"], MAX_NAME)
    if "avatar_url" in author:
        content["avatar_url"] = author["avatar_url"]
    return chat_text.as_json(content)


def schema(event: dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema of Discord's body."""
    nobody = {"type": "array", "maxItems": 0}
    properties = {
        "content": {"type": "string", "minLength": 1, "maxLength": MAX_CONTENT, "description": "Markdown."},
        "username": {"type": "string", "minLength": 1, "maxLength": MAX_NAME},
        "avatar_url": {"type": "string"},
        "allowed_mentions": {"type": "object", "required": ["parse"], "properties": {"parse": nobody}},
    }
    return chat_text.described(event, ["content", "allowed_mentions"], properties)
