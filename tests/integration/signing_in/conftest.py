"""Signing in: a cheap hash for all tests, and a clock that a test moves."""

from collections.abc import Callable, Iterator

import pytest
from ferryman import clock
from ferryman.identity.logins import passwords


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """tests/unit/test_passwords.py looks at the price of a real hash; here it would cost minutes."""
    monkeypatch.setattr(passwords, "LOG2_N", 4)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[float], None]]:
    """Stops the clock, in the middle of a step of 30 s, and moves it: `later(3600)`."""
    at = [clock.now() // 30 * 30 + 15]
    monkeypatch.setattr(clock, "now", lambda: at[0])

    def move(seconds: float) -> None:
        at[0] += seconds

    yield move
