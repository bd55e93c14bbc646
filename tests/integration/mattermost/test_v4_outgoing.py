"""/api/v4/hooks/outgoing: each row of the documented tables, and groups of several URLs."""

import json
from typing import Any
from urllib.parse import parse_qsl

import pytest

from local.receiver import Answer as Reply
from local.receiver import Receiver
from tests.integration.conftest import Workspace
from tests.integration.mattermost.outgoing import posted, say
from tests.integration.mattermost.v4 import refused
from tests.support.mattermost import short

type Made = dict[str, Any]
BASE = "/api/v4/hooks/outgoing"
KEYS = [
    *("id", "token", "create_at", "update_at", "delete_at", "creator_id", "channel_id", "team_id"),
    *("trigger_words", "trigger_when", "callback_urls", "display_name", "description", "content_type"),
    *("username", "icon_url"),
]


@pytest.fixture
def wanted(workspace: Workspace, receiver: Receiver, chat: str) -> Made:
    return {
        "team_id": short(workspace.workspace_id),
        "channel_id": short(chat),
        "display_name": "Deployments",
        "description": "Says how it went",
        "trigger_words": ["deploy"],
        "trigger_when": 0,
        "callback_urls": [receiver.url("/one"), receiver.url("/two")],
        "content_type": "application/json",
        "username": "deployer",
        "icon_url": "https://cdn.example.com/d.png",
        "creator_id": None,
    }


def test_a_hook_is_created_listed_read_changed_and_deleted(workspace: Workspace, wanted: Made) -> None:
    made = workspace.make(BASE, wanted)
    assert list(made) == KEYS
    same = {name: value for name, value in wanted.items() if name != "creator_id"}
    assert {name: made[name] for name in same} == same
    assert len(made["token"]) == 26
    assert made["creator_id"] == short(workspace.user_id)
    hidden = {**made, "token": ""}
    assert workspace.call("GET", f"{BASE}/{made['id']}").json == hidden
    assert workspace.call("GET", BASE).json == [hidden]
    assert workspace.call("GET", f"{BASE}?team_id={wanted['team_id']}&page=0&per_page=1").json == [hidden]
    assert workspace.call("GET", f"{BASE}?page=1&per_page=1").json == []
    assert workspace.call("GET", f"{BASE}?channel_id={wanted['channel_id']}").json == [hidden]
    assert workspace.call("GET", f"{BASE}?channel_id={made['id']}").json == []

    changed = {**made, "trigger_words": ["ship"], "callback_urls": made["callback_urls"][:1], "content_type": ""}
    answer = workspace.call("PUT", f"{BASE}/{made['id']}", changed)
    assert answer.status == 200, answer.body
    assert answer.json["callback_urls"] == made["callback_urls"][:1]
    assert (answer.json["trigger_words"], answer.json["content_type"]) == (
        ["ship"],
        "application/x-www-form-urlencoded",
    )
    assert (answer.json["id"], answer.json["creator_id"]) == (made["id"], made["creator_id"])
    assert workspace.call("DELETE", f"{BASE}/{made['id']}").json == {"status": "OK"}
    assert workspace.call("GET", BASE).json == []
    assert workspace.call("GET", "/v1/webhooks").json["items"] == []


def test_each_url_is_called_with_the_same_token_and_answers_by_itself(
    workspace: Workspace, receiver: Receiver, wanted: Made, chat: str
) -> None:
    receiver.answer("/one", Reply(body=b'{"text": "one"}'))
    receiver.answer("/two", Reply(body=b'{"text": "two", "response_type": "comment"}'))
    made = workspace.make(BASE, wanted)
    say(workspace, chat, "deploy prod")
    bodies = [json.loads(receiver.requests(path)[0].body) for path in ("/one", "/two")]
    assert bodies[0] == bodies[1]
    assert (bodies[0]["token"], bodies[0]["trigger_word"]) == (made["token"], "deploy")
    assert isinstance(bodies[0]["timestamp"], int)
    assert sorted(one["text"] for one in posted(workspace, chat)) == ["one", "two"]
    assert {one["author"]["name"] for one in posted(workspace, chat)} == {"deployer"}


def test_a_url_that_is_added_later_gets_the_token_that_the_others_have(
    workspace: Workspace, receiver: Receiver, wanted: Made, chat: str
) -> None:
    made = workspace.make(BASE, wanted)
    urls = [*made["callback_urls"], receiver.url("/three")]
    answer = workspace.call("PUT", f"{BASE}/{made['id']}", {**made, "callback_urls": urls})
    assert (answer.status, answer.json["callback_urls"]) == (200, urls)
    say(workspace, chat, "deploy")
    tokens = {json.loads(receiver.requests(path)[0].body)["token"] for path in ("/one", "/two", "/three")}
    assert tokens == {made["token"]}


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_new_token_ends_the_old_one(
    workspace: Workspace, receiver: Receiver, wanted: Made, chat: str, method: str
) -> None:
    made = workspace.make(BASE, wanted)
    answer = workspace.call(method, f"{BASE}/{made['id']}/regen_token")
    assert answer.status == 200
    assert len(answer.json["token"]) == 26
    assert answer.json["token"] != made["token"]
    say(workspace, chat, "deploy")
    assert json.loads(receiver.requests("/two")[0].body)["token"] == answer.json["token"]


def test_a_native_webhook_with_triggers_is_a_hook_too(
    workspace: Workspace, receiver: Receiver, wanted: Made, chat: str
) -> None:
    native = {
        "url": receiver.url("/one"),
        "events": ["message.created"],
        "chat_ids": [chat],
        "format": "mattermost",
        "trigger_words": ["deploy"],
    }
    made = workspace.make("/v1/webhooks", native)
    workspace.make("/v1/webhooks", {**native, "trigger_words": None} | {"url": receiver.url("/plain")})
    (shown,) = workspace.call("GET", BASE).json
    assert shown["id"] == short(made["id"])
    answer = workspace.call("PUT", f"{BASE}/{shown['id']}", {**wanted, "id": shown["id"]})
    assert answer.status == 200, answer.body
    say(workspace, chat, "deploy")
    tokens = {json.loads(receiver.requests(path)[0].body)["token"] for path in ("/one", "/two")}
    assert tokens == {made["token"]}


def test_a_hook_of_every_channel_is_an_administrators(
    workspace: Workspace, receiver: Receiver, wanted: Made, chat: str
) -> None:
    workspace.make(BASE, {**wanted, "channel_id": "", "content_type": None})
    other = workspace.chat("Another")
    say(workspace, other, "deploy")
    assert dict(parse_qsl(receiver.requests("/one")[0].body.decode()))["channel_id"] == short(other)
    manager = workspace.person("manager", "webhooks:write", "chats:read")
    assert refused(manager.call("POST", BASE, {**wanted, "channel_id": ""})) == (
        403,
        "api.context.permissions.app_error",
    )


VALID = "model.outgoing_hook.is_valid"
ROWS: dict[str, tuple[Made, int, str]] = {
    "neither words nor channel": (
        {"trigger_words": [], "channel_id": ""},
        400,
        "api.webhook.create_outgoing.triggers.app_error",
    ),
    "an unknown channel": ({"channel_id": "0" * 26}, 404, "app.channel.get.existing.app_error"),
    "no id of a channel": ({"channel_id": "builds"}, 404, "app.channel.get.existing.app_error"),
    "no URL": ({"callback_urls": []}, 400, f"{VALID}.callback.app_error"),
    "null for URLs": ({"callback_urls": None}, 400, f"{VALID}.callback.app_error"),
    "too many characters of URLs": (
        {"callback_urls": ["https://a.example.com/" + "a" * 1100]},
        400,
        f"{VALID}.callback.app_error",
    ),
    "no URL of HTTP": ({"callback_urls": ["ftp://a.example.com"]}, 400, f"{VALID}.url.app_error"),
    "an empty URL": ({"callback_urls": [""]}, 400, f"{VALID}.url.app_error"),
    "a URL of ours": ({"callback_urls": ["https://169.254.169.254/"]}, 400, f"{VALID}.url.app_error"),
    "an empty word": ({"trigger_words": [""]}, 400, f"{VALID}.trigger_words.app_error"),
    "a word that never comes first": ({"trigger_words": ["two words"]}, 400, f"{VALID}.trigger_words.app_error"),
    "too many characters of words": ({"trigger_words": ["a" * 90] * 12}, 400, f"{VALID}.words.app_error"),
    "an unknown trigger_when": ({"trigger_when": 2}, 400, f"{VALID}.content_type.app_error"),
    "a long content type": ({"content_type": "a" * 129}, 400, f"{VALID}.content_type.app_error"),
    "a long name": ({"display_name": "a" * 65}, 400, f"{VALID}.display_name.app_error"),
    "a long description": ({"description": "a" * 501}, 400, f"{VALID}.description.app_error"),
    "a long username": ({"username": "a" * 65}, 400, "model.outgoing_hook.username.app_error"),
    "a long icon": ({"icon_url": "https://a.example.com/" + "a" * 1024}, 400, "model.outgoing_hook.icon_url.app_error"),
    "an icon that nobody could show": ({"icon_url": "javascript:1"}, 400, "model.outgoing_hook.icon_url.app_error"),
    "a wrong type": ({"trigger_words": "deploy"}, 400, "api.context.invalid_body_param.app_error"),
    "another team": ({"team_id": "0" * 26}, 403, "api.context.permissions.app_error"),
    "another creator": ({"creator_id": "0" * 26}, 403, "api.context.permissions.app_error"),
}


@pytest.mark.parametrize(("fields", "status", "error_id"), ROWS.values(), ids=list(ROWS))
def test_a_hook_that_cannot_be_is_refused_in_mattermosts_words(
    workspace: Workspace, wanted: Made, fields: Made, status: int, error_id: str
) -> None:
    assert refused(workspace.call("POST", BASE, {**wanted, **fields})) == (status, error_id)
    assert workspace.call("GET", BASE).json == []


@pytest.mark.parametrize("body", ["[]", "{", '"x"', ""])
def test_a_body_that_is_not_an_object_is_refused(workspace: Workspace, body: str) -> None:
    answer = workspace.world.call("POST", BASE, token=workspace.token, body=body)
    assert refused(answer) == (400, "api.context.invalid_body_param.app_error")


def test_two_hooks_of_a_channel_share_no_word_and_url(workspace: Workspace, wanted: Made) -> None:
    made = workspace.make(BASE, wanted)
    create, update = (f"api.webhook.{during}_outgoing.intersect.app_error" for during in ("create", "update"))
    assert refused(workspace.call("POST", BASE, wanted)) == (400, create)
    other = workspace.make(BASE, {**wanted, "trigger_words": ["ship"]})
    assert refused(workspace.call("PUT", f"{BASE}/{other['id']}", {**other, "trigger_words": ["deploy"]})) == (
        400,
        update,
    )
    assert workspace.call("PUT", f"{BASE}/{made['id']}", made).status == 200
    # Two without words do not collide.
    for _ in range(2):
        workspace.make(BASE, {**wanted, "trigger_words": []})


def test_a_change_names_its_hook_and_stays_in_its_team(workspace: Workspace, wanted: Made) -> None:
    made = workspace.make(BASE, wanted)
    path = f"{BASE}/{made['id']}"
    assert refused(workspace.call("PUT", path, {**made, "id": "0" * 26})) == (
        400,
        "api.context.invalid_body_param.app_error",
    )
    assert refused(workspace.call("PUT", path, {**made, "team_id": "0" * 26})) == (
        400,
        "api.webhook.team_mismatch.app_error",
    )
    assert refused(workspace.call("PUT", path, {**made, "trigger_words": [], "channel_id": ""})) == (
        400,
        "api.webhook.create_outgoing.triggers.app_error",
    )


def test_hooks_of_others_and_unknown_ones_are_not_there(workspace: Workspace, other: Workspace, wanted: Made) -> None:
    made = workspace.make(BASE, wanted)
    manager = workspace.person("manager", "webhooks:write", "webhooks:read")
    missing = (404, "app.webhooks.get_outgoing.app_error")
    for caller, id_ in ((other, made["id"]), (manager, made["id"]), (workspace, "0" * 26)):
        path = f"{BASE}/{id_}"
        for method, target in (("GET", path), ("DELETE", path), ("POST", f"{path}/regen_token")):
            assert refused(caller.call(method, target)) == missing
        assert refused(caller.call("PUT", path, {**made, "id": id_})) == missing
    assert refused(workspace.call("GET", f"{BASE}/nobody")) == (400, "api.context.invalid_url_param.app_error")
    assert refused(workspace.call("GET", f"{BASE}/{made['id']}/nothing")) == (404, "api.context.404.app_error")
    assert refused(workspace.world.call("GET", BASE)) == (401, "api.context.session_expired.app_error")


def test_each_call_needs_its_scope(workspace: Workspace, wanted: Made) -> None:
    made = workspace.make(BASE, wanted)
    path = f"{BASE}/{made['id']}"
    reader, nobody = workspace.narrow("webhooks:read"), workspace.narrow("chats:read")
    forbidden = (403, "api.context.permissions.app_error")
    for caller in (reader, nobody):
        assert refused(caller.call("POST", BASE, wanted)) == forbidden
        assert refused(caller.call("PUT", path, made)) == forbidden
        assert refused(caller.call("DELETE", path)) == forbidden
        assert refused(caller.call("PUT", f"{path}/regen_token")) == forbidden
    assert refused(nobody.call("GET", BASE)) == forbidden
    assert refused(nobody.call("GET", path)) == forbidden


def test_test_credentials_see_and_change_test_hooks_only(workspace: Workspace, wanted: Made) -> None:
    made = workspace.make(BASE, wanted)
    tester = workspace.narrow("admin:*", environment="development")
    assert tester.call("GET", BASE).json == []
    assert tester.call("DELETE", f"{BASE}/{made['id']}").status == 404
    assert workspace.call("GET", f"{BASE}/{made['id']}").status == 200


def test_the_log_of_changes_names_them(workspace: Workspace, wanted: Made) -> None:
    made = workspace.make(BASE, wanted)
    workspace.call("POST", f"{BASE}/{made['id']}/regen_token")
    workspace.call("PUT", f"{BASE}/{made['id']}", made)
    workspace.call("DELETE", f"{BASE}/{made['id']}")
    entries = workspace.call("GET", "/v1/audit").json["items"]
    actions = [entry["action"] for entry in entries if short(entry["target_id"]) == made["id"]]
    assert actions == ["webhook.deleted", "webhook.edited", "webhook.rotated", "webhook.created"]
