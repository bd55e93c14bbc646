"""People through the front door: invitations, signing in and out, lock-out, passwords and the second factor."""

import itertools
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
import pyotp
import pytest
from ferryman import clock
from ferryman.aws import clients as aws
from ferryman.identity import permissions
from ferryman.identity.logins import passwords
from ferryman.identity.logins import sign_in_failures as attempts
from ferryman.identity.users import emails

from tests.integration.conftest import Workspace
from tests.support.meanwhile import meanwhile
from tests.support.refusals import unanswered
from tests.support.world import Answer, World

HOUR = 3600
PASSWORD = "correct horse battery"
_numbers = itertools.count()


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a hash costs is a figure that tests/unit/test_passwords.py looks at; here it would cost minutes."""
    monkeypatch.setattr(passwords, "LOG2_N", 4)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[float], None]]:
    """Stops the clock, in the middle of a step of 30 s, and moves it: `later(3600)`."""
    at = [clock.now() // 30 * 30 + 15]
    monkeypatch.setattr(clock, "now", lambda: at[0])

    def move(seconds: float) -> None:
        at[0] += seconds

    yield move


@dataclass
class Person:
    """Somebody with a password, who may sign in."""

    workspace: Workspace
    user_id: str
    email: str
    password: str = PASSWORD

    def try_to_sign_in(self, **fields: Any) -> Answer:
        body = {"email": self.email, "password": self.password, **fields}
        return self.workspace.world.call("POST", "/v1/sessions", json_body=body)

    def sign_in(self, **fields: Any) -> "Signed":
        answer = self.try_to_sign_in(**fields)
        assert answer.status == 201, answer.body
        return Signed(self.workspace.world, answer.json)


@dataclass
class Signed:
    """A session."""

    world: World
    json: dict[str, Any]

    @property
    def token(self) -> str:
        return str(self.json["token"])

    def call(self, method: str, target: str, json_body: Any = None, **options: Any) -> Answer:
        return self.world.call(method, target, token=self.token, json_body=json_body, **options)

    def is_accepted(self) -> bool:
        answer = self.call("GET", "/v1/me")
        assert answer.status in (200, 401)
        return answer.status == 200


def invited(workspace: Workspace, user_id: str) -> str:
    return str(workspace.make(f"/v1/users/{user_id}/invitation", None)["token"])


def accept(world: World, token: str, password: str = PASSWORD) -> Answer:
    return world.call("POST", "/v1/invitations/accept", json_body={"token": token, "password": password})


def person(workspace: Workspace, role: str = "staff", email: str | None = None, password: str = PASSWORD) -> Person:
    email = email or f"person-{next(_numbers)}@example.com"
    user = workspace.make("/v1/users", {"name": "Grace", "email": email, "role": role})
    answer = accept(workspace.world, invited(workspace, user["id"]), password)
    assert answer.status == 200, answer.body
    return Person(workspace, user["id"], email, password)


def enrolled(signed: Signed) -> tuple[pyotp.TOTP, list[str]]:
    """An active second factor and its recovery codes; the code of now is used up."""
    made = signed.call("POST", "/v1/me/totp", {"current_password": PASSWORD})
    assert made.status == 201, made.body
    totp = pyotp.TOTP(made.json["secret"])
    answer = signed.call("POST", "/v1/me/totp/verify", {"code": code_of(totp)})
    assert answer.status == 200, answer.body
    return totp, answer.json["recovery_codes"]


def code_of(totp: pyotp.TOTP, steps: int = 0) -> str:
    return totp.at(clock.now(), counter_offset=steps)


def actions(workspace: Workspace, filters: str = "") -> list[str]:
    """The audit log's actions, oldest first."""
    items = workspace.call("GET", f"/v1/audit?{filters}&limit=100").json["items"]
    return [item["action"] for item in reversed(items)]


# -- invitations -------------------------------------------------------------------------------------------------------


def test_a_new_person_sets_a_password_and_signs_in(workspace: Workspace) -> None:
    user = workspace.make("/v1/users", {"name": "Grace", "email": "Grace@Example.com", "role": "manager"})
    token = invited(workspace, user["id"])
    assert re.fullmatch(r"fm_invt_[0-9A-Za-z]{36}", token)
    answer = accept(workspace.world, token)
    assert answer.json == {
        "workspace_id": workspace.workspace_id,
        "user_id": user["id"],
        "email": "Grace@Example.com",
    }
    signed = Person(workspace, user["id"], "grace@example.COM").sign_in()
    me = signed.call("GET", "/v1/me").json
    assert (me["user"]["id"], me["session_id"], me["token_id"]) == (user["id"], signed.json["id"], None)
    assert actions(workspace, f"target={user['id']}") == ["user.created", "user.invited", "password.set"]


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


def test_two_who_accept_at_the_same_moment_are_one(workspace: Workspace) -> None:
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
def test_what_is_no_invitation_is_refused(world: World, token: str) -> None:
    answer = accept(world, token)
    assert answer.status == 401
    assert token not in answer.json["detail"]


def test_other_secrets_are_no_invitations_and_invitations_are_no_tokens(workspace: Workspace) -> None:
    grace = person(workspace)
    session = grace.sign_in()
    assert accept(workspace.world, session.token).status == 401
    assert accept(workspace.world, workspace.token).status == 401
    invitation = invited(workspace, grace.user_id)
    assert workspace.world.call("GET", "/v1/me", token=invitation).status == 401
    assert accept(workspace.world, invitation, "another password").status == 200


def test_nobody_invites_who_may_do_more(workspace: Workspace) -> None:
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


def test_who_cannot_sign_in_is_not_invited(workspace: Workspace, other: Workspace) -> None:
    grace = person(workspace)
    assert workspace.call("PATCH", f"/v1/users/{grace.user_id}", {"active": False}).status == 200
    assert workspace.call("POST", f"/v1/users/{grace.user_id}/invitation").status == 409
    unknown = workspace.call("POST", "/v1/users/usr_01ARZ3NDEKTSV4RRFFQ69G5FAV/invitation")
    foreign = workspace.call("POST", f"/v1/users/{other.user_id}/invitation")
    assert unknown.status == foreign.status == 404
    assert unknown.json["detail"] == foreign.json["detail"]


# -- acceptable passwords ----------------------------------------------------------------------------------------------


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
def test_a_password_that_is_none_is_refused_and_not_repeated(workspace: Workspace, password: str, words: str) -> None:
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


# -- signing in and out ------------------------------------------------------------------------------------------------


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


def test_a_mistyped_session_is_told_so(workspace: Workspace) -> None:
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


def test_whatever_is_wrong_the_answer_is_the_same(workspace: Workspace, other: Workspace) -> None:
    grace, gone = person(workspace), person(workspace)
    enrolled(gone.sign_in())
    assert workspace.call("PATCH", f"/v1/users/{gone.user_id}", {"active": False}).status == 200
    waiting = workspace.make("/v1/users", {"name": "New", "email": f"new-{next(_numbers)}@example.com"})
    nobody = Person(workspace, "", f"nobody-{next(_numbers)}@example.com")
    answers = [
        grace.try_to_sign_in(password="wrong password"),
        grace.try_to_sign_in(workspace_id=other.workspace_id),
        grace.try_to_sign_in(workspace_id="wsp_01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        gone.try_to_sign_in(),
        Person(workspace, waiting["id"], waiting["email"]).try_to_sign_in(),
        nobody.try_to_sign_in(),
        nobody.try_to_sign_in(workspace_id=workspace.workspace_id),
    ]
    told = {(answer.status, answer.json["type"], answer.json["detail"]) for answer in answers}
    assert len(told) == 1
    assert told.pop()[:2] == (401, "urn:ferryman:problem:unauthorized")


def test_who_is_unknown_costs_the_same_work(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    grace, gone = person(workspace), person(workspace)
    workspace.call("PATCH", f"/v1/users/{gone.user_id}", {"active": False})
    waiting = workspace.make("/v1/users", {"name": "New", "email": f"new-{next(_numbers)}@example.com"})
    reads: list[str] = []
    hashes: list[tuple[int, int, int]] = []
    real = passwords._scrypt

    def counted(password: str, salt: bytes, log2_n: int, r: int, p: int, length: int) -> bytes:
        hashes.append((log2_n, r, p))
        return real(password, salt, log2_n, r, p, length)

    monkeypatch.setattr(passwords, "_scrypt", counted)

    def work(someone: Person, **fields: Any) -> tuple[list[str], list[tuple[int, int, int]]]:
        reads.clear()
        hashes.clear()
        with calls_of(reads):
            assert someone.try_to_sign_in(password="wrong password", **fields).status == 401
        return list(reads), list(hashes)

    expected = work(grace)
    assert len(expected[1]) == 1
    for someone in (gone, Person(workspace, "", waiting["email"]), Person(workspace, "", "nobody@example.com")):
        assert work(someone) == expected
    assert work(grace, workspace_id="wsp_01ARZ3NDEKTSV4RRFFQ69G5FAV") == expected


@contextmanager
def calls_of(noted: list[str]) -> Iterator[None]:
    """Note each call to DynamoDB as `GetItem LoginsTable`."""

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        noted.append(f"{model.name} {json.loads(params['body']).get('TableName', '')}")

    client = aws.dynamodb()
    client.meta.events.register("before-call.dynamodb", note)
    try:
        yield
    finally:
        client.meta.events.unregister("before-call.dynamodb", note)


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"email": "no address"}, "/email"),
        ({"password": ""}, "/password"),
        ({"password": 1}, "/password"),
        ({"password": "x" * 513}, "/password"),
        ({"code": "12345"}, "/code"),
        ({"code": "１２３４５６"}, "/code"),
        ({"workspace_id": "acme"}, "/workspace_id"),
        ({"livemode": "no"}, "/livemode"),
        ({"remember": True}, "/remember"),
        ({"code": "123456", "recovery_code": "x"}, ""),
    ],
)
def test_what_cannot_be_read_is_named_and_not_repeated(world: World, fields: dict[str, Any], pointer: str) -> None:
    body = {"email": "ada@example.com", "password": PASSWORD, **fields}
    answer = world.call("POST", "/v1/sessions", json_body=body)
    assert answer.status == 422
    assert answer.json.get("errors", [{"pointer": ""}])[0]["pointer"] == pointer
    assert PASSWORD not in answer.body.decode()


def test_signing_in_reads_json_only(world: World) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert world.call("POST", "/v1/sessions", body="email=a&password=b", headers=form).status == 415
    assert world.call("POST", "/v1/sessions", body="{").status == 400
    assert world.call("POST", "/v1/sessions", body="x" * 70_000).status == 413
    assert world.call("POST", "/v1/sessions?next=/", json_body={}).status == 422


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
    assert second.call("DELETE", f"/v1/sessions/{first.json['id']}").status == 204
    assert not first.is_accepted()
    assert second.call("DELETE", f"/v1/sessions/{first.json['id']}").status == 404
    assert len(second.call("GET", "/v1/sessions").json["items"]) == 1


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


# -- roles and activity reach sessions ---------------------------------------------------------------------------------


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


# -- one address in several workspaces ---------------------------------------------------------------------------------


def test_an_address_in_several_workspaces_names_one(workspace: Workspace, other: Workspace) -> None:
    email = f"both-{next(_numbers)}@example.com"
    here = person(workspace, email=email, password="the password here")
    there = person(other, email=email, password="the password there")
    first = min(here, there, key=lambda someone: someone.workspace.workspace_id)

    unnamed = first.try_to_sign_in()
    assert (unnamed.status, unnamed.json["errors"][0]["pointer"]) == (422, "/workspace_id")
    assert workspace.workspace_id not in unnamed.body.decode()
    assert other.workspace_id not in unnamed.body.decode()
    # Before the password is right, nothing tells that there is more than one, or any.
    wrong = first.try_to_sign_in(password="wrong password").json
    unknown = Person(workspace, "", "unknown@example.com").try_to_sign_in().json
    assert (wrong["status"], wrong["detail"]) == (unknown["status"], unknown["detail"])

    for someone in (here, there):
        signed = someone.sign_in(workspace_id=someone.workspace.workspace_id)
        assert signed.json["workspace_id"] == someone.workspace.workspace_id
        assert signed.json["user_id"] == someone.user_id
    assert here.try_to_sign_in(workspace_id=other.workspace_id).status == 401


def test_one_workspaces_admin_cannot_clear_the_way_for_guesses_at_another(
    workspace: Workspace, other: Workspace
) -> None:
    email = f"victim-{next(_numbers)}@example.com"
    person(workspace, email=email)
    mine = person(other, email=email, password="known to the attacker")
    for number in range(attempts.FREE):
        assert mine.try_to_sign_in(password=f"guess number {number}").status == 401
        assert mine.try_to_sign_in(workspace_id=other.workspace_id).status == 201
        assert accept(other.world, invited(other, mine.user_id), mine.password).status == 200
    assert mine.try_to_sign_in(password="guess number 10").status == 429


# -- lock-out ----------------------------------------------------------------------------------------------------------


def test_ten_failures_lock_out_for_a_while_that_grows(workspace: Workspace, later: Callable[[float], None]) -> None:
    grace = person(workspace)
    for number in range(10):
        assert grace.try_to_sign_in(password=f"guess number {number}").status == 401
    locked = grace.try_to_sign_in()
    assert (locked.status, locked.headers["retry-after"]) == (429, "30")
    later(29)
    assert grace.try_to_sign_in().headers["retry-after"] == "1"
    later(1)
    assert grace.try_to_sign_in(password="another guess").status == 401
    assert grace.try_to_sign_in().headers["retry-after"] == "60"
    later(60)
    assert grace.try_to_sign_in().status == 201


def test_success_forgets_the_failures(workspace: Workspace) -> None:
    grace = person(workspace)
    for _ in range(2):
        for number in range(9):
            assert grace.try_to_sign_in(password=f"guess number {number}").status == 401
        assert grace.try_to_sign_in().status == 201


def test_failures_are_forgotten_after_a_day(workspace: Workspace, later: Callable[[float], None]) -> None:
    grace = person(workspace)
    for _ in range(9):
        assert grace.try_to_sign_in(password="wrong password").status == 401
    later(24 * HOUR)
    for _ in range(9):
        assert grace.try_to_sign_in(password="wrong password").status == 401
    assert grace.try_to_sign_in().status == 201


def test_being_locked_out_tells_nothing_of_who_exists(workspace: Workspace) -> None:
    def told(someone: Person, **fields: Any) -> list[tuple[int, str]]:
        answers = [someone.try_to_sign_in(password="wrong password", **fields) for _ in range(12)]
        return [(answer.status, answer.json["detail"]) for answer in answers]

    somebody, nobody = person(workspace), Person(workspace, "", f"nobody-{next(_numbers)}@example.com")
    assert told(somebody) == told(nobody)
    named = {"workspace_id": workspace.workspace_id}
    assert told(somebody, **named) == told(nobody, **named)


def test_guesses_at_the_same_moment_are_counted_one_by_one(workspace: Workspace) -> None:
    """Each guess is met by another between its reading and its counting; none is judged without being counted."""
    grace = person(workspace)
    judged: list[int] = []

    def guess() -> None:
        judged.append(grace.try_to_sign_in(password="wrong password").status)

    with meanwhile(*[guess] * 8, operation="PutItem"):
        guess()
    while judged[-1] != 429:
        guess()
    assert judged.count(401) == 10


def test_one_persons_lock_out_is_nobody_elses(workspace: Workspace) -> None:
    grace, ada = person(workspace), person(workspace)
    for _ in range(11):
        grace.try_to_sign_in(password="wrong password")
    assert grace.try_to_sign_in().status == 429
    assert ada.try_to_sign_in().status == 201


def test_a_locked_out_person_who_is_invited_anew_gets_in(workspace: Workspace) -> None:
    grace = person(workspace)
    for _ in range(11):
        grace.try_to_sign_in(password="wrong password")
    assert accept(workspace.world, invited(workspace, grace.user_id), "another password").status == 200
    assert grace.try_to_sign_in(password="another password").status == 201


# -- changing the password ---------------------------------------------------------------------------------------------


def test_a_changed_password_ends_all_other_sessions(workspace: Workspace) -> None:
    grace = person(workspace)
    mine, others = grace.sign_in(), [grace.sign_in() for _ in range(45)]
    body = {"current_password": PASSWORD, "new_password": "another password"}
    assert mine.call("POST", "/v1/me/password", body).status == 204
    assert mine.is_accepted()
    assert not any(session.is_accepted() for session in others)
    assert grace.try_to_sign_in().status == 401
    assert grace.try_to_sign_in(password="another password").status == 201
    assert "password.changed" in actions(workspace, f"target={grace.user_id}")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"current_password": "wrong password", "new_password": "another password"}, "/current_password"),
        ({"current_password": PASSWORD, "new_password": "too short"}, "/new_password"),
        ({"current_password": PASSWORD, "new_password": PASSWORD}, "/new_password"),
        ({"current_password": PASSWORD}, "/new_password"),
    ],
)
def test_a_password_that_cannot_be_changed_so_stays(workspace: Workspace, body: Any, pointer: str) -> None:
    grace = person(workspace)
    signed = grace.sign_in()
    answer = signed.call("POST", "/v1/me/password", body)
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, pointer)
    assert signed.is_accepted()
    assert grace.try_to_sign_in().status == 201


def test_a_stolen_session_cannot_guess_the_password(workspace: Workspace) -> None:
    grace = person(workspace)
    signed = grace.sign_in()
    body = {"current_password": "wrong password", "new_password": "another password"}
    for _ in range(10):
        assert signed.call("POST", "/v1/me/password", body).status == 422
    locked = signed.call("POST", "/v1/me/password", {**body, "current_password": PASSWORD})
    assert (locked.status, locked.headers["retry-after"]) == (429, "30")


def test_who_signs_in_with_the_old_password_meanwhile_is_refused(workspace: Workspace) -> None:
    grace = person(workspace)
    signed = grace.sign_in()
    body = {"current_password": PASSWORD, "new_password": "another password"}
    with meanwhile(lambda: signed.call("POST", "/v1/me/password", body)):
        assert grace.try_to_sign_in().status == 401


def test_a_session_that_starts_while_the_password_changes_is_ended(workspace: Workspace) -> None:
    grace = person(workspace)
    signed = grace.sign_in()
    started: list[Signed] = []
    body = {"current_password": PASSWORD, "new_password": "another password"}
    with meanwhile(lambda: started.append(grace.sign_in())):
        assert signed.call("POST", "/v1/me/password", body).status == 204
    assert not started[0].is_accepted()


def test_the_other_sessions_end_even_when_the_function_dies_right_after(workspace: Workspace) -> None:
    """They end in the transaction that changes the password; looking for more of them is what fails here."""
    grace = person(workspace)
    mine, other = grace.sign_in(), grace.sign_in()
    body = {"current_password": PASSWORD, "new_password": "another password"}
    with failing_after_commit():
        assert mine.call("POST", "/v1/me/password", body).status == 503
    assert not other.is_accepted()
    assert grace.try_to_sign_in(password="another password").status == 201


@contextmanager
def failing_after_commit() -> Iterator[None]:
    """DynamoDB answers no query any more once something was committed."""
    client, committed = aws.dynamodb(), []

    def note(**_: Any) -> None:
        committed.append(True)

    def fail(**_: Any) -> None:
        if committed:
            raise unanswered()

    client.meta.events.register("after-call.dynamodb.TransactWriteItems", note)
    client.meta.events.register("before-call.dynamodb.Query", fail)
    try:
        yield
    finally:
        client.meta.events.unregister("after-call.dynamodb.TransactWriteItems", note)
        client.meta.events.unregister("before-call.dynamodb.Query", fail)
    assert committed


def test_a_changed_password_takes_an_open_invitation_away(workspace: Workspace) -> None:
    grace = person(workspace)
    signed = grace.sign_in()
    token = invited(workspace, grace.user_id)
    body = {"current_password": PASSWORD, "new_password": "another password"}
    assert signed.call("POST", "/v1/me/password", body).status == 204
    assert accept(workspace.world, token).status == 401


# -- the second factor -------------------------------------------------------------------------------------------------


def test_a_second_factor_is_enrolled_verified_used_and_removed(
    workspace: Workspace, later: Callable[[float], None]
) -> None:
    grace = person(workspace)
    later(30)
    signed = grace.sign_in()
    made = signed.call("POST", "/v1/me/totp", {"current_password": PASSWORD})
    assert made.status == 201
    totp = pyotp.parse_uri(made.json["uri"])
    assert isinstance(totp, pyotp.TOTP)
    assert (totp.secret, totp.issuer, totp.name) == (made.json["secret"], "Ferryman", grace.email)
    assert grace.try_to_sign_in().status == 201, "not active before its first code"
    verified = signed.call("POST", "/v1/me/totp/verify", {"code": code_of(totp)})
    assert len(set(verified.json["recovery_codes"])) == 10

    needed = grace.try_to_sign_in()
    assert (needed.status, needed.json["type"]) == (401, "urn:ferryman:problem:second-factor-required")
    assert grace.try_to_sign_in(password="wrong password", code=code_of(totp, 1)).json["type"].endswith("unauthorized")
    later(30)
    assert grace.try_to_sign_in(code=code_of(totp)).status == 201
    assert signed.is_accepted()

    later(30)
    assert signed.call("DELETE", "/v1/me/totp", {"current_password": PASSWORD, "code": code_of(totp)}).status == 204
    assert grace.try_to_sign_in().status == 201
    assert actions(workspace, f"target={grace.user_id}")[-2:] == ["totp.activated", "totp.removed"]


def test_a_code_is_accepted_once(workspace: Workspace, later: Callable[[float], None]) -> None:
    grace = person(workspace)
    signed = grace.sign_in()
    totp, _ = enrolled(signed)
    assert grace.try_to_sign_in(code=code_of(totp)).status == 401, "it activated the second factor"
    later(30)
    code = code_of(totp)
    assert grace.try_to_sign_in(code=code).status == 201
    again = grace.try_to_sign_in(code=code)
    assert (again.status, again.json["type"]) == (401, "urn:ferryman:problem:second-factor-required")
    assert signed.call("DELETE", "/v1/me/totp", {"current_password": PASSWORD, "code": code}).status == 422
    assert grace.try_to_sign_in(code=code_of(totp, -1)).status == 401, "nor an earlier one"


def test_a_code_that_two_present_at_the_same_moment_lets_one_in(
    workspace: Workspace, later: Callable[[float], None]
) -> None:
    grace = person(workspace)
    totp, _ = enrolled(grace.sign_in())
    later(30)
    code = code_of(totp)
    statuses: list[int] = []
    with meanwhile(lambda: statuses.append(grace.try_to_sign_in(code=code).status)):
        statuses.append(grace.try_to_sign_in(code=code).status)
    assert sorted(statuses) == [201, 401]


@pytest.mark.parametrize(("steps", "status"), [(-2, 401), (-1, 201), (0, 201), (1, 201), (2, 401)])
def test_a_code_may_be_one_step_early_or_late(
    workspace: Workspace, later: Callable[[float], None], steps: int, status: int
) -> None:
    grace = person(workspace)
    totp, _ = enrolled(grace.sign_in())
    later(300)
    assert grace.try_to_sign_in(code=code_of(totp, steps)).status == status


def test_each_recovery_code_works_once_however_it_is_typed(
    workspace: Workspace, later: Callable[[float], None]
) -> None:
    grace = person(workspace)
    totp, codes = enrolled(grace.sign_in())
    assert all(re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}", code) for code in codes)
    later(1)
    assert grace.try_to_sign_in(recovery_code=codes[0]).status == 201
    assert grace.try_to_sign_in(recovery_code=codes[0]).status == 401
    typed = codes[1].lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert grace.try_to_sign_in(recovery_code=typed).status == 201
    assert grace.try_to_sign_in(recovery_code=codes[1]).status == 401
    assert grace.try_to_sign_in(recovery_code="0000-0000-0000-0000-0000-0000").status == 401
    used = [
        record["details"]
        for record in workspace.call("GET", f"/v1/audit?actor={grace.user_id}&action=session.created").json["items"]
    ]
    assert used[:2] == [{"second_factor": "recovery_code"}] * 2
    later(30)
    assert grace.try_to_sign_in(code=code_of(totp)).status == 201


def test_a_recovery_code_that_two_present_at_the_same_moment_lets_one_in(workspace: Workspace) -> None:
    grace = person(workspace)
    _, codes = enrolled(grace.sign_in())
    statuses: list[int] = []
    with meanwhile(lambda: statuses.append(grace.try_to_sign_in(recovery_code=codes[0]).status)):
        statuses.append(grace.try_to_sign_in(recovery_code=codes[0]).status)
    assert sorted(statuses) == [201, 401]


def test_codes_cannot_be_guessed_by_whoever_knows_the_password(
    workspace: Workspace, later: Callable[[float], None]
) -> None:
    grace = person(workspace)
    totp, _ = enrolled(grace.sign_in())
    later(30)
    wrong = f"{(int(code_of(totp)) + 1) % 1_000_000:06}"
    statuses = []
    for number in range(11):  # leaving the code out between the guesses forgets nothing
        statuses.append(grace.try_to_sign_in(**({"code": wrong} if number % 2 else {})).status)
    assert statuses == [401] * 10 + [429]


def test_codes_cannot_be_guessed_in_a_session_either(workspace: Workspace) -> None:
    signed = person(workspace).sign_in()
    secret = signed.call("POST", "/v1/me/totp", {"current_password": PASSWORD}).json["secret"]
    wrong = f"{(int(code_of(pyotp.TOTP(secret))) + 1) % 1_000_000:06}"
    for _ in range(10):
        answer = signed.call("POST", "/v1/me/totp/verify", {"code": wrong})
        assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/code")
    assert signed.call("POST", "/v1/me/totp/verify", {"code": wrong}).status == 429


def test_enrolling_again_replaces_what_was_not_verified(workspace: Workspace) -> None:
    signed = person(workspace).sign_in()
    first = pyotp.TOTP(signed.call("POST", "/v1/me/totp", {"current_password": PASSWORD}).json["secret"])
    second = pyotp.TOTP(signed.call("POST", "/v1/me/totp", {"current_password": PASSWORD}).json["secret"])
    assert signed.call("POST", "/v1/me/totp/verify", {"code": code_of(first)}).status == 422
    assert signed.call("POST", "/v1/me/totp/verify", {"code": code_of(second)}).status == 200


def test_steps_out_of_order_are_told_so(workspace: Workspace) -> None:
    signed = person(workspace).sign_in()
    assert signed.call("POST", "/v1/me/totp/verify", {"code": "123456"}).status == 409
    assert signed.call("DELETE", "/v1/me/totp", {"current_password": PASSWORD, "code": "123456"}).status == 409
    enrolled(signed)
    assert signed.call("POST", "/v1/me/totp", {"current_password": PASSWORD}).status == 409
    assert signed.call("POST", "/v1/me/totp/verify", {"code": "123456"}).status == 409


@pytest.mark.parametrize("body", [{}, {"code": "123456", "recovery_code": "x"}, {"code": 123456}])
def test_removing_takes_one_proof(workspace: Workspace, body: Any) -> None:
    signed = person(workspace).sign_in()
    enrolled(signed)
    assert signed.call("DELETE", "/v1/me/totp", {"current_password": PASSWORD, **body}).status == 422


def test_a_lost_app_is_removed_with_a_recovery_code(workspace: Workspace) -> None:
    grace = person(workspace)
    signed = grace.sign_in()
    _, codes = enrolled(signed)
    wrong = signed.call("DELETE", "/v1/me/totp", {"current_password": PASSWORD, "recovery_code": "nonsense"})
    assert (wrong.status, wrong.json["errors"][0]["pointer"]) == (422, "/recovery_code")
    assert signed.call("DELETE", "/v1/me/totp", {"current_password": PASSWORD, "recovery_code": codes[9]}).status == 204
    assert grace.try_to_sign_in().status == 201
    enrolled(signed)
    assert grace.try_to_sign_in(recovery_code=codes[8]).status == 401, "the old codes went with it"


def test_an_admin_removes_the_second_factor_of_who_lost_everything(workspace: Workspace, other: Workspace) -> None:
    grace = person(workspace)
    enrolled(grace.sign_in())
    url = f"/v1/users/{grace.user_id}/totp"
    assert accept(workspace.world, invited(workspace, grace.user_id)).status == 200
    assert grace.try_to_sign_in().json["type"].endswith("second-factor-required"), "an invitation does not remove it"
    assert other.call("DELETE", url).status == 404
    assert workspace.narrow("users:write").call("DELETE", url).status == 403
    assert workspace.call("DELETE", url).status == 204
    assert workspace.call("DELETE", url).status == 409
    assert grace.try_to_sign_in().status == 201
    assert actions(workspace, f"target={grace.user_id}")[-1] == "totp.removed"


# -- what is kept ------------------------------------------------------------------------------------------------------


def test_nothing_that_was_shown_once_is_kept_or_logged(
    world: World, workspace: Workspace, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    user = workspace.make("/v1/users", {"name": "Grace", "email": f"kept-{next(_numbers)}@example.com"})
    invitation = invited(workspace, user["id"])
    accept(world, invitation)
    grace = Person(workspace, user["id"], user["email"])
    signed = grace.sign_in()
    totp, codes = enrolled(signed)
    grace.try_to_sign_in(recovery_code=codes[0])
    grace.try_to_sign_in(password="a wrong one that is secret too")
    shown = [invitation, PASSWORD, signed.token, totp.secret, *codes, "a wrong one that is secret too"]
    kept = json.dumps([item for _, item in world.items()], default=lambda blob: blob.decode("latin-1"))
    logged = caplog.text + capsys.readouterr().out
    assert "session.created" in logged
    for secret in shown:
        assert secret not in kept
        assert secret not in logged


def test_second_factors_are_sealed_with_a_key_of_their_own(world: World, workspace: Workspace) -> None:
    grace = person(workspace)
    totp, _ = enrolled(grace.sign_in())
    key = {"workspace_id": {"S": workspace.workspace_id}, "user_id": {"S": grace.user_id}}
    item = boto3.client("dynamodb").get_item(TableName="LoginsTable", Key=key)["Item"]
    context = {"purpose": "totp", "workspace_id": workspace.workspace_id, "user_id": grace.user_id}
    opened = boto3.client("kms").decrypt(
        CiphertextBlob=item["totp_secret"]["B"],
        EncryptionContext=context,
        KeyId=world.environment("sessions")["TOTP_KEY_ID"],
    )
    assert opened["Plaintext"].decode() == totp.secret
    assert world.environment("sessions")["TOTP_KEY_ID"] != world.environment("deliverer")["SECRETS_KEY_ID"]


def test_what_is_over_can_be_forgotten(world: World, workspace: Workspace) -> None:
    """Sessions, invitations and failures carry the time from which DynamoDB may delete them."""
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
