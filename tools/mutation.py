"""`make mutation`: how many small changes to the pure modules their unit tests notice.

mutmut changes one expression at a time and runs the tests that reach it. A module's score is the share of these
mutants that make a test fail; below FLOOR the command fails and names the mutants that went unnoticed. pyproject.toml
lists the modules and their tests under `tool.mutmut`.

mutmut expects the package beside the tests, so it works in a folder of links under .local. The scores of the last
run are kept there, and as long as neither the modules nor their tests change they are shown instead of measured.
`--write` puts the table into docs/reliability.md. `--sample` tries about one mutant in ten of each module, chosen by
what the modules hold, which is what `make test` has time for.
"""

import fnmatch
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tomllib
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path

from tools import console
from tools.console import LocalError, dim, green, red

ROOT = Path(__file__).parents[1]
LAYER = ROOT / "layers" / "ferryman"
WORKSPACE = ROOT / ".local" / "mutation"
SCORES = WORKSPACE / "scores.json"
PAGE = ROOT / "docs" / "reliability.md"
FLOOR = 85  # per cent, for each module
_MARKS = ("<!-- mutation:begin -->", "<!-- mutation:end -->")
# A mutant that never ends is noticed too: the test does not pass.
_NOT_TRIED = "not checked"
_NOTICED = ("killed", "timeout", "caught by type check")


@dataclass(frozen=True)
class Score:
    """How many mutants of one module its tests noticed. `unnoticed` holds the names of the others."""

    module: str
    mutants: int
    unnoticed: tuple[str, ...]

    @property
    def percent(self) -> float:
        return 100 * (1 - len(self.unnoticed) / self.mutants)


def main() -> None:
    digest = _digest()
    scores = _kept(digest)
    if "--sample" in sys.argv and scores is None:
        last_digit = random.Random(digest).choice(range(1, 10))  # noqa: S311 - a repeatable choice, not a secret
        _judge(_measured(f"*__mutmut_*{last_digit}"), spared=1)
        return
    if scores is None:
        scores = _measured()
        SCORES.write_text(json.dumps({"digest": digest, "scores": [asdict(score) for score in scores]}, indent=1))
    else:
        print(dim("  Neither the modules nor their tests changed since these scores were measured."))
    if "--write" in sys.argv:
        PAGE.write_text(with_table(PAGE.read_text(), table(scores)))
    _judge(scores)


def _judge(scores: list[Score], *, spared: int = 0) -> None:
    """Show the scores. Raises LocalError for a module below the floor; `spared` mutants may always go unnoticed."""
    _show(scores)
    if low := [score.module for score in scores if score.percent < FLOOR and len(score.unnoticed) > spared]:
        raise LocalError(
            f"The tests notice too few changes to {', '.join(low)}.",
            f"Show one with `cd {WORKSPACE.relative_to(ROOT)} && mutmut show NAME`, and write the test that fails.",
        )


def configuration() -> dict[str, list[str]]:
    """The section for mutmut in pyproject.toml."""
    found: dict[str, list[str]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutmut"]
    return found


def modules() -> dict[str, Path]:
    """The modules that are mutated, by name, in the order of their names."""
    files = {str(path.relative_to(LAYER)): path for path in sorted((LAYER / "ferryman").rglob("*.py"))}
    chosen = [name for pattern in configuration()["only_mutate"] for name in fnmatch.filter(files, pattern)]
    return {name.removesuffix(".py").removesuffix("/__init__").replace("/", "."): files[name] for name in chosen}


def table(scores: list[Score]) -> str:
    """The scores as Markdown."""
    rows = [f"| `{score.module}` | {score.mutants} | {score.percent:.0f} % |" for score in scores]
    return "\n".join(["| module | mutants | noticed |", "|---|---:|---:|", *rows])


def with_table(page: str, text: str) -> str:
    begin, end = map(re.escape, _MARKS)
    return re.sub(rf"(?<={begin}\n).*?(?={end})", lambda _: f"\n{text}\n\n", page, flags=re.DOTALL)


def _digest() -> str:
    """Changes with whatever the scores depend on."""
    settings = configuration()
    tests = [ROOT / name for name in settings["pytest_add_cli_args_test_selection"]]
    whole = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for path in [*sorted(LAYER.rglob("*.py")), *tests, ROOT / "tests" / "unit" / "conftest.py", ROOT / "uv.lock"]:
        whole.update(path.read_bytes())
    return whole.hexdigest()


def _kept(digest: str) -> list[Score] | None:
    if not SCORES.exists():
        return None
    kept = json.loads(SCORES.read_text())
    if kept["digest"] != digest:
        return None
    return [Score(item["module"], item["mutants"], tuple(item["unnoticed"])) for item in kept["scores"]]


def _measured(*chosen: str) -> list[Score]:
    """The scores of all mutants, or of those whose names match one of the patterns."""
    shutil.rmtree(WORKSPACE, ignore_errors=True)
    WORKSPACE.mkdir(parents=True)
    for link, target in {"ferryman": LAYER / "ferryman", "tests": ROOT / "tests"}.items():
        (WORKSPACE / link).symlink_to(target, target_is_directory=True)
    (WORKSPACE / "pyproject.toml").symlink_to(ROOT / "pyproject.toml")
    _mutmut("run", "--max-children", str(len(os.sched_getaffinity(0))), *chosen)
    statuses = re.findall(r"^ +(ferryman\.\S+): (.+)$", _mutmut("results", "--all", "true"), re.MULTILINE)
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for name, status in statuses:
        if chosen and status == _NOT_TRIED:
            continue
        found[name.rpartition(".")[0]][name] = status
    if not chosen and (missing := modules().keys() - found.keys()):
        raise LocalError(f"mutmut made no mutant of {min(missing)}.", "Take it out of `tool.mutmut` in pyproject.toml.")
    return [
        Score(module, len(mutants), tuple(name for name, status in mutants.items() if status not in _NOTICED))
        for module, mutants in sorted(found.items())
    ]


def _mutmut(*arguments: str) -> str:
    """Run mutmut with Hypothesis as the only plugin of pytest, which starts anew for each mutant."""
    command = [sys.executable, "-m", "mutmut", *arguments]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=WORKSPACE, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stdout.replace("\r", "\n").splitlines()[-30:]
        raise LocalError("\n".join([f"mutmut {arguments[0]} failed:", *last, done.stderr]), "Repair the tests first.")
    return done.stdout


def _show(scores: list[Score]) -> None:
    for score in scores:
        mark = green("✓") if score.percent >= FLOOR else red("✗")
        print(f"  {mark} {score.module:<44} {score.percent:>5.1f} % of {score.mutants}")
        for name in score.unnoticed if score.percent < FLOOR else ():
            print(dim(f"      {name}"))


if __name__ == "__main__":
    console.run(main)
