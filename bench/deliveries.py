"""Measures the CPU time of one delivery: our deliverer, and a loop with boto3 and requests (bench.peers.deliver).

Both use TLS to bench.edge, which stands in for AWS and for the receivers, and answers at once. Both run in turns, so
that other load of the machine affects both; the ratio is the median over the turns.
"""

import base64
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
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
GOAL = 1.4  # of a delivery over a new TLS connection, over the peer's


class Child:
    """A process of `bench` that answers each line of its standard input with one line."""

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
    """A function in a process of its own, its events, and the process that stands in for AWS and the receivers."""

    folder: Path
    edge: Child
    function: Child
    ports: dict[str, int]

    def calls(self) -> list[dict[str, Any]]:
        """The calls that AWS has got since the last call of this method."""
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
    """The world's function `function` in a process of its own. bench.edge answers its AWS calls from `tables`."""
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
    """The deliverer with a named batch for each entry of `batches`: one delivery for each receiver listed there.

    A receiver is `tls/in` or `http/slow/100`: the protocol, and the path of bench.edge.
    """
    with edge() as found, captured(), scene(**parameters) as one:
        events = {name: {"Records": _batch(one, receivers, found[2])} for name, receivers in batches.items()}
        with invoked(found, one.world, "deliverer", events, tables(one.world)) as around:
            yield around


def _batch(one: Scene, receivers: list[str], ports: dict[str, int]) -> list[dict[str, Any]]:
    """The records of a batch: one message, delivered to one new webhook for each receiver."""
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
    """Write the deliverer's calls and POSTs for a batch to floor.json, so that the peer can make the same ones."""
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
    """The CPU milliseconds of one delivery. Raises AssertionError if a delivery failed."""
    answer = around.function.ask(f"{batches} {name}")
    assert answer["answer"] == {"batchItemFailures": []}, answer
    return float(answer["cpu_ms"]) / (batches * BATCH)


def measure() -> list[Row]:
    batches = {"tls": ["tls/in"] * BATCH, "http": ["http/in"] * BATCH}
    with surrounded(batches) as around:
        around.function.ask("3 tls")
        floor(around, "tls")
        with child("peers.deliver", around.folder) as peer, child("posts", around.folder) as posts:
            new = _turns(peer, "new", lambda: delivered(around, "tls"))
            kept = _turns(peer, "kept", lambda: delivered(around, "tls"))
            alone = _turns(peer, "posts", lambda: float(posts.ask(f"posts {BATCHES}")))
        plain = statistics.median(delivered(around, "http") for _ in range(5))
        loads = around.function.ask("loads")["certificates"]
    note = f"{_ours(new):.2f} over {_theirs(new):.2f} CPU ms, with {BATCHES * TURNS} batches of {BATCH}"
    sent = f"{_ours(alone):.2f} over {_theirs(alone):.2f} CPU ms: without AWS, so the guard and HTTP alone"
    return [
        Row.at_most("delivery, new TLS connection, over the peer", _ratio(new), "×", GOAL, note),
        Row.at_most("its POST alone, over the peer's", _ratio(alone), "×", GOAL, sent),
        _plain(
            "delivery, new TLS connection, CPU", _ours(new), "ms", "connections are not kept: names are judged anew"
        ),
        _plain("delivery, over a peer that keeps connections", _ratio(kept), "×", "what keeping them could give"),
        _plain("delivery, plain HTTP, CPU", plain, "ms", "so TLS is the rest"),
        Row.at_most("CA bundles loaded, for AWS and for receivers", loads, "a process", 1, ""),
    ]


def _turns(peer: Child, how: str, ours: Callable[[], float]) -> list[tuple[float, float]]:
    """The CPU milliseconds of one delivery, as pairs (ours, the peer's), one pair for each turn.

    `how` is the peer's command, such as `new`.
    """
    peer.ask(f"{how} 2")
    return [(ours(), float(peer.ask(f"{how} {BATCHES}"))) for _ in range(TURNS)]


def _ours(turns: list[tuple[float, float]]) -> float:
    return statistics.median(ours for ours, _ in turns)


def _theirs(turns: list[tuple[float, float]]) -> float:
    return statistics.median(theirs for _, theirs in turns)


def _ratio(turns: list[tuple[float, float]]) -> float:
    return statistics.median(ours / theirs for ours, theirs in turns)


def _plain(name: str, value: float, unit: str, note: str) -> Row:
    return Row(name, value, unit, "", True, note)
