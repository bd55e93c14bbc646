"""The table `events`: event → event, where the key is `<workspace_id>/<event_id>`, so that writes spread.

An event that is not itself a new message is put here with `undispatched`, and the stream invokes the dispatcher.
The event of a new message is made of the message, and put here only when the message is edited or deleted. The
events of a deleted message stay without their bodies, so that their deliveries can tell why they were not sent. Where a
large fan-out was interrupted is a second item, `<workspace_id>/<event_id>/reached`.
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
    """A day after the deliveries that point to it."""
    kept = (settings.integer("DELIVERY_RETENTION_DAYS") + 1) * _DAY_SECONDS
    return int(clock.seconds(event.created_at)) + kept


def creating(event: Event) -> store.Write:
    """Store an event, which the stream then brings to the dispatcher."""
    event.undispatched = ids.shard(event.event_id)
    return store.put(TABLE, _item(event))


def creating_once(event: Event, refused: Exception) -> store.Write:
    """As `creating`, but raises `refused` when the table has the event already."""
    event.undispatched = ids.shard(event.event_id)
    return store.put(TABLE, _item(event), condition="attribute_not_exists(event)", refused=refused)


def keeping(event: Event) -> store.Write:
    """Store an event for its deliveries, without dispatching it. Refused with Conflict when it is stored already."""
    event.undispatched = None
    return store.put(TABLE, _item(event), condition="attribute_not_exists(event)")


def erasing(event: Event, at: str) -> store.Write | None:
    """Erase the bodies of an event, also of one that is not stored yet; None when it has expired."""
    erased = replace(event, data={}, told=None, stored_body="", stored_bodies=None, undispatched=None, erased_at=at)
    item = _item(erased)
    return store.put(TABLE, item) if item["expires_at_epoch"] > clock.now() else None


def keep(event: Event) -> None:
    """Store the event unless it is there already: an event does not change."""
    with suppress(Conflict):
        store.commit([keeping(event)])


def reach(event: Event, topic: str, webhook_id: str) -> None:
    """Remember how far a large fan-out came: to the webhook of this id, among the subscriptions to `topic`."""
    item = {**_reached(event), "topic": topic, "webhook_id": webhook_id, "expires_at_epoch": _expires_at_epoch(event)}
    store.commit([store.put(TABLE, item)])


def reached(event: Event) -> tuple[str, str] | None:
    """Where an earlier call was interrupted, (topic, webhook id), or None when none was."""
    item = store.get(TABLE, _reached(event))
    return (item["topic"], item["webhook_id"]) if item else None


def get(workspace_id: str, event_id: str) -> Event | None:
    """An event, or None when it was never stored or has expired."""
    item = store.get(TABLE, key(workspace_id, event_id))
    return Event.from_item(item) if item else None


def get_many(workspace_events: Iterable[tuple[str, str]], unreadable: set[str] | None = None) -> dict[str, Event]:
    """The events of (workspace_id, event_id) pairs that are still kept, by event id."""
    items = store.get_many(TABLE, [key(*pair) for pair in workspace_events])
    return store.read(Event, items, "event_id", unreadable)


def dispatched(event_key: store.Key) -> None:
    """Take the event out of the sweeper's index."""
    store.commit([store.update(TABLE, event_key, "REMOVE undispatched", condition="attribute_exists(event)")])
