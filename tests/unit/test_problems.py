"""The answer to an error tells a caller what to do."""

import json

import pytest
from ferryman.errors import NotAuthenticated, NotFound, RetryLater, TooManyAttempts, TooManyRequests
from ferryman.http import problems


def test_a_problem_repeats_no_secret() -> None:
    """None of our texts contains a secret. If a text repeats what the caller sent, secrets in it are masked."""
    secret = "fm_live_" + "a" * 36
    errors = [{"pointer": "/name", "detail": f"{secret} is not a name"}]
    told = problems.body(422, f"What is {secret}?", "request", errors)
    assert secret not in told
    assert json.loads(told)["detail"] == "What is fm_live_[redacted]?"
    assert json.loads(told)["errors"][0]["detail"] == "fm_live_[redacted] is not a name"


@pytest.mark.parametrize(
    ("error", "headers"),
    [
        (NotAuthenticated("Who?"), {"WWW-Authenticate": 'Bearer realm="ferryman"'}),
        (RetryLater("Busy."), {"Retry-After": "2"}),
        (TooManyAttempts(40), {"Retry-After": "40"}),
        (TooManyRequests(7), {"Retry-After": "7"}),
        (NotFound("It does not exist."), {}),
    ],
)
def test_the_headers_of_a_problem_say_what_to_do_next(error: Exception, headers: dict[str, str]) -> None:
    status, _, _ = problems.of(error)
    assert problems.headers(error, status) == headers
