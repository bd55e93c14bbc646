"""What the API gives for event types."""

from typing import Any, Self

from pydantic import Field

from ferryman.events import catalogue
from ferryman.events.model import EventType
from ferryman.schema import Output


class EventTypeOut(Output):
    """One event type."""

    type: EventType
    description: str
    operational: bool = Field(description="About Ferryman's own work: only for webhooks without chat_ids.")
    body_schema: dict[str, Any] = Field(description="The JSON Schema of the body.")
    example: dict[str, Any]

    @classmethod
    def of(cls, type_: EventType) -> Self:
        entry = catalogue.CATALOGUE[type_]
        return cls(
            type=type_,
            description=entry.description,
            operational=entry.operational,
            body_schema=catalogue.schema(type_),
            example=catalogue.example(type_),
        )
