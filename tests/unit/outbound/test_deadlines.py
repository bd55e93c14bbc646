"""An attempt ends at its deadline, however slowly its receiver sends."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from ferryman.outbound import adapter
from ferryman.outbound.outcomes import Delivered, Unreachable

from tests.unit import hostile
from tests.unit.hostile import Behaviour, Visit, receiver
from tests.unit.outbound.calling import BOUND, DEADLINE, OK, STRICT, failed, post, watchdogs, within_bound

pytestmark = STRICT


@pytest.mark.parametrize(
    "behave",
    [
        hostile.hang,
        hostile.answer_and_hang(b""),
        hostile.repeat(b"", b"H", 0.02),
        hostile.repeat(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", 0.02),
        hostile.repeat(b"HTTP/1.1 200 OK\r\nX: ", b"y", 0.02),
        hostile.repeat(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.02),
        hostile.repeat(b"", b"HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n", 0.02),
    ],
    ids=["hang", "reads only", "status drip", "header drip", "value drip", "100 drip", "103 drip"],
)
def test_the_deadline_bounds_receivers_that_never_finish_their_head(behave: Behaviour) -> None:
    outcome = within_bound(behave)
    assert failed(outcome) == "timeout"
    assert isinstance(outcome, Unreachable) and "0.4 s" in outcome.detail


def test_the_deadline_bounds_a_receiver_that_reads_nothing() -> None:
    assert failed(within_bound(hostile.hang, body=bytes(50_000_000))) == "timeout"


def test_the_deadline_bounds_a_receiver_that_reads_drop_by_drop() -> None:
    def behave(visit: Visit) -> None:
        visit.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        while not visit.closing.wait(0.02):
            visit.socket.recv(100)

    assert failed(within_bound(behave, body=bytes(50_000_000))) == "timeout"


def test_the_deadline_bounds_a_connection_that_is_never_accepted() -> None:
    started = time.monotonic()
    with hostile.full_backlog() as there:
        outcome = post(there.url(), deadline=DEADLINE)
    assert failed(outcome) == "timeout"
    assert isinstance(outcome, Unreachable) and "while connecting" in outcome.detail
    assert time.monotonic() - started < BOUND


def test_many_hanging_receivers_at_once_take_no_longer_than_one() -> None:
    behaviours = [hostile.hang, hostile.repeat(b"HTTP/1.1 200 OK\r\nX: ", b"y", 0.02), hostile.answer(OK)]
    with (
        receiver(behaviours[0]) as hanging,
        receiver(behaviours[1]) as dripping,
        receiver(behaviours[2]) as healthy,
        ThreadPoolExecutor(30) as threads,
    ):
        urls = [there.url() for there in (hanging, dripping, healthy)] * 10
        started = time.monotonic()
        outcomes = list(threads.map(lambda url: post(url, deadline=1.0), urls))
        took = time.monotonic() - started
    assert took < 6.0
    for hung, dripped, delivered in zip(outcomes[::3], outcomes[1::3], outcomes[2::3], strict=True):
        assert failed(hung) == failed(dripped) == "timeout"
        assert isinstance(delivered, Delivered)


def test_attempts_that_end_while_others_expire_do_not_touch_each_other() -> None:
    """The operating system reuses socket numbers at once, so ending an expired attempt could close another's socket."""
    with (
        receiver(hostile.hang) as hanging,
        receiver(hostile.answer(OK)) as healthy,
        ThreadPoolExecutor(8) as pool,
    ):
        expiring = [pool.submit(post, hanging.url(), deadline=0.02 + n / 500) for n in range(60)]
        fine = [pool.submit(post, healthy.url()) for _ in range(200)]
        assert all(failed(future.result()) == "timeout" for future in expiring)
        assert all(isinstance(future.result(), Delivered) for future in fine)


def test_one_thread_guards_all_attempts_and_ends_with_them() -> None:
    with receiver(hostile.hang) as there, ThreadPoolExecutor(10) as threads:
        expiring = [threads.submit(post, there.url(), deadline=DEADLINE) for _ in range(10)]
        most = 0
        while not all(future.done() for future in expiring):
            most = max(most, len(watchdogs()))
            time.sleep(0.01)
        assert all(failed(future.result()) == "timeout" for future in expiring)
    assert most == 1


def test_an_attempt_that_ends_sooner_than_those_before_it_is_cut_first() -> None:
    drip = hostile.repeat(b"HTTP/1.1 200 OK\r\nX: ", b"y", 0.02)  # which no timeout of a socket ends
    with receiver(drip) as there, ThreadPoolExecutor(2) as threads:
        long = threads.submit(post, there.url(), deadline=BOUND)
        while not watchdogs():
            time.sleep(0.001)
        started = time.monotonic()
        assert failed(post(there.url(), deadline=DEADLINE)) == "timeout"
        assert time.monotonic() - started < BOUND - DEADLINE
        assert not long.done()


def test_the_default_deadline_is_eight_seconds() -> None:
    assert adapter.DEADLINE_SECONDS == 8.0
