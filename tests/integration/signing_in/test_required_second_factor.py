"""A workspace that requires a second factor: users without one can only enrol one."""

import pytest

from tests.integration.conftest import Workspace
from tests.integration.signing_in.people import PASSWORD, Person, Signed, accept, actions, code_of, enrolled, invited
from tests.integration.signing_in.people import person as make_person
from tests.support.meanwhile import meanwhile
from tests.support.world import World

PROBLEM = "urn:ferryman:problem:second-factor-enrolment-required"


@pytest.fixture
def owner(workspace: Workspace) -> Signed:
    """A session of an owner who has a second factor."""
    signed = make_person(workspace, "owner").sign_in()
    enrolled(signed)
    return signed


def require(owner: Signed, required: bool = True) -> None:
    answer = owner.call("PATCH", "/v1/workspace", {"requires_second_factor": required})
    assert (answer.status, answer.json["requires_second_factor"]) == (200, required), answer.body


def test_people_without_a_second_factor_can_only_enrol_one(world: World, workspace: Workspace, owner: Signed) -> None:
    grace, ada = make_person(workspace), make_person(workspace)
    before, of_ada = grace.sign_in(), ada.sign_in()
    enrolled(of_ada)
    require(owner)
    assert (before.is_accepted(), of_ada.is_accepted(), owner.is_accepted()) == (False, True, True)
    signed = grace.sign_in()
    assert signed.json["enrols_only"] is True
    me = signed.call("GET", "/v1/me")
    assert (me.status, me.json["must_enrol"]) == (200, True)
    for method, path in (
        ("GET", "/v1/workspace"),
        ("GET", "/v1/chats"),
        ("POST", "/v1/chats"),
        ("GET", "/v1/sessions"),
        ("POST", "/v1/me/password"),
        ("GET", "/api/v4/users/me"),
    ):
        assert signed.call(method, path, {} if method == "POST" else None).status == 403, path
    assert signed.call("GET", "/v1/chats").json["type"] == PROBLEM
    totp, _ = enrolled(signed)
    assert signed.call("GET", "/v1/chats").status == 200
    assert signed.call("GET", "/v1/me").json["must_enrol"] is False
    (session,) = signed.call("GET", "/v1/sessions").json["items"]
    assert session["enrols_only"] is False
    again = grace.sign_in(code=code_of(totp, 1))
    assert again.json["enrols_only"] is False
    assert again.call("GET", "/v1/chats").status == 200


def test_an_invitation_leads_to_enrolling(world: World, workspace: Workspace, owner: Signed) -> None:
    require(owner)
    user = workspace.make("/v1/users", {"name": "New", "email": "enrols@example.com"})
    accepted = accept(world, invited(workspace, user["id"]))
    signed = Signed(world, accepted.json["session"])
    assert signed.json["enrols_only"] is True
    assert signed.call("GET", "/v1/chats").status == 403
    assert signed.call("DELETE", "/v1/sessions/current").status == 204


def test_tokens_go_on(world: World, workspace: Workspace, owner: Signed) -> None:
    require(owner)
    assert workspace.call("GET", "/v1/chats").status == 200


def test_who_removes_it_enrols_another(workspace: Workspace, owner: Signed) -> None:
    grace = make_person(workspace)
    signed = grace.sign_in()
    totp, codes = enrolled(signed)
    other = grace.sign_in(code=code_of(totp, 1))
    require(owner)
    removed = signed.call("DELETE", "/v1/me/totp", {"current_password": PASSWORD, "recovery_code": codes[0]})
    assert removed.status == 204, removed.body
    assert signed.call("GET", "/v1/chats").json["type"] == PROBLEM
    assert not other.is_accepted()
    enrolled(signed)
    assert signed.call("GET", "/v1/chats").status == 200


def test_an_owners_reset_ends_the_sessions(workspace: Workspace, owner: Signed) -> None:
    grace = make_person(workspace)
    signed = grace.sign_in()
    enrolled(signed)
    require(owner)
    assert owner.call("DELETE", f"/v1/users/{grace.user_id}/totp").status == 204
    assert not signed.is_accepted()
    assert grace.sign_in().json["enrols_only"] is True


def test_only_an_owner_with_a_second_factor_decides_it_in_a_session(workspace: Workspace, owner: Signed) -> None:
    wanted = {"requires_second_factor": True}
    bare = make_person(workspace, "owner").sign_in()
    admin = make_person(workspace, "admin").sign_in()
    enrolled(admin)
    for by in (workspace, bare, admin):
        answer = by.call("PATCH", "/v1/workspace", wanted)
        assert answer.status == 403, answer.body
        assert "must_enrol" not in answer.body.decode()
    assert workspace.call("GET", "/v1/workspace").json["requires_second_factor"] is False
    require(owner)
    assert workspace.call("PATCH", "/v1/workspace", {"requires_second_factor": False}).status == 403
    require(owner, False)
    assert make_person(workspace).sign_in().json["enrols_only"] is False
    assert actions(workspace, "action=workspace.edited") == ["workspace.edited"] * 2


def test_a_session_that_starts_while_the_rule_changes_is_refused(workspace: Workspace, owner: Signed) -> None:
    grace: Person = make_person(workspace)
    with meanwhile(lambda: require(owner)):
        assert grace.try_to_sign_in().status == 409
    assert grace.sign_in().json["enrols_only"] is True
