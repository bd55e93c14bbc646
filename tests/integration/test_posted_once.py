"""Posting to a secret URL with an Idempotency-Key: a repeated post gives one message."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.conftest import Workspace
from tests.integration.mattermost.hooks import Hook, hook
from tests.support.meanwhile import meanwhile
from tests.support.world import Answer, World

TAKEN = {
    "ferryman": b"used for a different request",
    "mattermost": b"api.context.idempotency_key.app_error",
    "slack": b"invalid_payload",
}

type Post = Callable[..., Answer]


@pytest.fixture(params=TAKEN)
def flavour(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def made(workspace: Workspace, flavour: str) -> Hook:
    return hook(workspace, flavour)


@pytest.fixture
def post(world: World, made: Hook) -> Post:
    def send(key: str | None, text: str = "Build passed") -> Answer:
        headers = {"Idempotency-Key": key} if key else {}
        return world.call("POST", made.path, json_body={"text": text}, headers=headers)

    return send


@pytest.fixture
def key() -> str:
    return str(uuid.uuid4())


def texts(workspace: Workspace, made: Hook) -> list[str]:
    return [one["text"] for one in workspace.call("GET", f"/v1/chats/{made.chat}/messages").json["items"]]


def test_a_repeated_post_makes_one_message(workspace: Workspace, made: Hook, post: Post, key: str) -> None:
    first, second = post(key), post(key)
    assert (first.status, second.status, second.body) == (200, 200, b"ok"), second.body
    assert first.headers["x-fm-message-id"] == second.headers["x-fm-message-id"]
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert texts(workspace, made) == ["Build passed"]


def test_without_a_key_each_post_is_a_message(workspace: Workspace, made: Hook, post: Post) -> None:
    assert (post(None).status, post(None).status) == (200, 200)
    assert texts(workspace, made) == ["Build passed"] * 2


def test_two_equal_posts_at_the_same_moment_make_one_message(
    workspace: Workspace, made: Hook, post: Post, key: str
) -> None:
    post(None, "Hello")  # so that marking the URL's use does not commit in between
    answers: list[Answer] = []
    with meanwhile(lambda: answers.append(post(key))):
        late = post(key)
    assert late.headers["x-fm-message-id"] == answers[0].headers["x-fm-message-id"]
    assert late.headers["idempotency-replayed"] == "true"
    assert texts(workspace, made) == ["Build passed", "Hello"]


def test_a_key_is_for_one_post(workspace: Workspace, flavour: str, made: Hook, post: Post, key: str) -> None:
    assert post(key).status == 200
    refused = post(key, "Another text")
    assert refused.status == 409
    assert TAKEN[flavour] in refused.body
    assert texts(workspace, made) == ["Build passed"]


@pytest.mark.parametrize("wrong", ["", "a b", "ü", "k" * 256])
def test_a_key_that_cannot_be_kept_is_refused(workspace: Workspace, made: Hook, world: World, wrong: str) -> None:
    headers = {"Idempotency-Key": wrong}
    refused = world.call("POST", made.path, json_body={"text": "Build passed"}, headers=headers)
    assert refused.status == 400
    assert texts(workspace, made) == []


def test_each_webhook_has_keys_of_its_own(world: World, workspace: Workspace, key: str) -> None:
    ids: set[Any] = set()
    for one in (hook(workspace, "ferryman"), hook(workspace, "ferryman")):
        answer = world.call("POST", one.path, json_body={"text": "x"}, headers={"Idempotency-Key": key})
        assert "idempotency-replayed" not in answer.headers
        ids.add(answer.headers["x-fm-message-id"])
    assert len(ids) == 2


def test_a_long_text_is_repeated_as_a_whole(workspace: Workspace, world: World, key: str) -> None:
    made = hook(workspace, "mattermost")
    for _ in range(2):
        answer = world.call("POST", made.path, json_body={"text": "a" * 20_000}, headers={"Idempotency-Key": key})
        assert answer.status == 200
    assert len(texts(workspace, made)) == 2
