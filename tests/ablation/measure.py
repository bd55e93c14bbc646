"""One counter-measure: the text in the code that makes it, what is left without it, and who has to notice."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_PACKAGE = "layers/ferryman/ferryman/"


@dataclass(frozen=True)
class Measure:
    """`tests` are node ids of pytest, or runs of the simulator: `--seed 3 --events 200 --faults queue`."""

    what: str
    answers: tuple[str, ...]  # to which faults and threats: F13, S2, T6
    file: str
    text: str
    without: str
    tests: tuple[str, ...]

    def ablated(self, content: str) -> str:
        """The file without the measure. Raises ValueError unless the text is there exactly once."""
        if (found := content.count(self.text)) != 1:
            raise ValueError(f"{self.what}: the text is {found} times in {self.file}:\n{self.text}")
        return content.replace(self.text, self.without)

    @property
    def in_pytest(self) -> list[str]:
        return [test for test in self.tests if not test.startswith("--")]

    @property
    def in_simulator(self) -> list[str]:
        return [test for test in self.tests if test.startswith("--")]


def measure(what: str, answers: str, file: str, text: str, without: str, *tests: str) -> Measure:
    """`answers` are labels with spaces between. A file of the package is named from there."""
    path = file if re.match(r"functions/|tests/|layers/|[\w-]+\.yaml$", file) else _PACKAGE + file
    return Measure(what, tuple(answers.split()), path, text, without, tuple(map(_node, tests)))


def _node(test: str) -> str:
    """`promises::test_x` is short for tests/integration/test_promises.py::test_x: files' names are unique."""
    if test.startswith("--"):
        return test
    name, _, function = test.partition("::")
    folders = ("unit", "contract", "integration", "simulation")
    found = [path for folder in folders if (path := ROOT / "tests" / folder / f"test_{name}.py").exists()]
    if len(found) != 1:
        raise ValueError(f"{len(found)} files are called test_{name}.py")
    return f"{found[0].relative_to(ROOT)}::{function}"


def unique(measures: Sequence[Measure]) -> Sequence[Measure]:
    names = [one.what for one in measures]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"two measures are called {min(twice)!r}")
    return measures
