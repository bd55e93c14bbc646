"""Everything that looks like one of our secrets is masked, and nothing else."""

import pytest
from ferryman.identity.credentials import secrets
from ferryman.redaction import redact
from hypothesis import given
from hypothesis import strategies as st

from tests.support.our_secrets import MADE, hidden_part


@pytest.mark.parametrize("shape", MADE)
@pytest.mark.parametrize("around", ["%s", "a %s b", '{"x":"%s"}', "'%s',", "(%s)", "%s\n", "?token=%s&x=1", "éé%séé"])
def test_each_shape_of_secret_is_masked_wherever_it_stands(shape: str, around: str) -> None:
    secret = MADE[shape]()
    masked = redact(around % secret)
    assert hidden_part(secret) not in masked
    assert "[redacted]" in masked


@pytest.mark.parametrize("shape", MADE)
def test_text_around_a_secret_stays(shape: str) -> None:
    masked = redact(f"before {MADE[shape]()} after")
    assert masked.startswith("before ")
    assert masked.endswith(" after")


def test_several_secrets_are_masked() -> None:
    made = [make() for make in MADE.values()]
    masked = redact(" ".join(made))
    assert not [secret for secret in made if hidden_part(secret) in masked]


def test_a_part_of_a_secret_is_masked_too() -> None:
    """A stack trace or an excerpt can end in the middle of a secret."""
    token = secrets.new_token(livemode=True)
    assert token[8:20] not in redact(token[:20])


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
def test_text_without_a_secret_stays(text: str) -> None:
    assert redact(text) == text


@given(st.text())
def test_masking_twice_changes_nothing_more(text: str) -> None:
    once = redact(text)
    assert redact(once) == once
