"""Events for a disabled webhook are held: counted, listed, and delivered or skipped when the webhook is enabled."""

import json
from typing import Any

import pytest
from ferryman import clock
from ferryman.webhooks import tickets

from local.receiver import Receiver
from tests.integration.conftest import Later, Workspace
from tests.support.world import World

type Made = dict[str, Any]
EVENTS = ["message.created", "message.updated", "message.deleted"]


@pytest.fixture
def chats(workspace: Workspace) -> list[str]:
    return [workspace.chat(), workspace.chat()]


@pytest.fixture
def hook(workspace: Workspace, receiver: Receiver, chats: list[str]) -> Made:
    body = {"url": receiver.url("/in"), "events": EVENTS, "chat_ids": chats}
    made: Made = workspace.make("/v1/webhooks", body)
    return made


def change(workspace: Workspace, hook: Made, **changes: Any) -> Made:
    answer = workspace.call("PATCH", f"/v1/webhooks/{hook['id']}", changes)
    assert answer.status == 200, answer.body
    found: Made = answer.json
    return found


def held(workspace: Workspace, hook: Made) -> Made:
    answer = workspace.call("GET", f"/v1/webhooks/{hook['id']}/held")
    assert answer.status == 200, answer.body
    found: Made = answer.json
    return found


def told(receiver: Receiver, path: str = "/in") -> list[tuple[str, str]]:
    bodies = [json.loads(request.body) for request in receiver.requests(path)]
    return [(body["type"], body["data"]["message"].get("text", "")) for body in bodies]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, str]]:
    """The delay and the event of each ticket. Tickets enter the queue without the delay, so that `pump` sees them."""
    found: list[tuple[float, str]] = []
    real = tickets.send

    def send(batch: list[tickets.Ticket], delay_seconds: float = 0, *, lane: tickets.Lane = "fast") -> None:
        found.extend((delay_seconds, ticket.event_id) for ticket in batch)
        real(batch, lane=lane)

    monkeypatch.setattr(tickets, "send", send)
    return found


def test_events_of_a_disabled_time_are_held_and_delivered_in_order(
    world: World, workspace: Workspace, receiver: Receiver, chats: list[str], hook: Made, sent: list[tuple[float, str]]
) -> None:
    other = workspace.make("/v1/webhooks", {"url": receiver.url("/other"), "events": EVENTS, "chat_ids": chats})
    workspace.say(chats[0], "before")
    world.pump()
    change(workspace, hook, state="disabled")
    messages = [workspace.say(chats[number % 2], f"held {number}") for number in range(4)]
    url = f"/v1/chats/{chats[1]}/messages/{messages[1]}"
    assert workspace.call("PATCH", url, {"text": "held 1, edited"}).status == 200
    assert workspace.call("DELETE", f"/v1/chats/{chats[0]}/messages/{messages[2]}").status == 204
    world.pump()
    assert told(receiver) == [("message.created", "before")]
    shown = held(workspace, hook)
    assert (shown["count"], shown["complete"], shown["until"]) == (5, True, None)
    assert [item["event_type"] for item in shown["items"]] == [
        "message.created",
        "message.created",
        "message.updated",
        "message.deleted",
        "message.created",
    ]
    assert change(workspace, hook, state="enabled")["held_from"] == shown["since"]
    workspace.say(chats[0], "after")
    world.pump()
    assert told(receiver)[1:] == [("message.created", "after")]
    assert held(workspace, hook)["count"] == 5

    sent.clear()
    assert change(workspace, hook, held="deliver")["held_from"] is None
    world.pump()
    assert sorted(told(receiver)[2:]) == [
        ("message.created", "held 0"),
        ("message.created", "held 1"),
        ("message.created", "held 3"),
        ("message.deleted", ""),
        ("message.updated", "held 1, edited"),
    ]
    assert [event for _, event in sent] == [item["event_id"] for item in shown["items"]]
    assert len(told(receiver, "/other")) == 7 and other["state"] == "enabled"
    (job,) = workspace.call("GET", f"/v1/webhooks/{hook['id']}/replays").json["items"]
    assert (job["state"], job["held"], job["requeued"]) == ("done", True, 5)


@pytest.mark.parametrize(("disabling", "enabling"), [(1, 0), (0, -1)])
def test_events_are_held_whatever_the_clocks_say(
    world: World,
    workspace: Workspace,
    receiver: Receiver,
    chats: list[str],
    hook: Made,
    sent: list[tuple[float, str]],
    later: Later,
    disabling: float,
    enabling: float,
) -> None:
    """The clocks of the functions that disable and enable differ from the clock of the one that stores the message."""
    later(disabling)
    change(workspace, hook, state="disabled")
    later(0)
    workspace.say(chats[0], "held")
    world.pump()
    later(enabling)
    change(workspace, hook, state="enabled", held="deliver")
    later(0)
    world.pump()
    assert told(receiver) == [("message.created", "held")]


def test_skipped_events_are_forgotten(
    world: World, workspace: Workspace, receiver: Receiver, chats: list[str], hook: Made, sent: list[tuple[float, str]]
) -> None:
    change(workspace, hook, state="disabled")
    workspace.say(chats[0], "held")
    world.pump()
    assert held(workspace, hook)["count"] == 1
    assert change(workspace, hook, state="enabled", held="skip")["held_from"] is None
    world.pump()
    assert told(receiver) == []
    assert held(workspace, hook) == {"since": None, "until": None, "count": 0, "complete": True, "items": []}
    answer = workspace.call("PATCH", f"/v1/webhooks/{hook['id']}", {"held": "deliver"})
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/held")


def test_a_delivery_that_was_cancelled_before_its_first_attempt_is_held_too(
    world: World, workspace: Workspace, receiver: Receiver, chats: list[str], hook: Made, sent: list[tuple[float, str]]
) -> None:
    workspace.say(chats[0], "on its way")
    world.pump_streams()
    change(workspace, hook, state="disabled")
    world.pump()
    (delivery,) = workspace.call("GET", f"/v1/webhooks/{hook['id']}/deliveries").json["items"]
    assert (delivery["state"], delivery["attempts"]) == ("cancelled", [])
    change(workspace, hook, state="enabled", held="deliver")
    world.pump()
    assert told(receiver) == [("message.created", "on its way")]


def test_a_bots_callback_and_a_webhook_of_every_chat_hold_too(
    world: World, workspace: Workspace, receiver: Receiver, chats: list[str], sent: list[tuple[float, str]]
) -> None:
    bot = workspace.make("/v1/bots", {"name": "Bot", "handle": "bot"})
    assert workspace.call("PUT", f"/v1/chats/{chats[0]}/members/{bot['id']}").status == 200
    callback = workspace.make(f"/v1/bots/{bot['id']}/callbacks", {"url": receiver.url("/bot")})
    every = workspace.make("/v1/webhooks", {"url": receiver.url("/every"), "events": ["message.created"]})
    path = f"/v1/bots/{bot['id']}/callbacks/{callback['id']}"
    assert workspace.call("PATCH", path, {"state": "disabled"}).status == 200
    change(workspace, every, state="disabled")
    workspace.say(chats[0], "@bot while disabled")
    workspace.say(chats[1], "elsewhere")
    world.pump()
    assert held(workspace, callback)["items"][0]["event_type"] == "bot.mentioned"
    assert workspace.call("PATCH", path, {"state": "enabled", "held": "deliver"}).status == 200
    change(workspace, every, state="enabled", held="deliver")
    world.pump()
    assert told(receiver, "/bot") == [("bot.mentioned", "@bot while disabled")]
    assert sorted(text for _, text in told(receiver, "/every")) == ["@bot while disabled", "elsewhere"]


@pytest.mark.parametrize(("rate", "apart"), [(None, 0.2), (2, 0.5)])
def test_held_events_are_delivered_at_the_webhooks_rate(
    world: World,
    workspace: Workspace,
    chats: list[str],
    hook: Made,
    sent: list[tuple[float, str]],
    rate: int | None,
    apart: float,
) -> None:
    change(workspace, hook, state="disabled", max_per_second=rate)
    for number in range(12):
        workspace.say(chats[0], f"held {number}")
    world.pump()
    change(workspace, hook, state="enabled", held="deliver")
    job = workspace.call("GET", f"/v1/webhooks/{hook['id']}/replays").json["items"][0]
    began = clock.seconds(job["created_at"])
    before = clock.now()
    world.pump_streams()
    longest = max(delay for delay, _ in sent)
    assert len(sent) == 12
    assert 11 * apart - (clock.now() - began) <= longest <= 11 * apart - (before - began)
