"""Slack's attachments are read with all their special cases, and their texts become Markdown."""

import re
from typing import Any

import pytest
from ferryman.formats import slack_attachments
from ferryman.formats.interface import TEXTS
from ferryman.formats.slack_attachments import InvalidPayload
from ferryman.formats.slack_blocks import InvalidBlocks


def read(attachment: dict[str, Any]) -> dict[str, Any]:
    (found,) = slack_attachments.attachments_of({"attachments": [attachment]})
    return dict(found)


def test_every_text_is_read_and_an_unknown_member_is_left_out() -> None:
    texts = {name: f"the {name}" for name in TEXTS}
    assert read(texts | {"mrkdwn_in": ["text"], "callback_id": "x"}) == texts
    assert read(dict.fromkeys(TEXTS, None) | {"text": ""}) == {}


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_a_number_is_refused_as_a_text(name: str) -> None:
    with pytest.raises(InvalidPayload):
        read({name: 5})


@pytest.mark.parametrize(
    ("stamp", "is_kept"), [(1.5, True), (5, True), ("5", True), ("", False), (True, False), ([], False)]
)
def test_a_time_is_a_number_or_a_text(stamp: Any, is_kept: bool) -> None:
    assert read({"ts": stamp}) == ({"ts": stamp} if is_kept else {})


def test_blocks_stand_for_a_text_that_is_missing() -> None:
    blocks = [{"type": "divider"}]
    assert read({"blocks": blocks}) == {"text": "---"}
    assert read({"blocks": blocks, "text": "a"}) == {"text": "a"}
    assert read({"blocks": [{"type": "unknown"}]}) == {}
    with pytest.raises(InvalidBlocks):
        read({"blocks": 5})


@pytest.mark.parametrize(
    ("short", "is_short"), [(None, False), (True, True), (False, False), ("true", True), ("false", False)]
)
def test_a_fact_is_short_or_long(short: Any, is_short: bool) -> None:
    assert read({"fields": [{"title": "a", "value": "b", "short": short}]}) == {
        "fields": [{"title": "a", "value": "b", "short": is_short}]
    }


@pytest.mark.parametrize("short", [1, 0, 1.0, 0.0, "yes", "", [], {}])
def test_another_word_for_short_is_refused(short: Any) -> None:
    with pytest.raises(InvalidPayload):
        read({"fields": [{"short": short}]})


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        ("a", "a"),
        (True, "true"),
        (False, "false"),
        (5, "5"),
        (5.0, "5"),
        (-0.0, "0"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (-1e21, "-1e+21"),
        (1.5, "1.5"),
        ([], "[]"),
        ([1, None, "a", [True]], "[1 <nil> a [true]]"),
        ({"b": 1, "a": {"c": "d"}}, "map[a:map[c:d] b:1]"),
    ],
)
def test_a_value_is_shown_as_go_prints_it(value: Any, shown: str) -> None:
    assert slack_attachments.shown_value(value) == shown
    assert read({"fields": [{"value": value}]})["fields"] == [{"title": "", "value": shown, "short": False}]


def test_an_action_is_a_button_or_a_menu() -> None:
    (button,) = read({"actions": [{"text": "Open", "url": "https://a.example", "style": 5}]})["actions"]
    assert re.fullmatch("[ybndrfg8ejkmcpqxot1uwisza345h769]{26}", button.pop("id"))
    assert button == {"name": "Open", "url": "https://a.example", "type": "button"}
    texts = {name: f"the {name}" for name in ("id", "name", "style", "data_source", "default_option", "tooltip", "url")}
    (menu,) = read(
        {
            "actions": [
                {
                    **texts,
                    "type": "select",
                    "text": "ignored beside a name",
                    "disabled": True,
                    "options": [{"text": "A", "value": "a"}, {"text": 5}, "odd"],
                    "integration": {"url": "https://a.example", "context": {"a": 1}, "other": 2},
                }
            ]
        }
    )["actions"]
    assert menu == {
        **texts,
        "type": "select",
        "disabled": True,
        "options": [{"text": "A", "value": "a"}, {"text": "", "value": ""}],
        "integration": {"url": "https://a.example", "context": {"a": 1}},
    }


@pytest.mark.parametrize(
    "odd",
    [
        {"disabled": 1},
        {"disabled": False},
        {"options": 5},
        {"options": []},
        {"options": ["a"]},
        {"integration": 5},
        {"integration": {}},
        {"integration": {"url": 5}},
        {"integration": {"url": ""}},
        {"type": "unknown"},
        {"text": {"type": "plain_text", "text": ""}},
    ],
)
def test_an_odd_member_of_an_action_is_left_out(odd: dict[str, Any]) -> None:
    (action,) = read({"actions": [{"id": "1", **odd}]})["actions"]
    assert action == {"id": "1", "name": "", "type": "button"}


def test_an_integration_without_a_context_has_an_empty_one() -> None:
    called = {"url": "https://a.example", "context": "odd"}
    (action,) = read({"actions": [{"integration": called, "text": {"text": "Run"}}]})["actions"]
    assert action["integration"] == {"url": "https://a.example", "context": {}}
    assert action["name"] == "Run"


def test_a_list_drops_null_and_takes_nothing_but_objects() -> None:
    assert slack_attachments.attachments_of({"attachments": [None, {"text": "a"}, None]}) == [{"text": "a"}]
    assert slack_attachments.attachments_of({"attachments": None}) == []
    wrong: tuple[Any, ...] = ({}, "a", 5, [5], [{}, "a"])
    for odd in wrong:
        with pytest.raises(InvalidPayload):
            slack_attachments.attachments_of({"attachments": odd})


def test_an_object_is_an_object_or_absent() -> None:
    assert slack_attachments.object_of({"props": {"a": 1}}, "props") == {"a": 1}
    assert slack_attachments.object_of({"props": None}, "props") == {}
    assert slack_attachments.object_of({}, "props") == {}
    wrong: tuple[Any, ...] = ([], "", 0, False)
    for odd in wrong:
        with pytest.raises(InvalidPayload):
            slack_attachments.object_of({"props": odd}, "props")


def test_a_text_field_is_a_text_or_absent() -> None:
    assert slack_attachments.string_of({"text": "a"}, "text") == "a"
    assert slack_attachments.string_of({"text": None}, "text") == ""
    wrong: tuple[Any, ...] = (0, False, [], {})
    for odd in wrong:
        with pytest.raises(InvalidPayload):
            slack_attachments.string_of({"text": odd}, "text")


@pytest.mark.parametrize(("escaped", "end"), [(False, "&amp;"), (True, "&")])
def test_texts_are_converted_and_titles_keep_their_links(escaped: bool, end: str) -> None:
    said = "<@U1> <https://a.example|a\nb>&amp;"
    box = read(
        {"pretext": said, "text": said, "title": said, "fallback": said, "fields": [{"title": said, "value": said}]}
    )
    converted = dict(slack_attachments.converted(box, {"U1": "ada"}, escaped=escaped))
    shown = f"@ada [a\nb](https://a.example){end}"
    assert converted == {
        "pretext": shown,
        "text": shown,
        "title": f"@ada <https://a.example|a\nb>{end}",
        "fallback": said,
        "fields": [{"title": said, "value": shown, "short": False}],
    }
    assert slack_attachments.converted({}, {}, escaped=escaped) == {}
    assert set(slack_attachments.texts(box)) == {said}
    assert list(slack_attachments.texts({"pretext": "a", "title": "b", "fields": [{"value": "c"}]})) == [
        "a",
        "",
        "b",
        "c",
    ]


def test_people_of_converted_texts_get_their_handles() -> None:
    said = "<@U1> <https://a.example|a>"
    box = read({"pretext": said, "text": said, "fallback": said, "fields": [{"title": said, "value": said}, {}]})
    named = "@ada <https://a.example|a>"
    assert slack_attachments.named(box, {"U1": "ada"}) == {
        "pretext": named,
        "text": named,
        "fallback": said,
        "fields": [
            {"title": said, "value": named, "short": False},
            {"title": "", "value": "", "short": False},
        ],
    }
    assert slack_attachments.named(read({"title": said}), {"U1": "ada"}) == {"title": named}
    assert slack_attachments.named({}, {}) == {}


def test_a_priority_has_a_level_and_two_switches() -> None:
    wanted = {"priority": "urgent", "requested_ack": True, "persistent_notifications": True}
    assert slack_attachments.priority_of(wanted) == {"level": "urgent", "acknowledge": True, "persistent": True}
    standard = {"level": "standard", "acknowledge": False, "persistent": False}
    for odd in ({}, {"priority": ""}, {"requested_ack": 1}, {"persistent_notifications": "true"}):
        assert slack_attachments.priority_of(odd) == standard
    assert slack_attachments.priority_of({"priority": "x" * 33})["level"] == "x" * 32
    assert slack_attachments.priority_of({"requested_ack": True})["persistent"] is False
    with pytest.raises(InvalidPayload):
        slack_attachments.priority_of({"priority": 5})
