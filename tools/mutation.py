"""`make mutation`: how many small changes to the pure modules their unit tests notice.

mutmut changes one expression at a time and runs the tests that reach it. A module's score is the share of these
mutants that make a test fail; below FLOOR the command fails. The mutants that go unnoticed are recorded in RECORD, and
one that is not recorded fails the command too. `--write` renews the record, and the table in docs/reliability.md.
pyproject.toml lists the modules and their tests under `tool.mutmut`.

mutmut expects the package beside the tests, so it works in a folder of links under .local. The scores of the last
run are kept there, and as long as neither the modules nor their tests change they are shown instead of measured.
`--sample` tries about one mutant in ten of each module, which is what `make test` has time for. The code and its tests
choose the tenth, so each change tries another one. A tenth says little about a score, so only the record judges it.
"""

import contextlib
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
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.utils.format_utils import orig_function_and_class_names_from_key

from tools import console
from tools.console import LocalError, dim, green, red

ROOT = Path(__file__).parents[1]
LAYER = ROOT / "layers" / "ferryman"
WORKSPACE = ROOT / ".local" / "mutation"
SCORES = WORKSPACE / "scores.json"
PAGE = ROOT / "docs" / "reliability.md"
RECORD = ROOT / "tests" / "unit" / "unnoticed_mutants.diff"
FLOOR = 85  # per cent, for each module
_MARKS = ("<!-- mutation:begin -->", "<!-- mutation:end -->")
# A mutant that never ends is noticed too: the test does not pass.
_NOT_TRIED = "not checked"
_NOTICED = ("killed", "timeout", "caught by type check")


@dataclass(frozen=True, order=True)
class Change:
    """A mutant without its number, so that it stays the same when other lines of its module change."""

    module: str
    function: str  # Class.method for a method
    line: str  # as it is written
    mutant: str  # as mutmut wrote it

    def __str__(self) -> str:
        """As the record has it: the function, and the lines before and after."""
        signed = [
            f"{sign} {line}" for sign, text in (("-", self.line), ("+", self.mutant)) for line in text.split("\n")
        ]
        return "\n".join([f"{self.module} {self.function}", *signed])


@dataclass(frozen=True)
class Score:
    """How many mutants of one module its tests noticed. `unnoticed` holds the others by mutmut's names."""

    module: str
    mutants: int
    unnoticed: dict[str, Change]

    @property
    def percent(self) -> float:
        return 100 * (1 - len(self.unnoticed) / self.mutants)


def main() -> None:
    digest, record = _digest(), read_record()
    scores = _kept(digest)
    if "--sample" in sys.argv and scores is None:
        last_digit = random.Random(digest).choice(range(1, 10))  # noqa: S311 - a repeatable choice, not a secret
        judge(_measured(f"*__mutmut_*{last_digit}"), record, floor=0)
        return
    if scores is None:
        scores = _measured()
        SCORES.write_text(json.dumps({"digest": digest, "scores": [asdict(score) for score in scores]}, indent=1))
    else:
        print(dim("  Neither the modules nor their tests changed since these scores were measured."))
    for change in gone(scores, record):
        print(f"  Recorded, but noticed now, or its line has changed; --write drops it:\n{dim(str(change))}")
    if "--write" in sys.argv:
        for change in sorted(unnoticed(scores) - record):
            print(f"  New in the record:\n{dim(str(change))}")
        record = unnoticed(scores)
        write_record(record)
        PAGE.write_text(with_table(PAGE.read_text(), table(scores)))
    judge(scores, record)


def judge(scores: list[Score], record: set[Change], *, floor: int = FLOOR) -> None:
    """Show the scores. Raises LocalError for a module below the floor, and for a mutant that is not recorded."""
    low = [score.module for score in scores if score.percent < floor]
    new = {name: change for score in scores for name, change in score.unnoticed.items() if change not in record}
    _show(scores, {*low, *(change.module for change in new.values())})
    for name, change in new.items():
        print(f"\n{change}\n{dim(name)}")
    if new:
        raise LocalError(
            f"Changes that no test notices and {RECORD.relative_to(ROOT)} does not list: {len(new)}, shown above.",
            "Write a test that fails with the change; "
            f"`cd {WORKSPACE.relative_to(ROOT)} && ../../.venv/bin/mutmut show NAME` shows it in its function. "
            "If no caller can see the change, `make mutation` records it.",
        )
    if low:
        raise LocalError(
            f"The tests notice less than {floor} % of the changes to {', '.join(low)}.",
            f"Write the tests that are missing: {RECORD.relative_to(ROOT)} lists the changes that went unnoticed.",
        )


def unnoticed(scores: list[Score]) -> set[Change]:
    return {change for score in scores for change in score.unnoticed.values()}


def gone(scores: list[Score], record: set[Change]) -> list[Change]:
    """The recorded mutants that the tests notice now, or whose line has changed."""
    return sorted(record - unnoticed(scores))


def read_record(path: Path = RECORD) -> set[Change]:
    text = path.read_text().strip("\n")
    return {_read_change(entry) for entry in text.split("\n\n")} if text else set()


def _read_change(entry: str) -> Change:
    """Read an entry of the record, in the form that `str(change)` has."""
    title, *lines = entry.split("\n")
    removed, added = ("\n".join(line[2:] for line in lines if line.startswith(f"{sign} ")) for sign in "-+")
    module, _, function = title.partition(" ")
    return Change(module, function, removed, added)


def write_record(changes: Iterable[Change], path: Path = RECORD) -> None:
    path.write_text("".join(f"{change}\n\n" for change in sorted(changes)).removesuffix("\n"))


def as_change(name: str, difference: str) -> Change:
    """Read mutmut's name of a mutant and the unified difference that the mutant makes."""
    function, of_class = orig_function_and_class_names_from_key(name)
    lines = difference.splitlines()[2:]  # after the two names of the file
    removed, added = ("\n".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+")
    return Change(name.rpartition(".")[0], f"{of_class}.{function}" if of_class else function, removed, added)


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
    """The scores as Markdown. They are rounded down, so that 100 % are all."""
    rows = [f"| `{score.module}` | {score.mutants} | {int(score.percent)} % |" for score in scores]
    return "\n".join(["| module | mutants | noticed |", "|---|---:|---:|", *rows])


def with_table(page: str, text: str) -> str:
    begin, end = map(re.escape, _MARKS)
    return re.sub(rf"(?<={begin}\n).*?(?={end})", lambda _: f"\n{text}\n\n", page, flags=re.DOTALL)


def _digest() -> str:
    """Changes with whatever the scores depend on."""
    settings = configuration()
    tests = [ROOT / name for name in settings["pytest_add_cli_args_test_selection"]]
    whole = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    others = [ROOT / "tests" / "unit" / "conftest.py", ROOT / "uv.lock", Path(__file__)]
    for path in [*sorted(LAYER.rglob("*.py")), *tests, *others]:
        whole.update(path.read_bytes())
    return whole.hexdigest()


def _kept(digest: str) -> list[Score] | None:
    if not SCORES.exists():
        return None
    kept = json.loads(SCORES.read_text())
    if kept["digest"] != digest:
        return None
    return [
        Score(item["module"], item["mutants"], {name: Change(**change) for name, change in item["unnoticed"].items()})
        for item in kept["scores"]
    ]


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
    files = modules()
    with contextlib.chdir(WORKSPACE):  # where mutmut finds its files
        return [_score(module, files[module].relative_to(LAYER), found[module]) for module in sorted(found)]


def _score(module: str, path: Path, statuses: dict[str, str]) -> Score:
    names = [name for name, status in statuses.items() if status not in _NOTICED]
    return Score(module, len(statuses), {name: as_change(name, get_diff_for_mutant(name, path=path)) for name in names})


def _mutmut(*arguments: str) -> str:
    """Run mutmut with Hypothesis as the only plugin of pytest, which starts anew for each mutant."""
    command = [sys.executable, "-m", "mutmut", *arguments]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=WORKSPACE, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stdout.replace("\r", "\n").splitlines()[-30:]
        raise LocalError("\n".join([f"mutmut {arguments[0]} failed:", *last, done.stderr]), "Repair the tests first.")
    return done.stdout


def _show(scores: list[Score], failed: set[str]) -> None:
    for score in scores:
        mark = red("✗") if score.module in failed else green("✓")
        print(f"  {mark} {score.module:<44} {score.percent:>5.1f} % of {score.mutants}")


if __name__ == "__main__":
    console.run(main)
