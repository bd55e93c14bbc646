"""The dialects: other products' wire formats over the one core, and the only place where the core meets their names.

A dialect translates. What happened is decided by the core and told in its events; a format says the same in another
product's words, or says that it has none for it (docs/decisions/0022-personal-webhooks.md).
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Literal

from ferryman.dialects import fluxdesk

type Format = Literal["ferryman", "fluxdesk"]
OF_PEOPLE: Format = "fluxdesk"  # what people's own webhooks are told in, unless they ask for another

_TOLD: Mapping[Format, Callable[[dict[str, Any]], dict[str, Any] | None]] = {"fluxdesk": fluxdesk.told}
# The JSON Schemas of what they tell, from that of our own body.
SCHEMAS: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]] = {"fluxdesk": fluxdesk.schema}
# What signs a webhook that chose nothing; `fm`, where there is none here.
SIGNATURES: Mapping[Format, list[Literal["fm", "standard", "fluxdesk"]]] = {"fluxdesk": ["fluxdesk"]}


def bodies(told: dict[str, Any]) -> dict[str, str] | None:
    """The body of an event in every format but our own that can tell it; ASCII JSON like the body itself."""
    found = {name: tell(told) for name, tell in _TOLD.items()}
    return {name: json.dumps(body, separators=(",", ":")) for name, body in found.items() if body is not None} or None
