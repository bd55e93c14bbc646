"""When a repeating notification is sent next, by the clock of a time zone with its changes in spring and autumn. Pure.

A local time that a change of the clock skips is the same span later (02:30 becomes 03:30); if a time comes twice, the
first one counts. The zones are those of the system, or of the package tzdata where the system has none.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ferryman.aws import dynamodb as store

type Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ZONE = re.compile(r"UTC|[A-Za-z_]+(?:/[A-Za-z0-9_+-]+){1,2}")
_DAYS_AHEAD = 9  # a week, and a day on each side for the distance between a zone and UTC


@dataclass(slots=True, kw_only=True)
class Repeat(store.Record):
    """The weekdays and the local time of an announced moment. The notification is sent `minutes_before` that moment."""

    on: Sequence[Weekday]
    at: str  # HH:MM
    time_zone: str
    minutes_before: int = 0


def is_time_zone(name: str) -> bool:
    if not _ZONE.fullmatch(name):
        return False
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def following(repeat: Repeat, after: datetime) -> tuple[datetime, datetime]:
    """The next time of sending after `after`, and the moment that the notification then announces; both in UTC."""
    zone, clock = ZoneInfo(repeat.time_zone), time.fromisoformat(repeat.at)
    ahead = timedelta(minutes=repeat.minutes_before)
    first = (after + ahead).astimezone(zone).date() - timedelta(days=1)
    for day in (first + timedelta(days=number) for number in range(_DAYS_AHEAD)):
        moment = datetime.combine(day, clock, zone).astimezone(UTC)
        if WEEKDAYS[day.weekday()] in repeat.on and moment - ahead > after:
            return moment - ahead, moment
    raise ValueError("a repeat names at least one weekday")
