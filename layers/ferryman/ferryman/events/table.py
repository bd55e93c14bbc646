"""The table `events`: event → event, where the key is `<workspace_id>/<event_id>`, so that writes spread.

An event that is not itself a new message is put here with `undispatched`, and the stream invokes the dispatcher.
The event of a new message is put here by the dispatcher, without the mark, once a webhook wants it.
"""

from collections.abc import Iterable

from ferryman import clock, settings, store
from ferryman.events.model import Event
from ferryman.messages.table import shard

TABLE = "events"
_DAY_SECONDS = 86_400


def key(workspace_id: str, event_id: str) -> store.Key:
    return {"event": f"{workspace_id}/{event_id}"}


def _item(event: Event) -> store.Item:
    # A day longer than the deliveries that point to it.
    kept = (settings.integer("DELIVERY_RETENTION_DAYS") + 1) * _DAY_SECONDS
    event.expires_at_epoch = int(clock.seconds(event.created_at)) + kept
    return {**event.to_item(), **key(event.workspace_id, event.event_id)}


def creating(event: Event) -> store.Write:
    """An event that waits for the dispatcher."""
    event.undispatched = shard(event.event_id)
    return store.put(TABLE, _item(event))


def keep(event: Event) -> None:
    """Keep the event of a new message, for its deliveries. Keeping it again changes nothing."""
    if event.undispatched is None:
        store.commit([store.put(TABLE, _item(event))])


def get_many(workspace_events: Iterable[tuple[str, str]]) -> dict[str, Event]:
    """The events of (workspace_id, event_id) pairs that are still kept, by event id."""
    found = store.get_many(TABLE, [key(*pair) for pair in workspace_events])
    return {item["event_id"]: Event.from_item(item) for item in found}


def reached(event: Event) -> tuple[str, str] | None:
    """How far a large fan-out came, as (topic, webhook id), or None."""
    item = store.get(TABLE, key(event.workspace_id, event.event_id))
    return (item["reached_topic"], item["reached_id"]) if item and "reached_topic" in item else None


def reach(event: Event, topic: str, webhook_id: str) -> None:
    """Remember how far the fan-out of an event came."""
    come_far = {"reached_topic": topic, "reached_id": webhook_id}
    item_key = key(event.workspace_id, event.event_id)
    store.commit([store.set_values(TABLE, item_key, come_far, condition="attribute_exists(event)")])


def dispatched(event_key: store.Key) -> None:
    """Take the event out of the sweeper's index."""
    store.commit([store.update(TABLE, event_key, "REMOVE undispatched", condition="attribute_exists(event)")])
