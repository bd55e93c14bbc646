"""`make test`: every check of the project, with its time. `python -m tools.checks lint unit` runs two."""

import subprocess
import sys
import time

from tools import console
from tools.console import LocalError, bold, green, red, seconds

# A process that has nothing left to do takes tests from the other.
_PYTEST = ("pytest", "-q", "-n", "2", "--dist", "worksteal")
STAGES: dict[str, list[list[str]]] = {
    "lint": [["ruff", "check", "."], ["ruff", "format", "--check", "."]],
    "types": [["mypy", "."]],
    "console": [["python", "-m", "tools.frontend", "check"]],
    "unit": [[*_PYTEST, "tests/unit"]],
    "mutation": [["python", "-m", "tools.mutation", "--sample"]],
    "contract": [[*_PYTEST, "tests/contract"]],
    "integration": [[*_PYTEST, "tests/integration", "tests/defences"]],
    "simulation": [[*_PYTEST, "tests/simulation"]],
    "e2e": [["pytest", "-q", "tests/e2e"]],
}
ADVICE = {
    "lint": "`make format` repairs most of it.",
    "types": "`make types` repeats only this.",
    "console": "`make test-console` repeats only this.",
    "unit": "`make test-unit` repeats only this.",
    "mutation": "`make mutation` tries all mutants.",
    "contract": "`make test-contract` repeats only this.",
    "integration": "`make test-integration` repeats only this.",
    "simulation": "A seed that fails says how to see it again; `make test-simulation` repeats all of them.",
    "e2e": "The output above holds the functions' logs; `make test-e2e` repeats only this.",
}


def main() -> None:
    chosen = sys.argv[1:] or list(STAGES)
    if unknown := [name for name in chosen if name not in STAGES]:
        raise LocalError(f"{unknown[0]} is not a check.", f"Choose from: {', '.join(STAGES)}.")
    results = {name: _run(name) for name in chosen}
    print(f"\n{bold('Checks')}")
    for name, (passed, duration) in results.items():
        print(f"  {green('✓') if passed else red('✗')} {name:<12} {seconds(duration):>8}")
    print(f"    {'together':<12} {seconds(sum(duration for _, duration in results.values())):>8}")
    if failed := [name for name, (passed, _) in results.items() if not passed]:
        raise LocalError(f"Failed: {', '.join(failed)}.", ADVICE[failed[0]])


def _run(name: str) -> tuple[bool, float]:
    print(f"\n{bold(name)}", flush=True)
    began = time.monotonic()
    codes = [subprocess.run(command, check=False).returncode for command in STAGES[name]]
    return not any(codes), time.monotonic() - began


if __name__ == "__main__":
    console.run(main)
