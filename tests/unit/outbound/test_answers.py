"""Which answers count as delivered, their excerpts, and the limits of a body."""

import gzip
import time
import tracemalloc
from email.utils import formatdate

import pytest
from ferryman.outbound.outcomes import Body, Delivered, Refused

from tests.unit import hostile
from tests.unit.hostile import Behaviour, Visit, receiver
from tests.unit.outbound.calling import (
    DEADLINE,
    STRICT,
    post,
    post_to,
    within_bound,
)

pytestmark = STRICT


# --- what counts as delivered ----------------------------------------------------------------------------


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


# --- the excerpt -----------------------------------------------------------------------------------------


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
def test_a_broken_body_after_a_2xx_head_is_still_success(behave: Behaviour, excerpt: str | None) -> None:
    outcome = within_bound(behave)
    assert isinstance(outcome, Delivered), outcome
    assert excerpt in (None, outcome.excerpt)


def test_a_body_that_hangs_is_not_waited_for_until_a_long_deadline() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    for behave in (
        hostile.answer_and_hang(head),
        hostile.repeat(head, b".", 0.05),
        hostile.repeat(chunked, b"0", 0.05),  # a size that never ends
        hostile.repeat(chunked + b"0\r\n", b"X: y\r\n", 0.0005),  # trailers that never end
    ):
        outcome = post_to(behave, deadline=20.0)
        assert isinstance(outcome, Delivered) and outcome.duration_ms < 10_000


# --- a body that the caller wants ------------------------------------------------------------------------


JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"


@pytest.mark.parametrize(
    "response",
    [
        JSON + b"Content-Length: 5000\r\n\r\n" + b"x" * 5000,
        JSON + b"Transfer-Encoding: chunked\r\n\r\n" + b"9c4\r\n%b\r\n" % (b"x" * 2500) * 2 + b"0\r\n\r\n",
        JSON + b"\r\n" + b"x" * 5000,
    ],
    ids=["length", "chunked", "until the end"],
)
def test_a_caller_gets_as_much_of_the_body_as_it_asks_for(response: bytes) -> None:
    outcome = post_to(hostile.answer(response), max_response_bytes=5000)
    assert isinstance(outcome, Delivered)
    assert outcome.body == Body(b"x" * 5000, "application/json; charset=utf-8", is_whole=True)
    assert outcome.excerpt == "x" * 1024
    outcome = post_to(hostile.answer(response), max_response_bytes=4999)
    assert isinstance(outcome, Delivered)
    assert outcome.body == Body(b"x" * 4999, "application/json; charset=utf-8", is_whole=False)


def test_a_refusal_has_a_body_too() -> None:
    outcome = post_to(hostile.answer(b"HTTP/1.1 400 No\r\nContent-Length: 4\r\n\r\nnope"), max_response_bytes=10)
    assert isinstance(outcome, Refused)
    assert outcome.body == Body(b"nope", "", is_whole=True)


@pytest.mark.parametrize(
    "behave",
    [
        hostile.answer_and_hang(JSON + b"Content-Length: 9\r\n\r\nhalf"),
        hostile.answer_and_hang(JSON + b"\r\nhalf"),
        hostile.answer_and_hang(JSON + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"),
        hostile.answer(JSON + b"Content-Length: 9\r\n\r\nhalf"),
        hostile.answer(JSON + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"),
    ],
)
def test_a_body_that_does_not_end_is_not_whole(behave: Behaviour) -> None:
    outcome = within_bound(behave, max_response_bytes=100, response_seconds=60)
    assert isinstance(outcome, Delivered)
    assert (outcome.body.content, outcome.body.is_whole) == (b"half", False)


def test_the_text_of_an_outcome_does_not_show_the_body() -> None:
    assert "secret" not in repr(Delivered(200, "", 1, Body(b"secret")))


# --- memory ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "behave",
    [
        hostile.repeat(b"", b"y" * 65536),
        hostile.repeat(b"HTTP/1.1 200 OK\r\nX: ", b"y" * 65536),
        hostile.repeat(b"HTTP/1.1 200 OK\r\n", b"Retry-After: 1\r\n" * 4000),
        hostile.repeat(b"", b"HTTP/1.1 103 Hints\r\nA: b\r\n\r\n" * 2000),
        hostile.repeat(b"HTTP/1.1 200 OK\r\n\r\n", b"y" * 65536),
        hostile.repeat(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0" * 65536),
        hostile.repeat(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX:", b"y" * 65536),
        hostile.repeat(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n", b"y" * 65536),
    ],
    ids=["status", "header", "headers", "interim", "body", "chunk size", "trailer", "chunk"],
)
def test_a_flood_costs_little_memory(behave: Behaviour) -> None:
    with receiver(behave) as there:
        post(there.url(), deadline=DEADLINE)
        tracemalloc.start()
        post(there.url(), deadline=DEADLINE)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 2_000_000


# --- Retry-After -----------------------------------------------------------------------------------------


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
