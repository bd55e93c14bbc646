"""The documented tables of Mattermost's API, row by row: common rules, signing in, users, hooks, bots and posts."""

import json
from typing import Any

import pytest

from tests.integration.conftest import Later, Workspace
from tests.integration.mattermost.hooks import hook
from tests.integration.mattermost.v4 import refused
from tests.integration.signing_in.people import PASSWORD, Person, code_of, enrolled, person
from tests.support.mattermost import short
from tests.support.world import Answer, World

BODY = (400, "api.context.invalid_body_param.app_error")
PARAMETER = (400, "api.context.invalid_url_param.app_error")
PERMISSIONS = (403, "api.context.permissions.app_error")
NOTHING = (404, "api.context.404.app_error")
EXPIRED = (401, "api.context.session_expired.app_error")


# --- the frame --------------------------------------------------------------------------------------------------------

HEADERS = {
    "content-type": "application/json",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "expires": "0",
}
ANSWERS: dict[str, tuple[str, str, Any, int]] = {
    "read": ("GET", "/api/v4/users/me", None, 200),
    "refused body": ("POST", "/api/v4/posts", {}, 400),
    "refused address": ("GET", "/api/v4/posts/x", None, 400),
    "no permission": ("GET", f"/api/v4/channels/{'0' * 26}", None, 403),
    "not there": ("GET", f"/api/v4/posts/{'0' * 26}", None, 404),
    "no such page": ("GET", "/api/v4/nothing", None, 404),
    "not offered": ("POST", "/api/v4/files", {}, 501),
    "of the function of bots": ("GET", "/api/v4/bots", None, 200),
    "refused by the function of bots": ("POST", "/api/v4/bots", [], 400),
    "of the function of integrations": ("GET", "/api/v4/hooks/outgoing", None, 200),
    "refused by the function of integrations": ("POST", "/api/v4/commands", [], 400),
}


@pytest.mark.parametrize(("method", "path", "body", "status"), ANSWERS.values(), ids=list(ANSWERS))
def test_each_answer_has_the_headers_of_the_product(
    workspace: Workspace, method: str, path: str, body: Any, status: int
) -> None:
    answer = workspace.call(method, path, body)
    assert answer.status == status, answer.body
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert answer.headers["x-version-id"].count(".") >= 2
    assert answer.headers["x-request-id"]
    if path != "/api/v4/nothing":  # nobody is asked who they are there
        assert answer.headers["x-ratelimit-limit"] == "100"
        assert 0 <= int(answer.headers["x-ratelimit-remaining"]) < 100
        assert int(answer.headers["x-ratelimit-reset"]) >= 1, "seconds, not a date"


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "application/x-www-form-urlencoded", "odd"])
def test_json_is_read_whatever_content_type_it_has(workspace: Workspace, content_type: str | None) -> None:
    headers = {} if content_type is None else {"content-type": content_type}
    body = json.dumps({"channel_id": short(workspace.chat()), "message": "x", "unknown": {"a": [1]}})
    assert workspace.call("POST", "/api/v4/posts", body=body, headers=headers).status == 201


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Token", "token"])
def test_the_token_comes_behind_any_of_its_words(world: World, workspace: Workspace, scheme: str) -> None:
    headers = {"authorization": f"{scheme} {workspace.token}"}
    assert world.call("GET", "/api/v4/users/me", headers=headers).status == 200


@pytest.mark.parametrize("header", ["Basic {}", "{}", "Bearer", "Bearer ", ""])
def test_anything_else_is_an_expired_session(world: World, workspace: Workspace, header: str) -> None:
    answer = world.call("GET", "/api/v4/users/me", headers={"authorization": header.format(workspace.token)})
    assert refused(answer) == EXPIRED


# --- signing in -------------------------------------------------------------------------------------------------------

WRONG = (401, "api.user.login.invalid_credentials_email_username")
BLANK = (400, "api.user.login.blank_pwd.app_error")
NO_CODE = (401, "mfa.validate_token.authenticate.app_error")
BAD_CODE = (401, "api.user.check_user_mfa.bad_code.app_error")


@pytest.fixture
def program(workspace: Workspace) -> Person:
    return person(workspace)


def login(by: Person, **fields: Any) -> Answer:
    sent = {"login_id": by.email, "password": PASSWORD, **fields}
    return by.workspace.world.call("POST", "/api/v4/users/login", body=json.dumps(sent), headers={})


LOGINS: dict[str, tuple[dict[str, Any], tuple[int, str]]] = {
    "an empty password": ({"password": ""}, BLANK),
    "null": ({"password": None}, BLANK),
    "a number": ({"password": 5}, BLANK),
    "an unknown person": ({"login_id": "nobody@example.com"}, WRONG),
    "no address": ({"login_id": "nobody"}, WRONG),
    "no login_id": ({"login_id": None}, WRONG),
    "a wrong password": ({"password": "wrong horse battery"}, WRONG),
}


@pytest.mark.parametrize(("fields", "expected"), LOGINS.values(), ids=list(LOGINS))
def test_who_cannot_sign_in(program: Person, fields: dict[str, Any], expected: tuple[int, str]) -> None:
    answer = login(program, **fields)
    assert refused(answer) == expected
    assert "token" not in answer.headers
    assert answer.cookies == ()


@pytest.mark.parametrize(
    "fields",
    [{}, {"token": None}, {"token": ""}, {"device_id": 5, "ldap_only": "true"}, {"deviceId": "", "id": None}],
)
def test_further_fields_that_clients_send_are_harmless(program: Person, fields: dict[str, Any]) -> None:
    answer = login(program, **fields)
    assert (answer.status, answer.json["id"]) == (200, short(program.user_id))


def test_an_inactive_person_is_told_no_more_than_a_stranger(program: Person) -> None:
    assert program.workspace.call("PATCH", f"/v1/users/{program.user_id}", {"active": False}).status == 200
    assert refused(login(program)) == WRONG


def test_a_second_factor_is_asked_for_and_checked(program: Person) -> None:
    totp, _ = enrolled(program.sign_in())
    for none in (None, ""):
        assert refused(login(program, token=none)) == NO_CODE
    assert refused(login(program, token="000000")) == BAD_CODE
    assert refused(login(program, token="000000", password="wrong horse battery")) == WRONG
    assert login(program, token=code_of(totp, 1)).status == 200


# --- objects ----------------------------------------------------------------------------------------------------------

USER = [
    *("id", "create_at", "update_at", "delete_at", "username", "auth_data", "auth_service", "email", "nickname"),
    *("first_name", "last_name", "position", "roles", "locale", "timezone"),
]
POST = [
    *("id", "create_at", "update_at", "edit_at", "delete_at", "is_pinned", "user_id", "channel_id", "root_id"),
    *("original_id", "message", "type", "props", "hashtags", "pending_post_id", "reply_count", "last_reply_at"),
    *("participants", "metadata"),
]
HOOK = [
    *("id", "create_at", "update_at", "delete_at", "user_id", "channel_id", "team_id", "display_name", "description"),
    *("username", "icon_url", "channel_locked"),
]
BOT = ["user_id", "username", "display_name", "description", "owner_id", "create_at", "update_at", "delete_at"]


def test_each_object_has_its_keys(workspace: Workspace) -> None:
    chat = short(workspace.chat())
    assert list(workspace.call("GET", "/api/v4/users/me").json) == USER
    assert list(workspace.make("/api/v4/posts", {"channel_id": chat, "message": "x"})) == POST
    assert list(workspace.make("/api/v4/hooks/incoming", {"channel_id": chat})) == HOOK
    bot = workspace.make("/api/v4/bots", {"username": "deploy"})
    assert list(bot) == BOT
    shown = workspace.call("GET", f"/api/v4/users/{bot['user_id']}").json
    assert list(shown) == [*USER, "is_bot", "bot_description"]
    token = workspace.make(f"/api/v4/users/{bot['user_id']}/tokens", {"description": "CI"}, 200)
    assert sorted(token) == ["description", "id", "is_active", "token", "user_id"]


# --- incoming webhooks ------------------------------------------------------------------------------------------------

HOOKS = "/api/v4/hooks/incoming"
LONGEST = {"display_name": 64, "description": 500, "username": 64}


@pytest.mark.parametrize("name", LONGEST)
def test_the_longest_text_of_each_field_of_a_hook(workspace: Workspace, name: str) -> None:
    chat = short(workspace.chat())
    made = workspace.make(HOOKS, {"channel_id": chat, name: "x" * LONGEST[name]})
    assert made[name] == "x" * LONGEST[name]
    too_long = (400, f"model.incoming_hook.{name}.app_error")
    assert refused(workspace.call("POST", HOOKS, {"channel_id": chat, name: "x" * (LONGEST[name] + 1)})) == too_long
    if name != "username":  # which is of ASCII
        bytes_ = "é" * (LONGEST[name] // 2 + 1)
        assert refused(workspace.call("POST", HOOKS, {"channel_id": chat, name: bytes_})) == too_long
    changed = {"id": made["id"], name: "x" * (LONGEST[name] + 1)}
    assert refused(workspace.call("PUT", f"{HOOKS}/{made['id']}", changed)) == too_long


def test_a_page_has_sixty_hooks_and_two_hundred_at_most(workspace: Workspace) -> None:
    chat = short(workspace.chat())
    for _ in range(3):
        workspace.make(HOOKS, {"channel_id": chat})
    for size, count in (("2", 2), ("999", 3), ("0", 1), ("x", 3), ("-1", 3), ("", 3)):
        assert len(workspace.call("GET", f"{HOOKS}?per_page={size}").json) == count


# --- outgoing webhooks and commands -----------------------------------------------------------------------------------


def test_lists_of_another_team_are_refused(workspace: Workspace, other: Workspace) -> None:
    team = short(other.workspace_id)
    for path in (HOOKS, "/api/v4/hooks/outgoing", "/api/v4/commands"):
        assert refused(workspace.call("GET", f"{path}?team_id={team}")) == PERMISSIONS


def test_a_command_that_is_not_there_is_neither_moved_nor_given_a_token(workspace: Workspace) -> None:
    at, missing = f"/api/v4/commands/{'0' * 26}", (404, "store.sql_command.save.get.app_error")
    team = {"team_id": short(workspace.workspace_id)}
    assert refused(workspace.call("PUT", f"{at}/move", team)) == missing
    assert refused(workspace.call("PUT", f"{at}/regen_token")) == missing


# --- posts ------------------------------------------------------------------------------------------------------------


def test_posts_since_a_time_are_those_that_were_made_or_changed_after_it(workspace: Workspace, later: Later) -> None:
    chat = short(workspace.chat())
    at = f"/api/v4/channels/{chat}/posts"
    old, kept = (workspace.make("/api/v4/posts", {"channel_id": chat, "message": name}) for name in ("old", "kept"))
    later(10)
    middle = workspace.make("/api/v4/posts", {"channel_id": chat, "message": "middle"})
    later(20)
    new = workspace.make("/api/v4/posts", {"channel_id": chat, "message": "new"})
    later(30)
    assert workspace.call("PUT", f"/api/v4/posts/{old['id']}/patch", {"message": "old, edited"}).status == 200

    def since(milliseconds: int) -> list[str]:
        answer = workspace.call("GET", f"{at}?since={milliseconds}").json
        assert answer["has_next"] is False
        return [answer["posts"][post_id]["message"] for post_id in answer["order"]]

    assert since(middle["create_at"]) == ["new", "old, edited"]
    assert since(new["create_at"]) == ["old, edited"]
    assert since(kept["create_at"] - 1) == ["new", "middle", "kept", "old, edited"]
    assert since(new["create_at"] + 60_000) == []
    assert len(workspace.call("GET", f"{at}?since=x").json["order"]) == 4, "no time is none"


def test_each_channel_is_found_in_each_way(workspace: Workspace) -> None:
    chat = workspace.chat("Builds", handle="builds")
    team = short(workspace.workspace_id)
    channel = workspace.call("GET", f"/api/v4/channels/{short(chat)}").json
    for path in ("teams/name/acme/channels/name/builds", f"teams/{team}/channels/name/builds"):
        assert workspace.call("GET", f"/api/v4/{path}").json == channel
    for path in ("teams/name/nowhere/channels/name/builds", f"teams/{'0' * 26}/channels/name/builds"):
        assert refused(workspace.call("GET", f"/api/v4/{path}")) == (404, "app.team.get.find.app_error")


@pytest.mark.parametrize("pair", [[], ["x"], ["x", "y"], [5, 6], {}, None, ["0" * 26]])
def test_a_private_channel_is_of_two_people(workspace: Workspace, pair: Any) -> None:
    assert refused(workspace.call("POST", "/api/v4/channels/direct", pair)) == BODY


def test_files_cannot_be_attached_and_the_answer_says_so(workspace: Workspace) -> None:
    answer = workspace.call("POST", "/api/v4/files", body="--b--", headers={"content-type": "multipart/form-data"})
    assert refused(answer) == (501, "api.file.attachments.disabled.app_error")
    assert answer.json["message"] == "File attachments have been disabled on this server."
    sent = {"channel_id": short(workspace.chat()), "message": "x", "file_ids": ["0" * 26]}
    assert refused(workspace.call("POST", "/api/v4/posts", sent)) == (501, "api.file.attachments.disabled.app_error")


def test_a_closed_chat_takes_no_post_of_a_hook_either(workspace: Workspace) -> None:
    one = hook(workspace)
    assert workspace.call("PATCH", f"/v1/chats/{one.chat}", {"active": False}).status == 200
    assert refused(one.post({"text": "x"})) == (400, "api.post.create_webhook_post.creating.app_error")


def test_a_hook_whose_owner_was_deactivated_takes_nothing(workspace: Workspace) -> None:
    owner = workspace.person("admin", "webhooks:write", "chats:read", "chats:write")
    chat = owner.make("/v1/chats", {"name": "Theirs"})["id"]
    made = owner.make(HOOKS, {"channel_id": short(chat)})
    assert workspace.call("PATCH", f"/v1/users/{owner.user_id}", {"active": False}).status == 200
    answer = workspace.world.call("POST", f"/hooks/{made['id']}", json_body={"text": "x"})
    assert refused(answer) == (400, "web.incoming_webhook.invalid.app_error")
