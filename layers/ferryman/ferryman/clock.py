"""Time, always UTC. Stored and shown as ISO 8601 with milliseconds: `2026-11-21T10:40:00.000Z`."""

import time as _time
from datetime import UTC, datetime


def now() -> float:
    """Seconds since the epoch. The one place that reads the wall clock, so that tests can move it."""
    return _time.time()


def iso(seconds: float) -> str:
    """`seconds` since the epoch as ISO 8601 with milliseconds; such texts sort like the times they name."""
    return iso_of(datetime.fromtimestamp(seconds, UTC))


def iso_of(moment: datetime) -> str:
    """A moment that has an offset, in the same form. Raises OverflowError where UTC is outside the years 1 to 9999."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def now_iso() -> str:
    return iso(now())


def seconds(text: str) -> float:
    """The seconds since the epoch of an ISO 8601 time. Raises ValueError for another text, or without an offset."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("the time has no offset; add Z for UTC")
    return moment.timestamp()
