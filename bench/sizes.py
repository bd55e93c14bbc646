"""Measures batches of deliveries of several sizes on the share of a core that Lambda gives: time, memory and dollars.

The deliverer's process is stopped whenever it has used more than its share, as a CPU quota does. So the delay of an
attempt and the memory of the process are measured, not computed.
"""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ferryman.pipeline.deliver import APART_SECONDS

from bench import cost
from bench.calls import BATCH, TEXT, Scene, scene
from bench.cost import MILLION, VCPU_MB
from bench.deliveries import Surroundings, edge, invoked, tables
from bench.report import Row
from tests.support.logs import captured

SIZES = (10, 50, 100, 200)
MEMORY_MB = 256  # what template.yaml gives
ANSWER_MS = 300
LATE_SECONDS = 1.0  # of its receiver's time, the most that an attempt may lose to its neighbours
RESERVE = 0.5  # of the memory, for what Lambda itself holds and for receivers that send a lot


@dataclass(frozen=True)
class Sized:
    """A batch of `size` deliveries on the slow lane, measured on the share of a core that `MEMORY_MB` gives."""

    size: int
    seconds: float
    cpu_seconds: float  # of one delivery
    late_seconds: float  # the longest attempt, beyond what its receiver took
    resident: int  # bytes, the most that the process had until then


@contextmanager
def throttled(pid: int, share: float) -> Iterator[None]:
    """Limit a process to a share of one core during the block."""
    over = threading.Event()
    clock = (~pid << 3) | 2  # Linux: the CPU clock of another process

    def hold_back() -> None:
        began, before, stopped = time.monotonic(), time.clock_gettime(clock), False
        # Not more often: to stop and wake two hundred threads costs CPU time itself.
        while not over.wait(0.04):
            ahead = (time.clock_gettime(clock) - before) - (time.monotonic() - began) * share
            if ahead < 0 and not stopped:  # what is not used is not saved up
                began, before = time.monotonic(), time.clock_gettime(clock)
            elif stopped != (ahead > 0):
                stopped = not stopped
                os.kill(pid, signal.SIGSTOP if stopped else signal.SIGCONT)
        if stopped:
            os.kill(pid, signal.SIGCONT)

    keeper = threading.Thread(target=hold_back)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()


def _records(one: Scene, port: int, count: int) -> list[dict[str, Any]]:
    """Records of `count` tickets for ten webhooks, made from as many messages as needed."""
    chat = one.make("/v1/chats", {"name": "Measured"})["id"]
    url = f"https://localhost:{port}/slow/{ANSWER_MS}"
    for _ in range(BATCH):
        one.make("/v1/webhooks", {"url": url, "events": ["message.created"], "chat_ids": [chat]})
    for _ in range(count // BATCH):
        one.make(f"/v1/chats/{chat}/messages", {"text": TEXT})
    one.world.pump_streams()
    return one.tickets()


@contextmanager
def surrounded() -> Iterator[Surroundings]:
    """The deliverer with a batch of each size on the slow lane, and a batch `at once` on the fast lane."""
    with edge() as found, captured(), scene() as one:
        records = _records(one, found[2]["tls"], max(SIZES))
        slow = one.world.queue_url("SlowDeliveriesQueue").rpartition("/")[2]
        laned = [{**record, "eventSourceARN": f"arn:aws:sqs:us-east-1:1:{slow}"} for record in records]
        events = {str(size): {"Records": laned[:size]} for size in SIZES}
        events["at once"] = {"Records": records[: SIZES[-2]]}
        with invoked(found, one.world, "deliverer", events, tables(one.world)) as around:
            around.function.ask(f"1 {min(SIZES)}")
            yield around


def sized(around: Surroundings, name: str, memory_mb: int = MEMORY_MB) -> Sized:
    around.calls()
    with throttled(around.function.ask("resident")["pid"], memory_mb / VCPU_MB):
        answer = around.function.ask(f"1 {name}")
    assert answer["answer"] == {"batchItemFailures": []}, answer
    attempts = [
        attempt["M"]
        for call in around.calls()
        if call["target"].endswith("UpdateItem")
        for attempt in call["request"]["ExpressionAttributeValues"].get(":new_attempts", {"L": []})["L"]
    ]
    assert all(attempt["outcome"]["S"] == "delivered" for attempt in attempts)
    longest = max(int(attempt["duration_ms"]["N"]) for attempt in attempts)
    return Sized(
        size=len(attempts),
        seconds=answer["seconds"],
        cpu_seconds=answer["cpu_ms"] / 1000 / len(attempts),
        late_seconds=(longest - ANSWER_MS) / 1000,
        resident=around.function.ask("resident")["bytes"],
    )


def measure() -> list[Row]:
    with surrounded() as around:
        batches = [sized(around, str(size)) for size in SIZES]
        at_once = sized(around, "at once")
    return [
        _late(at_once, "all at once", ""),
        *[_late(one, f"{APART_SECONDS * 1000:.0f} ms apart", f"≤ {LATE_SECONDS:g}") for one in batches],
        _resident(batches[-1]),
        *_by_batch({one.size: one for one in batches}),
        *_by_window(batches[-1]),
    ]


def _late(one: Sized, how: str, goal: str) -> Row:
    note = f"{one.seconds:.1f} s in all on {MEMORY_MB} MB's share, {one.cpu_seconds * 1000:.1f} CPU ms each"
    reached = not goal or one.late_seconds <= LATE_SECONDS
    return Row(f"batch of {one.size}, {how}: lost of a receiver's time", one.late_seconds, "s", goal, reached, note)


def _resident(one: Sized) -> Row:
    limit = MEMORY_MB * (1 - RESERVE)
    return Row.at_most(f"batch of {one.size}, resident", one.resident / 2**20, "MB", limit, f"of {MEMORY_MB}")


def _dollars(one: Sized, size: int, memory_mb: int, answer: float) -> float:
    """Lambda's dollars for a million deliveries of full batches on the slow lane."""
    each = max(one.cpu_seconds * max(1.0, VCPU_MB / memory_mb), APART_SECONDS)
    return cost.lasting(answer + size * each, memory_mb) / size * MILLION


def _by_batch(batches: dict[int, Sized]) -> list[Row]:
    """Rows with the dollars for the template's batch size and memory. Their notes list the dollars of other sizes."""
    rows = []
    chosen = cost.slow_lane("BatchSize")
    for answer in (2.0, 8.0):
        sizes = ", ".join(f"{size}: {_dollars(one, size, MEMORY_MB, answer):.2f}" for size, one in batches.items())
        memories = ", ".join(f"{mb} MB: {_dollars(batches[chosen], chosen, mb, answer):.2f}" for mb in cost.MEMORIES)
        what = f"Lambda, a million of {answer:g} s, batches of {chosen}, {MEMORY_MB} MB"
        value = _dollars(batches[chosen], chosen, MEMORY_MB, answer)
        rows.append(Row(what, value, "$", "", True, f"by size {sizes}; by memory {memories}"))
    return rows


def _by_window(one: Sized) -> list[Row]:
    """A row with the dollars for the template's batching window. Its note lists the dollars of other windows.

    The traffic is ten deliveries a second to receivers that take 8 s.
    """
    window = cost.slow_lane("MaximumBatchingWindowInSeconds")
    found = {seconds: _dollars(one, 10 * seconds, MEMORY_MB, 8.0) for seconds in (1, 2, 5)}
    note = "by window " + ", ".join(f"{seconds} s: {dollars:.2f}" for seconds, dollars in found.items())
    return [Row(f"Lambda, a million of 8 s, ten a second, window {window} s", found[window], "$", "", True, note)]
