"""Mentions: the handles that a text names with `@`. Pure, and linear in the length of the text.

A text is Markdown, which `markdown-it-py` parses by CommonMark's rules. Only words that a reader sees can mention
somebody; code blocks, code spans, escaped characters and the addresses of links cannot. In those words, `@deploy-bot`
names the handle `deploy-bot`, in whatever case, unless it belongs to something longer: an e-mail address, a URL, a
path, or a package such as `@bot/cli`. docs/mentions.md has the table of cases.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from ferryman.identity.users.handles import is_handle

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

MAX_MENTIONS = 50  # distinct handles of one text
_WORD = re.compile(r"@([A-Za-z0-9][A-Za-z0-9_.-]*)")
# The parser leaves a text without these unchanged, and takes a hundred times as long as this search.
_MARKUP = re.compile(r"`|~~~|\\|\]\(|    |\t")
# Punctuation of other scripts ends a URL, because these scripts put no space between a URL and the punctuation.
_WIDE = (
    r"\u00a1\u00ab\u00bb\u00bf\u060c\u061b\u061f\u06d4\u0964\u0965\u2010-\u2027\u2030-\u205e"
    r"\u3000-\u3003\u3008-\u3020\u3030\u303d\ufe10-\ufe19\ufe30-\ufe6b\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
)
# The look-behind and the bound keep the time linear in the length of a run of letters.
_URL = re.compile(rf"(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{{0,30}}://[^\s<>\"|`{_WIDE}]*")
_BLOCKS = ("code", "fence", "blockquote", "list")
_SPANS = ("backticks", "escape", "link", "newline")
_MAX_BRACKETS = 3  # nested brackets in a link's label; more would take longer on a run of brackets


def handles(text: str) -> list[str]:
    """The distinct handles that `text` names, in lower case and in order, at most `MAX_MENTIONS`."""
    handles: dict[str, None] = {}
    if "@" in text:
        words = _read(text) if _MARKUP.search(text) else text
        for handle in _named(_URL.sub(" ", words)):
            handles[handle] = None
            if len(handles) == MAX_MENTIONS:
                break
    return list(handles)


def _read(text: str) -> str:
    """The words of a Markdown text, one paragraph after the other, without code and without addresses of links."""
    blocks, spans = _parsers()
    paragraphs = []
    for block in blocks.parse(text):
        if block.type != "inline":
            continue
        words = []
        for token in spans.parseInline(block.content)[0].children or ():
            if token.type == "code_inline":
                words.append(" ")
            elif token.type in ("softbreak", "hardbreak"):
                words.append("\n")
            else:  # an escaped @ keeps its backslash, so that it mentions nobody
                words.append(token.markup if token.content == "@" and token.markup else token.content)
        paragraphs.append("".join(words))
    return "\n\n".join(paragraphs)


@cache
def _parsers() -> "tuple[MarkdownIt, MarkdownIt]":
    """The parsers of a whole text and of one paragraph. They are imported here, since few functions ever need them."""
    from markdown_it import MarkdownIt

    blocks, spans = MarkdownIt("zero").enable([*_BLOCKS]), MarkdownIt("zero").enable([*_SPANS])
    blocks.core.ruler.enableOnly(["normalize", "block"])
    spans.core.ruler.enableOnly(["block", "inline"])
    spans.options["maxNesting"] = _MAX_BRACKETS
    return blocks, spans


def _named(text: str) -> Iterator[str]:
    end = len(text)  # of the previous mention; there is none yet
    for match in _WORD.finditer(text):
        handle = match[1].rstrip("_.-").lower()
        if not is_handle(handle) or not _ends_a_word(text, match.end()):
            continue
        if _begins_a_word(text, match.start()) or text[end : match.start()] == "/":
            end = match.end()
            yield handle


def _begins_a_word(text: str, at: int) -> bool:
    """Whether the `@` at index `at` begins a word. Some punctuation may precede it, as in `_@ada_` and `...@ada`."""
    while at and (text[at - 1] in "_.+-" or unicodedata.category(text[at - 1]).startswith("M")):
        at -= 1
    return at == 0 or not (_in_a_word(text[at - 1]) or text[at - 1] in "@/\\%")


def _ends_a_word(text: str, at: int) -> bool:
    """Whether a mention that ends at index `at` is whole: not part of a longer word, an address or a package scope."""
    if at == len(text):
        return True
    if text[at] == "/":
        return at + 1 == len(text) or not (_in_a_word(text[at + 1]) or text[at + 1] in "._-~")
    return not (_in_a_word(text[at]) or text[at] == "@")


def _in_a_word(character: str) -> bool:
    """Whether the character is a letter, accent or digit.

    Letters of scripts without upper case do not count, because many of these scripts put no spaces between words.
    """
    category = unicodedata.category(character)
    return category[0] in "LMN" and category != "Lo"
