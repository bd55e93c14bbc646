"""Signing in: a clock that a test moves."""

from collections.abc import Callable, Iterator

import pytest
from ferryman import clock


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[float], None]]:
    """Stops the clock, in the middle of a step of 30 s, and moves it: `later(3600)`."""
    at = [clock.now() // 30 * 30 + 15]
    monkeypatch.setattr(clock, "now", lambda: at[0])

    def move(seconds: float) -> None:
        at[0] += seconds

    yield move
