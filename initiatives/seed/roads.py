"""When what happened to a demo initiative: the road to its state, step by step, counted back from now.

Dates keep to the rules of the real thing: staff work on working days and in office hours, every step lies
after the one before, a case that has a clock is on time unless `LATE` says so. Nothing lies further back
than 24 months.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from random import Random

from initiatives.rules import COMPLETE_DAYS
from initiatives.seed.texts import Record
from initiatives.states import WORKING_DAYS
from portal.core.calendar import (
    add_working_days,
    deadline_instant,
    is_working_day,
    local_day,
    to_utc,
    working_days_between,
)
from portal.core.tenancy import Town

LATE = {
    "lub-015": 2,
    "lub-021": 7,
    "lub-044": 3,
    "lub-009": 6,
    "swi-016": 9,
    "rze-009": 1,
    "oji-009": 4,
    "ple-006": 2,
}
"""Cases whose clock has run out, and by how many working days; from six on the head of the office knows."""

EXTENDED = {"lub-006": 10, "oji-008": 10, "wod-007": 5}
"""Studies that got a new day, and how many working days later it lies."""

CORRECTED = {"lub-008": "assigned", "oji-021": "recommendation"}
"""Cases in whose history a step was taken back, and the state it was taken back from."""

COMPLETED = (
    "lub-020",
    "lub-035",
    "lub-046",
    "swi-001",
    "rze-005",
    "oji-005",
    "oji-022",
    "gle-007",
    "wod-009",
)
"""Cases that were returned once, completed and then published."""

FRESH_REFUSALS = ("lub-049", "oji-015")
"""Refused so lately that the author may still appeal."""

WAITING = {
    "draft": (2, 40),
    "held": (4, 50),
    "lapsed": (3, 20),
    "published": (5, 90),
    "assigned": (1, 45),
    "adopted": (3, 160),
    "partly_adopted": (5, 200),
    "deferred": (10, 40),
    "refused": (15, 560),
    "appealed": (3, 9),
    "planned": (5, 120),
    "in_progress": (5, 180),
    "done": (3, 390),
    "partly_done": (5, 380),
    "abandoned": (30, 380),
    "confirmed": (10, 350),
    "merged": (2, 8),  # After the joint page was there.
    "transferred": (10, 450),
    "withdrawn": (8, 500),
}
"""How many days ago the last step was, at least and at most, in states without a clock of working days."""

FRESH_PUBLISHED = 0.4
"""Share of published cases that still lie within the two days to assign; the others wait for a meeting."""

GAPS = {
    "submit": (1, 5),
    "publish": (1, 2),
    "send_back": (1, 2),
    "hold": (1, 2),
    "lapse": (14, 14),
    "assign": (1, 3),
    "start_purpose": (1, 6),
    "start_feasibility": (9, 20),
    "recommend": (9, 20),
    "decide": (4, 13),
    "appeal": (2, 6),
    "uphold": (6, 13),
    "reverse": (6, 13),
    "plan": (7, 35),
    "start": (10, 50),
    "finish": (40, 150),
    "abandon": (30, 80),
    "confirm": (28, 38),
    "dispute": (28, 38),
    "merge": (5, 20),
    "transfer": (2, 12),
    "withdraw": (5, 40),
    "correct": (1, 2),
}
"""Days between a step and the one before it, at least and at most."""

AUTHORS = frozenset({"submit", "appeal", "confirm", "dispute", "withdraw"})
"""Verbs of authors, who also write in the evening and on Sundays."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the road: what was done, where it led, when (UTC)."""

    verb: str
    to: str
    at: datetime


def clock_of(state: str) -> tuple[str, int]:
    """Key and working days of the clock that runs in a state; ("", 0) without one."""
    return WORKING_DAYS.get(state, ("", 0))


def road(record: Record, town: Town, now: datetime, rng: Random) -> list[Step]:
    """Every move of this case from filing to its state, oldest first; none for a draft."""
    verbs = verbs_to(record)
    steps: list[Step] = []
    day = last_day(record, town, now, rng)
    for verb, to in reversed(verbs):
        if verb not in AUTHORS:
            while not is_working_day(day, town.country):
                day -= timedelta(days=1)
        steps.append(Step(verb, to, _moment(day, verb, town, rng)))
        least, most = GAPS[verb]
        day -= timedelta(days=rng.randint(least, most))
    steps.reverse()
    return [_lapsed_at_midnight(step, steps[i - 1], town) for i, step in enumerate(steps)]


def verbs_to(record: Record) -> list[tuple[str, str]]:
    """The moves that lead to the state of this case, with the detours its key asks for."""
    state = record["state"]
    found = _straight(record, state)
    if record["key"] in COMPLETED:
        found[0:1] = [("submit", "submitted"), ("send_back", "returned"), ("submit", "submitted")]
    taken_back = CORRECTED.get(record["key"])
    if taken_back:
        at = next(i for i, (_, to) in enumerate(found) if to == taken_back)
        found[at + 1 : at + 1] = [("correct", found[at - 1][1]), found[at]]
    return found


def _straight(record: Record, state: str) -> list[tuple[str, str]]:
    decided = {"adopt": "adopted", "partly": "partly_adopted", "defer": "deferred", "refuse": "refused"}
    if state == "draft":
        return []
    if state == "submitted":
        return [("submit", "submitted")]
    if state in _BEFORE:
        verb, before = _BEFORE[state]
        return [*_straight(record, before), (verb, state)]
    verdict = decided[record["decision"]["verdict"]]
    found = [*_straight(record, "recommendation"), ("decide", verdict)]
    if "appeal" in record:
        found.append(("appeal", "appealed"))
        if record["appeal"]["answer"]:
            found.append(("uphold" if state == "refused" else "reverse", state))
    return found + _BUILT.get(state, [])


_BEFORE = {
    "held": ("hold", "submitted"),
    "returned": ("send_back", "submitted"),
    "lapsed": ("lapse", "returned"),
    "published": ("publish", "submitted"),
    "assigned": ("assign", "published"),
    "purpose_study": ("start_purpose", "assigned"),
    "feasibility_study": ("start_feasibility", "purpose_study"),
    "recommendation": ("recommend", "feasibility_study"),
    "merged": ("merge", "published"),
    "transferred": ("transfer", "published"),
    "withdrawn": ("withdraw", "published"),
}
_WORKING = [("plan", "planned"), ("start", "in_progress")]
_BUILT = {
    "planned": _WORKING[:1],
    "in_progress": _WORKING,
    "done": [*_WORKING, ("finish", "done")],
    "partly_done": [*_WORKING, ("finish", "partly_done")],
    "abandoned": [*_WORKING, ("abandon", "abandoned")],
    "confirmed": [*_WORKING, ("finish", "done"), ("confirm", "confirmed")],
    "disputed": [*_WORKING, ("finish", "done"), ("dispute", "disputed")],
}


def last_day(record: Record, town: Town, now: datetime, rng: Random) -> date:
    """The local day of the last step (of the last edit, for a draft)."""
    state, key = record["state"], record["key"]
    today = local_day(now, town.zone)
    if key in FRESH_REFUSALS:
        return today - timedelta(days=rng.randint(1, 3))
    _, days = clock_of(state)
    if not days or (state == "published" and key not in LATE and rng.random() > FRESH_PUBLISHED):
        return today - timedelta(days=rng.randint(*WAITING[state]))
    if key in LATE:
        used = days + LATE[key]
    elif key in EXTENDED:
        used = days + EXTENDED[key] // 2
    else:
        used = rng.randint(1, days - 1)
    return _working_days_ago(today, used, town.country)


def _working_days_ago(today: date, days: int, country: str) -> date:
    """The latest working day after which `days` working days have come up to and including today."""
    day = today
    while not is_working_day(day, country) or working_days_between(day, today, country) < days:
        day -= timedelta(days=1)
    return day


def _moment(day: date, verb: str, town: Town, rng: Random) -> datetime:
    """Some time of the day: office hours for staff, 7 to 22 for authors."""
    hours = (7, 21) if verb in AUTHORS else (8, 15)
    at = time(rng.randint(*hours), rng.randint(0, 59), rng.randint(0, 59))
    return to_utc(datetime.combine(day, at), town.zone, later=False)


def _lapsed_at_midnight(step: Step, before: Step, town: Town) -> Step:
    """A case lapses by the clock, not by somebody's hand."""
    if step.verb != "lapse":
        return step
    due = add_working_days(local_day(before.at, town.zone), COMPLETE_DAYS, town.country)
    return replace(step, at=deadline_instant(due, town.zone))
