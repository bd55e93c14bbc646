"""Requests and responses of the API about a person's own notifications."""

import json
from typing import Any, Self

from pydantic import Field

from ferryman import ids
from ferryman.events.model import NotificationType
from ferryman.notifications.inboxes.model import Entry
from ferryman.schema import ListQuery, Output, Time


class InboxQuery(ListQuery):
    """Filters of a person's notifications."""

    unread: bool = Field(False, description="true: only unread notifications.")


class EntryOut(Output):
    """A notification in your inbox."""

    id: str = Field(pattern=ids.pattern(ids.NOTIFICATION))
    type: NotificationType
    title: str
    body: str | None
    url: str | None
    data: dict[str, Any] | None
    livemode: bool
    created_at: Time
    read_at: Time | None

    @classmethod
    def of(cls, entry: Entry) -> Self:
        names = set(EntryOut.model_fields) - {"id", "data"}
        return cls.model_validate(
            {
                "id": entry.notification_id,
                "data": json.loads(entry.data) if entry.data else None,
                **{name: getattr(entry, name) for name in names},
            }
        )
