"""Requests and responses of the API about incoming webhooks."""

from typing import Annotated, Any, Self

from pydantic import Field, JsonValue

from ferryman import ids
from ferryman.conversations.messages import attachments
from ferryman.identity.avatar_urls import AvatarUrl
from ferryman.integrations.incoming_webhooks.model import Flavour, IncomingWebhook, Source
from ferryman.integrations.incoming_webhooks.posts import Post
from ferryman.integrations.owned import State
from ferryman.schema import Description, Input, ListQuery, Name, Output, Time

_NAME = "The author name of its messages."
_FLAVOUR = (
    "The form of posts and error answers. `ferryman` accepts a text; `mattermost` and `slack` accept all fields of "
    "those products."
)
_LOCKED = "Whether posts must not name another chat. For the flavours `mattermost` and `slack`."
_OVERRIDES = "Whether posts may set another author and picture. For the flavours `mattermost` and `slack`."
_AVATAR = "The author's picture."
_TITLE = "Its name in lists; `name` is the author of its messages."
_ABOUT = "A note for people."
_SOURCE = (
    "The product whose webhook payloads the URL turns into messages. Needs the flavour `ferryman`. `generic` "
    "accepts any JSON. It cannot be changed."
)
_TRANSLATION = (
    "A JMESPath expression that turns a payload into the message, instead of the source's built-in text. Its result "
    "is a text, an object with `text` and `attachments`, or null for no message."
)
_SENDER = (
    "The secret with which the product signs its requests, or which it sends along. Requests without it are "
    "refused. It is never shown."
)
_EXPRESSION = "join(' ', [actor.name, 'deployed', version])"

type _Translation = Annotated[str, Field(min_length=1, max_length=2_000)]
type SenderSecret = Annotated[str, Field(min_length=8, max_length=256, pattern=r"^[!-~]+$")]


class IncomingWebhookIn(Input):
    """A new incoming webhook."""

    chat_id: str = Field(pattern=ids.pattern(ids.CHAT), description="The chat it posts to; you must belong to it.")
    name: Name = Field(description=_NAME, examples=["CI"])
    avatar_url: AvatarUrl | None = Field(None, description=_AVATAR)
    title: Name | None = Field(None, description=_TITLE)
    description: Description | None = Field(None, description=_ABOUT)
    flavour: Flavour = Field("ferryman", description=_FLAVOUR)
    chat_locked: bool = Field(False, description=_LOCKED)
    allows_overrides: bool = Field(True, description=_OVERRIDES)
    source: Source | None = Field(None, description=_SOURCE)
    translation: _Translation | None = Field(None, description=_TRANSLATION, examples=[_EXPRESSION])
    sender_secret: SenderSecret | None = Field(None, description=_SENDER)


class IncomingWebhookPatch(Input):
    """The fields to change; those left out stay as they are. Earlier messages keep their author."""

    name: Name | None = Field(None, description=_NAME)
    avatar_url: AvatarUrl | None = Field(None, description=f"{_AVATAR} null removes it.")
    title: Name | None = Field(None, description=f"{_TITLE} null removes it.")
    description: Description | None = Field(None, description=f"{_ABOUT} null removes it.")
    chat_locked: bool | None = Field(None, description=_LOCKED)
    allows_overrides: bool | None = Field(None, description=_OVERRIDES)
    translation: _Translation | None = Field(None, description=f"{_TRANSLATION} null removes it.")
    sender_secret: SenderSecret | None = Field(None, description=f"{_SENDER} null removes it.")
    state: State | None = Field(None, description="`disabled`: the URL refuses every post.")


class IncomingWebhookQuery(ListQuery):
    """Filters of a list of incoming webhooks."""

    chat_id: str | None = Field(None, pattern=ids.pattern(ids.CHAT))


class RefusalOut(Output):
    """A post that was refused."""

    at: Time
    status: int = Field(description="The HTTP status of the answer.")
    reason: str = Field(description="The error text of the answer.")


class IncomingWebhookOut(Output):
    """An incoming webhook, without its URL."""

    id: str = Field(pattern=ids.pattern(ids.INCOMING_WEBHOOK))
    chat_id: str
    name: str
    avatar_url: str | None
    title: str | None = Field(description=_TITLE)
    description: str | None = Field(description=_ABOUT)
    flavour: Flavour = Field(description=_FLAVOUR)
    chat_locked: bool = Field(description=_LOCKED)
    allows_overrides: bool = Field(description=_OVERRIDES)
    source: Source | None = Field(description=_SOURCE)
    translation: str | None = Field(description=_TRANSLATION)
    has_sender_secret: bool = Field(description="Whether requests must carry the sender_secret.")
    livemode: bool
    state: State
    disabled_reason: str | None = Field(description="Why it is disabled, such as `owner_deactivated`.")
    disabled_at: Time | None
    owner_id: str = Field(description="The person who created it, or to whom it was handed over.")
    created_by: str
    created_at: Time
    updated_at: Time
    last_used_at: Time | None = Field(description="Accurate to ten minutes; null: never.")
    refusals: list[RefusalOut] = Field(
        description="The last five refused posts, newest first, at most one per ten seconds."
    )

    @classmethod
    def of(cls, webhook: IncomingWebhook) -> Self:
        return cls(
            id=webhook.incoming_webhook_id,
            chat_id=webhook.chat_id,
            name=webhook.name,
            avatar_url=webhook.avatar_url,
            title=webhook.title,
            description=webhook.description,
            flavour=webhook.flavour,
            chat_locked=webhook.chat_locked,
            allows_overrides=webhook.allows_overrides,
            source=webhook.source,
            translation=webhook.translation,
            has_sender_secret=webhook.sealed_sender_secret is not None,
            livemode=webhook.livemode,
            state=webhook.state,
            disabled_reason=webhook.disabled_reason,
            disabled_at=webhook.disabled_at,
            owner_id=webhook.owner,
            created_by=webhook.created_by,
            created_at=webhook.created_at,
            updated_at=webhook.updated_at or webhook.created_at,
            last_used_at=webhook.last_used_at,
            refusals=[RefusalOut.model_validate(one) for one in webhook.refusals],
        )


class IncomingWebhookCreated(IncomingWebhookOut):
    """An incoming webhook with its new URL, which is shown only once."""

    url: str | None = Field(
        None,
        description="The secret URL. Store it now: it cannot be shown again. Null in the answer to a repeated "
        "Idempotency-Key.",
    )


class PreviewIn(Input):
    """A payload to preview, with its source or translation."""

    source: Source = Field(description=_SOURCE, examples=["generic"])
    translation: _Translation | None = Field(None, description=_TRANSLATION, examples=[_EXPRESSION])
    payload: JsonValue = Field(
        description="The JSON that the product sends.", examples=[{"actor": {"name": "Ada"}, "version": "1.2"}]
    )
    headers: dict[Annotated[str, Field(max_length=100)], Annotated[str, Field(max_length=500)]] = Field(
        default_factory=dict,
        max_length=50,
        description="The headers that say which event it is, such as `X-GitHub-Event`.",
        examples=[{}],
    )


class PreviewOut(Output):
    """The message that the payload would become."""

    text: str | None = Field(description="null: the payload gives no message.")
    attachments: list[dict[str, Any]] | None

    @classmethod
    def of(cls, post: Post | None) -> Self:
        if post is None:
            return cls(text=None, attachments=None)
        text, boxes = post.parts[0]
        return cls(text=text, attachments=attachments.shown(attachments.dump(boxes)))
