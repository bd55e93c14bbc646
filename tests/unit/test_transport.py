"""One POST against receivers that are slow, broken or hostile. Nothing leaves this machine."""

import gzip
import logging
import os
import socket
import ssl
import threading
import time
import tracemalloc
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from ferryman.outbound import own_network, targets, tls, transport
from ferryman.outbound.targets import TargetPolicy
from ferryman.outbound.transport import Delivered, Outcome, Refused, Unreachable
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.unit import hostile
from tests.unit.hostile import Authority, Behaviour, Visit, receiver

pytestmark = [
    pytest.mark.filterwarnings("error::ResourceWarning"),
    pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning"),
]

LOCAL = TargetPolicy(allow_loopback_http=True)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
DEADLINE = 0.4  # of the attempts that are meant to run into it
BOUND = 3.0  # more than any attempt with that deadline may take on a busy machine


def post(url: str, body: bytes = b"{}", *, deadline: float = 5.0, **more: Any) -> Outcome:
    headers = more.pop("headers", {"Content-Type": "application/json"})
    more.setdefault("policy", LOCAL)
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


def guards() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "webhook-guard"]


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - counted often


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    before = open_files()
    yield
    until = time.monotonic() + 2
    while (guards() or open_files() > before) and time.monotonic() < until:
        time.sleep(0.01)
    assert not guards()
    assert open_files() <= before


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


# --- what is sent -----------------------------------------------------------------------------------------


def test_the_request_on_the_wire() -> None:
    body = '{"text": "привет"}'.encode()
    with receiver(hostile.answer(OK)) as there:
        outcome = post(
            there.url("/in/%7ebox//x?a=1&b=%2f"),
            body,
            headers={"Content-Type": "application/json", "X-FM-Delivery-ID": "dlv_1", "user-agent": "other"},
        )
    assert isinstance(outcome, Delivered)
    head, _, sent = there.requests[0].partition(b"\r\n\r\n")
    line, *headers = head.decode().split("\r\n")
    assert line == "POST /in/~box//x?a=1&b=%2F HTTP/1.1"
    assert sorted(headers, key=str.lower) == [
        "Accept-Encoding: identity",
        "Connection: close",
        f"Content-Length: {len(body)}",
        "Content-Type: application/json",
        f"Host: 127.0.0.1:{there.port}",
        "User-Agent: Ferryman-Webhooks/1",
        "X-FM-Delivery-ID: dlv_1",
    ]
    assert sent == body


def test_an_empty_body_is_sent_with_its_length() -> None:
    with receiver(hostile.answer(OK)) as there:
        assert isinstance(post(there.url(), b""), Delivered)
    assert b"\r\nContent-Length: 0\r\n" in there.requests[0]


def test_a_large_body_arrives_whole() -> None:
    body = os.urandom(1_000_000)
    with receiver(hostile.answer(OK)) as there:
        assert isinstance(post(there.url(), body), Delivered)
    assert there.requests[0].endswith(b"\r\n\r\n" + body)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"content-length": "0"},
        {"Transfer-Encoding": "chunked"},
        {"Expect": "100-continue"},
        {"X-A": "b\r\nX-Evil: 1"},
        {"X-A": "b\nX-Evil: 1"},
        {"X-A": "\u2028"},
        {"X A": "b"},
        {"": "b"},
    ],
)
def test_headers_that_would_change_the_request_are_the_callers_mistake(headers: dict[str, str]) -> None:
    with receiver(hostile.answer(OK)) as there, pytest.raises(ValueError, match="header"):
        post(there.url(), headers=headers)
    assert there.connections == 0


def test_proxies_and_credentials_of_the_environment_are_ignored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login spy password secret\ndefault login spy password secret\n")
    netrc.chmod(0o600)
    with receiver(hostile.answer(OK)) as trap, receiver(hostile.answer(OK)) as there:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, trap.url())
            monkeypatch.setenv(name.upper(), trap.url())
        monkeypatch.setenv("NETRC", str(netrc))
        monkeypatch.setenv("no_proxy", "")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent")
        monkeypatch.setenv("CURL_CA_BUNDLE", "/nonexistent")
        outcome = post(there.url())
    assert isinstance(outcome, Delivered), outcome
    assert trap.connections == 0
    assert b"authorization" not in there.requests[0].lower()


def test_the_path_reaches_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    malformed = b"HTTP/1.1 200 OK\r\nNo colon here\r\nContent-Length: 0\r\n\r\n"
    with receiver(hostile.answer(malformed)) as there:
        assert isinstance(post(there.url("/secret-path")), Delivered)
    assert "secret-path" not in caplog.text


# --- what counts as delivered -----------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 202, 204, 205, 206, 299])
def test_2xx_is_delivered(status: int) -> None:
    outcome = post_to(hostile.answer(f"HTTP/1.1 {status} Fine\r\nContent-Length: 0\r\n\r\n".encode()))
    assert isinstance(outcome, Delivered)
    assert (outcome.status, outcome.excerpt) == (status, "")
    assert outcome.duration_ms >= 0


@pytest.mark.parametrize("status", [300, 304, 400, 401, 404, 410, 429, 500, 503, 599])
def test_other_statuses_are_refused(status: int) -> None:
    outcome = post_to(hostile.answer(f"HTTP/1.1 {status} No\r\nContent-Length: 4\r\n\r\nnope".encode()))
    assert isinstance(outcome, Refused)
    assert (outcome.status, outcome.retry_after) == (status, None)
    assert outcome.excerpt == ("" if status == 304 else "nope")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int) -> None:
    with receiver(hostile.answer(OK)) as elsewhere:
        redirect = f"HTTP/1.1 {status} Go\r\nLocation: {elsewhere.url()}\r\nContent-Length: 0\r\n\r\n"
        outcome = post_to(hostile.answer(redirect.encode()))
    assert isinstance(outcome, Refused) and outcome.status == status
    assert elsewhere.connections == 0


@pytest.mark.parametrize(
    "interim",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" * 5,
    ],
)
def test_interim_responses_are_not_the_answer(interim: bytes) -> None:
    assert isinstance(post_to(hostile.answer(interim + OK)), Delivered)


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.0 200 OK\r\n\r\nok",
        b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 Gr\xfc\xdf dich\r\nX-\xff: \xfe\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nSet-Cookie: \x00=;;;=;expires=never\r\nContent-Length: 2\r\n\r\nok",
    ],
)
def test_odd_but_understandable_responses_count(response: bytes) -> None:
    outcome = post_to(hostile.answer(response))
    assert isinstance(outcome, Delivered) and outcome.excerpt == "ok"


def test_a_receiver_that_answers_without_reading_the_request_counts() -> None:
    def behave(visit: Visit) -> None:
        visit.socket.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        visit.wait()

    outcome = post_to(behave)
    assert isinstance(outcome, Refused) and outcome.status == 413


# --- the excerpt ------------------------------------------------------------------------------------------


def excerpt_of(body: bytes) -> str:
    outcome = post_to(hostile.answer(b"HTTP/1.1 500 Oops\r\n\r\n" + body))
    assert isinstance(outcome, Refused), outcome
    return outcome.excerpt


def test_the_excerpt_is_the_first_kilobyte() -> None:
    assert excerpt_of(b"x" * 5000) == "x" * 1024


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"line\r\n\tnext\x00\x1b[31m\x7f", "line\n\tnext[31m"),
        (b"\xff\xfe caf\xc3\xa9", "\ufffd\ufffd café"),
        ("a\u202eb\u200bc\ufeffd".encode(), "abcd"),
        (b"token fm_live_0123456789abcdefghijABCDEFGHIJ012345!", "token fm_live_[redacted]!"),
        (
            b"fm_test_abc fmwh_def whsec_MfKQ+/9r8GKY==.",
            "fm_test_[redacted] fmwh_[redacted] whsec_[redacted].",
        ),
        (b'{"authorization": "Bearer abc.def-ghi"}', '{"authorization": "Bearer [redacted]"}'),
        (b"bearer\tabc", "bearer\t[redacted]"),
        (b"https://x.example/hooks/" + b"a1" * 16 + b"?y", "https://x.example/hooks/[redacted]?y"),
        (
            b'{"u":"https:\\/\\/x\\/hooks\\/' + b"a1" * 16 + b'"}',
            '{"u":"https:\\/\\/x\\/hooks\\/[redacted]"}',
        ),
        (b"see /hooks/github for help", "see /hooks/github for help"),
        (b"fm_li\x00ve_abcdef", "fm_live_[redacted]"),
        (b"x" * 1000 + b"/hooks/" + b"a1" * 16, "x" * 1000 + "/hooks/[redacted]"),
    ],
)
def test_the_excerpt_is_plain_text_without_secrets(body: bytes, expected: str) -> None:
    assert excerpt_of(body) == expected


def test_compressed_bodies_stay_compressed() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    tracemalloc.start()
    outcome = post_to(hostile.answer(head + bomb))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(outcome, Delivered) and "\ufffd" in outcome.excerpt
    assert peak < 5_000_000


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFF\r\n",
    ],
)
def test_gigabytes_cost_a_kilobyte(head: bytes) -> None:
    outcome = within_bound(hostile.repeat(head, b"y" * 65536))
    assert isinstance(outcome, Delivered) and outcome.excerpt == "y" * 1024


@pytest.mark.parametrize(
    ("behave", "excerpt"),
    [
        (hostile.answer_and_hang(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), "half"),
        (hostile.answer_and_reset(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"), ""),
        (hostile.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), "half"),
        (hostile.answer(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhalf"), "half"),
        (hostile.answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), ""),
        (hostile.repeat(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n", b".", 0.02), None),
        (hostile.repeat(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0", 0.02), ""),
        (hostile.repeat(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n"), ""),
    ],
    ids=[
        "hang",
        "reset",
        "short",
        "negative",
        "chunk garbage",
        "drip",
        "chunk size drip",
        "endless trailers",
    ],
)
def test_what_becomes_of_the_body_after_a_2xx_head_does_not_matter(behave: Behaviour, excerpt: str | None) -> None:
    outcome = within_bound(behave)
    assert isinstance(outcome, Delivered), outcome
    assert excerpt in (None, outcome.excerpt)


def test_a_body_that_hangs_is_not_waited_for_until_a_long_deadline() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"
    for behave in (hostile.answer_and_hang(head), hostile.repeat(head, b".", 0.05)):
        outcome = post_to(behave, deadline=20.0)
        assert isinstance(outcome, Delivered) and outcome.duration_ms < 10_000


# --- what is not an answer --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "response",
    [
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"<html>HTTP/0.9</html>",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/0.9 200 OK\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 2_0 OK\r\n\r\n",
        b"HTTP/1.1 2_00 OK\r\n\r\n",
        b"HTTP/1.1 +200 OK\r\n\r\n",
        b"HTTP/1.1 0200 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 -200 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 \xb2\xb0\xb0 OK\r\n\r\n",
        b"HTTP/1.1 000 OK\r\n\r\n",
        b"HTTP/1.1 099 OK\r\n\r\n",
        b"HTTP/1.1 600 What\r\n\r\n",
        b"HTTP/1.1 999 What\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        b"\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        b"\x00" * 100 + b"\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 150 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 " + b"y" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + (b"X: " + b"y" * 30_000 + b"\r\n") * 3 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\nok",
    ],
)
def test_garbage_is_a_bad_response(response: bytes) -> None:
    assert failed(post_to(hostile.answer_and_hang(response + b"\r\n"))) == "bad_response"


@pytest.mark.parametrize("interim", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Hints\r\nA: b\r\n\r\n"])
def test_endless_interim_responses_are_a_bad_response(interim: bytes) -> None:
    assert failed(within_bound(hostile.repeat(b"", interim * 100))) == "bad_response"


@pytest.mark.parametrize("piece", [b"y" * 65536, b"y\r\n" * 1000, b"X: y\r\n" * 1000])
def test_endless_heads_are_a_bad_response(piece: bytes) -> None:
    assert failed(within_bound(hostile.repeat(b"HTTP/1.1 200 OK\r\n", piece))) == "bad_response"
    assert failed(within_bound(hostile.repeat(b"HTTP/1.1 103 Hints\r\n", piece))) == "bad_response"


@pytest.mark.parametrize(
    "part",
    [
        b"",
        b"HTTP/1.1 2",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r",
        b"HTTP/1.1 100 Continue\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n",
    ],
)
def test_an_incomplete_head_is_never_a_success(part: bytes) -> None:
    assert failed(post_to(hostile.answer(part))) in ("reset", "bad_response")
    assert failed(post_to(hostile.answer_and_reset(part))) in ("reset", "bad_response")
    assert failed(within_bound(hostile.answer_and_hang(part))) == "timeout"


def test_a_receiver_that_hangs_up_at_once_is_a_reset() -> None:
    assert failed(post_to(lambda visit: None)) == "reset"


def test_a_receiver_that_hangs_up_in_a_large_body_is_a_reset() -> None:
    def behave(visit: Visit) -> None:
        visit.socket.recv(1000)
        visit.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")

    assert failed(post_to(behave, body=bytes(5_000_000))) == "reset"


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    response=st.lists(
        st.one_of(
            st.binary(max_size=12),
            st.sampled_from(
                [b"HTTP/1.1 200 OK", b"HTTP/1.1 100 C", b"HTTP/1.", b" 200 ", b"\r\n", b"\r\n\r\n", b":",
                 b"\n", b"\x00", b"Content-Length: ", b"Transfer-Encoding: chunked\r\n", b"Retry-After: ",
                 b"9" * 5000, b"Set-Cookie: ", b"Content-Type: a/b; charset=\xff", b"fffffffff\r\n", b"-1",
                 b"\x85", b"\t", b"; expires="]
            ),
        ),
        max_size=8,
    ).map(b"".join)
)  # fmt: skip
@example(response=b"HTTP/1.1 503 No\r\nRetry-After: " + b"9" * 5000 + b"\r\n\r\n")
def test_no_response_whatsoever_raises(fuzzed: Any, response: bytes) -> None:
    there, script = fuzzed
    script[:] = [response]
    outcome = post(there.url())
    assert isinstance(outcome, Delivered | Refused | Unreachable)
    if not isinstance(outcome, Unreachable):
        assert b"\n\r\n" in response or b"\n\n" in response


@pytest.fixture
def fuzzed() -> Iterator[tuple[hostile.Receiver, list[bytes]]]:
    script: list[bytes] = []

    def behave(visit: Visit) -> None:
        hostile.answer(script[0])(visit)

    with receiver(behave) as there:
        yield there, script


# --- the deadline -----------------------------------------------------------------------------------------


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
    """Socket numbers are used again at once; a shutdown meant for one attempt must not hit another."""
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
            most = max(most, len(guards()))
            time.sleep(0.01)
        assert all(failed(future.result()) == "timeout" for future in expiring)
    assert most == 1


def test_an_attempt_that_ends_sooner_than_those_before_it_is_cut_first() -> None:
    drip = hostile.repeat(b"HTTP/1.1 200 OK\r\nX: ", b"y", 0.02)  # which no timeout of a socket ends
    with receiver(drip) as there, ThreadPoolExecutor(2) as threads:
        long = threads.submit(post, there.url(), deadline=BOUND)
        while not guards():
            time.sleep(0.001)
        started = time.monotonic()
        assert failed(post(there.url(), deadline=DEADLINE)) == "timeout"
        assert time.monotonic() - started < BOUND - DEADLINE
        assert not long.done()


# --- names and addresses ----------------------------------------------------------------------------------


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
        assert failed(post(there.url(host="localhost"), policy=TargetPolicy())) == "blocked_target"
    assert there.connections == 0


def test_each_attempt_asks_dns_once_and_connects_to_what_was_checked() -> None:
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
    """The system's resolver would say otherwise, and is not asked for the name again."""
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
    """Look-ups cannot be ended. Those of one name are bounded, and other names are none the worse for it."""
    monkeypatch.setattr("ferryman.outbound.transport._MOST_LOOK_UPS_OF_A_NAME", 20)
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
def test_while_our_own_network_is_down_no_receiver_is_to_blame(monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    """Neither for a name that was not found, nor for a connection that nobody took."""

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
    """And whoever accepts a connection shows that there is one."""

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
        return sum(thread.name == "webhook-resolver" for thread in threading.enumerate())

    with receiver(hostile.answer(OK)) as there, ThreadPoolExecutor(3) as threads:
        hanging = [threads.submit(post, "https://slow.example/", resolve=silent, deadline=BOUND) for _ in range(3)]
        for _ in range(20):
            outcome = post(there.url(host="localhost"), resolve=lambda host, port: ["127.0.0.1"])
            assert isinstance(outcome, Delivered)
        assert not any(future.done() for future in hanging)
        # Three that hang, one for the twenty, and those that earlier tests left to look up once more.
        assert resolvers() <= 3 + 1 + len(transport._resolvers._free)
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


def test_the_default_deadline_is_eight_seconds() -> None:
    assert transport.DEADLINE_SECONDS == 8.0


# --- TLS --------------------------------------------------------------------------------------------------


def post_tls(authority: Authority, server: ssl.SSLContext, *, host: str = "localhost", **more: Any) -> Outcome:
    if "context" not in more:
        more["context"] = authority.trusting()
    with receiver(more.pop("behave", hostile.answer(OK)), server) as there:
        return post(there.url(host=host), resolve=lambda host, port: ["127.0.0.1"], **more)


def test_tls_is_verified_against_the_name_although_an_address_is_connected_to(authority: Authority) -> None:
    with receiver(hostile.answer(OK), authority.server("localhost")) as there:
        outcome = post(
            there.url(host="localhost"),
            context=authority.trusting(),
            resolve=lambda host, port: ["127.0.0.1"],
        )
    assert isinstance(outcome, Delivered)
    assert there.server_names == ["localhost"]


def test_an_address_as_host_is_verified_as_an_address(authority: Authority) -> None:
    assert isinstance(post_tls(authority, authority.server("127.0.0.1"), host="127.0.0.1"), Delivered)
    assert failed(post_tls(authority, authority.server("localhost"), host="127.0.0.1")) == "tls_error"


@pytest.mark.parametrize(
    ("names", "options", "detail"),
    [
        (["other.example"], {}, "not valid for"),
        (["127.0.0.1"], {}, "not valid for"),  # the address connected to, but not the name
        (["*.localhost"], {}, "not valid for"),
        (["localhost"], {"days": -1}, "expired"),
        (["localhost"], {"self_signed": True}, "self-signed"),
    ],
)
def test_bad_certificates_are_tls_errors(
    authority: Authority, names: list[str], options: dict[str, Any], detail: str
) -> None:
    outcome = post_tls(authority, authority.server(*names, **options))
    assert failed(outcome) == "tls_error"
    assert isinstance(outcome, Unreachable) and detail in outcome.detail


def test_the_processs_own_context_does_not_trust_the_test_authority(authority: Authority) -> None:
    outcome = post_tls(authority, authority.server("localhost"), context=None)
    assert failed(outcome) == "tls_error"


def test_nothing_is_sent_before_the_certificate_is_accepted(authority: Authority) -> None:
    with receiver(hostile.answer(OK), authority.server("other.example")) as there:
        post(there.url(host="localhost"), context=authority.trusting())
    assert there.requests == []


def test_a_receiver_without_tls_is_a_tls_error(authority: Authority) -> None:
    with receiver(lambda visit: visit.socket.sendall(OK * 10)) as there:
        outcome = post(f"https://localhost:{there.port}/", context=authority.trusting())
    assert failed(outcome) == "tls_error"


def test_a_receiver_that_hangs_up_in_the_handshake_is_a_tls_error(authority: Authority) -> None:
    with receiver(lambda visit: None) as there:
        outcome = post(f"https://localhost:{there.port}/", context=authority.trusting())
    assert failed(outcome) == "tls_error"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_tls_before_1_2_is_a_tls_error(authority: Authority) -> None:
    old = authority.server("localhost")
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    assert failed(post_tls(authority, old)) == "tls_error"


def test_a_receiver_that_wants_a_client_certificate_is_a_tls_error(authority: Authority) -> None:
    strict = authority.server("localhost")
    strict.verify_mode = ssl.CERT_REQUIRED
    assert failed(post_tls(authority, strict)) == "tls_error"


@pytest.mark.parametrize(
    "behave",
    [hostile.hang, lambda visit: drip(visit, b"\x16\x03\x03\x40\x00" + bytes(16384))],
    ids=["silent", "record drip"],
)
def test_the_deadline_bounds_the_handshake(authority: Authority, behave: Behaviour) -> None:
    with receiver(behave) as there:
        started = time.monotonic()
        outcome = post(f"https://localhost:{there.port}/", context=authority.trusting(), deadline=DEADLINE)
        assert time.monotonic() - started < BOUND
    assert failed(outcome) == "timeout"
    assert isinstance(outcome, Unreachable) and "handshake" in outcome.detail


def drip(visit: Visit, record: bytes) -> None:
    for byte in record:
        if visit.closing.wait(0.02):
            return
        visit.socket.sendall(bytes([byte]))


@pytest.mark.parametrize(
    ("behave", "error"),
    [
        (hostile.hang, "timeout"),
        (hostile.repeat(b"HTTP/1.1 200 OK\r\nX: ", b"y", 0.02), "timeout"),
        (hostile.answer_and_reset(b"HTTP/1.1 200 OK\r\nX: "), "reset"),
        (hostile.answer(b"HTTP/1.1 200 OK\r\nX: "), "reset"),
    ],
)
def test_unfinished_heads_over_tls(authority: Authority, behave: Behaviour, error: str) -> None:
    started = time.monotonic()
    outcome = post_tls(authority, authority.server("localhost"), behave=behave, deadline=DEADLINE)
    assert failed(outcome) == error
    assert time.monotonic() - started < BOUND


def test_the_deadline_bounds_a_flood_of_session_tickets(authority: Authority) -> None:
    """OpenSSL reads tickets within one call, before it has a byte to return."""
    flood = authority.server("localhost")
    flood.num_tickets = 1_000_000
    started = time.monotonic()
    outcome = post_tls(authority, flood, deadline=DEADLINE)
    assert time.monotonic() - started < BOUND
    assert failed(outcome) == "timeout"


def test_hanging_bodies_over_tls_are_bounded(authority: Authority) -> None:
    behave = hostile.answer_and_hang(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
    outcome = post_tls(authority, authority.server("localhost"), behave=behave, deadline=DEADLINE)
    assert isinstance(outcome, Delivered) and outcome.excerpt == "half"


def test_many_tls_receivers_at_once(authority: Authority) -> None:
    context = authority.trusting()
    good, bad = authority.server("localhost"), authority.server("other.example")
    with (
        receiver(hostile.answer(OK), good) as right,
        receiver(hostile.answer(OK), bad) as wrong,
        ThreadPoolExecutor(10) as threads,
    ):
        urls = [there.url(host="localhost") for there in (right, wrong)] * 30
        outcomes = list(threads.map(lambda url: post(url, context=context), urls))
    assert all(isinstance(outcome, Delivered) for outcome in outcomes[::2])
    assert {failed(outcome) for outcome in outcomes[1::2]} == {"tls_error"}


def test_a_receiver_that_hangs_up_in_a_large_body_over_tls_is_a_reset(authority: Authority) -> None:
    def behave(visit: Visit) -> None:
        visit.socket.recv(1000)
        visit.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")

    outcome = post_tls(authority, authority.server("localhost"), behave=behave, body=bytes(5_000_000))
    assert failed(outcome) == "reset"


def test_the_deadline_bounds_a_receiver_that_reads_nothing_over_tls(authority: Authority) -> None:
    started = time.monotonic()
    outcome = post_tls(
        authority, authority.server("localhost"), behave=hostile.hang, body=bytes(50_000_000), deadline=DEADLINE
    )
    assert failed(outcome) == "timeout"
    assert time.monotonic() - started < BOUND


def test_verification_has_no_switch(authority: Authority) -> None:
    careless = ssl.create_default_context()
    careless.check_hostname = False
    blind = ssl.create_default_context()
    blind.check_hostname = False
    blind.verify_mode = ssl.CERT_NONE
    for context in (careless, blind):
        with pytest.raises(ValueError, match="verif"):
            post_tls(authority, authority.server("localhost"), context=context)


def test_one_context_serves_the_whole_process() -> None:
    with ThreadPoolExecutor(10) as threads:
        contexts = {id(future.result()) for future in [threads.submit(tls.context) for _ in range(50)]}
    assert len(contexts) == 1
    context = tls.context()
    assert context.verify_mode == ssl.CERT_REQUIRED and context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert len(context.get_ca_certs()) > 50


def test_no_connection_parses_certificates_again(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    context, server = authority.trusting(), authority.server("localhost")

    def parsed(*_: Any, **__: Any) -> None:
        raise AssertionError("a bundle of certificates was parsed")

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", parsed)
    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", parsed)
    assert isinstance(post_tls(authority, server, context=context), Delivered)


def test_a_process_parses_one_bundle_of_certificates(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """That costs as much as twenty deliveries. Ten threads ask for the context at the same time."""
    load, bundles = ssl.SSLContext.load_verify_locations, []

    def counted(self: ssl.SSLContext, *arguments: Any, **named: Any) -> None:
        bundles.append(named)
        load(self, *arguments, **named)

    tls._built.cache_clear()
    server = authority.server("localhost")
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", counted)
    with ThreadPoolExecutor(10) as threads:
        outcomes = list(threads.map(lambda _: post_tls(authority, server, context=None), range(20)))
    assert {failed(outcome) for outcome in outcomes} == {"tls_error"}
    assert len(bundles) == 1


# --- Retry-After ------------------------------------------------------------------------------------------


def retry_after(value: str, status: int = 503) -> int | None:
    response = f"HTTP/1.1 {status} Later\r\nRetry-After: {value}\r\nContent-Length: 0\r\n\r\n"
    outcome = post_to(hostile.answer(response.encode()))
    assert isinstance(outcome, Refused)
    return outcome.retry_after


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("99999999", 99999999),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("9" * 400, None),
        ("1, 2", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
        ("Wed, 21 Oct 99999 07:28:00 GMT", None),
        ("Wed, 21 Oct 2015 07:28:00 +9999999999", None),
    ],
)
def test_retry_after(value: str, seconds: int | None) -> None:
    assert retry_after(value) == seconds
    assert retry_after(value, 429) == seconds


def test_retry_after_as_a_date() -> None:
    seconds = retry_after(formatdate(time.time() + 300, usegmt=True))
    assert seconds is not None and 290 <= seconds <= 300
    seconds = retry_after(time.strftime("%A, %d-%b-%y %H:%M:%S GMT", time.gmtime(time.time() + 300)))
    assert seconds is not None and 290 <= seconds <= 300


def test_the_public_names() -> None:
    assert targets.TargetPolicy().allow_loopback_http is False
    assert transport.EXCERPT_BYTES == 1024
