"""The tokens of connections by OAuth: renewing, rotating, reading, revoking."""

from typing import Any

import pytest
from ferryman import clock

from tests.integration.conftest import Later, Workspace
from tests.integration.connections.oauth import actions, approve, check, connect, connected, finish
from tests.support.oauth_provider import CLIENT_ID, CLIENT_SECRET, Product
from tests.support.world import World


def token(workspace: Workspace, connection_id: str) -> Any:
    answer = workspace.call("POST", f"/v1/connections/{connection_id}/token")
    assert answer.status == 200, answer.body
    return answer.json


def grants(product: Product) -> list[str]:
    return [call.form["grant_type"] for call in product.called("/token")]


def test_a_token_is_renewed_before_it_expires_and_the_product_may_rotate_it(
    workspace: Workspace, product: Product, later: Later
) -> None:
    connection_id = connected(workspace)
    first = token(workspace, connection_id)
    assert first["access_token"] in product.access_tokens
    assert (first["token_type"], len(first["access_token"])) == ("Bearer", 4800)
    assert clock.seconds(first["expires_at"]) == pytest.approx(clock.now() + 3600, abs=30)
    later(3600 - 130)
    assert token(workspace, connection_id)["access_token"] == first["access_token"]
    seen = {first["access_token"]}
    for number in (1, 2, 3):
        later(number * 3600 - 110)
        seen.add(token(workspace, connection_id)["access_token"])
    assert len(seen) == 4
    assert grants(product) == ["authorization_code", *["refresh_token"] * 3]
    assert len(product.used_refresh_tokens) == 3


def test_a_product_that_does_not_rotate_gives_no_new_refresh_token(
    workspace: Workspace, product: Product, later: Later
) -> None:
    product.rotates = False
    connection_id = connected(workspace)
    for number in (1, 2):
        later(number * 3600)
        token(workspace, connection_id)
    assert len({call.form["refresh_token"] for call in product.called("/token")[1:]}) == 1


def test_one_refresh_at_a_time(workspace: Workspace, product: Product, later: Later) -> None:
    """While one caller renews the token, another caller gets the old token if it is still valid, and else a 409."""
    connection_id = connected(workspace)
    old = token(workspace, connection_id)["access_token"]
    during: list[Any] = []

    def meanwhile(path: str) -> None:
        if path == "/token":
            during.append(workspace.call("POST", f"/v1/connections/{connection_id}/token"))

    product.before_answer = meanwhile
    later(3600 - 60)
    new = token(workspace, connection_id)["access_token"]
    assert new != old
    assert [answer.json["access_token"] for answer in during] == [old]
    later(2 * 3600)
    newer = token(workspace, connection_id)["access_token"]
    assert newer not in (old, new)
    assert (during[1].status, "being renewed" in during[1].json["detail"]) == (409, True)
    assert grants(product) == ["authorization_code", "refresh_token", "refresh_token"]


def test_a_renewal_that_died_holds_nobody_up_for_long(
    workspace: Workspace, product: Product, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ferryman.integrations.connections.oauth import client

    connection_id = connected(workspace)

    def dies(*_: Any) -> None:
        raise RuntimeError("the function ended here")

    later(3600)
    with monkeypatch.context() as patched:
        patched.setattr(client, "refresh", dies)
        assert workspace.call("POST", f"/v1/connections/{connection_id}/token").status == 500
    assert workspace.call("POST", f"/v1/connections/{connection_id}/token").status == 409
    later(3600 + 31)
    token(workspace, connection_id)


def test_an_approval_that_ended_is_told_to_the_admins_and_can_be_given_again(
    world: World, workspace: Workspace, product: Product, later: Later
) -> None:
    connection_id = connected(workspace)
    product.refresh_tokens.clear()
    later(3600)
    found = check(workspace, connection_id)
    assert (found["ok"], found["state"]) == (False, "needs_reconnecting")
    assert "(invalid_grant)" in found["detail"]
    asked = len(product.calls)
    assert check(workspace, connection_id)["state"] == "needs_reconnecting"
    refused = workspace.call("POST", f"/v1/connections/{connection_id}/token")
    assert (refused.status, "(invalid_grant)" in refused.json["detail"]) == (409, True)
    assert len(product.calls) == asked  # nobody asks in vain again
    world.invoke("notifier", {})
    (notice,) = workspace.call("GET", "/v1/me/notifications").json["items"]
    assert "needs reconnecting" in notice["title"]
    url = workspace.make(f"/v1/connections/{connection_id}/authorize", None, 200)["authorize_url"]
    assert finish(workspace, approve(url)).json["state"] == "enabled"
    assert check(workspace, connection_id)["ok"]
    assert actions(workspace, connection_id) == [
        "approved",
        "approval_begun",
        "needs_reconnecting",
        "approved",
        "created",
    ]


def test_a_product_that_is_away_for_a_while_changes_nothing(
    workspace: Workspace, product: Product, later: Later
) -> None:
    connection_id = connected(workspace)
    later(3600)
    for answer in ((503, b"later"), (400, b'{"error": "temporarily_unavailable"}')):
        product.answers["/token"] = answer
        found = check(workspace, connection_id)
        assert (found["ok"], found["state"]) == (False, "enabled"), found
    product.answers.clear()
    assert check(workspace, connection_id)["ok"]
    product.answers["/accounts"] = (502, b"")
    found = check(workspace, connection_id)
    assert (found["ok"], found["state"], found["detail"]) == (False, "enabled", "Xero answered 502.")


def test_a_token_that_the_product_took_back_is_renewed_once_by_the_check(
    workspace: Workspace, product: Product
) -> None:
    connection_id = connected(workspace)
    product.access_tokens.clear()
    assert check(workspace, connection_id)["ok"]
    assert grants(product) == ["authorization_code", "refresh_token"]
    product.answers["/accounts"] = (401, b"")
    found = check(workspace, connection_id)
    assert (found["ok"], found["detail"]) == (False, "Xero answered 401.")
    assert grants(product) == ["authorization_code", "refresh_token", "refresh_token"]


def test_without_a_refresh_token_it_needs_reconnecting_in_the_end(
    workspace: Workspace, product: Product, later: Later
) -> None:
    product.answers["/token"] = (200, b'{"access_token": "a", "expires_in": 600}')
    connection_id = connected(workspace)
    later(590)
    assert token(workspace, connection_id)["access_token"] == "a"
    later(601)
    assert check(workspace, connection_id)["state"] == "needs_reconnecting"


def test_a_disabled_connection_gives_no_token(workspace: Workspace, product: Product) -> None:
    connection_id = connected(workspace)
    url = f"/v1/connections/{connection_id}"
    off = workspace.call("PATCH", url, {"enabled": False, "name": "Books"}).json
    assert (off["state"], off["reason"], off["name"]) == ("disabled", "disabled by a user", "Books")
    assert workspace.call("POST", f"{url}/token").status == 409
    assert not check(workspace, connection_id)["ok"]
    assert workspace.call("PATCH", url, {"enabled": True}).json["state"] == "enabled"
    assert token(workspace, connection_id)["access_token"]


def test_a_reset_revokes_and_forgets_and_the_client_stays(workspace: Workspace, product: Product) -> None:
    connection_id = connected(workspace)
    check(workspace, connection_id)
    url = f"/v1/connections/{connection_id}"
    reset = workspace.make(f"{url}/reset", {"confirm": True}, 200)
    assert (reset["state"], reset["metadata"]) == ("waiting", {})
    assert not product.refresh_tokens
    assert workspace.call("POST", f"{url}/token").status == 409
    again = workspace.make(f"{url}/authorize", None, 200)["authorize_url"]
    assert finish(workspace, approve(again)).json["state"] == "enabled"


def test_another_client_needs_another_approval_and_a_rotated_secret_does_not(
    workspace: Workspace, product: Product, later: Later
) -> None:
    connection_id = connected(workspace)
    url = f"/v1/connections/{connection_id}"
    product.client_secret = "rotated-secret"
    later(3600)
    found = check(workspace, connection_id)
    assert (found["state"], "(invalid_client)" in found["detail"]) == ("needs_reconnecting", True)
    rotated = {"client_id": CLIENT_ID, "client_secret": "rotated-secret"}
    assert workspace.call("PATCH", url, {"configuration": rotated}).json["state"] == "enabled"
    assert check(workspace, connection_id)["ok"]
    assert workspace.call("PATCH", url, {"configuration": {"client_id": CLIENT_ID}}).json["state"] == "enabled"
    refused = workspace.call("PATCH", url, {"configuration": {"client_id": "client-2"}})
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, "/configuration/client_secret")
    other = {"client_id": "client-2", "client_secret": CLIENT_SECRET, "scopes": ["more"]}
    changed = workspace.call("PATCH", url, {"configuration": other}).json
    assert (changed["state"], changed["configuration"]) == ("waiting", {"client_id": "client-2", "scopes": ["more"]})
    assert not product.refresh_tokens


def test_disconnecting_goes_on_when_the_product_is_away(workspace: Workspace, product: Product) -> None:
    connection_id = connected(workspace)
    product.answers["/revoke"] = (503, b"")
    assert workspace.call("DELETE", f"/v1/connections/{connection_id}").status == 204
    deleted = workspace.call("GET", f"/v1/audit?target={connection_id}").json["items"][0]
    assert deleted["details"] == {"connector": "xero", "revoked_at_product": False}


def test_only_the_scope_of_its_own_reads_a_token_and_each_read_is_audited(
    workspace: Workspace, product: Product
) -> None:
    connection_id = connected(workspace)
    url = f"/v1/connections/{connection_id}/token"
    for scopes in (["connections:read", "connections:write"], ["connections:read"]):
        assert workspace.narrow(*scopes).call("POST", url).status == 403
    assert workspace.narrow("connections:token").call("POST", url).status == 200
    assert actions(workspace, connection_id)[0] == "token_read"
    manager = workspace.person("manager", "connections:read", "connections:write", "connections:token")
    own = connect(manager)
    assert finish(manager, approve(own["authorize_url"])).status == 200
    assert manager.call("POST", f"/v1/connections/{own['id']}/token").status == 403
    assert manager.call("POST", f"/v1/connections/{connection_id}/check").status == 404
    assert workspace.call("POST", f"/v1/connections/{own['id']}/token").status == 200


def test_a_connection_by_webhook_has_nothing_to_approve_or_to_check(workspace: Workspace, product: Product) -> None:
    body = {"connector": "slack", "configuration": {"url": "https://hooks.slack.example.com/x"}}
    made = workspace.make("/v1/connections", body)
    for act in ("authorize", "check", "token"):
        assert workspace.call("POST", f"/v1/connections/{made['id']}/{act}").status == 409
    by_oauth = connect(workspace)
    assert workspace.call("POST", f"/v1/connections/{by_oauth['id']}/test").status == 409
    assert {one["state"] for one in workspace.call("GET", "/v1/connections").json["items"]} == {"waiting", "enabled"}


def test_a_repeated_request_connects_once_and_shows_no_second_address(workspace: Workspace, product: Product) -> None:
    wanted = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    body, key = {"connector": "jira", "configuration": wanted}, {"idempotency-key": "once"}
    first = workspace.call("POST", "/v1/connections", body, headers=key).json
    again = workspace.call("POST", "/v1/connections", body, headers=key).json
    assert (again["id"], again["authorize_url"]) == (first["id"], None)


def test_a_connection_of_a_leaked_token_is_revoked_with_it(workspace: Workspace, product: Product) -> None:
    leaked = workspace.make("/v1/tokens", {"name": "CI", "scopes": ["admin:*"], "environment": "production"})
    thief = Workspace(workspace.world, workspace.workspace_id, workspace.user_id, leaked["token"])
    connection_id = connected(thief)
    ended = workspace.make(f"/v1/tokens/{leaked['id']}/end-all", None, 200)
    assert connection_id in str(ended)
    assert workspace.call("GET", f"/v1/connections/{connection_id}").status == 404
    assert not product.refresh_tokens
