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
    "Events that happened while the webhook was disabled are held. With state: enabled, or later: `deliver` has them "
    "delivered, oldest first, max_per_second or five a second; `skip` forgets them."
)
type Signatures = Annotated[list[Signature], Field(min_length=1, max_length=MAX_WORDS), AfterValidator(distinct)]
_CHATS = "Only events of these chats; you must belong to each. Left out: every chat, which needs admin:*."
FORMAT = (
    "The product whose words the bodies use: `ferryman`, or another one, for events that it can tell "
    "(GET /v1/event-types). It never changes."
)
type TriggerWords = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\S+$")]],
    Field(max_length=50),
    AfterValidator(distinct),
]
_WORDS = (
    "With the formats `mattermost` and `slack`: only messages that begin with one of these words are delivered, as "
    "those products' outgoing webhooks are, and the answer is posted in the chat. An empty list: every message."
)
_WHEN = "Whether a message's first word must equal a trigger word (`first_word`) or start with one (`starts_with`)."
_BODY = "With trigger words: whether the body is a `form` or `json`."
type DisableAfter = Annotated[int, Field(ge=LEAST_DISABLE_AFTER, le=MOST_DISABLE_AFTER)]
DISABLE_AFTER = "After how many failures in a row it is disabled. null: as the workspace says."
PROBE = (
    "Whether a webhook that failures disabled is probed with a signed test, and enabled when its receiver answers 2xx. "
    "null: as the workspace says."
)
_REPLY_NAME = "With trigger words: as whom answers are posted that name nobody; the webhook's name, when left out."
_REPLY_AVATAR = "With trigger words: the picture of such answers."


class WebhookIn(Input):
    """A new outgoing webhook."""

    url: Url = Field(description="Where to deliver: https.", examples=["https://ci.example.com/ferryman"])
    events: Events = Field(description="Which events to deliver.", examples=[["message.created"]])
    chat_ids: ChatIds | None = Field(None, description=_CHATS)
    format: Format = Field("ferryman", description=FORMAT)
    signatures: Signatures | None = Field(
        None,
        description="Which signatures each delivery carries: `fm`, `standard` (Standard Webhooks), or another "
        "product's. Left out: that of the format.",
    )
    max_per_second: int | None = Field(
        None, ge=1, le=1000, description="At most this many attempts in a second; no limit, when left out."
    )
    disable_after: DisableAfter | None = Field(None, description=DISABLE_AFTER)
    probe: bool | None = Field(None, description=PROBE)
    name: Name | None = None
    description: Description | None = None
    trigger_words: TriggerWords | None = Field(None, description=_WORDS)
    trigger_when: TriggerWhen | None = Field(None, description=f"{_WHEN} `first_word`, when left out.")
    trigger_body: TriggerBody | None = Field(None, description=f"{_BODY} `form`, when left out.")
    reply_name: Name | None = Field(None, description=_REPLY_NAME)
    reply_avatar_url: AvatarUrl | None = Field(None, description=_REPLY_AVATAR)


class WebhookPatch(Input):
    """The fields to change; those left out stay as they are. A changed URL keeps its secret."""

    url: Url | None = None
    events: Events | None = None
    chat_ids: ChatIds | None = Field(None, description=_CHATS + " null: every chat.")
    name: Name | None = None
    description: Description | None = None
    signatures: Signatures | None = None
    max_per_second: int | None = Field(
        None, ge=1, le=1000, description="At most this many attempts in a second; null: no limit."
    )
    disable_after: DisableAfter | None = Field(None, description=DISABLE_AFTER)
    probe: bool | None = Field(None, description=PROBE)
    state: WebhookState | None = Field(None, description="`enabled` also forgets the failures so far.")
    held: Held | None = Field(None, description=HELD)
    trigger_words: TriggerWords | None = Field(None, description="For a webhook that has trigger words.")
    trigger_when: TriggerWhen | None = Field(None, description=_WHEN)
    trigger_body: TriggerBody | None = Field(None, description=_BODY)
    reply_name: Name | None = Field(None, description=f"{_REPLY_NAME} null removes it.")
    reply_avatar_url: AvatarUrl | None = Field(None, description=f"{_REPLY_AVATAR} null removes it.")


class WebhookQuery(ListQuery):
    """Filters of the list of webhooks; a webhook has to match them all."""

    name: str | None = Field(None, min_length=1, max_length=100, description="In its name, in whatever case.")
    url: str | None = Field(None, min_length=1, max_length=200, description="In its URL, in whatever case.")
    state: WebhookState | None = Field(None, description="Only webhooks in this state.")
    event: EventType | None = Field(None, description="Only webhooks that get this event.")


class FailedAttemptOut(Output):
    """One of the failed attempts that disabled a webhook."""

    delivery_id: str
    number: int
    at: Time
    status: int | None
    error: str | None
    excerpt: str | None = Field(None, description="The first part of its answer; only of the last attempt.")


class WebhookOut(Output):
    """An outgoing webhook, without its signing secret."""

    id: str = Field(pattern=ids.pattern(ids.WEBHOOK))
    url: str
    display_url: str | None = Field(
        description="The URL with its host in Unicode, where that differs; `url` has the ASCII form, which is called."
    )
    events: list[EventType]
    chat_ids: list[str] | None
    bot_id: str | None = Field(description="For a bot's callback, the bot whose mentions it gets.")
    mentioned_by: list[MentionedBy] | None = Field(
        description="For a bot's callback: by whom mentions reach it; null: by people."
    )
    application_id: str | None = Field(
        description="For an application's callback, the application whose answers it gets."
    )
    user_id: str | None = Field(description="For a personal webhook, the person whose notifications it gets.")
    format: Format = Field(
        description="The product whose words the bodies use; `ferryman` is described under Webhooks."
    )
    signatures: list[Signature]
    name: str | None
    description: str | None
    livemode: bool = Field(description="true: live events only; false: test events only.")
    state: WebhookState
    disabled_reason: str | None
    disabled_at: Time | None
    held_from: Time | None = Field(
        description="Since when events are held that nobody has decided about: GET /v1/webhooks/{webhook_id}/held."
    )
    consecutive_failures: int
    paused_until: Time | None = Field(description="No attempts before, because its receiver failed or asked to wait.")
    max_per_second: int | None
    trigger_words: list[str] | None = Field(
        description="Words that a message begins with to be delivered; null for a webhook without triggers."
    )
    trigger_when: TriggerWhen
    trigger_body: TriggerBody
    reply_name: str | None
    reply_avatar_url: str | None
    group_id: str | None = Field(
        description="For one of several URLs that are one outgoing webhook in Mattermost's API: the id that they share."
    )
    last_error: str | None
    failing_since: Time | None = Field(description="When the first of the failures in a row ended.")
    failed_attempts: list[FailedAttemptOut] = Field(
        description="While failures keep it disabled: the last ten of them, oldest first."
    )
    next_probe_at: Time | None = Field(description="When a test shows next whether its receiver answers again.")
    disable_after: int | None = Field(description=DISABLE_AFTER)
    probe: bool | None = Field(description=PROBE)
    secret_expires_at: Time | None = Field(
        description="While the secret is being rotated: until when the old one signs too."
    )
    secret_pending: bool = Field(
        description="While the secret is being rotated: whether the new one does not sign yet, because a header has "
        "room for one signature. POST …/expire-old-secret activates it."
    )
    not_heard_chat_ids: list[str] = Field(
        default=[],
        description="Those of chat_ids whose events it does not get, because its owner does not belong to the chat.",
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
    """A new outgoing webhook with its signing secret, which is shown this once."""

    token: str | None = Field(
        None,
        description="With trigger words: the token in each body, by which the receiver knows the sender. It is made of "
        "the secret, and like that shown this once.",
    )

    secret: str | None = Field(
        None,
        description="The key of the signature. Keep it now: it cannot be shown again. "
        "Null when a repeated Idempotency-Key found the webhook already created.",
    )


class RotationIn(Input):
    """How to rotate a signing secret."""

    overlap_hours: int = Field(
        24,
        ge=0,
        le=168,
        description="How long the old secret signs too, or alone where a header has room for one signature; 0 ends it "
        "at once.",
    )


class TestIn(Input):
    """The test to send."""

    event_type: EventType | None = Field(
        None, description="The event type whose example is sent; the first of the webhook's events, when left out."
    )
