"""The table in docs/reliability.md: each counter-measure with the tests that went red without it."""

from collections.abc import Sequence
from pathlib import Path

from tests.ablation.measure import ROOT, Measure

PAGE = ROOT / "docs/reliability.md"
BEGIN, END = "<!-- ablation:begin -->", "<!-- ablation:end -->"


def rendered(measures: Sequence[Measure]) -> str:
    rows = ["| counter-measure | answers | where | red without it |", "|---|---|---|---|"]
    for one in measures:
        shown = [f"`{test}`" if "::" in test else f"`python -m tests.simulation {test}`" for test in one.tests]
        rows.append(f"| {one.what} | {', '.join(one.answers)} | `{_where(one.file)}` | {', '.join(shown)} |")
    return "\n".join(rows)


def _where(file: str) -> str:
    return file.removeprefix("layers/ferryman/ferryman/")


def written(page: Path = PAGE) -> str:
    """What stands between the marks."""
    return page.read_text().partition(BEGIN)[2].partition(END)[0].strip()


def write(measures: Sequence[Measure]) -> None:
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not closed:
        raise ValueError(f"{PAGE.name} must hold the lines {BEGIN} and {END}")
    PAGE.write_text(f"{before}{BEGIN}\n\n{rendered(measures)}\n\n{END}{after}")
