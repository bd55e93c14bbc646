"""Every route of Mattermost's API, called without its scope, and with ids of another workspace.

The dialect checks these callers itself, and refuses in Mattermost's words, so `test_matrix` does not cover the routes.
"""

import json

import pytest
from ferryman.http.routes import Route
from ferryman.identity.permissions import Scope

from tests.integration.conftest import Workspace
from tests.integration.mattermost.v4 import KEYS, OPEN, ROUTES
from tests.support.objects import Objects, path
from tests.support.world import World

# The scope that each address asks for; None where signing in is enough.
NEEDS: dict[str, Scope | None] = {
    "GET /api/v4/users/me": None,
    "GET /api/v4/users/me/teams": None,
    "GET /api/v4/teams/{team_id}": None,
    "GET /api/v4/teams/name/{team_name}": None,
    "POST /api/v4/files": None,
    "GET /api/v4/users/{v4_user_id}": "users:read",
    "GET /api/v4/users/username/{username}": "users:read",
    "GET /api/v4/users/email/{email}": "users:read",
    "POST /api/v4/users/ids": "users:read",
    "POST /api/v4/users/usernames": "users:read",
    "GET /api/v4/users/{v4_user_id}/teams/{team_id}/channels": "chats:read",
    "GET /api/v4/teams/{team_id}/channels/name/{channel_name}": "chats:read",
    "GET /api/v4/teams/name/{team_name}/channels/name/{channel_name}": "chats:read",
    "GET /api/v4/channels/{channel_id}": "chats:read",
    "GET /api/v4/channels/{channel_id}/members": "chats:read",
    "GET /api/v4/channels/{channel_id}/members/{v4_user_id}": "chats:read",
    "GET /api/v4/channels/{channel_id}/posts": "messages:read",
    "POST /api/v4/channels/direct": "messages:write",
    "POST /api/v4/posts": "messages:write",
    "GET /api/v4/posts/{v4_post_id}": "messages:read",
    "GET /api/v4/posts/{v4_post_id}/thread": "messages:read",
    "PUT /api/v4/posts/{v4_post_id}": "messages:write",
    "PUT /api/v4/posts/{v4_post_id}/patch": "messages:write",
    "DELETE /api/v4/posts/{v4_post_id}": "messages:write",
    "GET /api/v4/hooks/incoming": "webhooks:read",
    "GET /api/v4/hooks/incoming/{incoming_hook_id}": "webhooks:read",
    "POST /api/v4/hooks/incoming": "webhooks:write",
    "PUT /api/v4/hooks/incoming/{incoming_hook_id}": "webhooks:write",
    "DELETE /api/v4/hooks/incoming/{incoming_hook_id}": "webhooks:write",
    "GET /api/v4/bots": "bots:read",
    "GET /api/v4/bots/{v4_bot_id}": "bots:read",
    "POST /api/v4/bots": "bots:write",
    "PUT /api/v4/bots/{v4_bot_id}": "bots:write",
    "POST /api/v4/bots/{v4_bot_id}/disable": "bots:write",
    "POST /api/v4/bots/{v4_bot_id}/enable": "bots:write",
    "POST /api/v4/bots/{v4_bot_id}/assign/{v4_user_id}": "admin:*",
    "GET /api/v4/users/tokens": "admin:*",
    "GET /api/v4/users/{v4_user_id}/tokens": "bots:read",
    "POST /api/v4/users/{v4_user_id}/tokens": "bots:write",
    "GET /api/v4/users/tokens/{v4_token_id}": "tokens:read",
    "POST /api/v4/users/tokens/revoke": "tokens:write",
    "POST /api/v4/users/tokens/disable": "tokens:write",
    "POST /api/v4/users/tokens/enable": "tokens:write",
}
OURS = [route for route in ROUTES if route.path not in OPEN and route.key in NEEDS]
# Everybody may read the workspace that they are in, and lists of their own are empty elsewhere.
OWN_ANYWHERE = {"GET /api/v4/users/me", "GET /api/v4/users/me/teams", "GET /api/v4/hooks/incoming", "GET /api/v4/bots"}


@pytest.fixture
def objects(workspace: Workspace) -> Objects:
    return Objects(workspace)


def body(route: Route, objects: Objects) -> str:
    """A body that names objects of the workspace."""
    match route.key:
        case (
            "POST /api/v4/users/tokens/revoke"
            | "POST /api/v4/users/tokens/disable"
            | "POST /api/v4/users/tokens/enable"
        ):
            return json.dumps({"token_id": objects.id("v4_token_id")})
        case "POST /api/v4/posts" | "POST /api/v4/hooks/incoming":
            return json.dumps({"channel_id": objects.id("channel_id"), "message": "x"})
        case "POST /api/v4/channels/direct":
            return json.dumps([objects.id("v4_user_id")] * 2)
        case "PUT /api/v4/posts/{v4_post_id}":
            return json.dumps({"id": objects.id("v4_post_id"), "message": "x"})
        case "PUT /api/v4/hooks/incoming/{incoming_hook_id}":
            return json.dumps({"id": objects.id("incoming_hook_id")})
    return json.dumps({"description": "x", "username": "somebody"} if route.content else {})


@pytest.mark.parametrize("route", OURS, ids=lambda route: route.key)
def test_a_token_without_the_scope_is_refused_and_writes_nothing(
    world: World, workspace: Workspace, objects: Objects, route: Route
) -> None:
    needed = NEEDS[route.key]
    if needed is None:
        return
    caller = workspace.narrow("audit:read")
    address, sent = path(route, objects.ids(route)), body(route, objects)
    before = {name: rows for name, rows in world.rows().items() if name != "RatesTable"}
    answer = caller.call(route.method, address, body=sent)
    assert (answer.status, answer.json["id"]) == (403, "api.context.permissions.app_error"), answer.body
    assert list(answer.json) == KEYS
    assert {name: rows for name, rows in world.rows().items() if name != "RatesTable"} == before


@pytest.mark.parametrize("route", OURS, ids=lambda route: route.key)
def test_another_workspace_finds_nothing(
    world: World, workspace: Workspace, other: Workspace, objects: Objects, route: Route
) -> None:
    if route.key in OWN_ANYWHERE or not (route.content or "{" in route.path):
        return
    if route.key in (
        "POST /api/v4/bots",
        "POST /api/v4/users/ids",
        "POST /api/v4/users/usernames",
        "POST /api/v4/files",
    ):
        return  # they name nothing of a workspace
    address, sent = path(route, objects.ids(route)), body(route, objects)
    before = {name: rows for name, rows in world.rows().items() if name != "RatesTable"}
    answer = other.call(route.method, address, body=sent)
    assert answer.status in (403, 404), answer.body
    assert list(answer.json) == KEYS
    assert {name: rows for name, rows in world.rows().items() if name != "RatesTable"} == before


def test_each_route_here_is_named_with_its_scope() -> None:
    """Routes of outgoing webhooks, commands and buttons have tests of their own."""
    others = ("/api/v4/hooks/outgoing", "/api/v4/commands", "/api/v4/teams/{team_id}/commands")
    named = {route.key for route in ROUTES if route.path not in OPEN and not route.path.startswith(others)}
    assert {key for key in named if "/actions/" not in key} == NEEDS.keys()
