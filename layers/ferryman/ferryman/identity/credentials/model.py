"""Credential: any secret that identifies a caller, stored under the SHA-256 of the secret."""

from dataclasses import dataclass, field
from typing import Literal

from ferryman import clock
from ferryman.aws import dynamodb as store
from ferryman.identity import permissions
from ferryman.identity.plans import Plan

type Kind = Literal["token", "session", "invitation", "incoming_webhook", "application", "response_url"]


@dataclass(slots=True, kw_only=True)
class Credential(store.Record):
    """All data that authentication needs, in one item: a request takes one consistent read, and revoking is one delete.

    `role` and `active` are copies of the user's; a change of the user rewrites them (`integrations.cascades.people`).
    On tokens and sessions, `plan` is a copy of the workspace's; a change of the plan rewrites it
    (`identity.plan_change`).
    """

    secret_hash: str
    kind: Kind
    workspace_id: str
    subject_id: str  # the id of the token, session, invitation, incoming webhook, application or command
    user_id: str
    role: permissions.Role = "staff"
    active: bool = True
    disabled: bool | None = None  # True: the token is refused until somebody enables it again
    plan: Plan | None = None  # None: the deployment's default
    livemode: bool = True
    scopes: list[str] = field(default_factory=list)
    expires_at: str | None = None
    expires_at_epoch: int | None = None  # epoch seconds; when the table deletes it; None: never
    used_at: str | None = None
    enrols_only: bool | None = None  # True: the session can only enrol the second factor that the workspace requires
    uses: int | None = None  # of a command's reply address: how often it was used
    chat_id: str | None = None  # of an incoming webhook: the chat to which it posts
    name: str | None = None  # of an incoming webhook or application: the author name of its messages
    avatar_url: str | None = None  # of an incoming webhook
    title: str | None = None  # of an incoming webhook
    # For an incoming webhook in another product's format: the product, and the rights of posts.
    flavour: str | None = None
    chat_locked: bool | None = None
    refuses_overrides: bool | None = None
    # For an incoming webhook that accepts another product's payloads: the product, the translation, the secret.
    source: str | None = None
    translation: str | None = None
    sealed_sender_secret: bytes | None = None

    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= clock.now_iso()


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a request came from, for the audit log and the list of sessions."""

    ip: str | None = None
    request_id: str | None = None
    user_agent: str | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """The sender of a request, and what they may do."""

    workspace_id: str
    user_id: str
    role: permissions.Role
    livemode: bool
    scopes: frozenset[permissions.Scope]
    credential_id: str
    expires_at: str | None = None
    kind: Literal["token", "session", "application"] = "token"
    source: Source = Source()
    plan: Plan = "free"
    enrols_only: bool = False
    application_id: str | None = None  # the application that calls; `user_id` is then the application's id, too
    stored_plan: Plan | None = None  # the plan in the workspace's item; None: `plan` is the deployment's default

    @property
    def is_admin(self) -> bool:
        """Whether the caller holds `admin:*`: they manage the whole workspace, without being a member of each chat."""
        return permissions.ADMIN in self.scopes
