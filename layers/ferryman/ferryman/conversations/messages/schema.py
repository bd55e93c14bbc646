"""Requests and responses of the API about messages."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, JsonValue, model_validator

from ferryman import ids
from ferryman.conversations.messages.model import MAX_TEXT, Message, Origin, describe
from ferryman.events.model import Event
from ferryman.schema import Input, Output, Time


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


type Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT), AfterValidator(_not_blank)]


class MessageIn(Input):
    """A new message."""

    text: Text = Field(examples=["Build passed"])


class MessagePatch(Input):
    """The message's new text."""

    text: Text


class InteractionIn(Input):
    """Which button was clicked: by its place, or by its data."""

    row: int | None = Field(None, ge=0, le=1000, description="From 0. With `column`.", examples=[0])
    column: int | None = Field(None, ge=0, le=1000, description="From 0. With `row`.", examples=[0])
    callback_data: JsonValue = Field(None, description="The data of the button, when it is not named by its place.")

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        by_place = {"row", "column"} & self.model_fields_set
        by_data = "callback_data" in self.model_fields_set
        if bool(by_place) == by_data or (by_place and (self.row is None or self.column is None)):
            raise ValueError("send either row and column, or callback_data")
        return self


class InteractionOut(Output):
    """A click, as the application gets to know it."""

    id: str = Field(pattern=ids.pattern(ids.EVENT), description="The id of its event.")
    message_id: str = Field(pattern=ids.pattern(ids.MESSAGE))
    chat_id: str = Field(pattern=ids.pattern(ids.CHAT))
    row: int
    column: int
    label: str
    data: JsonValue
    context_id: str | None = Field(description="The message's context, when the click came in time for it.")
    created_at: Time

    @classmethod
    def of(cls, event: Event) -> Self:
        interaction = event.data["interaction"]
        names = set(InteractionOut.model_fields) - {"id", "created_at"}
        return cls.model_validate(
            {"id": event.event_id, "created_at": event.created_at, **{name: interaction[name] for name in names}}
        )


class AuthorOut(Output):
    """Who said it."""

    type: Literal["user", "incoming_webhook", "application"]
    id: str = Field(description="The user's, the incoming webhook's or the application's id.")
    name: str | None = Field(None, description="For incoming webhooks and applications only.")
    avatar_url: str | None = Field(None, description="For incoming webhooks only.")


class ButtonOut(Output):
    """A button below a message."""

    label: str
    data: JsonValue = Field(description="The text that the application gets when somebody clicks the button.")


class MessageOut(Output):
    """A message."""

    id: str = Field(pattern=ids.pattern(ids.MESSAGE))
    chat_id: str = Field(pattern=ids.pattern(ids.CHAT))
    text: str
    mentions: list[str] = Field(
        description="The handles that the text names with @, in lower case, at most 50: not in code, URLs or e-mail "
        "addresses. GET /v1/users?handle=… finds the person or bot of a handle.",
    )
    author: AuthorOut
    buttons: list[list[ButtonOut]] | None = Field(
        description="Row by row. Click one: POST /v1/messages/{message_id}/callbacks."
    )
    context_id: str | None = Field(
        description="For an application's message to a person, its context; for an answer, the one it came in time for."
    )
    origin: Origin
    livemode: bool
    revision: int = Field(description="1 for a new message, one more after each edit.")
    created_at: Time
    edited_at: Time | None

    @classmethod
    def of(cls, message: Message) -> Self:
        return cls.model_validate(describe(message))
