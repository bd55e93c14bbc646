"""Buttons below a message. Pure: how they are stored, and finding the one that was clicked."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Button:
    """A button. `data` is any JSON value; the application that sent the button gets it back with each click."""

    label: str
    data: Any


@dataclass(frozen=True, slots=True)
class Chosen:
    """The button that a person clicked, and its place in the message."""

    row: int
    column: int
    button: Button


def dump(rows: Sequence[Sequence[Button]]) -> str | None:
    """Rows of buttons as the JSON text that a message stores; None without buttons."""
    if not any(rows):
        return None
    return json.dumps([[{"label": one.label, "data": one.data} for one in row] for row in rows], separators=(",", ":"))


def load(text: str | None) -> list[list[Button]]:
    return [[Button(one["label"], one["data"]) for one in row] for row in json.loads(text or "[]")]


def at(rows: Sequence[Sequence[Button]], row: int, column: int) -> Chosen | None:
    """The button in this row and column, both counted from 0; None if there is none."""
    if row < len(rows) and column < len(rows[row]):
        return Chosen(row, column, rows[row][column])
    return None


def with_data(rows: Sequence[Sequence[Button]], data: Any) -> Chosen | None:
    """The first button with this data, or None. The order of keys in objects does not matter; 1 and true differ."""
    wanted = _canonical(data)
    for row, buttons in enumerate(rows):
        for column, button in enumerate(buttons):
            if _canonical(button.data) == wanted:
                return Chosen(row, column, button)
    return None


def _canonical(data: Any) -> str:
    return json.dumps(data, sort_keys=True)
