"""Sessions: how they start, what they allow, and how they end."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from ferryman import clock
from ferryman.identity.users import emails

from tests.integration.conftest import Workspace
from tests.integration.signing_in.people import HOUR, PASSWORD, _numbers, actions, invited, person
from tests.support.meanwhile import meanwhile
from tests.support.world import Answer, World


def test_a_session_is_a_bearer_token_with_an_end(workspace: Workspace, later: Callable[[float], None]) -> None:
    grace = person(workspace)
    signed = grace.sign_in()
    assert re.fullmatch(r"fm_sess_[0-9A-Za-z]{36}", signed.token)
    assert signed.json["livemode"] is True
    assert clock.seconds(signed.json["expires_at"]) - clock.seconds(signed.json["created_at"]) == 12 * HOUR
    assert (signed.json["ip"], signed.json["user_agent"]) == ("203.0.113.7", "tests")
    later(12 * HOUR - 1)
    assert signed.is_accepted()
    later(1)
    answer = signed.call("GET", "/v1/me")
    assert (answer.status, "Sign in again" in answer.json["detail"]) == (401, True)


def test_a_mistyped_session_is_refused_with_the_reason(workspace: Workspace) -> None:
    signed = person(workspace).sign_in()
    answer = workspace.world.call("GET", "/v1/me", token=signed.token[:-1] + "!")
    assert (answer.status, "mistyped" in answer.json["detail"]) == (401, True)


def test_a_session_does_what_the_role_allows(workspace: Workspace) -> None:
    body = {"name": "CI", "scopes": ["chats:read"], "environment": "production"}
    url = "https://ci.example.com/in"
    expected = {"owner": (201, 201), "admin": (201, 201), "manager": (403, 201), "staff": (403, 403)}
    for role, (tokens, webhooks) in expected.items():
        signed = person(workspace, role).sign_in()
        chat = signed.call("POST", "/v1/chats", {"name": role})
        assert chat.status == 201
        webhook = {"url": url, "events": ["message.created"], "chat_ids": [chat.json["id"]]}
        assert signed.call("POST", "/v1/tokens", body).status == tokens, role
        assert signed.call("POST", "/v1/webhooks", webhook).status == webhooks, role
        assert signed.call("GET", "/v1/tokens").status == (200 if tokens == 201 else 403), role
        assert signed.call("GET", "/v1/audit").status == (200 if tokens == 201 else 403), role


def test_a_token_made_in_a_session_outlives_it(workspace: Workspace, later: Callable[[float], None]) -> None:
    signed = person(workspace, "admin").sign_in()
    made = signed.call("POST", "/v1/tokens", {"name": "CI", "scopes": ["chats:read"], "environment": "production"})
    assert (made.status, made.json["expires_at"]) == (201, None)
    later(24 * HOUR)
    assert workspace.world.call("GET", "/v1/chats", token=made.json["token"]).status == 200


def test_a_test_session_is_a_test_credential(workspace: Workspace) -> None:
    admin = person(workspace, "admin")
    tester = admin.sign_in(livemode=False)
    assert tester.json["livemode"] is False
    assert tester.call("GET", "/v1/me").json["livemode"] is False
    body = {"name": "CI", "scopes": ["chats:read"], "environment": "production"}
    assert tester.call("POST", "/v1/tokens", body).status == 403
    assert tester.call("POST", "/v1/tokens", {**body, "environment": "staging"}).status == 201


def test_signing_out_ends_this_session_only(workspace: Workspace) -> None:
    grace = person(workspace)
    first, second = grace.sign_in(), grace.sign_in()
    assert first.call("DELETE", "/v1/sessions/current").status == 204
    assert not first.is_accepted()
    assert second.is_accepted()
    assert actions(workspace, f"actor={grace.user_id}")[-3:] == ["session.created", "session.created", "session.ended"]


def test_a_person_sees_and_ends_their_own_sessions(workspace: Workspace, later: Callable[[float], None]) -> None:
    grace, admin = person(workspace), person(workspace, "admin")
    theirs = admin.sign_in()
    first = grace.sign_in()
    later(1)
    second = grace.sign_in(livemode=False)
    listed = second.call("GET", "/v1/sessions").json["items"]
    assert [(item["id"], item["current"], item["livemode"]) for item in listed] == [
        (second.json["id"], True, False),
        (first.json["id"], False, True),
    ]
    assert (listed[0]["last_used_at"], listed[1]["last_used_at"]) == (clock.now_iso(), None)
    assert "token" not in listed[0]
    for unknown in (theirs.json["id"], "ses_01ARZ3NDEKTSV4RRFFQ69G5FAV", "x", workspace.user_id):
        assert second.call("DELETE", f"/v1/sessions/{unknown}").status == 404
    assert theirs.is_accepted()
    assert second.call("DELETE", f"/v1/sessions/{first.json['id']}").status == 403  # a test session ends no live one
    assert first.is_accepted()
    assert first.call("DELETE", f"/v1/sessions/{second.json['id']}").status == 204
    assert not second.is_accepted()
    assert first.call("DELETE", f"/v1/sessions/{second.json['id']}").status == 404
    assert len(first.call("GET", "/v1/sessions").json["items"]) == 1


def test_expired_sessions_are_not_listed(workspace: Workspace, later: Callable[[float], None]) -> None:
    grace = person(workspace)
    old = grace.sign_in()
    later(12 * HOUR + 1)
    new = grace.sign_in()
    assert [item["id"] for item in new.call("GET", "/v1/sessions").json["items"]] == [new.json["id"]]
    assert new.call("DELETE", f"/v1/sessions/{old.json['id']}").status == 404


def test_the_list_of_sessions_pages(workspace: Workspace, later: Callable[[float], None]) -> None:
    grace = person(workspace)
    made = []
    for _ in range(5):
        made.append(grace.sign_in())
        later(1)
    page = made[0].call("GET", "/v1/sessions?limit=3").json
    rest = made[0].call("GET", f"/v1/sessions?limit=3&cursor={page['next_cursor']}").json
    found = [item["id"] for item in page["items"] + rest["items"]]
    assert found == [signed.json["id"] for signed in reversed(made)]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("GET", "/v1/sessions", None),
        ("DELETE", "/v1/sessions/current", None),
        ("DELETE", "/v1/sessions/ses_01ARZ3NDEKTSV4RRFFQ69G5FAV", None),
        ("POST", "/v1/me/password", {"current_password": PASSWORD, "new_password": "another password"}),
        ("POST", "/v1/me/totp", {"current_password": PASSWORD}),
        ("POST", "/v1/me/totp/verify", {"code": "123456"}),
        ("DELETE", "/v1/me/totp", {"current_password": PASSWORD, "code": "123456"}),
    ],
)
def test_no_token_touches_how_its_person_signs_in(workspace: Workspace, method: str, target: str, body: Any) -> None:
    answer = workspace.call(method, target, body)
    assert (answer.status, "POST /v1/sessions" in answer.json["detail"]) == (403, True)
    assert workspace.world.call(method, target, json_body=body).status == 401


def test_who_is_deactivated_is_signed_out_at_once(workspace: Workspace) -> None:
    grace = person(workspace)
    sessions = [grace.sign_in() for _ in range(3)]
    assert workspace.call("PATCH", f"/v1/users/{grace.user_id}", {"active": False}).status == 200
    assert not any(session.is_accepted() for session in sessions)
    assert grace.try_to_sign_in().status == 401
    assert workspace.call("PATCH", f"/v1/users/{grace.user_id}", {"active": True}).status == 200
    assert not any(session.is_accepted() for session in sessions), "an ended session stays ended"
    assert grace.sign_in().is_accepted()


def test_a_changed_role_reaches_sessions_at_once(workspace: Workspace) -> None:
    grace = person(workspace, "admin")
    signed = grace.sign_in()
    assert signed.call("GET", "/v1/tokens").status == 200
    assert workspace.call("PATCH", f"/v1/users/{grace.user_id}", {"role": "manager"}).status == 200
    assert signed.call("GET", "/v1/tokens").status == 403
    assert signed.call("GET", "/v1/webhooks").status == 200
    assert workspace.call("PATCH", f"/v1/users/{grace.user_id}", {"role": "admin"}).status == 200
    assert signed.call("GET", "/v1/tokens").status == 200


@pytest.mark.parametrize("change", [{"active": False}, {"role": "manager"}])
def test_who_is_changed_while_signing_in_is_not_let_in_as_before(workspace: Workspace, change: Any) -> None:
    grace = person(workspace)
    with meanwhile(lambda: workspace.call("PATCH", f"/v1/users/{grace.user_id}", change)):
        assert grace.try_to_sign_in().status == 401


def test_a_changed_address_is_the_one_to_sign_in_with(workspace: Workspace) -> None:
    grace = person(workspace)
    new = f"new-{next(_numbers)}@example.com"
    assert workspace.call("PATCH", f"/v1/users/{grace.user_id}", {"email": new}).status == 200
    assert grace.try_to_sign_in().status == 401
    assert grace.try_to_sign_in(email=new).status == 201
    heir = person(workspace, email=grace.email, password="the heir's password")
    assert heir.sign_in().call("GET", "/v1/me").json["user"]["id"] == heir.user_id


def test_two_owners_cannot_both_step_down_at_the_same_moment(workspace: Workspace) -> None:
    second = person(workspace, "owner")
    signed = second.sign_in()

    def step_down(caller: Any, user_id: str) -> Answer:
        answer: Answer = caller.call("PATCH", f"/v1/users/{user_id}", {"role": "admin"})
        return answer

    meanwhile_answers: list[int] = []
    with meanwhile(lambda: meanwhile_answers.append(step_down(signed, second.user_id).status)):
        assert step_down(workspace, workspace.user_id).status == 409
    assert meanwhile_answers == [200]
    owners = [user for user in workspace.call("GET", "/v1/users").json["items"] if user["role"] == "owner"]
    assert [owner["id"] for owner in owners] == [workspace.user_id]


def test_the_table_forgets_sessions_that_are_over(world: World, workspace: Workspace) -> None:
    """Sessions, invitations and failures have the time from which DynamoDB may delete them."""
    grace = person(workspace)
    signed = grace.sign_in()
    invited(workspace, grace.user_id)
    grace.try_to_sign_in(password="wrong password")
    ends = int(clock.seconds(signed.json["expires_at"]))
    found: dict[str, list[int]] = {}
    for table, item in world.items():
        mine = item.get("user_id", {}).get("S") == grace.user_id or emails.digest(grace.email) in str(item)
        if mine and "expires_at_epoch" in item:
            found.setdefault(table, []).append(int(item["expires_at_epoch"]["N"]))
    assert found["SessionsTable"] == [ends]
    assert ends in found["CredentialsTable"] and len(found["CredentialsTable"]) == 2
    assert len(found["SignInFailuresTable"]) == 1
