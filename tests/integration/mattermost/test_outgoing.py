"""Outgoing webhooks with trigger words: the deliveries, the messages that answers become, and the end of loops."""

import json
from typing import Any

import pytest

from local.receiver import Answer, Receiver
from tests.integration.conftest import Workspace
from tests.integration.mattermost.outgoing import hook, posted, say, wanted
from tests.support.mattermost import form, short

type Made = dict[str, Any]


def test_a_message_that_begins_with_the_word_is_delivered_as_a_form(
    workspace: Workspace, receiver: Receiver, chat: str
) -> None:
    made = hook(workspace, receiver, chat)
    handle = workspace.call("GET", f"/v1/users/{workspace.user_id}").json["handle"]
    message = say(workspace, chat, "deploy prod")
    say(workspace, chat, "please deploy")
    (request,) = receiver.requests("/out")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["accept"] == "application/json"
    found = form(request.body)
    assert found.pop("timestamp").isdecimal()
    assert found == {
        "token": made["token"],
        "team_id": short(workspace.workspace_id),
        "team_domain": "acme",
        "channel_id": short(chat),
        "channel_name": "builds",
        "user_id": short(workspace.user_id),
        "user_name": handle or short(workspace.user_id),
        "post_id": short(message["id"]),
        "text": "deploy prod",
        "trigger_word": "deploy",
        "file_ids": "",
    }


def test_each_webhook_gets_its_own_trigger_word(workspace: Workspace, receiver: Receiver, chat: str) -> None:
    hook(workspace, receiver, chat, url=receiver.url("/long"), trigger_words=["deploy"], trigger_when="starts_with")
    hook(workspace, receiver, chat, url=receiver.url("/short"), trigger_words=["de"], trigger_when="starts_with")
    hook(workspace, receiver, chat, url=receiver.url("/all"), trigger_words=[], trigger_body="json")
    say(workspace, chat, "deployment")
    assert form(receiver.requests("/long")[0].body)["trigger_word"] == "deploy"
    assert form(receiver.requests("/short")[0].body)["trigger_word"] == "de"
    assert json.loads(receiver.requests("/all")[0].body)["trigger_word"] == ""


def test_the_answer_is_posted_in_the_hooks_name_and_calls_nobody(
    workspace: Workspace, receiver: Receiver, chat: str
) -> None:
    answer = {
        "text": "deploy is under way",
        "username": "Deployer",
        "icon_url": "https://cdn.example.com/d.png",
        "attachments": [{"color": "good", "text": "<https://ci.example.com|log>"}],
        "props": {"card": "more", "from_webhook": "no"},
    }
    receiver.answer("/out", Answer(body=json.dumps(answer).encode()))
    made = hook(workspace, receiver, chat, trigger_words=[], name="Deployments")
    hook(workspace, receiver, chat, url=receiver.url("/other"), trigger_words=["deploy"])
    say(workspace, chat, "please deploy")
    (message,) = posted(workspace, chat)
    assert (message["text"], message["origin"]) == ("deploy is under way", "reply")
    assert message["author"] == {
        "type": "webhook",
        "id": made["id"],
        "name": "Deployer",
        "avatar_url": "https://cdn.example.com/d.png",
        "emoji": None,
        "handle": None,
        "is_bot": None,
        "deleted": None,
    }
    assert message["attachments"][0]["text"] == "[log](https://ci.example.com)"
    assert message["props"] == {"card": "more"}
    assert len(receiver.requests("/out")) == 1
    assert not receiver.requests("/other"), "an answer that begins with a trigger word calls nobody"
    (delivery,) = workspace.call("GET", f"/v1/webhooks/{made['id']}/deliveries").json["items"]
    assert [attempt["reply"] for attempt in delivery["attempts"]] == ["accepted"]


def test_the_hooks_own_name_stands_where_the_answer_has_none(
    workspace: Workspace, receiver: Receiver, chat: str
) -> None:
    receiver.answer("/out", Answer(body=b'{"text": "ok", "username": null}'))
    hook(workspace, receiver, chat, reply_name="CI", reply_avatar_url="https://cdn.example.com/ci.png", name="Deploy")
    hook(workspace, receiver, chat, name="Deploy")
    hook(workspace, receiver, chat, trigger_body="json")
    say(workspace, chat, "deploy")
    names = {(one["author"]["name"], one["author"]["avatar_url"]) for one in posted(workspace, chat)}
    assert names == {("CI", "https://cdn.example.com/ci.png"), ("Deploy", None), ("webhook", None)}


def test_an_answer_is_posted_once_however_often_it_is_delivered(
    workspace: Workspace, receiver: Receiver, chat: str
) -> None:
    receiver.answer("/out", Answer(body=b'{"text": "done"}'))
    made = hook(workspace, receiver, chat)
    say(workspace, chat, "deploy")
    workspace.make(f"/v1/webhooks/{made['id']}/replays", {"states": ["delivered"]}, 202)
    workspace.world.invoke("sweeper", {})
    workspace.world.pump()
    assert len(posted(workspace, chat)) == 1


def test_an_answer_with_an_error_status_is_retried_and_not_posted(
    workspace: Workspace, receiver: Receiver, chat: str
) -> None:
    receiver.answer("/out", Answer(status=500, body=b'{"text": "broken"}'))
    hook(workspace, receiver, chat)
    say(workspace, chat, "deploy")
    assert not posted(workspace, chat)
    assert len(receiver.requests("/out")) > 1


def test_nobody_answers_for_an_owner_who_left_the_chat(workspace: Workspace, receiver: Receiver, chat: str) -> None:
    receiver.answer("/out", Answer(body=b'{"text": "done"}'))
    manager = workspace.person("manager", "webhooks:write", "webhooks:read", "messages:write", "chats:read")
    assert workspace.call("PUT", f"/v1/chats/{chat}/members/{manager.user_id}").status == 200
    hook(manager, receiver, chat)
    workspace.make(f"/v1/chats/{chat}/messages", {"text": "deploy"})
    workspace.world.pump_streams()
    assert workspace.call("DELETE", f"/v1/chats/{chat}/members/{manager.user_id}").status == 204
    workspace.world.pump()
    assert not posted(workspace, chat)
    assert not receiver.requests("/out")


def test_posts_of_an_incoming_webhook_call_nobody(workspace: Workspace, receiver: Receiver, chat: str) -> None:
    hook(workspace, receiver, chat, trigger_words=[])
    url = workspace.make("/v1/incoming-webhooks", {"chat_id": chat, "name": "CI"})["url"]
    assert workspace.world.call("POST", url, json_body={"text": "deploy"}).status == 200
    workspace.world.pump()
    assert not receiver.requests("/out")


def test_a_test_delivery_has_the_same_form_and_is_not_replied_to(
    workspace: Workspace, receiver: Receiver, chat: str
) -> None:
    receiver.answer("/out", Answer(body=b'{"text": "done"}'))
    made = hook(workspace, receiver, chat)
    workspace.make(f"/v1/webhooks/{made['id']}/test", {}, 202)
    workspace.world.pump()
    assert form(receiver.requests("/out")[0].body)["trigger_word"] == "deploy"
    assert not posted(workspace, chat)


def test_a_rotated_secret_gives_another_token(workspace: Workspace, receiver: Receiver, chat: str) -> None:
    made = hook(workspace, receiver, chat)
    rotated = workspace.make(f"/v1/webhooks/{made['id']}/rotate-secret", {}, 200)
    assert rotated["token"] != made["token"]
    assert "token" not in workspace.call("GET", f"/v1/webhooks/{made['id']}").json
    say(workspace, chat, "deploy")
    assert form(receiver.requests("/out")[0].body)["token"] == rotated["token"]


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"format": "ferryman"}, "/trigger_words"),
        ({"format": "discord"}, "/trigger_words"),
        ({"trigger_words": [], "chat_ids": None}, "/trigger_words"),
        ({"trigger_words": ["two words"]}, "/trigger_words/0"),
        ({"trigger_words": [""]}, "/trigger_words/0"),
        ({"trigger_words": ["a", "a"]}, "/trigger_words"),
        ({"trigger_words": None, "trigger_when": "first_word"}, "/trigger_when"),
        ({"trigger_words": None, "reply_name": "CI"}, "/reply_name"),
        ({"reply_avatar_url": "http://cdn.example.com/x.png"}, "/reply_avatar_url"),
    ],
)
def test_trigger_words_that_could_not_work_are_refused(
    workspace: Workspace, receiver: Receiver, chat: str, fields: Made, place: str
) -> None:
    body = wanted(receiver, chat, **fields)
    answer = workspace.call("POST", "/v1/webhooks", {name: value for name, value in body.items() if value is not None})
    assert answer.status == 422, answer.body
    assert [error["pointer"] for error in answer.json["errors"]] == [place]


def test_trigger_words_can_be_changed_but_not_given_to_a_webhook_without(
    workspace: Workspace, receiver: Receiver, chat: str
) -> None:
    made = hook(workspace, receiver, chat)
    path = f"/v1/webhooks/{made['id']}"
    changed = workspace.call("PATCH", path, {"trigger_words": ["build"], "trigger_when": "starts_with"})
    assert (changed.status, changed.json["trigger_words"], changed.json["trigger_when"]) == (
        200,
        ["build"],
        "starts_with",
    )
    assert workspace.call("PATCH", path, {"trigger_words": None}).status == 422
    plain = hook(workspace, receiver, chat, trigger_words=None)["id"]
    assert workspace.call("PATCH", f"/v1/webhooks/{plain}", {"trigger_words": ["x"]}).status == 422
    say(workspace, chat, "building")
    words = [form(one.body).get("trigger_word") for one in receiver.requests("/out")]
    assert words.count("build") == 1


@pytest.mark.parametrize("padding", [0, 1_005])
def test_the_log_hides_a_token_that_the_receiver_echoes(
    workspace: Workspace, receiver: Receiver, chat: str, padding: int
) -> None:
    made = hook(workspace, receiver, chat)
    receiver.answer("/out", Answer(body=b"x" * padding + made["token"].encode()))
    say(workspace, chat, "deploy")
    (delivery,) = workspace.call("GET", f"/v1/webhooks/{made['id']}/deliveries").json["items"]
    excerpt = delivery["attempts"][0]["excerpt"]
    assert excerpt.endswith("[redacted]")
    assert made["token"][:6] not in excerpt
