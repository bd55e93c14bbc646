"""The table `notifications`: (workspace_id, notification_id) → notification.

A notification that was not sent yet has the mark `undispatched`, the key of a sparse index that is sorted by `send_at`.
Every minute, the notifier reads the due ones there; the table's stream brings it those that are due at once. A
notification that was sent or cancelled expires after `DELIVERY_RETENTION_DAYS`.
"""

from collections.abc import Iterator

from ferryman import clock, ids, settings
from ferryman.aws import dynamodb as store
from ferryman.errors import Conflict, NotFound
from ferryman.notifications.model import Notification

TABLE = "notifications"
DUE_INDEX = "due"
_DAY_SECONDS = 86_400


class NotScheduled(Conflict):
    """The notification is being sent, or was sent or cancelled before."""


def kept_until() -> int:
    """The expiry (epoch seconds) of a notification that is sent or cancelled now, and of its entries in inboxes."""
    return int(clock.now()) + settings.integer("DELIVERY_RETENTION_DAYS") * _DAY_SECONDS


def _key(workspace_id: str, notification_id: str) -> store.Key:
    return {"workspace_id": workspace_id, "notification_id": notification_id}


def get(workspace_id: str, notification_id: str) -> Notification:
    item = store.get_kept(TABLE, _key(workspace_id, notification_id))
    if item is None:
        raise NotFound("The notification does not exist.")
    return Notification.from_item(item)


def page(
    workspace_id: str, created_by: str | None, limit: int, after: store.Key | None, *, livemode: bool
) -> tuple[list[Notification], store.Key | None]:
    """A page of live or test notifications, newest first, and the key after which the next page begins, or None.

    If `created_by` is given, only those that this user sent.
    """
    values = {":workspace": workspace_id, ":livemode": livemode, ":now": int(clock.now())}
    if created_by:
        values[":creator"] = created_by
    page = store.page(
        TABLE,
        "workspace_id = :workspace",
        values,
        where=f"livemode = :livemode AND {store.KEPT}" + (" AND created_by = :creator" if created_by else ""),
        newest_first=True,
        key=("workspace_id", "notification_id"),
        limit=limit,
        after=after,
    )
    return [Notification.from_item(item) for item in page.items], page.last_key


def due(at: str) -> Iterator[tuple[str, str]]:
    """The (workspace_id, notification_id) of each notification that was due by `at` (ISO) and is not sent yet."""
    for number in range(ids.SHARDS):
        waiting = store.query_all(
            TABLE,
            "undispatched = :shard AND send_at <= :at",
            {":shard": str(number), ":at": at},
            index=DUE_INDEX,
        )
        for item in waiting:
            yield item["workspace_id"], item["notification_id"]


def creating(notification: Notification) -> store.Write:
    notification.undispatched = ids.shard(notification.notification_id)
    return store.put(TABLE, notification.to_item(), condition="attribute_not_exists(notification_id)")


def beginning(notification: Notification) -> store.Write:
    """The write that sets the state to `sending`.

    If the notification is not `scheduled` any more, the commit raises NotScheduled.
    """
    return _from_scheduled(notification, {"state": "sending"})


def cancelling(notification: Notification) -> store.Write:
    """The write that sets the state to `cancelled`.

    If the notification is not `scheduled` any more, the commit raises NotScheduled.
    """
    return _from_scheduled(notification, {"state": "cancelled", "undispatched": None, "expires_at_epoch": kept_until()})


def reaching(notification: Notification, reached: store.Key) -> store.Write:
    """The write that stores the key of the user after whom the next call continues.

    If the sending is over, the commit raises Conflict.
    """
    key = _key(notification.workspace_id, notification.notification_id)
    return store.set_values(TABLE, key, {"reached": reached}, condition="attribute_exists(undispatched)")


def finishing(notification: Notification) -> store.Write:
    """The write that sets the state to `sent`: all recipients have the notification.

    If the sending is over already, the commit raises Conflict.
    """
    key = _key(notification.workspace_id, notification.notification_id)
    changes = {
        "state": "sent",
        "sent_at": clock.now_iso(),
        "expires_at_epoch": kept_until(),
        "undispatched": None,
        "reached": None,
    }
    return store.set_values(TABLE, key, changes, condition="attribute_exists(undispatched)")


def _from_scheduled(notification: Notification, changes: dict[str, str | int | None]) -> store.Write:
    write = store.set_values(
        TABLE,
        _key(notification.workspace_id, notification.notification_id),
        changes,
        condition="#state = :scheduled",
        values={":scheduled": "scheduled"},
        refused=NotScheduled("The notification was sent or cancelled before."),
    )
    write.arguments["ExpressionAttributeNames"]["#state"] = "state"
    return write
