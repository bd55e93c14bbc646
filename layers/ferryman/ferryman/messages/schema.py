"""What the API takes and gives for messages."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field

from ferryman import ids
from ferryman.messages.model import MAX_TEXT, Message, Origin, describe
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


class AuthorOut(Output):
    """Who said it."""

    type: Literal["user", "incoming_webhook"]
    id: str = Field(description="The user's or the incoming webhook's id.")
    name: str | None = Field(None, description="Of incoming webhooks only.")
    avatar_url: str | None = Field(None, description="Of incoming webhooks only.")


class MessageOut(Output):
    """A message."""

    id: str = Field(pattern=ids.pattern(ids.MESSAGE))
    chat_id: str = Field(pattern=ids.pattern(ids.CHAT))
    text: str
    mentions: list[str] = Field(
        description="The handles that the text names with @, in lower case, at most 50: not in code, URLs or e-mail "
        "addresses. Whose a handle is: GET /v1/users?handle=…",
    )
    author: AuthorOut
    origin: Origin
    livemode: bool
    revision: int = Field(description="1 for a new message, one more after each edit.")
    created_at: Time
    edited_at: Time | None

    @classmethod
    def of(cls, message: Message) -> Self:
        return cls.model_validate(describe(message))
