"""After a leak: one list has every object that a token created, and one request ends all of them."""

from typing import Any, get_args

import pytest
from ferryman import clock
from ferryman.identity.audit.model import Action
from ferryman.integrations.cascades import leaked_tokens

from local.receiver import Receiver
from tests.integration.conftest import Workspace
from tests.support.world import World


def with_token(workspace: Workspace, secret: str) -> Workspace:
    return Workspace(workspace.world, workspace.workspace_id, workspace.user_id, secret)


@pytest.fixture
def leaked(workspace: Workspace) -> dict[str, Any]:
    made: dict[str, Any] = workspace.make(
        "/v1/tokens", {"name": "CI", "scopes": ["admin:*"], "environment": "production"}
    )
    return made


@pytest.fixture
def thief(workspace: Workspace, leaked: dict[str, Any]) -> Workspace:
    return with_token(workspace, leaked["token"])


def made_by(workspace: Workspace, leaked: dict[str, Any], limit: int = 100) -> list[dict[str, Any]]:
    found, cursor = [], ""
    while True:
        answer = workspace.call("GET", f"/v1/tokens/{leaked['id']}/made?limit={limit}{cursor}")
        assert answer.status == 200, answer.body
        found += answer.json["items"]
        if answer.json["next_cursor"] is None:
            return found
        cursor = f"&cursor={answer.json['next_cursor']}"


def test_all_that_a_leaked_token_made_ends_with_one_request(
    world: World, workspace: Workspace, leaked: dict[str, Any], thief: Workspace, receiver: Receiver
) -> None:
    chat = workspace.chat()
    kept = workspace.make("/v1/incoming-webhooks", {"chat_id": chat, "name": "Kept"})
    second = thief.make("/v1/tokens", {"name": "More", "scopes": ["admin:*"], "environment": "production"})
    accomplice = with_token(workspace, second["token"])
    third = accomplice.make("/v1/tokens", {"name": "Yet more", "scopes": ["chats:read"], "environment": "production"})
    bot = accomplice.make("/v1/bots", {"name": "Mole", "handle": "mole"})
    callback = thief.make(f"/v1/bots/{bot['id']}/callbacks", {"url": receiver.url("/mole")})
    hook = thief.make("/v1/incoming-webhooks", {"chat_id": chat, "name": "Door"})
    webhook = accomplice.make("/v1/webhooks", {"url": receiver.url("/all"), "events": ["message.created"]})
    personal = thief.make("/v1/me/webhooks", {"url": receiver.url("/mine")})
    application = thief.make("/v1/applications", {"app_name": "TROJAN"})
    connection = thief.make(
        "/v1/connections",
        {"connector": "slack", "configuration": {"url": receiver.url("/slack"), "chat_ids": [chat]}},
    )
    command = thief.make("/v1/commands", {"trigger": "trojan", "url": receiver.url("/command")})
    repeat = {"on": ["monday"], "at": "09:00", "time_zone": "UTC"}
    spam = thief.make("/v1/notifications", {"type": "system", "title": "Spam", "everyone": True, "repeat": repeat})
    person = thief.make("/v1/users", {"name": "Mallory", "email": "mallory@example.com"})
    invited = thief.make(f"/v1/users/{person['id']}/invitation", {})
    assert invited

    listed = made_by(workspace, leaked)
    assert {(one["kind"], one["id"]) for one in listed} == {
        ("token", second["id"]),
        ("token", third["id"]),
        ("bot", bot["id"]),
        ("token", bot["token_id"]),
        ("callback", callback["id"]),
        ("incoming_webhook", hook["id"]),
        ("webhook", webhook["id"]),
        ("webhook", personal["id"]),
        ("application", application["id"]),
        ("webhook", connection["webhook_id"]),
        ("connection", connection["id"]),
        ("command", command["id"]),
        ("notification", spam["id"]),
        ("user", person["id"]),
        ("invitation", person["id"]),
    }
    assert all(one["is_there"] for one in listed)
    names = {(one["kind"], one["id"]): one["name"] for one in listed}
    assert [names["token", second["id"]], names["bot", bot["id"]], names["callback", callback["id"]]] == [
        "More",
        "Mole",
        None,
    ]
    others = ("incoming_webhook", hook), ("application", application), ("command", command), ("notification", spam)
    assert [names[kind, one["id"]] for kind, one in others] == ["Door", "TROJAN", "/trojan", "Spam"]
    assert names["connection", connection["id"]] == connection["name"]
    assert names["user", person["id"]] == names["invitation", person["id"]] == "Mallory"
    assert {one["made_by"] for one in listed} == {leaked["id"], second["id"]}
    assert made_by(workspace, leaked, limit=2) == listed
    assert thief.call("GET", "/v1/me").status == 200, "a list ends nothing"

    ended = workspace.call("POST", f"/v1/tokens/{leaked['id']}/end-all")
    assert (ended.status, ended.json["complete"]) == (200, True), ended.body
    results = {(one["kind"], one["id"]): one["result"] for one in ended.json["results"]}
    assert set(results) == {(one["kind"], one["id"]) for one in listed}
    assert results.pop(("invitation", person["id"])) == "invite_again"
    assert set(results.values()) <= {"ended", "gone"}  # a bot takes its token and callback along
    for secret in (leaked["token"], second["token"], third["token"], bot["token"]):
        assert world.call("GET", "/v1/me", token=secret).status == 401
    for path in (
        f"/v1/incoming-webhooks/{hook['id']}",
        f"/v1/webhooks/{webhook['id']}",
        f"/v1/me/webhooks/{personal['id']}",
        f"/v1/applications/{application['id']}",
        f"/v1/connections/{connection['id']}",
        f"/v1/bots/{bot['id']}",
        f"/v1/commands/{command['id']}",
    ):
        assert workspace.call("GET", path).status == 404, path
    assert workspace.call("GET", f"/v1/users/{person['id']}").json["active"] is False
    assert workspace.call("GET", f"/v1/notifications/{spam['id']}").json["state"] == "cancelled"
    assert world.call("POST", hook["url"].removeprefix("https://api.test"), json_body={"text": "x"}).status == 404
    assert world.call("POST", kept["url"].removeprefix("https://api.test"), json_body={"text": "x"}).status == 200
    assert not any(one["is_there"] or one["name"] for one in made_by(workspace, leaked))
    audited = workspace.call("GET", f"/v1/audit?target={leaked['id']}").json["items"]
    assert [one["action"] for one in audited] == ["token.all_ended", "token.revoked", "token.created"]
    again = workspace.call("POST", f"/v1/tokens/{leaked['id']}/end-all").json
    assert {one["result"] for one in again["results"]} == {"gone", "invite_again"}


def test_a_url_that_a_leaked_token_made_anew_ends_too(
    world: World, workspace: Workspace, leaked: dict[str, Any], thief: Workspace
) -> None:
    chat = workspace.chat()
    hook = workspace.make("/v1/incoming-webhooks", {"chat_id": chat, "name": "CI"})
    seen = thief.call("POST", f"/v1/incoming-webhooks/{hook['id']}/regenerate").json["url"]
    application = workspace.make("/v1/applications", {"app_name": "APP"})
    rotated = thief.call("POST", f"/v1/applications/{application['id']}/rotate-token")
    assert rotated.status == 200, rotated.body
    assert workspace.call("POST", f"/v1/tokens/{leaked['id']}/end-all").json["complete"]
    assert world.call("POST", seen.removeprefix("https://api.test"), json_body={"text": "x"}).status == 404
    assert workspace.call("GET", f"/v1/applications/{application['id']}").json["has_token"] is False


def test_many_things_end_fifty_at_once(workspace: Workspace, leaked: dict[str, Any], thief: Workspace) -> None:
    for _ in range(51):
        thief.make("/v1/tokens", {"name": "x", "scopes": ["chats:read"], "environment": "production"})
    first = workspace.call("POST", f"/v1/tokens/{leaked['id']}/end-all").json
    assert (len(first["results"]), first["complete"]) == (50, False)
    second = workspace.call("POST", f"/v1/tokens/{leaked['id']}/end-all").json
    assert second["complete"]
    assert [one["result"] for one in second["results"]] == ["gone"] * 50 + ["ended"]


def test_nobody_ends_what_stands_above_them(workspace: Workspace) -> None:
    admin = workspace.person("admin", "admin:*")
    of_owner = workspace.make("/v1/tokens", {"name": "CI", "scopes": ["admin:*"], "environment": "production"})
    assert admin.call("POST", f"/v1/tokens/{of_owner['id']}/end-all").status == 403
    assert with_token(workspace, of_owner["token"]).call("GET", "/v1/me").status == 200


def test_a_notification_that_repeats_ends_though_the_first_was_sent(
    world: World,
    workspace: Workspace,
    leaked: dict[str, Any],
    thief: Workspace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    repeat = {"on": ["monday"], "at": "09:00", "time_zone": "UTC"}
    body = {"type": "system", "title": "Spam", "user_ids": [workspace.user_id], "repeat": repeat}
    first = thief.make("/v1/notifications", body)
    now = clock.now() + 8 * 86_400
    monkeypatch.setattr(clock, "now", lambda: now)
    world.invoke("notifier", {})
    second = workspace.call("GET", "/v1/notifications").json["items"][0]
    assert (second["id"] == first["id"], second["state"]) == (False, "scheduled")
    ended = workspace.call("POST", f"/v1/tokens/{leaked['id']}/end-all").json
    assert {one["id"]: one["result"] for one in ended["results"]} == {first["id"]: "gone", second["id"]: "ended"}


def test_each_kind_of_thing_that_can_be_made_is_found() -> None:
    """A new kind of object has to be added to the list, or here with the reason why it need not end."""
    need_not_end = {
        "chat.created",  # harmless without a member or a webhook
        "session.created",  # a token starts none
    }
    created = {action for action in get_args(Action.__value__) if action.endswith(".created")}
    assert created - set(leaked_tokens._KINDS) == need_not_end
