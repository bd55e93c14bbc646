"""One run: a workspace with webhooks, events and faults, and then a quiet time until all work has ended.

with Simulation(seed=17) as simulation:
    simulation.run(events=1000)
    verdict = simulation.verdict()
"""

import gc
import importlib
import json
import os
import pkgutil
import random
import time
from collections.abc import Callable, Collection
from concurrent import futures
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from unittest.mock import patch

import ferryman
from ferryman import clock, log
from ferryman.aws import clients as ferryman_aws
from ferryman.outbound import transport
from ferryman.webhooks.subscriptions import sealing

from simulator import oracle
from simulator.aws import Network
from simulator.cloud import Cloud
from simulator.engine import Engine, Invocation, Lock, Pool
from simulator.faults import Faults
from simulator.receivers import Receivers, Script
from simulator.record import Accepted, Recorder, Subscription
from tests.support.world import Answer

START = 1_790_000_000.0
HOUR = 3600.0
_API_SECONDS = 15
_REENABLE_EVERY = 600
_QUIET_AFTER_DAYS = 5
# Every module of the package: a name that is replaced has to be replaced wherever it was imported.
MODULES = [importlib.import_module(found.name) for found in pkgutil.walk_packages(ferryman.__path__, "ferryman.")]
CACHES = [
    clear
    for module in MODULES
    for thing in vars(module).values()
    if not isinstance(thing, type) and (clear := getattr(thing, "cache_clear", None))
]
EVENTS = ("message.created", "message.updated", "message.deleted")


@dataclass
class Posted:
    """An acknowledged message, which may be edited or deleted later."""

    chat_id: str
    message_id: str
    revision: int
    text: str


class Simulation:
    """A simulated deployment with its workspace. The same seed always gives the same run.

    `only` names the kinds of faults that may strike, `scale` multiplies their chances, and `small` limits the workspace
    to three webhooks in one chat.
    """

    def __init__(
        self, seed: object, only: Collection[str] | None = None, *, scale: float = 1, small: bool = False
    ) -> None:
        self.seed = seed
        self.dice = random.Random(f"{seed} plan")
        self.engine = Engine(START)
        self.faults = Faults(seed, only, scale=scale)
        self.network = Network(self.engine, self.faults, random.Random(f"{seed} network"))
        self.recorder = Recorder(self.engine)
        self.receivers = Receivers(self.network, seed)
        self.small = small
        self.deleted: set[str] = set()  # webhooks
        self.refused = 0  # requests that the API did not acknowledge
        self.began = time.perf_counter()
        self._undo = ExitStack()
        self._entropy = random.Random(f"{seed} entropy")

    # -- a world -----------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        try:
            self._pause_the_collector()
            self._patch()
            self.cloud = Cloud(self.network, self.recorder, RetryDelays="30,120,600", PauseSeconds="300")
            self.cloud.cold_start = _forget_caches
            self._undo.enter_context(patch.object(ferryman_aws, "dynamodb", lambda: self.cloud.dynamodb))
            self._undo.enter_context(patch.object(ferryman_aws, "sqs", lambda: self.cloud.sqs))
            self._undo.enter_context(patch.object(ferryman_aws, "kms", lambda: self.cloud.kms))
            self._undo.enter_context(patch.object(ferryman_aws, "s3", lambda: self.cloud.s3))
            self._undo.enter_context(patch.dict(os.environ, self.cloud.environments()))
            _forget_caches()
            self._populate()
            for schedule in self.cloud.schedules:
                schedule.start()
        except BaseException:
            self._undo.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._undo.close()
        _forget_caches()

    def _pause_the_collector(self) -> None:
        """Disable garbage collection until the end.

        Nearly all objects live until then, and collections would cost a fifth.
        """
        if gc.isenabled():
            gc.disable()
            self._undo.callback(gc.collect)
            self._undo.callback(gc.enable)

    def _patch(self) -> None:
        """Replace the clock, the sending of requests, random numbers, threads and one lock.

        The rest of the code is real.
        """
        enter = self._undo.enter_context
        enter(patch.object(clock, "now", self._now))
        enter(patch.object(transport, "post", self.receivers.post))
        enter(patch.object(time, "sleep", self.engine.sleep))
        enter(patch.object(futures, "wait", self.engine.wait_for))
        enter(patch.object(os, "urandom", self._entropy.randbytes))
        enter(patch.object(random, "_urandom", self._entropy.randbytes))
        pool = type("SimulatedPool", (Pool,), {"engine": self.engine})
        for module in MODULES:
            if hasattr(module, "ThreadPoolExecutor"):
                enter(patch.object(module, "ThreadPoolExecutor", pool))
        # One lock for all: which one a webhook gets depends on the order of a set, and a run must not.
        enter(patch.object(sealing, "_locks", [Lock(self.engine)]))
        state = random.getstate()
        self._undo.callback(random.setstate, state)
        random.seed(f"{self.seed} code")
        level = log.logger.log_level
        self._undo.callback(log.logger.setLevel, level)
        log.logger.setLevel("CRITICAL")

    def _now(self) -> float:
        task = self.engine.current
        return self.engine.now + (task.invocation.skew if task is not None else 0)

    def _populate(self) -> None:
        """Create four chats, incoming webhooks in three, and outgoing webhooks whose receivers behave differently."""
        made = self.cloud.bootstrap()
        self.owner, self.workspace_id = made["token"], made["workspace_id"]
        self.chats = [self._make("/v1/chats", {"name": name})["id"] for name in ("Builds", "Alerts", "Sales", "Ops")]
        self.hooks = {
            chat: self._make("/v1/incoming-webhooks", {"chat_id": chat, "name": "CI"})["url"].partition("api.test")[2]
            for chat in self.chats[:3]
        }
        builds, alerts, sales, _ops = self.chats
        self.subscribe("steady", Script(), chats=[builds], events=EVENTS if self.small else EVENTS[:1])
        if self.small:
            self.subscribe("recovering", Script(fixed=("500", "reset", "200")), chats=[builds])
            self.subscribe("failing at times", Script(every=2), chats=[builds])
            return
        self.subscribe("every chat", Script(doomed=0.02, slow=0.1), events=EVENTS, chats=None)
        self.subscribe("flaky", Script(doomed=0.1, flaky=0.3), chats=[builds, alerts])
        self.subscribe("changes", Script(flaky=0.2), events=EVENTS[1:], chats=None)
        self.subscribe("slow", Script(slow=0.6, flaky=0.05), chats=[alerts])
        self.subscribe("dead", Script(doomed=1), chats=[sales])
        self.subscribe("gone at times", Script(gone=0.02, flaky=0.05), chats=[sales, alerts])
        self.subscribe("doomed often", Script(doomed=0.4), chats=[sales])
        person, token = self._person(alerts)
        self.leaver = self.subscribe("its owner leaves", Script(flaky=0.1), chats=[alerts], token=token)
        self.leaver.owner_id = person
        self.passing = self.subscribe("deleted on the way", Script(flaky=0.2), chats=[builds])
        test = self._make("/v1/tokens", {"name": "test", "scopes": ["admin:*"], "environment": "development"})
        self.subscribe("test mode", Script(), chats=[builds], token=test["token"], livemode=False)

    def subscribe(
        self,
        name: str,
        script: Script,
        *,
        chats: list[str] | None,
        events: Collection[str] = ("message.created",),
        token: str | None = None,
        livemode: bool = True,
    ) -> Subscription:
        url = f"https://{name.replace(' ', '-')}.example.com/in"
        wanted = {"url": url, "events": list(events), "name": name, **({"chat_ids": chats} if chats else {})}
        made = self._make("/v1/webhooks", wanted, token=token)
        subscription = Subscription(
            webhook_id=made["id"],
            url=url,
            events=frozenset(events),
            chat_ids=frozenset(chats) if chats else None,
            secret=made["secret"],
            livemode=livemode,
            made_at=self.engine.now,
        )
        self.recorder.subscriptions[made["id"]] = subscription
        self.receivers.scripts[url] = script
        return subscription

    def _person(self, chat_id: str) -> tuple[str, str]:
        """Create a manager who belongs to the chat. Returns the user's id and a token."""
        from ferryman.aws import dynamodb as store
        from ferryman.identity.tokens import service
        from ferryman.identity.tokens.schema import TokenIn

        person = {"name": "Grace", "email": "grace@example.com", "role": "manager"}
        user = self._make("/v1/users", person)
        added = self.cloud.call("PUT", f"/v1/chats/{chat_id}/members/{user['id']}", token=self.owner)
        assert added.status < 300, added.body
        wanted = TokenIn.model_validate({"name": "own", "scopes": ["webhooks:write"], "environment": "production"})
        _, secret, writes = service.prepare(self.workspace_id, user["id"], "manager", wanted, created_by="test")
        store.commit(writes)
        return user["id"], secret

    def _make(self, target: str, body: Any, token: str | None = None) -> Any:
        self.engine.now += 0.01  # so that no two things are made at the same moment
        answer = self.cloud.call("POST", target, token=token or self.owner, json_body=body)
        assert answer.status in (200, 201), answer.body
        return answer.json

    # -- people ------------------------------------------------------------------------------------------------------

    def request(self, function: str, work: Callable[[], Answer], then: Callable[[Answer], None] | None = None) -> None:
        """Start `work` as a task of the function named `function`, where faults may strike, and return at once.

        `then` gets the answer if its status is below 300 and no fault ended the call. Any other
        end adds one to `refused`.
        """
        invocation = Invocation(self.engine, function, _API_SECONDS)
        task = self.engine.start(invocation, work)

        def over() -> None:
            if invocation.killed:
                _forget_caches()
            if task.error is None and not invocation.killed and task.result.status < 300:
                if then is not None:
                    then(task.result)
            else:
                self.refused += 1

        task.waiters.append(over)
        self.engine.at(invocation.deadline, lambda: invocation.kill("function.timeout"))

    def post(self, chat_id: str, *, by_hook: bool, then: Callable[[Posted], None] | None = None) -> None:
        asked = self.engine.now
        text = f"message {self._entropy.getrandbits(64):x}"

        def accepted(answer: Answer) -> None:
            message_id = answer.headers["x-fm-message-id"] if by_hook else answer.json["id"]
            self._accept("message.created", message_id, 1, chat_id, text, asked)
            if then is not None:
                then(Posted(chat_id, message_id, 1, text))

        if by_hook:
            target = self.hooks[chat_id]
            self.request("hooks", lambda: self.cloud.call("POST", target, json_body={"text": text}), accepted)
        else:
            target = f"/v1/chats/{chat_id}/messages"
            self.request(
                "messages",
                lambda: self.cloud.call("POST", target, token=self.owner, json_body={"text": text}),
                accepted,
            )

    def edit(self, posted: Posted) -> None:
        asked = self.engine.now
        text = f"edited {self._entropy.getrandbits(64):x}"
        target = f"/v1/chats/{posted.chat_id}/messages/{posted.message_id}"

        def accepted(answer: Answer) -> None:
            self._accept("message.updated", posted.message_id, answer.json["revision"], posted.chat_id, text, asked)

        self.request(
            "messages",
            lambda: self.cloud.call("PATCH", target, token=self.owner, json_body={"text": text}),
            accepted,
        )

    def delete(self, posted: Posted) -> None:
        asked = self.engine.now
        target = f"/v1/chats/{posted.chat_id}/messages/{posted.message_id}"
        self.request(
            "messages",
            lambda: self.cloud.call("DELETE", target, token=self.owner),
            lambda _: self._accept("message.deleted", posted.message_id, None, posted.chat_id, None, asked),
        )

    def _accept(
        self, type_: str, message_id: str, revision: int | None, chat_id: str, text: str | None, asked: float
    ) -> None:
        self.recorder.accepted.append(Accepted(type_, message_id, revision, chat_id, text, asked, self.engine.now))

    def leave(self) -> None:
        """Remove the owner of the webhook `leaver` from the chat whose events the webhook gets."""
        chat_id = min(self.leaver.chat_ids or ())
        target = f"/v1/chats/{chat_id}/members/{self.leaver.owner_id}"
        self.request("chats", lambda: self.cloud.call("DELETE", target, token=self.owner))

    def set_state(self, subscription: Subscription, state: str) -> None:
        """Enable or disable a webhook through the API."""
        target = f"/v1/webhooks/{subscription.webhook_id}"
        body = {"state": state}
        self.request("webhooks", lambda: self.cloud.call("PATCH", target, token=self.owner, json_body=body))

    def delete_webhook(self, subscription: Subscription) -> None:
        self.deleted.add(subscription.webhook_id)
        target = f"/v1/webhooks/{subscription.webhook_id}"
        self.request("webhooks", lambda: self.cloud.call("DELETE", target, token=self.owner))

    def enable_again(self) -> None:
        """Enable every disabled webhook through the API, as an administrator would."""
        for webhook_id, absences in list(self.recorder.absences.items()):
            known = webhook_id in self.recorder.subscriptions and webhook_id not in self.deleted
            if absences and absences[-1][1] is None and known:
                self.set_state(self.recorder.subscriptions[webhook_id], "enabled")

    def poison(self) -> None:
        """Put a record or an item that Ferryman did not write into a stream or a table."""
        number = len(self.recorder.poison)
        shapes: list[dict[str, Any]] = [
            {},
            {"message_id": {"S": "msg"}, "workspace_id": {"N": "1"}},
            {"event_id": {"S": "evt"}, "body": {"L": []}},
            {"message_id": {"NULL": True}, "revision": {"S": "x"}, "text": {"S": ""}},
        ]
        marks = {"undispatched": {"S": "3"}, "created_at": {"S": "2026-01-01T00:00:00.000Z"}}
        image = {**shapes[number % len(shapes)], **marks, "poison": {"S": f"poison {number}"}}
        stream = self.cloud.streams[number % len(self.cloud.streams)]
        self.recorder.poison.append(f"poison {number}")
        if number % 3:
            record = self.cloud.record(stream.table, None, image)
            record["dynamodb"]["Keys"] = {"chat": {"S": f"poison {number}"}}
            stream.add(record)
        else:
            # As an item it comes before all others, so that the sweeper meets it too.
            keys = {"chat": {"S": "poison"}, "message_id": {"S": f"poison-{number}"}}
            self.cloud.dynamodb.put_item(TableName="MessagesTable", Item={**image, **keys})

    # -- a run -------------------------------------------------------------------------------------------------------

    def run(self, events: int) -> None:
        """Make this many events happen, then end all faults and wait until the cloud is quiet.

        Most events fall into two busy hours, the others into an outage and the half hour after it. If the fault
        `stream.outage` is on, the outage is longer than a stream keeps its records.
        """
        outage = 26 * HOUR if self.faults.planned("stream.outage") else 0.1 * HOUR
        busy, late = 2 * HOUR, 0.5 * HOUR
        self._plan_faults(busy, outage)
        for _ in range(events):
            part = self.dice.random()
            if part < 0.85:
                at = self.dice.uniform(0, busy)
                if self.dice.random() < 0.3:
                    at -= at % 300  # bursts
            elif part < 0.95:
                at = busy + self.dice.uniform(0, outage)
            else:
                at = busy + outage + self.dice.uniform(0, late)
            self.engine.after(at, self._some_event)
        end = busy + outage + late
        for number in range(int(end // _REENABLE_EVERY)):
            self.engine.after(number * _REENABLE_EVERY, self.enable_again)
        self.engine.after(0.4 * busy, self.leave)
        self.engine.after(0.6 * busy, lambda: self.delete_webhook(self.passing))
        self.engine.run(before=self.engine.now + end)
        self.quiesce()

    def _some_event(self) -> None:
        what = self.dice.random()
        if what < 0.8:
            self.post(self.dice.choice(list(self.hooks)), by_hook=True)
            return
        chat = self.dice.choice(self.chats)
        after = self.dice.choice((0.05, 0.3, 2, 60, 600)) * self.dice.random()
        change = self.edit if self.dice.random() < 0.7 else self.delete
        again = self.dice.random() < 0.3

        def then(posted: Posted) -> None:
            self.engine.after(after, lambda: change(posted))
            if again:
                self.engine.after(after + self.dice.random(), lambda: self.edit(posted))

        self.post(chat, by_hook=False, then=then if self.dice.random() < 0.6 else None)

    def _plan_faults(self, busy: float, outage: float) -> None:
        def window(fault: str, seconds: float, begin: Callable[[], None], end: Callable[[], None]) -> None:
            at = self.dice.uniform(0.1, 0.8) * busy
            if self.faults.planned(fault):
                self.engine.after(at, begin)
                self.engine.after(at + seconds, end)

        down = self.network.down
        window("dynamodb.outage", 120, lambda: down.add("dynamodb"), lambda: down.discard("dynamodb"))
        window("kms.denied", 480, lambda: down.add("kms"), lambda: down.discard("kms"))
        window("network.outage", 180, lambda: down.add("network"), lambda: down.discard("network"))
        deliverer = self.cloud.consumers["DeliveriesQueue"]
        window("queue.outage", 1800, lambda: deliverer.enable(False), lambda: deliverer.enable(True))
        for _ in range(6):
            if self.faults.planned("stream.poison"):
                self.engine.after(self.dice.random() * busy, self.poison)
        if self.faults.planned("queue.poison"):
            body = json.dumps({"hello": "there"})
            self.engine.after(self.dice.random() * busy, lambda: self.cloud.queues["DeliveriesQueue"].put(body))
        if outage > HOUR:
            self.engine.after(busy, lambda: self.streams(False))
            self.engine.after(busy + outage, lambda: self.streams(True))

    def streams(self, enabled: bool) -> None:
        for stream in self.cloud.streams:
            stream.enable(enabled)

    def heal(self) -> None:
        """End every fault, and enable every stream and queue mapping again."""
        self.faults.active = False
        self.faults.armed.clear()
        self.network.down.clear()
        self.network.watcher = None
        self.streams(True)
        for consumer in self.cloud.consumers.values():
            consumer.enable(True)

    def quiesce(self) -> None:
        """End every fault, then let time pass until no retry, sweep or dead letter is left.

        Gives up after some days.
        """
        self.heal()
        most = self.engine.now + _QUIET_AFTER_DAYS * 86_400
        while self.engine.now < most:
            self.engine.run(before=self.engine.now + HOUR)
            if oracle.is_quiet(self):
                return

    def seconds(self) -> float:
        """The seconds that the run took on this machine."""
        return time.perf_counter() - self.began

    def hours(self) -> float:
        """The hours that passed in the simulation."""
        return (self.engine.now - START) / HOUR

    def verdict(self, since: float = 0) -> oracle.Verdict:
        return oracle.judge(self, since)


def _forget_caches() -> None:
    """Empty every cache of the code, as a new process starts with empty caches."""
    for clear in CACHES:
        clear()
