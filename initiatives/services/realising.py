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
from portal.core.errors import Invalid, Missing
from portal.core.i18n import lazy_gettext as _l
from portal.core.usecase import use_case
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
    milestone_id: int | None = None,
) -> None:
    """Add a milestone, or mark one as reached today; the share done follows."""
    if milestone_id is None:
        if not title.strip():
            raise Invalid(_l("Name the milestone."), {"title": _l("Name the milestone.")})
        db.session.add(
            Milestone(
                municipality_id=case.municipality_id,
                initiative_id=case.id,
                title=title.strip(),
                planned_on=planned_on,
                share=max(0, min(100, share)),
            )
        )
        return
    row = db.session.scalar(
        select(Milestone).where(Milestone.id == milestone_id, Milestone.initiative_id == case.id)
    )
    if row is None:
        raise Missing
    row.done_on = case.local_today
    case.progress = max(case.progress, row.share)
    move.record(actor, case, "milestone", lane=Lane.PUBLIC, note=row.title, who="owner")
    messages.to_followers(case, "initiative.progress", note=row.title)
    events.tell("content.changed", case)
