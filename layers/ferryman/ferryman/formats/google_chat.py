"""Google Chat's form of a message, for its incoming webhooks: `{"text": …}` in its own markup. Pure.

Google Chat has no way to escape `<`, and `<users/all>` notifies everybody. So an invisible word joiner follows that `<`
(https://developers.google.com/workspace/chat/format-messages).
"""

from typing import Any

from ferryman.formats import chat_text
from ferryman.formats.interface import Body, Event, Webhook

MAX_TEXT = 4_096  # characters
can_render = chat_text.tells


def _harmless(text: str) -> str:
    return text.replace("<users/", "<\u2060users/")


def render(event: Event, _webhook: Webhook) -> Body:
    """The message, cut to 4,096 characters.

    The text begins with the author's name, if there is one, because Google Chat shows the webhook's name as sender.
    """
    name = chat_text.author_of(event).get("name")
    text = chat_text.marked(chat_text.text_of(event), _harmless)
    text = f"*{_harmless(name)}*: {text}" if name else text
    return chat_text.as_json({"text": chat_text.cut(text, MAX_TEXT)})


def schema(event: dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema of Google Chat's body."""
    text = {"type": "string", "minLength": 1, "maxLength": MAX_TEXT, "description": "In Google Chat's markup."}
    return chat_text.described(event, ["text"], {"text": text})
