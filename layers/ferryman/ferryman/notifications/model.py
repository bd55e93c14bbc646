"""Notification: a text that people get, now or at a set time."""

from dataclasses import dataclass
from typing import Any, Literal

from ferryman.aws import dynamodb as store
from ferryman.events.model import NotificationType

type NotificationState = Literal["scheduled", "sending", "sent", "cancelled"]

# Sent to all owners, admins and hr_admins.
GLOBAL_SIGNALS: frozenset[NotificationType] = frozenset({"team_support.approved"})
MAX_TITLE = 200  # code points
MAX_BODY = 4_000
MAX_DATA_BYTES = 8_192
MAX_NAMED = 100  # user ids in one notification; one batch read takes as many


@dataclass(slots=True, kw_only=True)
class Notification(store.Record):
    """A text for people, sent or scheduled, as an item of the table `notifications`."""

    workspace_id: str
    notification_id: str
    type: NotificationType
    title: str
    livemode: bool
    state: NotificationState
    send_at: str  # also the time of its events
    created_by: str
    created_at: str
    credential_id: str | None = None  # the credential that created it
    body: str | None = None
    url: str | None = None
    data: str | None = None  # JSON text, because a DynamoDB number would change 1.0 to 1
    user_ids: list[str] | None = None  # None: everyone
    starts_at: str | None = None  # the start of the announced event, some minutes after `send_at`
    repeat: dict[str, Any] | None = None  # a Repeat; sending the notification schedules the next one
    sent_at: str | None = None
    reached: store.Key | None = None  # if it goes to everyone: the key of the last user who got it
    undispatched: str | None = None
    expires_at_epoch: int | None = None  # set when it was sent or cancelled
