"""A row that this version cannot read stops only the work on itself, and rings the alarm for our own failures."""

from collections.abc import Iterator

import pytest

from local.receiver import Receiver
from tests.integration.conftest import Workspace
from tests.support.clients import aws_client
from tests.support.logged import logged
from tests.support.world import World
from tests.support.world import world as make_world


@pytest.fixture
def world() -> Iterator[World]:
    """A new deployment for each test, because a deferred delivery comes again in the next test."""
    with make_world() as made:
        yield made


@pytest.fixture
def chat(workspace: Workspace) -> str:
    return workspace.chat()


def _webhook(workspace: Workspace, receiver: Receiver, chat: str, path: str) -> str:
    wanted = {"url": receiver.url(path), "events": ["message.created"], "chat_ids": [chat]}
    return str(workspace.make("/v1/webhooks", wanted)["id"])


def _without_url(world: World, workspace: Workspace, webhook_id: str) -> None:
    aws_client("dynamodb").update_item(
        TableName=world.table("webhooks"),
        Key={"workspace_id": {"S": workspace.workspace_id}, "webhook_id": {"S": webhook_id}},
        UpdateExpression="REMOVE #url",
        ExpressionAttributeNames={"#url": "url"},
    )


def test_the_dispatcher_passes_over_a_webhook_that_it_cannot_read(
    world: World, workspace: Workspace, receiver: Receiver, chat: str
) -> None:
    _without_url(world, workspace, _webhook(workspace, receiver, chat, "/broken"))
    _webhook(workspace, receiver, chat, "/well")
    workspace.make(f"/v1/chats/{chat}/messages", {"text": "hello"})
    with logged() as log:
        world.pump()
    assert len(receiver.requests("/well")) == 1
    assert log.lines("row.unreadable")


def test_the_deliverer_puts_a_delivery_off_whose_webhook_it_cannot_read(
    world: World, workspace: Workspace, receiver: Receiver, chat: str
) -> None:
    broken = _webhook(workspace, receiver, chat, "/broken")
    _webhook(workspace, receiver, chat, "/well")
    workspace.make(f"/v1/chats/{chat}/messages", {"text": "hello"})
    world.pump_streams()
    _without_url(world, workspace, broken)
    with logged() as log:
        world.pump_queue("DeliveriesQueue", "deliverer")
    assert len(receiver.requests("/well")) == 1
    (line,) = log.lines("delivery.failed")
    assert line["error"] == "UnreadableRow"
    assert not log.lines("delivery.cancelled")


def test_the_deliverer_puts_a_delivery_off_whose_message_it_cannot_read(
    world: World, workspace: Workspace, receiver: Receiver, chat: str
) -> None:
    _webhook(workspace, receiver, chat, "/in")
    broken = workspace.make(f"/v1/chats/{chat}/messages", {"text": "broken"})["id"]
    workspace.make(f"/v1/chats/{chat}/messages", {"text": "well"})
    world.pump_streams()
    aws_client("dynamodb").update_item(
        TableName=world.table("messages"),
        Key={"chat": {"S": f"{workspace.workspace_id}/{chat}"}, "message_id": {"S": broken}},
        UpdateExpression="REMOVE origin",
    )
    with logged() as log:
        world.pump_queue("DeliveriesQueue", "deliverer")
    (request,) = receiver.requests("/in")
    assert b"well" in request.body
    assert [line["error"] for line in log.lines("delivery.failed")] == ["UnreadableRow"]
