"""Changing the password ends every other session, also when the function fails or others act at the same time."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from ferryman.aws import clients as aws

from tests.integration.conftest import Workspace
from tests.integration.signing_in.people import PASSWORD, Signed, accept, actions, invited, person
from tests.support.meanwhile import meanwhile
from tests.support.refusals import unanswered


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
def test_a_refused_change_of_password_leaves_the_old_one(workspace: Workspace, body: Any, pointer: str) -> None:
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
    """The transaction that changes the password ends them. Here the search for further sessions fails afterwards."""
    grace = person(workspace)
    mine, other = grace.sign_in(), grace.sign_in()
    body = {"current_password": PASSWORD, "new_password": "another password"}
    with failing_after_commit():
        assert mine.call("POST", "/v1/me/password", body).status == 503
    assert not other.is_accepted()
    assert grace.try_to_sign_in(password="another password").status == 201


@contextmanager
def failing_after_commit() -> Iterator[None]:
    """Inside the block, DynamoDB fails every query after the first commit."""
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
