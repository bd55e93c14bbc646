"""The sweeper dispatches messages and events that the stream missed; unreadable items do not stop it."""

from typing import Any

import pytest
from ferryman.aws import clients as aws
from ferryman.conversations.messages.table import UNDISPATCHED_INDEX
from ferryman.errors import RetryLater
from ferryman.ids import SHARDS
from ferryman.pipeline import dispatch, sweep

from local.receiver import Receiver
from tests.integration.conftest import Later, Workspace
from tests.support.clients import aws_client
from tests.support.world import Context, World


def _poison(world: World, shard: int) -> dict[str, dict[str, str]]:
    """Store an unreadable item that has the mark and is older than all others. Returns its key."""
    key = {"chat": {"S": f"wsp_unknown/{shard}"}, "message_id": {"S": "msg_unknown"}}
    marks = {"undispatched": {"S": str(shard)}, "created_at": {"S": "2020-01-01T00:00:00.000Z"}}
    aws_client("dynamodb").put_item(TableName=world.table("messages"), Item={**key, **marks})
    return key


def test_an_unreadable_item_does_not_keep_the_others_waiting(
    world: World, workspace: Workspace, receiver: Receiver, later: Later
) -> None:
    chat = workspace.chat()
    workspace.make("/v1/webhooks", {"url": receiver.url("/in"), "events": ["message.created"], "chat_ids": [chat]})
    workspace.make(f"/v1/chats/{chat}/messages", {"text": "left behind"})
    for table in ("MessagesTable", "EventsTable"):
        world.stream_records(table)  # the stream had its chance, and lost them
    poisoned = [_poison(world, shard) for shard in range(SHARDS)]
    later(300)
    try:
        with pytest.raises(RetryLater, match=f"^{SHARDS} items could not be dispatched"):
            world.invoke("sweeper", {})
        world.pump_queue("DeliveriesQueue", "deliverer")
    finally:
        for key in poisoned:
            aws_client("dynamodb").delete_item(TableName=world.table("messages"), Key=key)

    assert len(receiver.requests("/in")) == 1
    assert world.invoke("sweeper", {}) == {"swept": 0}
    waiting = aws_client("dynamodb").scan(TableName=world.table("messages"), IndexName=UNDISPATCHED_INDEX)
    assert waiting["Items"] == []


def test_late_messages_are_dispatched_by_the_hundred(
    world: World, workspace: Workspace, receiver: Receiver, later: Later
) -> None:
    """After an outage of the stream, a message costs less than one call to AWS."""
    chat = workspace.chat()
    workspace.make("/v1/webhooks", {"url": receiver.url("/in"), "events": ["message.created"], "chat_ids": [chat]})
    for number in range(60):
        workspace.make(f"/v1/chats/{chat}/messages", {"text": f"late {number}"})
    for table in ("MessagesTable", "EventsTable"):
        world.stream_records(table)
    later(300)
    calls: list[str] = []
    clients = (aws.dynamodb(), aws.sqs())

    def count(model: Any, **_: Any) -> None:
        calls.append(model.name)

    for client in clients:
        client.meta.events.register("before-call", count)
    try:
        assert world.invoke("sweeper", {}) == {"swept": 60}
    finally:
        for client in clients:
            client.meta.events.unregister("before-call", count)
        world.pump(20)
    assert len(receiver.requests("/in")) == 60
    assert calls.count("SendMessageBatch") < 10
    assert calls.count("BatchGetItem") < 10


def test_late_events_do_not_wait_behind_late_messages(
    world: World, workspace: Workspace, receiver: Receiver, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages, events and replays take turns, also when the sweeper has time for one batch only."""
    chat = workspace.chat()
    events = ["message.created", "message.updated"]
    workspace.make("/v1/webhooks", {"url": receiver.url("/in"), "events": events, "chat_ids": [chat]})
    edited = workspace.make(f"/v1/chats/{chat}/messages", {"text": "first"})["id"]
    workspace.call("PATCH", f"/v1/chats/{chat}/messages/{edited}", {"text": "second"})
    for number in range(5):
        workspace.make(f"/v1/chats/{chat}/messages", {"text": f"late {number}"})
    for table in ("MessagesTable", "EventsTable"):
        world.stream_records(table)
    monkeypatch.setattr(sweep, "_BATCH", 3)
    later(300)
    context = Context()
    dispatched = []
    flush = dispatch.Dispatcher.flush

    def once(self: dispatch.Dispatcher) -> None:
        flush(self)
        context.remaining_ms = 5_000
        dispatched.append(self)

    with monkeypatch.context() as short:
        short.setattr(dispatch.Dispatcher, "flush", once)
        world.invoke("sweeper", {}, context)
    assert len(dispatched) == 1
    world.pump_queue("DeliveriesQueue", "deliverer")
    assert "message.updated" in {request.headers["X-FM-Webhook-Event"] for request in receiver.requests("/in")}
    world.invoke("sweeper", {})
    world.pump()
