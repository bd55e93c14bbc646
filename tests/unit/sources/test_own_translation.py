"""A workspace's own translation: what it makes, what it refuses, and how little it can cost."""

from typing import Any

import pytest
from ferryman.conversations.messages.model import MAX_TEXT
from ferryman.dialects import sources
from ferryman.integrations.incoming_webhooks.posts import Post
from ferryman.integrations.incoming_webhooks.translation import MAX_EXPRESSION, TranslationFailed, parse, translate
from hypothesis import given, settings
from hypothesis import strategies as st

PAYLOAD: dict[str, Any] = {
    "actor": {"name": "Ada"},
    "version": 12,
    "checks": [{"name": "unit", "ok": True}, {"name": "e2e", "ok": False}],
}


def made(expression: str, payload: Any = None) -> Post:
    post = translate(expression, PAYLOAD if payload is None else payload)
    assert post is not None
    return post


def test_a_text_or_a_number_is_the_message() -> None:
    assert made("join(' ', [actor.name, 'deployed'])").parts == [("Ada deployed", [])]
    assert made("version").parts == [("12", [])]
    assert translate("nothing.here", PAYLOAD) is None
    assert len(made("a", {"a": "x" * (MAX_TEXT + 5)}).parts[0][0]) == MAX_TEXT


def test_an_object_has_text_and_attachments() -> None:
    expression = """{
        text: actor.name,
        attachments: [{title: 'Checks', color: 'danger', unknown: 'x', title_link: 'https://ci.example',
                       fields: checks[].{title: name, value: ok, short: `true`}}]
    }"""
    box = {
        "title": "Checks",
        "color": "danger",
        "title_link": "https://ci.example",
        "fields": [
            {"title": "unit", "value": "true", "short": True},
            {"title": "e2e", "value": "false", "short": True},
        ],
    }
    assert made(expression).parts == [("Ada", [box])]
    assert made("{attachments: [{title: actor.name}]}").parts == [("Ada", [{"title": "Ada"}])]


@pytest.mark.parametrize(
    "expression",
    [
        "{text: checks}",
        "{attachments: 'x'}",
        "{text: 'x', attachments: ['y']}",
        "{text: 'x', attachments: [{fields: [{value: actor}]}]}",
        "{text: 'x', attachments: [{fields: 'y'}]}",
        "''",
        "checks",
        "`true`",
        "join(' ', version)",
        "sum(checks)",
        "unheard_of(@)",
    ],
)
def test_no_message_is_a_failure_that_says_why(expression: str) -> None:
    with pytest.raises(TranslationFailed, match=r"\w"):
        translate(expression, PAYLOAD)


@pytest.mark.parametrize(
    ("expression", "place"),
    [
        ("foo bar", "Unexpected token: bar, at line 1, column 5."),
        ("{\n  text: a,\n  b c\n}", "at line 3, column 5."),
        ("a ? b", "Unknown token ?, at line 1, column 3."),
        ("a[", "it ends too early, at line 1, column 3."),
        ("a.\n'b", "Unclosed ' delimiter, at line 2, column 1."),
    ],
)
def test_an_expression_that_cannot_be_read_names_the_place(expression: str, place: str) -> None:
    with pytest.raises(TranslationFailed) as failed:
        parse(expression)
    assert str(failed.value).endswith(place)


@pytest.mark.parametrize("expression", ["", " ", "a.[", "'", "a" * (MAX_EXPRESSION + 1), "(" * 999 + ")" * 999, "@@"])
def test_an_expression_that_is_none_is_refused(expression: str) -> None:
    with pytest.raises(TranslationFailed):
        parse(expression)


DOUBLED = "|".join(["[@,@]"] * 60)


@pytest.mark.parametrize(
    "expression",
    [
        DOUBLED,
        f"{DOUBLED}|to_string(@)",
        "|".join(["[@,@][]"] * 60),
        "|".join(["{a:@,b:@}"] * 60),
        f"({'|'.join(['[@,@]'] * 25)}) == ({'|'.join(['[@,@]'] * 25)})",
        "|".join(["join('', [to_string(@), to_string(@)])"] * 40),
        "list|" + "|".join(["map(&[@,@], @)"] * 40),
        "checks[*].{a: @, b: @}" + "|[*].{a: @, b: @}" * 40,
    ],
)
def test_a_value_that_doubles_itself_is_stopped(expression: str) -> None:
    with pytest.raises(TranslationFailed, match="too much work"):
        translate(expression, PAYLOAD | {"list": list(range(100))})


def test_a_large_payload_is_translated() -> None:
    payload = {"commits": [{"message": "m" * 200, "author": {"name": "Ada"}} for _ in range(2_000)]}
    assert made("join(', ', commits[:3].author.name)", payload).parts[0][0] == "Ada, Ada, Ada"


WORDS = [
    "@",
    "[]",
    "[*]",
    ".",
    "a",
    "actor",
    "|",
    "{x: @}",
    "[@,@]",
    "to_string(@)",
    "length(@)",
    "'t'",
    "`1`",
    "==",
    "&&",
    "(",
    ")",
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join))
def test_any_expression_gives_a_post_nothing_or_a_reason(expression: str) -> None:
    try:
        post = translate(expression, PAYLOAD)
    except TranslationFailed as failed:
        assert str(failed)
    else:
        assert post is None or post.parts[0][0].strip()


def test_a_failing_translation_does_not_lose_the_event() -> None:
    post = sources.translated("generic", "sum(message)", {"message": "Deployed"}, {})
    assert post is not None
    text, (box,) = post.parts[0]
    assert text == "Deployed"
    assert box["footer"].startswith("The own translation failed. The expression failed with this payload: ")
    silent = sources.translated("github", "sum(a)", {"a": "x"}, {"x-github-event": "label"})
    assert silent is not None
