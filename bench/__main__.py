"""`python -m bench`: every figure, as one table and in bench/results.json. `python -m bench <part> …`: those alone.

Each part runs in a process of its own, so that none pays for what another has imported, patched or cached.
"""

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import ROOT, report
from bench.report import Row

RESULTS = ROOT / "bench" / "results.json"
PARTS = {
    "cold": "cold starts",
    "calls": "AWS calls and units of each operation",
    "requests": "CPU of a warm request",
    "deliveries": "CPU of a delivery",
    "isolation": "a receiver that hangs, and the others",
    "fanout": "one event to many webhooks",
    "growth": "large workspaces and long logs",
    "logs": "bytes logged",
    "cost": "dollars a million",
}


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    arguments.add_argument("parts", nargs="*", choices=[*PARTS, []], help=", ".join(PARTS))
    arguments.add_argument("--into", type=Path, help=argparse.SUPPRESS)  # what a run of all hands to each part
    given = arguments.parse_args()
    if given.into:
        (part,) = given.parts
        report.write(given.into, importlib.import_module(f"bench.{part}").measure())
        return 0
    began = time.monotonic()
    rows = [row for part in given.parts or PARTS for row in _apart(part)]
    print(f"\n{report.show(rows)}\n")
    missed = [row for row in rows if not row.reached]
    print(f"{len(rows) - len(missed)} of {len(rows)} figures are as they should be.")
    if not given.parts:
        seconds = round(time.monotonic() - began)
        machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
        report.write(RESULTS, rows, at=time.strftime("%Y-%m-%d", time.gmtime()), machine=machine, seconds=seconds)
        print(f"Written to {RESULTS.relative_to(ROOT)}.")
    return 0


def _apart(part: str) -> list[Row]:
    print(f"{part:<12}{PARTS[part]} …", end="", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        into = Path(folder, "rows.json")
        command = [sys.executable, "-m", "bench", part, "--into", str(into)]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)  # the functions' own lines
        found = [Row(**row) for row in json.loads(into.read_text())["rows"]]
    print(f" {time.monotonic() - began:.0f} s", flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
