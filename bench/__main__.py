"""`python -m bench` measures every figure, prints one table, and writes bench/results.json and the tables in docs/.

`python -m bench <part> …` measures the named parts only; with `--save` their figures replace the stored ones. Each part
runs in a process of its own, so that no part's imports, patches and caches change the figures of another.
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
from typing import Any

from bench import ROOT, pages, report
from tools import docs

PARTS = {
    "cold": "cold starts",
    "calls": "AWS calls and units of each operation",
    "requests": "CPU of a warm request",
    "deliveries": "CPU of a delivery",
    "isolation": "a receiver that hangs, and the others",
    "fanout": "one event to many webhooks",
    "growth": "large workspaces and long logs",
    "logs": "bytes logged",
    "sizes": "memory and batch sizes",
    "cost": "dollars a million",
}


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    arguments.add_argument("parts", nargs="*", choices=[*PARTS, []], help=", ".join(PARTS))
    arguments.add_argument("--save", action="store_true", help="keep the figures of the parts named; all are kept")
    arguments.add_argument("--into", type=Path, help=argparse.SUPPRESS)  # what a run of all hands to each part
    given = arguments.parse_args()
    if given.into:
        (part,) = given.parts
        module = importlib.import_module(f"bench.{part}")
        rows = module.measure()
        page = module.page() if hasattr(module, "page") else None
        given.into.write_text(json.dumps({"rows": report.dump(rows), "page": page}))
        return 0
    found = {part: _apart(part) for part in given.parts or PARTS}
    rows = [row for part in found.values() for row in report.load(part["rows"])]
    print(f"\n{report.show(rows)}\n")
    missed = [row for row in rows if not row.reached]
    took = sum(part["seconds"] for part in found.values())
    print(f"{len(rows) - len(missed)} of {len(rows)} figures are as they should be, after {took / 60:.1f} minutes.")
    if given.save or not given.parts:
        pages.save(found)
        for path, text in docs.files().items():  # docs/functions.md shows the cold starts
            path.write_text(text)
        print(f"Written to {pages.RESULTS.relative_to(ROOT)} and docs/.")
    return 0


def _apart(part: str) -> dict[str, Any]:
    print(f"{part:<12}{PARTS[part]} …", end="", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        into = Path(folder, "rows.json")
        command = [sys.executable, "-m", "bench", part, "--into", str(into)]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)  # the functions' own lines
        found = json.loads(into.read_text())
    seconds = round(time.monotonic() - began)
    print(f" {seconds} s", flush=True)
    return {
        "at": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "seconds": seconds,
        **found,
    }


if __name__ == "__main__":
    sys.exit(main())
