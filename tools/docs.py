"""Writes the parts of docs/ that are generated: what each function may touch, and what each event's body holds.

`python -m tools.docs` writes them between their marks; `--check` fails when they are not what the template, the
catalogue of events and the last measurement say.
"""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools import template

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "layers" / "ferryman"))

from ferryman.events import catalogue  # noqa: E402

from bench import pages  # noqa: E402

DOCS = ROOT / "docs"

_RESOURCE = re.compile(r"(\w+?)(Table|Queue|Key|Bucket)\b(?:\.Arn)?(?:\}/index/(\w+))?")


@dataclass(frozen=True)
class Function:
    """One function as the template declares it."""

    logical_id: str
    folder: str
    path: str
    description: str
    triggers: list[str]
    permissions: list[tuple[str, str]]  # (action, what it may be done to)
    memory: int  # MB
    timeout: int  # seconds


def functions() -> list[Function]:
    """Every function, in the template's order."""
    document = template.document(ROOT)
    shared = document["Globals"]["Function"]
    return [
        _function(name, shared | resource["Properties"])
        for name, resource in document["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    ]


def _function(name: str, properties: dict[str, Any]) -> Function:
    statements = [statement for policy in properties.get("Policies", []) for statement in policy["Statement"]]
    return Function(
        logical_id=name,
        folder=properties["CodeUri"].rpartition("/")[2],
        path=properties["CodeUri"],
        description=properties["Description"],
        triggers=[_trigger(event) for event in properties.get("Events", {}).values()],
        permissions=[permission for statement in statements for permission in _permissions(statement)],
        memory=properties["MemorySize"],
        timeout=properties["Timeout"],
    )


def _trigger(event: dict[str, Any]) -> str:
    properties = event["Properties"]
    match event["Type"]:
        case "HttpApi":
            return f"`{properties['Method']} {properties['Path']}`" if "Path" in properties else "every other route"
        case "DynamoDB":
            return f"stream of {_thing(properties['Stream'])}"
        case "SQS":
            return f"{_thing(properties['Queue'])}, {properties['BatchSize']} at a time"
        case "ScheduleV2" | "Schedule":
            return f"`{properties.get('ScheduleExpression') or properties['Schedule']}`"
    raise ValueError(f"a trigger of the type {event['Type']} has no words here")


def _permissions(statement: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for resource in _list(statement["Resource"]):
        for action in _list(statement["Action"]):
            yield action, _thing(resource)


def _list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _thing(resource: str) -> str:
    """A table, queue, key or bucket in the docs' words: `MessagesTable.Arn` is table `messages`."""
    found = _RESOURCE.search(resource)
    if not found:
        return f"`{resource}`"
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", found[1]).lower()
    if found[3]:
        return f"index `{name}.{found[3]}`"
    return f"{found[2].lower()} `{name}`"


def functions_table() -> str:
    """One row a function."""
    measured = pages.cold(pages.load())
    rows = [
        "| function | what it does | what invokes it | what it may touch | memory, time limit | cold start |",
        "|---|---|---|---|---|---|",
    ]
    for function in functions():
        touched: dict[str, list[str]] = {}
        for action, thing in function.permissions:
            touched.setdefault(thing, []).append(action.partition(":")[2])
        cold = measured.get(function.folder, {})
        cells = [
            f"[`{function.folder}`](../{function.path}/handler.py)",
            function.description,
            "<br>".join(function.triggers) or "nobody; by hand, through IAM",
            "<br>".join(f"{thing}: {', '.join(actions)}" for thing, actions in touched.items()) or "nothing",
            f"{function.memory} MB, {function.timeout} s",
            ", ".join(f"{row.value:g} R in {what}" for what, row in cold.items() if what != "compiled") or "?",
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def event_types() -> str:
    """Each event type with its meaning and a body."""
    parts = []
    for type_ in catalogue.TYPES:
        entry = catalogue.CATALOGUE[type_]
        body = json.dumps(catalogue.example(type_), indent=2)
        about = " Only for webhooks for every chat." if entry.operational else ""
        about = " A notification." if entry.personal else about
        parts.append(f"### `{type_}`\n\n{entry.description}{about}\n\n```json\n{body}\n```")
    return "\n\n".join(parts)


def files() -> dict[Path, str]:
    """The files with generated parts, as they should be."""
    return {
        DOCS / "functions.md": _between(DOCS / "functions.md", "functions", functions_table()),
        DOCS / "receivers.md": _between(DOCS / "receivers.md", "events", event_types()),
    }


def _between(path: Path, part: str, content: str) -> str:
    begin, end = f"<!-- generated: {part}; make docs -->\n", f"<!-- end: {part} -->"
    before, found, rest = path.read_text().partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"{path.name} must hold the lines {begin.strip()} and {end}")
    return f"{before}{begin}\n{content}\n\n{end}{after}"


def main() -> int:
    stale = [path for path, text in files().items() if path.read_text() != text]
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is not what the template and the events say. Run: make docs")
        return 1 if stale else 0
    for path in stale:
        path.write_text(files()[path])
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
