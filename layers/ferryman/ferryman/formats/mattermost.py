"""Mattermost's form of a message, for its incoming webhooks: `{"text": …, "username": …}` in Markdown. Pure.

The name and the picture are shown where the server lets integrations override them
(https://developers.mattermost.com/integrate/webhooks/incoming/).
"""

from typing import Any

from ferryman.formats import chat_text
from ferryman.formats.interface import Body, Event, Webhook

MAX_TEXT = 16_383  # characters of a post
can_render = chat_text.tells


def render(event: Event, _webhook: Webhook) -> Body:
    """The message by its author's name; @all, @channel and @here call nobody."""
    author = chat_text.author_of(event)
    content = {"text": chat_text.cut(chat_text.nobody_called(chat_text.text_of(event)), MAX_TEXT)}
    if "name" in author:
        content["username"] = author["name"]
    if "avatar_url" in author:
        content["icon_url"] = author["avatar_url"]
    return chat_text.as_json(content)


def schema(event: dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema of Mattermost's body."""
    properties = {
        "text": {"type": "string", "minLength": 1, "maxLength": MAX_TEXT, "description": "Markdown."},
        "username": {"type": "string"},
        "icon_url": {"type": "string"},
    }
    return chat_text.described(event, ["text"], properties)
