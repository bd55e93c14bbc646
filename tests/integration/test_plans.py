"""The plan of a workspace: set by the operator, copied to every token and session, and shown to every user."""

from typing import Any

import pytest
from ferryman.identity import plans
from ferryman.identity.plans import Plan

from tests.integration.conftest import Workspace
from tests.support.meanwhile import meanwhile
from tests.support.world import World
from tools import openapi

TOKEN = {"name": "CI", "scopes": ["chats:read"], "environment": "production"}


def give(workspace: Workspace, plan: Plan | None) -> dict[str, Any]:
    answer: dict[str, Any] = workspace.world.invoke("plan", {"workspace_id": workspace.workspace_id, "plan": plan})
    assert answer["plan"] == plan, answer
    return answer


def plan_of(workspace: Workspace) -> str:
    return str(workspace.call("GET", "/v1/me").json["plan"])


def test_a_workspace_that_was_given_no_plan_has_the_deployments_default(workspace: Workspace) -> None:
    assert plan_of(workspace) == "enterprise"
    assert plan_of(workspace.signed_in()) == "enterprise"
    assert workspace.call("GET", "/v1/workspace").json["plan"] == "enterprise"


def test_a_workspace_is_made_with_a_plan(world: World) -> None:
    made = world.bootstrap("Small", plan="standard")
    owner = Workspace(world, made["workspace_id"], made["user_id"], made["token"])
    shown = owner.call("GET", "/v1/workspace").json
    assert (shown["id"], shown["name"], shown["plan"]) == (owner.workspace_id, "Small", "standard")
    refused = owner.call("POST", "/v1/tokens", TOKEN)
    assert refused.status == 403
    assert refused.json["type"] == "urn:ferryman:problem:plan-required"
    assert (refused.json["plan"], refused.json["required_plan"]) == ("standard", "enterprise")


def test_another_plan_holds_for_every_token_and_session_at_once(workspace: Workspace, other: Workspace) -> None:
    tokens = [workspace, workspace.narrow("tokens:read"), workspace.narrow("admin:*", environment="staging")]
    sessions = [workspace.signed_in(), workspace.person("admin", "tokens:read").signed_in()]
    answer = give(workspace, "pro")
    assert (answer["previous"], answer["credentials"]) == (None, 6)
    for caller in [*tokens, *sessions]:
        refused = caller.call("GET", "/v1/tokens")
        assert (refused.status, refused.json["plan"]) == (403, "pro")
    assert plan_of(other) == "enterprise"
    give(workspace, "enterprise")
    for caller in [*tokens, *sessions]:
        assert caller.call("GET", "/v1/tokens").status == 200


def test_a_bot_and_a_session_that_are_made_after_a_change_have_the_new_plan(workspace: Workspace) -> None:
    give(workspace, "pro")
    bot = workspace.make("/v1/bots", {"name": "Deploy bot", "handle": "deploy"})
    assert workspace.world.call("GET", "/v1/me", token=bot["token"]).json["plan"] == "pro"
    assert plan_of(workspace.signed_in()) == "pro"


def test_a_token_that_is_made_while_the_plan_changes_has_not_the_old_one(workspace: Workspace) -> None:
    with meanwhile(lambda: give(workspace, "free")):
        answer = workspace.call("POST", "/v1/tokens", TOKEN)
    assert answer.status == 409
    assert "another plan" in answer.json["detail"]


def test_without_the_plan_what_exists_goes_on_and_can_be_ended(workspace: Workspace, world: World) -> None:
    token = workspace.make("/v1/tokens", TOKEN)
    leaked = workspace.make("/v1/tokens", TOKEN)
    hook = {"url": "https://ci.example.com/in", "events": ["message.created"]}
    webhook = workspace.make("/v1/webhooks", hook)
    give(workspace, "free")
    assert world.call("GET", "/v1/chats", token=token["token"]).status == 200
    assert workspace.call("GET", f"/v1/webhooks/{webhook['id']}").status == 403
    assert workspace.call("DELETE", f"/v1/tokens/{token['id']}").status == 204
    assert (
        workspace.call("POST", "/v1/tokens/revoke", {"ids": [leaked["id"]]}).json["results"][0]["status"] == "revoked"
    )
    assert workspace.call("DELETE", f"/v1/webhooks/{webhook['id']}").status == 204


def test_a_change_is_audited_and_repeating_it_changes_nothing(workspace: Workspace) -> None:
    give(workspace, "standard")
    assert give(workspace, "standard")["previous"] == "standard"
    records = workspace.call("GET", "/v1/audit?action=workspace.plan_changed").json["items"]
    assert [(one["actor"]["user_id"], one["details"]) for one in records] == [
        ("operator", {"plan": "standard", "was": None})
    ]
    give(workspace, None)
    assert plan_of(workspace) == "enterprise"


@pytest.mark.parametrize(
    ("event", "text"),
    [
        ({"workspace_id": "wsp_01ARZ3NDEKTSV4RRFFQ69G5FAV", "plan": "pro"}, "does not exist"),
        ({"workspace_id": "acme", "plan": "pro"}, "workspace_id"),
        ({"workspace_id": "wsp_01ARZ3NDEKTSV4RRFFQ69G5FAV", "plan": "gold"}, "plan"),
    ],
)
def test_a_change_that_cannot_be_is_refused_with_the_reason(world: World, event: dict[str, Any], text: str) -> None:
    assert text in world.invoke("plan", event)["error"]


def test_every_route_that_needs_a_plan_says_so(described: dict[str, dict[str, Any]]) -> None:
    gated = {route.key: route.needs.plan for route in openapi.routes() if route.needs.plan}
    assert {key: described[key].get("x-required-plan") for key in gated} == gated
    assert "POST /v1/tokens" in gated and "GET /v1/webhooks" in gated
    assert plans.includes("enterprise", "free") and not plans.includes("pro", "enterprise")
