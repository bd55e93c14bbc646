"""Hypothesis posts, waits, breaks and repairs the pipeline in random order, and shrinks the failures that it finds."""

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, multiple, rule, run_state_machine_as_test

from simulator.faults import KINDS
from simulator.receivers import BEHAVIOURS, Script
from simulator.simulation import EVENTS, Posted, Simulation
from tests.simulation import REHEARSAL

STRIKING = sorted(name for name, kind in KINDS.items() if kind.chance)
ANSWERS = st.lists(st.sampled_from(sorted(BEHAVIOURS)), min_size=1, max_size=5).map(tuple)
MOST_WEBHOOKS = 5


class Pipeline(RuleBasedStateMachine):
    """After any sequence of steps, the faults end, time passes, and the oracle must find no violation."""

    posts = Bundle("posts")

    def __init__(self) -> None:
        super().__init__()
        self.world = Simulation("machine", [], small=True)
        self.world.__enter__()
        self.chat = self.world.chats[0]

    @rule(target=posts, by_hook=st.booleans(), count=st.integers(1, 3))
    def post(self, by_hook: bool, count: int) -> Any:
        posted: list[Posted] = []
        for _ in range(count):
            self.world.post(self.chat, by_hook=by_hook, then=posted.append)
        self.world.engine.run(before=self.world.engine.now + 0.2)
        return multiple(*posted)

    @rule(posted=posts)
    def edit(self, posted: Posted) -> None:
        self.world.edit(posted)

    @rule(posted=consumes(posts))
    def delete(self, posted: Posted) -> None:
        self.world.delete(posted)

    @rule(seconds=st.sampled_from([0.01, 0.05, 0.3, 2, 20, 35, 150, 700, 4000, 100_000]))
    def time_passes(self, seconds: float) -> None:
        engine = self.world.engine
        until = engine.now + seconds
        engine.run(before=until)
        engine.now = max(engine.now, until)

    @rule(kind=st.sampled_from(STRIKING), times=st.integers(1, 6))
    def fault(self, kind: str, times: int) -> None:
        self.world.faults.armed[kind] += times

    @rule(service=st.sampled_from(["dynamodb", "kms", "network"]))
    def outage(self, service: str) -> None:
        self.world.network.down.add(service)

    @rule()
    def outages_end(self) -> None:
        self.world.network.down.clear()

    @rule(enabled=st.booleans())
    def streams(self, enabled: bool) -> None:
        self.world.streams(enabled)

    @rule(enabled=st.booleans(), queue=st.sampled_from(["DeliveriesQueue", "SlowDeliveriesQueue", "DeadLettersQueue"]))
    def queues(self, enabled: bool, queue: str) -> None:
        self.world.cloud.consumers[queue].enable(enabled)

    @rule(number=st.integers(0, MOST_WEBHOOKS - 1), answers=ANSWERS)
    def receiver(self, number: int, answers: tuple[str, ...]) -> None:
        scripts = list(self.world.receivers.scripts.values())
        scripts[number % len(scripts)].fixed = answers

    @rule(answers=ANSWERS)
    def subscribe(self, answers: tuple[str, ...]) -> None:
        known = len(self.world.recorder.subscriptions)
        if known < MOST_WEBHOOKS:
            self.world.subscribe(f"new {known}", Script(fixed=answers), chats=[self.chat], events=EVENTS)

    @rule(number=st.integers(0, MOST_WEBHOOKS - 1), state=st.sampled_from(["enabled", "disabled"]))
    def switch(self, number: int, state: str) -> None:
        webhooks = list(self.world.recorder.subscriptions.values())
        self.world.set_state(webhooks[number % len(webhooks)], state)

    @rule()
    def poison(self) -> None:
        self.world.poison()

    def teardown(self) -> None:
        try:
            self.world.quiesce()
            verdict = self.world.verdict()
            assert verdict.good, verdict.explain()
        finally:
            self.world.__exit__(None, None, None)


def test_hypothesis_finds_no_way_to_break_the_pipeline() -> None:
    checked = settings(
        max_examples=60 if REHEARSAL else 25,
        stateful_step_count=25,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Pipeline, settings=checked)
