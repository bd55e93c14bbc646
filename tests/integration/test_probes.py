"""A webhook disabled for failures shows the reason, is probed, and is enabled when its receiver answers again."""

from collections.abc import Callable
from typing import Any

import pytest
from ferryman import clock

from local.receiver import Answer, Receiver
from tests.integration.conftest import Later, Workspace
from tests.support.world import World

type Made = dict[str, Any]
MINUTE, HOUR = 60, 3600


@pytest.fixture
def chat(workspace: Workspace) -> str:
    return workspace.chat()


@pytest.fixture
def broken(world: World, workspace: Workspace, receiver: Receiver, chat: str) -> Callable[..., Made]:
    """A factory: creates a webhook whose receiver fails `failures` times. Ten failures disable the webhook."""

    def make(failures: int = 10, **fields: Any) -> Made:
        body = {"url": receiver.url("/in"), "events": ["message.created"], "chat_ids": [chat], "name": "CI"}
        made = workspace.make("/v1/webhooks", body | fields)
        receiver.answer("/in", Answer(status=500, body=b"out of order"))
        for _ in range(-(-failures // 4)):
            workspace.make(f"/v1/chats/{chat}/messages", {"text": "x"})
            world.pump(30)
        assert len(receiver.requests("/in")) == failures
        return shown(workspace, made)

    return make


def shown(workspace: Workspace, webhook: Made) -> Made:
    answer = workspace.call("GET", f"/v1/webhooks/{webhook['id']}")
    assert answer.status == 200, answer.body
    found: Made = answer.json
    return found


def change(workspace: Workspace, webhook: Made, **fields: Any) -> Made:
    answer = workspace.call("PATCH", f"/v1/webhooks/{webhook['id']}", fields)
    assert answer.status == 200, answer.body
    found: Made = answer.json
    return found


def sweep(world: World) -> None:
    world.invoke("sweeper", {})
    world.pump()


def notices(world: World, workspace: Workspace) -> list[Made]:
    world.invoke("notifier", {})
    found: list[Made] = workspace.call("GET", "/v1/me/notifications").json["items"]
    return found


def titles(world: World, workspace: Workspace) -> list[str]:
    return [item["title"] for item in notices(world, workspace)]


def test_it_says_since_when_it_fails_and_which_attempts_disabled_it(broken: Callable[..., Made]) -> None:
    webhook = broken()
    assert webhook["state"] == "disabled"
    assert webhook["failing_since"] <= webhook["disabled_at"]
    failed = webhook["failed_attempts"]
    assert [(attempt["status"], attempt["error"]) for attempt in failed] == [(500, None)] * 10
    assert [attempt["excerpt"] for attempt in failed] == [None] * 9 + ["out of order"]
    assert len({(attempt["delivery_id"], attempt["number"]) for attempt in failed}) == 10
    assert clock.seconds(webhook["next_probe_at"]) == clock.seconds(webhook["disabled_at"]) + 10 * MINUTE


def test_a_probe_brings_it_back_when_its_receiver_answers_again(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, broken: Callable[..., Made], later: Later
) -> None:
    webhook = broken()
    workspace.make(f"/v1/chats/{chat}/messages", {"text": "held"})
    world.pump()
    later(9 * MINUTE)
    sweep(world)
    assert len(receiver.requests("/in")) == 10, "it is not due"
    later(11 * MINUTE)
    sweep(world)
    sweep(world)
    assert len(receiver.requests("/in")) == 11, "one probe, whoever asks how often"
    assert shown(workspace, webhook)["state"] == "disabled"

    receiver.answer("/in", 200)
    later(20 * MINUTE)
    sweep(world)
    assert len(receiver.requests("/in")) == 11, "the pauses grow"
    later(32 * MINUTE)
    sweep(world)
    probe = receiver.requests("/in")[-1]
    assert probe.headers["X-FM-Webhook-Test"] == "true" and "v1=" in probe.headers["X-FM-Webhook-Signature"]
    back = shown(workspace, webhook)
    assert (back["state"], back["disabled_reason"], back["failed_attempts"]) == ("enabled", None, [])
    assert (back["next_probe_at"], back["consecutive_failures"]) == (None, 0)
    assert titles(world, workspace)[:2] == ["The webhook CI is back", "The webhook CI was disabled"]
    told = [item["body"] for item in notices(world, workspace)[:2]]
    held_since = f"{back['held_from'][:16].replace('T', ' ')} UTC"
    assert told[0] == (
        f"Its receiver answered a probe, so it is enabled again. Events since {held_since} are held: choose whether "
        f"they are delivered or skipped. Its id is {webhook['id']}."
    )
    assert told[1].startswith("10 attempts in a row failed; the last with HTTP 500. It is probed from 20")
    assert told[1].endswith(f"held. Then choose whether they are delivered. Its id is {webhook['id']}.")
    workspace.make(f"/v1/chats/{chat}/messages", {"text": "after"})
    world.pump()
    assert b"after" in receiver.requests("/in")[-1].body
    held = workspace.call("GET", f"/v1/webhooks/{webhook['id']}/held").json
    assert held["count"] >= 1 and back["held_from"] == held["since"]
    log = workspace.call("GET", f"/v1/webhooks/{webhook['id']}/deliveries").json["items"]
    assert [(one["probe"], one["test"], one["state"]) for one in log if one["probe"]] == [
        (True, True, "delivered"),
        (True, True, "exhausted"),
    ]
    assert workspace.call("GET", f"/v1/webhooks/{webhook['id']}/replays").json["items"] == []
    before = len(receiver.requests("/in"))
    later(24 * HOUR)
    sweep(world)
    assert len(receiver.requests("/in")) == before


def test_the_pauses_between_probes_grow_to_six_hours(
    world: World, workspace: Workspace, receiver: Receiver, broken: Callable[..., Made], later: Later
) -> None:
    webhook, at, pauses = broken(), 0.0, []
    for _ in range(8):
        due = clock.seconds(shown(workspace, webhook)["next_probe_at"])
        pauses.append(round((due - clock.now()) / MINUTE))
        at += due - clock.now() + 1
        later(at)
        sweep(world)
    assert pauses == [10, 20, 40, 80, 160, 320, 360, 360]
    assert len(receiver.requests("/in")) == 10 + 8


@pytest.mark.parametrize("way", ["by itself", "by its workspace", "by a user", "by 410", "by its owner"])
def test_it_is_not_probed(
    world: World,
    workspace: Workspace,
    receiver: Receiver,
    chat: str,
    broken: Callable[..., Made],
    later: Later,
    way: str,
) -> None:
    if way == "by its workspace":
        assert workspace.call("PATCH", "/v1/workspace", {"probe_webhooks": False}).status == 200
    if way == "by 410":
        body = {"url": receiver.url("/gone"), "events": ["message.created"], "chat_ids": [chat]}
        webhook = workspace.make("/v1/webhooks", body)
        receiver.answer("/gone", 410)
        workspace.make(f"/v1/chats/{chat}/messages", {"text": "x"})
        world.pump()
        assert len(shown(workspace, webhook)["failed_attempts"]) == 1
    else:
        webhook = broken(**({"probe": False} if way == "by itself" else {}))
    if way == "by a user":
        assert change(workspace, webhook, state="disabled")["disabled_reason"] == "disabled by a user"
    if way == "by its owner":
        manager = workspace.person("manager")
        assert workspace.call("PUT", f"/v1/webhooks/{webhook['id']}/owner", {"user_id": manager.user_id}).status == 200
        assert workspace.call("PATCH", f"/v1/users/{manager.user_id}", {"role": "staff"}).status == 200
    assert (shown(workspace, webhook)["next_probe_at"] is None) is (way != "by its owner")
    receiver.answer("/in", 200)
    before = len(receiver.requests("/in"))
    later(HOUR)
    sweep(world)
    assert shown(workspace, webhook)["state"] == "disabled"
    assert len(receiver.requests("/in")) == before + (way == "by its owner")


@pytest.mark.parametrize(("own", "of_all", "expected"), [(5, None, 5), (None, 6, 6), (7, 6, 7)])
def test_webhook_and_workspace_say_after_how_many_failures(
    world: World,
    workspace: Workspace,
    receiver: Receiver,
    chat: str,
    broken: Callable[..., Made],
    own: int | None,
    of_all: int | None,
    expected: int,
) -> None:
    if of_all:
        answer = workspace.call("PATCH", "/v1/workspace", {"disable_webhooks_after": of_all})
        assert (answer.status, answer.json["disable_webhooks_after"]) == (200, of_all)
    webhook = broken(expected, disable_after=own)
    assert (webhook["state"], webhook["disable_after"], len(webhook["failed_attempts"])) == ("disabled", own, expected)
    changed = change(workspace, webhook, disable_after=None, probe=True)
    assert (changed["disable_after"], changed["probe"]) == (None, True)
    for wrong in (4, 101):
        answer = workspace.call("PATCH", f"/v1/webhooks/{webhook['id']}", {"disable_after": wrong})
        assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/disable_after")


def test_a_bots_callback_is_told_of_and_comes_back_too(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, later: Later
) -> None:
    bot = workspace.make("/v1/bots", {"name": "Bot", "handle": "prober"})
    assert workspace.call("PUT", f"/v1/chats/{chat}/members/{bot['id']}").status == 200
    path = f"/v1/bots/{bot['id']}/callbacks"
    callback = workspace.make(path, {"url": receiver.url("/bot"), "name": "Deploys"})
    assert workspace.call("PATCH", f"{path}/{callback['id']}", {"disable_after": 5}).status == 200
    receiver.answer("/bot", *[500] * 5, 200)
    for _ in range(2):
        workspace.make(f"/v1/chats/{chat}/messages", {"text": "@prober"})
        world.pump(30)
    seen = workspace.call("GET", f"{path}/{callback['id']}").json
    assert (seen["state"], len(seen["failed_attempts"])) == ("disabled", 5)
    assert titles(world, workspace)[0] == "The bot's callback Deploys was disabled"
    later(11 * MINUTE)
    sweep(world)
    assert workspace.call("GET", f"{path}/{callback['id']}").json["state"] == "enabled"


def test_the_notices_of_a_personal_webhook_promise_nothing_that_is_held(
    world: World, workspace: Workspace, receiver: Receiver, later: Later
) -> None:
    body = {"url": receiver.url("/phone"), "name": "Phone", "events": ["task_assigned"]}
    phone = workspace.make("/v1/me/webhooks", body)
    receiver.answer("/phone", *[500] * 10, 200)
    for number in range(3):
        notice = {"type": "task_assigned", "title": f"Task {number}", "user_ids": [workspace.user_id]}
        workspace.make("/v1/notifications", notice)
        world.invoke("notifier", {})
        world.pump(30)
    assert workspace.call("GET", f"/v1/me/webhooks/{phone['id']}").json["state"] == "disabled"
    later(11 * MINUTE)
    sweep(world)
    assert workspace.call("GET", f"/v1/me/webhooks/{phone['id']}").json["state"] == "enabled"
    back, disabled = (item for item in notices(world, workspace) if "Phone" in item["title"])
    assert (back["title"], disabled["title"]) == ("The webhook Phone is back", "The webhook Phone was disabled")
    for told in (back, disabled):
        assert "held" not in told["body"] and "None" not in told["body"]
        assert "Your notifications have everything that it misses." in told["body"]
