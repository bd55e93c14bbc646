"""Lenient reading of another product's JSON: a member that is missing or has another type reads as empty. Pure."""

import math
from collections.abc import Iterator
from typing import Any


class Node:
    """A JSON value. Reading a member gives another node and never raises; a missing member is a node of None."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __getitem__(self, name: str) -> "Node":
        return Node(self.value.get(name) if isinstance(self.value, dict) else None)

    def at(self, path: str) -> "Node":
        """The node at a path of names with dots between them."""
        node = self
        for name in path.split("."):
            node = node[name]
        return node

    def __iter__(self) -> Iterator["Node"]:
        """The members of a list, as nodes; nothing for any other value."""
        return map(Node, self.value if isinstance(self.value, list) else ())

    def __bool__(self) -> bool:
        return bool(self.value)

    def __len__(self) -> int:
        return len(self.value) if isinstance(self.value, list | dict) else 0

    @property
    def first(self) -> "Node":
        return next(iter(self), Node(None))

    @property
    def text(self) -> str:
        """The value if it is a text, stripped, or else a number or boolean as text; empty for any other value."""
        match self.value:
            case str():
                return self.value.strip()
            case bool():
                return "true" if self.value else "false"
            case int():
                return str(self.value)
            case float() if math.isfinite(self.value):
                return f"{self.value:g}"
        return ""

    @property
    def number(self) -> float | None:
        """The value if it is a number, or a text that spells one; None for any other value."""
        if isinstance(self.value, bool):
            return None
        try:
            number = float(self.value)
        except (TypeError, ValueError, OverflowError):
            return None
        return number if math.isfinite(number) else None

    @property
    def pairs(self) -> list[tuple[str, "Node"]]:
        return [(str(name), Node(value)) for name, value in self.value.items()] if isinstance(self.value, dict) else []

    def any(self, *paths: str) -> str:
        """The text at the first of these paths that has one; empty if none has."""
        return next((text for path in paths if (text := self.at(path).text)), "")
