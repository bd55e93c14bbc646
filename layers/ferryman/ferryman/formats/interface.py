"""The types between the core and the formats: what a format is given, and what it gives back.

A format sees an event and a webhook through the protocols here, so it imports nothing of the core.
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
        """The body of our own format, ASCII JSON."""
        ...


class Webhook(Protocol):
    """The part of a webhook that a format may use."""

    @property
    def webhook_id(self) -> str: ...


class TriggeredWebhook(Webhook, Protocol):
    """A webhook that messages call by their first word, its trigger word."""

    @property
    def trigger_words(self) -> list[str] | None:
        """The words that call the webhook: an empty list for every message, None for a webhook without triggers."""
        ...

    @property
    def trigger_when(self) -> TriggerWhen: ...
    @property
    def trigger_body(self) -> TriggerBody: ...


class Response(Protocol):
    """The body of a receiver's 2xx answer. `is_whole` is false when it was cut off."""

    @property
    def content(self) -> bytes: ...
    @property
    def content_type(self) -> str: ...
    @property
    def is_whole(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Body:
    """A rendered body: the same bytes on every attempt of a delivery, unless it is for trigger words.

    That one holds the webhook's token and the names of the workspace, the chat and the person, as they are then.
    """

    content: bytes
    content_type: str = JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The names that the body of a delivery with a trigger holds besides its event."""

    workspace_id: str
    workspace_name: str
    chat_name: str
    author_name: str
    token: str = field(repr=False)  # by which the receiver knows the sender


@dataclass(frozen=True, slots=True)
class Reply:
    """The message that a receiver's answer asks for. Attachments, props and priority are JSON, as messages keep it.

    With `names_people`, its texts have ids of people, whose handles are not known here.
    """

    text: str
    author_name: str | None = None
    author_avatar_url: str | None = None
    attachments: str | None = None
    props: str | None = None
    priority: str | None = None
    names_people: bool = False


class NotAReply(Exception):
    """The answer asks for a message that cannot be posted. The text says why; the delivery's log shows it."""


@dataclass(frozen=True, slots=True)
class Signing:
    """A product's own way to sign a delivery: the headers, and the signature."""

    headers: Callable[[str, str], dict[str, str]]  # from event type and delivery id: those that need no secret
    sign: Callable[[Sequence[str], bytes], dict[str, str]]  # from the valid secrets, newest first, and the body


@dataclass(frozen=True, slots=True)
class OutgoingFormat:
    """How a product's deliveries look, and how its answers are read.

    `can_render` tells whether the product has words for an event; `render` is asked for no other. `schema` gives the
    JSON Schema of the body from the schema of our own. `read_response` finds a reply in a 2xx answer, returns None for
    an answer without one, and raises NotAReply for one that cannot be posted; it gets at most `response_bytes`.
    A format with `render_triggered` can have trigger words, and renders their deliveries so.
    """

    can_render: Callable[[Event], bool]
    render: Callable[[Event, Webhook], Body]
    schema: Callable[[dict[str, Any]], dict[str, Any]]
    signing: Signing | None = None  # a signature of its own, by the same name; without one, `fm` signs
    read_response: Callable[[Response], Reply | None] | None = None
    response_bytes: int = 0
    render_triggered: Callable[[Event, TriggeredWebhook, Surroundings], Body] | None = None
