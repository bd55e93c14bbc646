"""FluxDesk's form of a notification: `{"version": 1, "type": …, "title": …, …}`. Pure: from the event's body to it."""

from typing import Any

_COPIED = ("title", "body", "url", "data")


def told(event: dict[str, Any]) -> dict[str, Any] | None:
    """FluxDesk's body for a notification; None for whatever else happened."""
    notification = event["data"].get("notification")
    if notification is None:
        return None
    return {
        "version": 1,
        "type": event["type"],
        **{name: notification[name] for name in _COPIED},
        "notification_id": notification["id"],
        "user_id": event["data"]["user"]["id"],
        "created_at": event["created_at"],
        "livemode": event["livemode"],
        **({"test": True} if event.get("test") else {}),
    }


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
