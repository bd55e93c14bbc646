"""Mattermost's API for bots and scripts: signing in, the caller's own user, teams and channels, and posts."""

import json
from typing import Any

import pytest
from ferryman.http.routes import Route
from ferryman.identity.credentials import secrets

from tests.integration.conftest import Workspace
from tests.integration.mattermost.hooks import hook
from tests.integration.mattermost.v4 import OPEN, PASSWORD, ROUTES, refused
from tests.support.mattermost import short
from tests.support.objects import PARAMETER
from tests.support.world import Answer, World


def login(world: World, path: str = "/api/v4/users/login", **sent: Any) -> Answer:
    return world.call("POST", path, body=json.dumps(sent), headers={})


@pytest.mark.parametrize("path", ["/api/v4/users/login", "/api/v4/login"])
def test_signing_in_gives_a_token_that_opens_users_me(world: World, email: str, path: str) -> None:
    answer = login(world, path, login_id=email, password=PASSWORD, token=None, device_id=5)
    assert answer.status == 200, answer.body
    token = answer.headers["token"]
    assert answer.json["email"] == email
    assert answer.headers["x-version-id"]
    assert int(answer.headers["x-ratelimit-remaining"]) < int(answer.headers["x-ratelimit-limit"])
    assert int(answer.headers["x-ratelimit-reset"]) >= 1
    for scheme in ("bearer", "Bearer", "BEARER", "token"):
        mine = world.call("GET", "/api/v4/users/me", headers={"authorization": f"{scheme} {token}"})
        assert (mine.status, mine.json) == (200, answer.json)
        assert mine.headers["content-type"] == "application/json"
    assert world.call("POST", "/api/v4/users/logout", token=token).json == {"status": "OK"}
    assert refused(world.call("GET", "/api/v4/users/me", token=token)) == (401, "api.context.session_expired.app_error")
    assert world.call("POST", "/api/v4/users/logout").status == 200


def test_an_expired_session_is_refused_and_signing_in_again_gives_another(world: World, email: str, later: Any) -> None:
    token = login(world, login_id=email, password=PASSWORD).headers["token"]
    later(366 * 86_400)
    assert refused(world.call("GET", "/api/v4/users/me", token=token)) == (401, "api.context.session_expired.app_error")
    again = login(world, login_id=email, password=PASSWORD).headers["token"]
    assert world.call("GET", "/api/v4/users/me", token=again).status == 200


def test_wrong_credentials_do_not_sign_in(world: World, email: str) -> None:
    blank = (400, "api.user.login.blank_pwd.app_error")
    wrong = (401, "api.user.login.invalid_credentials_email_username")
    assert refused(login(world, login_id=email, password=None)) == blank
    assert refused(login(world, login_id=email, password=5)) == blank
    assert refused(world.call("POST", "/api/v4/users/login", body="{", headers={})) == blank
    assert refused(login(world, login_id="nobody@example.com", password=PASSWORD)) == wrong
    assert refused(login(world, login_id="no address", password=PASSWORD)) == wrong
    for _ in range(10):
        assert refused(login(world, login_id=email, password="wrong horse battery")) == wrong
    locked = (401, "api.user.check_user_login_attempts.too_many.app_error")
    assert refused(login(world, login_id=email, password=PASSWORD)) == locked


def test_users_teams_and_channels_are_found_by_name(world: World, workspace: Workspace, other: Workspace) -> None:
    person = workspace.make("/v1/users", {"name": "Ada", "email": "a@example.com", "role": "staff", "handle": "ada"})
    chat = workspace.chat("Build Log")
    by = workspace.call
    for path in (f"users/{short(person['id'])}", "users/username/ada", "users/email/a@example.com"):
        found = by("GET", f"/api/v4/{path}")
        assert (found.status, found.json["id"], found.json["username"]) == (200, short(person["id"]), "ada")
    (team,) = by("GET", "/api/v4/users/me/teams").json
    assert (team["id"], team["name"]) == (short(workspace.workspace_id), "acme")
    assert by("GET", f"/api/v4/teams/{team['id']}").json == by("GET", "/api/v4/teams/name/acme").json == team
    channel = by("GET", "/api/v4/teams/name/acme/channels/name/build-log").json
    assert (channel["id"], channel["display_name"], channel["team_id"]) == (short(chat), "Build Log", team["id"])
    assert by("GET", f"/api/v4/teams/{team['id']}/channels/name/build-log").json == channel
    assert by("GET", f"/api/v4/channels/{channel['id']}").json == channel
    missing = {
        f"users/username/{'n' * 3_000}": (404, "app.user.missing_account.const"),
        f"users/email/{'n' * 3_000}@example.com": (404, "app.user.missing_account.const"),
        f"teams/name/acme/channels/name/{'n' * 3_000}": (404, "app.channel.get.existing.app_error"),
        "users/username/nobody": (404, "app.user.missing_account.const"),
        f"users/{'0' * 26}": (404, "app.user.missing_account.const"),
        "users/x": (400, "api.context.invalid_url_param.app_error"),
        "teams/name/nowhere": (404, "app.team.get.find.app_error"),
        f"teams/{short(other.workspace_id)}": (404, "app.team.get.find.app_error"),
        "teams/name/acme/channels/name/nowhere": (404, "app.channel.get.existing.app_error"),
        f"channels/{short(other.chat())}": (403, "api.context.permissions.app_error"),
    }
    for path, expected in missing.items():
        assert refused(by("GET", f"/api/v4/{path}")) == expected, path


def test_posts_are_messages(world: World, workspace: Workspace) -> None:
    chat = workspace.chat()
    sent: dict[str, Any] = {
        "channel_id": short(chat),
        "message": "x",
        "root_id": None,
        "file_ids": [],
        "props": {"from_webhook": "true"},
    }
    made = workspace.call("POST", "/api/v4/posts", body=json.dumps(sent), headers={})
    assert (made.status, made.json["message"], made.json["user_id"]) == (201, "x", short(workspace.user_id))
    boxed = {"channel_id": short(chat), "message": "", "props": {"attachments": [{"text": "box"}]}}
    assert workspace.call("POST", "/api/v4/posts", boxed).json["props"] == {"attachments": [{"text": "box"}]}
    one = hook(workspace, chat=chat)
    assert one.post({"text": "hook", "username": "Robot"}).status == 200
    listed = workspace.call("GET", f"/api/v4/channels/{short(chat)}/posts?page=0&per_page=2").json
    newest = listed["posts"][listed["order"][0]]
    assert (newest["message"], newest["props"]["override_username"]) == ("hook", "Robot")
    assert (len(listed["order"]), listed["has_next"]) == (2, True)
    second = workspace.call("GET", f"/api/v4/channels/{short(chat)}/posts?page=1&per_page=2").json
    assert second["order"] == [made.json["id"]]
    assert [message["text"] for message in one.messages()] == ["hook", "", "x"]


@pytest.mark.parametrize(
    ("changed", "status", "error_id"),
    [
        ({"channel_id": "x"}, 400, "api.context.invalid_body_param.app_error"),
        ({"channel_id": "0" * 26}, 403, "api.context.permissions.app_error"),
        ({"message": ""}, 400, "model.post.is_valid.msg.app_error"),
        ({"message": "x" * 16_384}, 400, "model.post.is_valid.msg.app_error"),
        ({"message": 5}, 400, "api.context.invalid_body_param.app_error"),
        ({"root_id": "0" * 26}, 400, "api.post.create_post.root_id.app_error"),
        ({"file_ids": ["0" * 26]}, 501, "api.file.attachments.disabled.app_error"),
        ({"props": {"attachments": [5]}}, 400, "api.context.invalid_body_param.app_error"),
    ],
)
def test_a_post_that_cannot_be_taken(workspace: Workspace, changed: dict[str, Any], status: int, error_id: str) -> None:
    sent = {"channel_id": short(workspace.chat()), "message": "x", **changed}
    assert refused(workspace.call("POST", "/api/v4/posts", sent)) == (status, error_id)


def test_a_token_needs_the_scope_and_a_closed_chat_takes_nothing(workspace: Workspace) -> None:
    chat = workspace.chat()
    sent = {"channel_id": short(chat), "message": "x"}
    permissions = (403, "api.context.permissions.app_error")
    assert refused(workspace.narrow("chats:read").call("POST", "/api/v4/posts", sent)) == permissions
    assert (
        refused(workspace.narrow("messages:write").call("GET", f"/api/v4/channels/{short(chat)}/posts")) == permissions
    )
    assert refused(workspace.call("POST", "/api/v4/files", {})) == (501, "api.file.attachments.disabled.app_error")
    workspace.call("PATCH", f"/v1/chats/{chat}", {"active": False})
    archived = (400, "api.post.create_post.can_not_post_to_deleted.error")
    assert refused(workspace.call("POST", "/api/v4/posts", sent)) == archived


def test_two_people_have_one_private_channel(workspace: Workspace) -> None:
    person = workspace.make("/v1/users", {"name": "Ada", "email": "a@example.com", "role": "staff"})
    pair = [short(workspace.user_id), short(person["id"])]
    made = [workspace.call("POST", "/api/v4/channels/direct", order) for order in (pair, pair[::-1])]
    assert [one.status for one in made] == [201, 201]
    assert made[0].json == made[1].json
    assert made[0].json["type"] == "D"
    nobody = [pair[0], "0" * 26]
    assert refused(workspace.call("POST", "/api/v4/channels/direct", nobody)) == (404, "app.user.missing_account.const")
    foreign = [pair[1], pair[1]]
    assert refused(workspace.call("POST", "/api/v4/channels/direct", foreign))[0] == 403


def test_a_credential_has_a_burst_of_a_hundred_requests(workspace: Workspace, later: Any) -> None:
    later(0.0)  # the clock stands still relative to the requests' own speed only; the burst is larger than the refill
    caller = workspace.narrow("chats:read")
    answers = [caller.call("GET", "/api/v4/users/me") for _ in range(150)]
    limited = [answer for answer in answers if answer.status == 429]
    assert limited, "150 requests in a row"
    assert (limited[0].body, limited[0].headers["retry-after"]) == (b"limit exceeded\n", "1")
    assert workspace.call("GET", "/api/v4/users/me").status == 200, "another credential is not affected"


@pytest.mark.parametrize("route", [route for route in ROUTES if route.path not in OPEN], ids=lambda route: route.key)
def test_nobody_gets_in_without_a_valid_token(world: World, workspace: Workspace, route: Route) -> None:
    path = PARAMETER.sub("0" * 26, route.path)
    expired = (401, "api.context.session_expired.app_error")
    wrong = secrets.new_token(livemode=True)
    before = world.rows()
    for headers in ({}, {"authorization": f"Bearer {wrong}"}, {"authorization": f"Basic {workspace.token}"}):
        answer = world.call(route.method, path, body="{", headers=headers)
        assert refused(answer) == expired
        assert wrong.encode() not in answer.body
    assert world.rows() == before


def test_the_api_is_up(world: World) -> None:
    answer = world.call("GET", "/api/v4/system/ping")
    assert (answer.status, answer.json) == (200, {"status": "OK"})
