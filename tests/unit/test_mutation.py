"""The judge of mutants: a new one that goes unnoticed is a finding, a recorded one is not, whatever its number is."""

import re
from pathlib import Path

import pytest

from tools import mutation
from tools.console import LocalError
from tools.mutation import Change, Score

MODULE = "ferryman.ids"
CHANGE = Change(MODULE, "new", "return a + b", "return a - b")
OTHER = Change(MODULE, "new", "return a + b", "return None")


def score(*changes: Change, mutants: int = 100, first_number: int = 1) -> Score:
    names = {f"{MODULE}.x_new__mutmut_{number}": change for number, change in enumerate(changes, first_number)}
    return Score(MODULE, mutants, names)


def test_a_mutant_that_is_not_recorded_fails_the_check(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(LocalError, match="does not list: 1, shown above") as error:
        mutation.judge([score(CHANGE, OTHER)], {CHANGE}, floor=0)
    shown = capsys.readouterr().out
    assert "ferryman.ids new\n- return a + b\n+ return None\nferryman.ids.x_new__mutmut_2" in shown
    assert CHANGE.mutant not in shown
    assert "mutmut show" in error.value.advice
    assert "make mutation" in error.value.advice


def test_a_recorded_mutant_passes_under_any_number() -> None:
    mutation.judge([score(CHANGE, first_number=70)], {CHANGE}, floor=0)


def test_a_small_sample_passes_with_recorded_mutants_alone() -> None:
    mutation.judge([score(CHANGE, OTHER, mutants=2)], {CHANGE, OTHER}, floor=0)


def test_a_module_below_the_floor_fails_although_its_mutants_are_recorded() -> None:
    score_at_the_floor, score_below = score(CHANGE, mutants=7), score(CHANGE, mutants=6)
    mutation.judge([score_at_the_floor], {CHANGE})
    with pytest.raises(LocalError, match=re.escape("less than 85 % of the changes to ferryman.ids")):
        mutation.judge([score_below], {CHANGE})


def test_a_recorded_mutant_that_the_tests_notice_is_gone() -> None:
    assert mutation.gone([score(CHANGE)], {CHANGE, OTHER}) == [OTHER]


@pytest.mark.parametrize(
    "changes",
    [
        set(),
        {CHANGE},
        {CHANGE, OTHER, Change("ferryman.formats", "Format.render", "“- a”,\nb,", ""), Change("a", "b", "", "- c")},
    ],
)
def test_the_record_is_read_as_it_was_written(tmp_path: Path, changes: set[Change]) -> None:
    mutation.write_record(changes, tmp_path / "record.diff")
    assert mutation.read_record(tmp_path / "record.diff") == changes


def test_the_record_reads_like_a_difference(tmp_path: Path) -> None:
    mutation.write_record({CHANGE, OTHER}, tmp_path / "record.diff")
    assert (tmp_path / "record.diff").read_text() == (
        "ferryman.ids new\n- return a + b\n+ return None\n\nferryman.ids new\n- return a + b\n+ return a - b\n"
    )


@pytest.mark.parametrize(
    ("name", "module", "function"),
    [
        ("ferryman.ids.x_new__mutmut_12", "ferryman.ids", "new"),
        ("ferryman.ids.x__encode__mutmut_3", "ferryman.ids", "_encode"),
        ("ferryman.webhooks.signing.xǁSignerǁsign__mutmut_1", "ferryman.webhooks.signing", "Signer.sign"),
    ],
)
def test_a_change_is_read_from_the_difference_that_mutmut_shows(name: str, module: str, function: str) -> None:
    difference = (
        "--- ferryman/ids.py\n+++ ferryman/ids.py\n@@ -1,4 +1,3 @@\n def new():\n"
        "-    return made(\n-        a,\n-    )\n+    return made(\n+    )"
    )
    assert mutation.as_change(name, difference) == Change(module, function, "return made(\na,\n)", "return made(\n)")


def test_the_table_says_all_only_where_all_are_noticed() -> None:
    rows = mutation.table([score(CHANGE, mutants=1000), score(mutants=1000)]).splitlines()[2:]
    assert rows == ["| `ferryman.ids` | 1000 | 99 % |", "| `ferryman.ids` | 1000 | 100 % |"]
