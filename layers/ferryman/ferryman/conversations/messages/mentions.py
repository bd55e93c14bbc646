"""Mentions: whose handles a text names with `@`. Pure, and linear in the length of the text.

`@deploy-bot` names the handle `deploy-bot`, in whatever case it is written. A mention is a word of its own: the `@`
of `ada@example.com` and `/@ada` belongs to the word before it, and `@adaß` is another word. The handle is as long as
it can be, and what cannot end a handle ends the sentence: `@a.b.` names `a.b`, never `a`. Nothing is named in code
(between backticks) and in URLs. Scripts without upper case need no space around a mention, as they write none.
"""

import re
import unicodedata
from collections.abc import Iterator

from ferryman.identity.users.handles import is_handle

MAX_MENTIONS = 50  # distinct handles of one text
_WORD = re.compile(r"@([A-Za-z0-9][A-Za-z0-9_.-]*)")
_TICKS = re.compile("`+")
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")
# The look-behind and the bound keep a long row of letters from being read again from each of them.
_URL = re.compile(r"(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s<>\"|`]*")
_FENCE = 3


def handles(text: str) -> list[str]:
    """The distinct handles that `text` names, in lower case and in order, at most `MAX_MENTIONS`."""
    found: dict[str, None] = {}
    if "@" in text:
        plain = _URL.sub(" ", _without_code(text))
        for handle in _named(plain):
            found[handle] = None
            if len(found) == MAX_MENTIONS:
                break
    return list(found)


def _named(text: str) -> Iterator[str]:
    for match in _WORD.finditer(text):
        handle = match[1].rstrip("_.-").lower()
        if is_handle(handle) and _begins_a_word(text, match.start()) and _ends_a_word(text, match.end()):
            yield handle


def _begins_a_word(text: str, at: int) -> bool:
    """Whether the `@` at this place is the first of its word; `_@ada_` and `...@ada` are."""
    while at and (text[at - 1] in "_.+-" or unicodedata.category(text[at - 1]).startswith("M")):
        at -= 1
    return at == 0 or not (_in_a_word(text[at - 1]) or text[at - 1] in "@/\\%")


def _ends_a_word(text: str, at: int) -> bool:
    """Whether no word goes on here, and it is no address."""
    return at == len(text) or not (_in_a_word(text[at]) or text[at] == "@")


def _in_a_word(character: str) -> bool:
    """A letter, accent or digit; but not of a script without upper case, many of which put no space between words."""
    category = unicodedata.category(character)
    return category[0] in "LMN" and category != "Lo"


def _without_code(text: str) -> str:
    """`text` with a space for each piece of code.

    A row of three backticks or more opens a block, which ends at the next such row or else with the text. One or two
    open a span, which ends at the next row of the same length in the same paragraph; without one they are backticks.
    """
    rows = [(match.start(), match.end()) for match in _TICKS.finditer(text)]
    if not rows:
        return text
    paragraphs = _paragraphs(text, [start for start, _ in rows])
    closing = _closing_rows(rows)
    kept, position, number = [], 0, 0
    while number < len(rows):
        start, end = rows[number]
        close = closing[number]
        is_block = end - start >= _FENCE
        if not is_block and (close is None or paragraphs[close] != paragraphs[number]):
            number += 1
            continue
        kept.append(text[position:start])
        position = rows[close][1] if close is not None else len(text)
        number = close + 1 if close is not None else len(rows)
    return " ".join([*kept, text[position:]])


def _closing_rows(rows: list[tuple[int, int]]) -> list[int | None]:
    """For each row of backticks the number of the next row that would close it."""
    closing: list[int | None] = [None] * len(rows)
    nearest: dict[int, int] = {}
    for number in range(len(rows) - 1, -1, -1):
        start, end = rows[number]
        kind = min(end - start, _FENCE)
        closing[number] = nearest.get(kind)
        nearest[kind] = number
    return closing


def _paragraphs(text: str, positions: list[int]) -> list[int]:
    """In which paragraph each of the ascending positions lies."""
    breaks = [match.start() for match in _BLANK_LINE.finditer(text)]
    numbers, passed = [], 0
    for position in positions:
        while passed < len(breaks) and breaks[passed] < position:
            passed += 1
        numbers.append(passed)
    return numbers
