"""A receiver that hangs, with half of all traffic, delays no other delivery.

The tests check order and counts, not times.
"""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from ferryman import ids
from ferryman.webhooks import tickets
from ferryman.webhooks.tickets import Ticket

from local.receiver import Receiver
from tests.integration.conftest import Workspace
from tests.support import queued
from tests.support.clients import aws_client
from tests.support.logged import logged
from tests.support.world import Context, World
from tests.unit import hostile

MESSAGES = 40
BATCH = 10


@pytest.fixture(autouse=True)
def settings(world: World) -> Iterator[None]:
    """An attempt times out after one second; five failures in a row pause a webhook for a minute."""
    before = dict(world.parameters)
    world.parameters |= {"AttemptTimeoutSeconds": "1", "PauseSeconds": "60", "RetryDelays": "30,120,600"}
    yield
    world.parameters |= before


def _webhook(workspace: Workspace, chat: str, url: str) -> str:
    return str(workspace.make("/v1/webhooks", {"url": url, "events": ["message.created"], "chat_ids": [chat]})["id"])


def _say(workspace: Workspace, chat: str, count: int) -> None:
    for number in range(count):
        workspace.make(f"/v1/chats/{chat}/messages", {"text": f"message {number}"})


def _webhook_of(line: dict[str, Any]) -> str | None:
    """The id of a log line's webhook, which the line has only as a part of the delivery's id."""
    parts = ids.of_delivery(line["delivery_id"])
    return parts and parts[1]


def _settled_at(world: World, batch: list[Ticket]) -> list[str]:
    """For each delivery, the time at which it was last written."""
    found = []
    for ticket in batch:
        key = {
            "webhook": {"S": f"{ticket.workspace_id}/{ticket.webhook_id}"},
            "delivery_id": {"S": ticket.delivery_id},
        }
        item = aws_client("dynamodb").get_item(TableName=world.table("deliveries"), Key=key)["Item"]
        found.append(item["updated_at"]["S"])
    return found


def test_the_others_of_a_batch_are_settled_before_the_one_that_hangs(
    world: World, workspace: Workspace, receiver: Receiver
) -> None:
    quiet, busy = workspace.chat("Quiet"), workspace.chat("Busy")
    with hostile.receiver(hostile.hang) as hanging:
        bad = _webhook(workspace, quiet, hanging.url("/in", "localhost"))
        _webhook(workspace, busy, receiver.url("/in"))
        _say(workspace, quiet, 1)
        _say(workspace, busy, BATCH - 1)
        world.pump_streams()
        # The one that hangs comes first, where it would keep all others waiting if they were sent in turn.
        batch = sorted(queued.taken(world), key=lambda ticket: ticket.webhook_id != bad)
        assert [ticket.webhook_id == bad for ticket in batch] == [True] + [False] * (BATCH - 1)
        with logged() as log:
            failed = world.invoke("deliverer", queued.batch(batch))["batchItemFailures"]
    assert [one["itemIdentifier"] for one in failed] == ["0"]
    ended = [_webhook_of(line) for line in log.lines("delivery.attempted")]
    assert ended[-1] == bad
    assert len(ended) == BATCH
    hung, *others = _settled_at(world, batch)
    assert max(others) < hung


def test_a_batch_that_waits_for_a_receiver_serves_those_behind_it(
    world: World, workspace: Workspace, receiver: Receiver
) -> None:
    """If it did not, receivers that hang could occupy all concurrent batches before Ferryman knows that they hang."""
    quiet, busy, failing = workspace.chat("Quiet"), workspace.chat("Busy"), workspace.chat("Failing")
    with hostile.receiver(hostile.hang) as hanging:
        bad = _webhook(workspace, quiet, hanging.url("/in", "localhost"))
        good = _webhook(workspace, busy, receiver.url("/in"))
        receiver.answer("/refused", 500)
        refused = _webhook(workspace, failing, receiver.url("/refused"))
        _say(workspace, quiet, 1)
        world.pump_streams()
        batch = queued.taken(world)
        _say(workspace, busy, 2)
        _say(workspace, failing, 1)
        world.pump_streams()
        with logged() as log:
            failed = world.invoke("deliverer", queued.batch(batch))["batchItemFailures"]
    assert [one["itemIdentifier"] for one in failed] == ["0"]
    ended = [_webhook_of(line) for line in log.lines("delivery.attempted")]
    assert sorted(map(str, ended[:-1])) == sorted([good, good, refused])
    assert ended[-1] == bad
    assert not queued.taken(world), "what was delivered is consumed, and what failed is hidden until its retry"
    assert _hidden(world) == 1


def _hidden(world: World) -> int:
    """The number of messages in the queue that were received and will be visible again."""
    attributes = aws_client("sqs").get_queue_attributes(
        QueueUrl=world.queue_url("DeliveriesQueue"), AttributeNames=["ApproximateNumberOfMessagesNotVisible"]
    )
    return int(attributes["Attributes"]["ApproximateNumberOfMessagesNotVisible"])


def test_nothing_more_is_served_when_an_attempt_could_not_end_in_time(
    world: World, workspace: Workspace, receiver: Receiver
) -> None:
    quiet, busy = workspace.chat("Quiet"), workspace.chat("Busy")
    with hostile.receiver(hostile.hang) as hanging:
        _webhook(workspace, quiet, hanging.url("/in", "localhost"))
        _webhook(workspace, busy, receiver.url("/in"))
        _say(workspace, quiet, 1)
        world.pump_streams()
        batch = queued.taken(world)
        _say(workspace, busy, 1)
        world.pump_streams()
        world.invoke("deliverer", queued.batch(batch), Context(2_500))
    assert receiver.requests("/in") == []
    assert len(queued.taken(world)) == 1


@pytest.mark.parametrize("worker", ["deliverer", "dispatcher", "dead_letters", "notifier", "replayer"])
def test_an_event_without_records_is_answered(world: World, worker: str) -> None:
    assert world.invoke(worker, {"Records": []}) == {"batchItemFailures": []}


def test_half_of_all_traffic_that_hangs_holds_up_one_batch_and_no_other(
    world: World, workspace: Workspace, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first batch detects it. Then the webhook is paused, and its deliveries are deferred without an attempt."""
    deferred: list[tuple[str, float]] = []
    real = tickets.send

    def send(batch: list[Ticket], delay_seconds: float = 0, *, lane: tickets.Lane = "fast") -> None:
        if delay_seconds:
            deferred.extend((ticket.webhook_id, delay_seconds) for ticket in batch)
        else:
            real(batch, lane=lane)

    monkeypatch.setattr(tickets, "send", send)
    chat = workspace.chat()
    with hostile.receiver(hostile.hang) as hanging:
        bad = _webhook(workspace, chat, hanging.url("/in", "localhost"))
        good = _webhook(workspace, chat, receiver.url("/in"))
        _say(workspace, chat, MESSAGES)
        world.pump_streams()
        waiting = queued.taken(world)
        halves = [[t for t in waiting if t.webhook_id == one] for one in (bad, good)]
        assert [len(half) for half in halves] == [MESSAGES, MESSAGES]
        mixed = [ticket for pair in zip(*halves, strict=True) for ticket in pair]
        held_up, attempts = [], []
        for batch in itertools.batched(mixed, BATCH, strict=True):
            with logged() as log:
                world.invoke("deliverer", queued.batch(batch))
            tried = [_webhook_of(line) for line in log.lines("delivery.attempted")]
            held_up.append(bad in tried)
            attempts += tried
            assert tried.count(good) == BATCH // 2, "the others are delivered in their own batch"
        assert hanging.connections == BATCH // 2
    assert held_up == [True] + [False] * (2 * MESSAGES // BATCH - 1)
    assert attempts.count(bad) == BATCH // 2
    assert len(receiver.requests("/in")) == MESSAGES
    assert [webhook_id for webhook_id, _ in deferred] == [bad] * (MESSAGES - BATCH // 2)
    assert all(60 - 5 <= delay <= 72 for _, delay in deferred), "each waits for the end of the pause"


def test_each_webhook_is_a_group_of_its_own_in_the_fair_queue(
    world: World, workspace: Workspace, receiver: Receiver
) -> None:
    """SQS delays the messages of a group that uses more than its share."""
    chat = workspace.chat()
    made = {_webhook(workspace, chat, receiver.url(f"/{number}")) for number in range(3)}
    _say(workspace, chat, 1)
    world.pump_streams()
    sqs, url = aws_client("sqs"), world.queue_url("DeliveriesQueue")
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"])[
        "Messages"
    ]
    groups = {message["Attributes"]["MessageGroupId"] for message in messages}
    assert groups == made
    assert {Ticket.load(message["Body"]).webhook_id for message in messages} == made
    for message in messages:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
