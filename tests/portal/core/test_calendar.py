"""Working days of both countries, deadlines, and the nights in which the clock changes."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core import calendar

WARSAW, PRAGUE = "Europe/Warsaw", "Europe/Prague"
wall = datetime.fromisoformat  # a wall-clock time, without zone
DAYS = st.dates(date(1990, 1, 1), date(2060, 12, 31))
EARLY, LATE = wall("1990-01-01"), wall("2060-01-01")
COUNTRY = st.sampled_from(sorted(calendar.COUNTRIES))


def days_of(year: int, *pairs: tuple[int, int]) -> set[date]:
    """Days given as (day, month)."""
    return {date(year, month, day) for day, month in pairs}


def test_polish_holidays_of_2026() -> None:
    expected = days_of(
        2026, (1, 1), (6, 1), (5, 4), (6, 4), (1, 5), (3, 5), (24, 5), (4, 6), (15, 8), (1, 11), (11, 11),
        (24, 12), (25, 12), (26, 12),
    )  # fmt: skip
    assert calendar.public_holidays(2026, "PL") == expected


def test_czech_holidays_of_2026() -> None:
    expected = days_of(
        2026, (1, 1), (3, 4), (6, 4), (1, 5), (8, 5), (5, 7), (6, 7), (28, 9), (28, 10), (17, 11), (24, 12),
        (25, 12), (26, 12),
    )  # fmt: skip
    assert calendar.public_holidays(2026, "CZ") == expected


@pytest.mark.parametrize(("year", "works"), [(2024, True), (2025, False), (2026, False)])
def test_christmas_eve_is_free_in_poland_only_since_2025(year: int, works: bool) -> None:
    eve = date(year, 12, 24)
    assert calendar.is_working_day(eve, "PL") is works
    assert not calendar.is_working_day(eve, "CZ")


@pytest.mark.parametrize(
    ("start", "n", "country", "expected"),
    [
        (date(2026, 12, 23), 5, "PL", date(2027, 1, 4)),
        (date(2026, 12, 23), 5, "CZ", date(2027, 1, 4)),
        (date(2026, 4, 2), 1, "PL", date(2026, 4, 3)),
        (date(2026, 4, 2), 1, "CZ", date(2026, 4, 7)),
        (date(2026, 11, 21), 0, "PL", date(2026, 11, 23)),
        (date(2026, 11, 20), 0, "PL", date(2026, 11, 20)),
        (date(2026, 11, 21), 1, "PL", date(2026, 11, 23)),
    ],
)
def test_working_days_are_counted_from_the_next_day(
    start: date, n: int, country: str, expected: date
) -> None:
    assert calendar.add_working_days(start, n, country) == expected


def test_closure_of_an_office_is_skipped() -> None:
    bridge = frozenset({date(2026, 6, 5)})
    assert calendar.add_working_days(date(2026, 6, 3), 1, "PL") == date(2026, 6, 5)
    assert calendar.add_working_days(date(2026, 6, 3), 1, "PL", bridge) == date(2026, 6, 8)
    assert not calendar.is_working_day(date(2026, 6, 5), "PL", bridge)


def test_monthly_report_is_due_on_the_tenth_working_day() -> None:
    assert calendar.nth_working_day(2026, 6, 10, "PL") == date(2026, 6, 15)
    assert calendar.nth_working_day(2026, 1, 1, "PL") == date(2026, 1, 2)
    assert calendar.nth_working_day(2026, 6, 1, "PL") == date(2026, 6, 1)
    assert calendar.nth_working_day(2026, 2, 21, "CZ") == date(2026, 3, 2)


def test_impossible_counts_and_countries_are_refused() -> None:
    with pytest.raises(ValueError, match="forwards"):
        calendar.add_working_days(date(2026, 1, 1), -1, "PL")
    with pytest.raises(ValueError, match="number 1"):
        calendar.nth_working_day(2026, 1, 0, "PL")
    with pytest.raises(ValueError, match="no calendar"):
        calendar.is_working_day(date(2026, 1, 1), "DE")


@given(DAYS, st.integers(1, 60), COUNTRY)
def test_adding_and_counting_agree(start: date, n: int, country: str) -> None:
    end = calendar.add_working_days(start, n, country)
    assert end > start
    assert calendar.is_working_day(end, country)
    assert calendar.working_days_between(start, end, country) == n
    assert calendar.working_days_between(end, start, country) == -n


@given(DAYS, st.integers(0, 30), st.integers(1, 30), COUNTRY)
def test_adding_twice_is_adding_the_sum(start: date, first: int, second: int, country: str) -> None:
    halfway = calendar.add_working_days(start, first, country)
    if first:
        whole = calendar.add_working_days(start, first + second, country)
        assert calendar.add_working_days(halfway, second, country) == whole


def test_deadline_ends_with_the_local_day() -> None:
    assert calendar.deadline_instant(date(2026, 7, 1), WARSAW) == datetime(2026, 7, 1, 22, tzinfo=UTC)
    assert calendar.deadline_instant(date(2026, 12, 31), PRAGUE) == datetime(2026, 12, 31, 23, tzinfo=UTC)


def test_day_of_a_clock_change_has_23_or_25_hours() -> None:
    for day, hours in ((date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 5, 5), 24)):
        length = calendar.deadline_instant(day, WARSAW) - calendar.day_start(day, WARSAW)
        assert length == timedelta(hours=hours)


@given(st.datetimes(EARLY, LATE, timezones=st.just(UTC)))
def test_deadline_is_just_after_the_last_instant_of_the_day(instant: datetime) -> None:
    day = calendar.local_day(instant, PRAGUE)
    assert calendar.day_start(day, PRAGUE) <= instant < calendar.deadline_instant(day, PRAGUE)


def test_hour_that_does_not_exist_is_refused() -> None:
    for later in (None, False, True):
        with pytest.raises(calendar.ClockGapError):
            calendar.to_utc(wall("2026-03-29T02:30"), WARSAW, later=later)


def test_hour_that_comes_twice_is_asked() -> None:
    twice = wall("2026-10-25T02:30")
    with pytest.raises(calendar.ClockOverlapError):
        calendar.to_utc(twice, PRAGUE)
    assert calendar.to_utc(twice, PRAGUE, later=False) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert calendar.to_utc(twice, PRAGUE, later=True) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


@given(st.datetimes(EARLY, LATE, timezones=st.just(UTC)))
def test_local_time_and_back(instant: datetime) -> None:
    local = calendar.to_local(instant, WARSAW)
    again = calendar.to_utc(local.replace(tzinfo=None), WARSAW, later=bool(local.fold))
    assert again == instant


def test_zones_are_neither_missing_nor_doubled() -> None:
    with pytest.raises(ValueError, match="needs a time zone"):
        calendar.to_local(wall("2026-01-01"), WARSAW)
    with pytest.raises(ValueError, match="no zone of its own"):
        calendar.to_utc(datetime(2026, 1, 1, tzinfo=UTC), WARSAW)
