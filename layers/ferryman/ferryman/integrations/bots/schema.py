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

# Every scope of the role `bot` (ferryman.identity.permissions).
type BotScope = Literal["messages:read", "messages:write", "chats:read", "users:read"]
type BotScopes = Annotated[list[BotScope], Field(min_length=1, max_length=MAX_WORDS), AfterValidator(distinct)]
_HANDLE = "The name in mentions, without the @. Unique in the workspace."
_ABOUT = "The text of the profile card."


class BotIn(Input):
    """A new bot, and what its first token may do."""

    name: Name = Field(examples=["Deploy bot"])
    handle: Handle = Field(description=_HANDLE)
    avatar_url: AvatarUrl | None = None
    about: Description | None = Field(None, description=_ABOUT)
    scopes: BotScopes | None = Field(
        None, description="The first token's scopes. Left out: every scope that bots may have and your own token has."
    )
    environment: Environment | None = Field(
        None,
        description="The first token's environment. Left out: `production` if your own token is live, "
        "otherwise `development`.",
    )
    expires_at: Time | None = Field(None, description="When the first token stops working. Left out: never.")


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
    disabled_reason: str | None = Field(
        description="`owner_deactivated` or `owner_may_not`: its owner was deactivated, or may not have bots any "
        "more. Otherwise null."
    )
    owner_id: str | None = Field(description="The person who created it, or to whom it was handed over.")
    created_by: str | None
    livemode: bool = Field(
        description="true: a live credential created it. Test credentials can change only test bots."
    )
    created_at: Time
    updated_at: Time

    @classmethod
    def of(cls, bot: User) -> Self:
        names = set(BotOut.model_fields) - {"id", "owner_id"}
        return cls.model_validate(
            {"id": bot.user_id, "owner_id": bot.owner, **{name: getattr(bot, name) for name in names}}
        )


class BotCreated(BotOut):
    """A new bot with its first token, whose secret is shown only once."""

    token_id: str | None = None
    token: str | None = Field(
        None,
        description="The secret of the first token. Store it now: it cannot be shown again. Null in the answer to a "
        "repeated Idempotency-Key.",
    )


class BotTokenIn(Input):
    """A new token of a bot."""

    name: Name | None = Field(None, description="Left out: the bot's name.")
    scopes: BotScopes | None = Field(None, description="Left out: those of the bot's newest token.")
    environment: Environment | None = Field(None, description="Left out: that of the bot's newest token.")
    expires_at: Time | None = Field(None, description="When the token stops working. Left out: never.")
    description: Description | None = None
    revoke_others: bool = Field(
        False, description="true also revokes the bot's other tokens. With a test token, only test tokens are revoked."
    )


type Mentioners = Annotated[list[MentionedBy], Field(min_length=1, max_length=MAX_WORDS), AfterValidator(distinct)]
_MENTIONED_BY = (
    "The authors whose mentions it gets: `user` (people), `bot` (other bots), `program` (incoming webhooks, "
    "applications and answers of outgoing webhooks)."
)


class CallbackIn(Input):
    """A new callback for the messages that mention a bot."""

    url: Url = Field(
        description="The https URL that gets the deliveries.", examples=["https://bots.example.com/deploy"]
    )
    signatures: Signatures = Field(
        default=["fm"],
        description="The signatures of each delivery. `standard` is that of Standard Webhooks.",
    )
    max_per_second: int | None = Field(
        None, ge=1, le=1000, description="The most attempts per second. Left out: no limit."
    )
    mentioned_by: Mentioners | None = Field(None, description=f"{_MENTIONED_BY} Left out: people alone.")
    name: Name | None = None
    description: Description | None = None


class CallbackPatch(Input):
    """The fields to change; those left out stay as they are. A new URL keeps the signing secret."""

    url: Url | None = None
    signatures: Signatures | None = None
    max_per_second: int | None = Field(None, ge=1, le=1000, description="The most attempts per second; null: no limit.")
    mentioned_by: Mentioners | None = Field(None, description=f"{_MENTIONED_BY} null: people alone.")
    disable_after: DisableAfter | None = Field(None, description=DISABLE_AFTER)
    probe: bool | None = Field(None, description=PROBE)
    name: Name | None = None
    description: Description | None = None
    state: WebhookState | None = Field(None, description="`enabled` also resets the failures and ends a pause.")
    held: Held | None = Field(None, description=HELD)


class CallbackChanges(WebhookPatch):
    """The changes of a callback: the fields of a webhook, and those that only callbacks have."""

    mentioned_by: Mentioners | None = None
