"""Shows that a promise depends on one defence: it is kept with the defence and broken without it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any


def is_held_by(removal: AbstractContextManager[Any], keeps_promise: Callable[[], bool]) -> None:
    """Check that `keeps_promise` returns True, and returns False inside `removal`, which removes the defence.

    `keeps_promise` runs the whole scenario through the API, each time with new objects.
    """
    assert keeps_promise(), "The promise is broken although its defence is there."
    with removal:
        assert not keeps_promise(), "The promise is kept without this defence, so something else holds it."
