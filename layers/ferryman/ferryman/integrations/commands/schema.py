"""Requests and responses of the API about commands."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field

from ferryman import ids
from ferryman.identity.avatar_urls import AvatarUrl
from ferryman.integrations.commands.model import MAX_TRIGGER, RESERVED, Command, Method
from ferryman.integrations.owned import State
from ferryman.schema import Description, Input, Name, Output, Time, Url


def _trigger(text: str) -> str:
    text = text.lower()
    if text.startswith("/") or text.split() != [text]:
        raise ValueError("must be a word without spaces, and without the slash that people write before it")
    if text in RESERVED:
        raise ValueError("is a word that chat products keep for themselves; choose another one")
    return text


type Trigger = Annotated[str, Field(min_length=1, max_length=MAX_TRIGGER), AfterValidator(_trigger)]
_TRIGGER = "The word after the slash, in lower case. Unique in the workspace."
_METHOD = "`post` sends a form; `get` adds the fields to the URL, which may have 2,048 characters at most."
_AUTOCOMPLETE = "Whether clients suggest the command while a person types."
_HINT = "The arguments that the suggestion shows, such as `[environment]`."
_REPLY_NAME = "The author name of answers. Without it: the answer's `username`, or the command's name."
_REPLY_AVATAR = "The picture of answers. Without it: the answer's `icon_url`."
type _Shown = Annotated[str, Field(min_length=1, max_length=200)]


class CommandIn(Input):
    """A new command."""

    trigger: Trigger = Field(description=_TRIGGER, examples=["deploy"])
    url: Url = Field(
        description="The https URL that is called when somebody runs the command.",
        examples=["https://ci.example.com/commands"],
    )
    method: Method = Field("post", description=_METHOD)
    name: Name | None = None
    description: Description | None = None
    autocomplete: bool = Field(False, description=_AUTOCOMPLETE)
    autocomplete_hint: _Shown | None = Field(None, description=_HINT)
    autocomplete_description: _Shown | None = None
    reply_name: Name | None = Field(None, description=_REPLY_NAME)
    reply_avatar_url: AvatarUrl | None = Field(None, description=_REPLY_AVATAR)


class CommandPatch(Input):
    """The fields to change; those left out stay as they are."""

    trigger: Trigger | None = Field(None, description=_TRIGGER)
    url: Url | None = None
    method: Method | None = Field(None, description=_METHOD)
    name: Name | None = Field(None, description="null removes it.")
    description: Description | None = Field(None, description="null removes it.")
    autocomplete: bool | None = Field(None, description=_AUTOCOMPLETE)
    autocomplete_hint: _Shown | None = Field(None, description=f"{_HINT} null removes it.")
    autocomplete_description: _Shown | None = Field(None, description="null removes it.")
    reply_name: Name | None = Field(None, description=f"{_REPLY_NAME} null removes it.")
    reply_avatar_url: AvatarUrl | None = Field(None, description=f"{_REPLY_AVATAR} null removes it.")
    state: State | None = Field(
        None, description="`disabled`: messages that begin with its trigger are posted as text."
    )


class CommandOut(Output):
    """A command, without its token."""

    id: str = Field(pattern=ids.pattern(ids.COMMAND))
    trigger: str = Field(description=_TRIGGER)
    url: str
    method: Method
    name: str | None
    description: str | None
    autocomplete: bool
    autocomplete_hint: str | None
    autocomplete_description: str | None
    reply_name: str | None
    reply_avatar_url: str | None
    livemode: bool
    state: State
    disabled_reason: str | None = Field(description="Why it is disabled, such as `owner_deactivated`.")
    disabled_at: Time | None
    owner_id: str = Field(description="The person who created it, or to whom it was handed over.")
    created_by: str
    created_at: Time
    updated_at: Time

    @classmethod
    def of(cls, command: Command) -> Self:
        names = set(CommandOut.model_fields) - {"id", "owner_id"}
        copied = {name: getattr(command, name) for name in names}
        return cls.model_validate({"id": command.command_id, "owner_id": command.owner, **copied})


class CommandCreated(CommandOut):
    """A command with its new token, which is shown only once."""

    token: str | None = Field(
        None,
        description="Sent with each request, so that the receiver can verify the sender. Store it now: it cannot be "
        "shown again. Null in the answer to a repeated Idempotency-Key.",
    )
