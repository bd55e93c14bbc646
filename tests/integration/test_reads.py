"""Savings on reads: the deliverer reads no delivery for a new ticket, and a new message without ConsistentRead."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from ferryman import clock
from ferryman.aws import clients as aws
from ferryman.webhooks import tickets
from ferryman.webhooks.tickets import Ticket

from local.receiver import Receiver
from tests.integration.conftest import Workspace
from tests.support.clients import aws_client
from tests.support.logged import logged
from tests.support.world import World
from tests.support.world import world as make_world

type Record = dict[str, Any]


@pytest.fixture
def world() -> Iterator[World]:
    """A new deployment for each test, because a test may leave messages in a queue."""
    with make_world() as made:
        yield made


@pytest.fixture
def chat(workspace: Workspace) -> str:
    return workspace.chat()


@pytest.fixture
def webhook_id(workspace: Workspace, receiver: Receiver, chat: str) -> str:
    return _webhook(workspace, receiver, chat)


def _webhook(workspace: Workspace, receiver: Receiver, chat: str, **fields: object) -> str:
    wanted = {"url": receiver.url("/in"), "events": ["message.created"], "chat_ids": [chat], **fields}
    return str(workspace.make("/v1/webhooks", wanted)["id"])


def _records(world: World) -> list[Record]:
    """Dispatch, then receive and delete the tickets. Returns them as records that are received for the first time."""
    world.pump_streams()
    sqs, url = aws_client("sqs"), world.queue_url("DeliveriesQueue")
    found: list[Record] = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found.append(_record(message["Body"], len(found)))
    return found


def _record(body: str, number: int = 0, receives: int = 1) -> Record:
    return {
        "messageId": str(number),
        "receiptHandle": "gone",
        "eventSourceARN": "arn:aws:sqs:us-east-1:1:Deliveries",
        "body": body,
        "attributes": {"ApproximateReceiveCount": str(receives)},
    }


def _log(workspace: Workspace, webhook_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = workspace.call("GET", f"/v1/webhooks/{webhook_id}/deliveries").json["items"]
    return found


def _texts(receiver: Receiver) -> list[str]:
    return [json.loads(request.body)["data"]["message"]["text"] for request in receiver.requests()]


@contextmanager
def _reads(world: World, table: str, act: Callable[[bool, dict[str, Any]], None] | None = None) -> Iterator[list[bool]]:
    """The batch reads of a table inside the block: for each, whether it was consistent.

    `act(consistent, answer)` may change the answer.
    """
    found: list[bool] = []
    name = world.table(table)
    asked: list[bool | None] = []

    def before(params: dict[str, Any], **_: Any) -> None:
        request = json.loads(params["body"])["RequestItems"]
        asked.append(request[name].get("ConsistentRead", False) if name in request else None)

    def after(parsed: dict[str, Any], **_: Any) -> None:
        consistent = asked.pop()
        if consistent is not None:
            found.append(consistent)
            if act is not None:
                act(consistent, parsed)

    events = aws.dynamodb().meta.events
    events.register("before-call.dynamodb.BatchGetItem", before)
    events.register("after-call.dynamodb.BatchGetItem", after)
    try:
        yield found
    finally:
        events.unregister("before-call.dynamodb.BatchGetItem", before)
        events.unregister("after-call.dynamodb.BatchGetItem", after)


# --- a fresh ticket ---------------------------------------------------------------------------------------


def test_a_fresh_ticket_reads_no_delivery(world: World, workspace: Workspace, webhook_id: str, chat: str) -> None:
    workspace.say(chat)
    records = _records(world)
    with _reads(world, "deliveries") as reads:
        assert world.invoke("deliverer", {"Records": records}) == {"batchItemFailures": []}
    assert reads == []
    assert [delivery["state"] for delivery in _log(workspace, webhook_id)] == ["delivered"]


def test_a_ticket_that_is_received_again_is_not_fresh(
    world: World, workspace: Workspace, webhook_id: str, chat: str
) -> None:
    workspace.say(chat)
    (record,) = _records(world)
    with _reads(world, "deliveries") as reads:
        world.invoke("deliverer", {"Records": [_record(record["body"], receives=2)]})
    assert reads == [True]


def test_a_ticket_that_waited_or_was_a_dead_letter_is_not_fresh(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _webhook(workspace, receiver, chat, max_per_second=1)
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    for _ in range(2):
        workspace.say(chat)
    records = _records(world)
    sent: list[Ticket] = []
    monkeypatch.setattr(tickets, "send", lambda batch, *_, **__: sent.extend(batch))
    world.invoke("deliverer", {"Records": records})
    world.invoke("dead_letters", {"Records": records})
    assert [json.loads(record["body"])["fresh"] for record in records] == [True, True]
    assert [ticket.first_receive for ticket in sent] == [False, False], (
        "one had to wait, and came round; the other is over"
    )


@pytest.mark.parametrize("status", [200, 410, 500])
def test_a_ticket_that_was_sent_twice_goes_on_with_what_is_stored(
    world: World, workspace: Workspace, receiver: Receiver, webhook_id: str, chat: str, status: int
) -> None:
    """The delivery is delivered, ended, or waits for its retry: a copy causes no second attempt."""
    world.parameters["RetryDelays"] = "30,120,600"
    receiver.answer("/in", status)
    workspace.say(chat)
    records = _records(world)
    world.invoke("deliverer", {"Records": records})
    before = _log(workspace, webhook_id)
    with _reads(world, "deliveries") as reads, logged() as log:
        assert world.invoke("deliverer", {"Records": records}) == {"batchItemFailures": []}
    assert len(receiver.requests()) == 1
    assert _log(workspace, webhook_id) == before
    assert reads == [True], "what refused the claim, or a disabled webhook's"
    assert not log.lines("delivery.failed")


def test_two_fresh_copies_at_once_make_one_attempt(
    world: World, workspace: Workspace, receiver: Receiver, webhook_id: str, chat: str
) -> None:
    """The copy that loses the claim finds the lease of the other, and is deferred until that lease is over."""
    workspace.say(chat)
    (record,) = _records(world)
    copies = [_record(record["body"], number) for number in range(2)]
    assert world.invoke("deliverer", {"Records": copies}) == {"batchItemFailures": []}
    assert len(receiver.requests()) == 1
    assert [len(delivery["attempts"]) for delivery in _log(workspace, webhook_id)] == [1]


def test_a_copy_that_is_cancelled_changes_nothing(
    world: World, workspace: Workspace, receiver: Receiver, chat: str
) -> None:
    """The webhook's owner has left the chat since. The first delivery stays delivered, and the copy ends."""
    person = workspace.person("manager", "webhooks:write")
    added = workspace.call("PUT", f"/v1/chats/{chat}/members/{person.user_id}")
    assert added.status < 300
    webhook_id = _webhook(person, receiver, chat)
    workspace.say(chat)
    records = _records(world)
    world.invoke("deliverer", {"Records": records})
    workspace.call("DELETE", f"/v1/chats/{chat}/members/{person.user_id}")
    assert world.invoke("deliverer", {"Records": records}) == {"batchItemFailures": []}
    assert [delivery["state"] for delivery in _log(workspace, webhook_id)] == ["delivered"]


def test_a_copy_takes_no_place_of_a_webhook_with_a_rate(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _webhook(workspace, receiver, chat, max_per_second=2)
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    workspace.say(chat, "first")
    records = _records(world)
    for _ in range(3):
        world.invoke("deliverer", {"Records": records})
    workspace.say(chat, "second")
    world.invoke("deliverer", {"Records": _records(world)})
    assert _texts(receiver) == ["first", "second"]


# --- a new message ----------------------------------------------------------------------------------------


def test_a_new_message_is_read_eventually_consistent(
    world: World, workspace: Workspace, receiver: Receiver, webhook_id: str, chat: str
) -> None:
    workspace.say(chat)
    records = _records(world)
    with _reads(world, "messages") as reads:
        world.invoke("deliverer", {"Records": records})
    assert reads == [False]
    assert _texts(receiver) == ["Build passed"]


def test_a_message_that_such_a_read_does_not_show_is_read_again(
    world: World, workspace: Workspace, receiver: Receiver, webhook_id: str, chat: str
) -> None:
    def hide(consistent: bool, answer: dict[str, Any]) -> None:
        if not consistent:
            answer["Responses"] = {table: [] for table in answer["Responses"]}

    workspace.say(chat)
    records = _records(world)
    with _reads(world, "messages", hide) as reads:
        assert world.invoke("deliverer", {"Records": records}) == {"batchItemFailures": []}
    assert reads == [False, True]
    assert _texts(receiver) == ["Build passed"]


def test_the_event_of_a_new_message_keeps_its_first_text(
    world: World, workspace: Workspace, receiver: Receiver, webhook_id: str, chat: str
) -> None:
    """A retry sends the first text, whether its read of the message shows the edit or not yet."""
    message_id = workspace.say(chat, "first words")
    records = _records(world)
    old: list[Any] = []

    def keep(_consistent: bool, answer: dict[str, Any]) -> None:
        old[:] = [answer["Responses"]]

    def be_late(_consistent: bool, answer: dict[str, Any]) -> None:
        answer["Responses"] = old[0]

    receiver.answer("/in", 500)
    with _reads(world, "messages", keep):
        world.invoke("deliverer", {"Records": records})
    workspace.call("PATCH", f"/v1/chats/{chat}/messages/{message_id}", {"text": "second words"})
    again = [_record(records[0]["body"], receives=2)]
    with _reads(world, "messages", be_late):
        world.invoke("deliverer", {"Records": again})
    world.invoke("deliverer", {"Records": again})
    assert _texts(receiver) == ["first words"] * 3
    assert len({request.body for request in receiver.requests()}) == 1
