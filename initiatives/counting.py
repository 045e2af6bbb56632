"""Figures of initiatives as plain arithmetic: what one case adds to the sums, and what is read out of them.

A case adds to the sums by its whole history, so that counting on with every step and counting anew from all
histories give the same. Source: product 8.1 (statistics).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

EXACT_DAYS, WEEKS_UNTIL, MOST_DAYS = 60, 182, 3650
"""Up to the first, days are counted one by one, up to the second in weeks, above it in steps of 30, up to the last."""
ENOUGH_FOR_P90 = 10
"""Of fewer cases the 90th percentile is the slowest but one at best, and says nothing."""


class Part(StrEnum):
    """What a row of sums counts."""

    MOVE = "move"
    DAYS = "days"
    CLOCK = "clock"
    CATEGORY = "category"
    DISTRICT = "district"
    CHANNEL = "channel"
    SUPPORT = "support"


class Event(StrEnum):
    """What happens to a case once at most; the columns of the tables by category, district and channel."""

    FILED = "filed"
    ARRIVED = "arrived"
    PUBLISHED = "published"
    ADOPTED = "adopted"
    REFUSED = "refused"
    BUILT = "built"


ONLINE, PAPER = "online", "paper"
"""The two ways of support."""
TO_DECISION, TO_BUILT = "to_decision", "to_built"
"""Days of the road from filing to the first decision, and until it was built; kept beside the states' days."""
KEPT, LATE = "kept", "late"

_LEADS_TO = {
    "submitted": Event.FILED,
    "published": Event.PUBLISHED,
    "adopted": Event.ADOPTED,
    "partly_adopted": Event.ADOPTED,
    "refused": Event.REFUSED,
    "done": Event.BUILT,
    "partly_done": Event.BUILT,
}
ARRIVE = "arrive"
"""The step by which a case comes from another municipality of the portal: it was filed and published there, once."""
BACKWARDS = frozenset({"correct", "undo"})
_DECIDED = frozenset({"adopted", "partly_adopted", "refused", "deferred"})
_TAKEN_OVER_AS = {
    "done": (Event.FILED, Event.PUBLISHED, Event.BUILT),
    "published": (Event.FILED, Event.PUBLISHED),
}


class Key(NamedTuple):
    """A row of sums: `month` is its first local day, `bucket` a number of days (see `bucket_of`)."""

    part: Part
    month: date
    key: str
    what: str
    bucket: int


@dataclass(frozen=True, slots=True)
class Told:
    """What a case is counted under. `taken_over_at` is when it was filed elsewhere, if an import brought it."""

    category: str
    district: str
    channel: str
    zone: str
    state: str
    taken_over_at: datetime | None = None


class Step(NamedTuple):
    """A move of the history."""

    at: datetime
    verb: str
    from_state: str
    to_state: str


def entries(told: Told, steps: Sequence[Step]) -> Counter[Key]:
    """All that a case adds to the sums, by its moves in their order; steps that move nothing are left out before."""
    road = _Road(told)
    if told.taken_over_at is not None:
        arrived_as = steps[0].from_state if steps else told.state
        for event in _TAKEN_OVER_AS.get(arrived_as, (Event.FILED,)):
            road.happened(event, road.local(told.taken_over_at))
    for step in steps:
        road.go(step)
    return road.found


class _Road:
    """A case on its way: what it has added so far."""

    def __init__(self, told: Told) -> None:
        self.found = Counter[Key]()
        self._told = told
        self._zone = ZoneInfo(told.zone)
        self._seen: set[Event] = set()
        self._filed: date | None = None
        self._entered: date | None = None
        self._decided = False

    def local(self, at: datetime) -> date:
        """The local day of an instant."""
        return at.astimezone(self._zone).date()

    def happened(self, event: Event, day: date) -> None:
        """Something that counts once."""
        if event in self._seen:
            return
        self._seen.add(event)
        for part, key in (
            (Part.CATEGORY, self._told.category),
            (Part.DISTRICT, self._told.district),
            (Part.CHANNEL, self._told.channel),
        ):
            self.found[Key(part, _month(day), key, event, 0)] += 1

    def go(self, step: Step) -> None:
        """One move: the move itself, the days in the state that was left, and what it led to.

        Of a case that comes from another municipality only that it came; the days of its road begin here.
        """
        day = self.local(step.at)
        if step.verb == ARRIVE:
            self._filed = self._entered = day
            self.happened(Event.ARRIVED, day)
            return
        self.found[Key(Part.MOVE, _month(day), step.from_state, step.to_state, 0)] += 1
        if self._entered is not None:
            self._lasted(step.from_state, self._entered, day)
        self._entered = day
        if self._filed is None and step.to_state == "submitted":
            self._filed = day
        # A correction and an act on many cases taken back lead backwards; an appeal that fails leaves what was decided.
        if step.verb not in BACKWARDS and (step.from_state, step.to_state) != ("appealed", "refused"):
            self._arrived(step.to_state, day)

    def _arrived(self, state: str, day: date) -> None:
        event = _LEADS_TO.get(state)
        if self._filed is not None:
            if state in _DECIDED and not self._decided:
                self._decided = True
                self._lasted(TO_DECISION, self._filed, day)
            if event is Event.BUILT and event not in self._seen:
                self._lasted(TO_BUILT, self._filed, day)
        if event is not None:
            self.happened(event, day)

    def _lasted(self, what: str, since: date, until: date) -> None:
        self.found[Key(Part.DAYS, _month(until), what, "", bucket_of((until - since).days))] += 1


def clock_entry(key: str, due_on: date, ended: date) -> Key:
    """What a clock adds that ended on a local day."""
    return Key(Part.CLOCK, _month(ended), key, LATE if ended > due_on else KEPT, 0)


def support_entry(way: str, day: date) -> Key:
    """What a support adds that was given, or counted from paper, on a local day."""
    return Key(Part.SUPPORT, _month(day), way, "", 0)


def _month(day: date) -> date:
    return day.replace(day=1)


def bucket_of(days: int) -> int:
    """The number of days a duration is kept as, rounded down: few rows whatever the number of cases."""
    days = max(0, min(days, MOST_DAYS))
    if days <= EXACT_DAYS:
        return days
    step = 7 if days < WEEKS_UNTIL else 30
    start = EXACT_DAYS if days < WEEKS_UNTIL else WEEKS_UNTIL
    return start + (days - start) // step * step


def percentile(histogram: Mapping[int, int], share: float) -> int | None:
    """The smallest value that at least this share of all does not exceed (nearest rank); None of nothing."""
    total = sum(histogram.values())
    if total <= 0:
        return None
    reached = 0
    for value in sorted(histogram):
        reached += histogram[value]
        if reached >= share * total:
            return value
    return max(histogram)


def months(first: date, last: date) -> list[date]:
    """First days of all months from one to the other."""
    found = []
    at = first.replace(day=1)
    while at <= last:
        found.append(at)
        at = after(at)
    return found


def after(month: date, by: int = 1) -> date:
    """The first day of the month so many months later, or earlier."""
    year, index = divmod(month.year * 12 + month.month - 1 + by, 12)
    return date(year, index + 1, 1)
