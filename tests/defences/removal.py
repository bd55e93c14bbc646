"""Shows that a promise rests on one defence: it is kept with it and broken without it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any


def is_held_by(removal: AbstractContextManager[Any], keeps_promise: Callable[[], bool]) -> None:
    """Fails unless `keeps_promise` says yes, and says no inside `removal`, which takes the defence away.

    `keeps_promise` plays the whole scenario at the front door, each time with things of its own.
    """
    assert keeps_promise(), "The promise is broken although its defence is there."
    with removal:
        assert not keeps_promise(), "The promise is kept without this defence, so something else holds it."
