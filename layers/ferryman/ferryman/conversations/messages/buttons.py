"""Buttons below a message. Pure: how they are kept, and which one is meant."""

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
    row: int
    column: int
    button: Button


def dump(rows: Sequence[Sequence[Button]]) -> str | None:
    """Rows of buttons as the text that a message keeps; None for no buttons."""
    if not any(rows):
        return None
    return json.dumps([[{"label": one.label, "data": one.data} for one in row] for row in rows], separators=(",", ":"))


def load(text: str | None) -> list[list[Button]]:
    return [[Button(one["label"], one["data"]) for one in row] for row in json.loads(text or "[]")]


def at(rows: Sequence[Sequence[Button]], row: int, column: int) -> Chosen | None:
    """The button in this place, both counted from 0; None where there is none."""
    if row < len(rows) and column < len(rows[row]):
        return Chosen(row, column, rows[row][column])
    return None


def with_data(rows: Sequence[Sequence[Button]], data: Any) -> Chosen | None:
    """The first button with this data, or None. The order of keys does not matter; 1 and true are different."""
    wanted = _canonical(data)
    for row, buttons in enumerate(rows):
        for column, button in enumerate(buttons):
            if _canonical(button.data) == wanted:
                return Chosen(row, column, button)
    return None


def _canonical(data: Any) -> str:
    return json.dumps(data, sort_keys=True)
