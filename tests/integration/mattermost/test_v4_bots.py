"""Mattermost's API for incoming webhooks and bots. `test_v4_tokens` tests personal access tokens."""

from typing import Any

import pytest

from tests.integration.conftest import Workspace
from tests.integration.mattermost.v4 import refused
from tests.support.mattermost import short
from tests.support.world import World

HOOKS, BOTS = "/api/v4/hooks/incoming", "/api/v4/bots"
PERMISSIONS = (403, "api.context.permissions.app_error")
BODY = (400, "api.context.invalid_body_param.app_error")
PARAMETER = (400, "api.context.invalid_url_param.app_error")
NO_CHANNEL = (404, "app.channel.get.existing.app_error")
NO_HOOK = (404, "app.webhooks.get_incoming.app_error")
NO_BOT = (404, "store.sql_bot.get.missing.app_error")
NO_USER = (404, "app.user.missing_account.const")


# --- incoming webhooks ------------------------------------------------------------------------------------------------


def hook(by: Workspace, chat: str, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = by.make(HOOKS, {"channel_id": short(chat), **more})
    return made


def test_a_webhook_is_posted_to_by_the_id_that_creating_shows(world: World, workspace: Workspace) -> None:
    chat = workspace.chat()
    sent = {
        "display_name": "Builds",
        "description": "CI builds",
        "username": "ci",
        "icon_url": "https://i.example/c.png",
    }
    made = hook(workspace, chat, **sent, channel_locked=True, user_id=short(workspace.user_id))
    assert {name: made[name] for name in sent} == sent
    assert (made["channel_id"], made["team_id"]) == (short(chat), short(workspace.workspace_id))
    assert (made["user_id"], made["channel_locked"], made["delete_at"]) == (short(workspace.user_id), True, 0)
    assert world.call("POST", f"/hooks/{made['id']}", json_body={"text": "x"}).body == b"ok"
    (message,) = workspace.call("GET", f"/v1/chats/{chat}/messages").json["items"]
    assert (message["author"]["name"], message["author"]["avatar_url"]) == ("ci", "https://i.example/c.png")
    own = workspace.call("GET", "/v1/incoming-webhooks").json["items"][0]
    assert (own["title"], own["description"], own["flavour"]) == ("Builds", "CI builds", "mattermost")


def test_a_webhook_is_read_changed_and_deleted_by_both_its_ids(world: World, workspace: Workspace) -> None:
    made = hook(workspace, workspace.chat())
    (listed,) = workspace.call("GET", HOOKS).json
    assert listed["id"] != made["id"]
    assert listed | {"id": ""} == made | {"id": ""}
    for id_ in (made["id"], listed["id"]):
        read = workspace.call("GET", f"{HOOKS}/{id_}").json
        assert read | {"update_at": 0} == made | {"id": id_, "update_at": 0}
        sent = {"id": id_, "display_name": f"Named {id_}", "username": "robot", "channel_locked": True}
        changed = workspace.call("PUT", f"{HOOKS}/{id_}", sent)
        assert (changed.status, changed.json["display_name"]) == (201, f"Named {id_}")
        assert (changed.json["username"], changed.json["channel_locked"]) == ("robot", True)
        workspace.call("PUT", f"{HOOKS}/{id_}", made | {"id": id_, "channel_locked": False})
    assert workspace.call("DELETE", f"{HOOKS}/{made['id']}").json == {"status": "OK"}
    for id_ in (made["id"], listed["id"]):
        assert refused(workspace.call("DELETE", f"{HOOKS}/{id_}")) == NO_HOOK
    assert world.call("POST", f"/hooks/{made['id']}", json_body={"text": "x"}).status == 400


def test_the_id_of_a_list_does_not_post(world: World, workspace: Workspace) -> None:
    hook(workspace, workspace.chat())
    (listed,) = workspace.call("GET", HOOKS).json
    posted = world.call("POST", f"/hooks/{listed['id']}", json_body={"text": "x"})
    assert refused(posted) == (400, "web.incoming_webhook.invalid.app_error")


def test_webhooks_are_listed_in_pages(workspace: Workspace, other: Workspace) -> None:
    chat = workspace.chat()
    for number in range(3):
        hook(workspace, chat, display_name=str(number))
    names = [
        one["display_name"] for page in (0, 1) for one in workspace.call("GET", f"{HOOKS}?per_page=2&page={page}").json
    ]
    assert names == ["2", "1", "0"]
    assert workspace.call("GET", f"{HOOKS}?per_page=2&page=2").json == []
    assert len(workspace.call("GET", f"{HOOKS}?team_id={short(workspace.workspace_id)}").json) == 3
    assert refused(workspace.call("GET", f"{HOOKS}?team_id={short(other.workspace_id)}")) == PERMISSIONS


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ([], BODY),
        ({"channel_id": "x"}, BODY),
        ({"channel_id": "0" * 26}, NO_CHANNEL),
        ({"display_name": "x" * 65}, (400, "model.incoming_hook.display_name.app_error")),
        ({"description": "x" * 501}, (400, "model.incoming_hook.description.app_error")),
        ({"username": "x" * 65}, (400, "model.incoming_hook.username.app_error")),
        ({"username": "Big One"}, (400, "api.incoming_webhook.invalid_username.app_error")),
        ({"icon_url": "https://" + "x" * 1020}, (400, "model.incoming_hook.icon_url.app_error")),
        ({"icon_url": "ftp://x"}, (400, "model.incoming_hook.icon_url.app_error")),
        ({"user_id": "0" * 26}, NO_USER),
        ({"display_name": 5}, BODY),
    ],
)
def test_a_webhook_that_cannot_be_made(workspace: Workspace, body: Any, expected: tuple[int, str]) -> None:
    sent = {"channel_id": short(workspace.chat()), **body} if isinstance(body, dict) else body
    assert refused(workspace.call("POST", HOOKS, sent)) == expected


def test_a_change_keeps_what_a_webhook_is(workspace: Workspace, other: Workspace) -> None:
    made = hook(workspace, workspace.chat())
    at = f"{HOOKS}/{made['id']}"
    assert refused(workspace.call("PUT", at, {"id": "other"})) == BODY
    team = {"id": made["id"], "team_id": short(other.workspace_id)}
    assert refused(workspace.call("PUT", at, team)) == (400, "api.webhook.team_mismatch.app_error")
    moved = {"id": made["id"], "channel_id": short(workspace.chat("Elsewhere"))}
    assert refused(workspace.call("PUT", at, moved)) == BODY
    assert refused(workspace.call("GET", f"{HOOKS}/x")) == PARAMETER


def test_a_webhook_belongs_to_its_maker(workspace: Workspace, other: Workspace) -> None:
    chat = workspace.chat()
    made = hook(workspace, chat)
    colleague = workspace.person("manager", "webhooks:read", "webhooks:write")
    as_me = {"channel_id": short(chat), "user_id": short(colleague.user_id)}
    assert refused(workspace.call("POST", HOOKS, as_me)) == PERMISSIONS
    for by in (other, colleague):
        assert refused(by.call("POST", HOOKS, {"channel_id": short(chat)})) == NO_CHANNEL
        for method in ("GET", "PUT", "DELETE"):
            assert refused(by.call(method, f"{HOOKS}/{made['id']}", {"id": made["id"]})) == NO_HOOK
        assert by.call("GET", HOOKS).json == []


# --- bots -------------------------------------------------------------------------------------------------------------


def test_a_bot_is_made_changed_disabled_and_handed_over(world: World, workspace: Workspace) -> None:
    sent = {"username": "deploy", "display_name": "Deploy bot", "description": "Tells"}
    made = workspace.make(BOTS, sent)
    at = f"{BOTS}/{made['user_id']}"
    assert {name: made[name] for name in sent} == sent
    assert (made["owner_id"], made["delete_at"]) == (short(workspace.user_id), 0)
    assert workspace.call("GET", at).json == made
    assert workspace.call("GET", "/api/v4/users/username/deploy").json["is_bot"] is True
    changed = workspace.call("PUT", at, {"username": "ship", "display_name": "Ship"}).json
    assert (changed["username"], changed["display_name"], changed["description"]) == ("ship", "Ship", "Tells")
    assert workspace.call("POST", f"{at}/disable").json["delete_at"] > 0
    assert workspace.call("GET", BOTS).json == []
    assert [one["username"] for one in workspace.call("GET", f"{BOTS}?include_deleted=true").json] == ["ship"]
    assert workspace.call("POST", f"{at}/enable").json["delete_at"] == 0
    heir, staff = workspace.person("admin", "bots:read"), workspace.person("staff")
    assert workspace.call("POST", f"{at}/assign/{short(heir.user_id)}").json["owner_id"] == short(heir.user_id)
    assert refused(workspace.call("POST", f"{at}/assign/{'0' * 26}")) == NO_USER
    assert refused(workspace.call("POST", f"{at}/assign/{short(staff.user_id)}")) == PERMISSIONS
    assert refused(heir.call("POST", f"{at}/assign/{short(heir.user_id)}")) == PERMISSIONS


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, (400, "model.bot.is_valid.username.app_error")),
        ({"username": "Big"}, (400, "model.bot.is_valid.username.app_error")),
        ({"username": "channel"}, (400, "model.bot.is_valid.username.app_error")),
        ({"username": "x", "display_name": "x" * 65}, (400, "model.bot.is_valid.username.app_error")),
        ({"username": "x", "description": "x" * 501}, (400, "model.bot.is_valid.description.app_error")),
        ({"username": "x", "display_name": "\u202e"}, BODY),
        ({"username": "taken"}, (400, "app.user.save.username_exists.app_error")),
        ({"username": 5}, BODY),
        ([], BODY),
    ],
)
def test_a_bot_that_cannot_be_made(workspace: Workspace, body: Any, expected: tuple[int, str]) -> None:
    workspace.make(BOTS, {"username": "taken"})
    bot = workspace.make(BOTS, {"username": "bot"})
    assert refused(workspace.call("POST", BOTS, body)) == expected
    if body:
        assert refused(workspace.call("PUT", f"{BOTS}/{bot['user_id']}", body)) == expected


def test_nobody_touches_another_persons_bot_and_a_bot_makes_none(workspace: Workspace, other: Workspace) -> None:
    bot = workspace.make(BOTS, {"username": "deploy"})
    at = f"{BOTS}/{bot['user_id']}"
    colleague = workspace.person("admin", "bots:read", "bots:write")
    for by in (other, colleague):
        for method, path in (("GET", at), ("PUT", at), ("POST", f"{at}/disable"), ("POST", f"{at}/enable")):
            assert refused(by.call(method, path, {"username": "mine"})) == NO_BOT
        assert refused(by.call("POST", f"/api/v4/users/{bot['user_id']}/tokens", {"description": "x"})) == PERMISSIONS
    person = f"{BOTS}/{short(workspace.user_id)}"
    assert refused(workspace.call("GET", person)) == NO_BOT
    token = workspace.make(f"/api/v4/users/{bot['user_id']}/tokens", {"description": "x"}, 200)["token"]
    as_bot = Workspace(workspace.world, workspace.workspace_id, "", token)
    assert refused(as_bot.call("POST", BOTS, {"username": "child"})) == PERMISSIONS
