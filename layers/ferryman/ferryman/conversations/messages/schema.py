"""Requests and responses of the API about messages."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, JsonValue, model_validator

from ferryman import ids
from ferryman.conversations.messages import attachments
from ferryman.conversations.messages.model import MAX_TEXT, Draft, Message, Origin, describe
from ferryman.events.model import Event
from ferryman.identity.users.model import Profile
from ferryman.schema import Input, Output, Time, not_blank

type Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT), AfterValidator(not_blank)]


type _Line = Annotated[str, Field(max_length=500)]
type _Link = Annotated[str, Field(max_length=2048, pattern=r"^https?://")]


class FactIn(Input):
    """A fact in an attachment: a title and its value."""

    title: _Line = ""
    value: Annotated[str, Field(max_length=2000)]
    short: bool = Field(False, description="true: short enough to show beside another fact.")


class ChoiceIn(Input):
    """One choice of a menu."""

    text: Annotated[str, Field(min_length=1, max_length=200)]
    value: Annotated[str, Field(max_length=2000)]


class IntegrationIn(Input):
    """The program that a click calls. Readers of the message do not see it."""

    url: Annotated[str, Field(min_length=1, max_length=2048)] = Field(description="The https URL that gets each click.")
    context: dict[str, JsonValue] = Field(
        default_factory=dict,
        description="Sent with each click. Include a secret, so that your program can verify the sender.",
    )


class ActionIn(Input):
    """A button or menu in an attachment. A click calls your program."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,64}$")] | None = Field(None, description="Generated if left out.")
    type: Literal["button", "select"] = "button"
    name: Annotated[str, Field(min_length=1, max_length=200)]
    style: _Line | None = None
    tooltip: _Line | None = None
    disabled: bool = False
    options: list[ChoiceIn] = Field(default_factory=list, max_length=100, description="The choices of a menu.")
    integration: IntegrationIn

    def kept(self) -> dict[str, Any]:
        """The action as a message stores it, with a new id if it has none."""
        fields = self.model_dump(exclude_none=True, exclude_defaults=True) | {"type": self.type}
        return {"id": ids.ulid(ids.new(ids.MESSAGE)).lower(), **fields}


class AttachmentIn(Input):
    """A box below the message. Files cannot be attached; link them."""

    fallback: _Line | None = Field(None, description="Plain text, for receivers that cannot show the attachment.")
    color: Annotated[str, Field(pattern=r"^(good|warning|danger|#[0-9a-fA-F]{6})$")] | None = None
    pretext: Annotated[str, Field(max_length=2000)] | None = Field(None, description="Text above the box.")
    author_name: _Line | None = None
    author_link: _Link | None = None
    author_icon: _Link | None = None
    title: _Line | None = None
    title_link: _Link | None = None
    text: Annotated[str, Field(max_length=MAX_TEXT)] | None = None
    image_url: _Link | None = None
    thumb_url: _Link | None = None
    footer: Annotated[str, Field(max_length=300)] | None = None
    footer_icon: _Link | None = None
    fields: list[FactIn] = Field(default_factory=list, max_length=50)
    actions: list[ActionIn] = Field(default_factory=list, max_length=20)

    def kept(self) -> dict[str, Any]:
        """The attachment as a message stores it."""
        fields = self.model_dump(exclude_none=True, exclude_defaults=True, exclude={"actions"})
        return fields | ({"actions": [one.kept() for one in self.actions]} if self.actions else {})


class PriorityIn(Input):
    """How urgent a message is."""

    level: Literal["standard", "important", "urgent"]
    acknowledge: bool = Field(False, description="Asks readers to confirm that they have read the message.")
    persistent: bool = Field(False, description="Asks clients to show the message until the reader confirms it.")


class MessageIn(Input):
    """A new message."""

    text: Text = Field(examples=["Build passed"])
    attachments: list[AttachmentIn] = Field(default_factory=list, max_length=20)
    priority: PriorityIn | None = None
    visible_to: Annotated[str, Field(pattern=ids.pattern(ids.USER))] | None = Field(
        None,
        description="The id of the one member who sees the message besides you. No webhook gets it. Left out: "
        "every member sees it.",
    )

    def draft(self) -> Draft:
        """The content in the form that the messages service takes."""
        return Draft(
            text=self.text,
            attachments=attachments.dump([one.kept() for one in self.attachments]),
            priority=self.priority.model_dump_json() if self.priority else None,
            visible_to=self.visible_to,
        )


class MessagePatch(Input):
    """The message's new text."""

    text: Text


class InteractionIn(Input):
    """The clicked button: its `row` and `column`, its `callback_data`, or, in an attachment, its `action_id`."""

    row: int | None = Field(None, ge=0, le=1000, description="From 0. Needs `column`.", examples=[0])
    column: int | None = Field(None, ge=0, le=1000, description="From 0. Needs `row`.", examples=[0])
    callback_data: JsonValue = Field(None, description="The button's `data`, instead of `row` and `column`.")
    action_id: str | None = Field(
        None, min_length=1, max_length=64, description="The id of a button or menu of an attachment."
    )
    selected_option: str | None = Field(
        None, max_length=2000, description="The `value` of the chosen option of a menu. Needs `action_id`."
    )

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        by_place = {"row", "column"} & self.model_fields_set
        by_data = "callback_data" in self.model_fields_set
        by_id = self.action_id is not None
        if bool(by_place) + by_data + by_id != 1 or (by_place and (self.row is None or self.column is None)):
            raise ValueError("send one of these: row and column; callback_data; or action_id")
        if self.selected_option is not None and not by_id:
            raise ValueError("selected_option needs an action_id")
        return self


class InteractionOut(Output):
    """A click, as the application gets it."""

    id: str = Field(pattern=ids.pattern(ids.EVENT), description="The id of the event `interaction.created`.")
    message_id: str = Field(pattern=ids.pattern(ids.MESSAGE))
    chat_id: str = Field(pattern=ids.pattern(ids.CHAT))
    row: int
    column: int
    label: str
    data: JsonValue
    context_id: str | None = Field(description="The message's context; null: it had expired.")
    created_at: Time

    @classmethod
    def of(cls, event: Event) -> Self:
        interaction = event.data["interaction"]
        names = set(InteractionOut.model_fields) - {"id", "created_at"}
        return cls.model_validate(
            {"id": event.event_id, "created_at": event.created_at, **{name: interaction[name] for name in names}}
        )


class AuthorOut(Output):
    """The author of a message."""

    type: Literal["user", "incoming_webhook", "application", "webhook", "command"]
    id: str = Field(description="The id of the user, webhook, application or command.")
    name: str | None = Field(
        None, description="For a user, the current name; for others, the name at the time of posting."
    )
    avatar_url: str | None = None
    emoji: str | None = Field(None, description="Shown instead of the picture. For incoming webhooks only.")
    handle: str | None = Field(None, description="The name in mentions, without the @. For users only.")
    is_bot: bool | None = Field(None, description="For users only.")
    deleted: bool | None = Field(
        None, description="true: the bot was deleted, and `name` is its last name. For users only."
    )


class ButtonOut(Output):
    """A button below a message."""

    label: str
    data: JsonValue = Field(description="The JSON value that the application gets with a click.")


class FactOut(Output):
    """A fact in an attachment."""

    title: str | None
    value: str | None
    short: bool


class OptionOut(Output):
    """One choice of a menu."""

    text: str | None
    value: str | None


class ActionOut(Output):
    """A button or menu in an attachment."""

    id: str | None
    type: str | None = Field(description="`button` or `select`.")
    name: str | None
    style: str | None
    data_source: str | None
    default_option: str | None
    tooltip: str | None
    url: str | None = Field(description="A link that the button opens.")
    disabled: bool
    options: list[OptionOut]


class AttachmentOut(Output):
    """A box below a message. Fields that the sender left out are null."""

    fallback: str | None
    color: str | None
    pretext: str | None
    author_name: str | None
    author_link: str | None
    author_icon: str | None
    title: str | None
    title_link: str | None
    text: str | None
    image_url: str | None
    thumb_url: str | None
    footer: str | None
    footer_icon: str | None
    ts: str | int | float | None = Field(description="The time that the sender gave, in the sender's own form.")
    fields: list[FactOut]
    actions: list[ActionOut]


class PriorityOut(Output):
    """How urgent a message is."""

    level: str
    acknowledge: bool
    persistent: bool


class MessageOut(Output):
    """A message."""

    id: str = Field(pattern=ids.pattern(ids.MESSAGE))
    chat_id: str = Field(pattern=ids.pattern(ids.CHAT))
    text: str
    mentions: list[str] = Field(
        description="The handles mentioned in the text, without the @, in lower case, at most 50. Code, URLs and "
        "e-mail addresses are not searched. GET /v1/users?handle=… finds the user.",
    )
    author: AuthorOut = Field(
        description="Answers to GET include a user's profile. Other answers, and events, have only a user's `type` "
        "and `id`."
    )
    attachments: list[AttachmentOut] | None = Field(description="Boxes below the text.")
    props: dict[str, Any] | None = Field(description="Custom values of the sender.")
    priority: PriorityOut | None
    visible_to: str | None = Field(
        description="The id of the one person who sees it besides its author; null: every member."
    )
    buttons: list[list[ButtonOut]] | None = Field(
        description="Rows of buttons. POST /v1/messages/{message_id}/callbacks clicks one."
    )
    context_id: str | None = Field(
        description="The context that an application's message opened, or to which a person's answer belongs."
    )
    origin: Origin
    livemode: bool
    revision: int = Field(description="1 for a new message, one more after each edit.")
    created_at: Time
    edited_at: Time | None
    edited_by: str | None = Field(description="The user who edited it last.")

    @classmethod
    def of(cls, message: Message, authors: Mapping[str, Profile] | None = None) -> Self:
        """The message, with its author's profile if `authors` (profiles by user id) has it."""
        shown = cls.model_validate(describe(message))
        if profile := (authors or {}).get(message.user_id or ""):
            shown.author = AuthorOut(type="user", id=shown.author.id, emoji=None, **asdict(profile))
        return shown
