"""Trigger words: says which message calls a webhook, and has the fields and answers of Mattermost and Slack. Pure.

Mattermost's contract (https://developers.mattermost.com/integrate/webhooks/outgoing/) is an extension of Slack's
(https://docs.slack.dev/legacy/legacy-custom-integrations/legacy-custom-integrations-outgoing-webhooks): the fields are
the same but for two, and the answers have the same form.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from ferryman import ids
from ferryman.characters import without_hidden
from ferryman.formats import chat_text, native
from ferryman.formats.interface import (
    FORM,
    MAX_BYTES,
    Body,
    Event,
    NotAReply,
    Reply,
    Response,
    Surroundings,
    TriggeredWebhook,
    TriggerWhen,
)

MAX_TEXT = 16_383  # characters of a reply, as of a post
RESPONSE_BYTES = 1_048_576
_MAX_NAME, _MAX_LINK = 100, 2048


def matched(words: Sequence[str], when: TriggerWhen, text: str) -> str | None:
    """The trigger word with which `text` calls a webhook; None if `text` does not call it.

    The text's first word must equal a trigger word, or start with one, as `when` says. Case matters. Without any
    `words`, every text calls, and the result is "".
    """
    if not words:
        return ""
    first = next(iter(text.split(maxsplit=1)), "")
    if when == "first_word":
        return first if first in words else None
    return next((word for word in words if first.startswith(word)), None)


def calls(webhook: TriggeredWebhook, event: Event) -> bool:
    """Whether an event is a message that calls a webhook with triggers.

    Only a message that a user posted through the API, or a command's answer, can call. Messages of incoming webhooks
    and applications, and other replies of receivers, cannot.
    """
    message = event.data.get("message")
    if event.type != "message.created" or not message:
        return False
    # Otherwise two programs could answer each other without end. Only a person can run a command.
    if message.get("origin") != "token" and message["author"].get("type") != "command":
        return False
    return matched(webhook.trigger_words or [], webhook.trigger_when, message["text"]) is not None


def fields(event: Event, webhook: TriggeredWebhook, around: Surroundings) -> dict[str, str]:
    """The fields of a request that Mattermost and Slack share, in their order.

    The example of a test delivery has no trigger word, so the webhook's first one is put before its text.
    """
    message = event.data["message"]
    words, text = webhook.trigger_words or [], message["text"]
    word = matched(words, webhook.trigger_when, text)
    if word is None:  # a test delivery: its example has no trigger word
        word, text = words[0], f"{words[0]} {text}"
    return {
        "token": around.token,
        "team_id": short(around.workspace_id),
        "team_domain": slug(around.workspace_name) or short(around.workspace_id),
        "channel_id": short(message["chat_id"]),
        "channel_name": around.chat_name,
        "user_id": short(message["author"].get("id") or ""),
        "user_name": around.author_name,
        "text": text,
        "trigger_word": word,
    }


def short(id_: str) -> str:
    """One of our ids without its prefix, as Mattermost writes ids: 26 letters and digits in lower case."""
    return ids.ulid(id_).lower()


def slug(name: str) -> str:
    """A name as a part of a URL: `Acme, Inc.` gives `acme-inc`. A name without ASCII letters or digits gives ""."""
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name.lower())
    return "-".join(filter(None, plain.split("-")))


def created_at(event: Event) -> float:
    """The time at which the message was posted, in epoch seconds."""
    return datetime.fromisoformat(event.created_at).timestamp()


def form(content: dict[str, str]) -> Body:
    return Body(urlencode(content, errors="replace").encode(), FORM)


# --- the answer -------------------------------------------------------------------------------------------------------


def read_response(response: Response, *, escaped: bool = False) -> Reply | None:
    """The message that an answer asks for with `text` or `attachments`; None for an answer without either.

    An answer that is not a JSON object gives None, too. `username` and `icon_url` name the author. Everybody in the
    chat sees the message, whatever `response_type` says. Raises NotAReply for a message that cannot be posted.
    """
    answer = native.json_object(response, RESPONSE_BYTES)
    return None if answer is None else reply_of(answer, escaped=escaped)


def reply_of(answer: dict[str, Any], *, escaped: bool = False) -> Reply | None:
    """The message that an answer's fields ask for; None without text and attachments.

    `escaped` texts have Slack's entities, which are decoded. Raises NotAReply for a message that cannot be posted.
    """
    from ferryman.formats import slack_attachments, slack_text  # few answers ask for a message
    from ferryman.formats.slack_blocks import InvalidBlocks

    parsed = answer.get("skip_slack_parsing") is not True
    try:
        text = slack_attachments.string_of(answer, "text")
        boxes = slack_attachments.attachments_of(answer)
        name, picture = slack_attachments.string_of(answer, "username"), slack_attachments.string_of(answer, "icon_url")
        props = dict(slack_attachments.object_of(answer, "props"))
        urgency = slack_attachments.object_of(answer, "priority")
        priority = slack_attachments.priority_of(urgency) if urgency else None
    except (slack_attachments.InvalidPayload, InvalidBlocks):
        raise NotAReply("a field of it is not of its type") from None
    if not text.strip() and not boxes:
        return None
    if parsed:
        text = slack_text.converted(text, {}, escaped=escaped)
        boxes = [slack_attachments.converted(box, {}, escaped=escaped) for box in boxes]
    for reserved in slack_attachments.RESERVED_PROPS:
        props.pop(reserved, None)
    if len(text) > MAX_TEXT:
        raise NotAReply(f"its text has {len(text)} characters; at most {MAX_TEXT} are accepted")
    attached, kept = _dumped(boxes), _dumped(props)
    if len((attached or "").encode()) + len((kept or "").encode()) > MAX_BYTES:
        raise NotAReply(f"its attachments and props are larger than {MAX_BYTES} bytes")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NotAReply("its text has half of a surrogate pair") from None
    return Reply(
        text=text,
        author_name=without_hidden(name).strip()[:_MAX_NAME] or None,
        author_avatar_url=link(picture),
        attachments=attached,
        props=kept,
        priority=_dumped(priority),
        # In a decoded text, `<@id>` can be literal text that the sender had escaped.
        names_people=parsed and not escaped and any(map(slack_text.people, (text, *_texts(boxes)))),
    )


def _texts(boxes: Sequence[Any]) -> list[str]:
    from ferryman.formats import slack_attachments

    return [text for box in boxes for text in slack_attachments.texts(box)]


def link(url: str) -> str | None:
    """`url` if it is an http or https URL of at most 2,048 characters; None otherwise."""
    return url if url.startswith(("https://", "http://")) and len(url) <= _MAX_LINK else None


def _dumped(value: Any) -> str | None:
    """`value` as JSON, as messages store it; None for an empty value. Half of a surrogate pair becomes `?`."""
    return chat_text.as_json(value).content.decode() if value else None
