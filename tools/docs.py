"""Writes the generated parts of docs/: the permissions of functions, the bodies of events, and the scopes of roles.

`python -m tools.docs` writes each part between its marks in a page. `--check` fails when a page differs from the
template, from the catalogue of events, from the scopes or from the last measurement.
"""

import itertools
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
from ferryman.events.model import OPERATIONAL  # noqa: E402
from ferryman.identity import permissions  # noqa: E402
from ferryman.identity.permissions import Role  # noqa: E402

from bench import pages  # noqa: E402
from bench.report import Row  # noqa: E402

DOCS = ROOT / "docs"
GROUPS = ("api", "inbound", "workers", "operator", "web")

_RESOURCE = re.compile(r"(\w+?)(Table|Queue|Key|Bucket|LogGroup)\b(?:\.(?:Stream)?Arn)?(?:\}/index/(\w+))?")

_KINDS = {"LogGroup": "log"}


@dataclass(frozen=True)
class Function:
    """One function as the template declares it."""

    logical_id: str
    folder: str
    group: str  # api, inbound, workers, operator or web
    path: str
    description: str
    triggers: list[str]
    permissions: list[tuple[str, str]]  # (action, resource)
    memory: int  # MB
    timeout: int  # seconds


def functions() -> list[Function]:
    """Every function, ordered by its group of folders, and in the order of the template within a group."""
    document = template.document(ROOT)
    shared = document["Globals"]["Function"]
    listed = [
        _function(name, shared | resource["Properties"], document["Resources"])
        for name, resource in document["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    ]
    return sorted(listed, key=lambda function: GROUPS.index(function.group))


def _function(name: str, properties: dict[str, Any], resources: dict[str, Any]) -> Function:
    role = resources[properties["Role"].partition(".")[0]]["Properties"]
    statements = [one for policy in role["Policies"] for one in policy["PolicyDocument"]["Statement"]]
    return Function(
        logical_id=name,
        folder=properties["CodeUri"].split("/")[-1],
        group=properties["CodeUri"].split("/")[-2],
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
            return _thing(properties["Stream"])
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
    """The docs' name for a resource: `MessagesTable.Arn` is table `messages`, `MessagesTable.StreamArn` its stream."""
    match = _RESOURCE.search(resource)
    if not match:
        return f"`{resource}`"
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", match[1]).lower()
    if match[3]:
        return f"index `{name}.{match[3]}`"
    kind = "stream" if resource.endswith(".StreamArn") else _KINDS.get(match[2], match[2].lower())
    return f"{kind} `{name}`"


def function_sections() -> str:
    """One section for each function, under a heading for each folder of functions."""
    measured = pages.cold(pages.load())
    parts = []
    for group, members in itertools.groupby(functions(), key=lambda function: function.group):
        parts.append(f"## functions/{group}")
        parts += [_section(function, measured.get(function.folder, {})) for function in members]
    return "\n\n".join(parts)


def _section(function: Function, cold: dict[str, Row]) -> str:
    touched: dict[str, list[str]] = {}
    for action, thing in function.permissions:
        touched.setdefault(thing, []).append(action.partition(":")[2])
    starts = [f"{row.value:g} R in {unit}" for unit, row in cold.items() if unit in ("CPU", "instructions")]
    return "\n".join(
        [
            f"### `{function.folder}`",
            "",
            f"{function.description}. Code: [{function.path}](../{function.path}/handler.py)",
            "",
            *_field("Invoked by", function.triggers or ["hand, through IAM"]),
            *_field("May touch", [f"{thing}: {', '.join(actions)}" for thing, actions in touched.items()]),
            f"- **Memory and time limit:** {function.memory} MB, {function.timeout} s",
            f"- **Cold start:** {', '.join(starts) or 'not measured'}",
        ]
    )


def _field(name: str, values: list[str]) -> list[str]:
    """The lines of a Markdown list item: `nothing`, or one value on the same line, or several as a nested list."""
    match values:
        case []:
            return [f"- **{name}:** nothing"]
        case [value]:
            return [f"- **{name}:** {value}"]
    return [f"- **{name}:**", *(f"  - {value}" for value in values)]


def event_types() -> str:
    """A Markdown section for each event type, with its meaning and an example body."""
    parts = []
    for type_ in catalogue.TYPES:
        entry = catalogue.CATALOGUE[type_]
        body = json.dumps(catalogue.example(type_), indent=2)
        about = " Only for webhooks for every chat." if type_ in OPERATIONAL else ""
        about = " A notification." if entry.personal else about
        parts.append(f"### `{type_}`\n\n{entry.description}{about}\n\n```json\n{body}\n```")
    return "\n\n".join(parts)


def roles() -> str:
    """A Markdown table of the scopes and the roles that may have them."""
    names: tuple[Role, ...] = ("owner", "admin", "manager", "hr_admin", "staff", "bot")
    rows = ["| scope | allows | " + " | ".join(f"`{role}`" for role in names) + " |", "|---|---|" + "---|" * len(names)]
    for scope, text in permissions.DESCRIPTIONS.items():
        held = ["yes" if scope in permissions.of_role(role) else "" for role in names]
        rows.append(f"| `{scope}` | {text} | {' | '.join(held)} |")
    return "\n".join(rows)


def files() -> dict[Path, str]:
    """The text that each page with generated parts should have, by its path."""
    return {
        DOCS / "functions.md": _between(DOCS / "functions.md", "functions", function_sections()),
        DOCS / "roles.md": _between(DOCS / "roles.md", "roles", roles()),
        DOCS / "receivers.md": _between(DOCS / "receivers.md", "events", event_types()),
    }


def _between(path: Path, part: str, content: str) -> str:
    begin, end = f"<!-- generated: {part}; make docs -->\n", f"<!-- end: {part} -->"
    before, opened, rest = path.read_text().partition(begin)
    _, closed, after = rest.partition(end)
    if not (opened and closed):
        raise ValueError(f"{path.name} must hold the lines {begin.strip()} and {end}")
    return f"{before}{begin}\n{content}\n\n{end}{after}"


def main() -> int:
    stale = [path for path, text in files().items() if path.read_text() != text]
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is stale. Run: make docs")
        return 1 if stale else 0
    for path in stale:
        path.write_text(files()[path])
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
