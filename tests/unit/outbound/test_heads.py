"""Response heads that are unusual, invalid, endless or cut off."""

import io
import logging
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from ferryman.outbound import heads
from ferryman.outbound.outcomes import AttemptFailed, Delivered, Refused, Unreachable
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.unit import hostile
from tests.unit.hostile import Visit, receiver
from tests.unit.outbound.calling import OK, STRICT, failed, post, post_to, within_bound

pytestmark = STRICT


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


@pytest.mark.parametrize("count", [100, 101, 120, 2000])
def test_the_number_of_headers_does_not_matter(count: int) -> None:
    headers = b"".join(b"X-%d: y\r\n" % number for number in range(count))
    outcome = post_to(hostile.answer(b"HTTP/1.1 200 OK\r\n" + headers + b"Content-Length: 2\r\n\r\nok"))
    assert isinstance(outcome, Delivered) and outcome.excerpt == "ok"


@pytest.mark.parametrize("line", [b"X: %b\r\n", b"%b\r\n", b"Retry-After: %b\r\n"])
def test_a_head_may_be_as_large_as_the_documented_bound(line: bytes) -> None:
    start, end = b"HTTP/1.1 503 OK\r\n", b"\r\n"
    filling = line % (b"y" * (heads.MAX_HEAD_BYTES - len(start) - len(line % b"") - len(end)))
    assert isinstance(post_to(hostile.answer(start + filling + end)), Refused)
    assert failed(post_to(hostile.answer(start + b"Z" + filling[:-2] + b"\r\n" + end))) == "bad_response"


@pytest.mark.parametrize(
    "piece",
    [
        b"Content-Type: message/rfc822\r\r",  # nested a thousand times for a MIME parser
        b"Content-Type: multipart/mixed; boundary=a\r\r--a\r",
        b"Content-Type: message/delivery-status\r\r",
        b"Content-Type: multipart/mixed\r\n",
        b"Content-Type: a/b; charset\r\n",
        b"Content-Encoding: gzip, gzip, gzip, br, deflate\r\n",
        b"Set-Cookie: a=b; expires=Wed, 99 Foo 0000 99:99:99 GMT; domain=..; path=\x00\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        b" folded\r\n",
        b"\r",
    ],
)
def test_headers_are_not_parsed_as_mail(caplog: pytest.LogCaptureFixture, piece: bytes) -> None:
    """The transport raises nothing for such headers, and a receiver cannot write into our logs."""
    caplog.set_level(logging.DEBUG)
    headers = piece * (60_000 // len(piece))
    outcome = post_to(hostile.answer(b"HTTP/1.1 200 OK\r\n" + headers + b"\r\n\r\n"), max_response_bytes=10)
    assert isinstance(outcome, Delivered)
    assert not caplog.records


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        (b"no colon\r\n: no name\r\nRetry-After: 7\r\n", 7),
        (b"Retry-After:\r\n\t 7\r\n", 7),
        (b"X: y\r\n 1\r\nRetry-After: 7\r\n", 7),
        (b"retry-AFTER:7\x00\x7f\xff \r\n", 7),
        (b"Retry-After : 7\r\n", None),
        (b"Retry-After: 7\r\nRetry-After: 8\r\n", None),
    ],
)
def test_an_odd_line_in_a_head_hides_no_other(headers: bytes, seconds: int | None) -> None:
    outcome = post_to(hostile.answer(b"HTTP/1.1 503 No\r\n" + headers + b"Content-Length: 0\r\n\r\n"))
    assert isinstance(outcome, Refused)
    assert outcome.retry_after == seconds


@settings(max_examples=500, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=40), st.sampled_from([b"\r\n", b"HTTP/1.1 200 OK\r\n", b": "]))))
def test_any_bytes_are_read_as_a_head_or_refused(pieces: list[bytes]) -> None:
    source = io.BytesIO(b"".join(pieces))
    try:
        head = heads.read(source.readline)
    except AttemptFailed as refused:
        assert refused.error in ("reset", "bad_response")
    else:
        assert 200 <= head.status <= 599
        assert set(head.headers) <= heads.KEPT
        assert source.getvalue()[: source.tell()].endswith((b"\n\r\n", b"\n\n"))


@settings(max_examples=300, deadline=None)
@given(
    status=st.integers(200, 599),
    headers=st.lists(st.binary(max_size=200).filter(lambda line: b"\n" not in line and line not in (b"", b"\r"))),
)
def test_every_complete_head_counts(status: int, headers: list[bytes]) -> None:
    lines = [line for line in headers if not line.lower().startswith(b"content-length")]
    head = b"".join([b"HTTP/1.1 %d \xff\r\n" % status, *(line + b"\r\n" for line in lines), b"\r\n"])
    assert heads.read(io.BytesIO(head + b"body").readline).status == status


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
        b"HTTP/1.1 101 Switching Protocols\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        b"\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        b"\x00" * 100 + b"\r\n",
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
def test_no_response_raises(fuzzed: Any, response: bytes) -> None:
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
