"""Receivers that answer as their scripts say, and record every request."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ferryman.outbound.error_class import ErrorClass
from ferryman.outbound.outcomes import Delivered, Outcome, Refused, Unreachable
from ferryman.outbound.own_network import OwnNetworkDown

from simulator.aws import Network
from simulator.engine import Task


@dataclass(frozen=True)
class Behaviour:
    """One way to answer a request."""

    name: str
    outcome: Outcome
    arrives: bool = True  # whether the receiver gets the request at all
    seconds: tuple[float, float] = (0.02, 0.4)  # how long the sender waits for the answer


def _answer(name: str, status: int, retry_after: int | None = None, **more: Any) -> Behaviour:
    if 200 <= status < 300:
        return Behaviour(name, Delivered(status, "", 100), **more)
    return Behaviour(name, Refused(status, "", 100, retry_after), **more)


def _silence(name: str, error: ErrorClass, **more: Any) -> Behaviour:
    return Behaviour(name, Unreachable(error, "simulated", 100), **more)


BEHAVIOURS: dict[str, Behaviour] = {
    one.name: one
    for one in (
        _answer("200", 200),
        _answer("204", 204),
        _answer("slow 200", 200, seconds=(3, 7.9)),
        _answer("200, then a crash", 200, seconds=(0.1, 1.5)),
        _answer("500", 500),
        _answer("302", 302),
        _answer("404", 404),
        _answer("503 with Retry-After", 503, retry_after=45),
        _answer("429 with Retry-After", 429, retry_after=50),
        _answer("429 with a huge Retry-After", 429, retry_after=99_999_999),
        _answer("410", 410),
        _silence("timeout", "timeout", seconds=(8, 8.05)),
        _silence("200 after the deadline", "timeout", seconds=(8, 8.05)),
        _silence("reset", "reset"),
        _silence("bad response", "bad_response"),
        _silence("no connection", "connect_error", arrives=False),
        _silence("no address", "dns_error", arrives=False, seconds=(0.1, 4)),
        _silence("bad certificate", "tls_error", arrives=False),
        _silence("an address that is not allowed", "blocked_target", arrives=False),
    )
}
SUCCESSES = ("200", "204", "slow 200", "200, then a crash")
FAILURES = tuple(name for name in BEHAVIOURS if name not in (*SUCCESSES, "410"))


@dataclass
class Script:
    """How one receiver answers its deliveries. Shares are between 0 and 1."""

    doomed: float = 0.0  # share of the deliveries whose every attempt fails
    flaky: float = 0.0  # share of the other deliveries' attempts that fail
    gone: float = 0.0  # share of the attempts that are answered with 410
    slow: float = 0.0  # share of the successes that take seconds
    fixed: tuple[str, ...] = ()  # instead: these answers to each delivery, in this order, the last one for ever
    every: int = 0  # instead: every n-th delivery gets 500 whenever it comes, the others get 200
    seen: dict[str, int] = field(default_factory=dict)

    def next(self, dice: random.Random, delivery_id: str, seed: object, made: int) -> Behaviour:
        if self.fixed:
            return BEHAVIOURS[self.fixed[min(made, len(self.fixed) - 1)]]
        if self.every:
            number = self.seen.setdefault(delivery_id, len(self.seen))
            return BEHAVIOURS["200" if number % self.every else "500"]
        if random.Random(f"{seed} {delivery_id}").random() < self.doomed:
            return BEHAVIOURS[dice.choice(FAILURES)]
        if dice.random() < self.gone:
            return BEHAVIOURS["410"]
        if dice.random() < self.flaky:
            return BEHAVIOURS[dice.choice(FAILURES)]
        return BEHAVIOURS["slow 200" if dice.random() < self.slow else dice.choice(("200", "204", "200, then a crash"))]


@dataclass
class Request:
    """A request as a receiver got it. `at` is in simulated seconds."""

    at: float
    url: str
    headers: Mapping[str, str]
    body: bytes


class Receivers:
    """Stands in for `ferryman.outbound.transport.post`."""

    def __init__(self, network: Network, seed: object) -> None:
        self.network = network
        self.seed = seed
        self.scripts: dict[str, Script] = {}  # by URL
        self.strays: list[Request] = []  # requests without a claim
        self._dice = random.Random(f"{seed} receivers")
        self._made: dict[str, int] = {}

    def post(self, url: str, body: bytes, headers: Mapping[str, str], **_options: Any) -> Outcome:
        engine, faults = self.network.engine, self.network.faults
        task = engine.current
        assert task is not None, "only functions send"
        request = Request(engine.now, url, dict(headers), body)
        claim = task.claim
        if claim is None or claim.request is not None:
            self.strays.append(request)
            return Delivered(200, "", 0)
        if "network" in self.network.down:
            task.note("network.outage")
            engine.sleep(faults.random("network.outage").uniform(0.1, 8))
            raise OwnNetworkDown("simulated")
        claim.request = request
        made = self._made.get(claim.delivery_id, 0)
        self._made[claim.delivery_id] = made + 1
        behaviour = self.scripts[url].next(self._dice, claim.delivery_id, self.seed, made)
        if self.network.strikes(task, "deliverer.stall"):
            engine.sleep(faults.random("deliverer.stall").uniform(12, 28))
        return self._send(task, behaviour, request)

    def _send(self, task: Task, behaviour: Behaviour, request: Request) -> Outcome:
        engine, faults = self.network.engine, self.network.faults
        seconds = self._dice.uniform(*behaviour.seconds)
        request.at = engine.now
        task.stage = "during_post"
        if faults.strikes("deliverer.crash_during_post"):
            task.claim.arrived = faults.random("deliverer.crash_during_post").random() < 0.5 and behaviour.arrives
            engine.sleep(seconds * faults.random("deliverer.crash_during_post").random())
            engine.die("deliverer.crash_during_post")
        task.claim.arrived = behaviour.arrives
        engine.sleep(seconds)
        task.claim.outcome = behaviour.outcome
        task.claim.behaviour = behaviour.name
        task.claim.answered_at = engine.now
        task.stage = "after_answer"
        return behaviour.outcome
