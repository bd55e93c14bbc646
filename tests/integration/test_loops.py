"""A message that an integration posts because of a delivery is not delivered to it again, and every chain ends."""

import itertools

import pytest
from ferryman import clock, ids
from ferryman.pipeline import bot_mentions

from local.receiver import Receiver
from tests.integration.conftest import Workspace
from tests.support.world import World


def test_an_answer_is_not_delivered_to_the_integration_that_sent_it(
    world: World, workspace: Workspace, receiver: Receiver
) -> None:
    chat = workspace.chat()
    made = workspace.make("/v1/incoming-webhooks", {"chat_id": chat, "name": "CI"})
    hook = made["url"].removeprefix("https://api.test")
    for path in ("/a", "/b"):
        workspace.make("/v1/webhooks", {"url": receiver.url(path), "events": ["message.created"], "chat_ids": [chat]})
    world.call("POST", hook, json_body={"text": "ping"})
    world.pump()
    delivery = receiver.requests("/a")[0].headers["X-FM-Delivery-ID"]
    world.call("POST", hook, json_body={"text": "pong"}, headers={"X-FM-Delivery-ID": delivery})
    world.pump()
    assert len(receiver.requests("/a")) == 1
    assert len(receiver.requests("/b")) == 2


def test_after_three_hops_nobody_gets_it(world: World, workspace: Workspace, receiver: Receiver) -> None:
    chat = workspace.chat()
    paths = ["/a", "/b", "/c", "/d"]
    for path in paths:
        workspace.make("/v1/webhooks", {"url": receiver.url(path), "events": ["message.created"], "chat_ids": [chat]})
    workspace.make(f"/v1/chats/{chat}/messages", {"text": "hop 0"})
    world.pump()
    for hop, path in enumerate(paths[:3], start=1):
        delivery = receiver.requests(path)[-1].headers["X-FM-Delivery-ID"]
        answer = workspace.call(
            "POST", f"/v1/chats/{chat}/messages", {"text": f"hop {hop}"}, headers={"X-FM-Delivery-ID": delivery}
        )
        assert answer.status == 201
        world.pump()
    assert [len(receiver.requests(path)) for path in paths] == [1, 2, 3, 3]


def test_a_made_up_delivery_id_is_ignored(world: World, workspace: Workspace, receiver: Receiver) -> None:
    chat = workspace.chat()
    workspace.make("/v1/webhooks", {"url": receiver.url("/a"), "events": ["message.created"], "chat_ids": [chat]})
    answer = workspace.call(
        "POST", f"/v1/chats/{chat}/messages", {"text": "x"}, headers={"X-FM-Delivery-ID": "nonsense"}
    )
    assert answer.status == 201
    world.pump()
    assert len(receiver.requests("/a")) == 1


def test_a_delivery_that_was_never_sent_hides_nothing(world: World, workspace: Workspace, receiver: Receiver) -> None:
    """Both parts of the delivery's id exist, so a person who has seen them could invent the id."""
    chat = workspace.chat()
    webhook = workspace.make(
        "/v1/webhooks", {"url": receiver.url("/a"), "events": ["message.created"], "chat_ids": [chat]}
    )
    hook = workspace.make("/v1/incoming-webhooks", {"chat_id": chat, "name": "CI"})["url"]
    made_up = {"X-FM-Delivery-ID": ids.delivery(ids.new(ids.EVENT), webhook["id"])}
    workspace.call("POST", f"/v1/chats/{chat}/messages", {"text": "by the API"}, headers=made_up)
    world.call("POST", hook.removeprefix("https://api.test"), json_body={"text": "by the hook"}, headers=made_up)
    world.pump()
    assert len(receiver.requests("/a")) == 2


def test_nobody_hides_a_message_from_the_webhook_of_another(
    world: World, workspace: Workspace, receiver: Receiver
) -> None:
    """The delivery was sent, but to another receiver. A delivery's id consists of two ids that many people can see."""
    chat = workspace.chat()
    colleague = workspace.person("manager", "messages:write", "webhooks:write")
    assert workspace.call("PUT", f"/v1/chats/{chat}/members/{colleague.user_id}").status == 200
    workspace.make("/v1/webhooks", {"url": receiver.url("/a"), "events": ["message.created"], "chat_ids": [chat]})
    hook = colleague.make("/v1/incoming-webhooks", {"chat_id": chat, "name": "CI"})["url"]
    workspace.make(f"/v1/chats/{chat}/messages", {"text": "ping"})
    world.pump()
    sent = {"X-FM-Delivery-ID": receiver.requests("/a")[0].headers["X-FM-Delivery-ID"]}
    colleague.call("POST", f"/v1/chats/{chat}/messages", {"text": "by the API"}, headers=sent)
    world.call("POST", hook.removeprefix("https://api.test"), json_body={"text": "by the hook"}, headers=sent)
    world.pump()
    assert len(receiver.requests("/a")) == 3


def test_a_bot_answers_what_was_sent_to_its_owner(world: World, workspace: Workspace, receiver: Receiver) -> None:
    chat = workspace.chat()
    workspace.make("/v1/webhooks", {"url": receiver.url("/a"), "events": ["message.created"], "chat_ids": [chat]})
    bots = [workspace.make("/v1/bots", {"name": "CI", "handle": f"ci-{number}"}) for number in range(2)]
    other = workspace.person("admin", "admin:*")
    assert workspace.call("PUT", f"/v1/bots/{bots[1]['id']}/owner", {"user_id": other.user_id}).status == 200
    workspace.make(f"/v1/chats/{chat}/messages", {"text": "ping"})
    world.pump()
    sent = {"X-FM-Delivery-ID": receiver.requests("/a")[0].headers["X-FM-Delivery-ID"]}
    for bot, seen in zip(bots, (1, 2), strict=True):
        assert workspace.call("PUT", f"/v1/chats/{chat}/members/{bot['id']}").status == 200
        answer = world.call(
            "POST", f"/v1/chats/{chat}/messages", token=bot["token"], json_body={"text": "pong"}, headers=sent
        )
        assert answer.status == 201
        world.pump()
        assert len(receiver.requests("/a")) == seen


def test_two_bots_that_mention_each_other_come_to_an_end_and_it_is_told(
    world: World, workspace: Workspace, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither bot names the delivery to which it answers. All messages are posted within one minute."""
    minute = clock.now() // 60 * 60 + 60
    moments = itertools.count()
    monkeypatch.setattr(clock, "now", lambda: minute + next(moments) / 1000)
    chat = workspace.chat()
    bots = [workspace.make("/v1/bots", {"name": name, "handle": name}) for name in ("ping-bot", "pong-bot")]
    for bot in bots:
        assert workspace.call("PUT", f"/v1/chats/{chat}/members/{bot['id']}").status == 200
        wanted = {"url": receiver.url(f"/{bot['handle']}"), "mentioned_by": ["user", "bot"]}
        workspace.make(f"/v1/bots/{bot['id']}/callbacks", wanted)

    def called() -> int:
        world.pump()
        return sum(len(receiver.requests(f"/{bot['handle']}")) for bot in bots)

    workspace.make(f"/v1/chats/{chat}/messages", {"text": "@pong-bot, start"})
    assert called() == 1
    for number in range(2 * bot_mentions.CEILING):
        before, speaker = called(), bots[(number + 1) % 2]
        text = f"@{bots[number % 2]['handle']}, your turn"
        answer = world.call("POST", f"/v1/chats/{chat}/messages", token=speaker["token"], json_body={"text": text})
        assert answer.status == 201
        if called() == before:
            break
    assert called() == 1 + bot_mentions.CEILING
    workspace.make(f"/v1/chats/{chat}/messages", {"text": "@pong-bot, a person may"})
    assert called() == 2 + bot_mentions.CEILING
    world.invoke("notifier", {})
    titles = [item["title"] for item in workspace.call("GET", "/v1/me/notifications").json["items"]]
    assert [title for title in titles if "loop" in title] == [f"The bot @{bots[number % 2]['handle']} may be in a loop"]


def test_another_bot_calls_a_bot_only_if_its_callback_says_so(
    world: World, workspace: Workspace, receiver: Receiver
) -> None:
    chat = workspace.chat()
    bots = [workspace.make("/v1/bots", {"name": name, "handle": name}) for name in ("speaker", "listener")]
    for bot in bots:
        assert workspace.call("PUT", f"/v1/chats/{chat}/members/{bot['id']}").status == 200
    path = f"/v1/bots/{bots[1]['id']}/callbacks"
    callback = workspace.make(path, {"url": receiver.url("/listener")})
    assert callback["mentioned_by"] is None
    for wanted, calls in ((None, 0), (["bot"], 1), (None, 1)):
        assert workspace.call("PATCH", f"{path}/{callback['id']}", {"mentioned_by": wanted}).status == 200
        said = {"text": "@listener"}
        world.call("POST", f"/v1/chats/{chat}/messages", token=bots[0]["token"], json_body=said)
        world.pump()
        assert len(receiver.requests("/listener")) == calls
