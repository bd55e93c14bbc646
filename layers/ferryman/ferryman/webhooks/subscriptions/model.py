"""Webhook: an outgoing subscription with a URL, event types, a chat filter, signing secrets and a state."""

from dataclasses import dataclass, field
from typing import Any, Literal

from ferryman import clock, formats
from ferryman.aws import dynamodb as store
from ferryman.events.model import EventType
from ferryman.formats import Format, Signature
from ferryman.formats.interface import TriggerBody, TriggerWhen
from ferryman.identity import permissions

type Deletion = Literal["deleted", "not_found", "conflict"]
type MentionedBy = Literal["user", "bot", "program"]
BY_PEOPLE: list[MentionedBy] = ["user"]
type WebhookState = Literal["enabled", "disabled"]
SECRET_PREFIX = "whsec_"  # noqa: S105 - what secrets begin with
MAX_CHATS = 40
PAUSE_AFTER_FAILURES = 5  # consecutive failed attempts
LEAST_DISABLE_AFTER = 5  # the bounds of the failures in a row that disable a webhook
MOST_DISABLE_AFTER = 100
SLOW_AFTER_SECONDS = 2  # an attempt that takes longer puts its webhook on the slow lane
SLOW_FOR_SECONDS = 900
BY_A_USER = "disabled by a user"
BOT_DEACTIVATED = "the bot was deactivated"  # why a callback is disabled; activating the bot enables it again


@dataclass(slots=True, kw_only=True)
class SigningSecret(store.Record):
    """One version of a webhook's signing secret, encrypted."""

    version: int
    ciphertext: bytes
    created_at: str
    expires_at: str | None = None

    def is_valid(self) -> bool:
        return self.expires_at is None or self.expires_at > clock.now_iso()


@dataclass(slots=True, kw_only=True)
class Webhook(store.Record):
    """An outgoing webhook, as an item of the table `webhooks`."""

    workspace_id: str
    webhook_id: str
    url: str
    events: list[EventType]
    livemode: bool
    created_by: str
    created_at: str
    updated_at: str
    owner_id: str | None = None  # the person to whom it was handed over; None: the creator owns it
    secrets: list[dict[str, Any]]  # SigningSecret items, newest first
    chat_ids: list[str] | None = None  # None: every chat of the workspace, which needs admin:*
    bot_id: str | None = None  # for a bot's callback: the bot whose mentions it gets, in the bot's chats
    mentioned_by: list[MentionedBy] | None = None  # for a bot's callback: the mentions it gets; None: people's
    # For an application's callback: the application. It gets people's answers, and messages in the group `chat_ids`.
    application_id: str | None = None
    user_id: str | None = None  # for a personal webhook: the person who manages it and whose notifications it gets
    format: Format = "ferryman"  # the format of the bodies, which never changes
    signatures: list[Signature] = field(default_factory=lambda: ["fm"])
    name: str | None = None
    description: str | None = None
    state: WebhookState = "enabled"
    disabled_reason: str | None = None
    disabled_at: str | None = None
    held_from: str | None = None  # the time from which events are held; None once somebody decided about them
    held_until: str | None = None  # when the webhook was enabled again
    consecutive_failures: int = 0
    failing_since: str | None = None  # the time of the first of these failures
    last_error: str | None = None
    disable_after: int | None = None  # failures in a row that disable it; None: the workspace's setting
    probe: bool | None = None  # whether it is probed after failures disabled it; None: the workspace's setting
    failed_attempts: list[dict[str, Any]] | None = None  # the last of the attempts that disabled it, oldest first
    next_probe_at: str | None = None  # the time of the next probe, while failures keep it disabled
    probes_made: int = 0  # the number of probes since it was disabled
    paused_until: int = 0  # epoch milliseconds; no attempt before this time, then one attempt probes
    slow_until: int = 0  # epoch milliseconds; until then its deliveries take the slow lane
    max_per_second: int | None = None
    next_place: int = 0  # epoch milliseconds; the first place in its rate that no delivery has reserved
    topics: list[str] = field(default_factory=list)  # its rows in `subscriptions`
    # Only messages that begin with one of these words are delivered; an empty list: every message; None: no triggers.
    trigger_words: list[str] | None = None
    trigger_when: TriggerWhen = "first_word"
    trigger_body: TriggerBody = "form"
    reply_name: str | None = None  # the author name of the receiver's answers
    reply_avatar_url: str | None = None
    group_id: str | None = None  # the first one of webhooks that Mattermost's API shows as one with several URLs

    @property
    def is_global(self) -> bool:
        """Whether the webhook gets the events of every chat of the workspace.

        It then names no chats, and is neither a callback nor a personal webhook.
        """
        return self.chat_ids is None and not (self.bot_id or self.application_id or self.user_id)

    @property
    def follows_a_member(self) -> bool:
        """Whether the webhook gets the events of a chat only while `member_id` is a member of the chat.

        False for three kinds: a webhook for every chat; an application's callback, because applications are not members
        of chats; and a personal webhook, because a notification belongs to no chat.
        """
        return not (self.is_global or self.application_id or self.user_id)

    @property
    def is_triggered(self) -> bool:
        return self.trigger_words is not None

    @property
    def replies_as(self) -> str | None:
        """The id of the user who must be allowed to post the receiver's replies; None if its answers are not read.

        That is the owner of a webhook with trigger words, or the bot of a callback.
        """
        return self.owner if self.is_triggered else self.bot_id

    @property
    def sealed_for(self) -> str:
        """The id in the encryption context of the webhook's secrets: its group's, because a group shares secrets.

        A webhook without a group has its own id there.
        """
        return self.group_id or self.webhook_id

    @property
    def holds_from(self) -> str | None:
        """The time (ISO) since which the webhook holds events; None if it holds none.

        A webhook holds the events that it missed while it was disabled, until a person has them delivered or skips
        them. A personal webhook holds none.
        """
        if self.user_id:
            return None  # the person's inbox has them
        return self.held_from or self.disabled_at

    @property
    def is_slow(self) -> bool:
        return self.slow_until > clock.now() * 1000

    @property
    def member_id(self) -> str:
        """The id of the user whose chats' events the webhook gets: the bot of a callback, otherwise the owner."""
        return self.bot_id or self.owner

    @property
    def owner(self) -> str:
        return self.owner_id or self.created_by

    @property
    def needs(self) -> permissions.Scope:
        """The scope that the role of the webhook's owner must have."""
        if self.application_id or self.is_global:
            return permissions.ADMIN
        if self.user_id:
            return "me:webhooks"
        return "bots:write" if self.bot_id else "webhooks:write"

    @property
    def secret_expires_at(self) -> str | None:
        """The time (ISO) until which an old secret signs too; None if only one secret signs."""
        return max((secret.expires_at for secret in self.signing_secrets() if secret.expires_at), default=None)

    @property
    def secret_pending(self) -> bool:
        """Whether the new secret does not sign yet: a signature has room for one, and the old secret is still valid."""
        return self.secret_expires_at is not None and any(map(formats.signing, self.signatures))

    def signing_secrets(self) -> list[SigningSecret]:
        """The versions that sign now, newest first."""
        return [secret for secret in map(SigningSecret.from_item, self.secrets) if secret.is_valid()]
