"""Slack's form of a message: for its incoming webhooks, `{"text": …}` in mrkdwn. Pure.

A webhook with trigger words gets the form of Slack's outgoing webhooks.

`&`, `<` and `>` are escaped, so no text notifies a channel (https://docs.slack.dev/messaging/formatting-message-text).
"""

from typing import Any

from ferryman.formats import chat_text, triggers
from ferryman.formats.interface import Body, Event, Reply, Response, Surroundings, TriggeredWebhook, Webhook

MAX_TEXT = 40_000  # characters; Slack cuts longer texts
_LONGEST_ESCAPE = len("&amp;")
can_render = chat_text.tells


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def render(event: Event, _webhook: Webhook) -> Body:
    """The message, cut to Slack's limit.

    The text begins with the author's name, if there is one, because Slack shows the name of its own app as sender.
    """
    name = chat_text.author_of(event).get("name")
    written = chat_text.text_of(event)
    text = chat_text.marked(written, _escaped)
    if len(text) > MAX_TEXT - 1_000:
        text = chat_text.marked(chat_text.cut(written, (MAX_TEXT - 1_000) // _LONGEST_ESCAPE), _escaped)
    return chat_text.as_json({"text": f"*{_escaped(name)}*: {text}" if name else text})


def schema(event: dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema of Slack's body."""
    text = {"type": "string", "minLength": 1, "maxLength": MAX_TEXT, "description": "In Slack's mrkdwn."}
    return chat_text.described(event, ["text"], {"text": text})


def render_triggered(event: Event, webhook: TriggeredWebhook, around: Surroundings) -> Body:
    """The body for trigger words: a form, or its fields as JSON. `timestamp` is in epoch seconds with six decimals."""
    content = triggers.fields(event, webhook, around) | {"timestamp": f"{triggers.created_at(event):.6f}"}
    content["text"] = _escaped(content["text"])
    return chat_text.as_json(content) if webhook.trigger_body == "json" else triggers.form(content)


def read_response(response: Response) -> Reply | None:
    """The message that an answer asks for, or None. Entities for `&`, `<` and `>` in its texts are decoded.

    Raises NotAReply for a message that cannot be posted.
    """
    return triggers.read_response(response, escaped=True)
