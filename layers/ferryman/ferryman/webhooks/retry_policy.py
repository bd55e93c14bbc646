"""Decides after an attempt whether and when a delivery is tried again. Pure, no AWS."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ferryman.outbound.outcomes import Delivered, Outcome, Refused

MAX_FAILURES = 4  # one attempt and three retries
MAX_UNKNOWNS = 3  # so many attempts without a reported result do not count towards the budget
JITTER = 0.2
MAX_RETRY_AFTER_FACTOR = 2  # a receiver may ask for twice the planned pause at most
_GONE = 410


@dataclass(frozen=True, slots=True)
class NextStep:
    """The state of a delivery after an attempt. `delay` is the wait in seconds of a `retrying` one, otherwise None."""

    state: Literal["delivered", "retrying", "exhausted", "cancelled"]
    failures: int
    delay: float | None = None
    reason: str | None = None


def after_attempt(
    outcome: Outcome,
    delays: Sequence[int],
    *,
    failures: int,
    unknowns: int,
    is_test: bool,
    spread: float | None = None,
) -> NextStep:
    """The next step of a delivery that had `failures` and `unknowns` before this attempt.

    `delays` and `spread` are those of `retry_delay`.
    """
    if isinstance(outcome, Delivered):
        return NextStep("delivered", failures)
    failures += 1
    if is_test:
        return NextStep("exhausted", failures, reason="a test is not retried")
    if isinstance(outcome, Refused) and outcome.status == _GONE:
        return NextStep("cancelled", failures, reason="the receiver answered 410 Gone")
    retry_after = outcome.retry_after if isinstance(outcome, Refused) else None
    delay = retry_delay(delays, spent(failures, unknowns), retry_after, spread=spread)
    if delay is None:
        return NextStep("exhausted", failures, reason=f"{failures} attempts failed")
    return NextStep("retrying", failures, delay)


def spent(failures: int, unknowns: int) -> int:
    """How much of the budget of MAX_FAILURES is used: the failures, and the unknown outcomes beyond MAX_UNKNOWNS."""
    return failures + max(0, unknowns - MAX_UNKNOWNS)


def retry_delay(
    delays: Sequence[int], spent: int, retry_after: int | None = None, *, spread: float | None = None
) -> float | None:
    """The seconds from the end of the failed attempt to the next one; None if the budget is spent.

    `delays` are the pauses after the first, second and third failure. A `retry_after` of the receiver can lengthen a
    pause to twice its length. Then up to 20 % is added at random, so that deliveries that failed together do not come
    back together. `spread` (0 to 1) replaces the random number.
    """
    if spent >= MAX_FAILURES:
        return None
    base = float(delays[min(spent, len(delays)) - 1])
    if retry_after is not None:
        base = min(max(base, float(retry_after)), base * MAX_RETRY_AFTER_FACTOR)
    # S311: spreading load needs no secret randomness.
    return base * (1 + JITTER * (random.random() if spread is None else spread))  # noqa: S311
