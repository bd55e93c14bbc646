"""A deleted message's text: no later attempt sends it, and no table contains it."""

import json

from local.receiver import Receiver
from tests.integration.conftest import Workspace
from tests.support.world import World

EVENTS = ["message.created", "message.updated", "message.deleted", "bot.mentioned"]


def hook(workspace: Workspace, receiver: Receiver, path: str = "/all") -> str:
    return str(workspace.make("/v1/webhooks", {"url": receiver.url(path), "events": EVENTS})["id"])


def told(receiver: Receiver, path: str = "/all") -> list[str]:
    return [json.loads(request.body)["type"] for request in receiver.requests(path)]


def states(workspace: Workspace, webhook: str) -> dict[str, tuple[str, str | None]]:
    items = workspace.call("GET", f"/v1/webhooks/{webhook}/deliveries").json["items"]
    return {item["event_type"]: (item["state"], item["reason"]) for item in items}


def holding(world: World, text: str) -> list[str]:
    return [table for table, item in world.items() if text in json.dumps(item, default=str)]


def test_a_deleted_message_is_not_replayed_and_no_table_holds_its_text(
    world: World, workspace: Workspace, receiver: Receiver
) -> None:
    webhook, chat = hook(workspace, receiver), workspace.chat()
    bot = workspace.make("/v1/bots", {"name": "Bot", "handle": "bot"})
    assert workspace.call("PUT", f"/v1/chats/{chat}/members/{bot['id']}").status == 200
    message = workspace.make(f"/v1/chats/{chat}/messages", {"text": "first-secret for @bot"})
    url = f"/v1/chats/{chat}/messages/{message['id']}"
    for text in ("second-secret", "third-secret"):
        assert workspace.call("PATCH", url, {"text": text}).status == 200
    world.pump()
    assert sorted(told(receiver)) == ["bot.mentioned", "message.created", "message.updated", "message.updated"]

    assert workspace.call("DELETE", url).status == 204
    world.pump()
    for text in ("first-secret", "second-secret", "third-secret"):
        assert holding(world, text) == []
    workspace.make(f"/v1/webhooks/{webhook}/replays", {"states": ["delivered"]}, 202)
    world.pump()
    assert sorted(told(receiver)) == [
        "bot.mentioned",
        "message.created",
        "message.deleted",
        "message.deleted",
        "message.updated",
        "message.updated",
    ]
    erased = ("cancelled", "the message was deleted")
    assert states(workspace, webhook) == {
        "bot.mentioned": erased,
        "message.created": erased,
        "message.updated": erased,
        "message.deleted": ("delivered", None),
    }


def test_a_message_that_was_deleted_before_its_dispatch_is_not_sent(
    world: World, workspace: Workspace, receiver: Receiver
) -> None:
    webhook, chat = hook(workspace, receiver), workspace.chat()
    bot = workspace.make("/v1/bots", {"name": "Bot", "handle": "bot"})
    assert workspace.call("PUT", f"/v1/chats/{chat}/members/{bot['id']}").status == 200
    message = workspace.make(f"/v1/chats/{chat}/messages", {"text": "a-secret for @bot"})
    assert workspace.call("DELETE", f"/v1/chats/{chat}/messages/{message['id']}").status == 204
    world.pump()
    assert told(receiver) == ["message.deleted"]
    assert states(workspace, webhook)["message.created"] == ("cancelled", "the message was deleted")
    assert holding(world, "a-secret") == []


def test_a_retry_that_waits_is_cancelled_when_the_message_is_deleted(
    world: World, workspace: Workspace, receiver: Receiver
) -> None:
    webhook, chat = hook(workspace, receiver), workspace.chat()
    receiver.answer("/all", 503)
    message = workspace.make(f"/v1/chats/{chat}/messages", {"text": "a-secret"})
    world.pump(1)
    assert told(receiver) == ["message.created"]
    assert workspace.call("DELETE", f"/v1/chats/{chat}/messages/{message['id']}").status == 204
    delivery = workspace.call("GET", f"/v1/webhooks/{webhook}/deliveries").json["items"][0]
    assert delivery["state"] == "retrying"
    world.pump()
    assert "message.created" not in told(receiver)[1:]
