"""The table `inboxes`: (inbox, notification_id) → entry, where inbox is `<workspace_id>/<live|test>/<user_id>`.

Entries expire after `DELIVERY_RETENTION_DAYS`. An expired entry is not shown, even while the table still has it.
"""

from ferryman import clock
from ferryman.aws import dynamodb as store
from ferryman.errors import Conflict, NotFound
from ferryman.notifications import table as notifications
from ferryman.notifications.inboxes.model import Entry
from ferryman.notifications.model import Notification

TABLE = "inboxes"


class Exists(Conflict):
    """The notification is in this inbox already."""


def _inbox(workspace_id: str, user_id: str, *, livemode: bool) -> str:
    return f"{workspace_id}/{'live' if livemode else 'test'}/{user_id}"


def creating(notification: Notification, user_id: str) -> store.Write:
    """The write that adds a notification to a user's inbox. If it is there already, the commit raises Exists."""
    entry = Entry(
        notification_id=notification.notification_id,
        type=notification.type,
        title=notification.title,
        body=notification.body,
        url=notification.url,
        data=notification.data,
        livemode=notification.livemode,
        created_at=notification.send_at,
        expires_at_epoch=notifications.kept_until(),
    )
    inbox = _inbox(notification.workspace_id, user_id, livemode=notification.livemode)
    refused = Exists("The notification is in this inbox already.")
    return store.put(
        TABLE,
        {**entry.to_item(), "inbox": inbox},
        condition="attribute_not_exists(notification_id)",
        refused=refused,
    )


def page(
    workspace_id: str, user_id: str, limit: int, after: store.Key | None, *, livemode: bool, unread: bool
) -> tuple[list[Entry], store.Key | None]:
    """A page of an inbox, newest first, and the key after which the next page begins; None after the last page.

    With `unread`, only entries that were not marked read.
    """
    page = store.page(
        TABLE,
        "inbox = :inbox",
        {":inbox": _inbox(workspace_id, user_id, livemode=livemode), ":now": int(clock.now())},
        where="expires_at_epoch > :now" + (" AND attribute_not_exists(read_at)" if unread else ""),
        newest_first=True,
        key=("inbox", "notification_id"),
        limit=limit,
        after=after,
    )
    return [Entry.from_item(item) for item in page.items], page.last_key


def read(workspace_id: str, user_id: str, notification_id: str, *, livemode: bool) -> Entry:
    """Mark an entry as read and return it. An entry that was read before keeps its `read_at`. Raises NotFound."""
    marked = store.update(
        TABLE,
        {"inbox": _inbox(workspace_id, user_id, livemode=livemode), "notification_id": notification_id},
        "SET read_at = if_not_exists(read_at, :at)",
        {":at": clock.now_iso(), ":now": int(clock.now())},
        condition="expires_at_epoch > :now",
        refused=NotFound("The notification does not exist."),
    )
    return Entry.from_item(store.commit([marked], return_new=True) or {})
