"""The sweeper dispatches what the stream left behind, and nothing unreadable keeps it from the rest."""

import pytest
from ferryman.conversations.messages.table import UNDISPATCHED_INDEX
from ferryman.errors import RetryLater
from ferryman.ids import SHARDS

from local.receiver import Receiver
from tests.integration.conftest import Later, Workspace
from tests.support.clients import aws_client
from tests.support.world import World


def _poison(world: World, shard: int) -> dict[str, dict[str, str]]:
    """An item with the mark and the shape of nothing we know, older than everything else."""
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
