"""Clicks on attachments' buttons and menus, in Mattermost's format: writes the request, reads the answer. Pure.

The contract is https://developers.mattermost.com/integrate/plugins/interactive-messages/.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ferryman.formats import chat_text, slack_attachments, slack_text, triggers
from ferryman.formats.awaited_answers import NotAnAnswer, json_object
from ferryman.formats.interface import MAX_BYTES, Attachment, Surroundings
from ferryman.formats.slack_blocks import InvalidBlocks


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """One click by a person, as the integration receives it. `selected` is the value that the person chose in a menu.

    A click on a button has no `selected`.
    """

    around: Surroundings  # its token is empty: integrations put a secret into their context instead
    chat_id: str
    message_id: str
    user_id: str
    trigger_id: str
    action: Mapping[str, Any]
    selected: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """The new content of the clicked message. `boxes` are its attachments. None leaves `boxes` or `props` unchanged."""

    text: str
    boxes: list[Attachment] | None = None
    props: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An integration's answer to a click.

    `update` is the message's new content, `ephemeral_text` a text that only the person who clicked sees, and `error`
    the integration's own error text. `names_people` says that `ephemeral_text` contains `<@id>`: the caller replaces
    the ids with handles, which this module cannot look up.
    """

    update: Update | None = None
    ephemeral_text: str = ""
    names_people: bool = False
    error: str | None = None


def encoded(click: Click) -> bytes:
    around, action = click.around, click.action
    context = dict((action.get("integration") or {}).get("context") or {})
    if action.get("type") == "select":
        context["selected_option"] = click.selected or ""
    content = {
        "user_id": triggers.short(click.user_id),
        "user_name": around.author_name,
        "channel_id": triggers.short(click.chat_id),
        "channel_name": around.chat_name,
        "team_id": triggers.short(around.workspace_id),
        "team_domain": triggers.slug(around.workspace_name) or triggers.short(around.workspace_id),
        "post_id": triggers.short(click.message_id),
        "trigger_id": click.trigger_id,
        "type": action.get("type") or "button",
        "data_source": action.get("data_source") or "",
        "context": context,
    }
    return chat_text.as_json(content).content


def read(content: bytes, *, is_whole: bool = True) -> Answer:
    """Read an integration's answer. Empty content gives an empty Answer.

    Raises NotAnAnswer for content that was cut off (`is_whole=False`) or is not a JSON object, and for a field that
    has the wrong type or is too long.
    """
    if not content.strip():
        return Answer()
    sent = json_object(content, is_whole=is_whole)
    try:
        text = slack_attachments.string_of(sent, "ephemeral_text")
        update = slack_attachments.object_of(sent, "update") if sent.get("update") is not None else None
        error = slack_attachments.object_of(sent, "error").get("message")
        changed = _update(update) if update is not None else None
    except (slack_attachments.InvalidPayload, InvalidBlocks):
        raise NotAnAnswer("A field of it is not of its type.") from None
    parsed = sent.get("skip_slack_parsing") is not True
    if parsed:
        text = slack_text.converted(text, {}, loose=True)
    _require_postable(text)
    return Answer(
        update=changed,
        ephemeral_text=text.strip() and text,
        names_people=parsed and bool(slack_text.people(text)),
        error=error if isinstance(error, str) else None,
    )


def _update(sent: dict[str, Any]) -> Update:
    text = slack_attachments.string_of(sent, "message")
    _require_postable(text)
    if sent.get("props") is None:
        return Update(text=text)
    props = slack_attachments.object_of(sent, "props")
    boxes = slack_attachments.attachments_of(props)
    kept = {name: value for name, value in props.items() if name not in slack_attachments.RESERVED_PROPS}
    if len(json.dumps([boxes, kept], ensure_ascii=False).encode("utf-8", "replace")) > MAX_BYTES:
        raise NotAnAnswer(f"Its attachments and props are larger than {MAX_BYTES} bytes.")
    return Update(text=text, boxes=boxes, props=kept)


def _require_postable(text: str) -> None:
    if len(text) > triggers.MAX_TEXT:
        raise NotAnAnswer(f"A text of it has {len(text)} characters; at most {triggers.MAX_TEXT} are accepted.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NotAnAnswer("A text of it has half of a surrogate pair.") from None
