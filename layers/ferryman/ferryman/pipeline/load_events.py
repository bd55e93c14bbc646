"""Loads the events of deliveries, as they were when they happened.

The event of a new message is made from the message, as long as nobody has changed the message. Editing or deleting a
message stores that event in the table `events`, in the same transaction. Every other event is stored there when it
happens.

Reads of messages are eventually consistent: right after a change, a read may return the message as it was posted. The
event that is made from that message is the same as the stored one.
"""

from collections.abc import Iterable
from typing import NamedTuple

from ferryman.conversations.messages import table as messages
from ferryman.conversations.messages.events import message_created
from ferryman.events import table as events
from ferryman.events.model import Event


class Source(NamedTuple):
    """The ids by which an event is found: in its message, if there is one, or in its own row of `events`."""

    workspace_id: str
    event_id: str
    chat_id: str | None = None
    message_id: str | None = None


def recall(sources: Iterable[Source], unreadable: set[str] | None = None) -> dict[str, Event]:
    """The events that still exist, by event id.

    Makes up to three batch reads: the messages, those of them that an eventually consistent read missed, and the stored
    events. The event of a new message is made from the message until somebody changes it; every other event is stored.
    Adds to `unreadable` the ids of events whose rows exist but cannot be read.
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
