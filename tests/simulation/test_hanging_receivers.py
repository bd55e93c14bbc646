"""Receivers that hang must not delay other deliveries, even from their first event on, with five batches at a time."""

from typing import Protocol

import pytest

from bench import isolation

LIMIT = 2  # times the undisturbed p95


class Scenario(Protocol):
    def __call__(self, *, hang: bool, most: int) -> list[float]: ...


@pytest.mark.parametrize("scenario", [isolation.pairs, isolation.crowd])
def test_others_wait_no_longer_when_receivers_hang_from_their_first_event_on(scenario: Scenario) -> None:
    undisturbed = isolation.p95(scenario(hang=False, most=isolation.CONCURRENT))
    disturbed = isolation.p95(scenario(hang=True, most=isolation.CONCURRENT))
    assert disturbed < LIMIT * undisturbed
