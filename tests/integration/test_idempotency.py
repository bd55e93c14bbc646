"""Idempotency-Key: a repeated creating request creates one object, and its answer contains no secret.

The tests are generated from the routes, and cover every route that takes the key.
"""

import json
import uuid
from typing import Any

import pytest
from ferryman import clock
from ferryman.aws import clients as aws
from ferryman.http.routes import Route

from tests.integration.conftest import Workspace
from tests.support.meanwhile import meanwhile
from tests.support.objects import Objects, path
from tests.support.world import Answer, World
from tools import openapi

CREATING = {operation.key: operation for operation in openapi.routes() if operation.creates}


@pytest.fixture(scope="module")
def owner(world: World) -> Workspace:
    made = world.bootstrap("Idempotent")
    return Workspace(world, made["workspace_id"], made["user_id"], made["token"])


@pytest.fixture
def objects(owner: Workspace) -> Objects:
    return Objects(owner)


@pytest.fixture(scope="module")
def colleague(owner: Workspace) -> Workspace:
    return owner.person("owner", "admin:*")


@pytest.fixture(scope="module")
def tester(owner: Workspace) -> Workspace:
    return owner.narrow("admin:*", environment="staging")


@pytest.fixture
def key() -> str:
    return str(uuid.uuid4())


def send(by: Workspace, operation: Route, target: str, body: Any, key: str) -> Answer:
    return by.call(operation.method, target, body, headers={"idempotency-key": key})


def another(operation: Route, body: dict[str, Any]) -> dict[str, Any]:
    """Another valid body for the same operation."""
    if "column" in body:
        return {**body, "column": body["column"] + 1}
    names = ("name", "app_name", "title", "text", "description", "url")
    changed = next((name for name in names if name in body), "name")
    return {**body, changed: f"{body.get(changed, 'Another')}x"}


@pytest.fixture(params=CREATING)
def operation(request: pytest.FixtureRequest) -> Route:
    found: Route = CREATING[request.param]
    return found


@pytest.fixture
def target(operation: Route, objects: Objects) -> str:
    return path(operation, objects.ids(operation))


@pytest.fixture
def body(operation: Route, objects: Objects) -> Any:
    return objects.body(operation)


def created(answer: Answer) -> str:
    assert answer.status in (201, 202), answer.body
    return str(answer.json["id"])


def test_a_repeated_request_creates_once(
    world: World, owner: Workspace, operation: Route, target: str, body: Any, key: str
) -> None:
    first = send(owner, operation, target, body, key)
    before = world.rows()
    again = send(owner, operation, target, body, key)
    assert created(again) == created(first)
    assert again.status == first.status
    assert world.rows() == before
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"


def test_the_replay_shows_no_secret(owner: Workspace, operation: Route, target: str, body: Any, key: str) -> None:
    """The repeated answer has null for a secret that is shown only once. All else is equal."""
    first, again = (send(owner, operation, target, body, key).json for _ in range(2))
    assert set(first) == set(again)
    gone = {name: value for name, value in first.items() if again[name] != value}
    assert all(again[name] is None for name in gone)
    secrets = [value for value in first.values() if str(value).startswith(("fm_", "whsec_")) or "/hooks/" in str(value)]
    for secret in secrets:
        assert len(secret) < 20 or secret not in json.dumps(again)  # a token's display prefix may be shown


def test_without_a_key_each_request_creates(owner: Workspace, operation: Route, target: str, objects: Objects) -> None:
    first, second = objects.body(operation), objects.body(operation)
    if operation.path.endswith("/callbacks") and "column" in second:
        second = another(operation, second)  # a second click on the same button would be a double click
    made = [created(owner.call(operation.method, target, body)) for body in (first, second)]
    assert made[0] != made[1]


def test_a_key_is_for_one_request(
    world: World, owner: Workspace, operation: Route, target: str, body: Any, key: str
) -> None:
    created(send(owner, operation, target, body, key))
    before = world.rows()
    answer = send(owner, operation, target, another(operation, body), key)
    assert answer.status == 409
    assert "different request" in answer.json["detail"]
    assert world.rows() == before


def test_a_refused_request_leaves_the_key_free(
    owner: Workspace, operation: Route, target: str, body: Any, key: str
) -> None:
    assert send(owner, operation, target, {**body, "unknown": 1}, key).status == 422
    assert "idempotency-replayed" not in send(owner, operation, target, body, key).headers


def test_two_equal_requests_at_the_same_moment_create_once(
    owner: Workspace, operation: Route, target: str, body: Any, key: str
) -> None:
    """The second request runs between the first one's read of the key and its commit."""
    assert owner.call("GET", "/v1/me").status == 200  # so that marking the token's use does not commit in between
    answers: list[Answer] = []
    with meanwhile(lambda: answers.append(send(owner, operation, target, body, key))):
        first = send(owner, operation, target, body, key)
    assert created(first) == created(answers[0])
    assert first.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in answers[0].headers


def test_two_different_requests_at_the_same_moment_are_not_mixed_up(
    owner: Workspace, operation: Route, target: str, objects: Objects, body: Any, key: str
) -> None:
    assert owner.call("GET", "/v1/me").status == 200
    other = another(operation, objects.body(operation))
    with meanwhile(lambda: created(send(owner, operation, target, other, key))):
        assert send(owner, operation, target, body, key).status == 409


def test_a_key_belongs_to_one_user_and_one_mode(
    owner: Workspace,
    colleague: Workspace,
    tester: Workspace,
    operation: Route,
    target: str,
    objects: Objects,
    body: Any,
    key: str,
) -> None:
    made = [created(send(owner, operation, target, body, key))]
    joined = owner.call("PUT", f"/v1/chats/{objects.id('chat_id')}/members/{colleague.user_id}")
    assert joined.status == 200, "a webhook hears of its owner's chats only"
    for by in (colleague, tester):
        own = {**objects.body(operation), **({"environment": "staging"} if "environment" in body else {})}
        answer = send(by, operation, target, own, key)
        # A test token finds nothing live that a path names, and it makes no people. Nobody clicks in the private chat
        # of another with an application.
        may_be_refused = by is tester or "button_message_id" in operation.path
        if not may_be_refused or answer.status not in (403, 404):
            made.append(created(answer))
    assert len(set(made)) == len(made)


def test_a_replay_shows_another_credential_only_what_it_may_read(
    owner: Workspace, operation: Route, target: str, body: Any, key: str
) -> None:
    first = created(send(owner, operation, target, body, key))
    scope = str(operation.needs.scope)
    narrow = owner.narrow(*({"messages:write", "chats:read"} if scope == "admin:*" else {scope}))
    answer = send(narrow, operation, target, body, key)
    if scope in ("admin:*", "me:webhooks"):
        assert answer.status == (403 if scope == "admin:*" else 201), answer.body
        return
    assert answer.status == 403
    assert first not in answer.body.decode()
    both = owner.narrow(scope, scope.replace(":write", ":read"))
    assert send(both, operation, target, body, key).status in (201, 404)  # 404: not one of its own


def test_a_narrow_credential_is_replayed_its_own(owner: Workspace, key: str) -> None:
    writer = owner.narrow("chats:write")
    sent = [writer.call("POST", "/v1/chats", {"name": "Own"}, headers={"idempotency-key": key}) for _ in range(2)]
    assert created(sent[0]) == created(sent[1])


def test_a_webhook_of_every_chat_is_not_replayed_to_a_narrow_token(owner: Workspace, key: str) -> None:
    body = {"url": "https://ci.example.com/in", "events": ["message.created"]}
    created(owner.call("POST", "/v1/webhooks", body, headers={"idempotency-key": key}))
    narrow = owner.narrow("webhooks:read", "webhooks:write")
    assert narrow.call("POST", "/v1/webhooks", body, headers={"idempotency-key": key}).status == 404


def test_a_key_is_free_again_after_a_day(
    owner: Workspace,
    operation: Route,
    target: str,
    objects: Objects,
    body: Any,
    key: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The key is free even if DynamoDB has not deleted it yet, which can take days."""
    first = created(send(owner, operation, target, body, key))
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + 24 * 3600 + 1)
    again = send(owner, operation, target, objects.body(operation), key)
    assert created(again) != first
    assert "idempotency-replayed" not in again.headers


def test_the_key_is_not_stored(world: World, owner: Workspace) -> None:
    """A client may put private data into the key."""
    answer = owner.call("POST", "/v1/chats", {"name": "Builds"}, headers={"idempotency-key": "my-very-own-key"})
    created(answer)
    assert not [table for table, item in world.items() if "my-very-own-key" in repr(item)]


def test_a_key_used_for_one_route_is_taken_for_the_others(owner: Workspace, key: str) -> None:
    made = owner.call("POST", "/v1/chats", {"name": "Builds"}, headers={"idempotency-key": key})
    chat = created(made)
    answer = owner.call("POST", f"/v1/chats/{chat}/messages", {"text": "x"}, headers={"idempotency-key": key})
    assert answer.status == 409
    assert "different request" in answer.json["detail"]
    assert owner.call("GET", f"/v1/chats/{chat}/messages").json["items"] == []


def test_a_repeated_request_does_not_make_a_deleted_thing_again(owner: Workspace, key: str) -> None:
    body = {"chat_id": owner.chat(), "name": "CI"}
    made = owner.call("POST", "/v1/incoming-webhooks", body, headers={"idempotency-key": key})
    assert owner.call("DELETE", f"/v1/incoming-webhooks/{created(made)}").status == 204
    again = owner.call("POST", "/v1/incoming-webhooks", body, headers={"idempotency-key": key})
    assert again.status == 404
    assert owner.call("GET", f"/v1/incoming-webhooks?chat_id={body['chat_id']}").json["items"] == []


def test_a_transaction_has_a_token_of_its_own(world: World, owner: Workspace) -> None:
    """With the token, AWS does not repeat a transaction whose answer was lost."""
    tokens: list[str] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        tokens.append(json.loads(params["body"])["ClientRequestToken"])

    events = aws.dynamodb().meta.events
    events.register("before-call.dynamodb.TransactWriteItems", note)
    try:
        for _ in range(2):
            owner.chat()
    finally:
        events.unregister("before-call.dynamodb.TransactWriteItems", note)
    assert len(set(tokens)) == len(tokens) >= 2
