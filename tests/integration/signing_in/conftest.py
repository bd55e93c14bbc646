"""A fixture that stops and moves the clock."""

from collections.abc import Callable, Iterator

import pytest
from ferryman import clock


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[float], None]]:
    """Stop the clock in the middle of a 30-second step of one-time codes. `later(3600)` moves it ahead."""
    at = [clock.now() // 30 * 30 + 15]
    monkeypatch.setattr(clock, "now", lambda: at[0])

    def move(seconds: float) -> None:
        at[0] += seconds

    yield move
