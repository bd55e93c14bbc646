"""One event for many webhooks: the dispatcher stops near its time limit, and the next invocation continues there."""

import itertools
from typing import Any

import pytest
from ferryman.aws import clients as aws
from ferryman.webhooks.tickets import Ticket

from tests.integration.conftest import Workspace
from tests.support import queued
from tests.support.clients import aws_client
from tests.support.world import World

COUNT = 320


@pytest.fixture
def subscribed(world: World, workspace: Workspace) -> str:
    """A chat with COUNT webhooks: one created by the API, the others copies of its rows."""
    chat = workspace.chat()
    made = workspace.make(
        "/v1/webhooks", {"url": "http://localhost:9/in", "events": ["message.created"], "chat_ids": [chat]}
    )
    dynamodb = aws_client("dynamodb")
    key = {"workspace_id": {"S": workspace.workspace_id}, "webhook_id": {"S": made["id"]}}
    webhook = dynamodb.get_item(TableName=world.table("webhooks"), Key=key)["Item"]
    topic = webhook["topics"]["L"][0]
    row = dynamodb.get_item(
        TableName=world.table("subscriptions"), Key={"topic": topic, "webhook_id": key["webhook_id"]}
    )["Item"]
    for number in range(COUNT - 1):
        copy_id = {"S": f"whk_01K{number:023d}"}
        dynamodb.put_item(TableName=world.table("webhooks"), Item={**webhook, "webhook_id": copy_id})
        dynamodb.put_item(TableName=world.table("subscriptions"), Item={**row, "webhook_id": copy_id})
    return chat


def test_a_large_fan_out_goes_on_where_it_stopped(world: World, workspace: Workspace, subscribed: str) -> None:
    workspace.make(f"/v1/chats/{subscribed}/messages", {"text": "to everybody"})
    records: list[dict[str, Any]] = world.stream_records("MessagesTable")
    assert len(records) == 1
    calls, tickets = 0, set()
    while True:
        calls += 1
        # One look before the record and one behind each hundred webhooks: then the time is over.
        reply = world.invoke("dispatcher", {"Records": records}, queued.ShortTime(1))
        batch = queued.taken(world)
        tickets |= set(batch)
        if not reply["batchItemFailures"]:
            break
        assert calls < 6, "it does not get on"
    assert len(tickets) == COUNT
    assert calls == 4
    progress = aws_client("dynamodb").scan(TableName=world.table("events"))["Items"]
    assert all("expires_at_epoch" in item for item in progress), "where it was is forgotten in time"


def test_a_fan_out_goes_on_when_another_topic_comes_first(world: World, workspace: Workspace, subscribed: str) -> None:
    """Webhooks for every chat are looked up before those of the event's chat."""
    workspace.make("/v1/webhooks", {"url": "http://localhost:9/all", "events": ["message.created"]})
    workspace.make(f"/v1/chats/{subscribed}/messages", {"text": "to everybody"})
    records = world.stream_records("MessagesTable")
    tickets: set[Ticket] = set()
    for _ in range(6):
        reply = world.invoke("dispatcher", {"Records": records}, queued.ShortTime(1))
        tickets |= set(queued.taken(world))
        if not reply["batchItemFailures"]:
            break
    assert len(tickets) == COUNT + 1


def test_a_fan_out_is_never_held_as_a_whole(world: World, workspace: Workspace, subscribed: str) -> None:
    """The dispatcher reads two hundred webhooks and sends their tickets before it reads more. It writes one receipt."""
    workspace.make(f"/v1/chats/{subscribed}/messages", {"text": "to everybody"})
    records = world.stream_records("MessagesTable")
    calls: list[str] = []
    for client in (aws.dynamodb(), aws.sqs()):
        client.meta.events.register("before-call", lambda model, **_: calls.append(model.name), unique_id="order")
    try:
        world.invoke("dispatcher", {"Records": records})
    finally:
        for client in (aws.dynamodb(), aws.sqs()):
            client.meta.events.unregister("before-call", unique_id="order")
    moving = [call for call in calls if call in ("BatchGetItem", "SendMessageBatch")]
    turns = [kind for kind, _ in itertools.groupby(moving)]
    assert turns.count("SendMessageBatch") == COUNT // 100
    assert calls.count("SendMessageBatch") == -(-COUNT // 10)
    assert [call for call in calls if call in ("PutItem", "UpdateItem", "TransactWriteItems")] == ["PutItem"]
