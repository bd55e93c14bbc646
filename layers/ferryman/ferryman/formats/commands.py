"""Slash commands in the format of Mattermost and Slack: writes the request, reads the receiver's answer. Pure.

The contract is https://developers.mattermost.com/integrate/slash-commands/custom/, an extension of Slack's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from ferryman.formats import triggers
from ferryman.formats.awaited_answers import NotAnAnswer, json_object
from ferryman.formats.interface import FORM, NotAReply, Reply, Surroundings

MAX_MESSAGES = 20  # that one answer may ask for
_JSON = "application/json"
_IN_CHANNEL, _EPHEMERAL = "in_channel", ("", "ephemeral")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a command, as its receiver gets it. `mentions` are the (handle, user id) of people named in `text`."""

    around: Surroundings
    chat_id: str
    user_id: str
    command: str  # with the slash
    text: str
    trigger_id: str
    response_url: str
    mentions: Sequence[tuple[str, str]] = ()


def fields(run: Run) -> list[tuple[str, str]]:
    """The form fields of the request as (name, value) pairs, in the order in which Mattermost sends them."""
    around = run.around
    fields = [
        ("token", around.token),
        ("team_id", triggers.short(around.workspace_id)),
        ("team_domain", triggers.slug(around.workspace_name) or triggers.short(around.workspace_id)),
        ("channel_id", triggers.short(run.chat_id)),
        ("channel_name", around.chat_name),
        ("user_id", triggers.short(run.user_id)),
        ("user_name", around.author_name),
        ("command", run.command),
        ("text", run.text),
        ("trigger_id", run.trigger_id),
        ("response_url", run.response_url),
    ]
    for handle, user_id in run.mentions:
        fields += [("user_mentions", handle), ("user_mentions_ids", triggers.short(user_id))]
    return fields


def encoded(run: Run) -> str:
    return urlencode(fields(run), errors="replace")


def headers(run: Run, *, has_body: bool) -> dict[str, str]:
    """The request's headers, with the token in `Authorization: Token …`, and the type of a form if it `has_body`."""
    headers = {"Accept": _JSON, "Authorization": f"Token {run.around.token}"}
    return headers | {"Content-Type": FORM} if has_body else headers


# --- the answer -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message that an answer asks Ferryman to post.

    Everybody in the chat sees the message if `in_channel`, otherwise only the person who ran the command. `chat` is the
    short id of another chat to post in, or "". `refusal` says why the message cannot be posted; None if it can.
    """

    reply: Reply | None
    in_channel: bool
    chat: str = ""
    refusal: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A receiver's answer to a command.

    `goto_location` is a URL that the person's client opens. `shown` has the answer's fields as Mattermost's clients
    expect them, each key present.
    """

    messages: list[Message]
    goto_location: str | None = None
    shown: dict[str, Any] = field(default_factory=dict)


def read(content: bytes, content_type: str, *, is_whole: bool = True) -> Answer:
    """Read a receiver's answer: JSON if `content_type` is application/json, otherwise plain text.

    Raises NotAnAnswer for JSON that was cut off (`is_whole=False`), is not an object, has a field of the wrong type, or
    asks for more than 20 messages.
    """
    if content_type.partition(";")[0].strip().lower() != _JSON:
        text = content.decode("utf-8", "replace")
        return _answer({"text": text})
    otherwise = "It is not JSON, though its content type says so."
    return _answer(json_object(content, is_whole=is_whole, otherwise=otherwise))


def _answer(sent: dict[str, Any]) -> Answer:
    extra = sent.get("extra_responses") or []
    if not isinstance(extra, list) or not all(one is None or isinstance(one, dict) for one in extra):
        raise NotAnAnswer("extra_responses must be a list of objects.")
    asked = [_message(one) for one in [sent, *filter(None, extra)]]
    messages = [message for message in asked if message]
    if len(messages) > MAX_MESSAGES:
        raise NotAnAnswer(f"It asks for {len(messages)} messages; at most {MAX_MESSAGES} are posted.")
    goto = sent.get("goto_location")
    return Answer(
        messages=messages,
        goto_location=triggers.link(goto) if isinstance(goto, str) else None,
        shown=_shown(sent) | {"extra_responses": [_shown(one) for one in extra if one] or None},
    )


def _message(sent: dict[str, Any]) -> Message | None:
    for name in ("response_type", "type", "channel_id", "goto_location"):
        if sent.get(name) is not None and not isinstance(sent[name], str):
            raise NotAnAnswer(f"{name} must be a text.")
    where = sent.get("response_type") or ""
    if where != _IN_CHANNEL and where not in _EPHEMERAL:
        return None
    refusal = "a type that begins with system_ is the system's own" if _is_system(sent) else None
    try:
        reply = triggers.reply_of(sent)
    except NotAReply as reason:
        if "not of its type" in str(reason):
            raise NotAnAnswer("A field of it is not of its type.") from None
        reply, refusal = None, str(reason)
    if reply is None and refusal is None:
        return None
    return Message(
        reply=reply, in_channel=where == _IN_CHANNEL, chat=str(sent.get("channel_id") or "").lower(), refusal=refusal
    )


def _is_system(sent: dict[str, Any]) -> bool:
    return str(sent.get("type") or "").startswith("system_")


def _shown(sent: dict[str, Any]) -> dict[str, Any]:
    """The answer's fields as the products' clients expect them, each key present."""
    texts = ("response_type", "text", "username", "channel_id", "icon_url", "type", "goto_location")
    return {
        **{name: str(sent.get(name) or "") for name in texts},
        "props": _props(sent.get("props")),
        "skip_slack_parsing": sent.get("skip_slack_parsing") is True,
        "attachments": _without_addresses(sent.get("attachments")),
        "trigger_id": "",
        "extra_responses": None,
    }


def _props(props: Any) -> dict[str, Any] | None:
    if not isinstance(props, dict) or not props:
        return None
    return props | ({"attachments": _without_addresses(props["attachments"])} if "attachments" in props else {})


def _without_addresses(attachments: Any) -> list[Any] | None:
    """Attachments without the secret URL (`integration`) of each button; None for an empty list or another type."""
    if not isinstance(attachments, list) or not attachments:
        return None
    return [
        {**box, "actions": [_harmless(action) for action in box["actions"]]}
        if isinstance(box, dict) and isinstance(box.get("actions"), list)
        else box
        for box in attachments
    ]


def _harmless(action: Any) -> Any:
    if not isinstance(action, dict):
        return action
    return {name: value for name, value in action.items() if name != "integration"}
