"""Measures cold starts: a fresh process imports a built function and handles its sample event.

`python -m bench.cold [runs]` builds with `sam build` and unpacks the result as Lambda does: every file is dated 1980,
and Python cannot write bytecode beside it. It measures the whole process, in CPU milliseconds and in instructions. The
reference R is a process that imports only the modules of Lambda's own runtime.

Each function is compared with its peer (bench/peers/handlers): a handler in the common good style, compiled in the same
way, on the same layer, with the same event. The peer of a function behind the API is `api`, a resource with five
routes. A function with at least 22 routes is compared with `webhooks`, a resource with 22, and the login with `login`,
which makes the same hash of a password. `python -m bench cold --save` stores the figures for docs/performance.md and
docs/functions.md.
"""

import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import stub
from bench.report import Row, show
from tests.support import template
from tools import build as built
from tools import template as plain

ROOT = Path(__file__).parents[1]
RUNS = 15
PEERS = Path(__file__).parent / "peers" / "handlers"
HOT = ("hooks", "dispatcher", "deliverer")
HOT_LIMIT, LIMIT = 0.7, 0.9  # of the peer
# A peer's event, and what AWS answers to it, are those of a function.
SAMPLES = {name: name for name in (*HOT, "webhooks")} | {"api": "chats", "login": "mattermost_login"}
LARGE = len(re.findall(r"^@app\.(?:get|post|put|patch|delete)\(", (PEERS / "webhooks.py").read_text(), re.MULTILINE))
_YEAR_1980 = 315532800 + 86400

_RUNTIME = "import decimal, json, logging, os, sys, time, traceback\n"
_CHILD = (
    _RUNTIME
    + """
before = set(sys.modules)
compiled = []
if "COUNT" in os.environ:
    from importlib.machinery import SourceFileLoader as loader
    compile_source = loader.source_to_code
    def counted(self, data, path, **options):
        compiled.append(path)
        return compile_source(self, data, path, **options)
    loader.source_to_code = counted

class Context:
    aws_request_id = "00000000-0000-0000-0000-000000000000"
    function_name = "bench"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:bench"
    def get_remaining_time_in_millis(self):
        return 60000

if len(sys.argv) > 1:
    at = float(os.environ["AT"])  # a message that has lain for a minute would be another case
    time.time = lambda: at
    import importlib
    module, _, name = sys.argv[1].rpartition(".")
    handler = getattr(importlib.import_module(module), name)
    with open(sys.argv[2]) as file:
        answer = handler(json.load(file), Context())
    status = answer.get("statusCode", 200) if isinstance(answer, dict) else 200
    # A login without a real password, and a response URL that nobody made, are refused at the end of a cold start.
    assert (status < 300 or status in (401, 404)) and not (answer or {}).get("batchItemFailures"), answer
found = {"compiled": compiled}
if "COUNT" in os.environ:
    found["modules"] = sorted(set(sys.modules) - before)
    files = {getattr(sys.modules[name], "__cached__", None) for name in found["modules"]} - {None}
    found["bytes"] = sum(os.path.getsize(file) for file in files if os.path.exists(file))
with open(sys.argv[3] if len(sys.argv) > 3 else os.environ["RESULT"], "w") as file:
    json.dump(found, file)
"""
)


@dataclass(frozen=True, eq=False)
class Function:
    """A function or a peer as Lambda would run it: its import path, its entry point, its event and its environment."""

    name: str
    path: str
    entry: str
    event: Path
    environment: dict[str, str]


def build() -> Path:
    """The folder with the functions and layers as `sam build` leaves them, for this machine's processor."""
    with built.lock(ROOT):
        built.build(ROOT, built.LOCAL, ROOT / ".local" / "bench.log", plain.architecture())
    return ROOT / built.LOCAL


@contextmanager
def unpacked(built: Path) -> Iterator[Path]:
    """A temporary copy of the build, with the file times of Lambda's archives."""
    with tempfile.TemporaryDirectory() as directory:
        target = Path(directory) / "build"
        shutil.copytree(built, target)
        for path in target.rglob("*"):
            if path.is_file():
                os.utime(path, (_YEAR_1980, _YEAR_1980))
        yield target


@contextmanager
def prepared(build_directory: Path) -> Iterator[list[Function]]:
    """Every function and every peer, unpacked, each with its event and a stub of AWS that answers its calls."""
    with unpacked(build_directory) as unpacked_to, stub.record() as samples:
        stubs = {folder: stub.Stub(sample.calls) for folder, sample in samples.items()}
        try:
            functions = template.functions()
            entry = template.load()["Globals"]["Function"]["Handler"]
            layers = [unpacked_to / name / "python" for name in template.resources("AWS::Serverless::LayerVersion")]
            found = []
            for folder, sample in samples.items():
                event = unpacked_to / f"{folder}.json"
                event.write_text(json.dumps(sample.event))
                task = unpacked_to / functions[folder]["LogicalId"]
                environment = sample.environment | stubs[folder].environment() | {"AT": str(sample.at)}
                path = os.pathsep.join(map(str, [task, *layers]))
                found.append(Function(folder, path, functions[folder].get("Handler", entry), event, environment))
            of = {each.name: each for each in found}
            dependencies = str(unpacked_to / "DependenciesLayer" / "python")
            yield found + [_peer(name, of[sample], unpacked_to, dependencies) for name, sample in SAMPLES.items()]
        finally:
            for each in stubs.values():
                each.close()


def _peer(name: str, sample: Function, unpacked_to: Path, dependencies: str) -> Function:
    """A peer, compiled as the functions are, with the event and the environment of the function `sample`."""
    folder = unpacked_to / "peers" / name
    folder.mkdir(parents=True)
    shutil.copy(PEERS / f"{name}.py", folder / "handler.py")
    shutil.copy(PEERS / "observability.py", folder)
    command = [sys.executable, "-m", "compileall", "-qq", "--invalidation-mode", "unchecked-hash", str(folder)]
    subprocess.run(command, check=True)
    environment = sample.environment | {
        "POWERTOOLS_SERVICE_NAME": "peer",
        "POWERTOOLS_METRICS_NAMESPACE": "Peer",
        "POWERTOOLS_TRACE_DISABLED": "true",  # as ours is
    }
    path = os.pathsep.join([str(folder), dependencies])
    return Function(f"peer {name}", path, "handler.lambda_handler", sample.event, environment)


def run(function: Function | None, *, count: bool = False, valgrind: bool = False) -> dict[str, Any]:
    """Make one cold start, or measure R without a function. Returns the figures of the process, such as `cpu`.

    `count` adds the imported modules, `valgrind` the instructions. Raises RuntimeError if the process fails.
    """
    with tempfile.TemporaryDirectory() as directory:
        result, instructions = Path(directory) / "result", Path(directory) / "cachegrind"
        # The interpreter itself, not the virtual environment's, which runs .pth files first; a Lambda has none.
        command = [str(Path(sys.base_prefix) / "bin" / "python3.13"), "-S", "-P", "-B", "-c", _CHILD]
        environment = {"PATH": os.environ["PATH"], "PYTHONHASHSEED": "0", "RESULT": str(result), "LANG": "C.UTF-8"}
        if count:
            environment["COUNT"] = "1"
        if function:
            command += [function.entry, str(function.event), str(result)]
            environment |= function.environment | {"PYTHONPATH": function.path, "AWS_LAMBDA_FUNCTION_NAME": "bench"}
        if valgrind:
            tool = ["valgrind", "--tool=cachegrind", "--cache-sim=no", f"--cachegrind-out-file={instructions}"]
            command = [*tool, *command]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        finished = subprocess.run(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if finished.returncode:
            raise RuntimeError(f"The cold start of {function and function.name} failed:\n{finished.stderr[-3000:]}")
        found: dict[str, Any] = json.loads(result.read_text())
        found["cpu"] = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000
        if valgrind:
            summary = next(line for line in instructions.read_text().splitlines() if line.startswith("summary:"))
            found["instructions"] = int(summary.split()[1])
        return found


def peer_of(folder: str) -> str | None:
    """The name of a function's peer; None for a function whose cold start no caller waits for."""
    if folder in HOT:
        return folder
    if folder == "mattermost_login":
        return "login"
    routes = list(template.routes().values()).count(folder)
    return "webhooks" if routes >= LARGE else "api" if routes else None


def measure(runs: int = RUNS, built: Path | None = None) -> list[Row]:
    exact = shutil.which("valgrind") is not None
    with prepared(built or build()) as functions:
        everything: list[Function | None] = [None, *functions]
        times: dict[Function | None, list[float]] = {each: [] for each in everything}
        for _ in range(runs):
            for each in everything:  # in turn, so that a noisy moment is spread over all of them
                times[each].append(run(each)["cpu"])
        medians = {each: statistics.median(found) for each, found in times.items()}
        counted = {each: run(each, count=True) for each in everything}
        with ThreadPoolExecutor(max_workers=2) as pool:  # what else runs changes no count
            wanted = everything if exact else []
            found = list(pool.map(lambda each: run(each, valgrind=True)["instructions"], wanted))
        instructions = dict(zip(wanted, found, strict=True))
    cost = instructions if exact else medians
    peers = {each.name.removeprefix("peer "): each for each in functions if each.name.startswith("peer ")}
    rows = []
    for each in functions:
        name, imported = each.name, counted[each]
        cpu = f"{medians[each]:.0f} of {medians[None]:.0f} ms, {len(imported['modules'])} modules"
        rows.append(_fact(f"cold start of {name}, CPU", medians[each] / medians[None], cpu))
        if exact:
            millions = f"{instructions[each] / 1e6:,.0f} of {instructions[None] / 1e6:,.0f} million"
            rows.append(_fact(f"cold start of {name}, instructions", instructions[each] / instructions[None], millions))
        if each not in peers.values():
            compiled = len(imported["compiled"])
            rows.append(Row.at_most(f"modules that {name} compiles from source", compiled, "modules", 0))
            rows += _beside(name, cost[each], {name: cost[peer] for name, peer in peers.items()})
    return rows


def _fact(name: str, value: float, note: str) -> Row:
    return Row(name, round(value, 2), "x R", "", True, note)


def _beside(folder: str, cost: float, peers: dict[str, float]) -> list[Row]:
    """The row of a function's cold start divided by its peer's; empty for a function without a peer."""
    if (peer := peer_of(folder)) is None:
        return []
    most = HOT_LIMIT if folder in HOT else LIMIT
    name = f"cold start of {folder} over its peer's"
    return [Row.at_most(name, round(cost / peers[peer], 2), "×", most, f"bench/peers/handlers/{peer}.py")]


def main() -> None:
    numbers = [int(argument) for argument in sys.argv[1:] if argument.isdigit()]
    print(show(measure(numbers[0] if numbers else RUNS)))
    if not shutil.which("valgrind"):
        print("\nNo instruction counts: valgrind is not installed (apt-get install valgrind).")


if __name__ == "__main__":
    main()
