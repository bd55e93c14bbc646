"""Requests and responses of the API about bots, their tokens and their callbacks."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field

from ferryman import ids
from ferryman.identity.avatar_urls import AvatarUrl
from ferryman.identity.tokens.model import Environment
from ferryman.identity.users.model import User
from ferryman.identity.users.schema import Handle
from ferryman.schema import MAX_WORDS, Description, Input, Name, Output, Time, Url, distinct
from ferryman.webhooks.subscriptions.model import MentionedBy, WebhookState
from ferryman.webhooks.subscriptions.schema import (
    DISABLE_AFTER,
    HELD,
    PROBE,
    DisableAfter,
    Held,
    Signatures,
    WebhookPatch,
)

# All that the role `bot` may hold (ferryman.identity.permissions).
type BotScope = Literal["messages:read", "messages:write", "chats:read", "users:read"]
type BotScopes = Annotated[list[BotScope], Field(min_length=1, max_length=MAX_WORDS), AfterValidator(distinct)]
_HANDLE = "The name in mentions: @handle. Unique among the people and bots of the workspace."
_ABOUT = "The text of the profile card."


class BotIn(Input):
    """A new bot, and what its first token may do."""

    name: Name = Field(examples=["Deploy bot"])
    handle: Handle = Field(description=_HANDLE)
    avatar_url: AvatarUrl | None = None
    about: Description | None = Field(None, description=_ABOUT)
    scopes: BotScopes | None = Field(
        None, description="For the first token. Left out: all that a bot may hold and your own token has."
    )
    environment: Environment | None = Field(
        None, description="For the first token. Left out: `production` with a live token, else `development`."
    )
    expires_at: Time | None = Field(None, description="When the first token stops working; never, when left out.")


class BotPatch(Input):
    """The fields to change; those left out stay as they are."""

    name: Name | None = None
    handle: Handle | None = Field(None, description=_HANDLE)
    avatar_url: AvatarUrl | None = Field(None, description="null removes it.")
    about: Description | None = Field(None, description=f"{_ABOUT} null removes it.")
    active: bool | None = Field(
        None, description="false stops the bot's tokens and callbacks at once; true starts them again."
    )


class BotOut(Output):
    """A bot."""

    id: str = Field(pattern=ids.pattern(ids.USER))
    name: str
    handle: str | None = Field(description=_HANDLE)
    avatar_url: str | None
    about: str | None = Field(description=_ABOUT)
    active: bool
    disabled_reason: str | None = Field(description="Why it is not active, if nobody chose it: `owner_deactivated`.")
    owner_id: str | None = Field(description="The user who manages it: who created it, or to whom it was handed over.")
    created_by: str | None = Field(description="The user who created it.")
    livemode: bool = Field(description="Whether a live credential created it; test credentials change only test bots.")
    created_at: Time
    updated_at: Time

    @classmethod
    def of(cls, bot: User) -> Self:
        names = set(BotOut.model_fields) - {"id", "owner_id"}
        return cls.model_validate(
            {"id": bot.user_id, "owner_id": bot.owner, **{name: getattr(bot, name) for name in names}}
        )


class BotCreated(BotOut):
    """A new bot with its first token, whose secret is shown this once."""

    token_id: str | None = None
    token: str | None = Field(
        None,
        description="The secret of the first token. Keep it now: it is not stored and cannot be shown again. "
        "Null when a repeated Idempotency-Key found the bot already created.",
    )


class BotTokenIn(Input):
    """A new token of a bot."""

    name: Name | None = Field(None, description="Left out: the bot's name.")
    scopes: BotScopes | None = Field(None, description="Left out: those of the bot's newest token.")
    environment: Environment | None = Field(None, description="Left out: that of the bot's newest token.")
    expires_at: Time | None = Field(None, description="When the token stops working; never, when left out.")
    description: Description | None = None
    revoke_others: bool = Field(
        False, description="true revokes the bot's other tokens in the same moment; a test token those of test only."
    )


type Mentioners = Annotated[list[MentionedBy], Field(min_length=1, max_length=MAX_WORDS), AfterValidator(distinct)]
_MENTIONED_BY = (
    "Mentions by these call it: `user` (people), `bot` (other bots), `program` (incoming webhooks, applications and "
    "answers of outgoing webhooks). Left out or null: people alone."
)


class CallbackIn(Input):
    """A new callback for the messages that mention a bot."""

    url: Url = Field(description="Where to deliver: https.", examples=["https://bots.example.com/deploy"])
    signatures: Signatures = Field(
        default=["fm"],
        description="Which signatures each delivery carries: `fm`, `standard` (Standard Webhooks), another product's.",
    )
    max_per_second: int | None = Field(
        None, ge=1, le=1000, description="At most this many attempts in a second; no limit, when left out."
    )
    mentioned_by: Mentioners | None = Field(None, description=_MENTIONED_BY)
    name: Name | None = None
    description: Description | None = None


class CallbackPatch(Input):
    """The fields to change; those left out stay as they are. A changed URL keeps its secret."""

    url: Url | None = None
    signatures: Signatures | None = None
    max_per_second: int | None = Field(
        None, ge=1, le=1000, description="At most this many attempts in a second; null: no limit."
    )
    mentioned_by: Mentioners | None = Field(None, description=_MENTIONED_BY)
    disable_after: DisableAfter | None = Field(None, description=DISABLE_AFTER)
    probe: bool | None = Field(None, description=PROBE)
    name: Name | None = None
    description: Description | None = None
    state: WebhookState | None = Field(None, description="`enabled` also forgets the failures so far.")
    held: Held | None = Field(None, description=HELD)


class CallbackChanges(WebhookPatch):
    """The changes of a callback: the fields of a webhook, and those that only callbacks have."""

    mentioned_by: Mentioners | None = None
