"""Messages in the form of other chat products' incoming webhooks."""

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jsonschema
import pytest
from ferryman import formats
from ferryman.events import catalogue, envelope
from ferryman.formats import Format, discord, google_chat, mattermost, slack, teams
from hypothesis import given, settings
from hypothesis import strategies as st

CHATS: tuple[Format, ...] = ("slack", "mattermost", "teams", "discord", "google_chat")
CI = {"type": "incoming_webhook", "id": "inc_1", "name": "CI", "avatar_url": "https://ci.example.com/a.png"}
USER = {"type": "user", "id": "usr_1"}
CARD = "application/vnd.microsoft.card.adaptive"


@dataclass(frozen=True)
class Receiver:
    """The attributes of a webhook that formats read."""

    format: str
    webhook_id: str = "whk_1"


def event_of(text: str, author: dict[str, Any], **fields: Any) -> Any:
    message = {"id": "msg_1", "chat_id": "cht_1", "text": text, "author": author, **fields}
    return envelope.build(
        "message.created",
        "evt_1",
        workspace_id="wsp_1",
        livemode=True,
        at="2026-03-04T05:06:07.890Z",
        data={"message": message},
        chat_id="cht_1",
    )


def told(format_: Format, text: str, author: dict[str, Any] = CI, **fields: Any) -> Any:
    rendered = event_of(text, author, **fields).render(Receiver(format_))
    assert rendered.content_type == "application/json"
    return json.loads(rendered.content)


# The bodies that the products' own pages show for a plain text.
def test_a_message_in_the_words_of_each_product() -> None:
    assert told("slack", "Build passed") == {"text": "*CI*: Build passed"}
    assert told("slack", "Build passed", USER) == {"text": "Build passed"}
    assert told("google_chat", "Build passed", USER) == {"text": "Build passed"}
    assert told("mattermost", "Build passed") == {
        "text": "Build passed",
        "username": "CI",
        "icon_url": CI["avatar_url"],
    }
    assert told("discord", "Build passed") == {
        "content": "Build passed",
        "username": "CI",
        "avatar_url": CI["avatar_url"],
        "allowed_mentions": {"parse": []},
    }
    (attachment,) = told("teams", "Build passed")["attachments"]
    assert (attachment["contentType"], attachment["contentUrl"]) == (CARD, None)
    assert attachment["content"]["type"] == "AdaptiveCard"
    assert [block["text"] for block in attachment["content"]["body"]] == ["CI", "Build passed"]


@pytest.mark.parametrize("format_", CHATS)
@settings(deadline=None, max_examples=50)
@given(text=st.text(max_size=300), name=st.text(min_size=1, max_size=120))
def test_every_body_keeps_to_its_schema(format_: Format, text: str, name: str) -> None:
    schema = formats.FORMATS[format_].schema(catalogue.schema("message.created"))
    jsonschema.validate(told(format_, text, {**CI, "name": name}), schema)


@pytest.mark.parametrize("text", ["&" * 16_000, "ж" * 16_000, '"\n' * 8_000, "**a** " * 2_600, "\U0001f600" * 16_000])
def test_the_longest_texts_keep_within_each_products_limit(text: str) -> None:
    for format_ in CHATS:
        schema = formats.FORMATS[format_].schema(catalogue.schema("message.created"))
        jsonschema.validate(told(format_, text), schema)
    assert len(told("discord", text)["content"]) == discord.MAX_CONTENT
    assert len(told("google_chat", text)["text"]) == google_chat.MAX_TEXT
    assert len(told("slack", text)["text"]) <= slack.MAX_TEXT
    assert len(told("mattermost", text)["text"]) <= mattermost.MAX_TEXT
    sent = event_of(text, CI).render(Receiver("teams")).content
    assert teams.MAX_BYTES // 2 < len(sent) <= teams.MAX_BYTES or len(text) * 4 < teams.MAX_BYTES


def test_bold_struck_and_links_are_written_as_slack_and_google_chat_write_them() -> None:
    text = "**Build 42** of [main](https://ci.example.com/42?a=1&b=2) ~~failed~~ passed: `**not bold**`"
    expected = "*Build 42* of <https://ci.example.com/42?a=1{}b=2|main> ~failed~ passed: `**not bold**`"
    assert told("slack", text, USER)["text"] == expected.format("&amp;")
    assert told("google_chat", text, USER)["text"] == expected.format("&")


def test_each_link_of_a_text_is_written_in_its_place() -> None:
    text = "See [one](https://a.example/) and [two](https://b.example/)."
    expected = "See <https://a.example/|one> and <https://b.example/|two>."
    assert told("slack", text, USER)["text"] == told("google_chat", text, USER)["text"] == expected


def test_a_text_of_the_longest_length_is_whole() -> None:
    assert told("mattermost", "a" * mattermost.MAX_TEXT)["text"] == "a" * mattermost.MAX_TEXT
    assert told("mattermost", "a" * (mattermost.MAX_TEXT + 1))["text"] == "a" * (mattermost.MAX_TEXT - 1) + "…"


def test_a_card_of_teams_is_cut_beyond_its_limit_alone_and_keeps_its_author() -> None:
    longest = teams.MAX_BYTES - len(event_of("a", CI).render(Receiver("teams")).content) + 1

    def shown(text: str) -> list[str]:
        (attachment,) = told("teams", text)["attachments"]
        return [block["text"] for block in attachment["content"]["body"]]

    assert shown("a" * longest) == ["CI", "a" * longest]
    name, text = shown("a" * (longest + 1))
    assert name == "CI"
    assert text.endswith("a…")
    assert longest * 0.7 < len(text) < longest


def test_no_text_calls_everybody_in_the_other_product() -> None:
    assert told("slack", "<!channel> <@U1>", USER)["text"] == "&lt;!channel&gt; &lt;@U1&gt;"
    assert "<users/" not in told("google_chat", "<users/all>", USER)["text"]
    assert told("discord", "@everyone", USER)["allowed_mentions"] == {"parse": []}
    for name in ("all", "channel", "HERE"):
        assert f"@{name}" not in told("mattermost", f"Hey @{name}!", USER)["text"]
    assert told("mattermost", "ci@all-hands.example.com @allan", USER)["text"].endswith("@allan")


def test_a_name_that_discord_refuses_is_left_out() -> None:
    assert "username" not in told("discord", "x", {**CI, "name": "Discord bot"})


def test_a_message_for_one_person_leaves_nothing() -> None:
    for format_ in CHATS:
        assert not event_of("Only you see this", CI, visible_to="usr_1").can_be_rendered(format_)
        assert event_of("All see this", CI, visible_to=None).can_be_rendered(format_)


def test_a_message_without_text_says_what_its_attachments_say() -> None:
    attachments = [{"text": "Disk is full"}, {"title": "Since noon"}, {"color": "#f00"}]
    assert told("slack", "", USER, attachments=attachments)["text"] == "Disk is full\nSince noon"
    assert told("slack", "", USER)["text"] == "(a message without text)"


def test_other_events_have_no_words_in_a_chat() -> None:
    telling = [type_ for type_ in catalogue.TYPES if catalogue.can_be_rendered("slack", type_)]
    assert telling == ["message.created"]


_OPTIONAL = {"username", "avatar_url", "icon_url", "weight"}


def spoiled(body: Any) -> Iterator[Any]:
    """Copies of a body with one fault each: a missing member, a wrong type, or a list too short or too long."""
    for place in body if isinstance(body, dict) else range(len(body)):
        wrong: list[Any] = [7]
        if isinstance(body[place], list):
            wrong.append([*body[place], (body[place] or ["everyone"])[0]])
            wrong += [[]] if body[place] else []
        if isinstance(body[place], dict | list):
            wrong += spoiled(body[place])
        for value in wrong:
            changed = copy.copy(body)
            changed[place] = value
            yield changed
        if isinstance(body, dict) and place not in _OPTIONAL:
            yield {name: value for name, value in body.items() if name != place}


@pytest.mark.parametrize("format_", CHATS)
def test_a_schema_takes_the_products_body_and_no_other(format_: Format) -> None:
    schema = formats.FORMATS[format_].schema(catalogue.schema("message.created"))
    judge = jsonschema.Draft202012Validator(schema)
    for author in (CI, USER):
        assert judge.is_valid(told(format_, "Build passed", author))
    wrong = list(spoiled(told(format_, "Build passed")))
    assert wrong
    for body in wrong:
        assert not judge.is_valid(body), body


@pytest.mark.parametrize(
    ("format_", "name", "limit"),
    [
        ("slack", "text", slack.MAX_TEXT),
        ("google_chat", "text", google_chat.MAX_TEXT),
        ("mattermost", "text", mattermost.MAX_TEXT),
        ("discord", "content", discord.MAX_CONTENT),
        ("discord", "username", discord.MAX_NAME),
    ],
)
def test_a_schema_knows_how_long_a_text_may_be(format_: Format, name: str, limit: int) -> None:
    judge = jsonschema.Draft202012Validator(formats.FORMATS[format_].schema(catalogue.schema("message.created")))
    body = told(format_, "Build passed")
    assert [judge.is_valid({**body, name: "a" * length}) for length in (0, 1, limit, limit + 1)] == [
        False,
        True,
        True,
        False,
    ]


def test_google_chat_shows_the_authors_name_which_calls_nobody() -> None:
    assert told("google_chat", "Build passed") == {"text": "*CI*: Build passed"}
    caller = {**CI, "name": "<users/all>"}
    assert told("google_chat", "<users/1>", caller)["text"] == "*<\u2060users/all>*: <\u2060users/1>"


def test_a_card_of_teams_is_as_its_schema_of_cards_asks() -> None:
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            {"type": "TextBlock", "text": "CI", "weight": "Bolder", "wrap": True},
            {"type": "TextBlock", "text": "Build passed", "wrap": True},
        ],
    }
    attachment = {"contentType": CARD, "contentUrl": None, "content": card}
    assert told("teams", "Build passed") == {"type": "message", "attachments": [attachment]}


def test_a_body_is_utf8_without_spaces_and_half_of_a_surrogate_pair_is_replaced() -> None:
    rendered = event_of("ж\ud800", USER).render(Receiver("slack"))
    assert rendered.content == '{"text":"ж?"}'.encode()


def test_slack_cuts_only_texts_that_are_too_long_when_they_are_escaped() -> None:
    longest = slack.MAX_TEXT - 1_000
    assert told("slack", "a" * longest, USER)["text"] == "a" * longest
    assert told("slack", "a" * (longest + 1), USER)["text"] == "a" * (longest // 5 - 1) + "…"
    assert told("slack", "&" * (longest // 5), USER)["text"] == "&amp;" * (longest // 5)


@pytest.mark.parametrize(
    ("format_", "name", "markup"),
    [
        ("slack", "text", "In Slack's mrkdwn."),
        ("google_chat", "text", "In Google Chat's markup."),
        ("mattermost", "text", "Markdown."),
        ("discord", "content", "Markdown."),
    ],
)
def test_a_schema_names_the_markup_of_the_text(format_: Format, name: str, markup: str) -> None:
    schema = formats.FORMATS[format_].schema(catalogue.schema("message.created"))
    assert schema["properties"][name]["description"] == markup


def test_a_word_joiner_takes_the_call_from_mattermosts_names_of_everybody() -> None:
    expected = "Hey @\u2060all, @\u2060channel, @\u2060HERE"
    assert told("mattermost", "Hey @all, @channel, @HERE", USER)["text"] == expected


def test_an_attachment_without_text_and_title_says_its_fallback() -> None:
    attachments = [{"fallback": "Disk is full"}]
    assert told("slack", "", USER, attachments=attachments)["text"] == "Disk is full"


def test_underscores_write_bold_too_and_every_piece_of_code_stays() -> None:
    text = "`**a**` __b__ `**c**` **d** `**e**` **f**"
    assert told("google_chat", text, USER)["text"] == "`**a**` *b* `**c**` *d* `**e**` *f*"
