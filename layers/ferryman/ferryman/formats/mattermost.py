"""Mattermost's form of a message: for its incoming webhooks, `{"text": …, "username": …}` in Markdown. Pure.

A webhook with trigger words gets the form of Mattermost's outgoing webhooks.

Mattermost shows the name and the picture if its administrator lets integrations override them
(https://developers.mattermost.com/integrate/webhooks/incoming/).
"""

from typing import Any

from ferryman.formats import chat_text, triggers
from ferryman.formats.interface import Body, Event, Surroundings, TriggeredWebhook, Webhook

MAX_TEXT = 16_383  # characters of a post
can_render = chat_text.tells


def render(event: Event, _webhook: Webhook) -> Body:
    """The message under its author's name, cut to 16,383 characters. @all, @channel and @here notify nobody."""
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


def render_triggered(event: Event, webhook: TriggeredWebhook, around: Surroundings) -> Body:
    """The body for trigger words. `timestamp` is in epoch seconds in a form, in epoch milliseconds in JSON."""
    content = triggers.fields(event, webhook, around)
    more = {"post_id": triggers.short(event.data["message"]["id"]), "file_ids": ""}
    at = triggers.created_at(event)
    if webhook.trigger_body == "json":
        return chat_text.as_json({**content, **more, "timestamp": round(at * 1000)})
    return triggers.form({**content, **more, "timestamp": str(int(at))})


read_response = triggers.read_response
