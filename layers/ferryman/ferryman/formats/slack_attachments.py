"""Reads Slack's attachments, which Mattermost uses too, and converts their texts to Markdown. Pure.

Attachments come in posts, which the Mattermost dialect reads, and in receivers' answers, which formats read.
"""

import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from ferryman.formats import slack_blocks
from ferryman.formats import slack_text as text
from ferryman.formats.interface import TEXTS, Attachment

# Props that say who posted come from the webhook, never from the sender.
RESERVED_PROPS = {
    "from_webhook",
    "from_bot",
    "from_plugin",
    "from_oauth_app",
    "override_username",
    "override_icon_url",
    "override_icon_emoji",
    "webhook_display_name",
    "attachments",
}
_ACTION_TEXTS = ("id", "name", "style", "data_source", "default_option", "tooltip", "url")
_ID_LETTERS = "ybndrfg8ejkmcpqxot1uwisza345h769"


class InvalidPayload(Exception):
    """The payload is not a JSON object, or one of its fields has the wrong type."""


def attachments_of(sent: Mapping[str, Any]) -> list[Attachment]:
    """The attachments in a payload; `converted` has yet to convert their texts.

    Raises InvalidPayload for a field of the wrong type, and InvalidBlocks for malformed blocks.
    """
    return [_attachment(one) for one in objects_of(sent, "attachments")]


def _attachment(sent: dict[str, Any]) -> Attachment:
    attachment: Attachment = {name: value for name in TEXTS if (value := string_of(sent, name))}
    if "text" not in attachment and sent.get("blocks") and (rendered := slack_blocks.render(sent["blocks"])):
        attachment["text"] = rendered
    stamp = sent.get("ts")
    if isinstance(stamp, str | int | float) and not isinstance(stamp, bool) and stamp != "":
        attachment["ts"] = stamp
    if facts := [_fact(one) for one in objects_of(sent, "fields")]:
        attachment["fields"] = facts
    if actions := [_action(one) for one in objects_of(sent, "actions")]:
        attachment["actions"] = actions
    return attachment


def _fact(sent: dict[str, Any]) -> dict[str, Any]:
    short = sent.get("short")
    if short not in (None, True, False, "true", "false") or isinstance(short, int | float) is not isinstance(
        short, bool
    ):
        raise InvalidPayload
    return {
        "title": string_of(sent, "title"),
        "value": shown_value(sent.get("value")),
        "short": short in (True, "true"),
    }


def shown_value(value: Any) -> str:
    """A fact's value as text. Numbers, lists and objects are written as Go prints them, as Mattermost's server does."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float() if value == int(value) and abs(value) < 1e21:
            return str(int(value))
        case list():
            return f"[{' '.join(map(_member_value, value))}]"
        case dict():
            return f"map[{' '.join(f'{name}:{_member_value(value[name])}' for name in sorted(value))}]"
    return str(value)


def _member_value(value: Any) -> str:
    return "<nil>" if value is None else shown_value(value)


def _action(sent: dict[str, Any]) -> dict[str, Any]:
    """A button or menu with the fields that we store; an id is made for an action without one.

    Fields that only a Slack app understands are dropped. A field of the wrong type counts as missing.
    """
    action: dict[str, Any] = {name: value for name in _ACTION_TEXTS if (value := _loose(sent, name))}
    label = sent.get("text")
    action.setdefault("name", slack_blocks.plain(label))
    action.setdefault("id", "".join(secrets.choice(_ID_LETTERS) for _ in range(26)))
    action["type"] = "select" if sent.get("type") == "select" else "button"
    if sent.get("disabled") is True:
        action["disabled"] = True
    listed = sent.get("options")
    options = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    if options:
        action["options"] = [{"text": _loose(one, "text"), "value": _loose(one, "value")} for one in options]
    called = sent.get("integration")
    if isinstance(called, dict) and isinstance(called.get("url"), str) and called["url"]:
        context = called.get("context")
        action["integration"] = {"url": called["url"], "context": context if isinstance(context, dict) else {}}
    return action


def _loose(sent: dict[str, Any], name: str) -> str:
    value = sent.get(name)
    return value if isinstance(value, str) else ""


def texts(box: Attachment) -> Iterable[str]:
    yield from (box.get(name, "") for name in ("pretext", "text", "title"))
    yield from (fact["value"] for fact in box.get("fields", ()))


def converted(box: Attachment, handle_of: Mapping[str, str], *, escaped: bool) -> Attachment:
    attachment = dict(box)
    for name in ("pretext", "text"):
        if name in attachment:
            attachment[name] = text.converted(attachment[name], handle_of, loose=True, escaped=escaped)
    if "title" in attachment:
        attachment["title"] = text.announced(attachment["title"], handle_of)
        if escaped:
            attachment["title"] = text.unescaped(attachment["title"])
    if "fields" in attachment:
        attachment["fields"] = [
            {**fact, "value": text.converted(fact["value"], handle_of, loose=True, escaped=escaped)}
            for fact in attachment["fields"]
        ]
    return attachment


def named(box: Attachment, handle_of: Mapping[str, str]) -> Attachment:
    """The attachment with handles in place of the `<@id>` in its texts, which `converted` has already converted."""
    attachment = box | {name: text.named(box[name], handle_of) for name in ("pretext", "text", "title") if name in box}
    if "fields" in attachment:
        attachment["fields"] = [
            {**fact, "value": text.named(fact["value"], handle_of)} for fact in attachment["fields"]
        ]
    return attachment


def priority_of(wanted: dict[str, Any]) -> dict[str, Any]:
    """A payload's priority in the form that messages store. Raises InvalidPayload for a level that is not a text."""
    return {
        "level": (string_of(wanted, "priority") or "standard")[:32],
        "acknowledge": wanted.get("requested_ack") is True,
        "persistent": wanted.get("persistent_notifications") is True,
    }


def string_of(sent: Mapping[str, Any], name: str) -> str:
    """A text field of a payload; "" for null and for a missing one. Raises InvalidPayload for another type."""
    value = sent.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidPayload
    return value or ""


def object_of(sent: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = sent.get(name)
    if value is not None and not isinstance(value, dict):
        raise InvalidPayload
    return value or {}


def objects_of(sent: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """A list of objects in a payload, without its null members. Raises InvalidPayload for another type."""
    value = sent.get(name)
    if value is not None and not isinstance(value, list):
        raise InvalidPayload
    objects = [one for one in value or () if one is not None]
    if not all(isinstance(one, dict) for one in objects):
        raise InvalidPayload
    return objects
