"""The prose is plain: `python -m tools.voice` lists the sentences that break a rule, with file and line."""

from tools import voice


def test_no_sentence_is_hard_to_read() -> None:
    found = voice.findings()
    assert not found, "\n".join(map(str, found))
