"""One greedy route of API Gateway for many addresses: which address a request means.

Each route of its own adds a permission to the stack, so a dialect's function has greedy routes, such as
`ANY /api/v4/commands/{proxy+}`, and names its addresses here.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import unquote


class Address(NamedTuple):
    """An address, such as `GET /api/v4/commands/{command_id}`, and the values of its parameters in a request."""

    key: str
    parameters: dict[str, str]


class Addresses:
    """The addresses behind greedy routes. If several match, the one with more literal path wins."""

    def __init__(self, keys: Iterable[str]) -> None:
        in_order = sorted(keys, key=lambda key: key.count("{"))
        self._patterns = [(key, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", key))) for key in in_order]

    def find(self, method: str, path: str) -> Address | None:
        """The address that a request means; None when there is nothing."""
        wanted = f"{method} {path.rstrip('/')}"
        for key, pattern in self._patterns:
            if match := pattern.fullmatch(wanted):
                return Address(key, {name: unquote(value) for name, value in match.groupdict().items()})
        return None
