"""Finds and removes characters that show nothing or reverse the direction of a text, unless they have a purpose. Pure.

Unicode's categories decide. A joiner between letters or emoji has a purpose, and so has a variation selector behind the
character that it varies.
"""

import re
import unicodedata
from collections.abc import Iterator

# Characters that show nothing though Unicode files them under letters, marks and symbols: what remains of its property
# Default_Ignorable_Code_Point without the categories below and the variation selectors, and the empty Braille cell.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
# Controls, format characters, halves of surrogate pairs, private use, and separators of lines and paragraphs.
_HIDING = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
# Format characters that are seen: signs that stand before numbers (Prepended_Concatenation_Mark).
_SEEN = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")
_JOINERS = "\u200c\u200d"
_SELECTORS = re.compile("[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f")  # such as that of Wales
_SYMBOL = "So"


def has_hidden(text: str) -> bool:
    """Whether `text` has a character that shows nothing or reverses the text. Tabs and line feeds count as such."""
    return any(True for _ in _hidden(text))


def without_hidden(text: str, *, keep: str = "") -> str:
    """`text` without the characters that show nothing or reverse it, except those in `keep`."""
    while hidden := {place for place in _hidden(text) if text[place] not in keep}:
        # Without its neighbour, a joiner that belonged to a word may belong to none.
        text = "".join(character for place, character in enumerate(text) if place not in hidden)
    return text


def _hidden(text: str) -> Iterator[int]:
    """The indexes of hidden characters."""
    if text.isascii() and text.isprintable():
        return
    categories = [unicodedata.category(character) for character in text]
    belongs = set[int]()
    for flag in _FLAG.finditer(text):
        belongs.update(range(*flag.span()))
    for place in belongs:
        categories[place] = _SYMBOL
    for place, character in enumerate(text):
        if place in belongs:
            continue
        category = categories[place]
        before = categories[place - 1] if place else ""
        after = categories[place + 1] if place + 1 < len(text) else ""
        if character in _JOINERS:
            if before[:1] not in ("L", "M", "S") or after[:1] not in ("L", "M", "S"):
                yield place
        elif _SELECTORS.match(character):
            if before != "Lo" and before[:1] not in ("N", "P", "S") and text[place - 1] != "ℹ":
                yield place
        elif character in _BLANK or (category in _HIDING and character not in _SEEN):
            yield place
