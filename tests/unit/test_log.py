"""Log lines: one per unit of work, and everything that looks like a secret is masked."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from ferryman import log
from ferryman.invocation import observed

from tests.support.logs import captured
from tests.support.our_secrets import MADE, hidden_part


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """All that the logger writes during a test, instead of on stdout."""
    with captured() as logged:
        yield logged.written


def lines(written: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_a_unit_of_work_is_one_json_line(written: io.StringIO) -> None:
    log.event("message.accepted", message_id="msg_1", chat_id=None, count=0)
    (line,) = lines(written)
    assert (line["level"], line["message"], line["message_id"], line["count"]) == (
        "INFO",
        "message.accepted",
        "msg_1",
        0,
    )
    assert "chat_id" not in line
    assert line["timestamp"].endswith(("+0000", "Z"))


def test_a_warning_is_one_line_too(written: io.StringIO) -> None:
    log.warning("record.parked", reason="a\nb")
    (line,) = lines(written)
    assert (line["level"], line["reason"]) == ("WARNING", "a\nb")


@pytest.mark.parametrize("shape", MADE)
def test_a_secret_in_a_field_is_masked(written: io.StringIO, shape: str) -> None:
    secret = MADE[shape]()
    log.event("x", plain=secret, nested={"list": [secret]}, key={secret: 1})
    assert hidden_part(secret) not in written.getvalue()
    lines(written)  # still JSON


@pytest.mark.parametrize("shape", MADE)
def test_a_secret_in_an_exception_is_masked(written: io.StringIO, shape: str) -> None:
    secret = MADE[shape]()
    try:
        raise ValueError(f"cannot use {secret}") from RuntimeError(secret)
    except ValueError:
        log.logger.exception("request.failed")
    assert hidden_part(secret) not in written.getvalue()
    (line,) = lines(written)
    assert "ValueError" in line["exception"]


def test_values_that_json_does_not_know_are_written_as_text(written: io.StringIO) -> None:
    log.event("x", thing=object(), raw=b"bytes")
    (line,) = lines(written)
    assert line["raw"] == "b'bytes'"


def test_a_line_holds_no_more_than_it_is_worth(written: io.StringIO) -> None:
    """CloudWatch charges each byte of a line."""
    log.event("x", field=1)
    (line,) = lines(written)
    assert list(line) == ["level", "message", "timestamp", "field"]


def test_a_lone_surrogate_can_be_written(written: io.StringIO) -> None:
    """A request can contain a lone surrogate, which UTF-8 cannot encode."""
    log.event("x", text="\ud800")
    assert written.getvalue().isascii()
    (line,) = lines(written)
    assert line["text"] == "\ud800"


def test_a_message_that_is_json_stays_text(written: io.StringIO) -> None:
    secret = MADE["live token"]()
    log.event(f'{{"token": "{secret}"}}')
    assert hidden_part(secret) not in written.getvalue()


@pytest.mark.parametrize("shape", MADE)
def test_a_secret_in_a_line_that_is_json_already_is_masked(written: io.StringIO, shape: str) -> None:
    secret = MADE[shape]()
    log.write(json.dumps({"field": secret}))
    assert hidden_part(secret) not in written.getvalue()
    lines(written)


# --- one invocation ---------------------------------------------------------------------------------------


def test_lines_of_a_request_share_its_id(written: io.StringIO) -> None:
    handler = observed(lambda event, _: log.event("chat.created", number=event["number"]))
    handler({"requestContext": {"requestId": "r-1"}, "number": 1}, None)
    handler({"requestContext": {"requestId": "r-2"}, "number": 2}, None)
    first, second = lines(written)
    assert (first["request_id"], first["number"]) == ("r-1", 1)
    assert (second["request_id"], second["number"]) == ("r-2", 2)


def test_lines_of_the_first_invocation_say_that_the_process_is_new(written: io.StringIO) -> None:
    handler = observed(lambda event, _: log.event("x"))
    handler({}, None)
    handler({}, None)
    assert [line.get("cold_start") for line in lines(written)] == [True, None]


@pytest.mark.parametrize("event", [{}, {"Records": []}, {"requestContext": None}, [], None, "text"])
def test_an_event_of_any_shape_can_be_logged_about(written: io.StringIO, event: Any) -> None:
    """An IAM principal can invoke a function with any event."""
    observed(lambda *_: log.event("x"))(event, None)
    (line,) = lines(written)
    assert "request_id" not in line


def test_an_invocation_that_raises_leaves_no_id_behind(written: io.StringIO) -> None:
    def broken(event: Any, context: Any) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        observed(broken)({"requestContext": {"requestId": "r-1"}}, None)
    log.event("x")
    (line,) = lines(written)
    assert "request_id" not in line
