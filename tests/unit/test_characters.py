"""Which characters are refused because they hide something in a text."""

import pytest
from ferryman.characters import has_hidden, without_hidden
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("CI", "CI"),
        ("a\u00adb", "ab"),  # a soft hyphen
        ("a\u034fb\u2800", "ab"),
        ("a\u202eb\u2066c\u061cd", "abcd"),  # they turn the text around
        ("a\u200b\ufeffb", "ab"),
        ("\x00a\x1b[1m", "a[1m"),
        ("a\U000e0041b", "ab"),
        ("a\ufe0fb", "ab"),
        ("a\u200d", "a"),
        ("\u200da\u200d\u200db", "ab"),
        ("\ufe0f\u200db", "b"),
        ("a\u200d\ufe0f", "a"),
        ("\u2800\ufe0fb", "b"),
        ("ℹa\ufe0f", "ℹa"),
        ("🏴\U000e0067\U000e007f\u00ad", "🏴\U000e0067\U000e007f"),
    ],
)
def test_characters_that_show_nothing_are_left_out(text: str, shown: str) -> None:
    assert without_hidden(text) == shown
    assert has_hidden(text) is (text != shown)


@pytest.mark.parametrize(
    "text",
    [
        "👩\u200d💻 CI",
        "می\u200cخواهم",
        "ශ්\u200dරී",
        "❤\ufe0f\u200d🔥",
        "1\ufe0f\u20e3",
        "🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f!",
        "🏴\U000e0067\U000e007f\u200d💻",
        "a\u200d\u0300",
        "葛\U000e0100",
        "a‼\ufe0f",
        "aℹ\ufe0f",
        "\u0600١٢",
    ],
)
def test_characters_that_belong_to_the_word_stay(text: str) -> None:
    assert without_hidden(text) == text
    assert not has_hidden(text)


@given(st.text(st.characters() | st.sampled_from("a1👩🏴\u200c\u200d\ufe0f\u00ad\u2800\n\U000e0067\U000e007f")))
def test_nothing_hidden_is_left(text: str) -> None:
    assert not has_hidden(without_hidden(text))


def test_some_characters_can_be_kept() -> None:
    assert without_hidden("a\n\tb\x00", keep="\t\n") == "a\n\tb"
