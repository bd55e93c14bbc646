"""The receiver of the e2e tests: its answers, its recorded requests, and its timing."""

import http.client
import time

import pytest

from local.receiver import Answer, Receiver


def _post(receiver: Receiver, path: str, body: bytes = b"{}") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", int(receiver.url().split(":")[2].rstrip("/")), timeout=10)
    connection.request("POST", path, body)
    answer = connection.getresponse()
    try:
        return answer.status, answer.read()
    finally:
        connection.close()


def test_answers_come_in_order_and_the_last_repeats() -> None:
    with Receiver() as receiver:
        receiver.answer("/flaky", 500, Answer(503, headers={"Retry-After": "1"}), 200)
        assert [_post(receiver, "/flaky")[0] for _ in range(4)] == [500, 503, 200, 200]
        assert _post(receiver, "/other")[0] == 200


def test_a_body_can_come_late_and_slowly() -> None:
    with Receiver() as receiver:
        receiver.answer("/slow", Answer(delay=0.1, drip=0.05, body=b"four"))
        began = time.monotonic()
        assert _post(receiver, "/slow") == (200, b"four")
        assert time.monotonic() - began >= 0.3


def test_waiting_ends_with_the_requests_or_with_what_came_instead() -> None:
    with Receiver() as receiver:
        _post(receiver, "/a", b"1")
        _post(receiver, "/b", b"2")
        assert [request.body for request in receiver.wait_for(lambda r: r.path == "/b", 1)] == [b"2"]
        with pytest.raises(TimeoutError, match=r"1 of 2 .*POST /a.*POST /b"):
            receiver.wait_for(lambda r: r.path == "/a", 0.05, count=2)
