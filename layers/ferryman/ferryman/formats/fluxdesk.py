"""FluxDesk's form of a notification and of a delivery's headers. Pure.

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
    """FluxDesk has words for notifications."""
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
    """The JSON Schema of FluxDesk's body, from that of the event's body."""
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
    """The headers of a delivery that need no secret: its type and its id, as a UUID."""
    return {
        "X-FluxDesk-Event-Type": event_type,
        "X-FluxDesk-Delivery-Id": str(uuid.uuid5(_DELIVERY_UUIDS, delivery_id)),
    }


def sign(secrets: Sequence[str], body: bytes) -> dict[str, str]:
    """The signature header. It has room for one: while a secret is being rotated, the old one signs until it ends."""
    return {"X-FluxDesk-Signature": f"v1={hmac.digest(secrets[-1].encode(), body, hashlib.sha256).hex()}"}
