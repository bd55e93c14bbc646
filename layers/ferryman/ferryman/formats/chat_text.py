"""Turns our Markdown into the markup of chat products, and cuts it to their limits. Pure."""

import json
import re
from collections.abc import Callable
from typing import Any

from ferryman.formats.interface import Body, Event

# Python compiles each pattern at its first use, not at a cold start.
_CODE = r"(?s)(```.*?```|`[^`\n]+`)"
_BOLD = r"\*\*(\S(?:[^*\n]*\S)?)\*\*|__(\S(?:[^_\n]*\S)?)__"
_STRUCK = r"~~(\S(?:[^~\n]*\S)?)~~"
_LINK = r"!?\[([^\]\n]+)\]\((https?://[^\s()<>|]+)\)"
_EVERYBODY = r"(?i)@(?=(?:all|channel|here)\b)"


def tells(event: Event) -> bool:
    """Whether the event is a new message that everybody in its chat sees."""
    return event.type == "message.created" and not event.data["message"].get("visible_to")


def text_of(event: Event) -> str:
    """The message's text, or its attachments' texts, one on each line; "(a message without text)" without either."""
    message = event.data["message"]
    if message["text"].strip():
        return str(message["text"])
    attached = message.get("attachments") or []
    parts = [one.get("text") or one.get("title") or one.get("fallback") for one in attached if isinstance(one, dict)]
    return "\n".join(str(part) for part in parts if part) or "(a message without text)"


def author_of(event: Event) -> dict[str, Any]:
    """The `name` and the `avatar_url` of the message's author, by these keys; an empty value is left out."""
    author = event.data["message"]["author"]
    return {name: author[name] for name in ("name", "avatar_url") if author.get(name)}


def cut(text: str, limit: int) -> str:
    """`text` with at most `limit` characters. A text that was cut ends in an ellipsis."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def nobody_called(text: str) -> str:
    """`text` in which @all, @channel and @here notify nobody: an invisible word joiner follows the @."""
    return re.sub(_EVERYBODY, "@\u2060", text)


def marked(text: str, plain: Callable[[str], str]) -> str:
    """Our Markdown in the markup of Slack and Google Chat: `*bold*`, `~struck~` and `<address|label>`.

    `plain` escapes a piece of text as the product needs it; every piece passes through it. Code gets no other change.
    """
    parts = re.split(_CODE, text)
    return "".join(plain(part) if number % 2 else _marked(part, plain) for number, part in enumerate(parts))


def _marked(text: str, plain: Callable[[str], str]) -> str:
    parts, at = [], 0
    for link in re.finditer(_LINK, text):
        parts += [_emphasized(plain(text[at : link.start()])), f"<{plain(link[2])}|{plain(link[1])}>"]
        at = link.end()
    return "".join([*parts, _emphasized(plain(text[at:]))])


def _emphasized(text: str) -> str:
    bold = re.sub(_BOLD, lambda match: f"*{match[1] or match[2]}*", text)
    return re.sub(_STRUCK, r"~\1~", bold)


def as_json(content: dict[str, Any] | list[Any]) -> Body:
    """`content` as a body of JSON in UTF-8. A character that UTF-8 cannot hold becomes a question mark."""
    return Body(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(errors="replace"))


def described(event: dict[str, Any], required: list[str], properties: dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema of a product's body: `event`, the schema of our own body, with other properties."""
    return {**event, "required": required, "properties": properties}
