"""The deadline of an attempt to call a receiver: a watchdog thread shuts the connection down when the time is up.

A socket's own timeout is not enough, because it starts again with every byte that the receiver sends.
"""

import heapq
import itertools
import socket
import threading
import time
from contextlib import suppress


class Deadline:
    """The deadline of one attempt: `seconds` from now. The caller closes the Deadline when the attempt is over.

    `stage` names the attempt's current step, such as "while connecting", for the error text of a missed deadline.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.stage = "while connecting"
        self.at = time.monotonic() + seconds
        self.is_over = False
        self._lock = threading.Lock()
        self._handle: socket.socket | None = None
        _watchdog.add(self)

    def remaining(self) -> float:
        """The seconds until the deadline; 0 after it."""
        return max(0.0, self.at - time.monotonic())

    @property
    def connected(self) -> bool:
        """Whether an address of the target has accepted a connection. False again after `close`."""
        return self._handle is not None

    def watch(self, connection: socket.socket) -> None:
        # A duplicate, because another attempt may already use the file number of a closed connection.
        with self._lock:
            self._handle = connection.dup()

    def end_at(self, at: float) -> None:
        """Move the deadline to `at`, in seconds of `time.monotonic()`, if `at` is earlier."""
        if at < self.at:
            self.at = at
            _watchdog.watch(self)

    def cut(self) -> None:
        with self._lock, suppress(OSError):
            if self._handle:
                self._handle.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with self._lock:
            if self._handle:
                self._handle.close()
                self._handle = None
        _watchdog.remove(self)


class _Watchdog:
    """Shuts down the connections of attempts whose deadline has passed.

    One thread serves the whole process. It starts with the first attempt and ends when no attempt is left.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[tuple[float, int, Deadline]] = []  # a heap
        self._numbers = itertools.count()
        self._attempts = 0
        self._runs = False

    def add(self, deadline: Deadline) -> None:
        with self._changed:
            if not self._runs:
                threading.Thread(target=self._run, name="outbound-watchdog", daemon=True).start()
                self._runs = True
            self._attempts += 1
            self._wait_for(deadline)

    def watch(self, deadline: Deadline) -> None:
        """Watch for the new, earlier time of a deadline that was added before."""
        with self._changed:
            self._wait_for(deadline)

    def _wait_for(self, deadline: Deadline) -> None:
        heapq.heappush(self._waiting, (deadline.at, next(self._numbers), deadline))
        if self._waiting[0][2] is deadline:
            self._changed.notify()

    def remove(self, deadline: Deadline) -> None:
        with self._changed:
            deadline.is_over = True
            self._attempts -= 1
            if not self._attempts:
                self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while self._waiting and self._waiting[0][2].is_over:
                    heapq.heappop(self._waiting)
                if not self._attempts:
                    self._runs = False
                    return
                until = self._waiting[0][0] if self._waiting else None
                seconds = None if until is None else until - time.monotonic()
                if seconds is None or seconds > 0:
                    self._changed.wait(seconds)
                    continue
                deadline = heapq.heappop(self._waiting)[2]
            deadline.cut()


_watchdog = _Watchdog()
