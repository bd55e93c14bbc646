"""The types that formats take from the core and return to it.

A format sees events and webhooks through the protocols here, so formats import nothing from the core.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
# How a trigger word is found in a message's first word, and how the body of such a delivery is written.
type TriggerWhen = Literal["first_word", "starts_with"]
type TriggerBody = Literal["form", "json"]
# An attachment of a message in the words that chat products share, its texts, and how large attachments may be.
type Attachment = dict[str, Any]
MAX_BYTES = 131_072  # of a message's attachments and props as JSON; an item of DynamoDB holds 400 KB
TEXTS = (
    "fallback",
    "color",
    "pretext",
    "author_name",
    "author_link",
    "author_icon",
    "title",
    "title_link",
    "text",
    "image_url",
    "thumb_url",
    "footer",
    "footer_icon",
)


class Event(Protocol):
    """The part of an event that a format may use."""

    @property
    def type(self) -> str: ...
    @property
    def created_at(self) -> str: ...
    @property
    def livemode(self) -> bool: ...
    @property
    def test(self) -> bool | None: ...
    @property
    def data(self) -> dict[str, Any]: ...
    @property
    def body(self) -> str:
        """The event as JSON in our own format, all ASCII."""
        ...


class Webhook(Protocol):
    """The part of a webhook that a format may use."""

    @property
    def webhook_id(self) -> str: ...


class TriggeredWebhook(Webhook, Protocol):
    """A webhook that may have trigger words: then only messages that begin with one of the words are delivered."""

    @property
    def trigger_words(self) -> list[str] | None:
        """The webhook's trigger words. With an empty list, every message calls it; None: it does not use triggers."""
        ...

    @property
    def trigger_when(self) -> TriggerWhen: ...
    @property
    def trigger_body(self) -> TriggerBody: ...


class Response(Protocol):
    """The body of a receiver's 2xx answer. `is_whole` is false when the body was cut off."""

    @property
    def content(self) -> bytes: ...
    @property
    def content_type(self) -> str: ...
    @property
    def is_whole(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Body:
    """A rendered body. Every attempt of a delivery sends the same bytes, unless the webhook has trigger words.

    The body for such a webhook contains its token and the names of the workspace, the chat and the author, as they are
    at the time of the attempt.
    """

    content: bytes
    content_type: str = JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The names and the token in the request for a trigger word, a command or a click.

    `author_name` names the person who posted, ran the command or clicked.
    """

    workspace_id: str
    workspace_name: str
    chat_name: str
    author_name: str
    token: str = field(repr=False)  # with which the receiver verifies the sender


@dataclass(frozen=True, slots=True)
class Reply:
    """The message that a receiver's answer asks Ferryman to post.

    `attachments`, `props` and `priority` are JSON texts, as messages store them. `names_people` says that a text
    contains `<@id>`: the caller replaces the ids with handles, which a format cannot look up.
    """

    text: str
    author_name: str | None = None
    author_avatar_url: str | None = None
    attachments: str | None = None
    props: str | None = None
    priority: str | None = None
    names_people: bool = False


class NotAReply(Exception):
    """An answer asks for a message that cannot be posted. The text says why, and is shown in the delivery's log."""


@dataclass(frozen=True, slots=True)
class Signing:
    """A product's own way to sign a delivery. Both functions return headers."""

    headers: Callable[[str, str], dict[str, str]]  # event type, delivery id → the headers that need no secret
    sign: Callable[[Sequence[str], bytes], dict[str, str]]  # valid secrets (newest first), body → signature headers


@dataclass(frozen=True, slots=True)
class OutgoingFormat:
    """The functions that write a product's deliveries and read its answers.

    `can_render` says whether the format can express an event; `render` is called for such events only. `schema` turns
    the JSON Schema of our own body for a type of event into that of this format's body. `read_response` returns the
    reply in a 2xx answer, of which it gets at most `response_bytes`; it returns None for an answer without a reply, and
    raises NotAReply for a reply that cannot be posted. Webhooks can have trigger words only in a format with
    `render_triggered`, which renders their deliveries instead of `render`.
    """

    can_render: Callable[[Event], bool]
    render: Callable[[Event, Webhook], Body]
    schema: Callable[[dict[str, Any]], dict[str, Any]]
    signing: Signing | None = None  # the format's own signature, which has the format's name; None: `fm` signs
    read_response: Callable[[Response], Reply | None] | None = None
    response_bytes: int = 0
    render_triggered: Callable[[Event, TriggeredWebhook, Surroundings], Body] | None = None
