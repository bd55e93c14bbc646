"""The table `events`: event → event, where the key is `<workspace_id>/<event_id>`, so that writes spread.

An event that is not itself a new message is put here with `undispatched`, and the stream invokes the dispatcher.
The event of a new message is put here by the dispatcher, without the mark, once a webhook wants it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ferryman import clock, settings, store
from ferryman.errors import Conflict
from ferryman.events.model import Event
from ferryman.messages.table import shard

TABLE = "events"
_DAY_SECONDS = 86_400
_REACHED = ("reached_topic", "reached_id")


class Begun(Conflict):
    """An earlier call began to give this event to webhooks."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the dispatch of an event came."""

    giving: list[str]  # the webhooks whose deliveries were being made
    reached: tuple[str, str] | None  # where a large fan-out was interrupted: (topic, webhook id)


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


def begin(event: Event, webhook_ids: Sequence[str]) -> None:
    """Before the first deliveries of an event: keep it for them, and name the webhooks that get them.

    A call that ends between creating deliveries and sending them leaves them waiting. The next call finds them by
    these names, also when their webhooks want the event no more. Raises Begun when an earlier call was here.
    """
    names = {"giving": " ".join(webhook_ids)}
    if event.undispatched is None:
        first = store.put(TABLE, {**_item(event), **names}, condition="attribute_not_exists(event)", refused=Begun())
    else:
        item_key = key(event.workspace_id, event.event_id)
        first = store.set_values(TABLE, item_key, names, condition="attribute_not_exists(giving)", refused=Begun())
    store.commit([first])


def progress(event: Event) -> Progress | None:
    """How far earlier calls came, or None when the event is not kept."""
    item = store.get(TABLE, key(event.workspace_id, event.event_id))
    if item is None:
        return None
    reached = (item["reached_topic"], item["reached_id"]) if "reached_topic" in item else None
    return Progress(item.get("giving", "").split(), reached)


def go_on(event: Event, *, giving: Sequence[str] = (), reached: tuple[str, str] | None = None) -> None:
    """Name the webhooks that get the next deliveries, or remember how far a large fan-out came: (topic, webhook id)."""
    changes = {"giving": " ".join(giving)} if reached is None else dict(zip(_REACHED, reached, strict=True))
    item_key = key(event.workspace_id, event.event_id)
    store.commit([store.set_values(TABLE, item_key, changes, condition="attribute_exists(event)")])


def get_many(workspace_events: Iterable[tuple[str, str]]) -> dict[str, Event]:
    """The events of (workspace_id, event_id) pairs that are still kept, by event id."""
    found = store.get_many(TABLE, [key(*pair) for pair in workspace_events])
    return {item["event_id"]: Event.from_item(item) for item in found}


def dispatched(event_key: store.Key) -> None:
    """Take the event out of the sweeper's index."""
    store.commit([store.update(TABLE, event_key, "REMOVE undispatched", condition="attribute_exists(event)")])
