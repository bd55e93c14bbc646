"""Wrong credentials: all get the same answer after the same work, and the lock-out grows with each failure."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from ferryman.aws import clients as aws
from ferryman.identity.logins import passwords
from ferryman.identity.logins import sign_in_failures as attempts

from tests.integration.conftest import Workspace
from tests.integration.signing_in.people import HOUR, PASSWORD, Person, _numbers, accept, enrolled, invited, person
from tests.support.meanwhile import meanwhile
from tests.support.world import World


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
    """Add each call to DynamoDB to `noted`, such as `GetItem LoginsTable`."""

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
def test_a_refusal_names_the_wrong_field_and_repeats_no_value(
    world: World, fields: dict[str, Any], pointer: str
) -> None:
    body = {"email": "ada@example.com", "password": PASSWORD, **fields}
    answer = world.call("POST", "/v1/sessions", json_body=body)
    assert answer.status == 422
    assert answer.json.get("errors", [{"pointer": ""}])[0]["pointer"] == pointer
    assert PASSWORD not in answer.body.decode()


def test_signing_in_reads_json_only(world: World) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert world.call("POST", "/v1/sessions", body="email=a&password=b", headers=form).status == 415
    assert world.call("POST", "/v1/sessions", body="{").status == 400
    assert world.call("POST", "/v1/sessions", body="x" * 270_000).status == 413
    assert world.call("POST", "/v1/sessions?next=/", json_body={}).status == 422


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
    """Each guess runs between another one's read and its count. Every guess that is checked is also counted."""
    grace = person(workspace)
    judged: list[int] = []

    def guess() -> None:
        judged.append(grace.try_to_sign_in(password="wrong password").status)

    with meanwhile(*[guess] * 8, operation="PutItem"):
        guess()
    while judged[-1] != 429:
        guess()
    assert judged.count(401) == 10


def test_the_lock_out_of_one_person_stops_no_other(workspace: Workspace) -> None:
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
