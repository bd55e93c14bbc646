"""Responses of the API about event types."""

import json
from typing import Any, Self

from pydantic import Field

from ferryman.events import catalogue
from ferryman.events.model import OPERATIONAL, EventType
from ferryman.formats import FORMATS
from ferryman.schema import Output


class BodyOut(Output):
    """The body of an event type in one format."""

    body_schema: dict[str, Any] = Field(description="The JSON Schema of the body.")
    example: dict[str, Any]


class EventTypeOut(Output):
    """One event type."""

    type: EventType
    description: str
    operational: bool = Field(
        description="true: the event is about Ferryman's own work. Only webhooks without chat_ids can subscribe."
    )
    personal: bool = Field(
        description="true: a notification to one person. Only personal webhooks and webhooks without chat_ids can "
        "subscribe."
    )
    body_schema: dict[str, Any] = Field(description="The JSON Schema of the body.")
    example: dict[str, Any]
    formats: dict[str, BodyOut] = Field(description="The body in each other format that can express this event.")

    @classmethod
    def of(cls, type_: EventType) -> Self:
        entry = catalogue.CATALOGUE[type_]
        return cls(
            type=type_,
            description=entry.description,
            operational=type_ in OPERATIONAL,
            personal=entry.personal,
            body_schema=catalogue.schema(type_),
            example=catalogue.example(type_),
            formats={
                name: BodyOut(
                    body_schema=FORMATS[name].schema(catalogue.schema(type_)), example=json.loads(body.content)
                )
                for name, body in catalogue.rendered_examples(type_).items()
            },
        )
