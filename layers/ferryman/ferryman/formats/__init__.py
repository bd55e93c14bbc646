"""The dialects: other products' wire formats over the one core, and the only place where the core meets their names.

A dialect translates. The core decides what happened and tells it in its events; a format says the same in another
product's words, or says that it has none for it. One `Dialect` in `_DIALECTS` is all that the core knows of a product's
deliveries (docs/decisions/0020-dialects.md)."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from ferryman.formats import fchat, fluxdesk

type Format = Literal["ferryman", "fchat", "fluxdesk"]  # `ferryman` is our own
type Signature = Literal["fm", "standard", "fluxdesk"]  # `fm` and `standard` are our own, in `pipeline.signing`
OF_APPLICATIONS: Format = "fchat"  # what applications are told in, unless they ask for another
OF_PEOPLE: Format = "fluxdesk"  # what people's own webhooks are told in, unless they ask for another
RESERVED_NAMES = frozenset({"fchat"})  # words of paths in which an application's name stands


@dataclass(frozen=True, slots=True)
class Signing:
    """The headers that make a delivery trustworthy in a product's own way."""

    headers: Callable[[str, str], dict[str, str]]  # from event type and delivery id: those that need no secret
    sign: Callable[[Sequence[str], bytes], dict[str, str]]  # from the valid secrets, newest first, and the body


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a product's deliveries look."""

    tell: Callable[[dict[str, Any]], dict[str, Any] | None]  # its body, from that of an event; None: no words for it
    schema: Callable[[dict[str, Any]], dict[str, Any]]  # the JSON Schema of that, from the schema of the event's body
    signing: Signing | None = None  # a signature of its own, by the same name; without one, `fm` signs


_DIALECTS: Mapping[str, Dialect] = {
    "fchat": Dialect(fchat.told, fchat.schema),
    "fluxdesk": Dialect(fluxdesk.told, fluxdesk.schema, Signing(fluxdesk.headers, fluxdesk.sign)),
}


def bodies(told: dict[str, Any]) -> dict[str, str] | None:
    """The body of an event in every format but our own that can tell it; ASCII JSON like the body itself."""
    found = {name: dialect.tell(told) for name, dialect in _DIALECTS.items()}
    return {name: json.dumps(body, separators=(",", ":")) for name, body in found.items() if body is not None} or None


def schema(format_: str, told: dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema of a type's body in a format but our own, from that of our own body."""
    return _DIALECTS[format_].schema(told)


def signature(format_: Format) -> Signature:
    """The signatures of a webhook of this format that chose none."""
    return cast(Signature, format_) if signing(format_) else "fm"


def signing(name: str) -> Signing | None:
    """A product's own signature; None for `fm` and `standard`."""
    return _DIALECTS[name].signing if name in _DIALECTS else None
