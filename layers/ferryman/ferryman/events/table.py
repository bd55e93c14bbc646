"""The table `events`: `<workspace_id>/<event_id>` → event. Such keys spread the writes over all partitions.

An event other than `message.created` is put here with the mark `undispatched`, and the stream invokes the dispatcher.
The event `message.created` is built from its message, and stored here only when the message is edited or deleted. The
events of a deleted message stay without their bodies, so that their deliveries can say why they were not sent. A second
item, `<workspace_id>/<event_id>/reached`, records where a large fan-out was interrupted.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

from ferryman import clock, ids, settings
from ferryman.aws import dynamodb as store
from ferryman.errors import Conflict
from ferryman.events.model import Event

TABLE = "events"
_DAY_SECONDS = 86_400


def key(workspace_id: str, event_id: str) -> store.Key:
    return {"event": f"{workspace_id}/{event_id}"}


def _reached(event: Event) -> store.Key:
    return {"event": f"{event.workspace_id}/{event.event_id}/reached"}


def _item(event: Event) -> store.Item:
    event.expires_at_epoch = _expires_at_epoch(event)
    return {**event.to_item(), **key(event.workspace_id, event.event_id)}


def _expires_at_epoch(event: Event) -> int:
    """The epoch second at which the event expires: a day after the deliveries that point to it."""
    kept = (settings.integer("DELIVERY_RETENTION_DAYS") + 1) * _DAY_SECONDS
    return int(clock.seconds(event.created_at)) + kept


def creating(event: Event) -> store.Write:
    """The write that stores an event to be dispatched. Sets the mark `undispatched` in `event`, too.

    After the commit, the stream brings the event to the dispatcher.
    """
    event.undispatched = ids.shard(event.event_id)
    return store.put(TABLE, _item(event))


def creating_once(event: Event, refused: Exception) -> store.Write:
    """As `creating`, but if the table has the event already, the commit raises `refused`."""
    event.undispatched = ids.shard(event.event_id)
    return store.put(TABLE, _item(event), condition="attribute_not_exists(event)", refused=refused)


def keeping(event: Event) -> store.Write:
    """The write that stores an event without dispatching it, for its deliveries. Removes the mark from `event`, too.

    If it is stored already, the commit raises Conflict.
    """
    event.undispatched = None
    return store.put(TABLE, _item(event), condition="attribute_not_exists(event)")


def erasing(event: Event, at: str) -> store.Write | None:
    """The write that replaces an event, stored or not, by one without bodies; None if the event has expired."""
    erased = replace(event, data={}, told=None, stored_body="", stored_bodies=None, undispatched=None, erased_at=at)
    item = _item(erased)
    return store.put(TABLE, item) if item["expires_at_epoch"] > clock.now() else None


def keep(event: Event) -> None:
    """Store the event, without dispatching it, unless it is stored already."""
    with suppress(Conflict):
        store.commit([keeping(event)])


def reach(event: Event, topic: str, webhook_id: str) -> None:
    """Store how far a large fan-out came: to the webhook `webhook_id` among the subscriptions to `topic`."""
    item = {**_reached(event), "topic": topic, "webhook_id": webhook_id, "expires_at_epoch": _expires_at_epoch(event)}
    store.commit([store.put(TABLE, item)])


def reached(event: Event) -> tuple[str, str] | None:
    """The (topic, webhook id) at which an earlier fan-out of the event was interrupted, or None."""
    item = store.get(TABLE, _reached(event))
    return (item["topic"], item["webhook_id"]) if item else None


def get(workspace_id: str, event_id: str) -> Event | None:
    """The event, or None if it is not stored."""
    item = store.get(TABLE, key(workspace_id, event_id))
    return Event.from_item(item) if item else None


def get_many(workspace_events: Iterable[tuple[str, str]], unreadable: set[str] | None = None) -> dict[str, Event]:
    """The stored events of these (workspace_id, event_id) pairs, by event id.

    The ids of items that cannot be parsed are added to `unreadable`.
    """
    items = store.get_many(TABLE, [key(*pair) for pair in workspace_events])
    return store.read(Event, items, "event_id", unreadable)


def dispatched(event_key: store.Key) -> None:
    """Remove the mark `undispatched` from an event."""
    store.commit([store.update(TABLE, event_key, "REMOVE undispatched", condition="attribute_exists(event)")])
