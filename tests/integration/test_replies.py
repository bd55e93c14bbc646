"""A bot's reply to a mention becomes one message of the bot, and never causes a loop."""

import itertools
import json
from typing import Any

import pytest
from ferryman.webhooks.deliveries import table as deliveries

from local.receiver import Answer, Receiver
from tests.integration.conftest import Later, Workspace
from tests.support.clients import aws_client
from tests.support.refusals import unanswered
from tests.support.world import World

type Made = dict[str, Any]
_numbers = itertools.count()


class Bot:
    """A bot in a chat, whose callback answers with `reply`."""

    def __init__(self, workspace: Workspace, receiver: Receiver, chat: str, reply: Any) -> None:
        number = next(_numbers)
        self.workspace, self.receiver, self.path, self.chat = workspace, receiver, f"/replying/{number}", chat
        self.handle = f"replying-{number}"
        self.id = str(workspace.make("/v1/bots", {"name": "Helper", "handle": self.handle})["id"])
        made = workspace.make(
            f"/v1/bots/{self.id}/callbacks", {"url": receiver.url(self.path), "mentioned_by": ["user", "bot"]}
        )
        self.callback_id = str(made["id"])
        assert workspace.call("PUT", f"/v1/chats/{chat}/members/{self.id}").status == 200
        self.answer(reply)

    def answer(self, reply: Any, status: int = 200) -> None:
        body = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
        self.receiver.answer(self.path, Answer(status=status, body=body))

    def mention(self) -> None:
        self.workspace.make(f"/v1/chats/{self.chat}/messages", {"text": f"@{self.handle}, help"})
        self.workspace.world.pump()

    def said(self) -> list[Made]:
        items = self.workspace.call("GET", f"/v1/chats/{self.chat}/messages").json["items"]
        return [item for item in items if item["author"]["id"] == self.id]

    def deliveries(self) -> list[Made]:
        url = f"/v1/bots/{self.id}/callbacks/{self.callback_id}/deliveries"
        found: list[Made] = self.workspace.call("GET", url).json["items"]
        return found


def _dispatch_and_deliver(world: World) -> None:
    """Dispatch and deliver, until the reply is stored as an event but not yet posted."""
    world.pump_streams()
    assert world.pump_queue("DeliveriesQueue", "deliverer")


@pytest.fixture
def chat(workspace: Workspace) -> str:
    return workspace.chat()


def test_the_answer_of_a_callback_is_posted_by_its_bot(workspace: Workspace, receiver: Receiver, chat: str) -> None:
    bot = Bot(workspace, receiver, chat, {"text": "On it 🚀"})
    workspace.make("/v1/webhooks", {"url": receiver.url("/all"), "events": ["message.created"], "chat_ids": [chat]})
    bot.mention()

    (message,) = bot.said()
    assert (message["text"], message["origin"], message["livemode"]) == ("On it 🚀", "reply", True)
    assert message["author"]["type"] == "user"
    (delivery,) = bot.deliveries()
    assert [attempt["reply"] for attempt in delivery["attempts"]] == ["accepted"]
    texts = [json.loads(request.body)["data"]["message"]["text"] for request in receiver.requests("/all")]
    assert sorted(texts) == sorted([f"@{bot.handle}, help", "On it 🚀"])


@pytest.mark.parametrize("status", [400, 500])
def test_only_a_2xx_answer_is_a_reply(workspace: Workspace, receiver: Receiver, chat: str, status: int) -> None:
    bot = Bot(workspace, receiver, chat, {})
    bot.answer({"text": "Failed"}, status)
    bot.mention()
    assert not bot.said()


def test_an_answer_without_text_posts_nothing(workspace: Workspace, receiver: Receiver, chat: str) -> None:
    bot = Bot(workspace, receiver, chat, b"ok")
    bot.mention()
    assert not bot.said()
    assert bot.deliveries()[0]["attempts"][0]["reply"] is None


def test_a_reply_that_is_too_long_is_explained_in_the_log(workspace: Workspace, receiver: Receiver, chat: str) -> None:
    bot = Bot(workspace, receiver, chat, {"text": "x" * 16_001})
    bot.mention()
    assert not bot.said()
    (delivery,) = bot.deliveries()
    assert delivery["state"] == "delivered"
    assert "16001 characters" in delivery["attempts"][0]["reply"]


def test_the_longest_reply_is_posted_however_it_is_encoded(workspace: Workspace, receiver: Receiver, chat: str) -> None:
    bot = Bot(workspace, receiver, chat, {"text": "\U0001f680" * 16_000})
    bot.mention()
    assert [message["text"] for message in bot.said()] == ["\U0001f680" * 16_000]


def test_an_answer_to_a_webhook_of_the_workspace_posts_nothing(
    workspace: Workspace, receiver: Receiver, chat: str
) -> None:
    workspace.make("/v1/webhooks", {"url": receiver.url("/plain"), "events": ["message.created"], "chat_ids": [chat]})
    receiver.answer("/plain", Answer(body=b'{"text": "I am nobody"}'))
    workspace.make(f"/v1/chats/{chat}/messages", {"text": "hello"})
    workspace.world.pump()
    assert len(workspace.call("GET", f"/v1/chats/{chat}/messages").json["items"]) == 1


def test_a_test_delivery_is_not_replied_to(workspace: Workspace, receiver: Receiver, chat: str) -> None:
    bot = Bot(workspace, receiver, chat, {"text": "On it"})
    workspace.make(f"/v1/bots/{bot.id}/callbacks/{bot.callback_id}/test", {}, status=202)
    workspace.world.pump()
    assert bot.deliveries()[0]["state"] == "delivered"
    assert not bot.said()


def test_two_bots_that_mention_each_other_end(workspace: Workspace, receiver: Receiver, chat: str) -> None:
    one = Bot(workspace, receiver, chat, {})
    other = Bot(workspace, receiver, chat, {"text": f"@{one.handle}, your turn"})
    one.answer({"text": f"@{other.handle}, your turn. @{one.handle}"})
    one.mention()
    assert [len(receiver.requests(bot.path)) for bot in (one, other)] == [1, 1]
    assert [len(bot.said()) for bot in (one, other)] == [1, 1]


def test_a_bot_that_left_the_chat_meanwhile_says_nothing(
    world: World, workspace: Workspace, receiver: Receiver, chat: str
) -> None:
    bot = Bot(workspace, receiver, chat, {"text": "On it"})
    workspace.make(f"/v1/chats/{chat}/messages", {"text": f"@{bot.handle}, help"})
    _dispatch_and_deliver(world)
    assert workspace.call("DELETE", f"/v1/chats/{chat}/members/{bot.id}").status == 204
    world.pump()
    assert bot.deliveries()[0]["attempts"][0]["reply"] == "accepted"
    assert not bot.said()


def test_a_replay_posts_no_second_reply(workspace: Workspace, receiver: Receiver, chat: str) -> None:
    bot = Bot(workspace, receiver, chat, {"text": "On it"})
    bot.mention()
    (delivery,) = bot.deliveries()
    url = f"/v1/bots/{bot.id}/callbacks/{bot.callback_id}/deliveries/{delivery['id']}/retry"
    assert workspace.call("POST", url).status == 202
    workspace.world.pump()
    (delivery,) = bot.deliveries()
    assert delivery["state"] == "delivered"
    assert [attempt["reply"] for attempt in delivery["attempts"]] == [
        "accepted",
        "not posted: an earlier attempt was replied to",
    ]
    assert len(bot.said()) == 1


def test_a_reply_whose_settlement_failed_is_asked_for_again_and_posted_once(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = Bot(workspace, receiver, chat, {"text": "On it"})
    workspace.make(f"/v1/chats/{chat}/messages", {"text": f"@{bot.handle}, help"})
    world.pump_streams()
    url = world.queue_url("DeliveriesQueue")
    (waiting,) = aws_client("sqs").receive_message(QueueUrl=url)["Messages"]
    record = {
        "messageId": "0",
        "receiptHandle": waiting["ReceiptHandle"],
        "body": waiting["Body"],
        "attributes": {"ApproximateReceiveCount": "1"},
        "eventSourceARN": f"arn:aws:sqs:us-east-1:123456789012:{url.rpartition('/')[2]}",
    }

    def fail(*_arguments: Any) -> None:
        raise unanswered()

    with monkeypatch.context() as broken:
        broken.setattr(deliveries, "settle", fail)
        assert world.invoke("deliverer", {"Records": [record]})["batchItemFailures"]
    world.pump_streams()
    assert not bot.said()
    later(60)
    record["attributes"] = {"ApproximateReceiveCount": "2"}
    assert world.invoke("deliverer", {"Records": [record]}) == {"batchItemFailures": []}
    world.pump_streams()
    assert [attempt["outcome"] for attempt in bot.deliveries()[0]["attempts"]] == ["unknown", "delivered"]
    assert len(bot.said()) == 1


def test_a_reply_that_the_stream_loses_is_swept(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, later: Later
) -> None:
    bot = Bot(workspace, receiver, chat, {"text": "On it"})
    workspace.make(f"/v1/chats/{chat}/messages", {"text": f"@{bot.handle}, help"})
    _dispatch_and_deliver(world)
    world.stream_records("EventsTable")
    world.pump()
    assert not bot.said()
    later(150)
    world.invoke("sweeper", {})
    world.pump()
    assert len(bot.said()) == 1
    later(300)
    world.invoke("sweeper", {})
    world.pump()
    assert len(bot.said()) == 1
