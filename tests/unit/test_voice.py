"""The check of the prose finds each kind of hard sentence in each kind of file, and accepts plain ones."""

from pathlib import Path

import pytest

from tools import voice


@pytest.mark.parametrize(
    ("sentence", "rule"),
    [
        ("What is left is swept.", "clause as subject"),
        ("Whose fault it is decides the breaker.", "clause as subject"),
        ("Whoever waits goes back to the queue.", "clause as subject"),
        ("Of two copies one wins.", "clause as subject"),
        ("**What.** A delivery is claimed.", "clause as subject"),
        ("`None` is no answer.", '"is no"'),
        ("Two chats are no group.", '"is no"'),
        ("The list holds none that expired.", '"none that"'),
        ("It is the sweeper that finds them.", '"it is … that"'),
    ],
)
def test_a_hard_sentence_is_found(sentence: str, rule: str) -> None:
    assert rule in voice.broken(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "What does a retry cost?",
        "The sweeper finds lost messages.",
        "The token is no longer valid.",
        "Whether it arrives is up to the receiver.",
        "It is read once, so that later edits change nothing.",
        "Offices close at five.",
        "None of these tables is scanned.",
    ],
)
def test_a_plain_sentence_passes(sentence: str) -> None:
    assert voice.broken(sentence) == []


def test_sentences_end_with_punctuation_paragraphs_and_items() -> None:
    text = "One. (Two!) Is it `three`? Four, e.g. this\none goes on.\n\nFive\n- six\n- seven"
    assert voice.sentences(text) == [
        "One.",
        "(Two!",
        "Is it `three`?",
        "Four, e.g. this one goes on.",
        "Five",
        "six",
        "seven",
    ]


HARD = "What is stored is sealed."
PYTHON = f'''"""{HARD}"""

# {HARD}
FIELD = Field(description="{HARD}")


def test_what_is_no_mention() -> None:
    pass
'''


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        ("module.py", PYTHON, [1, 3, 4, 7, 7]),
        ("template.yaml", f"# {HARD}\nQueue:\n  Description: {HARD}\n", [1, 3]),
        ("page.md", f"# {HARD}\n\n- {HARD}\n\n| a |\n|---|\n| {HARD} |\n\n```\n{HARD}\n```\n", [1, 3, 7]),
        ("install.sh", f"echo\n# {HARD}\n", [2]),
        ("Makefile", f"test: ## {HARD}\n", [1]),
    ],
)
def test_every_place_for_prose_is_read(
    name: str, text: str, lines: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).write_text(text)
    monkeypatch.setattr(voice, "ROOT", tmp_path)
    assert sorted(finding.line for finding in voice.findings([Path(name)])) == lines


def test_a_comment_over_two_lines_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "module.py").write_text("# The key is kept in the table\n# Of the workspace.\nx = 1\n")
    monkeypatch.setattr(voice, "ROOT", tmp_path)
    assert voice.findings([Path("module.py")]) == []
