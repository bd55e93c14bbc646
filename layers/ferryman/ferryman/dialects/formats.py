"""The forms that a delivery's body can have: FM's own, which every event is written in, and those of other products.

A form is a pure function from the FM body to another; what is delivered to whom, how often and how it is logged is
the same for all. The result is kept with the delivery, so that every attempt sends the same bytes.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ferryman.dialects import fluxdesk
from ferryman.events.model import Event, EventType
from ferryman.webhooks.model import Format, Signature


@dataclass(frozen=True, slots=True)
class Form:
    """One form: the events it has a body for, the body, its JSON Schema, and the signatures that belong to it."""

    types: tuple[EventType, ...]
    body: Callable[[dict[str, Any]], dict[str, Any]]
    schema: Callable[[EventType], dict[str, Any]]
    signatures: tuple[Signature, ...]


_OTHERS: Mapping[Format, Form] = {
    "fluxdesk": Form(fluxdesk.TYPES, fluxdesk.body, fluxdesk.schema, ("fluxdesk",)),
}


def takes(format_: Format, type_: EventType) -> bool:
    """Whether the format has a body for this type; FM's has one for all."""
    return format_ not in _OTHERS or type_ in _OTHERS[format_].types


def of_type(type_: EventType) -> dict[Format, Form]:
    """The forms beside FM's that have a body for this type."""
    return {name: form for name, form in _OTHERS.items() if type_ in form.types}


def signatures(format_: Format) -> tuple[Signature, ...]:
    """What signs a webhook of this format that chose nothing."""
    return _OTHERS[format_].signatures if format_ in _OTHERS else ("fm",)


def body(format_: Format, event: Event) -> str | None:
    """The event's body in another format, as ASCII JSON; None where it is the event's own."""
    form = _OTHERS.get(format_)
    return json.dumps(form.body(json.loads(event.body)), separators=(",", ":")) if form else None
