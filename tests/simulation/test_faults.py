"""Simulations with many faults at once, with one kind at a time, and with one fault at every call.

No acknowledged event may be lost, and nothing may happen that no fault explains.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ferryman.pipeline.lost_messages import walk

from simulator.engine import Task
from simulator.faults import KINDS
from simulator.oracle import Verdict
from simulator.simulation import Simulation
from tests.simulation import REHEARSAL
from tests.support.refusals import refused, unanswered
from tests.support.template import ROOT

SEEDS = range(1, 21)
EVENTS = 1000 if REHEARSAL else 400  # a thousand cost four times as much
ALONE = 60
# Some faults need another to happen at all: dead letters only come of lost receives, retries of failures, and only
# records that wait can change places.
HELPED_BY = {
    "dead_letters.crash": "queue.lost_receive",
    "dead_letters.lost_receive": "queue.lost_receive",
    "stream.gives_up": "dispatcher.crash_before",
    "stream.reorder": "stream.delay",
}


@contextmanager
def _replayable(command: str) -> Iterator[None]:
    """Add the command that repeats the run to any failure inside the block."""
    again = f"To see it again: python -m simulator {command}"
    try:
        yield
    except _Broken as broken:
        pytest.fail(f"{broken}\n\n{again}", pytrace=False)
    except Exception as error:
        error.add_note(again)
        raise


class _Broken(Exception):
    """The run broke a promise."""


def _check(verdict: Verdict) -> None:
    if not verdict.good:
        raise _Broken(verdict.explain())


@pytest.mark.parametrize("seed", SEEDS)
def test_many_events_under_every_fault_at_once(seed: int) -> None:
    with _replayable(f"--seed {seed} --events {EVENTS}"):
        with Simulation(seed) as simulation:
            simulation.run(EVENTS)
            verdict = simulation.verdict()
        _check(verdict)
        assert sum(1 for count in simulation.faults.counts.values() if count) >= 40
        # Not vacuous: most events were acknowledged, and deliveries ended in each of the three ways.
        assert verdict.accepted > 0.9 * EVENTS
        assert verdict.sorted["delivered"] > EVENTS
        assert verdict.sorted["exhausted"] and verdict.sorted["cancelled"]
        assert verdict.unknowns and verdict.duplicates
        assert simulation.recorder.late, "the sweeper found no message that the stream had lost"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_fault_of_one_kind_often(kind: str) -> None:
    kinds = {kind, HELPED_BY.get(kind, kind)}
    scale = max(1.0, max(0.2 / (KINDS[name].chance or 1) for name in kinds))
    with _replayable(f"--seed 100 --events {ALONE} --faults {','.join(sorted(kinds))} --scale {scale!r}"):
        with Simulation(100, kinds, scale=scale) as simulation:
            simulation.run(ALONE)
            verdict = simulation.verdict()
        _check(verdict)
        assert set(simulation.faults.counts) == kinds, f"{kind} never struck"


def test_without_faults_nothing_needs_help() -> None:
    with _replayable("--seed 0 --events 300 --faults none"):
        with Simulation(0, []) as simulation:
            simulation.run(300)
            verdict = simulation.verdict()
        _check(verdict)
        assert (verdict.unknowns, verdict.duplicates, verdict.requeued) == (0, 0, 0)
        assert not simulation.faults.counts
        assert not simulation.recorder.late, "the sweeper found what the dispatcher had dispatched"


def test_a_seed_is_the_same_run_each_time() -> None:
    """The run is the same in another process with another hash seed, so a seed that fails can be run again."""

    def run(hash_seed: str) -> str:
        command = [sys.executable, "-m", "simulator", "--seed", "5", "--events", "150"]
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        lines = [line for line in done.stdout.splitlines() if " hours of " not in line]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    assert run("1") == run("2")


# -- one fault at every call -----------------------------------------------------------------------------------------


@pytest.fixture
def world() -> Iterator[Simulation]:
    """One simulation for all calls, with three webhooks: one always succeeds, one fails at times, one recovers."""
    with Simulation("calls", [], small=True) as simulation:
        yield simulation


@pytest.mark.parametrize("harm", ["dies before", "dies after", "is refused", "times out"])
def test_a_fault_at_every_call(world: Simulation, harm: str) -> None:
    """Runs a message and its edit repeatedly, with the fault at the first AWS call, then at the second, and so on."""
    calls = _message(world, None, harm)
    assert len(calls) > 40
    assert {function for function, _ in calls} >= {"hooks", "messages", "dispatcher", "deliverer", "dead_letters"}
    for number in range(len(calls)):
        began = world.engine.now
        _message(world, number, harm)
        verdict = world.verdict(began)
        if not verdict.good:
            function, operation = calls[number]
            again = f"pytest '{Path(__file__).relative_to(ROOT)}::test_a_fault_at_every_call[{harm}]'"
            said = f"{function} {harm} at its {operation}, call {number}:\n{verdict.explain()}"
            pytest.fail(f"{said}\n\nTo see it again: {again}", pytrace=False)


@pytest.mark.parametrize("harm", ["dies before", "dies after", "is refused", "times out"])
def test_a_fault_at_every_call_of_the_sweeper(world: Simulation, harm: str) -> None:
    """The stream loses a message again and again, with the fault at each call of the sweeper run that finds it."""
    world.engine.run(before=world.engine.now + 600)  # its first run is a long one
    calls = _lost_message(world, None, harm)
    assert {operation for _, operation in calls} >= {"Query", "UpdateItem", "PutItem", "SendMessageBatch"}
    assert world.recorder.late
    for number, (_, operation) in enumerate(calls):
        began = world.engine.now
        _lost_message(world, number, harm)
        verdict = world.verdict(began)
        if not verdict.good:
            again = f"pytest '{Path(__file__).relative_to(ROOT)}::test_a_fault_at_every_call_of_the_sweeper[{harm}]'"
            said = f"the sweeper {harm} at its {operation}, call {number}:\n{verdict.explain()}"
            pytest.fail(f"{said}\n\nTo see it again: {again}", pytrace=False)


def _lost_message(world: Simulation, harmed: int | None, harm: str) -> list[tuple[str, str]]:
    """Lose a message, and run the sweeper when it must find it. Returns the calls of that run."""
    world.faults.armed["stream.lost_record"] = 1
    world.post(world.chats[0], by_hook=True)
    sweeper: list[Task] = []
    at = world.engine.now + walk.SOON.behind_seconds + 3
    world.engine.at(at, lambda: sweeper.append(world.cloud.run("sweeper", 120, {})))
    world.engine.run(lambda: bool(sweeper))
    calls = _watch(world, harmed, harm, lambda task: task.invocation is sweeper[0].invocation)
    world.engine.run(lambda: sweeper[0].over)
    world.quiesce()
    return calls


def _message(world: Simulation, harmed: int | None, harm: str) -> list[tuple[str, str]]:
    """Post a message, and another one that is edited, and let them be delivered. Returns the calls made for them."""
    calls = _watch(world, harmed, harm, lambda task: task.invocation.function not in ("sweeper", "notifier"))
    chat = world.chats[0]
    world.post(chat, by_hook=True)
    world.post(chat, by_hook=False, then=lambda posted: world.engine.after(1, lambda: world.edit(posted)))
    world.engine.run(before=world.engine.now + 7200)
    world.quiesce()
    return calls


def _watch(world: Simulation, harmed: int | None, harm: str, watched: Callable[[Task], bool]) -> list[tuple[str, str]]:
    """Record the calls of watched tasks in the returned list.

    The call number `harmed`, from 0, gets the fault `harm`.
    """
    calls: list[tuple[str, str]] = []

    def watch(_number: int, function: str, operation: str, phase: str) -> None:
        task = world.engine.current
        assert task is not None
        if not watched(task):
            return
        if phase == "before":
            calls.append((function, operation))
        if harmed != len(calls) - 1:
            return
        if harm == f"dies {phase}":
            world.engine.die(f"{function}.crash_here")
        elif harm == "is refused" and phase == "before":
            task.note("dynamodb.throttle")
            raise refused(operation, "ThrottlingException")
        elif harm == "times out" and phase == "after":
            task.note("dynamodb.timeout")
            raise unanswered()

    world.network.watcher = watch
    return calls
