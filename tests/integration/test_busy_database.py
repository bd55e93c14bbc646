"""DynamoDB throttles, cancels or refuses a call: each has its answer, and a call that can succeed is tried again."""

import time

import pytest

from local.receiver import Receiver
from tests.integration import commands
from tests.integration.conftest import Workspace
from tests.support.mattermost import form
from tests.support.refusals import cancelled, failing, refused
from tests.support.world import Answer, World

THROTTLED = ("ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded")


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between tries, in seconds. The tests do not wait for them."""
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    return waited


@pytest.fixture
def workspace(workspace: Workspace) -> Workspace:
    """A workspace whose token was used already, so that no request has to mark its first use."""
    assert workspace.call("GET", "/v1/me").status == 200
    return workspace


def create(workspace: Workspace) -> Answer:
    """Create a chat, which is written in one transaction with its first member."""
    return workspace.call("POST", "/v1/chats", {"name": "Builds"})


def chats(workspace: Workspace) -> list[str]:
    return [chat["name"] for chat in workspace.call("GET", "/v1/chats").json["items"]]


@pytest.mark.parametrize("reason", THROTTLED)
def test_a_throttled_transaction_is_sent_again(workspace: Workspace, pauses: list[float], reason: str) -> None:
    with failing("TransactWriteItems", cancelled("None", reason), times=3) as calls:
        assert create(workspace).status == 201
    assert len(calls) == 4
    assert [pause <= most for pause, most in zip(pauses, (0.1, 0.2, 0.4), strict=True)] == [True] * 3
    assert chats(workspace) == ["Builds"]


def test_the_pauses_between_tries_differ(workspace: Workspace, pauses: list[float]) -> None:
    """Callers that were throttled at the same time must not all try again at the same time."""
    with failing("TransactWriteItems", cancelled("ThrottlingError", "None")):
        for _ in range(3):
            create(workspace)
    assert len(set(pauses)) == len(pauses) == 9


@pytest.mark.parametrize("reason", THROTTLED)
def test_a_transaction_that_stays_throttled_is_503(workspace: Workspace, reason: str) -> None:
    with failing("TransactWriteItems", cancelled(reason, "TransactionConflict")) as calls:
        answer = create(workspace)
    assert (answer.status, answer.headers["retry-after"]) == (503, "2")
    assert len(calls) == 4
    assert chats(workspace) == []


def test_a_transaction_that_collides_is_409(workspace: Workspace, pauses: list[float]) -> None:
    with failing("TransactWriteItems", cancelled("TransactionConflict", "None")) as calls:
        assert create(workspace).status == 409
    assert (len(calls), pauses) == (1, [])


@pytest.mark.parametrize(("times", "status", "uses"), [(9, 200, 1), (10, 503, 0)])
def test_an_answer_to_a_command_that_collides_with_others_is_sent_again(
    workspace: Workspace, receiver: Receiver, pauses: list[float], times: int, status: int, uses: int
) -> None:
    """Each answer increments the count of the reply address. An answer that fails is not counted."""
    chat = workspace.chat()
    commands.command(workspace, receiver)
    commands.answers(receiver, {})
    workspace.make(f"/v1/chats/{chat}/messages", {"text": "/deploy"})
    url = form(receiver.requests("/commands")[0].body)["response_url"].removeprefix("https://api.test")

    def answer() -> Answer:
        return workspace.world.call("POST", url, json_body={"text": "done"})

    with failing("TransactWriteItems", cancelled("TransactionConflict", "None"), times=times):
        assert answer().status == status
    assert len(set(pauses)) == len(pauses) == 9, "answers that collided do not come back together"
    assert [answer().status for _ in range(6 - uses)] == [200] * (5 - uses) + [400]


@pytest.mark.parametrize("reason", ["ValidationError", "ItemCollectionSizeLimitExceeded", "AccessDenied"])
def test_a_transaction_that_dynamodb_does_not_take_is_our_bug(workspace: Workspace, reason: str) -> None:
    with failing("TransactWriteItems", cancelled("None", reason)) as calls:
        answer = create(workspace)
    assert (answer.status, len(calls)) == (500, 1)
    assert reason not in answer.body.decode()


def test_a_condition_counts_more_than_a_throttle(workspace: Workspace) -> None:
    """A second try could not succeed, because a condition did not hold."""
    with failing("TransactWriteItems", cancelled("ConditionalCheckFailed", "ThrottlingError")) as calls:
        assert create(workspace).status == 409
    assert len(calls) == 1


def test_a_throttled_mark_of_use_stops_nobody(world: World) -> None:
    fresh = world.bootstrap()["token"]
    with failing("TransactWriteItems", cancelled("ThrottlingError", "None")) as calls:
        assert world.call("GET", "/v1/me", token=fresh).status == 200
    assert len(calls) == 4


@pytest.mark.parametrize(("times", "status"), [(3, 201), (4, 503)])
def test_a_write_that_collides_with_a_transaction_is_sent_again(workspace: Workspace, times: int, status: int) -> None:
    chat = workspace.chat()
    with failing("PutItem", refused("PutItem", "TransactionConflictException"), times) as calls:
        answer = workspace.call("POST", f"/v1/chats/{chat}/messages", {"text": "x"})
    assert (answer.status, len(calls)) == (status, 4)


def test_a_collision_as_the_fourth_failure_is_written_costs_no_fifth_attempt(
    world: World, workspace: Workspace, receiver: Receiver
) -> None:
    """The write is a transaction, because it also stores an event about the failure. The attempt must be recorded."""
    chat = workspace.chat()
    body = {"url": receiver.url("/broken"), "events": ["message.created"], "chat_ids": [chat]}
    webhook = workspace.make("/v1/webhooks", body)
    receiver.answer("/broken", 500)
    workspace.make(f"/v1/chats/{chat}/messages", {"text": "x"})
    with failing("TransactWriteItems", cancelled("TransactionConflict", "None"), times=4) as calls:
        world.pump(30)
    assert len(calls) == 5
    assert len(receiver.requests("/broken")) == 4
    (delivery,) = workspace.call("GET", f"/v1/webhooks/{webhook['id']}/deliveries").json["items"]
    assert (delivery["state"], len(delivery["attempts"])) == ("exhausted", 4)
