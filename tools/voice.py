"""Finds sentences that are hard to read: in docstrings, comments, texts of the API, YAML and Markdown.

`python -m tools.voice` lists each finding as `file:line: rule: sentence` and exits with 1 if there is any. `python -m
tools.voice docs tools` checks only these folders or files. CONTRIBUTING.md explains the rules.
"""

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[1]
RULES = {
    "clause as subject": re.compile(r"^(What|Whose|Whoever|Of)\b"),
    '"is no"': re.compile(r"\b(is|are) no (?!longer\b)"),
    '"none that"': re.compile(r"\bnone that\b", re.IGNORECASE),
    '"it is … that"': re.compile(r"\bit is (?:(?!so\b)[\w'`-]+ ){1,6}that\b", re.IGNORECASE),
}
TEST_NAME_RULES = {
    "clause as subject": re.compile(r"^test_(what|whose|whoever|of)_"),
    '"is no"': re.compile(r"_(is|are)_no_(?!longer)"),
    '"none that"': re.compile(r"_none_that_"),
}
_MACHINE_COMMENT = re.compile(r"#\s*(noqa|type:|fmt:|pragma|!)")
_SENTENCE_END = re.compile(r"(?<=[.!?])[)\"'`*_]*\s+(?=[\"'`*_(\[]*[A-Z0-9])")
_MARKUP = "*_\"'`([ "
OWN_EXAMPLES = {Path("tests/unit/test_voice.py")}  # holds hard sentences on purpose
PROSE_WORDS = 3  # a string constant with fewer words is a name, not prose


@dataclass(frozen=True)
class Finding:
    """One sentence that breaks one rule."""

    path: Path  # relative to the project
    line: int
    rule: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.sentence}"


@dataclass(frozen=True)
class Passage:
    """A text of one or more sentences, such as a docstring or a comment, and the line where it begins."""

    line: int
    text: str


def findings(paths: list[Path] | None = None) -> list[Finding]:
    """Every finding in these files, or in all tracked files."""
    return [finding for path in (tracked() if paths is None else paths) for finding in _in_file(path)]


def tracked(*under: str) -> list[Path]:
    """The files with prose in git's index or new to git, below these folders or everywhere, relative to the project."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *under]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    paths = {path for path in map(Path, listed) if _reader(path) and (ROOT / path).is_file()}
    return sorted(paths - OWN_EXAMPLES)


def _in_file(path: Path) -> Iterator[Finding]:
    read, text = _reader(path), (ROOT / path).read_text()
    for passage in read(text) if read else ():
        for sentence in sentences(passage.text):
            for rule in broken(sentence):
                yield Finding(path, passage.line, rule, sentence)
    if path.suffix == ".py":
        yield from _test_names(path, text)


def sentences(text: str) -> list[str]:
    """The sentences of a passage. Each paragraph and each list item begins a new sentence."""
    paragraphs = re.split(r"\n\s*\n|\n\s*(?=[-*] )", text)
    lines = (" ".join(paragraph.split()).removeprefix("- ").removeprefix("* ") for paragraph in paragraphs)
    return [sentence for line in lines for sentence in _SENTENCE_END.split(line) if sentence]


def broken(sentence: str) -> list[str]:
    """The rules that a sentence breaks. A question may begin with any word."""
    words = sentence.lstrip(_MARKUP)
    question = sentence.rstrip(_MARKUP + ")").endswith("?")
    return [
        rule
        for rule, pattern in RULES.items()
        if pattern.search(words) and not (question and rule == "clause as subject")
    ]


def _reader(path: Path) -> Callable[[str], Iterator[Passage]] | None:
    return _READERS.get(path.name) or _READERS.get(path.suffix)


def _python(text: str) -> Iterator[Passage]:
    """Docstrings, every other string constant that is prose, and comments."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value.split()) >= PROSE_WORDS:
            yield Passage(node.lineno, node.value)
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    yield from _comments((token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT)


def _hash_comments(text: str) -> Iterator[Passage]:
    comments = (re.search(r"(?:^|\s)(#.*)", line) for line in text.splitlines())
    yield from _comments((number, comment[1]) for number, comment in enumerate(comments, start=1) if comment)


def _comments(lines: Iterator[tuple[int, str]]) -> Iterator[Passage]:
    """Comments on consecutive lines as one passage. Comments for tools, such as noqa, are left out."""
    begun, last, words = 0, 0, list[str]()
    for number, comment in lines:
        if _MACHINE_COMMENT.match(comment):
            continue
        if words and number != last + 1:
            yield Passage(begun, "\n".join(words))
            words = []
        begun = begun if words else number
        words.append(comment.lstrip("#").strip(" -"))
        last = number
    if words:
        yield Passage(begun, "\n".join(words))


def _yaml(text: str) -> Iterator[Passage]:
    """Every scalar with enough words to be prose, and the comments."""
    for token in yaml.scan(text, Loader=yaml.CSafeLoader):
        if isinstance(token, yaml.ScalarToken) and len(token.value.split()) >= PROSE_WORDS:
            yield Passage(token.start_mark.line + 1, token.value)
    yield from _hash_comments(text)


def _markdown(text: str) -> Iterator[Passage]:
    """Headings, paragraphs, items of lists and cells of tables, without code blocks."""
    line = 1
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        line = token.map[0] + 1 if token.map else line
        if token.type == "inline":
            yield Passage(line, "".join(_words(child.type, child.content) for child in token.children or ()))


def _words(kind: str, content: str) -> str:
    match kind:
        case "text":
            return content
        case "code_inline":
            return f"`{content}`"
        case "softbreak" | "hardbreak":
            return " "
    return ""


def _test_names(path: Path, text: str) -> Iterator[Finding]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            for rule, pattern in TEST_NAME_RULES.items():
                if pattern.search(node.name):
                    yield Finding(path, node.lineno, rule, node.name)


_READERS: dict[str, Callable[[str], Iterator[Passage]]] = {
    ".py": _python,
    ".md": _markdown,
    ".yaml": _yaml,
    ".yml": _yaml,
    ".sh": _hash_comments,
    ".toml": _hash_comments,
    "Makefile": _hash_comments,
}


def main() -> int:
    listed = findings(tracked(*sys.argv[1:]))
    for finding in listed:
        print(finding)
    return 1 if listed else 0


if __name__ == "__main__":
    sys.exit(main())
