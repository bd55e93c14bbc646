"""Entry: a notification in one person's inbox, read or unread."""

from dataclasses import dataclass

from ferryman.aws import dynamodb as store
from ferryman.events.model import NotificationType


@dataclass(slots=True, kw_only=True)
class Entry(store.Record):
    """A notification in one person's inbox, as an item of the table `inboxes`."""

    notification_id: str
    type: NotificationType
    title: str
    livemode: bool
    created_at: str  # when it was sent
    expires_at_epoch: int
    body: str | None = None
    url: str | None = None
    data: str | None = None  # JSON text
    read_at: str | None = None
