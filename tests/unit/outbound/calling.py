"""Calls receivers of `tests.unit.hostile` through the transport. Nothing leaves this machine."""

import threading
import time
from typing import Any

import pytest
from ferryman.outbound import transport
from ferryman.outbound.outcomes import Outcome, Unreachable
from ferryman.outbound.ssrf_guard import AllowedTargets

from tests.unit.hostile import Behaviour, receiver

LOCAL = AllowedTargets(allow_loopback_http=True)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
DEADLINE = 0.4  # of the attempts that are meant to run into it
BOUND = 3.0  # more than any attempt with that deadline may take on a busy machine

STRICT = [
    pytest.mark.filterwarnings("error::ResourceWarning"),
    pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning"),
    pytest.mark.usefixtures("nothing_is_left_behind"),
]


def post(url: str, body: bytes = b"{}", *, deadline: float = 5.0, **more: Any) -> Outcome:
    headers = more.pop("headers", {"Content-Type": "application/json"})
    more.setdefault("allowed_targets", LOCAL)
    return transport.post(url, body, headers, deadline_seconds=deadline, **more)


def post_to(behave: Behaviour, **more: Any) -> Outcome:
    with receiver(behave) as there:
        return post(there.url(), **more)


def failed(outcome: Outcome) -> str:
    assert isinstance(outcome, Unreachable), outcome
    return outcome.error


def within_bound(behave: Behaviour, **more: Any) -> Outcome:
    started = time.monotonic()
    outcome = post_to(behave, deadline=DEADLINE, **more)
    assert time.monotonic() - started < BOUND
    return outcome


def watchdogs() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "outbound-watchdog"]
