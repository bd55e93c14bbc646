"""Logging: one line per unit of work, and whatever looks like a secret is masked in it."""

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ferryman import log
from ferryman.identity.credentials import secrets
from hypothesis import given
from hypothesis import strategies as st

from tests.support.logs import captured

MADE: dict[str, Callable[[], str]] = {
    "live token": lambda: secrets.new_token(livemode=True),
    "test token": lambda: secrets.new_token(livemode=False),
    "signing secret": secrets.new_signing_secret,
    "session": secrets.new_session,
    "invitation": secrets.new_invitation,
    "hook path": lambda: f"/hooks/{secrets.new_hook_secret()}",
    "hook url": lambda: f"https://api.example.com/hooks/{secrets.new_hook_secret()}",
    "authorization header": lambda: f"Bearer {secrets.new_hook_secret()}",
    "authorization header in lower case": lambda: f"authorization: bearer {secrets.new_hook_secret()}",
}


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the logger writes, instead of to stdout."""
    with captured() as logged:
        yield logged.written


def lines(written: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


def hidden_part(secret: str) -> str:
    """The part of a secret that must not be seen: what comes after its well-known prefix."""
    for prefix in ("fm_live_", "fm_test_", "fm_sess_", "fm_invt_", "whsec_", "/hooks/", "earer "):
        _, found, rest = secret.partition(prefix)
        if found:
            return rest
    raise AssertionError(secret)


# --- redaction --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", MADE)
@pytest.mark.parametrize("around", ["%s", "a %s b", '{"x":"%s"}', "'%s',", "(%s)", "%s\n", "?token=%s&x=1", "éé%séé"])
def test_each_shape_of_secret_is_masked_wherever_it_stands(shape: str, around: str) -> None:
    secret = MADE[shape]()
    masked = log.redact(around % secret)
    assert hidden_part(secret) not in masked
    assert "[redacted]" in masked


@pytest.mark.parametrize("shape", MADE)
def test_what_stands_around_a_secret_stays(shape: str) -> None:
    masked = log.redact(f"before {MADE[shape]()} after")
    assert masked.startswith("before ")
    assert masked.endswith(" after")


def test_several_secrets_are_masked() -> None:
    made = [make() for make in MADE.values()]
    masked = log.redact(" ".join(made))
    assert not [secret for secret in made if hidden_part(secret) in masked]


def test_a_part_of_a_secret_is_masked_too() -> None:
    """A stack or an excerpt can be cut off in the middle."""
    token = secrets.new_token(livemode=True)
    assert token[8:20] not in log.redact(token[:20])


@pytest.mark.parametrize(
    "text",
    [
        "fm_live_a1B2",  # the display prefix
        "usr_01JZZZZZZZ0123456789ABCDEF",
        "dlv_01JZZZZZZZ0123456789ABCDEF01JZZZZZZZ0123456789ABCDEF",
        "POST /hooks/{secret}",
        "/v1/incoming-webhooks",
        "3f786850e387550fdab836ed7e6dc881de23001b3f786850e387550fdab836ed",
        "",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert log.redact(text) == text


@given(st.text())
def test_masking_twice_changes_nothing_more(text: str) -> None:
    once = log.redact(text)
    assert log.redact(once) == once


# --- lines ------------------------------------------------------------------------------------------------


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


def test_what_json_cannot_say_is_written_as_text(written: io.StringIO) -> None:
    log.event("x", thing=object(), raw=b"bytes")
    (line,) = lines(written)
    assert line["raw"] == "b'bytes'"
