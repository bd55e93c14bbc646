"""Reads what clients of Mattermost and Slack post to an incoming webhook: shapes, aliases and conversions only.

Raises InvalidContent, InvalidPayload, InvalidBlocks, NoText, PriorityMissing, SystemType, UnknownType,
TooManyAttachments and PropsTooLarge. `answers` has the answer to each of them. `formats.slack_attachments` and
`formats.slack_blocks` read attachments and blocks, because the answers of receivers hold them as well.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from ferryman.characters import without_hidden
from ferryman.dialects.mattermost import split
from ferryman.formats import slack_attachments, slack_blocks
from ferryman.formats import slack_text as text
from ferryman.formats.slack_attachments import RESERVED_PROPS, object_of, string_of
from ferryman.formats.slack_attachments import InvalidPayload as InvalidPayload
from ferryman.formats.triggers import link
from ferryman.integrations.incoming_webhooks.posts import Post

type Parse = Callable[[bytes], Any]  # the first JSON value; raises InvalidPayload
type Names = Callable[[set[str]], Mapping[str, str]]  # user ids → the handles of the users that exist

MAX_BYTES = 300_512
MAX_ATTACHMENTS = 100  # Slack's
_MEDIA = re.compile(r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+(?:/[!#$%&'*+.^_`|~0-9A-Za-z-]+)?)\s*(?:;.*)?")
_MULTIPART = {"iconurl": "icon_url", "iconemoji": "icon_emoji", "channelname": "channel"}
_KNOWN_PARTS = {"text", "username", "channel", "type", "icon_url", "icon_emoji"}
_MAX_NAME = 100


class InvalidContent(Exception):
    """The content type, or a multipart body, cannot be read."""


class NoText(Exception):
    """The payload has neither text nor attachments nor blocks."""


class PriorityMissing(Exception):
    """The object `priority` has no field `priority` with the level."""


class SystemType(Exception):
    """The payload has a type (`system_…`) that is reserved for Mattermost itself."""


class UnknownType(Exception):
    """The payload's type is neither empty nor a custom one."""


class TooManyAttachments(Exception):
    """The payload has more attachments than Slack accepts."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules that differ between the flavours `mattermost` and `slack`."""

    escaped: bool  # texts contain `&lt;` instead of `<`
    most_attachments: int | None = None


MATTERMOST = Rules(escaped=False)
SLACK = Rules(escaped=True, most_attachments=MAX_ATTACHMENTS)


def payload(content: bytes, header: str, query: str, parse: Parse) -> dict[str, Any]:
    """The JSON object in a request's body. `header` is its Content-Type, and `query` is the query string.

    Raises InvalidContent for a header or multipart body that cannot be read, and InvalidPayload for any other body
    without a JSON object.
    """
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
        return content  # curl -d labels JSON as a form by default
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
    """The post that a payload asks for. Raises the exceptions of this module, InvalidBlocks and PropsTooLarge."""
    message_text = string_of(sent, "text")
    boxes = slack_attachments.attachments_of(sent)
    layout = sent.get("blocks")
    if rules.most_attachments is not None and len(boxes) > rules.most_attachments:
        raise TooManyAttachments
    rendered = slack_blocks.render(layout) if layout else ""
    if not message_text:
        message_text = rendered
    if not message_text and not boxes:
        raise NoText
    _check_type(string_of(sent, "type"))
    props = {name: value for name, value in object_of(sent, "props").items() if name not in RESERVED_PROPS}
    if layout:
        props["blocks"] = layout
    handle_of = names(
        text.people(message_text).union(*(text.people(one) for box in boxes for one in slack_attachments.texts(box)))
    )
    message_text = text.converted(message_text, handle_of, escaped=rules.escaped)
    boxes = [slack_attachments.converted(box, handle_of, escaped=rules.escaped) for box in boxes]
    return Post(
        parts=split.parts(message_text, boxes, props),
        to=string_of(sent, "channel").strip() or None,
        author_name=without_hidden(string_of(sent, "username")).strip()[:_MAX_NAME] or None,
        author_avatar_url=link(string_of(sent, "icon_url")),
        author_emoji=string_of(sent, "icon_emoji").strip().strip(":")[:_MAX_NAME] or None,
        props=props or None,
        priority=_priority(sent),
    )


def _check_type(kind: str) -> None:
    if kind.startswith("system_"):
        raise SystemType
    if kind and not kind.startswith("custom_") and kind != "slack_attachment":
        raise UnknownType


def _priority(sent: dict[str, Any]) -> dict[str, Any] | None:
    wanted = object_of(sent, "priority")
    if sent.get("priority") is None:
        return None
    if wanted.get("priority") is None:
        raise PriorityMissing
    return slack_attachments.priority_of(wanted)
