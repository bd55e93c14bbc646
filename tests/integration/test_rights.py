"""Which users may act on which others, through the API: rank, test credentials, and sign-in data."""

import itertools

import pytest

from tests.integration.conftest import Workspace
from tests.support.clients import aws_client

PASSWORD = "correct horse battery"
_numbers = itertools.count()


def signing_in(workspace: Workspace, role: str = "staff") -> tuple[Workspace, str]:
    """A user with a password: requests with their session, and their e-mail address."""
    email = f"grace-{next(_numbers)}@example.com"
    user = workspace.make("/v1/users", {"name": "Grace", "email": email, "role": role})
    token = workspace.make(f"/v1/users/{user['id']}/invitation", None)["token"]
    workspace.world.call("POST", "/v1/invitations/accept", json_body={"token": token, "password": PASSWORD})
    answer = workspace.world.call("POST", "/v1/sessions", json_body={"email": email, "password": PASSWORD})
    return Workspace(workspace.world, workspace.workspace_id, user["id"], answer.json["token"]), email


def notices(person: Workspace) -> list[str]:
    person.world.pump()
    return [item["title"] for item in person.call("GET", "/v1/me/notifications").json["items"]]


# -- nobody acts on what outranks them ---------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [{"email": "mine@example.com"}, {"name": "Mallory"}, {"active": False}])
def test_a_narrow_token_changes_no_admin(workspace: Workspace, change: dict[str, object]) -> None:
    admin = workspace.person("admin", "admin:*")
    narrow = workspace.narrow("users:write")
    before = workspace.call("GET", f"/v1/users/{admin.user_id}").json
    assert narrow.call("PATCH", f"/v1/users/{admin.user_id}", change).status == 403
    assert workspace.call("GET", f"/v1/users/{admin.user_id}").json == before


def test_an_admin_neither_edits_nor_revokes_the_owners_tokens(workspace: Workspace) -> None:
    owned = workspace.make("/v1/tokens", {"name": "owned", "scopes": ["chats:read"], "environment": "production"})
    admin = workspace.person("admin", "admin:*")
    assert admin.call("PATCH", f"/v1/tokens/{owned['id']}", {"name": "mine"}).status == 403
    assert admin.call("DELETE", f"/v1/tokens/{owned['id']}").status == 403
    answer = admin.call("POST", "/v1/tokens/revoke", {"ids": [owned["id"]]})
    assert answer.json["results"] == [{"id": owned["id"], "status": "not_allowed"}]
    assert workspace.world.call("GET", "/v1/me", token=owned["token"]).status == 200
    assert workspace.call("DELETE", f"/v1/tokens/{owned['id']}").status == 204


def test_a_narrow_token_does_not_revoke_a_broader_one(workspace: Workspace) -> None:
    broad = workspace.make("/v1/tokens", {"name": "broad", "scopes": ["admin:*"], "environment": "production"})
    narrow = workspace.narrow("tokens:write")
    assert narrow.call("DELETE", f"/v1/tokens/{broad['id']}").status == 403
    results = narrow.call("POST", "/v1/tokens/revoke", {"ids": [broad["id"]]}).json["results"]
    assert [result["status"] for result in results] == ["not_allowed"]
    assert workspace.world.call("GET", "/v1/me", token=broad["token"]).status == 200


# -- test credentials change nothing live ------------------------------------------------------------------------------


def test_a_test_token_changes_no_person_chat_or_membership(workspace: Workspace) -> None:
    staff = workspace.person("staff")
    chat_id = workspace.chat(member_ids=[staff.user_id])
    tester = workspace.narrow("admin:*", environment="development")
    tables = ("users", "chats", "credentials", "tokens", "emails", "sessions", "logins")
    before = {name: _rows(workspace, name) for name in tables}
    for method, target, body in (
        ("POST", "/v1/users", {"name": "Eve", "email": "eve@example.com", "role": "owner"}),
        ("PATCH", f"/v1/users/{staff.user_id}", {"role": "owner"}),
        ("PATCH", f"/v1/users/{staff.user_id}", {"active": False}),
        ("PATCH", f"/v1/users/{staff.user_id}", {"email": "eve@example.com"}),
        ("PATCH", f"/v1/chats/{chat_id}", {"active": False}),
        ("PUT", f"/v1/chats/{chat_id}/members/{workspace.user_id}", None),
        ("DELETE", f"/v1/chats/{chat_id}/members/{staff.user_id}", None),
        ("POST", f"/v1/users/{staff.user_id}/invitation", None),
        ("DELETE", f"/v1/users/{staff.user_id}/totp", None),
    ):
        answer = tester.call(method, target, body)
        assert answer.status == 403, (method, target, answer.body)
    assert {name: _rows(workspace, name) for name in tables} == before


def _rows(workspace: Workspace, table: str) -> list[str]:
    """Every row of a table as text, without attributes that the use of a token changes."""
    items = aws_client("dynamodb").scan(TableName=workspace.world.table(table))["Items"]
    ignored = ("used_at", "last_used_at")
    return sorted(repr(sorted((k, v) for k, v in item.items() if k not in ignored)) for item in items)


def test_a_test_token_manages_the_chats_that_test_tokens_made(workspace: Workspace) -> None:
    staff = workspace.person("staff")
    tester = workspace.narrow("admin:*", environment="development")
    chat = tester.make("/v1/chats", {"name": "Trial"})
    assert chat["livemode"] is False
    assert tester.call("PUT", f"/v1/chats/{chat['id']}/members/{staff.user_id}").status == 200
    assert tester.call("PATCH", f"/v1/chats/{chat['id']}", {"active": False}).json["active"] is False


# -- how somebody signs in ---------------------------------------------------------------------------------------------


def test_ones_own_token_neither_invites_nor_resets_oneself(workspace: Workspace) -> None:
    assert workspace.call("POST", f"/v1/users/{workspace.user_id}/invitation").status == 403
    assert workspace.call("DELETE", f"/v1/users/{workspace.user_id}/totp").status == 403


def test_a_stolen_session_cannot_lock_its_person_out(workspace: Workspace) -> None:
    stolen, email = signing_in(workspace)
    for method, target, body in (
        ("POST", "/v1/me/totp", {"current_password": "a guess at it"}),
        ("POST", "/v1/me/email", {"email": "eve@example.com", "current_password": "a guess at it"}),
    ):
        answer = stolen.call(method, target, body)
        assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/current_password")
    body = {"email": email, "password": PASSWORD}
    assert workspace.world.call("POST", "/v1/sessions", json_body=body).status == 201


def test_a_person_moves_their_address_with_their_password(workspace: Workspace) -> None:
    person, email = signing_in(workspace)
    new = f"new-{email}"
    answer = person.call("POST", "/v1/me/email", {"email": new, "current_password": PASSWORD})
    assert (answer.status, answer.json["email"]) == (200, new)
    sign_in = {"email": new, "password": PASSWORD}
    assert workspace.world.call("POST", "/v1/sessions", json_body=sign_in).status == 201
    sign_in["email"] = email
    assert workspace.world.call("POST", "/v1/sessions", json_body=sign_in).status == 401
    actions = [item["action"] for item in workspace.call("GET", f"/v1/audit?target={person.user_id}").json["items"]]
    assert actions[0] == "user.email_changed"


def test_an_address_that_somebody_signs_in_with_is_moved_by_an_owner_alone(workspace: Workspace) -> None:
    person, _ = signing_in(workspace)
    admin = workspace.person("admin", "admin:*")
    target = f"/v1/users/{person.user_id}"
    assert admin.call("PATCH", target, {"email": "eve@example.com"}).status == 403
    assert person.call("PATCH", target, {"email": "eve@example.com"}).status == 403
    assert workspace.call("PATCH", target, {"email": "moved@example.com"}).status == 200


def test_a_reset_needs_an_owner_and_the_person_is_notified(workspace: Workspace) -> None:
    person, _ = signing_in(workspace)
    admin = workspace.person("admin", "admin:*")
    assert admin.call("POST", f"/v1/users/{person.user_id}/invitation").status == 403
    assert notices(person) == []
    assert workspace.call("POST", f"/v1/users/{person.user_id}/invitation").status == 201
    assert notices(person) == ["An owner invited you to set a new password"]


# -- every change of who belongs where is in the audit log -------------------------------------------------------------


def test_chats_and_memberships_are_audited(workspace: Workspace) -> None:
    staff = workspace.person("staff")
    chat_id = workspace.chat()
    workspace.call("PUT", f"/v1/chats/{chat_id}/members/{staff.user_id}")
    workspace.call("DELETE", f"/v1/chats/{chat_id}/members/{staff.user_id}")
    workspace.call("PATCH", f"/v1/chats/{chat_id}", {"active": False})
    items = workspace.call("GET", f"/v1/audit?target={chat_id}").json["items"]
    assert [item["action"] for item in items] == ["chat.edited", "member.removed", "member.added", "chat.created"]
    assert items[1]["details"] == {"user_id": staff.user_id}


def test_a_role_that_lacks_a_scope_is_told_so(workspace: Workspace) -> None:
    """A token with more scopes would not help a user whose role lacks the scope, so the refusal names the role."""
    answer = workspace.person("staff", "chats:read", "audit:read").call("GET", "/v1/audit")
    assert answer.status == 403
    assert "the role staff" in answer.json["detail"]
    answer = workspace.narrow("chats:read").call("GET", "/v1/audit")
    assert "the token does not have it" in answer.json["detail"]
