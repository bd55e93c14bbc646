"""Reading what clients of Mattermost and Slack post to an incoming webhook: shapes, aliases and conversions only.

Raises InvalidContent, InvalidPayload, InvalidBlocks, NoText, PriorityMissing, SystemType, UnknownType,
TooManyAttachments and PropsTooLarge; each has its words in `answers`.
"""

import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from ferryman.conversations.messages import attachments as kept
from ferryman.conversations.messages.attachments import Attachment
from ferryman.dialects.mattermost import blocks as slack_blocks
from ferryman.dialects.mattermost import split, text
from ferryman.integrations.incoming_webhooks.posts import Post

type Parse = Callable[[bytes], Any]  # the first JSON value; raises InvalidPayload
type Names = Callable[[set[str]], Mapping[str, str]]  # the handles of those of these user ids that are known

MAX_BYTES = 300_512
MAX_ATTACHMENTS = 100  # Slack's
_MEDIA = re.compile(r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+(?:/[!#$%&'*+.^_`|~0-9A-Za-z-]+)?)\s*(?:;.*)?")
_MULTIPART = {"iconurl": "icon_url", "iconemoji": "icon_emoji", "channelname": "channel"}
_KNOWN_PARTS = {"text", "username", "channel", "type", "icon_url", "icon_emoji"}
# Props that say who posted come from the webhook, never from the sender.
_RESERVED = {
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
_MAX_NAME, _MAX_LINK = 100, 2048
_HIDDEN = re.compile("[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


class InvalidContent(Exception):
    """The content type or a multipart body cannot be read."""


class InvalidPayload(Exception):
    """No JSON object, or a field of it is not of its type."""


class NoText(Exception):
    """Neither text nor attachments nor blocks."""


class PriorityMissing(Exception):
    """`priority` without a `priority` of its own."""


class SystemType(Exception):
    """A type that only the system itself gives."""


class UnknownType(Exception):
    """A type that is neither empty nor custom."""


class TooManyAttachments(Exception):
    """More than Slack takes."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How the two flavours differ."""

    escaped: bool  # texts have `&lt;` for `<`
    most_attachments: int | None = None


MATTERMOST = Rules(escaped=False)
SLACK = Rules(escaped=True, most_attachments=MAX_ATTACHMENTS)


def payload(content: bytes, header: str, query: str, parse: Parse) -> dict[str, Any]:
    """The JSON object of a request, whatever content type its `header` names."""
    if len(content) > MAX_BYTES:
        raise InvalidPayload
    media = ""
    if header.strip():
        match = _MEDIA.fullmatch(header)
        if match is None:
            raise InvalidContent
        media = match[1].lower()
    if media == "multipart/form-data":
        return _multipart(header, content, parse)
    if media == "application/x-www-form-urlencoded" or (not media and content.lstrip().startswith(b"payload=")):
        content = _form(content, query)
    return _parsed(content, parse)


def _parsed(content: bytes, parse: Parse) -> dict[str, Any]:
    value = parse(content)
    if not isinstance(value, dict):
        raise InvalidPayload
    return value


def _form(content: bytes, query: str) -> bytes:
    if content.lstrip()[:1] == b"{":
        return content  # curl -d sends JSON under the form's media type unless told otherwise
    try:
        fields = parse_qs(content.decode(), keep_blank_values=True, errors="strict", max_num_fields=50)
        fields |= parse_qs(query, max_num_fields=50) if "payload" not in fields else {}
    except ValueError:
        raise InvalidPayload from None
    if "payload" not in fields:
        raise InvalidPayload
    return fields["payload"][0].encode()


def _multipart(header: str, content: bytes, parse: Parse) -> dict[str, Any]:
    from email.parser import BytesParser  # few senders need it
    from email.policy import HTTP

    try:
        message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + header.encode() + b"\r\n\r\n" + content)
        fields: dict[str, str] = {}
        for part in message.iter_parts():
            name = str(part.get_param("name", header="content-disposition") or "")
            content_of = part.get_payload(decode=True)
            fields[name] = content_of.decode() if isinstance(content_of, bytes) else ""
    except (ValueError, AttributeError, LookupError):
        raise InvalidContent from None
    if "payload" in fields:
        return _parsed(fields["payload"].encode(), parse)
    if not message.is_multipart():
        raise InvalidContent
    named = {_MULTIPART.get(name.lower(), name.lower()): value for name, value in fields.items()}
    if not named or not named.keys() <= _KNOWN_PARTS:
        raise InvalidContent
    return named


def post(sent: dict[str, Any], rules: Rules, names: Names) -> Post:
    """The post that a payload asks for."""
    said = _string(sent, "text")
    boxes = attachments_of(sent)
    layout = sent.get("blocks")
    if rules.most_attachments is not None and len(boxes) > rules.most_attachments:
        raise TooManyAttachments
    rendered = slack_blocks.render(layout) if layout else ""
    if not said:
        said = rendered
    if not said and not boxes:
        raise NoText
    _check_type(_string(sent, "type"))
    props = {name: value for name, value in _object(sent, "props").items() if name not in _RESERVED}
    if layout:
        props["blocks"] = layout
    known = names(text.people(said).union(*(text.people(one) for box in boxes for one in _texts(box))))
    said = text.converted(said, known, escaped=rules.escaped)
    boxes = [_converted(box, known, escaped=rules.escaped) for box in boxes]
    return Post(
        parts=split.parts(said, boxes, props),
        to=_string(sent, "channel").strip() or None,
        author_name=_HIDDEN.sub("", _string(sent, "username")).strip()[:_MAX_NAME] or None,
        author_avatar_url=_link(_string(sent, "icon_url")),
        author_emoji=_string(sent, "icon_emoji").strip().strip(":")[:_MAX_NAME] or None,
        props=props or None,
        priority=_priority(sent),
    )


def _check_type(kind: str) -> None:
    if kind.startswith("system_"):
        raise SystemType
    if kind and not kind.startswith("custom_") and kind != "slack_attachment":
        raise UnknownType


def _priority(sent: dict[str, Any]) -> dict[str, Any] | None:
    wanted = _object(sent, "priority")
    if sent.get("priority") is None:
        return None
    if wanted.get("priority") is None:
        raise PriorityMissing
    return {
        "level": (_string(wanted, "priority") or "standard")[:32],
        "acknowledge": wanted.get("requested_ack") is True,
        "persistent": wanted.get("persistent_notifications") is True,
    }


def _link(value: str) -> str | None:
    return value if value.startswith(("https://", "http://")) and len(value) <= _MAX_LINK else None


def _string(sent: Mapping[str, Any], name: str) -> str:
    """A text field; null and empty are absent."""
    value = sent.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidPayload
    return value or ""


def _object(sent: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = sent.get(name)
    if value is not None and not isinstance(value, dict):
        raise InvalidPayload
    return value or {}


def _objects(sent: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """A list of objects; null members are dropped."""
    value = sent.get(name)
    if value is not None and not isinstance(value, list):
        raise InvalidPayload
    found = [one for one in value or () if one is not None]
    if not all(isinstance(one, dict) for one in found):
        raise InvalidPayload
    return found


# --- attachments ------------------------------------------------------------------------------------------------------


def attachments_of(sent: Mapping[str, Any]) -> list[Attachment]:
    """The attachments of a payload, before their texts are converted."""
    return [_attachment(one) for one in _objects(sent, "attachments")]


def _attachment(sent: dict[str, Any]) -> Attachment:
    found: Attachment = {name: value for name in kept.TEXTS if (value := _string(sent, name))}
    if "text" not in found and sent.get("blocks") and (rendered := slack_blocks.render(sent["blocks"])):
        found["text"] = rendered
    stamp = sent.get("ts")
    if isinstance(stamp, str | int | float) and not isinstance(stamp, bool) and stamp != "":
        found["ts"] = stamp
    if facts := [_fact(one) for one in _objects(sent, "fields")]:
        found["fields"] = facts
    if actions := [_action(one) for one in _objects(sent, "actions")]:
        found["actions"] = actions
    return found


def _fact(sent: dict[str, Any]) -> dict[str, Any]:
    short = sent.get("short")
    if short not in (None, True, False, "true", "false") or isinstance(short, int | float) is not isinstance(
        short, bool
    ):
        raise InvalidPayload
    return {"title": _string(sent, "title"), "value": shown_value(sent.get("value")), "short": short in (True, "true")}


def shown_value(value: Any) -> str:
    """A fact's value as text: numbers, lists and objects as Go prints them, which is how clients know them."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case float() if value == int(value) and abs(value) < 1e21:
            return str(int(value))
        case list():
            return f"[{' '.join(shown_value(one) if one is not None else '<nil>' for one in value)}]"
        case dict():
            return f"map[{' '.join(f'{name}:{shown_value(value[name])}' for name in sorted(value))}]"
    return str(value)


def _action(sent: dict[str, Any]) -> dict[str, Any]:
    """A button or menu. A link stays; a name that only an application of Slack knows is dropped."""
    found: dict[str, Any] = {name: value for name in _ACTION_TEXTS if (value := _loose(sent, name))}
    label = sent.get("text")
    found.setdefault("name", slack_blocks.plain(label))
    found.setdefault("id", "".join(secrets.choice(_ID_LETTERS) for _ in range(26)))
    found["type"] = "select" if sent.get("type") == "select" else "button"
    if sent.get("disabled") is True:
        found["disabled"] = True
    options = [one for one in sent.get("options") or () if isinstance(one, dict)]
    if options:
        found["options"] = [{"text": _loose(one, "text"), "value": _loose(one, "value")} for one in options]
    called = sent.get("integration")
    if isinstance(called, dict) and isinstance(called.get("url"), str) and called["url"]:
        context = called.get("context")
        found["integration"] = {"url": called["url"], "context": context if isinstance(context, dict) else {}}
    return found


def _loose(sent: dict[str, Any], name: str) -> str:
    value = sent.get(name)
    return value if isinstance(value, str) else ""


def _texts(box: Attachment) -> Iterable[str]:
    yield from (box.get(name, "") for name in ("pretext", "text", "title"))
    yield from (fact["value"] for fact in box.get("fields", ()))


def _converted(box: Attachment, known: Mapping[str, str], *, escaped: bool) -> Attachment:
    found = dict(box)
    for name in ("pretext", "text"):
        if name in found:
            found[name] = text.converted(found[name], known, loose=True, escaped=escaped)
    if "title" in found:
        found["title"] = text.announced(found["title"], known)
        if escaped:
            found["title"] = text.unescaped(found["title"])
    if "fields" in found:
        found["fields"] = [
            {**fact, "value": text.converted(fact["value"], known, loose=True, escaped=escaped)}
            for fact in found["fields"]
        ]
    return found
