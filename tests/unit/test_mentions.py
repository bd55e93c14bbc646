"""Which handles a text mentions."""

import re
import string

import pytest
from ferryman.conversations.messages import mentions
from ferryman.conversations.messages.mentions import MAX_MENTIONS, handles
from ferryman.identity.users.handles import HANDLE, is_handle
from hypothesis import given
from hypothesis import strategies as st

HANDLES = st.from_regex(HANDLE, fullmatch=True)
# Texts that are full of what matters here.
TEXTS = st.text(st.sampled_from("@@@``` abAB1._-+/\\:<>|*~()\n\r\té́ß") | st.characters(), max_size=200)


@pytest.mark.parametrize(
    ("text", "named"),
    {
        "@bot": ["bot"],
        "hello @bot": ["bot"],
        "@bot, @ada and @bot again": ["bot", "ada"],
        "@Bot @BOT": ["bot"],
        "(@bot)": ["bot"],
        "[@bot]: {@ada}": ["bot", "ada"],
        "@bot! @ada? @cy; @di: @ed...": ["bot", "ada", "cy", "di", "ed"],
        "“@bot”, said @ada’s friend": ["bot", "ada"],
        "<@bot>": ["bot"],
        "cc:@bot": ["bot"],
        "@bot\n@ada\r\n@cy\t@di": ["bot", "ada", "cy", "di"],
        "*@bot* **@ada** ~~@cy~~ _@di_ __@ed__": ["bot", "ada", "cy", "di", "ed"],
        "- @bot\n-@ada\n...@cy": ["bot", "ada", "cy"],
        "你好，@bot。": ["bot"],
        "请@bot看一下": ["bot"],
        "@bot에게 물어봐": ["bot"],
        "ל@bot": ["bot"],
        "นี่@bot": ["bot"],
    }.items(),
)
def test_a_mention_is_a_word_of_its_own(text: str, named: list[str]) -> None:
    assert handles(text) == named


@pytest.mark.parametrize(
    ("text", "named"),
    {
        "@a.b": ["a.b"],
        "@a.b.": ["a.b"],
        "@a..b": ["a..b"],
        "@a.b.c_d-e.": ["a.b.c_d-e"],
        "@bot.": ["bot"],
        "@bot...": ["bot"],
        "@bot-": ["bot"],
        "@bot_": ["bot"],
        "@bot.please": ["bot.please"],
        "@1": ["1"],
        "@LINUX": ["linux"],
        "@bot/https://ci.example/42": ["bot"],
        "@bot/ @ada/@cy @di/. @ed/": ["bot", "ada", "cy", "ed"],
        "@" + "a" * 32: ["a" * 32],
        "@" + "a" * 33: [],
        "@" + "a" * 32 + "...": ["a" * 32],
    }.items(),
)
def test_a_handle_is_as_long_as_it_can_be(text: str, named: list[str]) -> None:
    assert handles(text) == named


@pytest.mark.parametrize(
    "text",
    [
        "ada@example.com",
        "ada.l@example.com, ada_l@example.com ada-l@example.com ada+l@example.com a%@b",
        "@ada@example.com",
        "@ada.@example.com",
        "éa@bot",
        "@@bot",
        "@",
        "@ bot",
        "@-bot @.bot @_bot",
        "@boté @botй @bot\u0301 @bot\u212a @\u212abot",
        "＠bot",
        "https://example.com/@bot",
        "https://bot@example.com/ HTTP://x.example/?a=@bot",
        "git+ssh://git@example.com/@bot",
        "example.com/@bot",
        "x/@bot",
        "/@bot",
        "https://example.com/дом/@bot",
        "npm install @bot/cli @bot/_x @bot/.x",
        "@ada@x/@bot x@bot/@ada",
        r"C:\@bot \@bot",
    ],
)
def test_text_without_a_mention_names_nobody(text: str) -> None:
    assert handles(text) == []


@pytest.mark.parametrize(
    ("text", "named"),
    {
        "`@bot` @ada": ["ada"],
        "``@bot ` @bot`` @ada": ["ada"],
        "```@bot``` @ada": ["ada"],
        "```\n@bot\n``` @ada": [],
        "~~~\n@bot\n~~~\n@ada": ["ada"],
        "~~~\n@bot\n```\n@ada": [],
        "> ```\n> @bot\n\n@ada": ["ada"],
        "- ~~~\n  @bot\n- @ada": ["ada"],
        "    @bot\n\n\t@bot\n\n   @ada": ["ada"],
        "@ada\n    @bot": ["ada", "bot"],
        "```python\n@bot\n@ada\n```\n@cy": ["cy"],
        "````\n```\n@bot\n````\n@ada": ["ada"],
        "before @ada ```\n@bot without an end": ["ada", "bot"],
        "[see @ada](@bot)": ["ada"],
        "[docs](https://example.com/ 'by @bot') @ada": ["ada"],
        "[a [b [c @ada](@bot)](@cy)](@di)": ["ada", "cy", "di"],
        "\\`@bot\\` \\\\\\@ada \\*@cy\\*": ["bot", "cy"],
        "见 https://ci.example/42，@bot": ["bot"],
        "https://ci.example/次、@bot": ["bot"],
        "«https://ci.example/»@bot": ["bot"],
        "https://ci.example/дом—@bot": ["bot"],
        "hello\\\n@bot": ["bot"],
        "`code` hello  \n@bot": ["bot"],
        "@[bot](https://example.com/)": ["bot"],
        "`code` @ada\\_b": ["ada_b"],
        "`@bot": ["bot"],
        "``@bot`": ["bot"],
        "5` wide @bot\n\nand `x` long": ["bot"],
        "`a\n@bot` @ada": ["ada"],
        "x`code`@bot": ["bot"],
        "@bot`code`": ["bot"],
        "https://example.com/`@bot` @ada": ["ada"],
        "<https://example.com/@bot|see @ada>": ["ada"],
    }.items(),
)
def test_code_and_urls_name_nobody(text: str, named: list[str]) -> None:
    assert handles(text) == named


def test_at_most_fifty_are_named() -> None:
    text = " ".join(f"@u{number} @u{number}" for number in range(60))
    assert handles(text) == [f"u{number}" for number in range(MAX_MENTIONS)]


@given(TEXTS)
def test_whatever_is_written_the_answer_is_made_of_it(text: str) -> None:
    found = handles(text)
    assert len(found) <= MAX_MENTIONS
    assert len(set(found)) == len(found)
    for handle in found:
        assert is_handle(handle)
        assert f"@{handle}" in text.lower()


@given(TEXTS.filter(lambda text: not mentions._MARKUP.search(text)))
def test_a_text_without_markup_need_not_be_parsed(text: str) -> None:
    assert list(mentions._named(text)) == list(mentions._named(mentions._read(text)))


@given(HANDLES, st.sampled_from(["", " ", "(", "\n", "“", "*", "<", ", "]), st.sampled_from(["", " ", ")", "!", "\n"]))
def test_every_handle_can_be_named_in_either_case(handle: str, before: str, after: str) -> None:
    assert handles(f"{before}@{handle}{after}") == [handle]
    assert handles(f"{before}@{handle.upper()}{after}") == [handle]


@given(HANDLES, st.sampled_from("aZ9éßй@/"))
def test_a_word_before_the_at_takes_it_over(handle: str, before: str) -> None:
    assert handles(f"{before}@{handle}") == []


@given(TEXTS.filter(lambda text: "`" not in text), HANDLES)
def test_nothing_in_code_is_named(text: str, handle: str) -> None:
    assert handle not in handles(f"`{text.replace(chr(10), ' ').replace(chr(13), ' ')}@{handle} `")
    assert handle not in handles(f"```\n{text}\n@{handle}\n```")


@given(TEXTS, TEXTS)
def test_another_paragraph_changes_nothing_but_for_an_open_block(first: str, second: str) -> None:
    if "```" in first or "```" in second:
        return
    together = handles(f"{first} \n\n {second}")
    assert together == list(dict.fromkeys([*handles(first + " "), *handles(" " + second)]))


@pytest.mark.parametrize(
    "text",
    [
        piece * 100_000
        for piece in (
            "`",
            "@a",
            "a@",
            "@",
            "_@",
            "` ``",
            "a://",
            "@a._-",
            "`a\n\n",
            "\n \n",
            "a",
            "é@a ",
            "@a.",
            "@_",
            "[",
            "[[a]",
            "> ",
            "- a\n",
            "~~~\n",
            "\\@",
            "    a\n",
            "a\n\n",
        )
    ]
    + ["@" + "_" * 200_000, "_" * 200_000 + "@a", "a" * 200_000 + "://", "`" * 100_001 + "a" + "`" * 100_000],
    ids=lambda text: repr(text[:6]),
)
def test_long_texts_are_read_once(text: str) -> None:
    """Each text is hundreds of times longer than a message may be. An algorithm slower than linear would hang here."""
    named = handles(f"@first {text} ")
    assert named[0] == "first"


def test_handles_are_ascii() -> None:
    assert not any(is_handle(text) for text in ("", "Bot", "-a", "a-", "a b", "fеrryman", "ｂｏｔ", "a\u200bb", "a\n"))
    assert all(is_handle(text) for text in ("a", "0", "a.b", "a_-.b", "a" * 32))
    assert {letter for letter in map(chr, range(0x110000)) if is_handle(letter)} == {
        *string.ascii_lowercase,
        *string.digits,
    }
    assert re.fullmatch(HANDLE, "a" * 33) is None


def test_a_letter_before_the_at_sign_makes_it_no_mention() -> None:
    assert [handles(f"{letter}@ada") for letter in "aXxZ0é"] == [[]] * 6
