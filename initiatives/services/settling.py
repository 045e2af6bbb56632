"""What follows from a move: phase, list, counters, map, clocks, notices; and what rings when time has passed."""

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from initiatives import messages, queries, rules
from initiatives.models import (
    LOST_FILE,
    Count,
    Initiative,
    MapCell,
    Outcome,
)
from initiatives.services import echoing, figures, silence, supporting
from initiatives.states import CHANGE_CLOCK, DEADLINES, WORKING_DAYS
from portal.content import move
from portal.content import queries as content_queries
from portal.content import services as content
from portal.content.models import Deadline
from portal.core import clock, events, jobs, tenancy
from portal.core.actor import Actor, Channel
from portal.core.calendar import day_start
from portal.core.db import add_statement, db, insert_or_keep
from portal.core.workflow import Lane
from portal.maps import geo

REMINDER_SHARES = {"complete": 3 / rules.COMPLETE_DAYS}
"""Where a clock warns earlier than others: the author is reminded on the third of five days. Source: product 5.1."""

TIMED = frozenset({*WORKING_DAYS, "appealed"})
"""States in which a clock runs."""

CELLS_AT_ONCE = 10_000

OUTCOME_OF_STATE = {
    "done": Outcome.DONE,
    "partly_done": Outcome.PARTLY,
    "refused": Outcome.REFUSED,
    "abandoned": Outcome.UNNEEDED,
}


def settle(fact: events.Fact) -> None:
    """After every move: phase, list, counters, map, clocks, notices. Listens to `initiative.moved`."""
    case: Initiative = fact.thing
    step = fact.values["step"]
    forget_in_counts(case, state=step.from_state)
    present = case.present
    case.phase = present.phase
    was_public = case.listed_at is not None
    # A withdrawn case stays in public only if it had been public before: title and day.
    stays = present.public and not case.withheld and (step.to_state != "withdrawn" or was_public)
    case.listed_at = (case.listed_at or clock.now()) if stays else None
    if stays and not was_public:
        supporting.opened(case)
    case.updated_at = clock.now()
    if step.to_state in OUTCOME_OF_STATE:
        case.outcome = OUTCOME_OF_STATE[step.to_state]
    elif step.verb in ("correct", "reverse", "resume_work"):
        case.outcome = Outcome.NONE
    if step.verb == "finish":
        echoing.plan_question(case)
    if present.phase == "building":
        silence.heard(case)
    else:
        silence.no_longer_heard(case)
    remember_in_counts(case)
    ended = [row for row in content_queries.open_deadlines(*case.about) if row.key != CHANGE_CLOCK]
    figures.stopped(case, ended)
    _set_clocks(case, step.to_state)
    figures.moved(case)
    db.session.flush()  # Counters and notices read the new state.
    messages.moved(case, step)


def _set_clocks(case: Initiative, state: str) -> None:
    content.finish_deadline(case, *(DEADLINES.keys() - {CHANGE_CLOCK}))
    if state in WORKING_DAYS:
        start_clock(case, state)
    elif state == "appealed":
        content.start_deadline_on(
            case, "appeal", case.local_today + timedelta(days=rules.APPEAL_DECISION_DAYS)
        )
    elif state == "refused" and not case.appealed_once:
        case.appeal_until = rules.appeal_deadline(case.local_today)
    elif state == "deferred" and case.returns_on is not None:
        town = tenancy.town_by_id(case.municipality_id)
        jobs.enqueue(
            "initiative.resume",
            {"initiative": case.id, "day": case.returns_on.isoformat()},
            due_at=day_start(case.returns_on, town.zone),
            dedupe=f"initiative.resume:{case.id}:{case.returns_on.isoformat()}",
        )


def start_clock(case: Initiative, state: str, start: date | None = None) -> Deadline:
    """Start the clock of a state of WORKING_DAYS, on a local day or today, with the days the office gives it."""
    key = WORKING_DAYS[state][0]
    days = queries.office(case.municipality_id).days[key]
    return content.start_deadline(case, key, days, start, warning_share(key))


def warning_share(key: str) -> float:
    """The part of its working days after which a clock warns."""
    return REMINDER_SHARES.get(key, content.WARNING_SHARE)


def count(case: Initiative, **steps: int) -> None:
    """Raise counters in the database, so that parallel acts add up."""
    values = {name: getattr(Initiative, name) + step for name, step in steps.items()}
    db.session.execute(
        update(Initiative)
        .where(Initiative.id == case.id)
        .values(values)
        .execution_options(synchronize_session=False)
    )
    events.tell("content.counted", case)


def forget_in_counts(case: Initiative, state: str | None = None) -> None:
    """Take the case out of counters and map cells, as it stood in `state`."""
    _shift(case, state or case.state, -1)


def remember_in_counts(case: Initiative) -> None:
    """Put the case into counters and map cells as it stands."""
    _shift(case, case.state, +1)


def set_outcome(case: Initiative, outcome: Outcome) -> None:
    """Say what became of a case, where its state alone does not."""
    forget_in_counts(case)
    case.outcome = outcome
    remember_in_counts(case)


def _shift(case: Initiative, state: str, by: int) -> None:
    """Move the counters and, for public cases with a point, the stored map cells."""
    phase = case.WORKFLOW.state(state).phase
    if case.withheld or phase in ("draft", "hidden") or (state == "withdrawn" and case.listed_at is None):
        return
    key = {"state": state, "category": case.category, "outcome": case.outcome}
    insert_or_keep(Count, municipality_id=case.municipality_id, **key, n=0)
    db.session.execute(
        update(Count)
        .where(Count.municipality_id == case.municipality_id)
        .filter_by(**key)
        .values(n=Count.n + by)
    )
    # Of a withdrawn case only title and day stay public, so it has no pin.
    if state != "withdrawn" and case.lat is not None and case.lon is not None:
        shift_cells(case.municipality_id, case.lat, case.lon, phase, case.category, by)


def shift_cells(municipality_id: int, lat: float, lon: float, phase: str, category: str, by: int) -> None:
    """Add a point to, or take it from, the stored cells of every zoom and filter; one statement."""
    shifts = [
        _cell_row(municipality_id, key, zoom, geo.cell(lat, lon, zoom), by, by * lat, by * lon)
        for key in _filters_of(phase, category)
        for zoom in queries.STORED_ZOOMS
    ]
    db.session.execute(add_statement(MapCell, db.engine.dialect.name), shifts)


def _filters_of(phase: str, category: str) -> tuple[str, ...]:
    return "", f"p:{phase}", f"c:{category}"


def _cell_row(
    municipality_id: int, key: str, zoom: int, cell: int, n: int, sum_lat: float, sum_lon: float
) -> dict[str, Any]:
    return {
        "municipality_id": municipality_id,
        "filter": key,
        "zoom": zoom,
        "tile": geo.tile_of(cell),
        "cell": cell,
        "n": n,
        "sum_lat": sum_lat,
        "sum_lon": sum_lon,
    }


def rebuild_counts(municipality_id: int) -> None:
    """Count a municipality's cases, points and histories anew."""
    rebuild_totals(municipality_id)
    figures.rebuild_figures(municipality_id)


def rebuild_totals(municipality_id: int) -> None:
    """Count a municipality's cases and points anew: after an import, which does not shift them one by one."""
    db.session.execute(delete(Count).where(Count.municipality_id == municipality_id))
    db.session.execute(delete(MapCell).where(MapCell.municipality_id == municipality_id))
    rows = db.session.execute(
        select(Initiative.state, Initiative.category, Initiative.outcome, func.count())
        .where(Initiative.listed_at.is_not(None))
        .group_by(Initiative.state, Initiative.category, Initiative.outcome)
    ).all()
    for state, category, outcome, n in rows:
        db.session.add(
            Count(municipality_id=municipality_id, state=state, category=category, outcome=outcome, n=n)
        )
    sums: dict[str, geo.Sums] = {}
    points: Iterable[Any] = db.session.execute(
        select(Initiative.cell, Initiative.lat, Initiative.lon, Initiative.phase, Initiative.category)
        .where(
            Initiative.listed_at.is_not(None), Initiative.lat.is_not(None), Initiative.state != "withdrawn"
        )
        .execution_options(yield_per=5000)
    )
    for cell, lat, lon, phase, category in points:
        for key in _filters_of(phase, category):
            kept = sums.setdefault(key, {})
            n, sum_lat, sum_lon = kept.get(cell, (0, 0.0, 0.0))
            kept[cell] = n + 1, sum_lat + lat, sum_lon + lon
    for zoom in reversed(queries.STORED_ZOOMS):
        for key, kept in sums.items():
            cells = iter(kept.items())
            while batch := list(islice(cells, CELLS_AT_ONCE)):
                db.session.execute(
                    insert(MapCell),
                    [_cell_row(municipality_id, key, zoom, cell, *sum_) for cell, sum_ in batch],
                )
        sums = {key: geo.coarser(kept) for key, kept in sums.items()}


def deadline_reached(fact: events.Fact) -> None:
    """A clock of an initiative rang: warn, tell the leader, tell the head; an uncompleted case lapses."""
    row = fact.thing
    if row.kind != Initiative.KIND:
        return
    case = queries.case(row.object_id)
    level: int = fact.values["level"]
    if row.key == "complete":
        if level == 1:
            messages.to_author(case, "initiative.complete_reminder", day=row.due_on.isoformat())
        elif level == 2:
            move.run(system(case), case, "lapse", who="system")
        return
    messages.deadline(case, row.key, level, row.due_on)
    if level >= 2:
        move.record(system(case), case, "late", lane=Lane.INTERNAL, internal_note=row.key, who="system")


def file_found(fact: events.Fact) -> None:
    """A file that waited for the virus scanner is removed: tell the author. Listens to `file.found`."""
    row = fact.thing
    if row.kind != Initiative.KIND:
        return
    case = queries.case(row.object_id)
    if case.number:
        messages.to_author(case, "initiative.file_removed")
    else:  # Nobody to write to yet: the draft itself says so.
        case.details = {**case.details, LOST_FILE: True}


def system(case: Initiative) -> Actor:
    """The clock as an actor."""
    return Actor(name="clock", channel=Channel.JOB, municipality_id=case.municipality_id)
