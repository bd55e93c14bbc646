"""Time, always in UTC. Stored and shown as ISO 8601 with milliseconds: `2026-11-21T10:40:00.000Z`."""

import time as _time
from datetime import UTC, datetime


def now() -> float:
    """Seconds since the epoch. Only this function reads the wall clock, so that tests can replace it."""
    return _time.time()


def iso(seconds: float) -> str:
    """`seconds` since the epoch as ISO 8601 with milliseconds. Such texts sort by time."""
    return iso_of(datetime.fromtimestamp(seconds, UTC))


def iso_of(moment: datetime) -> str:
    """A datetime with an offset, in the same form as `iso`. Raises OverflowError outside the years 1 to 9999 in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def now_iso() -> str:
    return iso(now())


def seconds(text: str) -> float:
    """The seconds since the epoch of an ISO 8601 time.

    Raises ValueError for any other text, and for a missing offset.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("the time has no offset; add Z for UTC")
    return moment.timestamp()
