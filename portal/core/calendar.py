"""Working days, legal deadlines and local time of Polish and Czech offices.

Every deadline of the portal is counted in working days of the office's own country, and every
instant is stored in UTC but meant in the office's zone. Both matters are easy to get slightly
wrong (a holiday that is new, a night with 25 hours), so they are decided here once. Pure: no
database, no Flask, no clock; whoever calls brings the day.

A *closure* is a day on which one office is shut although its country works (a bridge day, a
removal); callers pass the closures of the municipality as a set of dates.
"""

from calendar import monthrange
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

COUNTRIES = frozenset({"PL", "CZ"})
NO_CLOSURES: frozenset[date] = frozenset()

_SATURDAY = 5
_ONE_DAY = timedelta(days=1)


class ClockGapError(ValueError):
    """The local time does not exist: the clock was put forward over it."""


class ClockOverlapError(ValueError):
    """The local time comes twice (the clock was put back) and nobody said which one is meant."""


@lru_cache(maxsize=256)
def public_holidays(year: int, country: str) -> frozenset[date]:
    """Public holidays of one year; 24 December is one in Poland from 2025 on.

    Raises ValueError for a country the portal does not serve.
    Source: municipalities.md, working days; Polish act of 18 January 1951 on days free from work;
    Czech act 245/2000 Sb.
    """
    if country not in COUNTRIES:
        raise ValueError(f"no calendar for country {country!r}")
    import holidays  # noqa: PLC0415 - a slow import that most processes never need

    return frozenset(holidays.country_holidays(country, years=year))


def is_working_day(day: date, country: str, closures: AbstractSet[date] = NO_CLOSURES) -> bool:
    """Whether offices of the country work on that day: Monday to Friday, no holiday, no closure."""
    return day not in public_holidays(day.year, country) and day.weekday() < _SATURDAY and day not in closures


def add_working_days(start: date, n: int, country: str, closures: AbstractSet[date] = NO_CLOSURES) -> date:
    """The n-th working day after `start`; the start itself never counts.

    With n = 0: `start` if it is a working day, else the next one. Raises ValueError when n < 0.
    Source: administrative procedure of both countries (the day of delivery is not counted).
    """
    if n < 0:
        raise ValueError("working days are counted forwards only")
    day = start
    while n > 0:
        day += _ONE_DAY
        n -= is_working_day(day, country, closures)
    while not is_working_day(day, country, closures):
        day += _ONE_DAY
    return day


def working_days_between(
    start: date, end: date, country: str, closures: AbstractSet[date] = NO_CLOSURES
) -> int:
    """How many working days lie after `start` up to and including `end`; negative if `end` is earlier.

    The counterpart of `add_working_days`: adding n ≥ 1 days and counting them gives n again.
    """
    if end < start:
        return -working_days_between(end, start, country, closures)
    days = (start + timedelta(days=offset) for offset in range(1, (end - start).days + 1))
    return sum(is_working_day(day, country, closures) for day in days)


def nth_working_day(
    year: int, month: int, n: int, country: str, closures: AbstractSet[date] = NO_CLOSURES
) -> date:
    """The n-th working day of a month, n ≥ 1; monthly reports are due on the 10th.

    May lie in the next month when n is larger than the month has working days.
    Source: mobile-official-testing-rules, monthly report.
    """
    if n < 1:
        raise ValueError("the first working day is number 1")
    # The first of the month may itself be a working day, so counting starts on it.
    first = add_working_days(date(year, month, 1), 0, country, closures)
    return add_working_days(first, n - 1, country, closures)


def to_local(instant: datetime, zone: str) -> datetime:
    """The aware local time of an instant. Raises ValueError for an instant without a zone."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(ZoneInfo(zone))


def local_day(instant: datetime, zone: str) -> date:
    """The calendar day on which an instant falls where the office is."""
    return to_local(instant, zone).date()


def to_utc(local: datetime, zone: str, *, later: bool | None = None) -> datetime:
    """The instant of a local wall-clock time (a datetime without zone).

    `later` answers the question which of two equal times is meant in the night when the clock goes
    back: False the first, True the second, None if nobody was asked yet.
    Raises ClockGapError for a time the clock skips, ClockOverlapError for one that comes twice while
    `later` is None, ValueError for a datetime that already has a zone. Source: reliability R69.
    """
    if local.tzinfo is not None:
        raise ValueError("a local time carries no zone of its own")
    first, second = (local.replace(tzinfo=ZoneInfo(zone), fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(UTC)
    # In a gap the two readings do not survive the way to UTC and back; in an overlap both do.
    if first.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) != local.replace(fold=0):
        raise ClockGapError(f"{local} does not exist in {zone}")
    if later is None:
        raise ClockOverlapError(f"{local} comes twice in {zone}")
    return (second if later else first).astimezone(UTC)


def months_before(instant: datetime, months: int) -> datetime:
    """The instant so many calendar months earlier; a day the month does not have becomes its last."""
    year, month = divmod(instant.year * 12 + instant.month - 1 - months, 12)
    last = monthrange(year, month + 1)[1]
    return instant.replace(year=year, month=month + 1, day=min(instant.day, last))


def day_start(day: date, zone: str) -> datetime:
    """The UTC instant at which a local day begins."""
    return datetime.combine(day, time(), tzinfo=ZoneInfo(zone)).astimezone(UTC)


def deadline_instant(day: date, zone: str) -> datetime:
    """The UTC instant before which something due on `day` must be done.

    "Until 23:59" means before 00:00 of the next local day: in time is `now < deadline_instant(…)`.
    Source: reliability R70.
    """
    return day_start(day + _ONE_DAY, zone)
