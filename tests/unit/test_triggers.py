"""Trigger words: which messages call a webhook, in which form, and what the webhook's answer can ask for."""

import contextlib
import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import pytest
from ferryman.events.model import Event
from ferryman.formats import FORMATS, triggers
from ferryman.formats.interface import MAX_BYTES, NotAReply, Surroundings, TriggerWhen
from ferryman.outbound.outcomes import Body
from ferryman.pipeline import matching
from ferryman.webhooks import signing
from ferryman.webhooks.subscriptions.model import Webhook
from hypothesis import given
from hypothesis import strategies as st

WORD = st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=12)
SPACE = st.text(" \t\n", max_size=3)


@given(WORD, st.lists(WORD, max_size=5), SPACE, st.text(max_size=20))
def test_the_first_word_calls_by_itself_wherever_it_stands_among_the_triggers(
    word: str, others: list[str], before: str, after: str
) -> None:
    assert triggers.matched([*others, word], "first_word", f"{before}{word} {after}") == word
    strangers = [other for other in others if other != word] or ["another word"]
    assert triggers.matched(strangers, "first_word", f"{before}{word} {after}") is None


@given(WORD, WORD, SPACE)
def test_a_beginning_calls_only_where_that_was_wanted(word: str, more: str, before: str) -> None:
    text = f"{before}{word}{more} rest"
    assert triggers.matched([word], "starts_with", text) == word
    assert triggers.matched([word], "first_word", text) is None


@given(st.lists(WORD, min_size=1, max_size=5), st.sampled_from(["first_word", "starts_with"]), st.text(max_size=40))
def test_only_a_trigger_word_at_the_beginning_calls(words: list[str], when: TriggerWhen, text: str) -> None:
    word = triggers.matched(words, when, text)
    if word is None:
        assert not any(text.lstrip().startswith(f"{one} ") for one in words)
    else:
        assert word in words
        assert text.split()[0].startswith(word)


@given(st.text(max_size=40))
def test_without_trigger_words_every_message_calls(text: str) -> None:
    assert triggers.matched([], "first_word", text) == ""


def test_case_matters_and_later_words_do_not_call() -> None:
    assert triggers.matched(["deploy"], "first_word", "Deploy now") is None
    assert triggers.matched(["deploy"], "first_word", "please deploy") is None
    assert triggers.matched(["deploy"], "first_word", "") is None
    assert triggers.matched(["X"], "starts_with", " ") is None


# --- matching ---------------------------------------------------------------------------------------------------------

AT = "2026-11-21T10:40:00.250Z"
WEBHOOK = Webhook(
    workspace_id="wsp_01J00000000000000000000000",
    webhook_id="whk_01J00000000000000000000001",
    url="https://ci.example.com/",
    events=["message.created"],
    livemode=True,
    created_by="usr_1",
    created_at="2026-11-21T10:39:00.000Z",
    updated_at="2026-11-21T10:39:00.000Z",
    secrets=[],
    chat_ids=["cht_01J00000000000000000000002"],
    format="mattermost",
    trigger_words=["deploy"],
)
MEMBERS = {("cht_01J00000000000000000000002", "usr_1")}


def message(text: str = "deploy prod & more", origin: str = "token", **fields: Any) -> Event:
    said = {
        "id": "msg_01J00000000000000000000003",
        "chat_id": "cht_01J00000000000000000000002",
        "text": text,
        "author": {"type": "user", "id": "usr_01J00000000000000000000004"},
        "origin": origin,
        "visible_to": None,
    }
    return Event(
        workspace_id=WEBHOOK.workspace_id,
        event_id="evt_01J00000000000000000000005",
        type="message.created",
        created_at=AT,
        livemode=True,
        data={"message": said},
        chat_id="cht_01J00000000000000000000002",
        **fields,
    )


def test_a_message_that_begins_with_a_trigger_word_is_wanted_and_no_other() -> None:
    assert matching.wants(WEBHOOK, message(), MEMBERS)
    assert not matching.wants(WEBHOOK, message("hello"), MEMBERS)
    assert matching.wants(replace(WEBHOOK, trigger_words=[]), message("hello"), MEMBERS)
    assert matching.wants(replace(WEBHOOK, trigger_words=None), message("hello"), MEMBERS)


@pytest.mark.parametrize("origin", ["incoming_webhook", "application", "reply"])
def test_posts_of_programs_call_nobody(origin: str) -> None:
    assert not matching.wants(WEBHOOK, message(origin=origin), MEMBERS)
    assert not matching.wants(replace(WEBHOOK, trigger_words=[]), message(origin=origin), MEMBERS)


def test_the_message_of_a_command_calls_as_the_person_would() -> None:
    answered = message(origin="reply")
    answered.data["message"]["author"] = {"type": "command", "id": "cmd_01J00000000000000000000006"}
    assert triggers.calls(WEBHOOK, answered)
    answered.data["message"]["author"]["type"] = "incoming_webhook"
    assert not triggers.calls(WEBHOOK, answered)


@pytest.mark.parametrize("other", [{"type": "message.updated"}, {"data": {}}, {"data": {"message": None}}])
def test_only_a_new_message_calls(other: dict[str, Any]) -> None:
    assert not triggers.calls(WEBHOOK, replace(message(), **other))


@pytest.mark.parametrize("text", ["deploy", "deployment", "redeploy deploy"])
def test_the_webhook_says_whether_a_beginning_calls(text: str) -> None:
    starting = replace(WEBHOOK, trigger_when="starts_with")
    assert triggers.calls(starting, message(text)) == text.startswith("deploy")
    assert triggers.calls(WEBHOOK, message(text)) == (text == "deploy")


def test_a_message_that_the_webhook_led_to_does_not_call_it_again() -> None:
    assert not matching.wants(WEBHOOK, message(chain=[WEBHOOK.webhook_id]), MEMBERS)


# --- bodies -----------------------------------------------------------------------------------------------------------

AROUND = Surroundings(
    workspace_id=WEBHOOK.workspace_id,
    workspace_name="Acme, Inc.",
    chat_name="builds",
    author_name="ada",
    token="t" * 26,
)
SHARED = {
    "token": "t" * 26,
    "team_id": "01j00000000000000000000000",
    "team_domain": "acme-inc",
    "channel_id": "01j00000000000000000000002",
    "channel_name": "builds",
    "user_id": "01j00000000000000000000004",
    "user_name": "ada",
    "trigger_word": "deploy",
}


def test_mattermosts_form_has_its_fields_with_the_time_in_seconds() -> None:
    body = message().render_triggered(WEBHOOK, AROUND)
    assert body.content_type == "application/x-www-form-urlencoded"
    assert dict(parse_qsl(body.content.decode(), keep_blank_values=True)) == {
        **SHARED,
        "text": "deploy prod & more",
        "post_id": "01j00000000000000000000003",
        "file_ids": "",
        "timestamp": "1795257600",
    }


def test_mattermosts_json_has_the_time_in_milliseconds() -> None:
    body = message().render_triggered(replace(WEBHOOK, trigger_body="json"), AROUND)
    assert body.content_type == "application/json"
    found = json.loads(body.content)
    assert (found["timestamp"], found["text"], found["trigger_word"]) == (1795257600250, "deploy prod & more", "deploy")
    assert set(found) == {*SHARED, "text", "post_id", "file_ids", "timestamp"}


def test_slacks_form_has_a_fraction_in_the_time_escapes_the_text_and_knows_no_posts() -> None:
    body = message().render_triggered(replace(WEBHOOK, format="slack"), AROUND)
    assert dict(parse_qsl(body.content.decode(), keep_blank_values=True)) == {
        **SHARED,
        "text": "deploy prod &amp; more",
        "timestamp": "1795257600.250000",
    }


def test_slacks_json_has_the_fields_of_its_form() -> None:
    body = message().render_triggered(replace(WEBHOOK, format="slack", trigger_body="json"), AROUND)
    assert body.content_type == "application/json"
    assert json.loads(body.content) == {
        **SHARED,
        "text": "deploy prod &amp; more",
        "timestamp": "1795257600.250000",
    }


def test_a_beginning_that_calls_is_named() -> None:
    webhook = replace(WEBHOOK, trigger_when="starts_with")
    found = dict(parse_qsl(message("deployment").render_triggered(webhook, AROUND).content.decode()))
    assert (found["trigger_word"], found["text"]) == ("deploy", "deployment")


def test_a_workspace_without_a_name_is_told_by_its_id_and_an_author_without_one_by_nothing() -> None:
    event = message()
    event.data["message"]["author"] = {"type": "user", "id": None}
    found = triggers.fields(event, WEBHOOK, replace(AROUND, workspace_name="研究"))
    assert (found["team_domain"], found["user_id"]) == (SHARED["team_id"], "")


def test_a_test_carries_the_first_trigger_word() -> None:
    body = message("Build passed", test=True).render_triggered(WEBHOOK, AROUND)
    found = dict(parse_qsl(body.content.decode()))
    assert (found["trigger_word"], found["text"]) == ("deploy", "deploy Build passed")
    body = message("deployment", test=True).render_triggered(WEBHOOK, AROUND)
    assert dict(parse_qsl(body.content.decode()))["text"] == "deploy deployment"


@given(st.text(max_size=50))
def test_any_text_arrives_whole(text: str) -> None:
    webhook = replace(WEBHOOK, trigger_words=[], trigger_body="json")
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    assert json.loads(message(text).render_triggered(webhook, AROUND).content)["text"] == text
    form = message(text).render_triggered(replace(webhook, trigger_body="form"), AROUND).content
    assert dict(parse_qsl(form.decode(), keep_blank_values=True))["text"] == text


def test_the_token_is_made_of_the_newest_secret_and_tells_nothing_of_it() -> None:
    token = signing.token(["whsec_new", "whsec_old"])
    assert len(token) == 26
    assert token.isalnum()
    assert token == token.lower() == signing.token(["whsec_new"])
    assert token != signing.token(["whsec_old"])


# --- answers ----------------------------------------------------------------------------------------------------------


def read(answer: Any, format_: str = "mattermost", *, is_whole: bool = True) -> Any:
    content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    read_response = FORMATS[format_].read_response
    assert read_response
    return read_response(Body(content, "application/json", is_whole))


@pytest.mark.parametrize(
    "answer",
    [b"", b"ok", b"[]", b'"text"', b"{", {}, {"text": None}, {"text": ""}, {"text": "  "}, {"attachments": [None]}],
)
def test_an_answer_without_text_and_attachments_asks_for_nothing(answer: Any) -> None:
    assert read(answer) is None


def test_an_answer_is_read_with_all_its_fields() -> None:
    reply = read(
        {
            "text": "<!here> see <https://ci.example.com|the log>",
            "response_type": "comment",
            "username": "Deploy\u202e bot ",
            "icon_url": "https://cdn.example.com/d.png",
            "attachments": [{"color": "good", "fields": [{"title": "Took", "value": 5}]}, None],
            "props": {"card": "more", "from_webhook": "no", "override_username": "admin"},
            "unknown": 1,
        }
    )
    assert reply.text == "@here see [the log](https://ci.example.com)"
    assert (reply.author_name, reply.author_avatar_url) == ("Deploy bot", "https://cdn.example.com/d.png")
    (box,) = json.loads(reply.attachments)
    assert box == {"color": "good", "fields": [{"title": "Took", "value": "5", "short": False}]}
    assert json.loads(reply.props) == {"card": "more"}


def test_slacks_entities_are_undone() -> None:
    assert read({"text": "a &lt; b"}, "slack").text == "a < b"
    assert read({"text": "a &lt; b"}).text == "a &lt; b"


def test_slacks_entities_are_undone_in_attachments_and_by_default_nowhere() -> None:
    boxes = [{"text": "a &lt; b"}]
    assert json.loads(read({"attachments": boxes}, "slack").attachments) == [{"text": "a < b"}]
    plain = triggers.reply_of({"text": "a &lt; b", "attachments": boxes})
    assert plain is not None
    assert (plain.text, json.loads(plain.attachments or "")) == ("a &lt; b", boxes)


def test_an_answer_has_the_priority_that_it_asks_for() -> None:
    reply = read({"text": "x", "priority": {"priority": "urgent", "requested_ack": True}})
    assert json.loads(reply.priority) == {"level": "urgent", "acknowledge": True, "persistent": False}
    assert read({"text": "x"}).priority is None
    assert read({"text": "x", "priority": {}}).priority is None
    with pytest.raises(NotAReply, match="not of its type"):
        read({"text": "x", "priority": "urgent"})


PERSON = "<@01j00000000000000000000004>"


@pytest.mark.parametrize(
    ("answer", "format_", "named"),
    [
        ({"text": f"ask {PERSON}"}, "mattermost", True),
        ({"attachments": [{"text": PERSON}]}, "mattermost", True),
        ({"text": "ask ada"}, "mattermost", False),
        ({"text": PERSON, "skip_slack_parsing": True}, "mattermost", False),
        # It was escaped, so somebody may have written it in a text.
        ({"text": f"ask {PERSON}"}, "slack", False),
    ],
)
def test_an_answer_says_whether_it_names_people(answer: dict[str, Any], format_: str, named: bool) -> None:
    assert read(answer, format_).names_people is named


def test_props_are_as_large_as_a_message_takes() -> None:
    fitting = "y" * (MAX_BYTES - len('{"a":""}'))
    assert read({"text": "x", "props": {"a": fitting}}).props == f'{{"a":"{fitting}"}}'
    with pytest.raises(NotAReply, match="larger"):
        read({"text": "x", "props": {"a": f"{fitting}y"}})


def test_parsing_is_skipped_where_the_answer_says_so() -> None:
    assert read({"text": "<!here>", "skip_slack_parsing": True}).text == "<!here>"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"text": 5}, "a field of it is not of its type"),
        ({"attachments": "none"}, "a field of it is not of its type"),
        ({"attachments": [{"fields": [{"short": "yes"}]}]}, "a field of it is not of its type"),
        ({"text": "x", "props": []}, "a field of it is not of its type"),
        ({"text": "x" * 16_384}, "its text has 16384 characters; at most 16383 are accepted"),
        ({"text": "x", "props": {"a": "y" * 140_000}}, "its attachments and props are larger than 131072 bytes"),
        (b'{"text": "\\ud800"}', "its text has half of a surrogate pair"),
    ],
)
def test_an_answer_that_cannot_be_posted_says_why(answer: Any, reason: str) -> None:
    with pytest.raises(NotAReply) as refused:
        read(answer)
    assert str(refused.value) == reason


def test_an_answer_that_was_cut_off_is_explained_if_it_was_json() -> None:
    assert read(b"<html>", is_whole=False) is None
    with pytest.raises(NotAReply, match="did not end within 1048576 bytes"):
        read(b' {"text": "x', is_whole=False)


@given(
    st.dictionaries(
        st.sampled_from(["text", "username", "icon_url", "attachments", "props"]),
        st.from_type(type) | st.integers() | st.text() | st.lists(st.none() | st.text()),
        max_size=5,
    )
)
def test_no_answer_breaks_the_deliverer(answer: dict[str, Any]) -> None:
    try:
        content = json.dumps(answer).encode()
    except TypeError:
        return
    with contextlib.suppress(NotAReply):
        read(content)


@pytest.mark.parametrize(
    ("name", "slug"), [("Acme, Inc.", "acme-inc"), ("  A  ", "a"), ("Ünïted", "n-ted"), ("研究", "")]
)
def test_a_workspaces_name_in_an_address(name: str, slug: str) -> None:
    assert triggers.slug(name) == slug


def test_forms_are_utf8_and_half_of_a_surrogate_pair_is_replaced() -> None:
    form = triggers.form({"a": "ж \ud800", "b": "1"})
    assert (form.content, form.content_type) == (b"a=%D0%B6+%3F&b=1", "application/x-www-form-urlencoded")


def test_a_reply_keeps_json_that_can_be_stored() -> None:
    reply = triggers.reply_of({"text": "x", "props": {"ж": "\ud800", "n": [1, 2]}})
    assert reply is not None
    assert (reply.props, reply.attachments) == ('{"ж":"?","n":[1,2]}', None)


def test_a_replys_name_is_cut_and_its_text_is_refused_beyond_the_limit() -> None:
    longest = triggers.reply_of({"text": "a" * triggers.MAX_TEXT, "username": f" {'b' * 101} "})
    assert longest is not None
    assert (len(longest.text), longest.author_name) == (triggers.MAX_TEXT, "b" * 100)
    with pytest.raises(NotAReply, match="its text has 16384 characters; at most 16383 are accepted"):
        triggers.reply_of({"text": "a" * (triggers.MAX_TEXT + 1)})


@pytest.mark.parametrize("scheme", ["https://", "http://"])
def test_a_link_is_a_web_address_of_two_thousand_characters(scheme: str) -> None:
    longest = scheme.ljust(2048, "a")
    assert triggers.link(longest) == longest
    assert triggers.link(f"{longest}a") is None
    assert triggers.link(f"x{scheme}a") is None
    assert triggers.link(scheme.upper()) is None
