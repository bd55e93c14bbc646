"""The page about mentions agrees with the code, row by row."""

from pathlib import Path

import pytest
from ferryman.conversations.messages.mentions import handles
from markdown_it import MarkdownIt
from markdown_it.token import Token

PAGE = Path(__file__).parents[2] / "docs" / "mentions.md"


def _codes(cell: Token) -> list[str]:
    return [child.content for child in cell.children or () if child.type == "code_inline"]


def _rows() -> list[tuple[str, list[str]]]:
    """For each row, the text with its line breaks, and the handles that the row says are mentioned."""
    rows: list[list[Token]] = []
    for token in MarkdownIt().enable("table").parse(PAGE.read_text()):
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and rows:
            rows[-1].append(token)
    return [(_codes(row[0])[0].replace("⏎", "\n"), _codes(row[1])) for row in rows if _codes(row[0])]


def test_the_page_has_its_rows() -> None:
    assert len(_rows()) == PAGE.read_text().count("\n| `")


@pytest.mark.parametrize(("text", "named"), _rows())
def test_each_row_of_the_page_is_true(text: str, named: list[str]) -> None:
    assert handles(text) == named
