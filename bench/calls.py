"""Counts the AWS calls and DynamoDB units of Ferryman's frequent work: the real handlers, on tables of data.yaml.

Each function here does one piece of work in a `Scene` and returns the calls it made. tests/integration/test_calls.py
asserts the same figures, so a change that adds calls fails there.
"""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import boto3
from ferryman import clock
from ferryman.aws import clients as aws
from ferryman.conversations.messages import activity
from ferryman.pipeline import deliver as pipeline

from bench.meter import Counted, Meter, of_world
from bench.report import Row
from local.receiver import Receiver
from tests.support.logs import captured
from tests.support.world import World
from tests.support.world import world as make_world

BATCH = 10
SWEPT_RUNS = 18  # the second look is an hour and up to ten minutes behind
TEXT = "Build 4711 passed on main in 3 min 12 s: https://ci.example.com/builds/4711"


@dataclass
class Scene:
    """A workspace with its owner's token, one chat with an incoming webhook, and a receiver."""

    world: World
    meter: Meter
    receiver: Receiver
    workspace_id: str
    token: str
    chat_id: str = ""
    hook: str = ""

    @classmethod
    def of(cls, world: World, receiver: Receiver) -> "Scene":
        made = world.bootstrap()
        scene = cls(world, of_world(), receiver, made["workspace_id"], made["token"])
        scene.new_chat()
        return scene

    def new_chat(self) -> str:
        """Create a chat with an incoming webhook, to which `post` posts from now on.

        Returns the path of the webhook's URL.
        """
        self.chat_id = self.make("/v1/chats", {"name": "Builds"})["id"]
        url: str = self.make("/v1/incoming-webhooks", {"chat_id": self.chat_id, "name": "CI"})["url"]
        self.hook = url.removeprefix("https://api.test")
        return self.hook

    def make(self, target: str, body: dict[str, Any]) -> Any:
        answer = self.world.call("POST", target, token=self.token, json_body=body)
        assert answer.status in (200, 201), answer.body
        return answer.json

    def webhooks(self, count: int) -> list[str]:
        """Create `count` outgoing webhooks for the chat. Returns their ids."""
        wanted = {"url": self.receiver.url("/in"), "events": ["message.created"], "chat_ids": [self.chat_id]}
        return [self.make("/v1/webhooks", wanted)["id"] for _ in range(count)]

    def post(self, count: int = 1) -> None:
        """Post `count` messages through the incoming webhook."""
        for _ in range(count):
            answer = self.world.call("POST", self.hook, json_body={"text": TEXT})
            assert answer.status == 200, answer.body

    def tickets(self) -> list[dict[str, Any]]:
        """Receive and delete all messages of the delivery queue.

        Returns them as the records of a batch for the deliverer.
        """
        sqs, url = boto3.client("sqs"), self.world.queue_url("DeliveriesQueue")
        records: list[dict[str, Any]] = []
        while messages := sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=BATCH, AttributeNames=["ApproximateReceiveCount"]
        ).get("Messages"):
            for message in messages:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                found = {
                    "messageId": message["MessageId"],
                    "receiptHandle": "gone",
                    "eventSourceARN": "arn:aws:sqs:us-east-1:1:Deliveries",
                    "body": message["Body"],
                }
                records.append({**found, "attributes": message.get("Attributes", {}), "eventSource": "aws:sqs"})
        return records


@contextmanager
def scene(**parameters: str) -> Iterator[Scene]:
    with make_world(**parameters) as world, Receiver() as receiver:
        yield Scene.of(world, receiver)


def incoming_post(scene: Scene) -> Counted:
    """Post one message through an incoming webhook that has been used before, as most have."""
    scene.post()
    with scene.meter.counting() as counted:
        scene.post()
    return counted


def authenticated_get(scene: Scene) -> Counted:
    """Read one chat with a token that has been used before."""
    target = f"/v1/chats/{scene.chat_id}"
    for _ in range(2):
        with scene.meter.counting() as counted:
            assert scene.world.call("GET", target, token=scene.token).status == 200
    return counted


def dispatch(scene: Scene, messages: int) -> Counted:
    """Dispatch one batch of the stream, with `messages` new messages of one chat."""
    scene.world.stream_records("MessagesTable")
    scene.post(messages)
    records = scene.world.stream_records("MessagesTable")
    assert len(records) == messages
    with scene.meter.counting() as counted:
        assert scene.world.invoke("dispatcher", {"Records": records}) == {"batchItemFailures": []}
    return counted


def deliver(scene: Scene, messages: int) -> tuple[Counted, Counted]:
    """Deliver `messages` messages to every webhook of the chat, in one batch.

    Returns the calls of dispatch and delivery.

    Each answer of KMS comes late, so that a secret that two threads decrypt at the same time is counted twice.
    """
    dispatched = dispatch(scene, messages)
    records = scene.tickets()
    aws.kms().meta.events.register("before-call.kms.Decrypt", _late, unique_id="late")
    # Receivers answer at once; on a busy machine, a batch that takes long would look for more work.
    with patch.object(pipeline, "PATIENCE_SECONDS", 60), scene.meter.counting() as delivered:
        assert scene.world.invoke("deliverer", {"Records": records}) == {"batchItemFailures": []}
    return dispatched, delivered


def sweep(scene: Scene, messages: int, together: int, chats: int) -> Counted:
    """The calls of the sweeper in `SWEPT_RUNS` runs, after each of `chats` chats got `messages` messages.

    The runs are five minutes apart. The messages come evenly within the first ten minutes, `together` in a batch of the
    stream, and all are dispatched. After the runs, both cursors of the sweeper have passed the messages.
    """
    began = (int(clock.now()) // activity.PERIOD_SECONDS + 10) * activity.PERIOD_SECONDS
    counted = Counted()
    with _at(began - 1):
        scene.world.invoke("sweeper", {})
    hooks = [scene.new_chat() for _ in range(chats)]
    posted = 0
    for run in range(SWEPT_RUNS):
        until = began + (run + 1) * 300
        while posted < messages and (at := began + posted * activity.PERIOD_SECONDS / messages) < until:
            batch = min(together, messages - posted)
            for scene.hook in hooks:
                with _at(at):
                    scene.post(batch)
                    records = scene.world.stream_records("MessagesTable")
                    assert scene.world.invoke("dispatcher", {"Records": records}) == {"batchItemFailures": []}
            posted += batch
        with _at(until), scene.meter.counting() as run_counted:
            assert scene.world.invoke("sweeper", {}) == {"swept": 0}
        counted.calls += run_counted.calls
    assert posted == messages
    return counted


@contextmanager
def _at(moment: float) -> Iterator[None]:
    with patch.object(clock, "now", lambda: moment):
        yield


def _late(**_: Any) -> None:
    time.sleep(0.05)


def measure() -> list[Row]:
    found = []
    with captured(), scene() as one:
        post, get = incoming_post(one), authenticated_get(one)
        found.append(Row.at_most("incoming post, calls", post.of(), "calls", 2, "authenticate, put"))
        found.append(_plain("incoming post, write units", post.writes, "units", "the message; its chat is known"))
        found.append(Row.at_most("authenticated GET, calls", get.of(), "calls", 2, "authenticate, read"))
        one.webhooks(3)
        batch = dispatch(one, BATCH)
        deliveries = 3 * BATCH
        # Two queries (who listens to the chat, who to all), two batch reads (enabled webhooks, members), one receipt.
        limit = 5 + math.ceil(deliveries / 10)
        note = f"{BATCH} messages to 3 webhooks: {_listed(batch)}"
        found.append(Row.at_most("dispatch of a batch, calls", batch.of(), "calls", limit, note))
        found.append(_plain("dispatch of a batch, write units", batch.writes / deliveries, "a delivery", note))
    with captured(), scene() as one:
        one.webhooks(1)
        found += _delivery_rows("ten events to one webhook", *deliver(one, BATCH), webhooks=1)
    with captured(), scene() as one:
        one.webhooks(BATCH)
        found += _delivery_rows("one event to ten webhooks", *deliver(one, 1), webhooks=BATCH)
    return found


def _delivery_rows(what: str, dispatched: Counted, batch: Counted, webhooks: int) -> list[Row]:
    units = (dispatched.written("DeliveriesTable") + batch.writes) / BATCH
    writes = Row.at_most(f"delivery, {what}, write units", units, "a delivery", 2, _listed(batch))
    calls = _plain(f"delivery, {what}, calls", batch.of() / BATCH, "a delivery", f"a batch of {BATCH}")
    secrets = Row.at_most(f"delivery, {what}, secrets read", batch.of("kms"), "calls", webhooks, "once a webhook")
    return [writes, calls, secrets]


def _plain(name: str, value: float, unit: str, note: str) -> Row:
    return Row(name, value, unit, "", True, note)


def _listed(counted: Counted) -> str:
    return ", ".join(f"{times} {name}" for name, times in counted.by_name().items())
