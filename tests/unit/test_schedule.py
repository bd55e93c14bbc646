"""The schedule: one attempt and three retries, at 30 s, 2 min and 10 min, whatever the receiver asks for."""

import math

import pytest
from ferryman.webhooks import retry_policy
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
    """Neither crash after crash nor failure after failure goes on for ever."""
    spent = retry_policy.spent(failures, unknowns)
    assert retry_policy.spent(failures + 1, unknowns) == spent + 1
    assert retry_policy.spent(failures, unknowns + 4) > spent


def test_every_pause_fits_into_the_queue() -> None:
    """A returned message can be hidden for twelve hours; a deferred one can be delayed for 15 minutes."""
    longest = max(DELAYS) * retry_policy.MAX_RETRY_AFTER_FACTOR * (1 + retry_policy.JITTER)
    assert longest <= 12 * 3600
    assert retry_policy.MAX_QUEUE_DELAY_SECONDS <= 900
