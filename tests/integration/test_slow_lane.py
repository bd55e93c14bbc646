"""Deliveries to slow receivers have batches of their own, so that deliveries to quick receivers never wait for them."""

import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest
from ferryman import clock
from ferryman.aws import clients as aws
from ferryman.outbound import transport
from ferryman.outbound.outcomes import Delivered, Outcome
from ferryman.pipeline import deliver
from ferryman.pipeline.prepare import Prepared, prepare
from ferryman.webhooks import tickets
from ferryman.webhooks.subscriptions import sealing
from ferryman.webhooks.subscriptions.model import SLOW_AFTER_SECONDS, SLOW_FOR_SECONDS

from local.receiver import Receiver
from tests.integration.conftest import Workspace
from tests.support import template
from tests.support.logged import logged
from tests.support.world import World


class Made:
    """A chat with a webhook of a quick receiver and one of a slow receiver."""

    def __init__(self, workspace: Workspace, receiver: Receiver) -> None:
        self.workspace, self.receiver, self.chat = workspace, receiver, workspace.chat()
        self.ids = {path: self._webhook(path) for path in ("/quick", "/slow")}

    def _webhook(self, path: str) -> str:
        wanted = {"url": self.receiver.url(path), "events": ["message.created"], "chat_ids": [self.chat]}
        return str(self.workspace.make("/v1/webhooks", wanted)["id"])

    def say(self, count: int = 1) -> None:
        for number in range(count):
            self.workspace.make(f"/v1/chats/{self.chat}/messages", {"text": f"message {number}"})

    def got(self, path: str) -> int:
        return len(self.receiver.requests(path))


@pytest.fixture
def made(workspace: Workspace, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Made:
    """The two webhooks. Attempts take no time here; those to `/slow` are only reported as slow."""
    real = transport.post

    def post(url: str, *arguments: object, **options: object) -> Outcome:
        outcome = real(url, *arguments, **options)  # type: ignore[arg-type]
        if isinstance(outcome, Delivered) and url.endswith("/slow"):
            return Delivered(outcome.status, outcome.excerpt, SLOW_AFTER_SECONDS * 1000)
        return outcome

    monkeypatch.setattr(transport, "post", post)
    return Made(workspace, receiver)


def test_a_slow_receiver_gets_its_deliveries_on_the_slow_lane(world: World, made: Made) -> None:
    made.say()
    world.pump()
    made.say(3)
    world.pump_streams()
    assert world.pump_queue("DeliveriesQueue", "deliverer") == 3
    assert (made.got("/quick"), made.got("/slow")) == (4, 1)
    assert world.pump_queue("SlowDeliveriesQueue", "deliverer") == 3
    assert (made.got("/quick"), made.got("/slow")) == (4, 4)


def test_a_ticket_sent_before_its_receiver_became_slow_changes_lanes(world: World, made: Made) -> None:
    """The ticket moves without an attempt, so that it does not delay the other tickets of its batch."""
    made.say(6)
    world.pump_streams()
    world.pump_queue("DeliveriesQueue", "deliverer")
    tried = made.got("/slow")
    assert tried < 6
    world.pump_queue("DeliveriesQueue", "deliverer")
    assert (made.got("/quick"), made.got("/slow")) == (6, tried)
    world.pump()
    assert made.got("/slow") == 6
    page = made.workspace.call("GET", f"/v1/webhooks/{made.ids['/slow']}/deliveries").json["items"]
    assert [len(delivery["attempts"]) for delivery in page] == [1] * 6


def test_who_is_quick_again_returns(world: World, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    made.say()
    world.pump()
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + SLOW_FOR_SECONDS + 1)
    made.say()
    world.pump_streams()
    assert world.pump_queue("SlowDeliveriesQueue", "deliverer") == 0
    assert world.pump_queue("DeliveriesQueue", "deliverer") == 2


def test_a_retry_on_the_slow_lane_waits_there(world: World, made: Made) -> None:
    made.say()
    world.pump()
    made.receiver.answer("/slow", 500)
    made.say()
    world.pump(30)
    assert made.got("/slow") == 1 + 4
    page = made.workspace.call("GET", f"/v1/webhooks/{made.ids['/slow']}/deliveries").json["items"]
    assert sorted(delivery["state"] for delivery in page) == ["delivered", "exhausted"]


def test_attempts_on_the_slow_lane_begin_one_after_the_other(
    world: World, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow batch is large, and simultaneous TLS handshakes would delay each other. Ten on the fast lane do not."""
    made.say()
    world.pump()
    made.say(4)
    world.pump_streams()
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    assert world.pump_queue("DeliveriesQueue", "deliverer") == 4
    assert pauses == []
    assert world.pump_queue("SlowDeliveriesQueue", "deliverer") == 4
    assert pauses == [deliver.APART_SECONDS] * 3
    assert (made.got("/quick"), made.got("/slow")) == (5, 5)


def test_failures_of_a_large_batch_are_not_put_back_one_after_the_other(
    world: World, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two hundred sequential calls would take more time than the function has after its last attempt."""
    made.say()
    world.pump()
    made.receiver.answer("/slow", 500)
    made.say(4)
    world.pump_streams()
    with world.inside("deliverer"):
        client = aws.sqs()
    together = threading.Barrier(4)
    real = client.change_message_visibility

    def change(**request: Any) -> dict[str, Any]:
        together.wait(timeout=10)
        answer: dict[str, Any] = real(**request)
        return answer

    monkeypatch.setattr(client, "change_message_visibility", change)
    with logged() as lines:
        assert world.pump_queue("SlowDeliveriesQueue", "deliverer") == 4
    assert not together.broken
    assert lines.lines("ticket.not_hidden") == []


def test_a_batch_of_the_slow_lane_ends_in_time() -> None:
    """All attempts begin, and the last one takes its full time.

    One and a half times the planned intervals still fit.
    """
    deliverer, properties = template.functions()["deliverer"], template.load()["Parameters"]
    size = deliverer["Events"]["SlowDeliveries"]["Properties"]["BatchSize"]
    limit = properties["AttemptTimeoutSeconds"]["Default"]
    assert 1.5 * size * deliver.APART_SECONDS + limit + 1 <= deliverer["Timeout"]


def test_staying_slow_is_written_down_now_and_then(world: World, made: Made) -> None:
    """A slow webhook costs at most two writes in a quarter of an hour, however many deliveries it has."""
    made.say()
    world.pump()
    writes: list[str] = []

    def note(params: dict[str, object], **_: object) -> None:
        if params["TableName"] == world.table("webhooks"):
            writes.append(str(params["UpdateExpression"]))

    events = aws.dynamodb().meta.events
    events.register("before-parameter-build.dynamodb.UpdateItem", note, unique_id="noted")
    try:
        made.say(5)
        world.pump()
    finally:
        events.unregister("before-parameter-build.dynamodb.UpdateItem", unique_id="noted")
    assert made.got("/slow") == 6
    assert writes == []


def test_the_lane_is_known_by_the_queue(world: World) -> None:
    with world.inside("deliverer"):
        for name, lane in (("DeliveriesQueue", "fast"), ("SlowDeliveriesQueue", "slow")):
            queue_name = world.queue_url(name).rpartition("/")[2]
            assert tickets.lane_of_arn(f"arn:aws:sqs:us-east-1:123456789012:{queue_name}") == lane


def test_a_webhook_that_is_disabled_while_a_batch_begins_gets_nothing_more(
    world: World, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large batch begins its last attempt seconds after it read the webhook, so it has to read it again."""
    made.say()
    world.pump()
    made.say(3)
    world.pump_streams()
    now, later = clock.now, [0.0]
    monkeypatch.setattr(clock, "now", lambda: now() + later[0])

    def read_long_ago(batch: Sequence[tickets.Ticket]) -> Prepared:
        prepared = prepare(batch)
        assert made.workspace.call("PATCH", f"/v1/webhooks/{made.ids['/slow']}", {"state": "disabled"}).status == 200
        later[0] = 2
        return prepared

    monkeypatch.setattr(deliver, "prepare", read_long_ago)
    assert world.pump_queue("SlowDeliveriesQueue", "deliverer") == 3
    assert made.got("/slow") == 1
    log = made.workspace.call("GET", f"/v1/webhooks/{made.ids['/slow']}/deliveries").json["items"]
    assert [one["state"] for one in log] == ["cancelled"] * 3 + ["delivered"]
    monkeypatch.setattr(deliver, "prepare", prepare)
    world.pump()


def test_a_webhook_that_is_deleted_while_its_secret_is_opened_gets_nothing(
    world: World, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decrypting the secret with KMS may take a second."""
    assert made.workspace.call("DELETE", f"/v1/webhooks/{made.ids['/slow']}").status == 204
    made.say()
    world.pump_streams()
    now, unseal, later = clock.now, sealing.unseal, [0.0]
    monkeypatch.setattr(clock, "now", lambda: now() + later[0])

    def slowly(*arguments: Any) -> str:
        if not later[0]:
            assert made.workspace.call("DELETE", f"/v1/webhooks/{made.ids['/quick']}").status == 204
            later[0] = 1
        return unseal(*arguments)

    monkeypatch.setattr(sealing, "unseal", slowly)
    world.pump()
    assert later == [1] and made.got("/quick") == 0
