"""Tokens as credentials: accepted in two headers until they expire, and unable to create tokens with more scopes."""

from typing import Any

import pytest
from ferryman import clock
from ferryman.aws import clients as aws
from ferryman.identity import permissions
from ferryman.identity.permissions import Scope

from tests.integration.conftest import Workspace
from tests.support.meanwhile import meanwhile
from tests.support.world import Answer, World

DAY = 86_400


def wanted(*given: str, environment: str = "production", **fields: Any) -> dict[str, Any]:
    return {"name": "CI", "scopes": list(given or ("chats:read",)), "environment": environment, **fields}


def create(by: Workspace, *given: str, environment: str = "production", **fields: Any) -> Answer:
    return by.call("POST", "/v1/tokens", wanted(*given, environment=environment, **fields))


def through(by: Workspace, made: dict[str, Any]) -> Workspace:
    return Workspace(by.world, by.workspace_id, by.user_id, made["token"])


def at(offset: float) -> str:
    return clock.iso(clock.now() + offset)


# --- the token --------------------------------------------------------------------------------------------


def test_no_answer_is_kept_or_guessed_at(workspace: Workspace) -> None:
    """No cache may store an answer and no browser may guess its type, because an answer can contain a secret."""
    for answer in (create(workspace), workspace.call("GET", "/v1/me"), create(workspace, "no:scope")):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_credential_is_read_consistently(workspace: Workspace) -> None:
    """moto always reads consistently, so the test looks at the request."""
    asked: list[dict[str, Any]] = []

    def look(params: dict[str, Any], **_: Any) -> None:
        asked.append(params)

    events = aws.dynamodb().meta.events
    events.register("before-parameter-build.dynamodb.GetItem", look)
    try:
        assert workspace.call("GET", "/v1/me").status == 200
    finally:
        events.unregister("before-parameter-build.dynamodb.GetItem", look)
    found = [params for params in asked if params["TableName"] == workspace.world.table("credentials")]
    assert found
    assert all(params.get("ConsistentRead") for params in found)


def test_the_token_is_shown_once_and_its_prefix_for_ever(workspace: Workspace) -> None:
    made = create(workspace).json
    assert made["token"].startswith(made["prefix"])
    assert len(made["prefix"]) == 12
    shown = workspace.call("GET", f"/v1/tokens/{made['id']}").json
    assert "token" not in shown
    assert shown["prefix"] == made["prefix"]
    assert (shown["status"], shown["user_id"], shown["last_used_at"]) == ("active", workspace.user_id, None)


@pytest.mark.parametrize(
    ("environment", "prefix"), [("production", "fm_live_"), ("staging", "fm_test_"), ("development", "fm_test_")]
)
def test_the_environment_shows_in_the_token(workspace: Workspace, environment: str, prefix: str) -> None:
    assert create(workspace, environment=environment).json["token"].startswith(prefix)


@pytest.mark.parametrize(
    "header",
    [
        {"authorization": "Bearer {}"},
        {"authorization": "bearer {}"},
        {"authorization": "  Bearer   {}  "},
        {"x-api-key": "{}"},
        {"x-api-key": " {} "},
        {"authorization": "Bearer {}", "x-api-key": "nonsense"},
    ],
)
def test_a_token_is_taken_from_two_headers(world: World, workspace: Workspace, header: dict[str, str]) -> None:
    sent = {name: value.format(workspace.token) for name, value in header.items()}
    assert world.call("GET", "/v1/me", headers=sent).status == 200


def test_a_used_token_says_when_at_most_every_ten_minutes(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = create(workspace).json
    used = through(workspace, made)
    now = clock.now()
    seen = []
    for offset in (0, 1, 599, 601, 602):
        monkeypatch.setattr(clock, "now", lambda offset=offset: now + offset)
        assert used.call("GET", "/v1/chats").status == 200
        seen.append(workspace.call("GET", f"/v1/tokens/{made['id']}").json["last_used_at"])
    assert seen == [clock.iso(now)] * 3 + [clock.iso(now + 601)] * 2


# --- the end of a token -----------------------------------------------------------------------------------


def test_a_token_expires_on_the_dot(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.now()
    made = create(workspace, expires_at=clock.iso(now + DAY)).json
    used = through(workspace, made)
    monkeypatch.setattr(clock, "now", lambda: now + DAY - 0.01)
    assert used.call("GET", "/v1/me").status == 200
    monkeypatch.setattr(clock, "now", lambda: now + DAY + 0.001)
    answer = used.call("GET", "/v1/me")
    assert answer.status == 401
    assert "expired" in answer.json["detail"]
    assert workspace.call("GET", f"/v1/tokens/{made['id']}").json["status"] == "expired"


@pytest.mark.parametrize("expires_at", [None, "1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z"])
def test_a_token_cannot_be_made_for_the_past(workspace: Workspace, expires_at: str | None) -> None:
    answer = create(workspace, expires_at=expires_at or at(-1))
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/expires_at")


def test_a_revoked_token_is_refused_at_the_next_call(workspace: Workspace) -> None:
    made = create(workspace).json
    used, url = through(workspace, made), f"/v1/tokens/{made['id']}"
    assert used.call("GET", "/v1/chats").status == 200
    assert workspace.call("DELETE", url).status == 204
    assert used.call("GET", "/v1/chats").status == 401
    shown = workspace.call("GET", url).json
    assert shown["status"] == "revoked"
    assert workspace.call("DELETE", url).status == 204  # again is harmless
    assert workspace.call("GET", url).json == shown
    assert workspace.call("PATCH", url, {"name": "x"}).status == 409


def test_a_token_can_revoke_itself(workspace: Workspace) -> None:
    narrow = workspace.narrow("tokens:write")
    own = workspace.call("GET", "/v1/tokens").json["items"][0]["id"]
    assert narrow.call("DELETE", f"/v1/tokens/{own}").status == 204
    assert narrow.call("GET", "/v1/me").status == 401
    assert workspace.call("GET", "/v1/me").status == 200


def test_revoking_while_a_call_marks_the_tokens_use_still_revokes(workspace: Workspace) -> None:
    made = create(workspace).json
    used = through(workspace, made)
    with meanwhile(lambda: workspace.call("DELETE", f"/v1/tokens/{made['id']}")):
        assert used.call("GET", "/v1/chats").status == 401
    assert workspace.call("GET", f"/v1/tokens/{made['id']}").json["status"] == "revoked"


# --- no token makes a broader one: scopes -----------------------------------------------------------------


@pytest.mark.parametrize("missing", [scope for scope in permissions.ALL if scope != "tokens:write"])
def test_a_scope_that_is_not_held_cannot_be_given(workspace: Workspace, missing: Scope) -> None:
    held = [scope for scope in permissions.ALL if scope not in (missing, permissions.ADMIN)]
    narrow = workspace.narrow(*held)
    for given in ([missing], [*held, missing]):
        answer = create(narrow, *given)
        assert answer.status == 403, answer.body
        assert missing in answer.json["detail"]
    assert create(narrow, *held).status == 201


def test_a_token_made_by_a_token_cannot_make_a_broader_one(workspace: Workspace) -> None:
    first = workspace.narrow("tokens:write", "chats:read", "users:read")
    second = through(first, create(first, "tokens:write", "chats:read").json)
    assert create(second, "users:read").status == 403
    assert create(second, "tokens:write", "chats:read").status == 201


def test_a_role_that_shrank_shrinks_what_can_be_given(workspace: Workspace) -> None:
    admin = workspace.person("admin", "admin:*")
    made = through(admin, create(admin, "admin:*").json)
    assert made.call("GET", "/v1/tokens").status == 200
    assert workspace.call("PATCH", f"/v1/users/{admin.user_id}", {"role": "manager"}).status == 200
    assert create(made, "chats:read").status == 403
    assert workspace.call("PATCH", f"/v1/users/{admin.user_id}", {"role": "admin"}).status == 200
    assert create(made, "admin:*").status == 201


def test_a_token_made_while_its_user_loses_the_role_is_not_made(workspace: Workspace) -> None:
    admin = workspace.person("admin", "admin:*")
    assert admin.call("GET", "/v1/me").status == 200
    before = len(workspace.call("GET", "/v1/tokens").json["items"])
    demote = f"/v1/users/{admin.user_id}"
    for change in ({"role": "staff"}, {"active": False}):
        with meanwhile(lambda change=change: workspace.call("PATCH", demote, change)):  # type: ignore[misc]
            answer = create(admin, "admin:*")
        assert answer.status == 403, answer.body
        assert workspace.call("PATCH", demote, {"role": "admin", "active": True}).status == 200
    assert len(workspace.call("GET", "/v1/tokens").json["items"]) == before


# --- no token makes a broader one: environment and lifetime -----------------------------------------------


def test_a_test_token_makes_test_tokens_only(workspace: Workspace) -> None:
    for environment in ("staging", "development"):
        tester = workspace.narrow("admin:*", environment=environment)
        answer = create(tester, environment="production")
        assert answer.status == 403
        assert "production" in answer.json["detail"]
        assert create(tester, environment="staging").status == 201
        assert create(tester, environment="development").status == 201


def test_a_token_cannot_make_one_that_outlives_it(workspace: Workspace) -> None:
    made = create(workspace, "tokens:write", "chats:read", expires_at=at(DAY)).json
    short = through(workspace, made)
    for expires_at in (None, at(2 * DAY), "9999-12-31T23:59:59Z"):
        answer = create(short, **({"expires_at": expires_at} if expires_at else {}))
        assert answer.status == 403
        assert made["expires_at"] in answer.json["detail"]
    for expires_at in (at(DAY / 2), made["expires_at"]):
        assert create(short, expires_at=expires_at).status == 201


def test_a_token_sees_and_stops_its_own_users_only(workspace: Workspace) -> None:
    admin = workspace.person("admin", "tokens:read", "tokens:write")
    theirs = create(workspace).json
    assert theirs["id"] not in [token["id"] for token in admin.call("GET", "/v1/tokens").json["items"]]
    for method, body in (("GET", None), ("PATCH", {"name": "x"}), ("DELETE", None)):
        assert admin.call(method, f"/v1/tokens/{theirs['id']}", body).status == 404
    assert through(workspace, theirs).call("GET", "/v1/me").status == 200


def test_to_a_test_token_live_tokens_do_not_exist(workspace: Workspace) -> None:
    live, test = create(workspace).json, create(workspace, environment="staging").json
    tester = workspace.narrow("admin:*", environment="staging")
    listed = [token["id"] for token in tester.call("GET", "/v1/tokens").json["items"]]
    assert test["id"] in listed
    assert live["id"] not in listed
    for method, body in (("GET", None), ("PATCH", {"scopes": ["admin:*"]}), ("DELETE", None)):
        assert tester.call(method, f"/v1/tokens/{live['id']}", body).status == 404
    assert {live["id"], test["id"]} <= {t["id"] for t in workspace.call("GET", "/v1/tokens").json["items"]}
