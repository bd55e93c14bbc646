"""Tickets that were received four times: the delivery ends, or the ticket is requeued after a pause, or parked."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from ferryman.aws import clients as aws
from ferryman.webhooks import tickets
from ferryman.webhooks.subscriptions import sealing
from ferryman.webhooks.tickets import Ticket

from local.receiver import Receiver
from tests.integration.conftest import Workspace
from tests.support.clients import aws_client
from tests.support.logged import logged
from tests.support.refusals import failing, refused
from tests.support.world import World

FOREIGN = {
    "text": "hello",
    "empty": "",
    "list": "[]",
    "number": "7",
    "deep": "[" * 100_000,
    "not a number": '{"workspace_id": NaN}',
    "no delivery": '{"workspace_id": "wsp_01JCXHZ5E0ABCDEFGHJKMNPQRS"}',
    "no id": '{"workspace_id": "wsp_01JCXHZ5E0ABCDEFGHJKMNPQRS", "delivery_id": "dlv_1"}',
    "endless workspace": json.dumps(
        {"workspace_id": "w" * 3000, "delivery_id": "dlv_01JCXHZ5E0ABCDEFGHJKMNPQRS01JCXHZ5E0ABCDEFGHJKMNPQRS"}
    ),
    "negative rounds": json.dumps(
        {
            "workspace_id": "wsp_01JCXHZ5E0ABCDEFGHJKMNPQRS",
            "delivery_id": "dlv_01JCXHZ5E0ABCDEFGHJKMNPQRS01JCXHZ5E0ABCDEFGHJKMNPQRS",
            "requeues": -1,
        }
    ),
}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Ticket, float]]:
    """The tickets that were sent, each with its delay.

    The tickets enter the queue without the delay, so tests see them at once.
    """
    made: list[tuple[Ticket, float]] = []
    real = tickets.send

    def send(batch: list[Ticket], delay_seconds: float = 0, *, lane: tickets.Lane = "fast") -> None:
        made.extend((ticket, delay_seconds) for ticket in batch)
        real(batch, lane=lane)

    monkeypatch.setattr(tickets, "send", send)
    return made


@pytest.fixture
def webhook_id(workspace: Workspace, receiver: Receiver) -> str:
    chat = workspace.chat()
    made = workspace.make(
        "/v1/webhooks", {"url": receiver.url("/in"), "events": ["message.created"], "chat_ids": [chat]}
    )
    workspace.make(f"/v1/chats/{chat}/messages", {"text": "Build passed"})
    return str(made["id"])


def _delivery(workspace: Workspace, webhook_id: str) -> dict[str, Any]:
    (found,) = workspace.call("GET", f"/v1/webhooks/{webhook_id}/deliveries").json["items"]
    return dict(found)


def _records(*bodies: str) -> dict[str, Any]:
    """A batch with these messages, as an event for the deliverer or the dead letters' function."""
    return {
        "Records": [
            {
                "messageId": str(n),
                "receiptHandle": "gone",
                "eventSourceARN": "arn:aws:sqs:us-east-1:1:Deliveries",
                "body": body,
            }
            for n, body in enumerate(bodies)
        ]
    }


def _taken(world: World) -> list[str]:
    """Receive and delete all messages of the delivery queue. Returns their bodies."""
    sqs, url = aws_client("sqs"), world.queue_url("DeliveriesQueue")
    found = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        for message in messages:
            found.append(message["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


@contextmanager
def _kms_denied() -> Iterator[None]:
    def refuse(**_: Any) -> None:
        raise refused("Decrypt", "AccessDeniedException")

    sealing._unseal.cache_clear()
    aws.kms().meta.events.register("before-call.kms.Decrypt", refuse)
    try:
        yield
    finally:
        aws.kms().meta.events.unregister("before-call.kms.Decrypt", refuse)


def test_days_without_kms_cost_little_ring_and_end_in_the_delivery(
    world: World,
    workspace: Workspace,
    receiver: Receiver,
    webhook_id: str,
    sent: list[tuple[Ticket, float]],
) -> None:
    """Each round is four receives and a pause, which grows to a quarter of an hour. No ticket is given up."""
    world.pump_streams()
    (ticket,) = _taken(world)
    sent.clear()
    with logged() as log, _kms_denied():
        for _ in range(7):
            for _ in range(4):
                assert world.invoke("deliverer", _records(ticket)) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
            assert world.invoke("dead_letters", _records(ticket)) == {"batchItemFailures": []}
            (ticket,) = _taken(world)
    assert [pause for _, pause in sent] == [60, 120, 240, 480, 900, 900, 900]
    assert [line["rounds"] for line in log.lines("delivery.stuck")] == [3, 4, 5, 6, 7]
    assert len(log.lines("delivery.failed")) == 28
    assert not receiver.requests()
    assert (_delivery(workspace, webhook_id)["state"], _delivery(workspace, webhook_id)["attempts"]) == ("queued", [])

    assert world.invoke("deliverer", _records(ticket)) == {"batchItemFailures": []}
    delivery = _delivery(workspace, webhook_id)
    assert (delivery["state"], len(delivery["attempts"])) == ("delivered", 1)
    assert len(receiver.requests()) == 1


def test_a_deferral_does_not_forget_the_rounds(
    world: World, workspace: Workspace, webhook_id: str, sent: list[tuple[Ticket, float]]
) -> None:
    """The deferred ticket still has the number of its rounds, from which its next pause is computed."""
    world.pump_streams()
    (ticket,) = [Ticket.load(body) for body in _taken(world)]
    sent.clear()
    key = {"workspace_id": {"S": workspace.workspace_id}, "webhook_id": {"S": webhook_id}}
    aws_client("dynamodb").update_item(
        TableName=world.table("webhooks"),
        Key=key,
        UpdateExpression="SET paused_until = :later",
        ExpressionAttributeValues={":later": {"N": str(2**45)}},
    )
    world.invoke("deliverer", _records(ticket.again().again().dump()))
    (deferred,) = [Ticket.load(body) for body in _taken(world)]
    assert deferred == ticket.again().again()


@pytest.mark.parametrize("body", FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_message_in_the_queue_is_parked_whole(
    world: World, workspace: Workspace, receiver: Receiver, webhook_id: str, body: str
) -> None:
    world.pump_streams()
    (ticket,) = _taken(world)
    # It goes its way to the dead letters, and takes nobody along.
    reply = world.invoke("deliverer", _records(body, ticket))
    assert reply == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert len(receiver.requests()) == 1

    with logged() as log:
        assert world.invoke("dead_letters", _records(body, ticket)) == {"batchItemFailures": []}
    parked = {key: content for key, content in world.parked().items() if key.startswith("dead_letters/")}
    for key in parked:
        aws_client("s3").delete_object(Bucket=world.bucket(), Key=key)
    ((key, content),) = parked.items()
    assert content["dead_letter"] == _records(body)["Records"][0]
    assert [line["key"] for line in log.lines("dead_letter.parked")] == [key]
    assert not log.lines("dead_letter.failed")


def test_the_dead_letters_become_empty(world: World, workspace: Workspace) -> None:
    sqs, url = aws_client("sqs"), world.queue_url("DeadLettersQueue")
    sqs.send_message(QueueUrl=url, MessageBody="hello")
    assert world.pump_queue("DeadLettersQueue", "dead_letters") == 1
    counted = sqs.get_queue_attributes(
        QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    )["Attributes"]
    assert set(counted.values()) == {"0"}
    (key,) = world.parked()
    aws_client("s3").delete_object(Bucket=world.bucket(), Key=key)


def test_a_dead_letter_that_cannot_be_settled_stays(world: World, webhook_id: str) -> None:
    world.pump_streams()
    (ticket,) = _taken(world)

    with logged() as log, failing("GetItem", refused("GetItem", "InternalServerError", 500)):
        assert world.invoke("dead_letters", _records(ticket)) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert log.lines("dead_letter.failed")
    assert not world.parked()
