"""Outgoing webhooks: which events a user may subscribe to, allowed URLs, and the effects of an edit."""

import json
from typing import Any

import pytest
import stripe
from ferryman.webhooks.subscriptions.model import MAX_CHATS

from local.receiver import Receiver
from tests.integration.conftest import Workspace
from tests.support.meanwhile import meanwhile
from tests.support.world import World

URL = "https://ci.example.com/ferryman"


def body(*chats: str, **fields: Any) -> dict[str, Any]:
    return {"url": URL, "events": ["message.created"], **({"chat_ids": list(chats)} if chats else {}), **fields}


def hook(by: Workspace, *chats: str, **fields: Any) -> dict[str, Any]:
    made: dict[str, Any] = by.make("/v1/webhooks", body(*chats, **fields))
    return made


def say(by: Workspace, chat: str, text: str = "Build passed") -> None:
    by.make(f"/v1/chats/{chat}/messages", {"text": text})


@pytest.fixture
def manager(workspace: Workspace) -> Workspace:
    """A user without admin:*."""
    return workspace.person("manager", "webhooks:read", "webhooks:write", "chats:read", "chats:write")


# --- creating ---------------------------------------------------------------------------------------------


def test_the_secret_is_shown_once(workspace: Workspace) -> None:
    made = hook(workspace, workspace.chat())
    assert made["secret"].startswith("whsec_")
    assert (made["state"], made["consecutive_failures"], made["livemode"]) == ("enabled", 0, True)
    shown = workspace.call("GET", f"/v1/webhooks/{made['id']}").json
    assert shown == {name: value for name, value in made.items() if name not in ("secret", "token")}
    assert workspace.call("GET", "/v1/webhooks").json["items"] == [shown]


def test_a_url_is_called_as_it_was_written(workspace: Workspace, receiver: Receiver) -> None:
    """The request and the API have the URL's original text. Only scheme and host are normalised."""
    written = "/in/%7Euser/%2f/[1]%5b?sig=%7e%2F+&x[]=1&"
    chat = workspace.chat()
    made = hook(workspace, chat, url=receiver.url(written).replace("http://localhost", "HTTP://LocalHost"))
    assert made["url"] == receiver.url(written)
    say(workspace, chat)
    workspace.world.pump()
    (request,) = receiver.requests()
    assert request.path == written
    stripe.WebhookSignature.verify_header(
        request.body.decode(), request.headers["X-FM-Webhook-Signature"], made["secret"], tolerance=300
    )
    renamed = workspace.call("PATCH", f"/v1/webhooks/{made['id']}", {"url": receiver.url("/%C3%a9?")}).json
    assert renamed["url"] == receiver.url("/%C3%a9?")


@pytest.mark.parametrize(
    "url",
    [
        "http://ci.example.com/",
        "ftp://ci.example.com/",
        "https://user:pass@ci.example.com/",
        "https://ci.example.com:22/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[fd00::1]/",
        "https://2130706433/",
        "https://ci.internal/",
        "https://ci.example.com\\@127.0.0.1/",
        "https://ci.example.com/\r\nX: y",
        "https://",
        "ci.example.com",
        "x" * 2_049,
        "",
        None,
        1,
    ],
)
def test_a_url_that_may_not_be_called_is_refused_at_once(workspace: Workspace, url: Any) -> None:
    chat = workspace.chat()
    answer = workspace.call("POST", "/v1/webhooks", body(chat, url=url))
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/url")
    assert "pass@" not in answer.body.decode()
    made = hook(workspace, chat)
    edited = workspace.call("PATCH", f"/v1/webhooks/{made['id']}", {"url": url})
    assert (edited.status, edited.json["errors"][0]["pointer"]) == (422, "/url")
    assert [found["url"] for found in workspace.call("GET", "/v1/webhooks").json["items"]] == [URL]


@pytest.mark.parametrize(
    "fields",
    [
        {"events": []},
        {"events": ["message.created", "message.created"]},
        {"events": ["message.*"]},
        {"events": ["MESSAGE.CREATED"]},
        {"events": "message.created"},
        {"events": None},
        {"chat_ids": []},
        {"chat_ids": ["x"]},
        {"chat_ids": ["*"]},
        {"chat_ids": "cht_01JZZZZZZZ0123456789ABCDEF"},
        {"chat_ids": ["cht_01JZZZZZZZ0123456789ABCDEF"] * 2},
        {"chat_ids": [f"cht_01JZZZZZZZ0123456789{number:06}" for number in range(MAX_CHATS + 1)]},
        {"name": ""},
        {"description": "x" * 501},
        {"state": "disabled"},
        {"secret": "whsec_mine"},
    ],
)
def test_a_field_that_is_wrong_is_named(workspace: Workspace, fields: dict[str, Any]) -> None:
    answer = workspace.call("POST", "/v1/webhooks", body(workspace.chat(), **fields))
    assert answer.status == 422
    assert answer.json["errors"][0]["pointer"].startswith(f"/{next(iter(fields))}")
    assert "whsec_mine" not in answer.body.decode()


# --- who may listen to what -------------------------------------------------------------------------------


def test_every_chat_needs_admin(workspace: Workspace, manager: Workspace) -> None:
    answer = manager.call("POST", "/v1/webhooks", body())
    assert answer.status == 403
    assert "admin:*" in answer.json["detail"]
    mine = hook(manager, str(manager.make("/v1/chats", {"name": "Mine"})["id"]))
    assert manager.call("PATCH", f"/v1/webhooks/{mine['id']}", {"chat_ids": None}).status == 403
    assert workspace.call("PATCH", f"/v1/webhooks/{mine['id']}", {"chat_ids": None}).json["chat_ids"] is None


def test_only_members_of_a_chat_listen_to_it(workspace: Workspace, other: Workspace, manager: Workspace) -> None:
    mine = str(manager.make("/v1/chats", {"name": "Mine"})["id"])
    for chat in (workspace.chat(), other.chat(), "cht_01JZZZZZZZ0123456789ABCDEF"):
        answer = manager.call("POST", "/v1/webhooks", body(mine, chat))
        assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/chat_ids/1")
        assert answer.json["detail"] == "You do not belong to a chat with this id."
    assert hook(manager, mine)["chat_ids"] == [mine]
    foreign = workspace.call("POST", "/v1/webhooks", body(other.chat()))
    assert foreign.status == 422


def test_everybody_without_admin_sees_their_own_only(workspace: Workspace, manager: Workspace) -> None:
    chat = workspace.chat(member_ids=[manager.user_id])
    theirs, own = hook(workspace, chat), hook(manager, chat)
    assert [found["id"] for found in manager.call("GET", "/v1/webhooks").json["items"]] == [own["id"]]
    assert {found["id"] for found in workspace.call("GET", "/v1/webhooks").json["items"]} == {theirs["id"], own["id"]}
    for method, change in (("GET", None), ("PATCH", {"name": "x"}), ("DELETE", None)):
        assert manager.call(method, f"/v1/webhooks/{theirs['id']}", change).status == 404


def test_live_and_test_webhooks_do_not_see_each_other(workspace: Workspace) -> None:
    tester = workspace.narrow("admin:*", environment="staging")
    chat = workspace.chat()
    live, test = hook(workspace, chat), hook(tester, chat)
    assert (live["livemode"], test["livemode"]) == (True, False)
    for by, own, hidden in ((workspace, live, test), (tester, test, live)):
        assert [found["id"] for found in by.call("GET", "/v1/webhooks").json["items"]] == [own["id"]]
        assert by.call("GET", f"/v1/webhooks/{hidden['id']}").status == 404


def test_who_leaves_a_chat_loses_its_events(
    world: World, workspace: Workspace, manager: Workspace, receiver: Receiver
) -> None:
    chat = workspace.chat(member_ids=[manager.user_id])
    hook(manager, chat, url=receiver.url("/in"))
    say(workspace, chat, "before")
    world.pump()
    say(workspace, chat, "queued")
    world.pump_streams()  # there is a delivery for it
    assert workspace.call("DELETE", f"/v1/chats/{chat}/members/{manager.user_id}").status == 204
    say(workspace, chat, "after")
    world.pump()
    assert [json.loads(request.body)["data"]["message"]["text"] for request in receiver.requests("/in")] == ["before"]


# --- editing ----------------------------------------------------------------------------------------------


def test_a_field_that_is_left_out_stays(workspace: Workspace) -> None:
    made = hook(workspace, workspace.chat(), name="CI", description="builds")
    url = f"/v1/webhooks/{made.pop('id')}"
    del made["secret"], made["token"]
    assert workspace.call("PATCH", url, {}).json.items() >= made.items()
    edited = workspace.call("PATCH", url, {"events": ["message.updated", "message.deleted"]}).json
    assert {name for name in made if edited[name] != made[name]} == {"events", "updated_at"}
    removed = workspace.call("PATCH", url, {"name": None, "description": None}).json
    assert (removed["name"], removed["description"]) == (None, None)


@pytest.mark.parametrize("field", ["url", "events", "state"])
def test_a_required_field_of_a_webhook_cannot_be_removed(workspace: Workspace, field: str) -> None:
    made = hook(workspace, workspace.chat())
    answer = workspace.call("PATCH", f"/v1/webhooks/{made['id']}", {field: None})
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, f"/{field}")


def test_a_changed_url_keeps_its_secret(world: World, workspace: Workspace, receiver: Receiver) -> None:
    chat = workspace.chat()
    made = hook(workspace, chat, url=receiver.url("/old"))
    edited = workspace.call("PATCH", f"/v1/webhooks/{made['id']}", {"url": receiver.url("/new")})
    assert edited.status == 200
    assert "secret" not in edited.json
    say(workspace, chat)
    world.pump()
    assert receiver.requests("/old") == []
    (request,) = receiver.requests("/new")
    signature = request.headers["X-FM-Webhook-Signature"]
    stripe.WebhookSignature.verify_header(request.body.decode(), signature, made["secret"], 300)


def test_a_webhook_listens_to_its_chats_of_now(world: World, workspace: Workspace, receiver: Receiver) -> None:
    first, second, third = (workspace.chat(name) for name in ("one", "two", "three"))
    made = hook(workspace, first, second, url=receiver.url("/in"))
    assert workspace.call("PATCH", f"/v1/webhooks/{made['id']}", {"chat_ids": [second, third]}).status == 200
    for number, chat in enumerate((first, second, third)):
        say(workspace, chat, str(number))
    world.pump()
    texts = {json.loads(request.body)["data"]["message"]["text"] for request in receiver.requests("/in")}
    assert texts == {"1", "2"}


def test_a_disabled_webhook_gets_nothing_until_it_is_enabled(
    world: World, workspace: Workspace, receiver: Receiver
) -> None:
    chat = workspace.chat()
    made = hook(workspace, chat, url=receiver.url("/in"))
    url = f"/v1/webhooks/{made['id']}"
    disabled = workspace.call("PATCH", url, {"state": "disabled"}).json
    assert (disabled["state"], bool(disabled["disabled_at"]), bool(disabled["disabled_reason"])) == (
        "disabled",
        True,
        True,
    )
    assert workspace.call("PATCH", url, {"state": "disabled"}).json["disabled_at"] == disabled["disabled_at"]
    say(workspace, chat, "missed")
    world.pump()
    enabled = workspace.call("PATCH", url, {"state": "enabled"}).json
    assert (enabled["state"], enabled["disabled_at"], enabled["disabled_reason"]) == ("enabled", None, None)
    say(workspace, chat, "got")
    world.pump()
    assert [json.loads(request.body)["data"]["message"]["text"] for request in receiver.requests("/in")] == ["got"]


def test_enabling_forgets_the_failures_so_far(world: World, workspace: Workspace, receiver: Receiver) -> None:
    """Enabling a webhook that is still enabled resets its failures, too."""
    receiver.answer("/in", 500)
    chat = workspace.chat()
    made = hook(workspace, chat, url=receiver.url("/in"))
    say(workspace, chat)
    world.pump()
    url = f"/v1/webhooks/{made['id']}"
    assert workspace.call("GET", url).json["consecutive_failures"] > 0
    enabled = workspace.call("PATCH", url, {"state": "enabled"}).json
    assert (enabled["consecutive_failures"], enabled["last_error"]) == (0, None)


def test_an_edit_of_a_webhook_does_not_overwrite_a_newer_one(workspace: Workspace) -> None:
    made = hook(workspace, workspace.chat())
    url = f"/v1/webhooks/{made['id']}"
    with meanwhile(lambda: workspace.call("PATCH", url, {"name": "first"})):
        assert workspace.call("PATCH", url, {"name": "second"}).status == 409
    assert workspace.call("GET", url).json["name"] == "first"


# --- deleting ---------------------------------------------------------------------------------------------


def test_a_deleted_webhook_gets_nothing_more(world: World, workspace: Workspace, receiver: Receiver) -> None:
    chat = workspace.chat()
    made = hook(workspace, chat, url=receiver.url("/in"))
    say(workspace, chat, "queued")
    world.pump_streams()
    url = f"/v1/webhooks/{made['id']}"
    assert workspace.call("DELETE", url).status == 204
    say(workspace, chat, "after")
    world.pump()
    assert receiver.requests("/in") == []
    for method, target in (("GET", url), ("DELETE", url), ("GET", f"{url}/deliveries")):
        assert workspace.call(method, target).status == 404
    assert workspace.call("GET", "/v1/webhooks").json["items"] == []
    rows = [item for table, item in world.items() if table == "SubscriptionsTable" and made["id"] in json.dumps(item)]
    assert rows == []


def test_an_admin_is_told_when_a_webhook_would_hear_nothing_of_a_chat(world: World, workspace: Workspace) -> None:
    """An admin sees every chat, but a webhook gets only events of chats to which its owner belongs."""
    manager = workspace.person("manager", "chats:write", "webhooks:write", "webhooks:read")
    theirs = manager.chat()
    wanted = {"url": "https://ci.example.com/in", "events": ["message.created"], "chat_ids": [theirs]}
    refused = workspace.call("POST", "/v1/webhooks", wanted)
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, "/chat_ids/0")
    assert f"PUT /v1/chats/{theirs}/members/{workspace.user_id}" in refused.json["detail"]
    connection = {"connector": "slack", "configuration": {"url": "https://hooks.example.com/x", "chat_ids": [theirs]}}
    refused = workspace.call("POST", "/v1/connections", connection)
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, "/configuration/chat_ids/0")
    mine = workspace.chat()
    of_manager = manager.make("/v1/webhooks", wanted)
    refused = workspace.call("PATCH", f"/v1/webhooks/{of_manager['id']}", {"chat_ids": [theirs, mine]})
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, "/chat_ids/1")
    assert manager.user_id in refused.json["detail"]
    assert workspace.call("PUT", f"/v1/chats/{mine}/members/{manager.user_id}").status == 200
    edited = workspace.call("PATCH", f"/v1/webhooks/{of_manager['id']}", {"chat_ids": [theirs, mine]})
    assert (edited.status, edited.json["not_heard_chat_ids"]) == (200, [])
    unknown = workspace.call("POST", "/v1/webhooks", {**wanted, "chat_ids": ["cht_01J00000000000000000000000"]})
    assert (unknown.status, unknown.json["detail"]) == (422, "You do not belong to a chat with this id.")
