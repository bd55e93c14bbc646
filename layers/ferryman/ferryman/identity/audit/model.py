"""Audit record: who changed what, when and from where. It is written with the change, and deleted when it expires."""

from dataclasses import dataclass, field
from typing import Any, Literal

from ferryman.aws import dynamodb as store

type Action = Literal[
    "token.created",
    "token.edited",
    "token.revoked",
    "token.disabled",
    "token.enabled",
    "token.all_ended",
    "user.created",
    "user.edited",
    "user.invited",
    "user.email_changed",
    "chat.created",
    "chat.edited",
    "member.added",
    "member.removed",
    "bot.created",
    "bot.edited",
    "bot.deleted",
    "callback.created",
    "callback.edited",
    "callback.deleted",
    "bot.handed_over",
    "incoming_webhook.created",
    "incoming_webhook.edited",
    "incoming_webhook.regenerated",
    "incoming_webhook.revoked",
    "incoming_webhook.handed_over",
    "webhook.created",
    "webhook.edited",
    "webhook.rotated",
    "webhook.old_secret_expired",
    "webhook.deleted",
    "webhook.handed_over",
    "session.created",
    "session.ended",
    "password.set",
    "password.changed",
    "totp.activated",
    "totp.removed",
    "application.created",
    "application.edited",
    "application.deleted",
    "application.token_rotated",
    "application.token_revoked",
    "application.handed_over",
    "workspace.edited",
    "workspace.plan_changed",
    "connection.created",
    "connection.edited",
    "connection.reset",
    "connection.deleted",
    "connection.approval_begun",
    "connection.approved",
    "connection.not_approved",
    "connection.needs_reconnecting",
    "connection.token_read",
    "command.created",
    "command.edited",
    "command.regenerated",
    "command.deleted",
    "command.handed_over",
    "connection.tested",
    "message.edited",
    "message.deleted",
    "webhook.tested",
    "webhook.checked",
    "delivery.retried",
    "replay.started",
    "replay.cancelled",
    "notification.created",
    "notification.cancelled",
]


@dataclass(slots=True, kw_only=True)
class AuditRecord(store.Record):
    """One change and who made it, as an item of the table `audit`."""

    workspace_id: str
    audit_id: str
    at: str
    action: Action
    user_id: str
    credential_id: str
    livemode: bool
    target_id: str
    ip: str | None = None
    request_id: str | None = None
    details: dict[str, Any] = field(default_factory=dict)
    expires_at_epoch: int | None = None  # epoch seconds; the table deletes the item after this time; None: never
