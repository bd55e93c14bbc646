"""The delivery log: the requests to each webhook, with filters, for those who may see the webhook."""

import json
from typing import Any

import pytest
from ferryman import clock, ids

from local.receiver import Receiver
from tests.integration.conftest import Workspace
from tests.support.world import World


@pytest.fixture
def hook(workspace: Workspace, receiver: Receiver) -> dict[str, Any]:
    """A webhook for new and edited messages of a chat, with the chat and the address of its log."""
    chat = workspace.chat()
    fields = {"url": receiver.url("/in"), "events": ["message.created", "message.updated"], "chat_ids": [chat]}
    made: dict[str, Any] = workspace.make("/v1/webhooks", fields)
    return made | {"chat": chat, "log": f"/v1/webhooks/{made['id']}/deliveries"}


def listed(by: Workspace, hook: dict[str, Any], query: str = "") -> list[dict[str, Any]]:
    answer = by.call("GET", f"{hook['log']}?{query}")
    assert answer.status == 200, answer.body
    found: list[dict[str, Any]] = answer.json["items"]
    return found


def say(by: Workspace, hook: dict[str, Any], text: str = "Build passed") -> str:
    return str(by.make(f"/v1/chats/{hook['chat']}/messages", {"text": text})["id"])


def test_a_delivery_that_has_to_wait_is_in_the_log(world: World, workspace: Workspace, hook: dict[str, Any]) -> None:
    """A delivery's first attempt or first deferral writes it. Here the rate of one delivery per second defers two."""
    assert workspace.call("PATCH", f"/v1/webhooks/{hook['id']}", {"max_per_second": 1}).status == 200
    assert listed(workspace, hook) == []
    for _ in range(3):
        say(workspace, hook)
    world.pump_streams()
    world.pump_queue("DeliveriesQueue", "deliverer")
    found = listed(workspace, hook)
    assert len(found) == 3
    states = {delivery["state"] for delivery in found}
    assert states == {"delivered", "queued"}
    assert all(len(delivery["attempts"]) == (delivery["state"] == "delivered") for delivery in found)


def test_an_attempt_is_in_the_log(world: World, workspace: Workspace, hook: dict[str, Any]) -> None:
    say(workspace, hook)
    world.pump()
    (sent,) = listed(workspace, hook)
    assert sent["state"] == "delivered"
    (attempt,) = sent["attempts"]
    assert (attempt["number"], attempt["outcome"], attempt["status"]) == (1, "delivered", 200)
    assert clock.seconds(attempt["at"]) <= clock.now()


def test_an_excerpt_of_the_answer_is_shown_as_text(
    world: World, workspace: Workspace, hook: dict[str, Any], receiver: Receiver
) -> None:
    receiver.answer("/in", 500)
    say(workspace, hook)
    world.pump()
    (delivery,) = listed(workspace, hook)
    assert {attempt["status"] for attempt in delivery["attempts"]} == {500}
    assert all(isinstance(attempt["excerpt"], str | None) for attempt in delivery["attempts"])


def test_the_log_filters_by_state_type_and_time(world: World, workspace: Workspace, hook: dict[str, Any]) -> None:
    message = say(workspace, hook, "one")
    workspace.call("PATCH", f"/v1/chats/{hook['chat']}/messages/{message}", {"text": "two"})
    world.pump()
    created, updated = (listed(workspace, hook, f"event_type=message.{what}") for what in ("created", "updated"))
    assert [delivery["event_type"] for delivery in created + updated] == ["message.created", "message.updated"]
    assert len(listed(workspace, hook, "state=delivered")) == 2
    assert listed(workspace, hook, "state=exhausted") == []
    assert listed(workspace, hook, f"since={clock.iso(clock.now() + 60)}") == []
    assert listed(workspace, hook, f"until={clock.iso(clock.now() - 60)}") == []
    now = f"since={clock.iso(clock.now() - 60)}&until={clock.iso(clock.now() + 60)}"
    assert len(listed(workspace, hook, now)) == 2


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("state=gone", "state"),
        ("event_type=message.eaten", "event_type"),
        ("since=yesterday", "since"),
        ("until=2026-01-01", "until"),
        ("webhook_id=x", "webhook_id"),
        ("since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", "until"),
    ],
)
def test_an_invalid_filter_is_named(workspace: Workspace, hook: dict[str, Any], query: str, pointer: str) -> None:
    answer = workspace.call("GET", f"{hook['log']}?{query}")
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, pointer)


def test_a_delivery_is_shown_to_those_who_see_its_webhook(
    world: World, workspace: Workspace, hook: dict[str, Any], other: Workspace
) -> None:
    say(workspace, hook)
    world.pump()
    (delivery,) = listed(workspace, hook)
    url = f"/v1/deliveries/{delivery['id']}"
    assert workspace.call("GET", url).json.items() >= delivery.items()
    colleague = workspace.person("manager", "webhooks:read")
    tester = workspace.narrow("admin:*", environment="staging")
    for by in (colleague, tester, other):
        answer = by.call("GET", url)
        assert (answer.status, answer.json["detail"]) == (404, "The delivery does not exist.")
        assert by.call("GET", hook["log"]).status == 404


def test_the_log_of_a_deleted_webhook_is_gone(world: World, workspace: Workspace, hook: dict[str, Any]) -> None:
    say(workspace, hook)
    world.pump()
    (delivery,) = listed(workspace, hook)
    assert workspace.call("DELETE", f"/v1/webhooks/{hook['id']}").status == 204
    assert workspace.call("GET", f"/v1/deliveries/{delivery['id']}").status == 404


def test_a_page_of_the_longest_logs_fits_into_an_answer(
    world: World, workspace: Workspace, hook: dict[str, Any]
) -> None:
    """Lambda's limit for an answer is 6 MB. A delivery can have sixty attempts with an excerpt of a kilobyte each."""
    from ferryman.aws import dynamodb as store
    from ferryman.webhooks.deliveries.model import Attempt, Delivery
    from ferryman.webhooks.deliveries.table import TABLE, key

    now = clock.now_iso()
    attempt = Attempt(number=1, at=now, outcome="failed", status=500, duration_ms=1, excerpt="\x01" * 1024)
    made = []
    for _ in range(20):
        event_id = ids.new(ids.EVENT)
        delivery = Delivery(
            workspace_id=workspace.workspace_id,
            webhook_id=hook["id"],
            delivery_id=ids.delivery(event_id, hook["id"]),
            event_id=event_id,
            event_type="message.created",
            livemode=True,
            state="exhausted",
            created_at=now,
            updated_at=now,
            expires_at_epoch=int(clock.now()) + 3600,
            attempts=[attempt] * 60,
        )
        its_key = key(workspace.workspace_id, hook["id"], delivery.delivery_id)
        with world.inside("deliverer"):
            store.commit([store.put(TABLE, {**delivery.to_item(), **its_key})])
        made.append(delivery.delivery_id)
    found: list[str] = []
    target = f"{hook['log']}?limit=100"
    while True:
        answer = workspace.call("GET", target)
        assert len(json.dumps(answer.body.decode(), ensure_ascii=False).encode()) < 6_000_000
        assert answer.json["items"]
        found += [item["id"] for item in answer.json["items"]]
        if answer.json["next_cursor"] is None:
            break
        target = f"{hook['log']}?limit=100&cursor={answer.json['next_cursor']}"
    assert found == sorted(made, reverse=True)


def test_the_log_of_the_workspace_shows_what_fails_everywhere(
    world: World, workspace: Workspace, hook: dict[str, Any], receiver: Receiver
) -> None:
    body = {"url": receiver.url("/broken"), "events": ["message.created"], "chat_ids": [hook["chat"]]}
    broken = workspace.make("/v1/webhooks", body)
    receiver.answer("/broken", 500)
    colleague = workspace.person("manager", "webhooks:read", "webhooks:write", "chats:read")
    assert workspace.call("PUT", f"/v1/chats/{hook['chat']}/members/{colleague.user_id}").status == 200
    theirs = colleague.make("/v1/webhooks", body | {"url": receiver.url("/theirs")})
    for number in range(3):
        say(workspace, hook, f"message {number}")
    world.pump(30)

    def found(by: Workspace, query: str) -> list[dict[str, Any]]:
        items, cursor = [], ""
        while True:
            answer = by.call("GET", f"/v1/deliveries?limit=2&{query}{cursor}")
            assert answer.status == 200, answer.body
            assert answer.json["items"], "a page that nothing is on"
            items += answer.json["items"]
            if answer.json["next_cursor"] is None:
                return items
            cursor = f"&cursor={answer.json['next_cursor']}"

    everything = found(workspace, "")
    assert [one["id"] for one in everything] == sorted((one["id"] for one in everything), reverse=True)
    assert len({one["id"] for one in everything}) == 9
    assert {one["webhook_id"] for one in everything} == {hook["id"], broken["id"], theirs["id"]}
    assert {one["webhook_id"] for one in found(workspace, "result=5xx")} == {broken["id"]}
    assert len(found(workspace, "state=delivered&event_type=message.created")) == 6
    assert {one["webhook_id"] for one in found(workspace, f"webhook_id={hook['id']}")} == {hook["id"]}
    assert {one["webhook_id"] for one in found(colleague, "")} == {theirs["id"]}
    assert workspace.call("GET", f"/v1/deliveries?since={clock.iso(clock.now() + 60)}").json["items"] == []
    assert colleague.call("GET", f"/v1/deliveries?webhook_id={hook['id']}").json["items"] == []


def test_a_delivery_shows_its_request_as_it_was_sent(
    world: World, workspace: Workspace, hook: dict[str, Any], receiver: Receiver
) -> None:
    message = say(workspace, hook, "as it was")
    world.pump()
    (request,) = receiver.requests("/in")
    workspace.call("PATCH", f"/v1/chats/{hook['chat']}/messages/{message}", {"text": "as it is"})
    url = f"/v1/deliveries/{listed(workspace, hook)[0]['id']}"
    shown = workspace.call("GET", url).json["request"]
    assert shown["body"].encode() == request.body
    assert shown["headers"].pop("X-FM-Webhook-Signature") == "[masked]"
    assert shown["headers"].items() <= dict(request.headers.items()).items()
    assert workspace.call("DELETE", f"/v1/chats/{hook['chat']}/messages/{message}").status == 204
    assert workspace.call("GET", url).json["request"]["body"] is None
