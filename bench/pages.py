"""Stores the measured figures in bench/results.json, and writes them into the tables in docs/."""

import json
import re
from typing import Any

from bench import ROOT, report
from bench.report import Row

RESULTS = ROOT / "bench" / "results.json"
DOCS = ROOT / "docs"
PERFORMANCE = DOCS / "performance.md"
_MARKED = re.compile(r"(<!-- measured: (\w+) -->\n).*?(<!-- /measured -->)", re.DOTALL)
_COLD = re.compile(
    r"cold start of (?P<name>(?:peer )?\w+)(?:, (?P<unit>CPU|instructions)| over its (?P<peer>peer)'s)"
    r"|modules that (?P<compiling>\w+) compiles from source"
)


def load() -> dict[str, Any]:
    """The stored figures of each part, by its name; empty if nothing has been measured."""
    found: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    return found


def save(found: dict[str, Any]) -> None:
    """Store the new figures of some parts, and update the tables in docs/."""
    whole_pages = {part: what.pop("page") for part, what in found.items()}
    results = load() | found
    RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    for part, text in whole_pages.items():
        if text:
            path = DOCS / f"{part}.md"
            path.write_text(filled(path.read_text(), {part: text}))
    PERFORMANCE.write_text(performance(results))


def performance(results: dict[str, Any]) -> str:
    """The text of docs/performance.md with tables of these results."""
    tables = {part: _table(part, report.load(what["rows"])) for part, what in results.items()}
    return filled(
        PERFORMANCE.read_text(), {part: f"{_when(results[part])}\n\n{table}" for part, table in tables.items()}
    )


def filled(text: str, tables: dict[str, str]) -> str:
    """`text` with each table put between the marks that have its name."""
    return _MARKED.sub(
        lambda found: f"{found[1]}{tables[found[2]]}\n{found[3]}" if found[2] in tables else found[0], text
    )


def cold(results: dict[str, Any]) -> dict[str, dict[str, Row]]:
    """The rows of cold starts, by the name of the function or peer, then by kind.

    The kinds are `CPU`, `instructions`, `peer` and `compiled`.
    """
    found: dict[str, dict[str, Row]] = {}
    for row in report.load(results["cold"]["rows"] if "cold" in results else []):
        match = _COLD.fullmatch(row.name)
        assert match, row.name
        kind = match["unit"] or match["peer"] or "compiled"
        found.setdefault(match["name"] or match["compiling"], {})[kind] = row
    return found


def _when(part: dict[str, Any]) -> str:
    return f"Measured {part['at']}: {part['machine']}."


def _table(part: str, rows: list[Row]) -> str:
    if part != "cold":
        return report.show(rows)
    lines = [
        "| function | CPU, × R | instructions, × R | over its peer | modules compiled | goal | reached |",
        "|---|---|---|---|---|---|---|",
    ]
    for function, found in sorted(cold({"cold": {"rows": report.dump(rows)}}).items(), key=_by_instructions):
        counted, peer = found.get("instructions", found["CPU"]), found.get("peer")
        cells = [f"`{function}`", f"{found['CPU'].value:.1f}", f"{counted.value:.2f}"]
        cells.append(f"{peer.value:.2f}" if peer else "")
        cells.append(f"{found['compiled'].value:g}" if "compiled" in found else "")
        reached = "yes" if all(row.reached for row in found.values()) else "no"
        lines.append(f"| {' | '.join([*cells, peer.goal if peer else '', reached if peer else ''])} |")
    return "\n".join(lines)


def _by_instructions(pair: tuple[str, dict[str, Row]]) -> float:
    return pair[1].get("instructions", pair[1]["CPU"]).value
