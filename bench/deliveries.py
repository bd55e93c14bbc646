"""CPU of one delivery: the real handler of the deliverer over the barest code that does the same.

Both talk TLS to bench.edge: AWS that answers at once, and receivers on loopback. They take turns, so that what else the
machine does strikes both; the ratio is the median over the turns.
"""

import base64
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from bench import ROOT
from bench.calls import BATCH, TEXT, Scene, scene
from bench.report import Row
from tests.support import template
from tests.support.logs import captured
from tests.support.world import CREDENTIALS, World

TURNS = 15
BATCHES = 6  # a turn
GOAL, STRETCH = 2.5, 1.8


class Child:
    """A process of `bench` that answers lines with lines."""

    def __init__(self, module: str, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"bench.{module}", folder],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def read(self) -> Any:
        line = cast(IO[str], self._process.stdout).readline()
        if not line:
            raise RuntimeError(f"it ended: {self._process.args!r}")
        return json.loads(line)

    def ask(self, line: str) -> Any:
        stdin = cast(IO[str], self._process.stdin)
        stdin.write(f"{line}\n")
        stdin.flush()
        return self.read()

    def close(self) -> None:
        cast(IO[str], self._process.stdin).close()
        self._process.wait(10)


@contextmanager
def child(module: str, folder: Path) -> Iterator[Child]:
    made = Child(module, folder)
    try:
        yield made
    finally:
        made.close()


@dataclass
class Surroundings:
    """A function with events to work on, and what surrounds it."""

    folder: Path
    edge: Child
    function: Child
    ports: dict[str, int]

    def calls(self) -> list[dict[str, Any]]:
        """What AWS was asked since the last time."""
        found: list[dict[str, Any]] = self.edge.ask("seen")["calls"]
        return found


@contextmanager
def edge() -> Iterator[tuple[Path, Child, dict[str, int]]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with child("edge", folder) as made:
            yield folder, made, made.read()


@contextmanager
def invoked(
    surroundings: tuple[Path, Child, dict[str, int]], world: World, function: str, events: dict[str, Any], tables: Any
) -> Iterator[Surroundings]:
    """The function `function` of the world in a process of its own, with AWS behind bench.edge that holds `tables`."""
    folder, edge, ports = surroundings
    environment = {**world.environment(function), **CREDENTIALS}
    environment["AWS_ENDPOINT_URL"] = f"https://localhost:{ports['aws']}"
    given = {"function": function, "environment": environment, "events": events}
    (folder / "invoked.json").write_text(json.dumps(given))
    (folder / "tables.json").write_text(json.dumps(tables, default=_wire))
    edge.ask("tables")
    with child("invoked", folder) as made:
        yield Surroundings(folder, edge, made, ports)


@contextmanager
def surrounded(batches: dict[str, list[str]], **parameters: str) -> Iterator[Surroundings]:
    """The deliverer with a batch for each name, one delivery for each of its receivers.

    A receiver is `tls/in` or `http/slow/100`: how it is reached, and what bench.edge does there.
    """
    with edge() as found, captured(), scene(**parameters) as one:
        events = {name: {"Records": _batch(one, receivers, found[2])} for name, receivers in batches.items()}
        with invoked(found, one.world, "deliverer", events, tables(one.world)) as around:
            yield around


def _batch(one: Scene, receivers: list[str], ports: dict[str, int]) -> list[dict[str, Any]]:
    """The records of one message to a webhook for each receiver."""
    chat = one.make("/v1/chats", {"name": "Measured"})["id"]
    for receiver in receivers:
        kind, _, path = receiver.partition("/")
        url = f"{'https' if kind == 'tls' else 'http'}://localhost:{ports[kind]}/{path}"
        one.make("/v1/webhooks", {"url": url, "events": ["message.created"], "chat_ids": [chat]})
    one.make(f"/v1/chats/{chat}/messages", {"text": TEXT})
    one.world.pump_streams()
    records = one.tickets()
    assert len(records) == len(receivers)
    return records


def tables(world: World) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: {"keys": [part["AttributeName"] for part in item["Properties"]["KeySchema"]], "items": []}
        for name, item in template.resources("AWS::DynamoDB::Table").items()
    }
    for table, item in world.items():
        found[table]["items"].append(item)
    return found


def _wire(value: Any) -> str:
    return base64.b64encode(value).decode()  # bytes, as DynamoDB's JSON has them


def floor(around: Surroundings, name: str) -> None:
    """Write down what the deliverer does for a batch, for the floor to do the same."""
    around.calls()
    around.function.ask(f"1 {name}")
    seen = around.edge.ask("seen")
    calls = [(call["target"], call["request"]) for call in seen["calls"]]
    mine = [call for call in calls if is_write(*call)]
    assert len(mine) % BATCH == 0, "each delivery is written equally often"
    share = len(mine) // BATCH
    port = around.ports[name.partition(" ")[0]]
    work = {
        "ports": around.ports,
        "batch": [call for call in calls if not is_write(*call)],
        "deliveries": [
            (port, "/in", body, mine[number * share : (number + 1) * share])
            for number, body in enumerate(seen["bodies"])
        ],
    }
    (around.folder / "floor.json").write_text(json.dumps(work))


def is_write(target: str, request: dict[str, Any]) -> bool:
    return target.endswith(("PutItem", "UpdateItem")) and request["TableName"] == "DeliveriesTable"


def delivered(around: Surroundings, name: str, batches: int = BATCHES) -> float:
    """CPU milliseconds of one delivery; all must have been delivered."""
    answer = around.function.ask(f"{batches} {name}")
    assert answer["answer"] == {"batchItemFailures": []}, answer
    return float(answer["cpu_ms"]) / (batches * BATCH)


def measure() -> list[Row]:
    batches = {"tls": ["tls/in"] * BATCH, "http": ["http/in"] * BATCH}
    with surrounded(batches) as around:
        around.function.ask("3 tls")
        floor(around, "tls")
        with child("barest", around.folder) as barest:
            pairs: dict[str, list[tuple[float, float]]] = {"new": [], "kept": []}
            for how in ("new", "kept"):
                barest.ask(f"{how} 2")
                for _ in range(TURNS):
                    mine = delivered(around, "tls")
                    pairs[how].append((mine, barest.ask(f"{how} {BATCHES}")))
        plain = statistics.median(delivered(around, "http") for _ in range(5))
        loads = around.function.ask("loads")["certificates"]
    mine, least = (statistics.median(column) for column in zip(*pairs["new"], strict=True))
    ratio = statistics.median(ours / theirs for ours, theirs in pairs["new"])
    kept = statistics.median(ours / theirs for ours, theirs in pairs["kept"])
    note = f"{mine:.2f} over {least:.2f} CPU ms, with {BATCHES * TURNS} batches of {BATCH}; stretch ≤ {STRETCH}"
    return [
        Row.at_most("delivery, new TLS connection, over its floor", ratio, "×", GOAL, note),
        Row(
            "delivery, new TLS connection, CPU",
            mine,
            "ms",
            "",
            True,
            "connections are never kept: names are judged anew",
        ),
        Row("delivery, over a floor that keeps connections", kept, "×", "", True, "what keeping them could give"),
        Row("delivery, plain HTTP, CPU", plain, "ms", "", True, "so TLS is the rest"),
        Row.at_most("CA bundles loaded, for AWS and for receivers", loads, "a process", 1, ""),
    ]
