"""Rate limit, pause and probe of a webhook. A deferral never uses up an attempt of a delivery."""

import math
from collections.abc import Iterator
from itertools import pairwise

import pytest
from ferryman import clock
from ferryman.outbound.outcomes import Refused, Unreachable
from ferryman.webhooks import health, tickets
from ferryman.webhooks.subscriptions import table as webhooks

from local.receiver import Answer, Receiver
from tests.integration.conftest import Workspace
from tests.support.clients import aws_client
from tests.support.world import World


class Clock:
    """A clock that stands still until a test sets `now`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = float(int(clock.now()))
        monkeypatch.setattr(clock, "now", lambda: self.now)


@pytest.fixture
def moving(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def deferred(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The delays of deferred tickets, in seconds.

    The tickets enter the queue without a delay, so that `pump` sees them.
    """
    delays: list[float] = []
    real = tickets.send

    def send(batch: list[tickets.Ticket], delay_seconds: float = 0, *, lane: tickets.Lane = "fast") -> None:
        if delay_seconds:
            delays.append(delay_seconds)
        real(batch, lane=lane)

    monkeypatch.setattr(tickets, "send", send)
    return delays


def _webhook(workspace: Workspace, receiver: Receiver, chat: str, **fields: object) -> str:
    fields = {"url": receiver.url("/in"), "events": ["message.created"], "chat_ids": [chat], **fields}
    return str(workspace.make("/v1/webhooks", fields)["id"])


def _post(workspace: Workspace, chat: str, count: int) -> None:
    for number in range(count):
        workspace.make(f"/v1/chats/{chat}/messages", {"text": f"message {number}"})


def _set(world: World, workspace: Workspace, webhook_id: str, **numbers: int) -> None:
    aws_client("dynamodb").update_item(
        TableName=world.table("webhooks"),
        Key={"workspace_id": {"S": workspace.workspace_id}, "webhook_id": {"S": webhook_id}},
        UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in numbers),
        ExpressionAttributeValues={f":{name}": {"N": str(value)} for name, value in numbers.items()},
    )


def _drain(world: World) -> None:
    """Delete all messages that other tests left in the delivery queue."""
    sqs, url = aws_client("sqs"), world.queue_url("DeliveriesQueue")
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def test_no_more_than_max_per_second_begin_in_a_second(
    world: World, workspace: Workspace, receiver: Receiver, moving: Clock, deferred: list[float]
) -> None:
    chat = workspace.chat()
    _webhook(workspace, receiver, chat, max_per_second=3)
    _post(workspace, chat, 8)
    world.pump_streams()
    for second in range(3):
        for _ in range(4):
            world.pump_queue("DeliveriesQueue", "deliverer")
        assert len(receiver.requests("/in")) == min(8, 3 * (second + 1))
        moving.now += 1
    assert deferred
    assert {request.headers["X-FM-Delivery-Attempt"] for request in receiver.requests("/in")} == {"1"}


def test_a_backlog_reserves_each_place_once(
    world: World, workspace: Workspace, receiver: Receiver, moving: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each delivery reserves a time at its first receive, so it is received twice, however long the backlog is."""
    _drain(world)
    waiting: dict[int, list[tickets.Ticket]] = {}
    real = tickets.send

    def send(batch: list[tickets.Ticket], delay_seconds: float = 0, *, lane: tickets.Lane = "fast") -> None:
        if not delay_seconds:
            real(batch, lane=lane)
        for ticket in batch if delay_seconds else ():  # SQS delays by whole seconds
            waiting.setdefault(math.ceil(moving.now + delay_seconds), []).append(ticket)

    monkeypatch.setattr(tickets, "send", send)
    chat = workspace.chat()
    _webhook(workspace, receiver, chat, max_per_second=2)
    _post(workspace, chat, 24)
    world.pump_streams()
    received, begun = 0, []
    for _ in range(20):
        while count := world.pump_queue("DeliveriesQueue", "deliverer"):
            received += count
        begun.append(len(receiver.requests("/in")))
        moving.now += 1
        with world.inside("deliverer"):
            real(waiting.pop(int(moving.now), []))
    assert begun[-1] == 24
    assert max(later - earlier for earlier, later in pairwise([0, *begun])) == 2
    assert received <= 2 * 24 + 4
    _drain(world)


def test_a_paused_webhook_is_probed_by_one_attempt_and_a_success_ends_the_pause(
    world: World, workspace: Workspace, receiver: Receiver, moving: Clock, deferred: list[float]
) -> None:
    chat = workspace.chat()
    webhook_id = _webhook(workspace, receiver, chat)
    _set(world, workspace, webhook_id, paused_until=int(moving.now * 1000) + 30_000, consecutive_failures=5)
    assert workspace.call("GET", f"/v1/webhooks/{webhook_id}").json["paused_until"] == clock.iso(moving.now + 30)
    _post(workspace, chat, 4)
    world.pump_streams()
    world.pump_queue("DeliveriesQueue", "deliverer")
    assert receiver.requests("/in") == []
    assert all(30 <= delay <= 36 for delay in deferred)

    moving.now += 31
    world.pump_queue("DeliveriesQueue", "deliverer")
    assert len(receiver.requests("/in")) == 1, "one probes, the others wait"
    world.pump_queue("DeliveriesQueue", "deliverer")
    assert len(receiver.requests("/in")) == 4, "the pause is over"
    seen = workspace.call("GET", f"/v1/webhooks/{webhook_id}").json
    assert (seen["paused_until"], seen["consecutive_failures"]) == (None, 0)


def test_deferred_deliveries_do_not_return_all_at_once(
    world: World, workspace: Workspace, receiver: Receiver, moving: Clock, deferred: list[float]
) -> None:
    aws_client("sqs").purge_queue(QueueUrl=world.queue_url("DeliveriesQueue"))
    chat = workspace.chat()
    webhook_id = _webhook(workspace, receiver, chat)
    _set(world, workspace, webhook_id, paused_until=int(moving.now * 1000) + 600_000, consecutive_failures=5)
    _post(workspace, chat, 5)
    world.pump_streams()
    world.pump_queue("DeliveriesQueue", "deliverer")
    assert len(set(deferred)) == 5
    assert all(600 <= delay <= 720 for delay in deferred)


def test_five_failures_in_a_row_pause(
    workspace: Workspace, receiver: Receiver, world: World, moving: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.parameters["PauseSeconds"] = "60"
    try:
        chat = workspace.chat()
        webhook_id = _webhook(workspace, receiver, chat)
        receiver.answer("/in", 500)
        _set(world, workspace, webhook_id, consecutive_failures=4)
        _post(workspace, chat, 1)
        world.pump_streams()
        world.pump_queue("DeliveriesQueue", "deliverer")
        seen = workspace.call("GET", f"/v1/webhooks/{webhook_id}").json
        assert seen["paused_until"] == clock.iso(moving.now + 60)
    finally:
        world.parameters["PauseSeconds"] = "0"


@pytest.fixture
def pausing(world: World) -> Iterator[None]:
    """Five failures in a row pause a webhook for a minute, as in a real deployment."""
    world.parameters |= {"PauseSeconds": "60", "RetryDelays": "30,120,600"}
    yield
    world.parameters |= {"PauseSeconds": "0", "RetryDelays": "0,0,0"}


@pytest.mark.usefixtures("pausing", "deferred")
@pytest.mark.parametrize("status", [500, 429])
def test_a_burst_of_failures_pauses_and_does_not_disable(
    world: World, workspace: Workspace, receiver: Receiver, moving: Clock, status: int
) -> None:
    """Five of ten simultaneous failures count. Then five failed probes are needed until the webhook is disabled."""
    _drain(world)
    chat = workspace.chat()
    webhook_id = _webhook(workspace, receiver, chat)
    receiver.answer("/in", Answer(status=status, headers={"Retry-After": "60"} if status == 429 else {}))
    _post(workspace, chat, 10)
    world.pump_streams()
    world.pump_queue("DeliveriesQueue", "deliverer")
    assert len(receiver.requests("/in")) == 10
    seen = workspace.call("GET", f"/v1/webhooks/{webhook_id}").json
    assert (seen["state"], seen["paused_until"]) == ("enabled", clock.iso(moving.now + 60))
    assert seen["consecutive_failures"] == (5 if status == 500 else seen["consecutive_failures"])
    for failures in range(seen["consecutive_failures"] + 1, 11):
        moving.now += 100
        _post(workspace, chat, 3)
        world.pump_streams()
        before = len(receiver.requests("/in"))
        world.pump_queue("DeliveriesQueue", "deliverer")
        assert len(receiver.requests("/in")) == before + 1, "one probes, the others wait"
        seen = workspace.call("GET", f"/v1/webhooks/{webhook_id}").json
        assert seen["consecutive_failures"] == failures
        assert seen["state"] == ("enabled" if failures < 10 else "disabled")
    assert seen["paused_until"] is None
    _drain(world)


@pytest.mark.usefixtures("pausing")
def test_attempts_under_way_when_a_pause_began_are_not_counted(
    world: World, workspace: Workspace, receiver: Receiver, moving: Clock
) -> None:
    """Such an attempt does not count, however late it fails. Only an answer 410 has an effect during a pause."""
    chat = workspace.chat()
    webhook_id = _webhook(workspace, receiver, chat)
    with world.inside("deliverer"):
        webhook = webhooks.get_many([(workspace.workspace_id, webhook_id)])[webhook_id]
        _set(world, workspace, webhook_id, paused_until=int(moving.now * 1000) + 60_000, consecutive_failures=5)
        for _ in range(6):
            health.failed(webhook, Unreachable("timeout", "", 8000), lambda *_: [])
        seen = workspace.call("GET", f"/v1/webhooks/{webhook_id}").json
        assert (seen["state"], seen["consecutive_failures"]) == ("enabled", 5)
        health.failed(webhook, Refused(410, "", 1, None), lambda *_: [])
    assert workspace.call("GET", f"/v1/webhooks/{webhook_id}").json["state"] == "disabled"


@pytest.mark.parametrize(("said", "seconds"), [("120", 120), ("99999999", 900)])
def test_a_receiver_that_asks_for_patience_gets_it_within_limits(
    world: World, workspace: Workspace, receiver: Receiver, moving: Clock, said: str, seconds: int
) -> None:
    chat = workspace.chat()
    webhook_id = _webhook(workspace, receiver, chat)
    receiver.answer("/in", Answer(status=429, headers={"Retry-After": said}))
    _post(workspace, chat, 1)
    world.pump_streams()
    world.pump_queue("DeliveriesQueue", "deliverer")
    assert workspace.call("GET", f"/v1/webhooks/{webhook_id}").json["paused_until"] == clock.iso(moving.now + seconds)


@pytest.mark.usefixtures("pausing", "deferred")
def test_failures_with_successes_between_them_are_not_in_a_row(
    world: World, workspace: Workspace, receiver: Receiver, moving: Clock
) -> None:
    """All deliveries of a batch read the webhook before its first failure; their successes end the row nevertheless."""
    _drain(world)
    chat = workspace.chat()
    webhook_id = _webhook(workspace, receiver, chat)
    receiver.answer("/in", *[200, 500] * 20)
    for _ in range(4):
        _post(workspace, chat, 10)
        world.pump_streams()
        world.pump_queue("DeliveriesQueue", "deliverer")
        moving.now += 1
    assert len(receiver.requests("/in")) == 40
    seen = workspace.call("GET", f"/v1/webhooks/{webhook_id}").json
    assert (seen["state"], seen["paused_until"]) == ("enabled", None)
    _drain(world)


@pytest.mark.usefixtures("pausing")
def test_a_success_that_was_under_way_ends_no_pause(
    world: World, workspace: Workspace, receiver: Receiver, moving: Clock
) -> None:
    """The receiver asked for a pause of ten minutes while another attempt, which then succeeds, was open."""
    chat = workspace.chat()
    webhook_id = _webhook(workspace, receiver, chat)
    with world.inside("deliverer"):
        _set(world, workspace, webhook_id, consecutive_failures=1)
        webhook = webhooks.get_many([(workspace.workspace_id, webhook_id)])[webhook_id]
        health.failed(webhook, Refused(429, "", 5, 600), lambda *_: [])
        health.succeeded(webhook)
    assert workspace.call("GET", f"/v1/webhooks/{webhook_id}").json["paused_until"] == clock.iso(moving.now + 600)


@pytest.mark.usefixtures("deferred")
def test_a_waiting_delivery_says_what_it_waits_for(
    world: World, workspace: Workspace, receiver: Receiver, moving: Clock
) -> None:
    _drain(world)
    chat = workspace.chat()
    webhook_id = _webhook(workspace, receiver, chat)

    def shown() -> tuple[str | None, str | None]:
        (delivery,) = workspace.call("GET", f"/v1/webhooks/{webhook_id}/deliveries").json["items"]
        return delivery["waits_for"], delivery["waits_until"]

    _post(workspace, chat, 1)
    world.pump_streams()
    world.pump_queue("DeliveriesQueue", "deliverer")
    assert shown() == (None, None)
    _set(world, workspace, webhook_id, paused_until=int(moving.now * 1000) + 30_000)
    (delivery,) = workspace.call("GET", f"/v1/webhooks/{webhook_id}/deliveries").json["items"]
    assert workspace.call("POST", f"/v1/deliveries/{delivery['id']}/retry").status == 202
    assert shown() == ("pause", clock.iso(moving.now + 30))
    moving.now += 31
    assert shown() == ("queue", None)
    assert workspace.call("PATCH", f"/v1/webhooks/{webhook_id}", {"state": "disabled"}).status == 200
    assert shown() == ("disabled", None)
    _drain(world)


@pytest.mark.usefixtures("deferred")
def test_a_delivery_that_waits_for_its_place_or_its_next_attempt_says_until_when(
    world: World, workspace: Workspace, receiver: Receiver, moving: Clock
) -> None:
    _drain(world)
    chat = workspace.chat()
    webhook_id = _webhook(workspace, receiver, chat, max_per_second=1)
    _post(workspace, chat, 3)
    world.pump_streams()
    world.pump_queue("DeliveriesQueue", "deliverer")
    waiting = [
        (one["waits_for"], clock.seconds(one["waits_until"]) - moving.now)
        for one in workspace.call("GET", f"/v1/webhooks/{webhook_id}/deliveries").json["items"]
        if one["state"] != "delivered"
    ]
    assert [what for what, _ in waiting] == ["rate", "rate"]
    assert all(2 <= seconds <= 4 for _, seconds in waiting)
    _drain(world)
    _set(world, workspace, webhook_id, next_place=0)
    receiver.answer("/in", 500)
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(world.parameters, "RetryDelays", "30,120,600")
        moving.now += 10
        _post(workspace, chat, 1)
        world.pump_streams()
        world.pump_queue("DeliveriesQueue", "deliverer")
    failed = workspace.call("GET", f"/v1/webhooks/{webhook_id}/deliveries").json["items"][0]
    assert failed["waits_for"] == "retry"
    assert 30 <= clock.seconds(failed["waits_until"]) - moving.now <= 36
    _drain(world)
