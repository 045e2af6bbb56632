"""Realisation: plans, milestones, results."""

from datetime import date

from sqlalchemy import select

from initiatives import messages, queries
from initiatives.models import (
    CostChange,
    Initiative,
    Milestone,
    Outcome,
)
from initiatives.services import settling, silence
from portal.content import move
from portal.content import queries as content_queries
from portal.content import services as content
from portal.content.models import FileRole
from portal.core import audit, clock, events
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import Conflict, Invalid, Missing
from portal.core.files import Stored
from portal.core.i18n import Filled
from portal.core.i18n import lazy_gettext as _l
from portal.core.usecase import once, use_case
from portal.core.workflow import Lane

REALISATION = {
    "plan": "initiative.planned",
    "start": "initiative.started",
    "finish": "initiative.finished",
    "abandon": "initiative.abandoned",
    "answer": "initiative.objection_answered",
    "resume_work": "initiative.resumed",
}
WORK_ROLES = (FileRole.BEFORE, FileRole.AFTER)
WORK_PHOTOS_MAX = 6
"""Photos of the place before, and as many of it after."""
GOES_ON = ("done", "partly_done", "confirmed", "disputed")
"""States after the work in which its last bills and photos still come in."""


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
        settling.set_outcome(case, Outcome.REFUSED if outcome == "refused" else Outcome.UNNEEDED)
    if verb in ("finish", "answer") and case.state == "done":
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
        _heard(case)

    once(f"initiative.milestone:{case.id}", key, act)


def _need_realisation(case: Initiative) -> None:
    if case.present.phase != "building":
        raise Conflict(_l("The case has moved on meanwhile. Look at its present state and decide again."))


def _need_work(case: Initiative) -> None:
    """Raises Conflict before the decision, and once it was given up."""
    if case.present.phase != "building" and case.state not in GOES_ON:
        raise Conflict(_l("The case has moved on meanwhile. Look at its present state and decide again."))


def _heard(case: Initiative) -> None:
    """What the office tells ends its silence; only while there is a realisation to tell of."""
    if case.present.phase == "building":
        silence.heard(case)
    case.updated_at = clock.now()
    events.tell("content.changed", case)


def _milestone(case: Initiative, milestone_id: int) -> Milestone:
    row = db.session.scalar(
        select(Milestone).where(Milestone.id == milestone_id, Milestone.initiative_id == case.id)
    )
    if row is None:
        raise Missing
    return row


@use_case("initiative.realise", code="initiative.milestone_changed", load=queries.case)
def change_milestone(
    actor: Actor, case: Initiative, milestone_id: int, title: str, planned_on: date | None, share: int
) -> None:
    """Word or date a milestone anew. Raises Conflict for one that is reached: everybody was told of it."""
    _need_realisation(case)
    row = _milestone(case, milestone_id)
    if row.done_on is not None:
        raise Conflict(_l("This milestone is reached, so it stays as it is."))
    if not title.strip():
        raise Invalid(_l("Name the milestone."), {"title": _l("Name the milestone.")})
    row.title, row.planned_on, row.share = title.strip(), planned_on, max(0, min(100, share))
    _heard(case)


@use_case("initiative.realise", code="initiative.milestone_dropped", load=queries.case)
def drop_milestone(actor: Actor, case: Initiative, milestone_id: int) -> None:
    """Take a milestone off the plan that is not reached."""
    _need_realisation(case)
    row = _milestone(case, milestone_id)
    if row.done_on is not None:
        raise Conflict(_l("This milestone is reached, so it stays as it is."))
    db.session.delete(row)
    _heard(case)


@use_case("initiative.realise", code="initiative.milestone_reached", load=queries.case)
def reach_milestone(actor: Actor, case: Initiative, milestone_id: int) -> None:
    """Mark a milestone as reached today; the share done follows. A second time changes nothing."""
    _need_realisation(case)
    row = _milestone(case, milestone_id)
    if row.done_on is not None:
        return
    row.done_on = case.local_today
    case.progress = max(case.progress, row.share)
    move.record(actor, case, "milestone", lane=Lane.PUBLIC, note=row.title, who="owner")
    messages.to_followers(case, "initiative.progress", note=row.title)
    _heard(case)


@use_case("initiative.realise", code="initiative.news_told", load=queries.case)
def tell_news(actor: Actor, case: Initiative, note: str, progress: int | None, key: str) -> None:
    """Tell how the work goes on, in words and, where it changed, in per cent; a repeated post tells nothing."""
    _need_realisation(case)
    if not note.strip():
        raise Invalid(_l("Write the news."), {"note": _l("Write the news.")})

    def act() -> None:
        if progress is not None:
            case.progress = max(0, min(100, progress))
        move.record(actor, case, "news", lane=Lane.PUBLIC, note=note, who="owner")
        messages.to_author(case, "initiative.progress", note=note.strip())
        messages.to_followers(case, "initiative.progress", note=note.strip())
        _heard(case)

    once(f"initiative.news:{case.id}", key, act)


@use_case("initiative.realise", code="initiative.cost_changed", load=queries.case)
def change_cost(
    actor: Actor, case: Initiative, planned: int | None, spent: int | None, why: str, key: str
) -> None:
    """Say what it is planned to cost and what was spent so far, in whole currency, and why that changed."""
    _need_work(case)
    if not why.strip():
        raise Invalid(_l("Give a reason."), {"why": _l("Say in a few words why.")})
    before = case.planned_minor, case.spent_minor
    after = tuple(None if sum_ is None else sum_ * 100 for sum_ in (planned, spent))

    def act() -> None:
        case.planned_minor, case.spent_minor = after
        db.session.add(
            CostChange(
                municipality_id=case.municipality_id,
                initiative_id=case.id,
                at=clock.now(),
                user_id=actor.user_id,
                planned_minor=after[0],
                spent_minor=after[1],
                why=why.strip(),
            )
        )
        move.record(actor, case, "cost", lane=Lane.PUBLIC, note=why, who="owner")
        _heard(case)

    if before != after:
        once(f"initiative.cost:{case.id}", key, act)


@use_case("initiative.realise", code="initiative.work_photo_added", load=queries.case)
def add_work_photo(actor: Actor, case: Initiative, stored: Stored, role: FileRole, alt: str) -> bool:
    """Hang a photo of the place before or after the work on the case; False for one that hangs there already."""
    _need_work(case)
    if role not in WORK_ROLES:
        raise Missing
    if not alt.strip():
        raise Invalid(_l("Say what the photo shows."), {"alt": _l("Say what the photo shows.")})
    there = [row for row in content_queries.files(*case.about, public_only=False) if row.role is role]
    if any((row.name, row.size) == (stored.name, stored.size) for row in there):
        return False
    if len(there) >= WORK_PHOTOS_MAX:
        most = str(Filled("There are %(n)s photos already, which is the most.", {"n": WORK_PHOTOS_MAX}))
        raise Invalid(most, {"photo": most})
    content.attach(case, stored, role, alt.strip())
    audit.note(f"initiative:{case.id}")
    _heard(case)
    return True


@use_case("initiative.realise", code="initiative.work_photo_removed", load=queries.case)
def remove_work_photo(actor: Actor, case: Initiative, file_id: int) -> None:
    """Take such a photo off again; one that is gone already is fine."""
    row = content_queries.attachment(*case.about, file_id)
    if row is not None and row.role in WORK_ROLES:
        content.detach(row)
        events.tell("content.changed", case)
