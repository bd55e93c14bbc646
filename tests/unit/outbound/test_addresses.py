"""A name is resolved once, every address is judged, and the transport connects only to a judged address."""

import socket
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from ferryman.outbound import own_network, resolver
from ferryman.outbound.outcomes import Delivered, Outcome, Unreachable
from ferryman.outbound.ssrf_guard import AllowedTargets

from tests.unit import hostile
from tests.unit.hostile import Visit, receiver
from tests.unit.outbound.calling import BOUND, DEADLINE, OK, STRICT, failed, post, post_to

pytestmark = STRICT


def test_a_blocked_url_is_data() -> None:
    outcome = post("https://bot:hunter2@example.com/")
    assert failed(outcome) == "blocked_target"
    assert isinstance(outcome, Unreachable) and "hunter2" not in outcome.detail


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["1.1.1.1", "10.0.0.1"],
        ["1.1.1.1", "::1"],
        ["169.254.169.254"],
        ["::ffff:127.0.0.1"],
        [],
    ],
)
def test_a_name_with_one_bad_address_is_blocked(addresses: list[str]) -> None:
    with receiver(hostile.answer(OK)) as there:
        outcome = post(f"https://rebind.example:{8443}/", resolve=lambda host, port: addresses)
    assert failed(outcome) == "blocked_target"
    assert there.connections == 0


def test_localhost_is_blocked_where_the_local_stack_is_not() -> None:
    with receiver(hostile.answer(OK)) as there:
        assert failed(post(there.url(host="localhost"), allowed_targets=AllowedTargets())) == "blocked_target"
    assert there.connections == 0


def test_each_attempt_asks_dns_once_and_connects_to_a_checked_address() -> None:
    answers = [["127.0.0.1"], ["10.0.0.1"]]
    asked: list[tuple[str, int]] = []

    def changing(host: str, port: int) -> Iterable[str]:
        asked.append((host, port))
        return answers[len(asked) - 1]

    with receiver(hostile.answer(OK)) as there:
        url = there.url(host="localhost")
        assert isinstance(post(url, resolve=changing), Delivered)
        assert asked == [("localhost", there.port)]
        assert failed(post(url, resolve=changing)) == "blocked_target"
    assert there.connections == 1
    assert f"Host: localhost:{there.port}".encode() in there.requests[0]


def test_only_the_checked_address_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's resolver would give another address, and must not be asked for the name again."""
    asked: list[Any] = []
    real = socket.getaddrinfo

    def spying(host: Any, *arguments: Any, **more: Any) -> Any:
        asked.append(host)
        return real(host, *arguments, **more)

    monkeypatch.setattr(socket, "getaddrinfo", spying)
    with receiver(hostile.answer(OK)) as there:
        outcome = post(there.url(host="localhost"), resolve=lambda host, port: ["127.0.0.1"])
    assert isinstance(outcome, Delivered)
    assert "localhost" not in asked


def test_the_systems_resolver_is_the_default() -> None:
    with receiver(hostile.answer(OK)) as there:
        assert isinstance(post(there.url(host="localhost")), Delivered)


def test_the_next_address_is_tried_when_one_does_not_connect() -> None:
    with receiver(hostile.answer(OK)) as there:
        outcome = post(there.url(host="localhost"), resolve=lambda host, port: ["127.0.0.9", "::1", "127.0.0.1"])
    assert isinstance(outcome, Delivered)
    assert there.connections == 1


def test_an_address_that_hangs_leaves_time_for_the_next() -> None:
    with hostile.full_backlog() as dead, socket.create_server(("127.0.0.2", dead.port)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                hostile.answer(OK)(Visit(connection, threading.Event()))

        serving = threading.Thread(target=serve)
        serving.start()
        outcome = post(dead.url(host="localhost"), deadline=2.0, resolve=lambda host, port: ["127.0.0.1", "127.0.0.2"])
        serving.join()
    assert isinstance(outcome, Delivered)


def test_a_closed_port_is_a_connect_error() -> None:
    outcome = post(f"http://127.0.0.1:{hostile.closed_port()}/secret")
    assert failed(outcome) == "connect_error"
    assert isinstance(outcome, Unreachable) and "secret" not in outcome.detail


@pytest.mark.parametrize(
    "error",
    [
        socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
        socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"),
        OSError("broken"),
        UnicodeError("label too long"),
    ],
)
def test_a_name_that_does_not_resolve_is_a_dns_error(error: Exception) -> None:
    def failing(host: str, port: int) -> Iterable[str]:
        raise error

    outcome = post("https://nowhere.example/", resolve=failing)
    assert failed(outcome) == "dns_error"
    assert isinstance(outcome, Unreachable) and "nowhere.example" in outcome.detail


def test_a_resolver_that_never_answers_is_a_dns_error_at_the_deadline() -> None:
    release = threading.Event()

    def silent(host: str, port: int) -> Iterable[str]:
        release.wait(30)
        return ["1.1.1.1"]

    started = time.monotonic()
    outcome = post("https://slow.example/", resolve=silent, deadline=DEADLINE)
    took = time.monotonic() - started
    release.set()
    assert failed(outcome) == "dns_error"
    assert took < BOUND


def test_a_name_that_never_answers_gathers_no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lookup cannot be cancelled. The lookups of one name at a time are limited, and other names are not delayed."""
    monkeypatch.setattr("ferryman.outbound.resolver._MOST_LOOK_UPS_OF_A_NAME", 20)
    hanging = threading.Event()
    asked: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        if host == "hangs.example.com":
            hanging.wait(30)
        return ["127.0.0.1"]

    def attempt(host: str) -> Outcome:
        return post(f"https://{host}/", deadline=0.05, resolve=resolve)

    try:
        outcomes = [attempt("hangs.example.com") for _ in range(25)]
        assert {failed(outcome) for outcome in outcomes} == {"dns_error"}
        assert len(asked) == 20
        assert failed(attempt("other.example.com")) == "blocked_target"
        assert asked[-1] == "other.example.com"
    finally:
        hanging.set()


@pytest.mark.parametrize("broken", ["getaddrinfo", "create_connection"])
def test_no_receiver_is_blamed_while_our_own_network_is_down(monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    """Tested with a name that is not found, and with a connection that no host accepts."""

    def fail(*_arguments: Any, **_options: Any) -> Any:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure")

    monkeypatch.setattr(socket, broken, fail)
    resolve = None if broken == "getaddrinfo" else lambda _host, _port: ["1.1.1.1"]

    def attempt(*, is_down: bool) -> Outcome:
        return post("https://hooks.example.com/", resolve=resolve, own_network_is_down=lambda: is_down)

    assert failed(attempt(is_down=False)) in ("dns_error", "connect_error")
    with pytest.raises(own_network.OwnNetworkDown):
        attempt(is_down=True)


def test_this_machine_itself_is_reached_without_a_network() -> None:
    """Our network is not checked after a failed call to this machine, nor after an accepted connection."""

    def asked() -> bool:
        raise AssertionError

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert failed(post(f"http://127.0.0.1:{port}/", own_network_is_down=asked)) == "connect_error"
    assert failed(post_to(hostile.hang, deadline=DEADLINE, own_network_is_down=asked)) == "timeout"


def test_a_look_up_that_hangs_makes_no_other_wait_and_threads_are_used_again() -> None:
    release = threading.Event()

    def silent(host: str, port: int) -> Iterable[str]:
        release.wait(30)
        return ["1.1.1.1"]

    def resolvers() -> int:
        return sum(thread.name == "outbound-resolver" for thread in threading.enumerate())

    with receiver(hostile.answer(OK)) as there, ThreadPoolExecutor(3) as threads:
        hanging = [threads.submit(post, "https://slow.example/", resolve=silent, deadline=BOUND) for _ in range(3)]
        for _ in range(20):
            outcome = post(there.url(host="localhost"), resolve=lambda host, port: ["127.0.0.1"])
            assert isinstance(outcome, Delivered)
        assert not any(future.done() for future in hanging)
        # Three that hang, one for the twenty, and those that earlier tests left to look up once more.
        assert resolvers() <= 3 + 1 + len(resolver._resolvers._free)
        release.set()


def test_time_spent_in_dns_is_part_of_the_budget() -> None:
    def slow(host: str, port: int) -> Iterable[str]:
        time.sleep(0.3)
        return ["127.0.0.1"]

    with receiver(hostile.hang) as there:
        started = time.monotonic()
        outcome = post(there.url(host="localhost"), resolve=slow, deadline=0.6)
        assert failed(outcome) == "timeout"
        assert time.monotonic() - started < BOUND


def test_a_defect_of_ours_in_the_resolver_is_raised() -> None:
    def defect(host: str, port: int) -> Iterable[str]:
        raise KeyError("ours")

    with pytest.raises(KeyError):
        post("https://hooks.example/", resolve=defect)
