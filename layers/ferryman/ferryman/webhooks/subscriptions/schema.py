"""Requests and responses of the API about outgoing webhooks."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field

from ferryman import clock, ids
from ferryman.events.model import EventType
from ferryman.formats import Format, Signature
from ferryman.formats.interface import TriggerBody, TriggerWhen
from ferryman.identity.avatar_urls import AvatarUrl
from ferryman.outbound import ssrf_guard
from ferryman.schema import MAX_WORDS, Description, Input, ListQuery, Name, Output, Time, Url, distinct
from ferryman.webhooks.subscriptions.model import (
    LEAST_DISABLE_AFTER,
    MAX_CHATS,
    MOST_DISABLE_AFTER,
    MentionedBy,
    Webhook,
    WebhookState,
)

type Events = Annotated[list[EventType], Field(min_length=1, max_length=MAX_WORDS), AfterValidator(distinct)]
type ChatIds = Annotated[
    list[Annotated[str, Field(pattern=ids.pattern(ids.CHAT))]],
    Field(min_length=1, max_length=MAX_CHATS),
    AfterValidator(distinct),
]
type Held = Literal["deliver", "skip"]
HELD = (
    "Decides about the events held while the webhook was disabled: `deliver` sends them, oldest first, "
    "max_per_second or five per second; `skip` discards them. Needs an enabled webhook, or state: enabled."
)
type Signatures = Annotated[list[Signature], Field(min_length=1, max_length=MAX_WORDS), AfterValidator(distinct)]
_CHATS = "Only events of these chats. The webhook's owner must belong to each."
FORMAT = (
    "The product whose format the bodies have. GET /v1/event-types lists the formats of each event type. It cannot "
    "be changed."
)
type TriggerWords = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\S+$")]],
    Field(max_length=50),
    AfterValidator(distinct),
]
_WORDS = (
    "For the formats `mattermost` and `slack`: only messages that begin with one of these words are delivered, as "
    "by those products' outgoing webhooks, and the receiver's answer is posted in the chat. An empty list: every "
    "message."
)
_WHEN = "Whether a message's first word must equal a trigger word (`first_word`) or start with one (`starts_with`)."
_BODY = "With trigger words: whether the body is a `form` or `json`."
type DisableAfter = Annotated[int, Field(ge=LEAST_DISABLE_AFTER, le=MOST_DISABLE_AFTER)]
DISABLE_AFTER = "How many failed attempts in a row disable the webhook; null: the workspace's setting."
PROBE = (
    "Whether the webhook, once failures disabled it, gets signed tests and is enabled when one succeeds; null: the "
    "workspace's setting."
)
_REPLY_NAME = "With trigger words: the author of answers that name none. Without it: the webhook's name."
_REPLY_AVATAR = "With trigger words: the picture of answers that name none."


class WebhookIn(Input):
    """A new outgoing webhook."""

    url: Url = Field(
        description="The https URL that gets the deliveries.", examples=["https://ci.example.com/ferryman"]
    )
    events: Events = Field(description="The event types to deliver.", examples=[["message.created"]])
    chat_ids: ChatIds | None = Field(None, description=f"{_CHATS} Left out: every chat, which needs admin:*.")
    format: Format = Field("ferryman", description=FORMAT)
    signatures: Signatures | None = Field(
        None,
        description="The signatures of each delivery. `standard` is that of Standard Webhooks. Left out: `fluxdesk` "
        "for that format, otherwise `fm`.",
    )
    max_per_second: int | None = Field(
        None, ge=1, le=1000, description="The most attempts per second. Left out: no limit."
    )
    disable_after: DisableAfter | None = Field(None, description=DISABLE_AFTER)
    probe: bool | None = Field(None, description=PROBE)
    name: Name | None = None
    description: Description | None = None
    trigger_words: TriggerWords | None = Field(None, description=_WORDS)
    trigger_when: TriggerWhen | None = Field(None, description=f"{_WHEN} Left out: `first_word`.")
    trigger_body: TriggerBody | None = Field(None, description=f"{_BODY} Left out: `form`.")
    reply_name: Name | None = Field(None, description=_REPLY_NAME)
    reply_avatar_url: AvatarUrl | None = Field(None, description=_REPLY_AVATAR)


class WebhookPatch(Input):
    """The fields to change; those left out stay as they are. A new URL keeps the signing secret."""

    url: Url | None = None
    events: Events | None = None
    chat_ids: ChatIds | None = Field(None, description=f"{_CHATS} null: every chat, which needs admin:*.")
    name: Name | None = None
    description: Description | None = None
    signatures: Signatures | None = None
    max_per_second: int | None = Field(None, ge=1, le=1000, description="The most attempts per second; null: no limit.")
    disable_after: DisableAfter | None = Field(None, description=DISABLE_AFTER)
    probe: bool | None = Field(None, description=PROBE)
    state: WebhookState | None = Field(None, description="`enabled` also resets the failures and ends a pause.")
    held: Held | None = Field(None, description=HELD)
    trigger_words: TriggerWords | None = Field(
        None, description="Only for a webhook that was created with trigger words."
    )
    trigger_when: TriggerWhen | None = Field(None, description=_WHEN)
    trigger_body: TriggerBody | None = Field(None, description=_BODY)
    reply_name: Name | None = Field(None, description=f"{_REPLY_NAME} null removes it.")
    reply_avatar_url: AvatarUrl | None = Field(None, description=f"{_REPLY_AVATAR} null removes it.")


class WebhookQuery(ListQuery):
    """Filters of the list of webhooks; a webhook has to match them all."""

    name: str | None = Field(
        None, min_length=1, max_length=100, description="Only webhooks whose name contains this text, ignoring case."
    )
    url: str | None = Field(
        None, min_length=1, max_length=200, description="Only webhooks whose URL contains this text, ignoring case."
    )
    state: WebhookState | None = None
    event: EventType | None = None


class FailedAttemptOut(Output):
    """One of the failed attempts that disabled a webhook."""

    delivery_id: str
    number: int
    at: Time
    status: int | None
    error: str | None
    excerpt: str | None = Field(None, description="As in the delivery's attempt; only for the last attempt.")


class WebhookOut(Output):
    """An outgoing webhook, without its signing secret."""

    id: str = Field(pattern=ids.pattern(ids.WEBHOOK))
    url: str
    display_url: str | None = Field(description="The URL with its host in Unicode, if that differs from `url`.")
    events: list[EventType]
    chat_ids: list[str] | None
    bot_id: str | None = Field(description="For a bot's callback, the bot whose mentions it gets.")
    mentioned_by: list[MentionedBy] | None = Field(
        description="For a bot's callback: whose mentions it gets; null: people's."
    )
    application_id: str | None = Field(
        description="For an application's callback, the application whose answers it gets."
    )
    user_id: str | None = Field(description="For a personal webhook, the person whose notifications it gets.")
    format: Format = Field(
        description="The product whose format the bodies have; `ferryman` is described under Webhooks."
    )
    signatures: list[Signature]
    name: str | None
    description: str | None
    livemode: bool = Field(description="true: live events only; false: test events only.")
    state: WebhookState
    disabled_reason: str | None
    disabled_at: Time | None
    held_from: Time | None = Field(
        description="The time from which events are held until you decide about them: GET "
        "/v1/webhooks/{webhook_id}/held. Null: none are."
    )
    consecutive_failures: int
    paused_until: Time | None = Field(
        description="No attempt is made before this time, because the receiver failed or asked to wait."
    )
    max_per_second: int | None
    trigger_words: list[str] | None = Field(
        description="Only messages that begin with one of these words are delivered; null: the webhook has no "
        "trigger words."
    )
    trigger_when: TriggerWhen
    trigger_body: TriggerBody
    reply_name: str | None
    reply_avatar_url: str | None
    group_id: str | None = Field(
        description="Webhooks with the same group_id are one outgoing webhook with several URLs in Mattermost's API."
    )
    last_error: str | None
    failing_since: Time | None = Field(description="The time of the first of the consecutive failures.")
    failed_attempts: list[FailedAttemptOut] = Field(
        description="After failures disabled it: up to ten of the last failed attempts, oldest first."
    )
    next_probe_at: Time | None = Field(description="After failures disabled it: the time of the next test.")
    disable_after: int | None = Field(description=DISABLE_AFTER)
    probe: bool | None = Field(description=PROBE)
    secret_expires_at: Time | None = Field(description="During a rotation: when the old secret stops signing.")
    secret_pending: bool = Field(
        description="true during a rotation, if one of the signatures allows a single secret: it still uses the old "
        "one. POST …/expire-old-secret activates the new one."
    )
    not_heard_chat_ids: list[str] = Field(
        default=[],
        description="Those of chat_ids whose events it does not get, because its owner is not a member of the chat.",
    )
    owner_id: str = Field(description="The person who created it, or to whom it was handed over.")
    created_by: str
    created_at: Time
    updated_at: Time

    @classmethod
    def of(cls, webhook: Webhook) -> Self:
        names = set(WebhookOut.model_fields) - {
            "id",
            "display_url",
            "failed_attempts",
            "paused_until",
            "owner_id",
            "not_heard_chat_ids",
            "held_from",
        }
        paused = webhook.paused_until / 1000
        return cls.model_validate(
            {
                "id": webhook.webhook_id,
                "owner_id": webhook.owner,
                "display_url": ssrf_guard.in_unicode(webhook.url),
                "held_from": webhook.holds_from,
                "failed_attempts": webhook.failed_attempts or [],
                "paused_until": clock.iso(paused) if paused > clock.now() else None,
                **{name: getattr(webhook, name) for name in names},
            }
        )


class WebhookCreated(WebhookOut):
    """A new outgoing webhook with its signing secret, which is shown only once."""

    token: str | None = Field(
        None,
        description="With trigger words: the token in each body, with which the receiver verifies the sender. Shown "
        "only once, like the secret.",
    )

    secret: str | None = Field(
        None,
        description="The signing secret. Store it now: it cannot be shown again. Null in the answer to a repeated "
        "Idempotency-Key.",
    )


class RotationIn(Input):
    """How to rotate a signing secret."""

    overlap_hours: int = Field(
        24,
        ge=0,
        le=168,
        description="How many hours the old secret signs beside the new one, or instead of it for a signature that "
        "allows a single secret. 0: the old secret ends at once.",
    )


class TestIn(Input):
    """The test to send."""

    event_type: EventType | None = Field(
        None, description="The event type whose example is sent. Left out: the first of the webhook's events."
    )
