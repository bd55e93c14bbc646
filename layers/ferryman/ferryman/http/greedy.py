"""Finds which of many addresses a request to a greedy route of API Gateway means.

Each route of API Gateway adds a permission to the stack. So the function of a dialect has a few greedy routes, such as
`ANY /api/v4/commands/{proxy+}`, and lists its addresses here.
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
    """The addresses behind greedy routes. If several match a request, the one with the fewest parameters wins."""

    def __init__(self, keys: Iterable[str]) -> None:
        in_order = sorted(keys, key=lambda key: key.count("{"))
        self._patterns = [(key, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", key))) for key in in_order]

    def find(self, method: str, path: str) -> Address | None:
        """The address that matches the request, with the values of its parameters; None if no address matches."""
        wanted = f"{method} {path.rstrip('/')}"
        for key, pattern in self._patterns:
            if match := pattern.fullmatch(wanted):
                return Address(key, {name: unquote(value) for name, value in match.groupdict().items()})
        return None
