"""Rows of figures, as a Markdown table and as JSON."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One figure and its goal. `note` says how the figure was obtained, or why it misses the goal."""

    name: str
    value: float
    unit: str
    goal: str
    reached: bool
    note: str = ""

    @classmethod
    def at_most(cls, name: str, value: float, unit: str, limit: float, note: str = "") -> "Row":
        """A row that reaches its goal if the value is not above `limit`."""
        return cls(name, value, unit, f"≤ {limit:g}", value <= limit, note)


def show(rows: Iterable[Row]) -> str:
    """The rows as a Markdown table with padded columns, which is readable on a terminal too."""
    rows = list(rows)
    cells = [
        (row.name, f"{row.value:,.4g}" if row.value < 1000 else f"{row.value:,.0f}", row.unit, row.goal, _word(row))
        for row in rows
    ]
    notes = [row.note for row in rows]
    heads = ("what", "value", "unit", "goal", "reached")
    widths = [max(len(line[column]) for line in [heads, *cells]) for column in range(len(heads))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + f" | {note} |"
        for line, note in zip([heads, *cells], ["note", *notes], strict=True)
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|------|")
    return "\n".join(lines)


def _word(row: Row) -> str:
    if not row.goal:
        return ""
    return "yes" if row.reached else "no"


def dump(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """The rows as JSON objects, which `load` reads."""
    return [asdict(row) for row in rows]


def load(rows: Iterable[dict[str, Any]]) -> list[Row]:
    """The rows that `dump` gave."""
    return [Row(**row) for row in rows]
