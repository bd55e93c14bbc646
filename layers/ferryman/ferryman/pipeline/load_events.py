"""Recalling what happened: the events that deliveries tell, as they were.

The event of a new message is made of the message while that is as it was posted; whoever edits or deletes it stores
the event in `events` in the same transaction. Every other event is stored there from the beginning.

A message that is shown as it was posted tells what has to be sent, also when it was changed a moment ago.
"""

from collections.abc import Iterable
from typing import NamedTuple

from ferryman.conversations.messages import table as messages
from ferryman.conversations.messages.events import message_created
from ferryman.events import table as events
from ferryman.events.model import Event


class Source(NamedTuple):
    """The ids by which an event is found: in its message, or in its own row."""

    workspace_id: str
    event_id: str
    chat_id: str | None = None
    message_id: str | None = None


def recall(sources: Iterable[Source], unreadable: set[str] | None = None) -> dict[str, Event]:
    """The events that can still be found, by event id. Three batch reads at most, one when nothing was changed.

    The ids of events that are stored and cannot be read are added to `unreadable`.
    """
    broken: set[str] = set()
    wanted = {source.event_id: source for source in sources}
    posted = {
        (source.workspace_id, source.chat_id, source.message_id)
        for source in wanted.values()
        if source.chat_id and source.message_id
    }
    of_messages = [message_created(message) for message in messages.as_posted(posted, broken)]
    events_by_id = {event.event_id: event for event in of_messages if event.event_id in wanted}
    stored = [source[:2] for source in wanted.values() if source.event_id not in events_by_id]
    events_by_id |= events.get_many(stored, broken)
    if unreadable is not None:
        unreadable |= {
            source.event_id
            for source in wanted.values()
            if source.event_id not in events_by_id and broken & {source.message_id, source.event_id}
        }
    return events_by_id
