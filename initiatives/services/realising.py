"""Realisation: plans, milestones, results."""

from datetime import date

from sqlalchemy import select

from initiatives import messages, queries
from initiatives.models import (
    Initiative,
    Milestone,
    Outcome,
)
from portal.content import move
from portal.core import events
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import Conflict, Invalid, Missing
from portal.core.i18n import lazy_gettext as _l
from portal.core.usecase import once, use_case
from portal.core.workflow import Lane

REALISATION = {
    "plan": "initiative.planned",
    "start": "initiative.started",
    "finish": "initiative.finished",
    "abandon": "initiative.abandoned",
    "resume_work": "initiative.resumed",
}


@use_case("initiative.realise", code="initiative.realised", load=queries.case)
def realise(
    actor: Actor,
    case: Initiative,
    verb: str,
    note: str,
    target: str | None = None,
    progress: int | None = None,
    outcome: str = "",
) -> None:
    """Report on the realisation: plan, start, finish, abandon, take up again."""
    if verb not in REALISATION:
        raise Missing
    if progress is not None:
        case.progress = max(0, min(100, progress))
    move.run(actor, case, verb, target=target, note=note, who="owner")
    if verb == "abandon":
        case.outcome = Outcome.REFUSED if outcome == "refused" else Outcome.UNNEEDED
    if verb == "finish" and case.state == "done":
        case.progress = 100


@use_case("initiative.realise", code="initiative.milestone_set", load=queries.case)
def set_milestone(
    actor: Actor,
    case: Initiative,
    title: str,
    planned_on: date | None,
    share: int,
    key: str,
) -> None:
    """Plan a milestone; a repeated post plans none."""
    _need_realisation(case)
    if not title.strip():
        raise Invalid(_l("Name the milestone."), {"title": _l("Name the milestone.")})

    def act() -> None:
        row = Milestone(
            municipality_id=case.municipality_id,
            initiative_id=case.id,
            title=title.strip(),
            planned_on=planned_on,
            share=max(0, min(100, share)),
        )
        db.session.add(row)

    once(f"initiative.milestone:{case.id}", key, act)


def _need_realisation(case: Initiative) -> None:
    if case.present.phase != "building" and case.state != "disputed":
        raise Conflict(_l("The case has moved on meanwhile. Look at its present state and decide again."))


@use_case("initiative.realise", code="initiative.milestone_reached", load=queries.case)
def reach_milestone(actor: Actor, case: Initiative, milestone_id: int) -> None:
    """Mark a milestone as reached today; the share done follows. A second time changes nothing."""
    _need_realisation(case)
    row = db.session.scalar(
        select(Milestone).where(Milestone.id == milestone_id, Milestone.initiative_id == case.id)
    )
    if row is None:
        raise Missing
    if row.done_on is not None:
        return
    row.done_on = case.local_today
    case.progress = max(case.progress, row.share)
    move.record(actor, case, "milestone", lane=Lane.PUBLIC, note=row.title, who="owner")
    messages.to_followers(case, "initiative.progress", note=row.title)
    events.tell("content.changed", case)
