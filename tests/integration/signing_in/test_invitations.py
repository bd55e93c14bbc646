"""Invitations, with which a user sets a password."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from ferryman import clock
from ferryman.identity import permissions

from tests.integration.conftest import Workspace
from tests.integration.signing_in.people import HOUR, Person, Signed, accept, actions, enrolled, invited, person
from tests.support.meanwhile import meanwhile
from tests.support.world import World


def test_a_new_person_sets_a_password_and_signs_in(workspace: Workspace) -> None:
    user = workspace.make("/v1/users", {"name": "Grace", "email": "Grace@Example.com", "role": "manager"})
    token = invited(workspace, user["id"])
    assert re.fullmatch(r"fm_invt_[0-9A-Za-z]{36}", token)
    answer = accept(workspace.world, token)
    started = answer.json["session"]
    assert {name: value for name, value in answer.json.items() if name != "session"} == {
        "workspace_id": workspace.workspace_id,
        "user_id": user["id"],
        "email": "Grace@Example.com",
    }
    accepted = workspace.world.call("GET", "/v1/me", token=started["token"]).json
    assert (accepted["user"]["id"], accepted["session_id"]) == (user["id"], started["id"])
    signed = Person(workspace, user["id"], "grace@example.COM").sign_in()
    me = signed.call("GET", "/v1/me").json
    assert (me["user"]["id"], me["session_id"], me["token_id"]) == (user["id"], signed.json["id"], None)
    assert actions(workspace, f"target={user['id']}") == ["user.created", "user.invited", "password.set"]
    assert actions(workspace, f"target={started['id']}") == ["session.created"]


def test_the_bootstraps_owner_gets_a_password_the_same_way(workspace: Workspace) -> None:
    email = workspace.call("GET", "/v1/me").json["user"]["email"]
    assert accept(workspace.world, workspace.invitation).status == 200
    signed = Person(workspace, workspace.user_id, email).sign_in()
    assert "admin:*" in signed.call("GET", "/v1/me").json["scopes"]


def test_an_invitation_works_once(workspace: Workspace) -> None:
    grace = person(workspace)
    token = invited(workspace, grace.user_id)
    assert accept(workspace.world, token, "another password").status == 200
    again = accept(workspace.world, token, "a third password")
    assert again.status == 401
    assert grace.try_to_sign_in(password="another password").status == 201


def test_one_of_two_simultaneous_acceptances_wins(workspace: Workspace) -> None:
    grace = person(workspace)
    token = invited(workspace, grace.user_id)
    with meanwhile(lambda: accept(workspace.world, token, "the first password")):
        assert accept(workspace.world, token, "the second password").status == 401
    assert grace.try_to_sign_in(password="the first password").status == 201
    assert grace.try_to_sign_in(password="the second password").status == 401


def test_an_invitation_ends_after_a_day(workspace: Workspace, later: Callable[[float], None]) -> None:
    grace = person(workspace)
    made = workspace.make(f"/v1/users/{grace.user_id}/invitation", None)
    assert clock.seconds(made["expires_at"]) - clock.now() == 24 * HOUR
    later(24 * HOUR)
    assert accept(workspace.world, made["token"], "another password").status == 401
    assert grace.try_to_sign_in().status == 201


def test_a_newer_invitation_replaces_the_one_before(workspace: Workspace) -> None:
    grace = person(workspace)
    first, second = invited(workspace, grace.user_id), invited(workspace, grace.user_id)
    assert accept(workspace.world, first, "another password").status == 401
    assert accept(workspace.world, second, "another password").status == 200


@pytest.mark.parametrize("change", [{"active": False}, {"role": "manager"}])
def test_an_invitation_is_for_the_person_as_they_were(workspace: Workspace, change: dict[str, Any]) -> None:
    grace = person(workspace)
    token = invited(workspace, grace.user_id)
    assert workspace.call("PATCH", f"/v1/users/{grace.user_id}", change).status == 200
    assert accept(workspace.world, token, "another password").status == 401


def test_accepting_ends_the_persons_sessions(workspace: Workspace) -> None:
    grace = person(workspace)
    sessions = [grace.sign_in() for _ in range(3)]
    token = invited(workspace, grace.user_id)
    assert all(session.is_accepted() for session in sessions)
    assert accept(workspace.world, token, "another password").status == 200
    assert not any(session.is_accepted() for session in sessions)


@pytest.mark.parametrize(
    "token", ["nonsense", "fm_invt_" + "0" * 36, "fm_live_0000000000000000000000000000002C8GjS", "fm_invt_Ünïcode"]
)
def test_a_malformed_invitation_is_refused(world: World, token: str) -> None:
    answer = accept(world, token)
    assert answer.status == 401
    assert token not in answer.json["detail"]


def test_invitations_and_tokens_do_not_stand_for_each_other(workspace: Workspace) -> None:
    grace = person(workspace)
    session = grace.sign_in()
    assert accept(workspace.world, session.token).status == 401
    assert accept(workspace.world, workspace.token).status == 401
    invitation = invited(workspace, grace.user_id)
    assert workspace.world.call("GET", "/v1/me", token=invitation).status == 401
    assert accept(workspace.world, invitation, "another password").status == 200


def test_nobody_invites_a_person_who_may_do_more(workspace: Workspace) -> None:
    admin = workspace.person("admin", "admin:*")
    staff, manager = workspace.person("staff"), workspace.person("manager")
    assert admin.call("POST", f"/v1/users/{workspace.user_id}/invitation").status == 403
    assert admin.call("POST", f"/v1/users/{admin.user_id}/invitation").status == 403, "nobody invites themselves"
    narrow = workspace.narrow("users:write")
    for user_id in (staff.user_id, manager.user_id, workspace.user_id):
        assert narrow.call("POST", f"/v1/users/{user_id}/invitation").status == 403
    enough = workspace.narrow("users:write", *sorted(permissions.of_role("staff")))
    assert enough.call("POST", f"/v1/users/{staff.user_id}/invitation").status == 201
    assert enough.call("POST", f"/v1/users/{manager.user_id}/invitation").status == 403


def test_a_test_token_invites_nobody(workspace: Workspace) -> None:
    grace = person(workspace)
    tester = workspace.narrow("admin:*", environment="staging")
    assert tester.call("POST", f"/v1/users/{grace.user_id}/invitation").status == 403
    assert tester.call("DELETE", f"/v1/users/{grace.user_id}/totp").status == 403


def test_a_user_who_cannot_sign_in_is_not_invited(workspace: Workspace, other: Workspace) -> None:
    grace = person(workspace)
    assert workspace.call("PATCH", f"/v1/users/{grace.user_id}", {"active": False}).status == 200
    assert workspace.call("POST", f"/v1/users/{grace.user_id}/invitation").status == 409
    unknown = workspace.call("POST", "/v1/users/usr_01ARZ3NDEKTSV4RRFFQ69G5FAV/invitation")
    foreign = workspace.call("POST", f"/v1/users/{other.user_id}/invitation")
    assert unknown.status == foreign.status == 404
    assert unknown.json["detail"] == foreign.json["detail"]


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("elevenchars", "at least 12"),
        ("x" * 129, "at most 128"),
        ("x" * 600, "at most 512"),
        (" grace@EXAMPLE.com ", "e-mail address"),
        ("ｇrace@example.com", "e-mail address"),
    ],
)
def test_an_unacceptable_password_is_refused_and_not_repeated(workspace: Workspace, password: str, words: str) -> None:
    user = workspace.make("/v1/users", {"name": "Grace", "email": "grace@example.com"})
    token = invited(workspace, user["id"])
    answer = accept(workspace.world, token, password)
    assert answer.status == 422
    assert answer.json["errors"][0]["pointer"] == "/password"
    assert words in answer.json["detail"]
    assert password.strip() not in answer.body.decode()
    assert accept(workspace.world, token).status == 200, "the invitation is not used up"


def test_a_password_is_the_same_however_it_is_typed(workspace: Workspace) -> None:
    grace = person(workspace, password="Größenwahn ﬁrst")
    assert grace.try_to_sign_in(password="Gro\u0308ßenwahn first").status == 201
    assert grace.try_to_sign_in(password="größenwahn first").status == 401


def test_admins_see_how_far_people_are_with_signing_in(world: World, workspace: Workspace) -> None:
    user = workspace.make("/v1/users", {"name": "Grace", "email": "sees@example.com"})

    def shown(by: Workspace = workspace) -> Any:
        listed = {one["id"]: one for one in by.call("GET", "/v1/users?limit=100").json["items"]}
        read = by.call("GET", f"/v1/users/{user['id']}").json
        assert listed[user["id"]] == read
        return read["sign_in"]

    assert shown() == {"has_password": False, "invited_until": None, "second_factor": False}
    invitation = workspace.make(f"/v1/users/{user['id']}/invitation", None)
    assert shown() == {"has_password": False, "invited_until": invitation["expires_at"], "second_factor": False}
    accepted = accept(world, invitation["token"])
    assert shown() == {"has_password": True, "invited_until": None, "second_factor": False}
    enrolled(Signed(world, accepted.json["session"]))
    assert shown() == {"has_password": True, "invited_until": None, "second_factor": True}
    assert workspace.call("DELETE", f"/v1/users/{user['id']}/totp").status == 204
    assert shown() == {"has_password": True, "invited_until": None, "second_factor": False}
    assert shown(workspace.narrow("users:read")) is None
    bot = workspace.make("/v1/bots", {"name": "CI", "handle": "ci-signs"})
    assert workspace.call("GET", f"/v1/users/{bot['id']}").json["sign_in"] is None
