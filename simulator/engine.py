"""Simulated time, and tasks that run concurrently on it without threads.

A task that waits, for a call's answer or for a receiver, lets other tasks run until its moment comes. The engine
resumes tasks in the order of simulated time, so a seed always gives the same run. A task can be ended at any call.
"""

import heapq
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, Self

from greenlet import getcurrent, greenlet

_LOCK_SECONDS = 0.002  # until a task that waits for a lock tries again
_LOOK_SECONDS = 0.02  # until a task that waits for one of several things looks again


class Killed(BaseException):
    """Ends a task whose process was killed.

    It is not an Exception, so `except Exception` in our code does not catch it.
    """


class Invocation:
    """One process that runs one function once, and the context object of Lambda. A kill ends all its tasks at once."""

    def __init__(self, engine: "Engine", function: str, seconds: float, skew: float = 0) -> None:
        self.engine = engine
        self.function = function
        self.deadline = engine.now + seconds
        self.skew = skew  # how far this machine's clock is off
        self.tasks: list[Task] = []
        self.killed: str | None = None  # the fault that ended it
        self.name = f"{function} {next(engine.invocations)}"

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self.deadline - self.engine.now) * 1000))

    # The rest of Lambda's context that our code may read.
    aws_request_id = "00000000-0000-0000-0000-000000000000"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:simulated"

    @property
    def function_name(self) -> str:
        return self.function

    def kill(self, by: str) -> None:
        """End the process, from outside of its tasks. `by` names the fault.

        A task ends its own process by `Engine.die`.
        """
        if self.killed or self.tasks[0].over:
            return
        self.killed = by
        for task in self.tasks:
            task.open_claims_lost(by)
        for task in reversed(self.tasks):
            task.stop()


class Task:
    """One thread of an invocation. The first task of an invocation is its handler."""

    def __init__(self, invocation: Invocation, work: Callable[[], Any]) -> None:
        self.engine = invocation.engine
        self.invocation = invocation
        self.work = work
        self.over = False
        self.result: Any = None
        self.error: BaseException | None = None
        self.waiters: list[Callable[[], None]] = []
        self.notes: list[str] = []  # faults that hit it
        self.claim: Any = None  # the attempt that this task is making, as the recorder saw it
        self.stage = "before_claim"
        self._turn = 0
        self._greenlet = greenlet(self._run, self.engine.hub)
        invocation.tasks.append(self)

    def _run(self) -> None:
        try:
            self.result = self.work()
        except BaseException as error:
            self.error = error

    def note(self, fault: str) -> None:
        self.notes.append(fault)
        if self.claim is not None:
            self.claim.faults.append(fault)

    def open_claims_lost(self, by: str) -> None:
        if not self.over:
            self.note(by)

    @property
    def stage_now(self) -> str:
        """How far this task is with its delivery, such as `before_claim`.

        The first task waits for the others: when all of these are over, its stage is `after_settle`.
        """
        others = self.invocation.tasks[1:]
        if self is self.invocation.tasks[0] and others and all(task.over for task in others):
            return "after_settle"
        return self.stage

    def next_turn(self) -> Callable[[], None]:
        """A function that resumes this task, unless the task has been resumed since."""
        self._turn += 1
        turn = self._turn

        def resume() -> None:
            if not self.over and self._turn == turn:
                self._turn += 1
                self._switch()

        return resume

    def stop(self) -> None:
        if self.over:
            return
        if self._greenlet:  # started and not ended
            self._switch(Killed())
        else:
            self._ended()

    def _switch(self, thrown: BaseException | None = None) -> None:
        before, self.engine.current = self.engine.current, self
        try:
            if thrown is None:
                self._greenlet.switch()
            else:
                self._greenlet.throw(thrown)
        finally:
            self.engine.current = before
        if self._greenlet.dead:
            self._ended()

    def _ended(self) -> None:
        if not self.over:
            self.over = True
            for waiter in self.waiters:
                waiter()


class Engine:
    """The simulated clock, and the agenda of functions to call at set times."""

    def __init__(self, start: float) -> None:
        self.now = start
        self.current: Task | None = None
        self.hub = getcurrent()
        self._agenda: list[tuple[float, int, Callable[[], Any]]] = []
        self._order = itertools.count()
        self.invocations = itertools.count(1)

    def at(self, moment: float, action: Callable[[], Any]) -> None:
        heapq.heappush(self._agenda, (max(moment, self.now), next(self._order), action))

    def after(self, seconds: float, action: Callable[[], Any]) -> None:
        self.at(self.now + seconds, action)

    def start(self, invocation: Invocation, work: Callable[[], Any], *, after: float = 0) -> Task:
        task = Task(invocation, work)
        self.after(after, task.next_turn())
        return task

    def run(self, until: Callable[[], bool] | None = None, *, before: float = float("inf")) -> None:
        """Call what the agenda lists, in the order of time, and set the clock to each entry's moment.

        Stops when the agenda is empty, when `until()` is true after an entry, or when the next entry is at `before` or
        later.
        """
        while self._agenda and self._agenda[0][0] < before:
            moment, _, action = heapq.heappop(self._agenda)
            self.now = max(self.now, moment)
            action()
            if until is not None and until():
                return

    # -- for tasks -------------------------------------------------------------------------------------------------

    def sleep(self, seconds: float) -> None:
        """Let simulated `seconds` pass for the current task. Outside of tasks the clock moves forward at once."""
        task = self.current
        if task is None:
            self.now += seconds
            return
        self._check(task)
        self.after(seconds, task.next_turn())
        self.hub.switch()

    def wait(self, task: Task) -> None:
        """Suspend the current task until `task` is over."""
        waiting = self.current
        assert waiting is not None
        self._check(waiting)
        if not task.over:
            turn = waiting.next_turn()
            task.waiters.append(lambda: self.after(0, turn))
            self.hub.switch()

    def wait_until(self, happened: Callable[[], bool], seconds: float) -> None:
        """Suspend the current task until `happened()` is true or `seconds` have passed."""
        end = self.now + seconds
        while not happened() and self.now < end:
            self.sleep(min(_LOOK_SECONDS, end - self.now))

    def wait_for(self, futures: Iterable["Future"], timeout: float) -> "Waited":
        """Stands in for concurrent.futures.wait: returns the futures that are done within `timeout`, and the others."""
        waiting = list(futures)
        self.wait_until(lambda: all(future.done() for future in waiting), timeout)
        done = {future for future in waiting if future.done()}
        return Waited(done, {future for future in waiting if future not in done})

    def die(self, by: str) -> None:
        """End the process of the current task at this call, which never returns. `by` names the fault."""
        task = self.current
        assert task is not None
        self._check(task)
        self.after(0, lambda: task.invocation.kill(by))
        self.hub.switch()

    def _check(self, task: Task) -> None:
        if task.invocation.killed:
            raise Killed  # a `finally` that calls out while the process is being ended


class Lock:
    """Stands in for threading.Lock, which would block every task: here only the task that waits is suspended.

    The simulated processes share one set of modules and so one Lock. Each process acquires it separately, as if it had
    a lock of its own.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._held: set[int] = set()  # by which processes

    def __enter__(self) -> Self:
        task = self._engine.current
        if task is not None:
            while id(task.invocation) in self._held:
                self._engine.sleep(_LOCK_SECONDS)
            self._held.add(id(task.invocation))
        return self

    def __exit__(self, *_exception: object) -> None:
        task = self._engine.current
        if task is not None:
            self._held.discard(id(task.invocation))


class Future:
    def __init__(self, engine: Engine, task: Task) -> None:
        self._engine = engine
        self._task = task

    def done(self) -> bool:
        return self._task.over

    def result(self, timeout: float | None = None) -> Any:
        self._engine.wait(self._task)
        if self._task.error is not None:
            raise self._task.error
        return self._task.result


class Waited(NamedTuple):
    done: set[Future]
    not_done: set[Future]


class Pool:
    """Stands in for ThreadPoolExecutor. Its threads are tasks of the invocation that created the pool."""

    engine: Engine  # set by the simulation

    def __init__(self, max_workers: int | None = None, **_options: Any) -> None:
        self._most = max_workers or 32
        self._running: list[Task] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.shutdown()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        for task in self._running if wait else []:
            self.engine.wait(task)

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future:
        parent = self.engine.current
        assert parent is not None, "the pipeline runs inside of an invocation"
        while len(busy := [task for task in self._running if not task.over]) >= self._most:
            self.engine.wait(busy[0])
        task = self.engine.start(parent.invocation, lambda: function(*arguments, **named))
        self._running.append(task)
        return Future(self.engine, task)

    def map(self, function: Callable[..., Any], *iterables: Iterable[Any], **_options: Any) -> Iterator[Any]:
        futures = [self.submit(function, *arguments) for arguments in zip(*iterables, strict=False)]
        return (future.result() for future in futures)
