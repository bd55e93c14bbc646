"""The documented tables of incoming webhooks, row by row: bodies, fields, Slack's notation, attachments, blocks."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.integration.conftest import Workspace
from tests.integration.mattermost.hooks import FORM, Hook, hook, multipart

PAYLOAD = json.dumps({"text": "x", "icon_emoji": "ship"})


# --- the body ---------------------------------------------------------------------------------------------------------

BODIES: dict[str, dict[str, Any]] = {
    "no content type": {"body": PAYLOAD, "headers": {}},
    "an empty content type": {"body": PAYLOAD, "headers": {"content-type": ""}},
    "a blank content type": {"body": PAYLOAD, "headers": {"content-type": "  "}},
    "JSON": {"body": PAYLOAD, "headers": {"content-type": "application/json"}},
    "JSON with another charset": {"body": PAYLOAD, "headers": {"content-type": "Application/JSON; charset=latin1"}},
    "any other content type": {"body": PAYLOAD, "headers": {"content-type": "mimetype/wrong"}},
    "plain text": {"body": PAYLOAD, "headers": {"content-type": "text/plain"}},
    "a form": {"body": urlencode({"payload": PAYLOAD}), "headers": FORM},
    "a form with other fields": {"body": urlencode({"a": "b", "payload": PAYLOAD}), "headers": FORM},
    "a form without a content type": {"body": urlencode({"payload": PAYLOAD}), "headers": {}},
    "multipart with a payload": multipart(payload=PAYLOAD),
    "multipart with the names of JSON": multipart(text="x", icon_emoji="ship"),
    "multipart with the names of the product's struct": multipart(Text="x", IconEmoji="ship"),
    "bytes behind the JSON": {"body": PAYLOAD + "\n{trailing", "headers": {}},
}


@pytest.mark.parametrize("sent", BODIES.values(), ids=list(BODIES))
def test_a_body_is_read_whatever_it_says_it_is(mattermost: Hook, sent: dict[str, Any]) -> None:
    message = mattermost.said(**sent)
    assert (message["text"], message["author"]["emoji"]) == ("x", "ship")


def test_the_payload_of_a_form_may_stand_in_the_query(mattermost: Hook) -> None:
    query = urlencode({"payload": PAYLOAD})
    answer = mattermost.by.world.call("POST", f"{mattermost.path}?{query}", body="a=b", headers=FORM)
    assert (answer.status, answer.body) == (200, b"ok")
    assert mattermost.messages()[0]["author"]["emoji"] == "ship"


@pytest.mark.parametrize(
    ("names", "field"),
    [
        ("iconurl", "avatar_url"),
        ("icon_url", "avatar_url"),
        ("username", "name"),
    ],
)
def test_each_field_of_a_multipart_body(mattermost: Hook, names: str, field: str) -> None:
    sent = multipart(**{"text": "x", names: "https://e.example/i.png"})
    assert mattermost.said(**sent)["author"][field] == "https://e.example/i.png"


@pytest.mark.parametrize("name", ["channelname", "channel"])
def test_a_multipart_body_names_another_chat(mattermost: Hook, name: str) -> None:
    there = mattermost.by.chat("Deploys", handle="deploys")
    assert mattermost.post(**multipart(**{"text": "x", name: "#deploys"})).status == 200
    assert [one["text"] for one in mattermost.messages(there)] == ["x"]


@pytest.mark.parametrize("name", ["text", "fallback", "pretext", "author_name", "title", "value"])
def test_raw_line_feeds_and_tabs_are_taken_in_each_text(mattermost: Hook, name: str) -> None:
    box = {"text": "RAW"} if name == "text" else {"fields": [{"value": "RAW"}]} if name == "value" else {name: "RAW"}
    body = json.dumps({"text": "x", "attachments": [box]}).replace("RAW", "one\n\ttwo")
    (shown,) = mattermost.said(body=body, headers={})["attachments"]
    assert (shown["fields"][0]["value"] if name == "value" else shown[name]) == "one\n\ttwo"


# --- the fields -------------------------------------------------------------------------------------------------------

FIELDS: dict[str, tuple[dict[str, Any], Callable[[dict[str, Any]], Any], Any]] = {
    "a text of blanks": ({"text": " "}, lambda one: one["text"], " "),
    "a name of its own": ({"username": "Big Name"}, lambda one: one["author"]["name"], "Big Name"),
    "no name": ({"username": ""}, lambda one: one["author"]["name"], "CI"),
    "a picture": (
        {"icon_url": "https://e.example/i.png"},
        lambda one: one["author"]["avatar_url"],
        "https://e.example/i.png",
    ),
    "no picture": ({}, lambda one: one["author"]["avatar_url"], "https://e.example/own.png"),
    "an emoji with colons": ({"icon_emoji": ":ghost:"}, lambda one: one["author"]["emoji"], "ghost"),
    "an emoji without": ({"icon_emoji": "ghost"}, lambda one: one["author"]["emoji"], "ghost"),
    "no type": ({"type": ""}, lambda one: one["text"], "x"),
    "a type of one's own": ({"type": "custom_build"}, lambda one: one["text"], "x"),
    "the type of attachments": ({"type": "slack_attachment"}, lambda one: one["text"], "x"),
    "a card": ({"props": {"card": "**more**"}}, lambda one: one["props"], {"card": "**more**"}),
    "props that say who posted": (
        {
            "props": {
                **dict.fromkeys(("from_webhook", "from_bot", "from_plugin", "from_oauth_app"), "true"),
                **dict.fromkeys(("override_username", "override_icon_url", "override_icon_emoji"), "root"),
                "webhook_display_name": "root",
                "attachments": [{"text": "no"}],
                "build": 1,
            }
        },
        lambda one: (one["props"], one["author"]["name"], one["attachments"]),
        ({"build": 1}, "CI", None),
    ),
    "no priority": ({"priority": None}, lambda one: one["priority"], None),
    "a standard priority": ({"priority": {"priority": ""}}, lambda one: one["priority"]["level"], "standard"),
    "a priority": (
        {"priority": {"priority": "important", "requested_ack": True, "persistent_notifications": True}},
        lambda one: one["priority"],
        {"level": "important", "acknowledge": True, "persistent": True},
    ),
    "an unknown priority": ({"priority": {"priority": "high"}}, lambda one: one["priority"]["level"], "high"),
    "silent": ({"silent": True}, lambda one: one["text"], "x"),
    "what only Slack knows": (
        {
            "mrkdwn": False,
            "parse": "full",
            "link_names": 1,
            "unfurl_links": True,
            "unfurl_media": False,
            "thread_ts": "1.2",
            "metadata": {"event_type": "x"},
            "response_type": "ephemeral",
            "replace_original": True,
            "delete_original": True,
            "as_user": "true",
            "blocks": None,
        },
        lambda one: (one["text"], one["props"], one["visible_to"]),
        ("x", None, None),
    ),
}


@pytest.mark.parametrize(("sent", "shown", "expected"), FIELDS.values(), ids=list(FIELDS))
def test_each_field_of_a_post(
    workspace: Workspace, sent: dict[str, Any], shown: Callable[[dict[str, Any]], Any], expected: Any
) -> None:
    one = hook(workspace, avatar_url="https://e.example/own.png")
    assert shown(one.said({"text": "x", **sent})) == expected


@pytest.mark.parametrize("flavour", ["mattermost", "slack"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_another_method_is_refused(workspace: Workspace, flavour: str, method: str) -> None:
    one = hook(workspace, flavour)
    answer = workspace.world.call(method, one.path)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert one.messages() == []


@pytest.mark.parametrize("name", ["with-dash", "with_line", "with.dot", "a" * 27, "A" * 26])
def test_an_id_of_another_form_is_unknown(workspace: Workspace, name: str) -> None:
    assert workspace.world.call("POST", f"/hooks/{name}", json_body={"text": "x"}).status == 404


# --- Slack's notation -------------------------------------------------------------------------------------------------

NOTATION: dict[str, tuple[str, str]] = {
    "everybody in the channel": ("<!channel>", "@channel"),
    "everybody who is here": ("<!here>", "@here"),
    "all": ("<!all>", "@all"),
    "everyone, as Slack says it": ("<!everyone>", "@all"),
    "with a label, as Grafana writes it": ("<!here|here> <!channel|channel>", "@here @channel"),
    "a person": ("<@{ada}>", "@ada"),
    "nobody": ("<@U024BE7LH>", "<@U024BE7LH>"),
    "a link with a label": ("<https://e.example/a?b=c|the log>", "[the log](https://e.example/a?b=c)"),
    "a link without": ("<https://e.example>", "<https://e.example>"),
    "a group of people": ("<!subteam^S1> <!group>", "<!subteam^S1> <!group>"),
    "a channel": ("<#C123>", "<#C123>"),
    "bold": ("*bold*", "*bold*"),
}


@pytest.mark.parametrize(("text", "expected"), NOTATION.values(), ids=list(NOTATION))
def test_slacks_notation_in_each_text(mattermost: Hook, text: str, expected: str) -> None:
    ada = mattermost.by.make("/v1/users", {"name": "Ada", "email": "a@example.com", "role": "staff", "handle": "ada"})
    text = text.format(ada=ada["id"].removeprefix("usr_").lower())
    box = {"pretext": text, "text": text, "title": text, "fallback": text, "fields": [{"title": text, "value": text}]}
    message = mattermost.said({"text": text, "attachments": [box]})
    (shown,) = message["attachments"]
    assert {message["text"], shown["pretext"], shown["text"], shown["fields"][0]["value"]} == {expected}
    assert shown["fallback"] == shown["fields"][0]["title"] == text, "these two stay as they are"
    assert shown["title"] == (text if "|the log>" in text else expected), "a title mentions and has no links"


def test_a_label_has_several_lines_in_attachments_alone(mattermost: Hook) -> None:
    text = "<https://e.example|two\nlines>"
    message = mattermost.said({"text": text, "attachments": [{"text": text}]})
    assert (message["text"], message["attachments"][0]["text"]) == (text, "[two\nlines](https://e.example)")


@pytest.mark.parametrize(
    ("flavour", "expected"), [("mattermost", "&lt;b&gt; &amp;amp; &quot;"), ("slack", "<b> &amp; &quot;")]
)
def test_three_entities_are_undone_for_slack_alone(workspace: Workspace, flavour: str, expected: str) -> None:
    assert hook(workspace, flavour).said({"text": "&lt;b&gt; &amp;amp; &quot;"})["text"] == expected


# --- attachments ------------------------------------------------------------------------------------------------------

STRINGS = [
    *("fallback", "color", "pretext", "author_name", "author_link", "author_icon", "title", "title_link", "text"),
    *("image_url", "thumb_url", "footer", "footer_icon"),
]


@pytest.mark.parametrize("name", STRINGS)
def test_each_text_of_an_attachment_is_kept_and_shown(mattermost: Hook, name: str) -> None:
    message = mattermost.said({"attachments": [{name: "no colour, no URL: anything"}]})
    assert message["attachments"][0][name] == "no colour, no URL: anything"
    at = f"/api/v4/posts/{message['id'].removeprefix('msg_').lower()}"
    shown = mattermost.by.call("GET", at).json
    assert (shown["type"], shown["props"]["attachments"]) == (
        "slack_attachment",
        [{name: "no colour, no URL: anything"}],
    )


ODDITIES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a number of its own": ({"id": 7}, {}),
    "a time as a number": ({"ts": 1_700_000_000.5}, {"ts": 1_700_000_000.5}),
    "a time as a text": ({"ts": "1700000000"}, {"ts": "1700000000"}),
    "a time that is none": ({"ts": ""}, {"ts": None}),
    "null for texts": ({"title": None, "color": None}, {"title": None, "color": None}),
    "null members": ({"fields": [None, {"value": "v"}], "actions": [None]}, {}),
    "what only Slack knows": ({"mrkdwn_in": ["text"], "callback_id": "x", "attachment_type": "default"}, {}),
    "an unknown author": ({"author_id": "U1", "author_subname": "x"}, {}),
    "a footer of 400 characters": ({"footer": "f" * 400}, {"footer": "f" * 400}),
    "an action without a program": ({"actions": [{"type": "button", "text": "Open", "url": "https://e.example"}]}, {}),
    "an action of an unknown type": ({"actions": [{"type": "datepicker", "name": "x", "style": "none"}]}, {}),
}


@pytest.mark.parametrize(("sent", "expected"), ODDITIES.values(), ids=list(ODDITIES))
def test_a_harmless_oddity_of_an_attachment_is_not_refused(
    mattermost: Hook, sent: dict[str, Any], expected: dict[str, Any]
) -> None:
    (shown,) = mattermost.said({"attachments": [None, {"text": "box", **sent}]})["attachments"]
    assert {name: shown[name] for name in ("text", *expected)} == {"text": "box", **expected}


VALUES = [
    ("text", "text"),
    (5, "5"),
    (5.5, "5.5"),
    (1e21, "1e+21"),
    (True, "true"),
    (None, ""),
    ([], "[]"),
    ([1, "a"], "[1 a]"),
    ({"b": 1, "a": None}, "map[a:<nil> b:1]"),
]


@pytest.mark.parametrize(("value", "expected"), VALUES)
def test_the_value_of_a_fact_is_a_text_whatever_it_was(mattermost: Hook, value: Any, expected: str) -> None:
    (shown,) = mattermost.said({"attachments": [{"fields": [{"title": "t", "value": value}]}]})["attachments"]
    assert shown["fields"] == [{"title": "t", "value": expected, "short": False}]


@pytest.mark.parametrize(
    ("short", "expected"),
    [
        (True, True),
        ("true", True),
        (False, False),
        ("false", False),
        (None, False),
        (1, None),
        ("yes", None),
        ([], None),
    ],
)
def test_a_fact_is_short_or_not_and_nothing_else(mattermost: Hook, short: Any, expected: bool | None) -> None:
    sent = {"attachments": [{"fields": [{"title": "t", "value": "v", "short": short}]}]}
    if expected is None:
        assert mattermost.post(sent).json["id"] == "model.incoming_hook.parse_data.app_error"
    else:
        assert mattermost.said(sent)["attachments"][0]["fields"][0]["short"] is expected


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "1e400"])
def test_numbers_that_nothing_can_hold_do_not_break_the_webhook(mattermost: Hook, number: str) -> None:
    for field in (f'"fields": [{{"value": {number}}}]', f'"ts": {number}'):
        answer = mattermost.post(body=f'{{"attachments": [{{"text": "x", {field}}}]}}', headers={})
        assert answer.status == (400 if number == "NaN" else 200), answer.body


# --- long posts -------------------------------------------------------------------------------------------------------


def test_attachments_that_do_not_fit_follow_in_further_messages(mattermost: Hook) -> None:
    boxes = [{"text": letter * 60_000} for letter in "abc"]
    mattermost.said({"text": "x", "attachments": boxes, "props": {"n": 1}})
    parts = mattermost.messages()[::-1]
    assert [[box["text"][0] for box in part["attachments"]] for part in parts] == [["a", "b"], ["c"]]
    assert [(part["text"], part["props"]) for part in parts] == [("x", {"n": 1}), ("", {"n": 1})]


def test_the_text_of_an_attachment_that_fits_nowhere_is_cut(mattermost: Hook) -> None:
    (box,) = mattermost.said({"attachments": [{"title": "t", "text": "x" * 200_000}]})["attachments"]
    assert (box["title"], set(box["text"]), 130_000 < len(box["text"]) < 131_072) == ("t", {"x"}, True)


# --- blocks -----------------------------------------------------------------------------------------------------------


def mrkdwn(text: str) -> dict[str, str]:
    return {"type": "mrkdwn", "text": text}


BLOCKS: dict[str, tuple[dict[str, Any], str]] = {
    "header": ({"type": "header", "text": {"type": "plain_text", "text": "Deploy"}}, "#### Deploy"),
    "section": ({"type": "section", "text": mrkdwn("of <https://e.example|main>")}, "of [main](https://e.example)"),
    "fields of a section": ({"type": "section", "fields": [mrkdwn("a"), mrkdwn("b")]}, "a\nb"),
    "divider": ({"type": "divider"}, "---"),
    "context": ({"type": "context", "elements": [mrkdwn("by"), mrkdwn("Ada")]}, "by Ada"),
    "image": (
        {"type": "image", "image_url": "https://e.example/i.png", "alt_text": "i"},
        "![i](https://e.example/i.png)",
    ),
    "markdown": ({"type": "markdown", "text": "**b**"}, "**b**"),
    "a button with a link": (
        {"type": "actions", "elements": [{"type": "button", "text": {"text": "Log"}, "url": "https://e.example"}]},
        "[Log](https://e.example)",
    ),
}


@pytest.mark.parametrize(("block", "expected"), BLOCKS.values(), ids=list(BLOCKS))
def test_each_block_becomes_markdown(slack: Hook, block: dict[str, Any], expected: str) -> None:
    message = slack.said({"blocks": [block]})
    assert (message["text"], message["props"]) == (expected, {"blocks": [block]})


SHOWN_AS_NOTHING: dict[str, dict[str, Any]] = {
    "a button without a link": {"type": "actions", "elements": [{"type": "button", "text": {"text": "Go"}}]},
    "a type that nobody knows": {"type": "hologram", "depth": 3},
}


@pytest.mark.parametrize("block", SHOWN_AS_NOTHING.values(), ids=list(SHOWN_AS_NOTHING))
def test_a_block_that_cannot_be_shown_is_kept(slack: Hook, block: dict[str, Any]) -> None:
    message = slack.said({"text": "fallback", "blocks": [block]})
    assert (message["text"], message["props"]) == ("fallback", {"blocks": [block]})


@pytest.mark.parametrize("blocks", [[{}], [5], {"type": "divider"}, "text", [{"type": "divider"}] * 51])
def test_blocks_that_are_none_are_refused(slack: Hook, blocks: Any) -> None:
    answer = slack.post({"text": "x", "blocks": blocks})
    assert (answer.status, answer.body) == (400, b"invalid_blocks")
