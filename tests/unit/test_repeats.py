"""When a notification repeats: by the clock of a time zone, also on days on which that clock changes."""

import importlib.metadata
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from ferryman.notifications import repeats
from ferryman.notifications.repeats import WEEKDAYS, Repeat
from hypothesis import given
from hypothesis import strategies as st

from tests.support import template

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Pacific/Apia", "Australia/Lord_Howe", "America/St_Johns")
moments = st.integers(1_704_067_200, 1_893_456_000).map(lambda at: datetime.fromtimestamp(at, UTC))
some_days = st.lists(st.sampled_from(WEEKDAYS), min_size=1, unique=True)
times = st.times().map(lambda at: at.strftime("%H:%M"))


@pytest.fixture
def without_the_systems_zones() -> Iterator[None]:
    """Hide the operating system's time zones during the test, because Lambda's image need not have them."""
    zoneinfo.reset_tzpath(to=[])
    ZoneInfo.clear_cache()
    yield
    zoneinfo.reset_tzpath()
    ZoneInfo.clear_cache()


def told(repeat: Repeat, after: str, count: int) -> list[str]:
    found, at = [], datetime.fromisoformat(after)
    for _ in range(count):
        at, _ = repeats.following(repeat, at)
        found.append(at.strftime("%Y-%m-%dT%H:%MZ"))
    return found


def test_a_digest_comes_on_mondays_at_nine_in_summer_and_winter() -> None:
    weekly = Repeat(on=["monday"], at="09:00", time_zone="Europe/Berlin")
    assert told(weekly, "2027-03-20T00:00Z", 3) == ["2027-03-22T08:00Z", "2027-03-29T07:00Z", "2027-04-05T07:00Z"]
    assert told(weekly, "2027-10-25T07:00Z", 2) == ["2027-11-01T08:00Z", "2027-11-08T08:00Z"]


def test_a_time_that_spring_skips_is_the_same_span_later() -> None:
    daily = Repeat(on=list(WEEKDAYS), at="02:30", time_zone="Europe/Berlin")
    assert told(daily, "2027-03-27T00:00Z", 3) == ["2027-03-27T01:30Z", "2027-03-28T01:30Z", "2027-03-29T00:30Z"]


def test_a_time_that_autumn_repeats_is_meant_once() -> None:
    daily = Repeat(on=list(WEEKDAYS), at="02:30", time_zone="Europe/Berlin")
    assert told(daily, "2027-10-30T00:00Z", 3) == ["2027-10-30T00:30Z", "2027-10-31T00:30Z", "2027-11-01T01:30Z"]


def test_a_meeting_is_told_before_it_begins_also_across_midnight() -> None:
    meeting = Repeat(on=["tuesday"], at="00:05", time_zone="America/New_York", minutes_before=10)
    before, moment = repeats.following(meeting, datetime(2027, 1, 1, tzinfo=UTC))
    assert (before.isoformat(), moment.isoformat()) == ("2027-01-05T04:55:00+00:00", "2027-01-05T05:05:00+00:00")


@given(some_days, times, st.sampled_from(ZONES), st.integers(0, 1440), moments)
def test_the_next_time_is_the_first_that_fits(
    on: list[repeats.Weekday], at: str, time_zone: str, minutes_before: int, after: datetime
) -> None:
    repeat = Repeat(on=on, at=at, time_zone=time_zone, minutes_before=minutes_before)
    before, moment = repeats.following(repeat, after)
    assert before > after
    assert moment - before == timedelta(minutes=minutes_before)
    # A clock that is put forward moves a skipped time on by an hour at most, or over a day in Samoa's case.
    assert before - after <= timedelta(days=9)
    shifted = {moment.astimezone(ZoneInfo(time_zone)) - timedelta(minutes=minutes) for minutes in (0, 30, 60)}
    assert any(WEEKDAYS[one.weekday()] in on and one.strftime("%H:%M") == at for one in shifted)
    # Asked a moment before, it is still the next one: nothing was left out in between.
    assert repeats.following(repeat, before - timedelta(seconds=1))[0] == before


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/Argentina/Salta", "UTC", "Etc/GMT+3"])
def test_zones_by_their_names(name: str) -> None:
    assert repeats.is_time_zone(name)


@pytest.mark.parametrize(
    "name", ["Mars/Olympus", "../etc/passwd", "Berlin", "", "localtime", "Europe/", "utc", "a/b/c/d"]
)
def test_other_names_are_refused(name: str) -> None:
    assert not repeats.is_time_zone(name)


@pytest.mark.usefixtures("without_the_systems_zones")
def test_the_layer_brings_the_zones_along() -> None:
    requirements = (template.ROOT / "layers/dependencies/requirements.txt").read_text()
    assert f"tzdata=={importlib.metadata.version('tzdata')}" in requirements
    assert repeats.is_time_zone("Europe/Berlin")
    assert told(Repeat(on=["monday"], at="09:00", time_zone="Europe/Berlin"), "2027-03-20T00:00Z", 1) == [
        "2027-03-22T08:00Z"
    ]
