"""FluxDesk's format: the body of a notification, and the headers of its delivery. Pure.

The body is `{"version": 1, "type": …, "title": …, …}`. The signature covers the body alone, without a time, and is made
with the oldest valid secret.
"""

import hashlib
import hmac
import json
import uuid
from collections.abc import Sequence
from typing import Any

from ferryman.formats.interface import Body, Event, Webhook

_DELIVERY_UUIDS = uuid.UUID("6f2b3c1e-8d5a-5d0e-9a55-0f8c5b1c7a34")  # the namespace of our deliveries' UUIDs
_COPIED = ("title", "body", "url", "data")


def can_render(event: Event) -> bool:
    """Whether the event has a notification."""
    return "notification" in event.data


def render(event: Event, _webhook: Webhook) -> Body:
    """FluxDesk's body for a notification."""
    notification = event.data["notification"]
    content = {
        "version": 1,
        "type": event.type,
        **{name: notification[name] for name in _COPIED},
        "notification_id": notification["id"],
        "user_id": event.data["user"]["id"],
        "created_at": event.created_at,
        "livemode": event.livemode,
        **({"test": True} if event.test else {}),
    }
    return Body(json.dumps(content, separators=(",", ":")).encode())


def schema(event: dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema of FluxDesk's body. `event` is the schema of our own body for the same type of event."""
    described, data = event["properties"], event["properties"]["data"]["properties"]
    notification = data["notification"]["properties"]
    properties = {
        "version": {"const": 1},
        "type": described["type"],
        **{name: notification[name] for name in _COPIED},
        "notification_id": notification["id"],
        "user_id": data["user"]["properties"]["id"],
        "created_at": described["created_at"],
        "livemode": described["livemode"],
    }
    return {**event, "required": list(properties), "properties": {**properties, "test": described["test"]}}


def headers(event_type: str, delivery_id: str) -> dict[str, str]:
    """The headers that need no secret: the event's type, and a UUID that is made from the delivery's id."""
    return {
        "X-FluxDesk-Event-Type": event_type,
        "X-FluxDesk-Delivery-Id": str(uuid.uuid5(_DELIVERY_UUIDS, delivery_id)),
    }


def sign(secrets: Sequence[str], body: bytes) -> dict[str, str]:
    """The header with the one signature that FluxDesk allows.

    `secrets` are the valid ones, newest first. The last one signs: during a rotation, the old secret until it expires.
    """
    return {"X-FluxDesk-Signature": f"v1={hmac.digest(secrets[-1].encode(), body, hashlib.sha256).hex()}"}
