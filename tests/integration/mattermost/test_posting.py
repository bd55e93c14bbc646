"""Posts in the words of Mattermost and Slack: content types, fields, other chats, and long texts."""

import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests.integration.conftest import Workspace
from tests.integration.mattermost.hooks import FORM, Hook, hook, multipart
from tests.support.world import World

PAYLOAD = json.dumps({"text": "Build passed é 🚢", "unknown": {"x": [1]}})


@pytest.mark.parametrize("flavour", ["mattermost", "slack"])
@pytest.mark.parametrize(
    "request_",
    [
        {"body": PAYLOAD, "headers": {}},
        {"body": PAYLOAD, "headers": {"content-type": "application/json;charset=utf-8"}},
        {"body": PAYLOAD, "headers": {"content-type": "mimetype/wrong"}},
        {"body": PAYLOAD + " trailing", "headers": {"content-type": "text/plain"}},
        {"body": PAYLOAD, "headers": FORM},
        {"body": urlencode({"payload": PAYLOAD}), "headers": FORM},
        {"body": urlencode({"payload": PAYLOAD}), "headers": {}},
        {
            "body": urlencode({"payload": PAYLOAD}),
            "headers": {"content-type": "APPLICATION/X-WWW-form-urlencoded; a=b"},
        },
        multipart(payload=PAYLOAD),
        multipart(text="Build passed é 🚢", Username="", icon_url=""),
    ],
)
def test_senders_say_it_in_many_ways(workspace: Workspace, flavour: str, request_: dict[str, Any]) -> None:
    assert hook(workspace, flavour).said(**request_)["text"] == "Build passed é 🚢"


@pytest.mark.parametrize("flavour", ["mattermost", "slack"])
def test_characters_that_cannot_be_stored_are_replaced(workspace: Workspace, flavour: str) -> None:
    odd = r"""{"text": "cut \ud83d", "log": 1e400, "props": {"id": %s, "x": "\u0000"},
        "attachments": [{"text": "a\u0000b", "size": -1e999, "fields": [{"value": 1e400}]}]}""" % ("9" * 41)
    message = hook(workspace, flavour).said(body=odd)
    assert message["text"] == "cut \ufffd"
    assert message["props"] == {"id": "9" * 41, "x": "\ufffd"}
    (attachment,) = message["attachments"]
    assert (attachment["text"], attachment["fields"][0]["value"]) == ("a\ufffdb", "1e400")


def test_a_senders_name_shows_all_of_its_characters(mattermost: Hook) -> None:
    said = mattermost.said({"text": "x", "username": "\u202e👩\u200d💻\u00ad C\u034fI\u200b"})
    assert said["author"]["name"] == "👩\u200d💻 CI"


def test_the_address_of_a_slack_webhook_has_slacks_form(slack: Hook) -> None:
    services, workspace_key, hook_key, secret = slack.path.strip("/").split("/")
    assert services == "services"
    assert workspace_key == "T" + slack.by.workspace_id.removeprefix("wsp_")
    assert hook_key == "B" + slack.id.removeprefix("inc_")
    assert len(secret) == 32
    assert slack.by.world.call("POST", f"/hooks/{secret}", json_body={"text": "the short way"}).status == 200


def test_the_address_of_a_mattermost_webhook_has_26_letters(mattermost: Hook) -> None:
    assert len(mattermost.path.removeprefix("/hooks/")) == 26


def test_nulls_and_empty_texts_are_absent(mattermost: Hook) -> None:
    names = ("channel", "username", "icon_url", "icon_emoji", "type")
    for nothing in (None, ""):
        message = mattermost.said({"text": "x", **dict.fromkeys(names, nothing)})
        assert (message["author"]["name"], message["author"]["avatar_url"]) == ("CI", None)
    message = mattermost.said({"text": None, "attachments": [None, {"text": "box"}], "props": None, "priority": None})
    assert (message["text"], len(message["attachments"])) == ("", 1)


def test_raw_line_feeds_and_tabs_in_texts_are_taken(mattermost: Hook) -> None:
    assert mattermost.said(body='{"text": "one\n\ttwo"}', headers={})["text"] == "one\n\ttwo"


def test_author_and_picture_can_be_overridden(mattermost: Hook) -> None:
    author = mattermost.said(
        {"text": "x", "username": "Apprise", "icon_url": "https://e.example/i.png", "icon_emoji": ":ship:"}
    )["author"]
    expected = ("Apprise", "https://e.example/i.png", "ship", mattermost.id)
    assert (author["name"], author["avatar_url"], author["emoji"], author["id"]) == expected
    assert mattermost.said({"text": "x", "icon_url": "javascript:x"})["author"]["avatar_url"] is None


def test_a_webhook_can_refuse_overrides(workspace: Workspace) -> None:
    strict = hook(workspace, allows_overrides=False)
    sent = {"text": "x", "username": "root", "icon_url": "https://e.example/i.png", "icon_emoji": "x"}
    author = strict.said(sent)["author"]
    assert (author["name"], author["avatar_url"], author["emoji"]) == ("CI", None, None)
    at = f"/v1/incoming-webhooks/{strict.id}"
    assert workspace.call("PATCH", at, {"allows_overrides": True}).json["allows_overrides"] is True
    assert strict.said(sent)["author"]["name"] == "root"
    assert workspace.call("PATCH", at, {"allows_overrides": None}).status == 422


def test_props_and_priority_are_kept(mattermost: Hook) -> None:
    props = {"card": "**more**", "from_webhook": "no", "override_username": "root", "attachments": [{"text": "no"}]}
    message = mattermost.said({"text": "x", "props": props, "priority": {"priority": "urgent", "requested_ack": True}})
    assert message["props"] == {"card": "**more**"}
    assert message["priority"] == {"level": "urgent", "acknowledge": True, "persistent": False}
    assert (message["attachments"], message["author"]["name"]) == (None, "CI")
    assert mattermost.said({"text": "x", "priority": {"priority": "high"}})["priority"]["level"] == "high"


def test_attachments_are_kept_and_converted(mattermost: Hook) -> None:
    sent = {
        "fallback": "f",
        "color": "#36a64f",
        "pretext": "<!here> see <https://e.example|the\nlog>",
        "title": "<!channel> Build 17",
        "title_link": "https://e.example/17",
        "text": "<https://e.example/a?b=c|log>",
        "fields": [
            {"title": "n", "value": 5, "short": "true"},
            {"value": True, "short": False},
            None,
            {"title": "list", "value": [1, "a", None]},
        ],
        "footer": "CI",
        "ts": 1700000000,
        "mrkdwn_in": ["text"],
        "callback_id": "x",
        "actions": [
            {"type": "button", "text": "Open", "url": "https://e.example", "style": "primary", "confirm": {}},
            {"name": "Ship", "integration": {"url": "https://e.example/act", "context": {"secret": "s3cret"}}},
        ],
    }
    message = mattermost.said({"attachments": [sent]})
    (box,) = message["attachments"]
    assert box["pretext"] == "@here see [the\nlog](https://e.example)"
    assert (box["title"], box["text"]) == ("@channel Build 17", "[log](https://e.example/a?b=c)")
    assert box["fields"] == [
        {"title": "n", "value": "5", "short": True},
        {"title": "", "value": "true", "short": False},
        {"title": "list", "value": "[1 a <nil>]", "short": False},
    ]
    assert (box["ts"], box["color"], box["image_url"]) == (1700000000, "#36a64f", None)
    link, ship = box["actions"]
    assert (link["name"], link["url"], ship["name"], len(ship["id"])) == ("Open", "https://e.example", "Ship", 26)
    assert "s3cret" not in json.dumps(message)
    assert "integration" not in ship


def test_text_is_converted(mattermost: Hook, slack: Hook) -> None:
    person = mattermost.by.make(
        "/v1/users", {"name": "Ada", "email": "ada@example.com", "role": "staff", "handle": "ada"}
    )
    short = person["id"].removeprefix("usr_").lower()
    text = (
        f"<!channel> <!here|here> <@{short}> <@U12345> <https://e.example|log> <https://e.example> &lt;b&gt; &amp;amp;"
    )
    converted = "@channel @here @ada <@U12345> [log](https://e.example) <https://e.example>"
    assert mattermost.said({"text": text})["text"] == f"{converted} &lt;b&gt; &amp;amp;"
    assert slack.said({"text": text})["text"] == f"{converted} <b> &amp;"


def test_blocks_become_markdown_and_are_kept(slack: Hook) -> None:
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "Deploy"}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "of <https://e.example|main>"}},
        {"type": "divider"},
        {"type": "video", "title": "unknown"},
    ]
    message = slack.said({"blocks": blocks})
    assert message["text"] == "#### Deploy\n\nof [main](https://e.example)\n\n---"
    assert message["props"] == {"blocks": blocks}
    assert slack.said({"blocks": blocks, "text": "fallback"})["text"] == "fallback"


def test_long_texts_are_split_and_attachments_follow_the_last(mattermost: Hook) -> None:
    text = "💣" * 16_383 + "x" * 16_383 + "end"
    mattermost.said({"text": text, "attachments": [{"text": "box"}], "props": {"a": 1}})
    parts = mattermost.messages()[::-1]
    assert "".join(part["text"] for part in parts) == text
    assert [len(part["text"]) for part in parts] == [16_383, 16_383, 3]
    assert [part["attachments"] is not None for part in parts] == [False, False, True]
    assert [part["props"] for part in parts] == [{"a": 1}] * 3


# --- other chats ------------------------------------------------------------------------------------------------------


def test_the_channel_is_another_chat_of_the_creators(mattermost: Hook) -> None:
    there = mattermost.by.chat("Deploy Log", handle="deploys")
    for channel in ("deploys", "#Deploys", there.removeprefix("cht_").lower()):
        assert mattermost.post({"text": channel, "channel": channel}).status == 200
        assert mattermost.messages(there)[0]["text"] == channel
    assert mattermost.messages() == []


def test_a_chats_handle_is_made_of_its_name(workspace: Workspace) -> None:
    first, second = (workspace.make("/v1/chats", {"name": "Büild  Results!"}) for _ in range(2))
    assert (first["handle"], second["handle"]) == ("build-results", None)
    assert workspace.call("POST", "/v1/chats", {"name": "x", "handle": "build-results"}).status == 409
    at = f"/v1/chats/{second['id']}"
    assert workspace.call("PATCH", at, {"handle": "build-results"}).status == 409
    assert workspace.call("PATCH", at, {"handle": "results"}).json["handle"] == "results"
    assert workspace.call("PATCH", f"/v1/chats/{first['id']}", {"handle": None}).json["handle"] is None
    assert workspace.call("PATCH", at, {"handle": "build-results"}).json["handle"] == "build-results"


def test_a_person_is_messaged_in_a_private_chat(mattermost: Hook) -> None:
    by = mattermost.by
    ada = by.make("/v1/users", {"name": "Ada", "email": "a@example.com", "role": "staff", "handle": "ada"})
    assert mattermost.post({"text": "hi", "channel": "@Ada"}).status == 200
    (chat,) = [one for one in by.call("GET", "/v1/chats").json["items"] if one["type"] == "private"]
    members = {one["user_id"] for one in by.call("GET", f"/v1/chats/{chat['id']}/members").json["items"]}
    assert members == {by.user_id, ada["id"]}
    pair = "__".join(one.removeprefix("usr_").lower() for one in (ada["id"], by.user_id))
    assert mattermost.post({"text": "again", "channel": pair}).status == 200
    assert [message["text"] for message in mattermost.messages(chat["id"])] == ["again", "hi"]


def test_a_locked_webhook_takes_its_own_chat(workspace: Workspace) -> None:
    chat = workspace.chat("Own", handle="own")
    locked = hook(workspace, chat=chat, chat_locked=True)
    assert locked.said({"text": "x", "channel": "#own"})["text"] == "x"


def test_a_webhook_of_the_flavour_ferryman_stays_what_it_is(world: World, workspace: Workspace) -> None:
    plain = hook(workspace, "ferryman")
    message = plain.said(
        {"text": "<!here> &lt;", "username": "x", "channel": "#nowhere", "attachments": [{"text": "x"}]}
    )
    assert (message["text"], message["author"]["name"], message["attachments"]) == ("<!here> &lt;", "CI", None)
    refused = plain.post({"attachments": [{"text": "x"}]})
    assert (refused.status, refused.headers["content-type"]) == (422, "application/problem+json")
    # Its secret works in Slack's manner, too.
    keys = f"T{workspace.workspace_id[4:]}/B{plain.id[4:]}"
    answer = world.call("POST", f"/services/{keys}/{plain.path.rpartition('/')[2]}", body="payload=" + quote(PAYLOAD))
    assert (answer.status, answer.body) == (200, b"ok")


@pytest.mark.parametrize("options", [5, True, "text", {"text": "x"}, [None, 5, {"text": "Go", "value": "go"}]])
def test_options_of_a_menu_that_are_none_are_harmless(workspace: Workspace, options: Any) -> None:
    sent = {"text": "x", "attachments": [{"text": "Deploy?", "actions": [{"type": "select", "options": options}]}]}
    (box,) = hook(workspace).said(sent)["attachments"]
    expected = [{"text": "Go", "value": "go"}] if isinstance(options, list) else []
    assert box["actions"][0]["options"] == expected


@pytest.mark.parametrize("name", ["n" * 5_000, "@" + "n" * 5_000, "#", "ж" * 600, "n" * 2_500 + "__" + "n" * 2_500])
def test_names_that_nothing_can_have_are_unknown(workspace: Workspace, name: str) -> None:
    refused = hook(workspace).post({"text": "x", "channel": name})
    no_person, no_chat = (
        (400, "web.incoming_webhook.user.app_error"),
        (404, "web.incoming_webhook.channel.app_error"),
    )
    assert (refused.status, refused.json["id"]) == (no_person if name[0] == "@" else no_chat)
