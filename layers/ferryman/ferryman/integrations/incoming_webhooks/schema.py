"""Requests and responses of the API about incoming webhooks."""

from typing import Self

from pydantic import Field

from ferryman import ids
from ferryman.identity.avatars import AvatarUrl
from ferryman.integrations.incoming_webhooks.model import Flavour, IncomingWebhook, State
from ferryman.schema import Input, ListQuery, Name, Output, Time

_NAME = "Shown as the author of its messages."
_FLAVOUR = (
    "In whose words senders post: `ferryman` takes a text; `mattermost` and `slack` take all that those products take, "
    "and refuse in their words."
)
_LOCKED = "Whether senders may post to this chat only, with the flavours `mattermost` and `slack`."
_OVERRIDES = "Whether senders may name another author and picture, with the flavours `mattermost` and `slack`."
_AVATAR = "Shown as the author's picture."


class IncomingWebhookIn(Input):
    """A new incoming webhook."""

    chat_id: str = Field(pattern=ids.pattern(ids.CHAT), description="The chat it posts to; you must belong to it.")
    name: Name = Field(description=_NAME, examples=["CI"])
    avatar_url: AvatarUrl | None = Field(None, description=_AVATAR)
    flavour: Flavour = Field("ferryman", description=_FLAVOUR)
    chat_locked: bool = Field(False, description=_LOCKED)
    allows_overrides: bool = Field(True, description=_OVERRIDES)


class IncomingWebhookPatch(Input):
    """The fields to change; those left out stay as they are. Earlier messages keep their author."""

    name: Name | None = Field(None, description=_NAME)
    avatar_url: AvatarUrl | None = Field(None, description=f"{_AVATAR} null removes it.")
    chat_locked: bool | None = Field(None, description=_LOCKED)
    allows_overrides: bool | None = Field(None, description=_OVERRIDES)
    state: State | None = Field(None, description="`disabled`: the URL accepts nothing until it is enabled again.")


class IncomingWebhookQuery(ListQuery):
    """Filters of a list of incoming webhooks."""

    chat_id: str | None = Field(None, pattern=ids.pattern(ids.CHAT), description="Only those of this chat.")


class IncomingWebhookOut(Output):
    """An incoming webhook, without its URL."""

    id: str = Field(pattern=ids.pattern(ids.INCOMING_WEBHOOK))
    chat_id: str
    name: str
    avatar_url: str | None
    flavour: Flavour = Field(description=_FLAVOUR)
    chat_locked: bool = Field(description=_LOCKED)
    allows_overrides: bool = Field(description=_OVERRIDES)
    livemode: bool
    state: State
    disabled_reason: str | None = Field(description="Why it is disabled, such as `owner_deactivated`.")
    disabled_at: Time | None
    owner_id: str = Field(description="The person who created it, or to whom it was handed over.")
    created_by: str
    created_at: Time
    updated_at: Time
    last_used_at: Time | None = Field(description="Exact to ten minutes.")

    @classmethod
    def of(cls, webhook: IncomingWebhook) -> Self:
        return cls(
            id=webhook.incoming_webhook_id,
            chat_id=webhook.chat_id,
            name=webhook.name,
            avatar_url=webhook.avatar_url,
            flavour=webhook.flavour,
            chat_locked=webhook.chat_locked,
            allows_overrides=webhook.allows_overrides,
            livemode=webhook.livemode,
            state=webhook.state,
            disabled_reason=webhook.disabled_reason,
            disabled_at=webhook.disabled_at,
            owner_id=webhook.owner,
            created_by=webhook.created_by,
            created_at=webhook.created_at,
            updated_at=webhook.updated_at or webhook.created_at,
            last_used_at=webhook.last_used_at,
        )


class IncomingWebhookCreated(IncomingWebhookOut):
    """An incoming webhook with its new URL, which is shown this once."""

    url: str | None = Field(
        None,
        description="The secret URL. Keep it now: it is not stored and cannot be shown again. "
        "Null when a repeated Idempotency-Key found the webhook already created.",
    )
