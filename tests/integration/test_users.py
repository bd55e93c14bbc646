"""Users: who may create, change and deactivate whom, and when a change reaches their tokens."""

from typing import Any

import pytest

from tests.integration.conftest import Workspace
from tests.support.meanwhile import meanwhile
from tests.support.refusals import failing, refused


def edit(by: Workspace, user_id: str, **changes: Any) -> int:
    return by.call("PATCH", f"/v1/users/{user_id}", changes).status


def status_of(who: Workspace) -> int:
    return who.call("GET", "/v1/me").status


# --- creating and reading ---------------------------------------------------------------------------------


def test_a_person_is_made_read_and_listed(workspace: Workspace) -> None:
    made = workspace.make("/v1/users", {"name": " Grace Hopper ", "email": "grace@example.com", "role": "manager"})
    assert (made["name"], made["role"], made["active"]) == ("Grace Hopper", "manager", True)
    assert workspace.call("GET", f"/v1/users/{made['id']}").json == made
    assert [user["id"] for user in workspace.call("GET", "/v1/users").json["items"]] == [workspace.user_id, made["id"]]


def test_me_tells_who_the_token_acts_as_and_what_is_left_of_its_scopes(workspace: Workspace) -> None:
    staff = workspace.person("staff", "chats:read", "webhooks:write", "admin:*")
    me = staff.call("GET", "/v1/me").json
    assert (me["user"]["id"], me["workspace_id"]) == (staff.user_id, workspace.workspace_id)
    assert me["scopes"] == ["chats:read"]
    assert me["livemode"] is True
    assert workspace.narrow("chats:read", environment="staging").call("GET", "/v1/me").json["livemode"] is False


def test_an_address_belongs_to_one_user_of_a_workspace(workspace: Workspace, other: Workspace) -> None:
    body = {"name": "Grace", "email": "grace@example.com"}
    first = workspace.make("/v1/users", body)
    for same in ("grace@example.com", "GRACE@Example.COM"):
        answer = workspace.call("POST", "/v1/users", body | {"email": same})
        assert answer.status == 409
        assert "e-mail address" in answer.json["detail"]
    other.make("/v1/users", body)  # another workspace's people are its own
    second = workspace.make("/v1/users", body | {"email": "hopper@example.com"})
    assert edit(workspace, second["id"], email="grace@example.com") == 409
    assert edit(workspace, first["id"], email="admiral@example.com") == 200
    assert edit(workspace, second["id"], email="grace@example.com") == 200


def test_two_at_the_same_moment_cannot_get_one_address(workspace: Workspace) -> None:
    body = {"name": "Grace", "email": "grace@example.com"}
    with meanwhile(lambda: workspace.make("/v1/users", body)):
        assert workspace.call("POST", "/v1/users", body).status == 409
    assert len(workspace.call("GET", "/v1/users").json["items"]) == 2


# --- editing ----------------------------------------------------------------------------------------------


def test_a_field_that_is_left_out_stays(workspace: Workspace) -> None:
    made = workspace.make("/v1/users", {"name": "Grace", "email": "grace@example.com"})
    url = f"/v1/users/{made['id']}"
    assert workspace.call("PATCH", url, {}).json == made
    assert workspace.call("PATCH", url, {"name": "Grace"}).json == made
    edited = workspace.call("PATCH", url, {"name": "Hopper"}).json
    assert edited == made | {"name": "Hopper", "updated_at": edited["updated_at"]}
    assert workspace.call("GET", url).json == edited


@pytest.mark.parametrize("field", ["name", "email", "role", "active"])
def test_a_required_field_of_a_person_cannot_be_removed(workspace: Workspace, field: str) -> None:
    answer = workspace.call("PATCH", f"/v1/users/{workspace.user_id}", {field: None})
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, f"/{field}")


def test_a_changed_role_holds_at_the_next_call(workspace: Workspace) -> None:
    person = workspace.person("manager", "webhooks:read", "chats:read")
    assert person.call("GET", "/v1/webhooks").status == 200
    assert edit(workspace, person.user_id, role="staff") == 200
    assert person.call("GET", "/v1/webhooks").status == 403
    assert person.call("GET", "/v1/chats").status == 200
    assert edit(workspace, person.user_id, role="manager") == 200
    assert person.call("GET", "/v1/webhooks").status == 200


def test_a_deactivated_persons_tokens_stop_at_the_next_call(workspace: Workspace) -> None:
    person = workspace.person("staff", "chats:read")
    assert status_of(person) == 200
    assert edit(workspace, person.user_id, active=False) == 200
    assert status_of(person) == 401
    assert edit(workspace, person.user_id, active=True) == 200
    assert status_of(person) == 200


def test_an_edit_that_failed_halfway_is_completed_by_sending_it_again(workspace: Workspace) -> None:
    person = workspace.person("staff", "chats:read")
    assert status_of(person) == 200
    with failing("UpdateItem", refused("UpdateItem", "ThrottlingException")):
        assert edit(workspace, person.user_id, active=False) == 503
    assert workspace.call("GET", f"/v1/users/{person.user_id}").json["active"] is False
    assert edit(workspace, person.user_id, active=False) == 200
    assert status_of(person) == 401


def test_the_newest_of_two_simultaneous_edits_reaches_the_tokens(workspace: Workspace) -> None:
    """The second edit deactivates the user between the first edit's read and its write."""
    person = workspace.person("staff", "chats:read")
    assert status_of(person) == 200
    with meanwhile(lambda: edit(workspace, person.user_id, active=False), operation="UpdateItem"):
        assert edit(workspace, person.user_id, role="manager") == 200
    user = workspace.call("GET", f"/v1/users/{person.user_id}").json
    assert (user["role"], user["active"]) == ("manager", False)
    assert status_of(person) == 401


def test_an_edit_of_what_changed_meanwhile_is_refused(workspace: Workspace) -> None:
    made = workspace.make("/v1/users", {"name": "Grace", "email": "grace@example.com"})
    with meanwhile(lambda: edit(workspace, made["id"], name="First")):
        assert edit(workspace, made["id"], name="Second") == 409
    assert workspace.call("GET", f"/v1/users/{made['id']}").json["name"] == "First"


# --- who may do what to whom ------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["owner", "admin"])
def test_only_admin_scope_gives_high_roles(workspace: Workspace, role: str) -> None:
    narrow = workspace.narrow("users:write", "users:read")
    body = {"name": "Grace", "email": "grace@example.com", "role": role}
    answer = narrow.call("POST", "/v1/users", body)
    assert answer.status == 403
    assert "admin:*" in answer.json["detail"]
    made = narrow.make("/v1/users", body | {"role": "manager"})
    assert edit(narrow, made["id"], role=role) == 403
    assert edit(workspace, made["id"], role=role) == 200
    assert edit(narrow, made["id"], role="staff") == 403  # taking is like giving
    assert edit(narrow, made["id"], active=False) == 403


def test_nobody_gives_a_role_above_their_own_or_changes_a_person_who_has_it(workspace: Workspace) -> None:
    admin = workspace.person("admin", "admin:*")
    body = {"name": "Grace", "email": "grace@example.com"}
    assert admin.call("POST", "/v1/users", body | {"role": "owner"}).status == 403
    made = admin.make("/v1/users", body | {"role": "admin"})
    assert edit(admin, made["id"], role="owner") == 403
    assert edit(admin, admin.user_id, role="owner") == 403
    for change in ({"name": "X"}, {"email": "x@example.com"}, {"role": "staff"}, {"active": False}):
        assert edit(admin, workspace.user_id, **change) == 403
    assert workspace.call("GET", f"/v1/users/{workspace.user_id}").json["role"] == "owner"


def test_a_bot_is_not_a_role_that_can_be_given(workspace: Workspace) -> None:
    body = {"name": "Grace", "email": "grace@example.com", "role": "bot"}
    assert workspace.call("POST", "/v1/users", body).status == 422
    assert edit(workspace, workspace.user_id, role="bot") == 422


# --- a workspace keeps an owner ---------------------------------------------------------------------------


@pytest.mark.parametrize("change", [{"role": "admin"}, {"active": False}, {"role": "staff", "active": False}])
def test_the_last_owner_stays(workspace: Workspace, change: dict[str, Any]) -> None:
    workspace.person("admin", "admin:*")
    answer = workspace.call("PATCH", f"/v1/users/{workspace.user_id}", change)
    assert answer.status == 409
    assert "last owner" in answer.json["detail"]
    assert status_of(workspace) == 200
    heir = workspace.person("owner", "admin:*")
    assert edit(workspace, workspace.user_id, **change) == 200
    assert edit(heir, heir.user_id, role="admin") == 409


def test_a_deactivated_owner_does_not_count(workspace: Workspace) -> None:
    heir = workspace.person("owner", "admin:*")
    assert edit(workspace, heir.user_id, active=False) == 200
    assert edit(workspace, workspace.user_id, role="admin") == 409


def test_two_owners_who_demote_each_other_at_the_same_moment_leave_one(workspace: Workspace) -> None:
    heir = workspace.person("owner", "admin:*")
    assert (status_of(workspace), status_of(heir)) == (200, 200)
    with meanwhile(lambda: edit(heir, workspace.user_id, role="admin")):
        assert edit(workspace, heir.user_id, role="admin") == 409
    roles = {user["id"]: user["role"] for user in workspace.call("GET", "/v1/users").json["items"]}
    assert roles == {workspace.user_id: "admin", heir.user_id: "owner"}


def test_two_owners_who_step_down_at_the_same_moment_leave_one(workspace: Workspace) -> None:
    heir = workspace.person("owner", "admin:*")
    assert (status_of(workspace), status_of(heir)) == (200, 200)
    with meanwhile(lambda: edit(heir, heir.user_id, role="admin")):
        assert edit(workspace, workspace.user_id, role="admin") == 409
    assert workspace.call("GET", f"/v1/users/{workspace.user_id}").json["role"] == "owner"


def test_people_are_found_by_their_address(workspace: Workspace, other: Workspace) -> None:
    email = "Finds.Grace@example.com"
    grace = workspace.make("/v1/users", {"name": "Grace", "email": email, "handle": "finds-grace"})
    other.make("/v1/users", {"name": "Elsewhere", "email": email})
    for query in (f"email={email}", f"email={email.lower()}", f"email={email}&handle=finds-grace"):
        assert [one["id"] for one in workspace.call("GET", f"/v1/users?{query}").json["items"]] == [grace["id"]]
    for query in ("email=nobody@example.com", f"email={email}&handle=somebody"):
        assert workspace.call("GET", f"/v1/users?{query}").json["items"] == []
    assert workspace.call("GET", "/v1/users?email=nonsense").status == 422
