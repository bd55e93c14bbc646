"""The event that tells a person's webhooks about a notification."""

import json

from ferryman import ids
from ferryman.events import envelope
from ferryman.events.model import Event
from ferryman.notifications.model import Notification


def notified(notification: Notification, user_id: str) -> Event:
    """The event that tells the webhooks of `user_id` about a notification. Its time is the time of sending.

    Building it again gives the same event.
    """
    return envelope.build(
        notification.type,
        ids.derived(ids.EVENT, notification.send_at, notification.type, notification.notification_id, user_id),
        workspace_id=notification.workspace_id,
        user_id=user_id,
        livemode=notification.livemode,
        at=notification.send_at,
        data={
            "notification": {
                "id": notification.notification_id,
                "title": notification.title,
                "body": notification.body,
                "url": notification.url,
                "data": json.loads(notification.data) if notification.data else None,
            },
            "user": {"id": user_id},
        },
    )
