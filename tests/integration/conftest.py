"""Fixtures of the integration tests: one deployment for each test module, and a new workspace for each test."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from ferryman import clock
from ferryman.http import problems
from ferryman.pipeline.lost_messages import walk

from local.receiver import Receiver
from tests.support.clients import aws_client
from tests.support.described import operations
from tests.support.world import Answer, World
from tests.support.world import world as make_world
from tools import openapi


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with make_world() as made:
        _swept(made, clock.now())
        yield made


def _swept(world: World, at: float) -> None:
    """Set the sweeper's cursors to two hours before `at`. A sweeper without cursors would begin with a whole day."""
    until = clock.iso(int(at) - 2 * 3600)
    for look in (walk.SOON, walk.AGAIN):
        cursor = {"minute": {"S": "cursor"}, "receipt_id": {"S": look.name}}
        item = {**cursor, "accounted_until": {"S": until}, "moves": {"N": "1"}}
        aws_client("dynamodb").put_item(TableName=world.table("receipts"), Item=item)


@pytest.fixture(scope="session")
def described() -> dict[str, dict[str, Any]]:
    """The API's description of each route, by its key."""
    return operations(openapi.document())


@pytest.fixture(autouse=True)
def every_answer_is_as_described(request: pytest.FixtureRequest) -> Iterator[None]:
    """Checks every answer that a test gets from the API: `check_answer`."""
    if "world" not in request.fixturenames:
        yield
        return
    world: World = request.getfixturevalue("world")
    described = request.getfixturevalue("described")
    world.answers.clear()
    yield
    for answer in world.answers:
        check_answer(answer, described)


_OF_SOME = {"errors", "plan", "required_plan"}  # members that only some problems have


def check_answer(answer: Answer, described: dict[str, dict[str, Any]]) -> None:
    """Check that the status, the media type, the body of an error, and the required headers are as described."""
    where = f"{answer.route} answered {answer.status} {answer.body[:300]!r}"
    request_id = answer.headers.get("x-request-id")
    assert request_id, f"{where} without X-Request-Id"
    media = answer.headers.get("content-type", "").partition(";")[0]
    if answer.route in described:
        responses = described[answer.route]["responses"]
        assert str(answer.status) in responses, f"{where}, which openapi.yaml does not describe"
        content = responses[str(answer.status)].get("content", {})
        known = media in content or (not content and not answer.body) or "/docs/" in answer.route
        assert known, f"{where} as {media!r} instead of {list(content)}"
    elif answer.route.startswith("ANY /api/v4/"):  # nothing is at this address, or nobody asked
        assert answer.status in (401, 404, 429), where
        assert set(answer.json) == {"id", "message", "detailed_error", "request_id", "status_code"}, where
    elif answer.route.startswith("POST ") and answer.route.endswith("/{proxy+}"):  # no secret URL has this form
        assert answer.status == 404, where  # in the product's words
    elif answer.status != 200:  # else a page or a file of the console, the page at /docs/, or an answer to HEAD
        assert answer.status in (404, 405), where
        assert media == problems.CONTENT_TYPE, where
    if media == problems.CONTENT_TYPE:
        problem = answer.json
        assert set(problem) - _OF_SOME == {"type", "title", "status", "detail", "request_id"}, where
        assert (problem["status"], problem["request_id"]) == (answer.status, request_id), where
        assert problem["detail"], where
        assert answer.headers["cache-control"] == "no-store", where
    if answer.status == 401:
        assert answer.headers["www-authenticate"].startswith("Bearer"), where
    if answer.status in (429, 503):
        assert int(answer.headers["retry-after"]) > 0, where


@dataclass
class Workspace:
    """A workspace, and requests to the API with one of its tokens."""

    world: World
    workspace_id: str
    user_id: str
    token: str
    invitation: str = ""  # of the first owner, to set a password

    def call(self, method: str, target: str, json_body: Any = None, **options: Any) -> Answer:
        return self.world.call(method, target, token=self.token, json_body=json_body, **options)

    def make(self, target: str, json_body: Any, status: int = 201) -> Any:
        """POST a body, check the status, and return the JSON of the answer."""
        answer = self.call("POST", target, json_body)
        assert answer.status == status, answer.body
        return answer.json

    def chat(self, name: str = "Builds", **fields: Any) -> str:
        return str(self.make("/v1/chats", {"name": name, **fields})["id"])

    def say(self, chat: str, text: str = "Build passed") -> str:
        """Post a message. Returns its id."""
        return str(self.make(f"/v1/chats/{chat}/messages", {"text": text})["id"])

    def messages(self, chat: str) -> list[dict[str, Any]]:
        """The messages of the chat, newest first."""
        found: list[dict[str, Any]] = self.call("GET", f"/v1/chats/{chat}/messages").json["items"]
        return found

    def narrow(self, *scopes: str, environment: str = "production") -> "Workspace":
        """The same user with a new token that has only these scopes."""
        made = self.make("/v1/tokens", {"name": "narrow", "scopes": list(scopes), "environment": environment})
        return Workspace(self.world, self.workspace_id, self.user_id, made["token"])

    def signed_in(self, *, livemode: bool = True) -> "Workspace":
        """The same user with a new session, which is created without a password, whose hash would take long."""
        from ferryman.aws import dynamodb as store
        from ferryman.identity.credentials.model import Source
        from ferryman.identity.sessions import signing_in
        from ferryman.identity.users import table

        with self.world.inside("sessions"):
            user = table.get(self.workspace_id, self.user_id)
            _, secret, writes = signing_in.prepare(user, livemode=livemode, source=Source())
            store.commit(writes)
        return Workspace(self.world, self.workspace_id, self.user_id, secret)

    def person(self, role: str = "staff", *scopes: str) -> "Workspace":
        """Another user of the workspace, with a token of their own that has these scopes."""
        email = f"{role}-{len(self.call('GET', '/v1/users?limit=100').json['items'])}@example.com"
        user = self.make("/v1/users", {"name": role.title(), "email": email, "role": role})
        return Workspace(self.world, self.workspace_id, user["id"], token_for(self.world, self, user, scopes))


def token_for(world: World, owner: Workspace, user: dict[str, Any], scopes: tuple[str, ...]) -> str:
    """A new token of another user. The test creates it in the table, because through the API only that user could."""
    from ferryman.aws import dynamodb as store
    from ferryman.identity.tokens import service
    from ferryman.identity.tokens.schema import TokenIn

    wanted = TokenIn.model_validate(
        {"name": "own", "scopes": list(scopes or ("chats:read",)), "environment": "production"}
    )
    with world.inside("bootstrap"):
        _, secret, writes = service.prepare(owner.workspace_id, user["id"], user["role"], wanted, created_by="test")
        store.commit(writes)
    return secret


@pytest.fixture
def workspace(world: World) -> Workspace:
    made = world.bootstrap()
    return Workspace(world, made["workspace_id"], made["user_id"], made["token"], made["invitation"])


@pytest.fixture
def other(world: World) -> Workspace:
    """A second workspace, which must not see anything of the first."""
    made = world.bootstrap("Other")
    return Workspace(world, made["workspace_id"], made["user_id"], made["token"], made["invitation"])


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


type Later = Callable[[float], None]


@pytest.fixture
def later(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Later]:
    """A function that sets the clock so many seconds ahead.

    After the test, the sweeper's cursors are set back, because other tests need the sweeper in the present.
    """
    real = clock.now

    def move(seconds: float) -> None:
        monkeypatch.setattr(clock, "now", lambda: real() + seconds)

    yield move
    _swept(world, real())


type Make = Callable[..., Any]
