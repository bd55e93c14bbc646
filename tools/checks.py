"""`make test`: runs every check of the project and times it. `python -m tools.checks lint unit` runs two stages.

Two lanes run at the same time, each with one stage at a time. The stages in BESIDE only compute; they run at a low
priority, so they use the processor time that the other lane leaves free while it waits for sockets, clocks and a stack.
"""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from tools import console
from tools.console import LocalError, bold, green, red, seconds

# A process that has nothing left to do takes tests from the other; those of integration stay with their file. The tests
# of unit wait for sockets half of the time. Each process of e2e has a stack of its own.
_PYTEST = ("pytest", "-q", "-n", "2", "--dist", "worksteal")
STAGES: dict[str, list[list[str]]] = {
    "lint": [["ruff", "check", "."], ["ruff", "format", "--check", "."]],
    "types": [["mypy", "."]],
    "console": [["python", "-m", "tools.frontend", "check"]],
    "unit": [[*_PYTEST, "-n", "4", "tests/unit"]],
    "mutation": [["python", "-m", "tools.mutation", "--sample"]],
    "contract": [[*_PYTEST, "tests/contract"]],
    "integration": [[*_PYTEST, "--dist", "loadfile", "tests/integration", "tests/defences"]],
    "simulation": [[*_PYTEST, "tests/simulation"]],
    "e2e": [["python", "-m", "tools.browser"], ["pytest", "-q", "-n", "2", "--dist", "loadfile", "tests/e2e"]],
}
BESIDE = ("console", "types", "mutation", "contract", "simulation")
# Installs the browser and the clients beside the stages before e2e. Where that fails, e2e tries again, and says why.
_PREPARING = [["python", "-m", "tools.browser"], ["python", "-m", "tools.clients"]]
type Result = tuple[bool, float]  # whether it passed, and the seconds that it took

ADVICE = {
    "lint": "`make format` repairs most of it.",
    "types": "`make types` repeats only this.",
    "console": "`make test-console` repeats only this.",
    "unit": "`make test-unit` repeats only this.",
    "mutation": "The output above shows the changes that no test notices; `make mutation` tries all.",
    "contract": "`make test-contract` repeats only this.",
    "integration": "`make test-integration` repeats only this.",
    "simulation": "A seed that fails says how to see it again; `make test-simulation` repeats all of them.",
    "e2e": "The output above holds the functions' logs; `make test-e2e` repeats only this.",
}


def main() -> None:
    chosen = sys.argv[1:] or list(STAGES)
    if unknown := [name for name in chosen if name not in STAGES]:
        raise LocalError(f"{unknown[0]} is not a check.", f"Choose from: {', '.join(STAGES)}.")
    began = time.monotonic()
    results = _run_all(chosen)
    print(f"\n{bold('Checks')}")
    for name, (passed, duration) in results.items():
        print(f"  {green('✓') if passed else red('✗')} {name:<12} {seconds(duration):>8}")
    print(f"    {'together':<12} {seconds(time.monotonic() - began):>8}")
    if failed := [name for name, (passed, _) in results.items() if not passed]:
        raise LocalError(f"Failed: {', '.join(failed)}.", ADVICE[failed[0]])


def _run_all(chosen: list[str]) -> dict[str, Result]:
    """Run the stages `chosen`, in two lanes. Returns the result of each stage, in the order of `chosen`."""
    beside = [name for name in BESIDE if name in chosen and not set(chosen) <= set(BESIDE)]
    with ThreadPoolExecutor(max_workers=1) as lane, ThreadPoolExecutor(max_workers=1) as preparing:
        if "e2e" in chosen:
            preparing.submit(_quietly, _PREPARING)
        background = {name: lane.submit(_run, name, in_background=True) for name in beside}
        results = {name: _run(name) for name in chosen if name not in beside}
        results |= {name: stage.result() for name, stage in background.items()}
    return {name: results[name] for name in chosen}


def _quietly(commands: list[list[str]]) -> list[subprocess.CompletedProcess[str]]:
    """Run commands one after the other, at a low priority that leaves the processor to others.

    Their output is captured.
    """
    nice = [["nice", "-n", "10", *command] for command in commands]
    return [subprocess.run(command, check=False, capture_output=True, text=True) for command in nice]


def _run(name: str, *, in_background: bool = False) -> Result:
    """Run a stage. Returns whether it passed, and its seconds.

    In the background it runs at a low priority, and its output is printed at its end.
    """
    began = time.monotonic()
    if in_background:
        done = _quietly(STAGES[name])
        print(f"\n{bold(name)}", *(one.stdout + one.stderr for one in done), sep="\n", flush=True)
    else:
        print(f"\n{bold(name)}", flush=True)
        done = [subprocess.run(command, check=False, text=True) for command in STAGES[name]]
    return not any(one.returncode for one in done), time.monotonic() - began


if __name__ == "__main__":
    console.run(main)
