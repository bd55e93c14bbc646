"""How long a cold start spends on importing each function: CPU milliseconds of a fresh process.

`python -m bench.imports [runs]` prints a table; with `--save` the figures go into docs/functions.md by way of
bench/imports.json. The time that Lambda's own runtime spends is left out: what it has imported before it looks at
the handler is imported before the clock starts. Two figures a function: the handler's import, and what the first
request adds by making its AWS clients. Bytecode is there already, as `make build` ships it.
"""

import json
import os
import platform
import re
import statistics
import subprocess
import sys
from pathlib import Path

from local import docs

ROOT = Path(__file__).parents[1]
SAVED = ROOT / "bench" / "imports.json"
RUNS = 15
_CHILD = """
import decimal, json, logging, sys, time, traceback  # what the runtime has imported before the handler
folder, services = sys.argv[1], sys.argv[2].split()
sys.path[:0] = [f"functions/{folder}", "layers/ferryman"]
start = time.process_time()
import handler
imported = time.process_time()
from ferryman import aws
for service in services:
    getattr(aws, service)()
print((imported - start) * 1000, (time.process_time() - imported) * 1000)
"""


def services(function: docs.Function) -> list[str]:
    """The AWS services that a function has permissions for, so the clients that it makes."""
    return sorted({action.partition(":")[0] for action, _ in function.permissions})


def measure(folder: str, used: list[str]) -> tuple[float, float]:
    """CPU milliseconds of importing a handler, and of making its clients, in a process of its own."""
    environment = {"PATH": os.environ["PATH"], "AWS_DEFAULT_REGION": "us-east-1", "PYTHONHASHSEED": "0"}
    answer = subprocess.run(
        [sys.executable, "-c", _CHILD, folder, " ".join(used)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    imported, clients = map(float, answer.stdout.split())
    return imported, clients


def main() -> None:
    numbers = [int(argument) for argument in sys.argv[1:] if argument.isdigit()]
    runs = numbers[0] if numbers else RUNS
    functions = docs.functions()
    found: dict[str, list[tuple[float, float]]] = {function.folder: [] for function in functions}
    for run in range(runs + 1):
        for function in functions:  # in turn, so that a noisy moment is spread over all of them
            figures = measure(function.folder, services(function))
            if run:  # the first run compiles
                found[function.folder].append(figures)
    medians = {
        folder: [round(statistics.median(column)) for column in zip(*figures, strict=True)]
        for folder, figures in found.items()
    }
    print(f"CPU ms, median of {runs} fresh processes, Python {platform.python_version()}\n")
    print(f"{'function':<20} {'import':>8} {'clients':>8} {'together':>9}")
    for folder, (imported, clients) in sorted(medians.items(), key=lambda item: -sum(item[1])):
        print(f"{folder:<20} {imported:>8} {clients:>8} {imported + clients:>9}")
    if "--save" in sys.argv:
        content = {"python": platform.python_version(), "runs": runs, "ms": medians}
        text = re.sub(r"\[\s+(\d+),\s+(\d+)\s+\]", r"[\1, \2]", json.dumps(content, indent=2))
        SAVED.write_text(text + "\n")


if __name__ == "__main__":
    main()
