"""Personal access tokens in Mattermost's API: created, listed, disabled, enabled and revoked."""

from typing import Any

from tests.integration.conftest import Workspace
from tests.integration.mattermost.v4 import refused
from tests.support.mattermost import short
from tests.support.world import World

BOTS, TOKENS = "/api/v4/bots", "/api/v4/users/tokens"
EXPIRED = (401, "api.context.session_expired.app_error")
PERMISSIONS = (403, "api.context.permissions.app_error")
BODY = (400, "api.context.invalid_body_param.app_error")
PARAMETER = (400, "api.context.invalid_url_param.app_error")


def switch(by: Workspace, verb: str, token_id: str) -> Any:
    return by.call("POST", f"{TOKENS}/{verb}", {"token_id": short(token_id)})


def test_a_bots_token_works_until_it_is_revoked(world: World, workspace: Workspace) -> None:
    bot = workspace.make(BOTS, {"username": "deploy"})
    tokens = f"/api/v4/users/{bot['user_id']}/tokens"
    made = workspace.make(tokens, {"description": "CI of the\n docs"}, 200)
    as_bot = Workspace(workspace.world, workspace.workspace_id, "", made["token"])
    assert as_bot.call("GET", "/api/v4/users/me").json["username"] == "deploy"
    shown = {name: value for name, value in made.items() if name != "token"}
    assert (shown["user_id"], shown["is_active"], shown["description"]) == (bot["user_id"], True, "CI of the\n docs")
    assert workspace.call("GET", tokens).json == [shown]
    assert workspace.call("GET", f"/api/v4/users/tokens/{made['id']}").json == shown
    assert workspace.call("POST", "/api/v4/users/tokens/revoke", {"token_id": made["id"]}).json == {"status": "OK"}
    assert refused(as_bot.call("GET", "/api/v4/users/me"))[0] == 401
    assert workspace.call("GET", tokens).json == []
    assert workspace.call("GET", f"/api/v4/users/tokens/{made['id']}").json["is_active"] is False


def test_an_own_token_may_do_what_its_maker_may(workspace: Workspace) -> None:
    narrow = workspace.narrow("tokens:read", "tokens:write", "chats:read")
    made = narrow.make("/api/v4/users/me/tokens", {"description": "mine"}, 200)
    own = Workspace(workspace.world, workspace.workspace_id, workspace.user_id, made["token"])
    assert own.call("GET", "/v1/me").json["scopes"] == ["chats:read", "tokens:read", "tokens:write"]
    listed = narrow.call("GET", f"/api/v4/users/{short(workspace.user_id)}/tokens").json
    assert made["id"] in [one["id"] for one in listed]
    assert all("token" not in one for one in listed)
    assert narrow.call("POST", "/api/v4/users/tokens/revoke", {"token_id": made["id"]}).status == 200
    assert refused(own.call("GET", "/api/v4/users/me"))[0] == 401


def test_a_token_that_cannot_be_made_read_or_revoked(workspace: Workspace, other: Workspace) -> None:
    mine, revoke = "/api/v4/users/me/tokens", "/api/v4/users/tokens/revoke"
    bodies: list[Any] = [{}, {"description": " "}, {"description": "x" * 256}, {"description": 5}, []]
    for body in bodies:
        assert refused(workspace.call("POST", mine, body)) == BODY
    person = workspace.person("staff")
    assert (
        refused(workspace.call("POST", f"/api/v4/users/{short(person.user_id)}/tokens", {"description": "x"}))
        == PERMISSIONS
    )
    assert refused(workspace.narrow("chats:read").call("POST", mine, {"description": "x"})) == PERMISSIONS
    made = workspace.make(mine, {"description": "x"}, 200)
    for by in (other, workspace.narrow("chats:read")):
        assert refused(by.call("GET", f"/api/v4/users/tokens/{made['id']}")) == PERMISSIONS
        assert refused(by.call("POST", revoke, {"token_id": made["id"]})) == PERMISSIONS
    for body in [{}, {"token_id": "x"}, bodies[-1]]:
        assert refused(workspace.call("POST", revoke, body)) == BODY
    assert refused(workspace.call("GET", "/api/v4/users/tokens/x")) == PARAMETER


def test_an_administrator_pages_through_the_tokens_of_everybody(workspace: Workspace, other: Workspace) -> None:
    person = workspace.person("admin", "tokens:read", "tokens:write", "chats:read")
    body = {"scopes": ["chats:read"], "environment": "production"}
    ending = person.make("/v1/tokens", {"name": "ends", "expires_at": "2100-01-01T00:00:00Z", **body})
    gone = person.make("/v1/tokens", {"name": "gone", **body})
    assert switch(person, "revoke", gone["id"]).status == 200
    bot = workspace.make(BOTS, {"username": "deploy"})
    of_bot = workspace.make(f"/api/v4/users/{bot['user_id']}/tokens", {"description": "CI"}, 200)
    assert switch(workspace, "disable", f"tok_{of_bot['id'].upper()}").status == 200
    listed = workspace.call("GET", TOKENS).json
    assert [(one["user_id"], one["description"], one["is_active"]) for one in listed] == [
        (short(workspace.user_id), "Owner", True),
        (short(person.user_id), "own", True),
        (short(person.user_id), "ends", True),
        (bot["user_id"], "CI", False),
    ]
    assert {tuple(one) for one in listed} == {("id", "user_id", "description", "is_active")}
    assert listed[2]["id"] == short(ending["id"])
    pages = [workspace.call("GET", f"{TOKENS}?page={number}&per_page=3").json for number in range(3)]
    assert pages == [listed[:3], listed[3:], []]
    admin = workspace.person("admin", "admin:*")
    assert admin.call("GET", TOKENS).json[: len(listed)] == listed
    assert [one["description"] for one in other.call("GET", TOKENS).json] == ["Owner"]
    tester = workspace.narrow("admin:*", environment="development")
    assert [one["description"] for one in tester.call("GET", TOKENS).json] == ["narrow"]
    for by in (person, workspace.narrow("tokens:read", "bots:read")):
        assert refused(by.call("GET", TOKENS)) == PERMISSIONS
    assert refused(workspace.call("DELETE", TOKENS)) == (404, "api.context.404.app_error")


def test_lists_of_ones_own_and_of_a_bots_tokens_have_pages(workspace: Workspace) -> None:
    bot = workspace.make(BOTS, {"username": "deploy"})
    for tokens in (f"/api/v4/users/{bot['user_id']}/tokens", "/api/v4/users/me/tokens"):
        before = workspace.call("GET", tokens).json
        made = [workspace.make(tokens, {"description": name}, 200)["id"] for name in "abc"]
        expected = [one["id"] for one in before] + made
        pages = [workspace.call("GET", f"{tokens}?page={number}&per_page=2").json for number in range(3)]
        assert [[one["id"] for one in page] for page in pages] == [expected[:2], expected[2:4], expected[4:]]


def test_an_expired_token_is_not_active(workspace: Workspace, later: Any) -> None:
    body = {"name": "CI", "scopes": ["chats:read"], "environment": "production", "expires_at": "2100-01-01T00:00:00Z"}
    made = short(workspace.make("/v1/tokens", body)["id"])
    for at, is_active in ((0, True), (100 * 365 * 86_400, False)):
        later(at)
        listed = {one["id"]: one["is_active"] for one in workspace.call("GET", TOKENS).json}
        assert listed[made] is workspace.call("GET", f"{TOKENS}/{made}").json["is_active"] is is_active


def test_tokens_of_people_need_the_plan(world: World) -> None:
    made = world.bootstrap("Small", plan="free")
    owner = Workspace(world, made["workspace_id"], made["user_id"], made["token"])
    answer = owner.call("POST", "/api/v4/users/me/tokens", {"description": "x"})
    assert refused(answer) == (501, "app.user_access_token.disabled")
    bot = owner.make(BOTS, {"username": "deploy"})
    of_bot = owner.make(f"/api/v4/users/{bot['user_id']}/tokens", {"description": "x"}, 200)
    as_bot = Workspace(world, owner.workspace_id, "", of_bot["token"])
    for verb, status in (("disable", 401), ("enable", 200)):
        assert owner.call("POST", f"{TOKENS}/{verb}", {"token_id": of_bot["id"]}).json == {"status": "OK"}
        assert as_bot.call("GET", "/v1/me").status == status


# --- disabling --------------------------------------------------------------------------------------------------------


def test_a_disabled_token_is_refused_everywhere_until_it_is_enabled(world: World, workspace: Workspace) -> None:
    made = workspace.make("/api/v4/users/me/tokens", {"description": "CI"}, 200)
    token_id = f"tok_{made['id'].upper()}"
    own = Workspace(world, workspace.workspace_id, workspace.user_id, made["token"])
    assert own.call("GET", "/v1/me").status == 200
    assert switch(workspace, "disable", token_id).json == {"status": "OK"}
    for path in ("/v1/me", "/v1/chats", "/v1/tokens"):
        answer = own.call("GET", path)
        assert (answer.status, "disabled" in answer.json["detail"]) == (401, True)
    assert refused(own.call("GET", "/api/v4/users/me")) == EXPIRED
    assert refused(switch(own, "enable", token_id)) == EXPIRED
    shown = workspace.call("GET", f"/v1/tokens/{token_id}").json
    assert (shown["status"], shown["disabled_at"] is not None, shown["revoked_at"]) == ("disabled", True, None)
    assert [one["id"] for one in workspace.call("GET", "/v1/tokens?status=disabled").json["items"]] == [token_id]
    assert token_id not in [one["id"] for one in workspace.call("GET", "/v1/tokens?status=active").json["items"]]
    assert workspace.call("GET", f"{TOKENS}/{made['id']}").json["is_active"] is False
    listed = {one["id"]: one["is_active"] for one in workspace.call("GET", "/api/v4/users/me/tokens").json}
    assert listed[made["id"]] is False
    for _ in range(2):  # enabling twice is harmless
        assert switch(workspace, "enable", token_id).json == {"status": "OK"}
    assert own.call("GET", "/v1/me").status == 200
    shown = workspace.call("GET", f"/v1/tokens/{token_id}").json
    assert (shown["status"], shown["disabled_at"]) == ("active", None)
    assert workspace.call("GET", "/v1/tokens?status=disabled").json["items"] == []
    actions = [one["action"] for one in workspace.call("GET", f"/v1/audit?target_id={token_id}").json["items"]]
    assert actions == ["token.enabled", "token.disabled", "token.created"]


def test_a_token_stays_disabled_whatever_else_happens_to_it(world: World, workspace: Workspace) -> None:
    """Changing its scopes, its user's role or activity, or the plan must not enable it."""
    person = workspace.person("admin", "tokens:read", "tokens:write", "chats:read")
    made = person.make("/v1/tokens", {"name": "CI", "scopes": ["chats:read"], "environment": "production"})
    own = Workspace(world, workspace.workspace_id, person.user_id, made["token"])
    assert switch(person, "disable", made["id"]).status == 200
    assert person.call("PATCH", f"/v1/tokens/{made['id']}", {"scopes": ["tokens:read"]}).status == 200
    user = f"/v1/users/{person.user_id}"
    for change in ({"role": "staff"}, {"active": False}, {"active": True}, {"role": "admin"}):
        assert workspace.call("PATCH", user, change).status == 200
        assert own.call("GET", "/v1/me").status == 401
    world.invoke("plan", {"workspace_id": workspace.workspace_id, "plan": "free"})
    assert own.call("GET", "/v1/me").status == 401
    # Without the plan, it is neither enabled nor made; it is revoked as any other.
    assert refused(switch(person, "enable", made["id"])) == (501, "app.user_access_token.disabled")
    assert switch(person, "disable", made["id"]).status == 200
    assert switch(person, "revoke", made["id"]).status == 200
    assert workspace.call("GET", "/v1/audit?action=token.revoked").json["items"][0]["target_id"] == made["id"]


def test_a_disabled_token_that_expires_or_is_revoked_is_so(workspace: Workspace, later: Any) -> None:
    body = {"name": "CI", "scopes": ["chats:read"], "environment": "production", "expires_at": "2100-01-01T00:00:00Z"}
    made, other = (workspace.make("/v1/tokens", body) for _ in range(2))
    for one in (made, other):
        assert switch(workspace, "disable", one["id"]).status == 200
    assert workspace.call("DELETE", f"/v1/tokens/{other['id']}").status == 204
    assert workspace.call("GET", f"/v1/tokens/{other['id']}").json["status"] == "revoked"
    for verb in ("enable", "disable"):
        assert refused(switch(workspace, verb, other["id"])) == BODY
    later(100 * 365 * 86_400)
    assert workspace.call("GET", f"/v1/tokens/{made['id']}").json["status"] == "expired"
    assert workspace.call("GET", "/v1/tokens?status=disabled").json["items"] == []


def test_a_disabled_token_that_somebody_found_is_revoked_by_showing_it(world: World, workspace: Workspace) -> None:
    made = workspace.make("/v1/tokens", {"name": "CI", "scopes": ["chats:read"], "environment": "production"})
    assert switch(workspace, "disable", made["id"]).status == 200
    shown = world.call("POST", "/v1/tokens/revoke-by-secret", json_body={"token": made["token"]})
    assert shown.status == 204
    assert workspace.call("GET", f"/v1/tokens/{made['id']}").json["status"] == "revoked"


def test_nobody_disables_or_enables_what_stands_above_them(workspace: Workspace, other: Workspace) -> None:
    owners = workspace.make("/v1/tokens", {"name": "CI", "scopes": ["chats:read"], "environment": "production"})
    wide = workspace.make("/v1/tokens", {"name": "Wide", "scopes": ["users:write"], "environment": "production"})
    admin, colleague = workspace.person("admin", "admin:*"), workspace.person("admin", "tokens:write", "chats:read")
    narrow = workspace.narrow("tokens:write")
    tester = workspace.narrow("admin:*", environment="development")
    for verb in ("disable", "enable"):
        for by in (admin, colleague, other, tester, workspace.narrow("tokens:read")):
            assert refused(switch(by, verb, owners["id"])) == PERMISSIONS
        assert refused(switch(narrow, verb, wide["id"])) == PERMISSIONS
        bodies: list[Any] = [{}, {"token_id": "x"}, {"token_id": 5}, []]
        for body in bodies:
            assert refused(workspace.call("POST", f"{TOKENS}/{verb}", body)) == BODY
        assert refused(switch(workspace, verb, f"tok_{'0' * 26}")) == PERMISSIONS
    assert workspace.call("GET", f"/v1/tokens/{owners['id']}").json["status"] == "active"
    # An administrator acts on those of others, who are below.
    below = colleague.make("/api/v4/users/me/tokens", {"description": "mine"}, 200)
    for verb, is_active in (("disable", False), ("enable", True)):
        assert switch(admin, verb, below["id"]).status == 200
        assert admin.call("GET", f"{TOKENS}/{below['id']}").json["is_active"] is is_active
    assert switch(admin, "revoke", below["id"]).status == 200


def test_a_bots_token_is_switched_by_its_owner_as_far_as_the_owners_scopes_go(
    world: World, workspace: Workspace
) -> None:
    keeper = workspace.person("admin", "bots:read", "bots:write", "messages:write", "tokens:write")
    bot = keeper.make(BOTS, {"username": "deploy"})
    made = keeper.make(f"/api/v4/users/{bot['user_id']}/tokens", {"description": "CI"}, 200)
    as_bot = Workspace(world, workspace.workspace_id, "", made["token"])
    assert as_bot.call("GET", "/v1/me").status == 200
    narrow = keeper.make("/v1/tokens", {"name": "n", "scopes": ["bots:write"], "environment": "production"})["token"]
    through_narrow = Workspace(world, workspace.workspace_id, keeper.user_id, narrow)
    assert switch(through_narrow, "disable", made["id"]).status == 200
    assert as_bot.call("GET", "/v1/me").status == 401
    assert refused(switch(through_narrow, "enable", made["id"])) == PERMISSIONS
    assert switch(keeper, "enable", made["id"]).status == 200
    assert as_bot.call("GET", "/v1/me").status == 200
    colleague = workspace.person("admin", "bots:write", "messages:write")
    assert refused(switch(colleague, "disable", made["id"])) == PERMISSIONS
