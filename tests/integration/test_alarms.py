"""Each fault of ours rings an alarm, and nothing that a customer's receiver does rings one."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from ferryman import clock
from ferryman.aws import clients as aws
from ferryman.pipeline import sweep
from ferryman.webhooks.tickets import Ticket

from local.receiver import Receiver
from tests.integration.conftest import Later, Workspace
from tests.support import template
from tests.support.alarms import emitted, metrics_of, on_our_metrics, rung
from tests.support.clients import aws_client
from tests.support.logged import Logged, logged
from tests.support.refusals import refused
from tests.support.world import Context, World
from tests.unit import hostile

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
RECEIVERS: dict[str, hostile.Behaviour] = {
    "is well": hostile.answer(OK),
    "fails": hostile.answer(b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"),
    "is gone": hostile.answer(b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"),
    "asks for patience": hostile.answer(b"HTTP/1.1 429 No\r\nRetry-After: 99999999\r\nContent-Length: 0\r\n\r\n"),
    "redirects": hostile.answer(b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\n\r\n"),
    "hangs": hostile.hang,
    "drips its head": hostile.repeat(b"HTTP/1.1 200 OK\r\n", b"X", 0.05),
    "says 100 for ever": hostile.repeat(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.001),
    "says nonsense": hostile.answer(b"\x00\xff nonsense \r\n\r\n"),
    "says status 999": hostile.answer(b"HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n"),
    "hangs up": lambda visit: None,
    "resets": hostile.answer_and_reset(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "never ends": hostile.repeat(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536),
}


@pytest.fixture
def quick(world: World) -> Iterator[None]:
    """An attempt times out after one second."""
    before = world.parameters["AttemptTimeoutSeconds"]
    world.parameters["AttemptTimeoutSeconds"] = "1"
    yield
    world.parameters["AttemptTimeoutSeconds"] = before


@contextmanager
def refusing(service: str) -> Iterator[None]:
    """Inside the block, AWS refuses every call to one service."""
    client = {"dynamodb": aws.dynamodb, "kms": aws.kms, "s3": aws.s3, "sqs": aws.sqs}[service]()

    def refuse(**_: Any) -> None:
        raise refused("Any", "AccessDeniedException")

    client.meta.events.register(f"before-call.{service}", refuse)
    try:
        yield
    finally:
        client.meta.events.unregister(f"before-call.{service}", refuse)


def _waiting(world: World, queue: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    sqs = aws_client("sqs")
    found = sqs.get_queue_attributes(QueueUrl=world.queue_url(queue), AttributeNames=names)["Attributes"]
    return sum(map(int, found.values()))


def _loud(log: Logged) -> list[dict[str, Any]]:
    return [line for line in log.lines() if line["level"] != "INFO"]


@pytest.mark.parametrize("kind", [*RECEIVERS, "is not there", "is deleted", "shut out"])
def test_nothing_rings_whatever_a_receiver_does(world: World, workspace: Workspace, quick: None, kind: str) -> None:
    chat = workspace.chat()
    with hostile.receiver(RECEIVERS.get(kind, hostile.hang)) as receiver, logged() as log:
        url = (
            f"http://localhost:{hostile.closed_port()}/" if kind == "is not there" else receiver.url("/in", "localhost")
        )
        wanted = {"url": url, "events": ["message.created"], "chat_ids": [chat]}
        webhook = workspace.make("/v1/webhooks", wanted)
        for number in range(2):
            workspace.make(f"/v1/chats/{chat}/messages", {"text": f"message {number}"})
        if kind == "is deleted":
            workspace.call("DELETE", f"/v1/webhooks/{webhook['id']}")
        if kind == "shut out":
            workspace.call("DELETE", f"/v1/chats/{chat}/members/{workspace.user_id}")
        world.pump(40)  # raises when a function does: that would be `Function errors`
    alarmed = {metric.name for alarm in on_our_metrics().values() for metric in metrics_of(alarm)}
    assert not alarmed & set(emitted(log))
    assert not _loud(log), "what a receiver does is news, of level INFO"
    assert emitted(log)["Accepted"] == [1, 1]
    assert kind in ("is deleted", "shut out") or "Attempts" in emitted(log)
    assert _waiting(world, "DeadLettersQueue") == 0
    assert not world.parked()
    assert all(answer.status < 500 for answer in world.answers)


@pytest.mark.parametrize("folder", ["dispatcher", "replayer", "deliverer", "dead_letters"])
def test_a_failure_of_ours_rings_though_the_function_ends_well(world: World, folder: str) -> None:
    """The function returns the records to repeat and raises nothing, so Lambda's metric Errors stays 0."""
    event = json.loads((template.ROOT / "events" / f"{folder}.json").read_text())
    with logged() as log, refusing("dynamodb"):
        assert world.invoke(folder, event)["batchItemFailures"]
    assert rung(log) == set(), "the retry heals it"
    assert rung(log, log) == {"Infrastructure failures"}


def test_a_key_that_may_not_be_used_rings(world: World, workspace: Workspace, receiver: Receiver) -> None:
    chat = workspace.chat()
    workspace.make("/v1/webhooks", {"url": receiver.url("/in"), "events": ["message.created"], "chat_ids": [chat]})
    workspace.make(f"/v1/chats/{chat}/messages", {"text": "unsigned is unsent"})
    world.pump_streams()
    sqs, url = aws_client("sqs"), world.queue_url("DeliveriesQueue")
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    record = {
        "messageId": "1",
        "receiptHandle": "gone",
        "eventSourceARN": "arn:aws:sqs:us-east-1:1:Deliveries",
        "body": message["Body"],
    }
    with logged() as log, refusing("kms"):
        assert world.invoke("deliverer", {"Records": [record]})["batchItemFailures"]
    assert emitted(log)["InfrastructureFailures"] == [1]
    assert rung(log, log) == {"Infrastructure failures"}
    assert not receiver.requests()


def test_swept_messages_ring_with_their_number(world: World, workspace: Workspace, later: Later) -> None:
    chat = workspace.chat()
    for number in range(3):
        workspace.make(f"/v1/chats/{chat}/messages", {"text": f"left behind {number}"})
    world.stream_records("MessagesTable")
    later(300)
    with logged() as log:
        assert world.invoke("sweeper", {}) == {"swept": 3}
    assert emitted(log)["SweptEvents"] == [3]
    assert rung(log) == {"Swept events"}


def test_swept_messages_ring_also_when_the_sweepers_time_was_over(
    world: World, workspace: Workspace, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "_BATCH", 1)
    chat = workspace.chat()
    for number in range(3):
        workspace.make(f"/v1/chats/{chat}/messages", {"text": f"left behind {number}"})
    world.stream_records("MessagesTable")
    later(300)

    class ShortTime(Context):
        def get_remaining_time_in_millis(self) -> int:
            return 1_000 if log.lines("events.dispatched") else 60_000

    with logged() as log:
        swept = world.invoke("sweeper", {}, ShortTime())["swept"]
    assert emitted(log)["SweptEvents"] == [swept]
    assert rung(log) == {"Swept events"}
    assert world.invoke("sweeper", {})["swept"] == 3 - swept > 0


def test_a_sweeper_whose_time_does_not_suffice_rings(world: World, later: Later) -> None:
    began = clock.now()
    with logged() as log:
        world.invoke("sweeper", {})
        assert not rung(log)
        later(600)
        world.invoke("sweeper", {}, Context(20_000))
        assert emitted(log)["SweeperBehind"]
        assert not rung(log)
    with logged() as log:
        later(1200)
        world.invoke("sweeper", {}, Context(20_000))
        (seconds,) = {line["seconds"] for line in log.lines("sweep.behind") if line["look"] == "soon"}
    assert 1190 <= seconds <= clock.now() - began + 1
    assert rung(log) == {"Sweeper behind"}


def test_a_long_replay_that_gets_on_is_not_swept(
    world: World, workspace: Workspace, receiver: Receiver, later: Later
) -> None:
    chat = workspace.chat()
    wanted = {"url": receiver.url("/in"), "events": ["message.created"], "chat_ids": [chat]}
    webhook_id = workspace.make("/v1/webhooks", wanted)["id"]
    replay = workspace.make(f"/v1/webhooks/{webhook_id}/replays", {}, 202)
    world.stream_records("ReplaysTable")
    later(300)
    key = {"webhook": {"S": f"{workspace.workspace_id}/{webhook_id}"}, "replay_id": {"S": replay["id"]}}

    def moved(seconds_ago: float) -> None:
        aws_client("dynamodb").update_item(
            TableName=world.table("replays"),
            Key=key,
            UpdateExpression="SET updated_at = :at",
            ExpressionAttributeValues={":at": {"S": clock.iso(clock.now() - seconds_ago)}},
        )

    moved(30)
    with logged() as log:
        assert world.invoke("sweeper", {}) == {"swept": 0}
        assert not rung(log)
        moved(180)
        assert world.invoke("sweeper", {}) == {"swept": 1}
    assert rung(log) == {"Swept events"}


def test_a_parked_record_rings_until_it_is_gone(world: World) -> None:
    aws_client("s3").put_object(Bucket=world.bucket(), Key="records/x", Body=b"{}")
    rounds = []
    for number in range(3):
        with logged() as log:
            world.invoke("sweeper", {})
        rounds.append(rung(log))
        if number == 1:
            aws_client("s3").delete_object(Bucket=world.bucket(), Key="records/x")
    assert rounds == [{"Parked records"}, {"Parked records"}, set()]


def test_a_delivery_that_comes_round_for_the_third_time_rings(world: World, workspace: Workspace) -> None:
    chat = workspace.chat()
    workspace.make("/v1/webhooks", {"url": "http://localhost:9/", "events": ["message.created"], "chat_ids": [chat]})
    workspace.make(f"/v1/chats/{chat}/messages", {"text": "round and round"})
    world.pump_streams()
    sqs, url = aws_client("sqs"), world.queue_url("DeliveriesQueue")
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    ticket = Ticket.load(message["Body"])
    rounds = []
    for _ in range(3):
        with logged() as log:
            world.invoke("dead_letters", {"Records": [{"messageId": "1", "body": ticket.dump()}]})
        rounds.append(rung(log))
        ticket = ticket.again()
    assert rounds == [set(), set(), {"Stuck deliveries"}]
