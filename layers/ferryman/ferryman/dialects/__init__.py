"""The dialects: other products' wire formats over the one core, and the only place where the core meets their names.

A dialect translates. What happened is decided by the core and told in its events; a format says the same in another
product's words, or says that it has none for it (docs/decisions/0020-dialects.md).
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Literal

from ferryman.dialects.fchat import callbacks as fchat

type Format = Literal["ferryman", "fchat"]
OF_APPLICATIONS: Format = "fchat"  # what applications are told in, unless they ask for another
RESERVED_NAMES = frozenset({"fchat"})  # words of paths in which an application's name stands

_TOLD: Mapping[Format, Callable[[dict[str, Any]], dict[str, Any] | None]] = {"fchat": fchat.told}


def bodies(told: dict[str, Any]) -> dict[str, str] | None:
    """The body of an event in every format but our own that can tell it; ASCII JSON like the body itself."""
    found = {name: tell(told) for name, tell in _TOLD.items()}
    return {name: json.dumps(body, separators=(",", ":")) for name, body in found.items() if body is not None} or None
