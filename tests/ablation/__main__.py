"""`python -m tests.ablation`: takes each counter-measure out of a copy of the checkout, and runs the tests that it names.

All of them have to go red; what stays green has no test. `--write` puts the table into docs/reliability.md.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from queue import Queue

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "layers/ferryman"))

from tests.ablation import table  # noqa: E402
from tests.ablation.measure import Measure  # noqa: E402
from tests.ablation.measures import MEASURES  # noqa: E402

COPIES = 2
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+?\.py::\w+)", re.MULTILINE)


@dataclass
class Result:
    measure: Measure
    red: set[str] = field(default_factory=set)
    seconds: float = 0
    trouble: str = ""  # the tests could not be run: they say nothing

    @property
    def green(self) -> list[str]:
        """The tests that should have noticed and did not."""
        return [test for test in self.measure.tests if test not in self.red]


class Copy:
    """A copy of the checkout, in which one file at a time is changed. The checkout itself is never touched."""

    def __init__(self, directory: Path) -> None:
        self.root = directory
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file():
                (directory / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, directory / name)
        # Bytecode is made once, here: an edit within the second in which it was made could pass for the original.
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        compile_all = [sys.executable, "-m", "compileall", "-q", "layers", "functions", "local", "tests"]
        subprocess.run(compile_all, cwd=directory, env=environment, check=True)
        self._worker = subprocess.Popen(
            [sys.executable, str(ROOT / "tests/ablation/worker.py")],
            cwd=directory,
            env=environment | {"PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def close(self) -> None:
        assert self._worker.stdin
        self._worker.stdin.close()
        self._worker.wait()

    def _run(self, *arguments: str) -> tuple[int | None, str]:
        """The exit code, None when it took too long, and what was printed."""
        assert self._worker.stdin and self._worker.stdout
        self._worker.stdin.write(json.dumps(arguments) + "\n")
        self._worker.stdin.flush()
        code, output = json.loads(self._worker.stdout.readline())
        return code, output

    @contextmanager
    def without(self, measure: Measure) -> Iterator[None]:
        path = self.root / measure.file
        before, status = path.read_text(), path.stat()
        path.write_text(measure.ablated(before))
        os.utime(path, (status.st_atime, status.st_mtime - 1000))
        try:
            yield
        finally:
            path.write_text(before)
            os.utime(path, (status.st_atime, status.st_mtime))

    def red(self, tests: Sequence[str]) -> tuple[set[str], str]:
        """Which of these tests fail; and what kept them from being run, if something did."""
        found: set[str] = set()
        nodes = [test for test in tests if not test.startswith("--")]
        if nodes:
            options = ["-q", "--tb=line", "-rfE", "-p", "no:cacheprovider", "--hypothesis-seed=0"]
            options += ["--exitfirst"] if len(nodes) == 1 else []
            code, output = self._run("pytest", *options, *nodes)
            found |= set(_FAILED.findall(output)) & set(nodes)
            if code not in (0, 1):
                return found, f"ended with {code}: {output[-2000:]}"
        for run in [test for test in tests if test.startswith("--")]:
            code, output = self._run("simulation", *run.split())
            if code and re.search(r"^(lost|unexpected): ", output, re.MULTILINE):
                found.add(run)
            elif code != 0:
                return found, f"ended with {code}: {output[-2000:]}"
        return found, ""


def main() -> int:
    arguments = _arguments()
    chosen = [one for one in MEASURES if arguments.only.lower() in f"{one.what} {one.file} {one.answers}".lower()]
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ferryman-ablation-") as directory, ExitStack() as closing:
        copies: Queue[Copy] = Queue()
        for number in range(COPIES):
            copy = Copy(Path(directory) / str(number))
            closing.callback(copy.close)
            copies.put(copy)
        with ThreadPoolExecutor(COPIES) as pool:
            if trouble := _trouble_with_nothing_taken_out(chosen, copies, pool):
                print(trouble)
                return 1
            results = list(pool.map(lambda one: _ablate(one, copies), chosen))
    unnoticed = [result for result in results if result.green]
    minutes = (time.monotonic() - began) / 60
    print(f"\n{len(results)} counter-measures, {len(results) - len(unnoticed)} noticed, in {minutes:.1f} minutes")
    for result in unnoticed:
        print(f"\n{result.measure.what} ({result.measure.file}) is noticed by nobody of: {', '.join(result.green)}")
        if result.trouble:
            print(result.trouble)
    if arguments.write and not unnoticed and not arguments.only:
        table.write([result.measure for result in results])
        print("wrote docs/reliability.md")
    return 1 if unnoticed else 0


def _trouble_with_nothing_taken_out(chosen: Sequence[Measure], copies: "Queue[Copy]", pool: ThreadPoolExecutor) -> str:
    """A test that fails anyway notices nothing. File by file, so that all copies have something to do."""
    named = sorted({test for one in chosen for test in one.tests})
    files = [list(tests) for _, tests in groupby(named, lambda test: test.partition("::")[0])]

    def trouble(tests: list[str]) -> str:
        copy = copies.get()
        try:
            red, trouble = copy.red(tests)
        finally:
            copies.put(copy)
        return trouble or "".join(f"{test} fails with nothing taken out\n" for test in sorted(red))

    return "".join(pool.map(trouble, files))


def _ablate(measure: Measure, copies: "Queue[Copy]") -> Result:
    result = Result(measure)
    copy = copies.get()
    began = time.monotonic()
    try:
        with copy.without(measure):
            result.red, result.trouble = copy.red(measure.tests)
    finally:
        copies.put(copy)
    result.seconds = time.monotonic() - began
    shown = "red" if not result.green else "GREEN"
    print(f"{shown:<6}{result.seconds:6.1f} s  {measure.what}", flush=True)
    return result


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.ablation", description=__doc__)
    parser.add_argument("--only", default="", help="those with this in their name, file or labels")
    parser.add_argument("--write", action="store_true", help="write the table into docs/reliability.md")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
