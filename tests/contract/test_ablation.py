"""The list of counter-measures fits the code, so that the table in docs/reliability.md cannot rot."""

import ast
import re

import yaml

from tests.ablation import table
from tests.ablation.measure import ROOT
from tests.ablation.measures import MEASURES


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms, which say nothing here."""


_Loader.add_multi_constructor("!", lambda _loader, _suffix, node: str(node.value))


def test_the_code_holds_each_of_them_and_can_be_read_without_it() -> None:
    """Raises ValueError where the text is not there exactly once."""
    for measure in MEASURES:
        without = measure.ablated((ROOT / measure.file).read_text())
        if measure.file.endswith(".py"):
            ast.parse(without)
        elif measure.file.endswith(".yaml"):
            yaml.load(without, _Loader)  # noqa: S506 - a SafeLoader


def test_each_of_them_names_who_has_to_notice() -> None:
    for measure in MEASURES:
        assert measure.tests, measure.what
        for node in measure.in_pytest:
            file, _, name = node.partition("::")
            assert re.search(rf"^def {name}\(", (ROOT / file).read_text(), re.MULTILINE), f"{node} does not exist"


def test_the_page_shows_what_was_measured() -> None:
    """`make ablation` takes each of them out, and writes the table when all were noticed."""
    assert table.written() == table.rendered(MEASURES), "run `make ablation`"


def test_every_fault_and_threat_is_answered_by_something_that_can_be_taken_out() -> None:
    answered = {label for measure in MEASURES for label in measure.answers}
    rows = [
        row
        for page in ("reliability", "security")
        for row in re.findall(r"^\| ([FST]\d+) \|", (ROOT / f"docs/{page}.md").read_text(), re.MULTILINE)
    ]
    assert answered <= set(rows)
    assert set(rows) == answered
