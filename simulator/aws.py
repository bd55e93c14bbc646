"""The parts that the fakes of DynamoDB, SQS, KMS and S3 share. Faults can strike at each call to a fake.

The fakes replace the clients of boto3 that `ferryman.aws.clients` returns. They have the same methods, and raise the
errors that boto3 raises after its own retries.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from simulator.engine import Engine, Task
from simulator.faults import Faults

_STEP_SECONDS = 0.015  # half of a call takes up to that long


def require_known(operation: str, request: Mapping[str, Any], known: str) -> None:
    """Raise NotImplementedError if the request has a parameter that the fake would ignore.

    `known` lists names with spaces.
    """
    if not request.keys() <= _words(known):
        unknown = sorted(request.keys() - _words(known))
        raise NotImplementedError(f"the simulator's {operation} does not know {unknown}")


@cache
def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


@dataclass
class Network:
    """The network between a function and AWS."""

    engine: Engine
    faults: Faults
    dice: random.Random  # for durations, which are not faults
    calls: int = 0
    down: set[str] = field(default_factory=set)  # services that fail at every call
    # (number of the call, function, operation, phase): may raise, or end the task; for exhaustive tests
    watcher: Callable[[int, str, str, str], None] | None = None

    def call(
        self,
        operation: str,
        apply: Callable[[], Any],
        before: Callable[[Task], None] | None = None,
        after: Callable[[Task], Any] | None = None,
    ) -> Any:
        """Carry out a call to AWS, with `apply`, and return its answer. Faults strike only inside of a task.

        `before` may raise to refuse the call. `after` may raise to lose the answer, or return another answer than None
        to replace it. Outside of tasks, as in a test's own look at a table, both are skipped and the call succeeds.
        """
        task = self.engine.current
        if task is None:
            return apply()
        self.calls += 1
        number = self.calls
        self._point(task, number, operation, "before")
        if before is not None:
            before(task)
        answer = apply()
        if after is not None and (replaced := after(task)) is not None:
            answer = replaced
        self._point(task, number, operation, "after")
        return answer

    def strikes(self, task: Task, name: str) -> bool:
        if self.faults.strikes(name):
            task.note(name)
            return True
        return False

    def _point(self, task: Task, number: int, operation: str, phase: str) -> None:
        self.engine.sleep(self.dice.random() * _STEP_SECONDS)
        if self.watcher is not None:
            self.watcher(number, task.invocation.function, operation, phase)
        kind = _crash_kind(task, phase)
        if kind is not None and self.faults.strikes(kind):
            self.engine.die(kind)


def _crash_kind(task: Task, phase: str) -> str | None:
    """The kind of fault if the function is killed at this call; None for a function that the simulator never kills."""
    match task.invocation.function:
        case "dispatcher":
            return f"dispatcher.crash_{phase}"
        case "deliverer":
            return f"deliverer.crash_{task.stage_now}"
        case "dead_letters" | "sweeper" as function:
            return f"{function}.crash"
        case "hooks" | "messages":
            return "api.crash"
    return None
