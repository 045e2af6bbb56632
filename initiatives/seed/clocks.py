"""The clocks of demo initiatives: those that ran in earlier states, and the one that runs now with its due work."""

from datetime import date, datetime, timedelta

from initiatives import services
from initiatives.models import Initiative
from initiatives.rules import APPEAL_DECISION_DAYS
from initiatives.seed import roads
from initiatives.seed.plots import Plot
from initiatives.states import WORKING_DAYS
from portal.content import services as content
from portal.content.models import Deadline
from portal.core import jobs
from portal.core.calendar import add_working_days, day_start, deadline_instant
from portal.core.db import db


def past_clocks(plot: Plot, case: Initiative) -> list[Deadline]:
    """A stopped clock for each state that had one and was left again."""
    found = []
    for step, following in zip(plot.steps, plot.steps[1:], strict=False):
        due = _due(plot, step.to, plot.day(step.at))
        if due is not None:
            found.append(_stopped(plot, case, step.to, plot.day(step.at), due, following.at))
    return found


def _due(plot: Plot, state: str, started: date) -> date | None:
    if state == "appealed":
        return started + timedelta(days=APPEAL_DECISION_DAYS)
    if state in WORKING_DAYS:
        return add_working_days(started, WORKING_DAYS[state][1], plot.town.country)
    return None


def _stopped(
    plot: Plot, case: Initiative, state: str, started: date, due: date, done_at: datetime
) -> Deadline:
    key = WORKING_DAYS[state][0] if state in WORKING_DAYS else "appeal"
    late = done_at >= deadline_instant(due, plot.town.zone)
    return Deadline(
        municipality_id=case.municipality_id,
        kind=case.KIND,
        object_id=case.id,
        key=key,
        started_on=started,
        due_on=due,
        level=2 if late else 0,
        done_at=done_at,
    )


def start_clock(plot: Plot, case: Initiative) -> None:
    """Start what runs in the present state, at the level it has reached by now; its due work is written too."""
    if not plot.steps:
        return
    started = plot.day(plot.steps[-1].at)
    due = _due(plot, plot.state, started)
    if plot.state == "deferred" and case.returns_on is not None:
        jobs.enqueue(
            "initiative.resume",
            {"initiative": case.id, "day": case.returns_on.isoformat()},
            due_at=day_start(case.returns_on, plot.town.zone),
            dedupe=f"initiative.resume:{case.id}:{case.returns_on.isoformat()}",
        )
    if due is None:
        return
    if due < plot.day(plot.now) and plot.key not in {**roads.LATE, **roads.EXTENDED}:
        # The leader waits for a meeting and stopped the clock; a note in the history says so.
        db.session.add(
            _stopped(plot, case, plot.state, started, due, deadline_instant(started, plot.town.zone))
        )
        return
    if plot.state == "appealed":
        row = content.start_deadline_on(case, "appeal", due)
        row.started_on = started
    else:
        row = services.start_clock(case, plot.state, started)
    if plot.key in roads.EXTENDED:
        later = add_working_days(due, roads.EXTENDED[plot.key], plot.town.country)
        row = content.extend_deadline(case, row.key, later)
    row.level = level_of(plot, row)


def level_of(plot: Plot, row: Deadline) -> int:
    """How far the clock has gone: 1 warned, 2 late, 3 late by five working days."""
    return sum(moment <= plot.now for moment in content.alarms(row, services.warning_share(row.key)))
