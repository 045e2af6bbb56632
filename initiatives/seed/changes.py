"""Changes that authors of the demo proposed after the decision: one waits, one was accepted, one declined."""

from datetime import datetime, time, timedelta

from initiatives import queries, services
from initiatives.models import Change, ChangeOf, ChangeState, Initiative
from initiatives.seed.clocks import level_of
from initiatives.seed.histories import aside
from initiatives.seed.plots import Plot
from initiatives.states import CHANGE_CLOCK
from portal.content import services as content
from portal.content.models import Deadline, StateChange
from portal.core.calendar import add_working_days, to_utc
from portal.core.db import db
from portal.core.workflow import Lane

ASKED_AGO, ASKED_AT = timedelta(days=2), time(18, 20)
ANSWERED_AFTER, ANSWERED_AT = 4, time(11, 10)
"""Working days until the answer, and when of the day."""
VERBS = {"accepted": "accept_change", "declined": "decline_change"}


def change_steps(plot: Plot, case: Initiative) -> list[StateChange]:
    """What the history says of it."""
    if "change" not in plot.record:
        return []
    told = plot.record["change"]
    asked_at, answered_at = _moments(plot)
    found = [_step(plot, case, "propose_change", asked_at, "author")]
    if answered_at is not None:
        row = _step(plot, case, VERBS[told["outcome"]], answered_at, "leader")
        row.user_id = plot.team.leader
        row.note = "\n".join(filter(None, (told.get("changes", ""), told["reasons"])))
        found.append(row)
    return found


def propose_change(plot: Plot, case: Initiative) -> None:
    """Write the proposal with its answer; of one that waits also the clock."""
    if "change" not in plot.record:
        return
    told = plot.record["change"]
    asked_at, answered_at = _moments(plot)
    row = Change(
        municipality_id=case.municipality_id,
        initiative_id=case.id,
        at=asked_at,
        of=ChangeOf(told["of"]),
        wanted=told["wanted"],
        why=told["why"],
        outcome=ChangeState(told["outcome"]),
        ended_at=answered_at,
        user_id=plot.team.leader if answered_at else None,
        changes=told.get("changes", ""),
        reasons=told.get("reasons", ""),
        before=told.get("before", {}),
    )
    db.session.add(row)
    db.session.flush()  # The case names it.
    days = queries.office(case.municipality_id).days[CHANGE_CLOCK]
    started = plot.day(asked_at)
    if answered_at is None:
        case.change_id = row.id
        share = services.warning_share(CHANGE_CLOCK)
        running = content.start_deadline(case, CHANGE_CLOCK, days, started, share)
        running.level = level_of(plot, running)
        return
    db.session.add(
        Deadline(
            municipality_id=case.municipality_id,
            kind=case.KIND,
            object_id=case.id,
            key=CHANGE_CLOCK,
            started_on=started,
            due_on=add_working_days(started, days, plot.town.country),
            level=0,
            done_at=answered_at,
        )
    )


def _moments(plot: Plot) -> tuple[datetime, datetime | None]:
    """When it was proposed, and answered: the day after the decision and some working days later, or lately."""
    decided = plot.at("decide", "reverse") or plot.now
    waits = plot.record["change"]["outcome"] == "open"
    day = plot.day(plot.now - ASKED_AGO) if waits else plot.day(decided) + timedelta(days=1)
    asked_at = max(decided, to_utc(datetime.combine(day, ASKED_AT), plot.town.zone))
    if waits:
        return asked_at, None
    answered = add_working_days(day, ANSWERED_AFTER, plot.town.country)
    return asked_at, min(plot.now, to_utc(datetime.combine(answered, ANSWERED_AT), plot.town.zone))


def _step(plot: Plot, case: Initiative, verb: str, at: datetime, who: str) -> StateChange:
    state = next((step.to for step in reversed(plot.steps) if step.at <= at), plot.state)
    row = aside(case, verb, at, Lane.PUBLIC, who)
    row.from_state = row.to_state = state
    return row
