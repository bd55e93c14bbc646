"""The envelope around an event's data, which every receiver of the native format gets."""

import json
from typing import Any

from ferryman import formats as dialects
from ferryman.events.model import Event, EventType


def build(
    type_: EventType,
    event_id: str,
    *,
    workspace_id: str,
    livemode: bool,
    at: str,
    data: dict[str, Any],
    chat_id: str | None = None,
    bot_id: str | None = None,
    application_id: str | None = None,
    user_id: str | None = None,
    webhook_id: str | None = None,
    test: bool = False,
    chain: list[str] | None = None,
) -> Event:
    body = {
        "id": event_id,
        "type": type_,
        "created_at": at,
        "workspace_id": workspace_id,
        "livemode": livemode,
        "data": data,
        **({"test": True} if test else {}),
    }
    return Event(
        workspace_id=workspace_id,
        event_id=event_id,
        type=type_,
        created_at=at,
        livemode=livemode,
        chat_id=chat_id,
        bot_id=bot_id,
        application_id=application_id,
        user_id=user_id,
        webhook_id=webhook_id,
        test=test or None,
        chain=chain,
        # ASCII, so that no part of the way can change a byte of it.
        body=json.dumps(body, separators=(",", ":")),
        bodies=dialects.bodies(body),
    )
