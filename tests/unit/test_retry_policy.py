"""The schedule: one attempt and three retries, after 30 s, 2 min and 10 min; receivers may ask for longer pauses."""

import math

import pytest
from ferryman.outbound.outcomes import Delivered, Outcome, Refused, Unreachable
from ferryman.webhooks import retry_policy
from ferryman.webhooks.retry_policy import NextStep
from hypothesis import given
from hypothesis import strategies as st

DELAYS = (30, 120, 600)
some_delays = st.lists(st.integers(0, 99_999), min_size=3, max_size=3)
spread = st.floats(0, 1)
asked = st.none() | st.integers(-(10**9), 10**12)


@pytest.mark.parametrize(("spent", "pause"), [(1, 30), (2, 120), (3, 600), (4, None), (5, None), (400, None)])
def test_three_retries_with_growing_pauses(spent: int, pause: int | None) -> None:
    assert retry_policy.retry_delay(DELAYS, spent, spread=0) == pause


@given(some_delays, st.integers(1, 3), spread)
def test_up_to_a_fifth_is_added_and_nothing_taken_away(delays: list[int], spent: int, part: float) -> None:
    pause = retry_policy.retry_delay(delays, spent, spread=part)
    assert pause is not None
    planned = delays[spent - 1]
    assert planned <= pause <= planned * 1.2 or math.isclose(pause, planned * 1.2)


@pytest.mark.parametrize(("part", "pause"), [(0, 30), (0.5, 33), (1, 36)])
def test_the_random_part_makes_thirty_seconds_at_most_thirty_six(part: float, pause: float) -> None:
    assert retry_policy.retry_delay(DELAYS, 1, spread=part) == pause


@given(some_delays, st.integers(1, 3), asked, spread)
def test_a_receiver_can_ask_for_twice_the_pause_at_most_and_never_for_less(
    delays: list[int], spent: int, retry_after: int | None, part: float
) -> None:
    pause = retry_policy.retry_delay(delays, spent, retry_after, spread=part)
    assert pause is not None
    planned = delays[spent - 1]
    assert planned <= pause <= planned * 2 * 1.2 or math.isclose(pause, planned * 2 * 1.2)


@pytest.mark.parametrize(
    ("retry_after", "pause"),
    [(None, 30), (-1, 30), (0, 30), (29, 30), (30, 30), (45, 45), (60, 60), (61, 60), (99_999_999, 60)],
)
def test_retry_after_is_honoured_within_its_limits(retry_after: int | None, pause: int) -> None:
    assert retry_policy.retry_delay(DELAYS, 1, retry_after, spread=0) == pause


@given(asked)
def test_no_retry_after_buys_a_fifth_attempt(retry_after: int | None) -> None:
    assert retry_policy.retry_delay(DELAYS, retry_policy.MAX_FAILURES, retry_after) is None


def test_deliveries_that_failed_together_do_not_return_together() -> None:
    assert len({retry_policy.retry_delay(DELAYS, 1) for _ in range(50)}) > 40


@given(st.integers(0, 10), st.integers(0, 20))
def test_three_unknown_outcomes_are_free(failures: int, unknowns: int) -> None:
    spent = retry_policy.spent(failures, unknowns)
    if unknowns <= retry_policy.MAX_UNKNOWNS:
        assert spent == failures
    else:
        assert spent == failures + unknowns - 3


@given(st.integers(0, 10), st.integers(0, 20))
def test_the_budget_ends_whatever_happens(failures: int, unknowns: int) -> None:
    """Neither repeated failures nor repeated crashes give endless attempts."""
    spent = retry_policy.spent(failures, unknowns)
    assert retry_policy.spent(failures + 1, unknowns) == spent + 1
    assert retry_policy.spent(failures, unknowns + 4) > spent


def test_every_pause_fits_into_the_queue() -> None:
    """SQS can hide a returned message for twelve hours."""
    longest = max(DELAYS) * retry_policy.MAX_RETRY_AFTER_FACTOR * (1 + retry_policy.JITTER)
    assert longest <= 12 * 3600


# --- what becomes of a delivery ---------------------------------------------------------------------------


def next_step(outcome: Outcome, failures: int = 0, unknowns: int = 0, *, is_test: bool = False) -> NextStep:
    return retry_policy.after_attempt(outcome, DELAYS, failures=failures, unknowns=unknowns, is_test=is_test, spread=0)


def refused(status: int, retry_after: int | None = None) -> Refused:
    return Refused(status, "", 5, retry_after)


def test_a_2xx_delivers_whatever_came_before() -> None:
    assert next_step(Delivered(204, "", 5), failures=3, unknowns=3) == NextStep("delivered", 3)
    assert next_step(Delivered(200, "", 5), is_test=True) == NextStep("delivered", 0)


def test_a_failure_is_retried_until_the_budget_is_spent() -> None:
    steps = [next_step(refused(500), failures) for failures in range(4)]
    assert steps == [
        NextStep("retrying", 1, 30),
        NextStep("retrying", 2, 120),
        NextStep("retrying", 3, 600),
        NextStep("exhausted", 4, reason="4 attempts failed"),
    ]
    assert next_step(refused(302), 0, unknowns=4) == NextStep("retrying", 1, 120)


def test_no_answer_is_a_failure_too() -> None:
    assert next_step(Unreachable("timeout", "", 8000)) == NextStep("retrying", 1, 30)


def test_a_receiver_may_ask_for_a_longer_pause() -> None:
    assert next_step(refused(503, 45)) == NextStep("retrying", 1, 45)


def test_410_gone_cancels_at_once() -> None:
    assert next_step(refused(410)) == NextStep("cancelled", 1, reason="the receiver answered 410 Gone")


def test_a_failed_test_is_not_retried() -> None:
    assert next_step(refused(410), is_test=True) == NextStep("exhausted", 1, reason="a test is not retried")
