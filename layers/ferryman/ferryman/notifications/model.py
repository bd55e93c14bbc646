"""Notification: a text that people get, now or at a set time."""

from dataclasses import dataclass
from typing import Any, Literal

from ferryman.aws import dynamodb as store
from ferryman.events.model import NotificationType

type NotificationState = Literal["scheduled", "sending", "sent", "cancelled"]

GLOBAL_SIGNALS: frozenset[NotificationType] = frozenset(
    {"team_support.approved"}
)  # told to owners, admins and hr_admins
MAX_TITLE = 200  # code points
MAX_BODY = 4_000
MAX_DATA_BYTES = 8_192
MAX_NAMED = 100  # people whom one notification names: what one batch read holds


@dataclass(slots=True, kw_only=True)
class Notification(store.Record):
    """A text for people, sent or scheduled, as an item of the table `notifications`."""

    workspace_id: str
    notification_id: str
    type: NotificationType
    title: str
    livemode: bool
    state: NotificationState
    send_at: str  # the time of its events, too
    created_by: str
    created_at: str
    credential_id: str | None = None  # with which it was made
    body: str | None = None
    url: str | None = None
    data: str | None = None  # JSON text, since DynamoDB would make 1 of 1.0
    user_ids: list[str] | None = None  # None: everyone
    starts_at: str | None = None  # the moment that it tells of, some minutes before
    repeat: dict[str, Any] | None = None  # a Repeat: when it was told, the next one is made
    sent_at: str | None = None
    reached: store.Key | None = None  # of everyone: the user after whom to go on
    undispatched: str | None = None
    expires_at_epoch: int | None = None  # once it was sent or cancelled
