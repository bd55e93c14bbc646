"""Attachments below a message: coloured boxes with title, text, facts and buttons. Pure: how they are stored and shown.

Fields have the names that chat products share (`title_link`, `thumb_url`), so that a message looks the same everywhere.
A message stores its attachments as JSON in one attribute, so reading them takes no further call.
`formats.slack_attachments` reads the attachments that clients of Slack and Mattermost post.
"""

import json
from collections.abc import Sequence
from typing import Any

from ferryman.formats.interface import MAX_BYTES as MAX_BYTES
from ferryman.formats.interface import TEXTS as TEXTS
from ferryman.formats.interface import Attachment as Attachment

ACTION_TEXTS = ("id", "type", "name", "style", "data_source", "default_option", "tooltip", "url")


def dump(attachments: Sequence[Attachment]) -> str | None:
    """Attachments as the JSON text that a message stores; None for an empty list."""
    return _json(list(attachments)) if attachments else None


def load(text: str | None) -> list[Attachment]:
    attachments: list[Attachment] = json.loads(text or "[]")
    return attachments


def size(value: Any) -> int:
    """The size in bytes of a value as the JSON that a message stores."""
    return len(_json(value).encode("utf-8", "surrogatepass"))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def shown(text: str | None) -> list[dict[str, Any]] | None:
    """The attachments in `text` (a message's JSON) for the API, with null for unset fields; None if `text` is empty.

    Leaves out the URL that a button calls.
    """
    return [_shown(one) for one in load(text)] if text else None


def _shown(attachment: Attachment) -> dict[str, Any]:
    return {
        **{name: attachment.get(name) for name in TEXTS},
        "ts": attachment.get("ts"),
        "fields": [
            {"title": fact.get("title"), "value": fact.get("value"), "short": bool(fact.get("short"))}
            for fact in attachment.get("fields") or ()
        ],
        "actions": [_shown_action(action) for action in attachment.get("actions") or ()],
    }


def _shown_action(action: dict[str, Any]) -> dict[str, Any]:
    return {
        **{name: action.get(name) for name in ACTION_TEXTS},
        "disabled": bool(action.get("disabled")),
        "options": [
            {"text": option.get("text"), "value": option.get("value")} for option in action.get("options") or ()
        ],
    }
