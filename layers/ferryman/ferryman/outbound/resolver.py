"""Looks host names up with a time limit, which getaddrinfo does not have.

Each look-up runs in a thread; idle threads are used again. A look-up that outlasts its attempt cannot be stopped: its
thread goes on until getaddrinfo gives up, and later look-ups use other threads. At most 400 look-ups of one name run at
a time.
"""

import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from queue import Empty, SimpleQueue

from ferryman.outbound.outcomes import AttemptFailed
from ferryman.outbound.ssrf_guard import Target

type Resolve = Callable[[str, int], Iterable[str]]

# Up to 200 attempts may look up one name at a time, while 200 look-ups of an earlier batch still hang.
_MOST_LOOK_UPS_OF_A_NAME = 400
_look_ups: Counter[str] = Counter()
_look_ups_lock = threading.Lock()


def addresses(target: Target, resolve: Resolve | None, seconds: float) -> list[str]:
    """The IP addresses that the target's name has now. A target that is an IP address gives that address.

    `resolve(host, port)` returns a name's addresses or raises OSError; None stands for getaddrinfo.
    Raises AttemptFailed (`dns_error`) when the look-up fails or takes longer than `seconds`.
    """
    if target.is_address:
        return [target.host]
    answer = _resolvers.ask(resolve or _getaddrinfo, target, seconds)
    if answer is None:
        raise AttemptFailed("dns_error", f"DNS gave no answer for {target.host} in time")
    if isinstance(answer, (OSError, UnicodeError)):
        reason = answer.strerror if isinstance(answer, OSError) else None
        raise AttemptFailed("dns_error", f"{target.host} could not be resolved: {reason or 'no usable answer'}")
    if isinstance(answer, Exception):
        raise answer
    return answer


def _getaddrinfo(host: str, port: int) -> list[str]:
    return [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _look_up(resolve: Resolve, host: str, port: int) -> list[str]:
    with _look_ups_lock:
        if _look_ups[host] >= _MOST_LOOK_UPS_OF_A_NAME:
            raise AttemptFailed("dns_error", f"DNS gave no answer for {host} in time, again and again")
        _look_ups[host] += 1
    try:
        return list(resolve(host, port))
    finally:
        with _look_ups_lock:
            _look_ups[host] -= 1
            if not _look_ups[host]:
                del _look_ups[host]


type _Answer = list[str] | Exception
type _Question = tuple[Resolve, Target, SimpleQueue[_Answer]]


class _Resolvers:
    """A pool of threads that look names up. A thread ends after a second without work."""

    _IDLE_SECONDS = 1.0

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._free: list[SimpleQueue[_Question]] = []

    def ask(self, resolve: Resolve, target: Target, seconds: float) -> _Answer | None:
        """The addresses, the exception that the look-up raised, or None if the look-up takes longer than `seconds`."""
        answer: SimpleQueue[_Answer] = SimpleQueue()
        with self._lock:
            questions = self._free.pop() if self._free else None
        if questions is None:
            questions = SimpleQueue()
            threading.Thread(target=self._run, args=(questions,), name="outbound-resolver", daemon=True).start()
        questions.put((resolve, target, answer))
        with suppress(Empty):
            return answer.get(timeout=seconds)
        return None

    def _run(self, questions: SimpleQueue[_Question]) -> None:
        while True:
            try:
                resolve, target, answer = questions.get(timeout=self._IDLE_SECONDS)
            except Empty:
                with self._lock:
                    if questions in self._free:
                        self._free.remove(questions)
                        return
                continue  # an attempt has just taken this thread
            try:
                result: _Answer = _look_up(resolve, target.host, target.port)
            except Exception as error:  # handed to the thread that waits for it
                result = error
            with self._lock:
                self._free.append(questions)
            answer.put(result)
            del resolve, target, answer, result


_resolvers = _Resolvers()
