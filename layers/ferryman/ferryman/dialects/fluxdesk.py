"""FluxDesk's form of a notification: `{"version": 1, "type": …, "title": …, …}`."""

from typing import Any

from ferryman.events import catalogue
from ferryman.events.model import EventType

TYPES = catalogue.PERSONAL


def body(fm: dict[str, Any]) -> dict[str, Any]:
    """The FluxDesk body of a notification's FM body."""
    notification = fm["data"]["notification"]
    return {
        "version": 1,
        "type": fm["type"],
        **{name: notification[name] for name in ("title", "body", "url", "data")},
        "notification_id": notification["id"],
        "user_id": fm["data"]["user"]["id"],
        "created_at": fm["created_at"],
        "livemode": fm["livemode"],
        **({"test": True} if fm.get("test") else {}),
    }


def schema(type_: EventType) -> dict[str, Any]:
    """The JSON Schema of a type's FluxDesk body."""
    described = catalogue.schema(type_)
    fm, told = described["properties"], catalogue.CATALOGUE[type_].data["properties"]
    notification = told["notification"]["properties"]
    properties = {
        "version": {"const": 1},
        "type": fm["type"],
        **{name: notification[name] for name in ("title", "body", "url", "data")},
        "notification_id": notification["id"],
        "user_id": told["user"]["properties"]["id"],
        "created_at": fm["created_at"],
        "livemode": fm["livemode"],
    }
    return {
        **described,
        "required": list(properties),
        "properties": {**properties, "test": fm["test"]},
    }
