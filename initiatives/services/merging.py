"""Merging with consent: the leader proposes, the authors of both cases answer, supporters choose for themselves.

Both pages stay. Supports stay where they were given until their person moves them, so that nobody counts twice.
"""

from datetime import datetime, time, timedelta

from sqlalchemy import delete

from initiatives import messages, policy, queries, rules
from initiatives.counting import ONLINE
from initiatives.models import Initiative, Merge, MergeState, Support
from initiatives.rules import Party
from initiatives.services import figures, supporting
from initiatives.services.author import speaker
from initiatives.services.joining import need_public, user_of
from initiatives.services.settling import count, system
from initiatives.states import WORKFLOW
from portal.content import move
from portal.content import services as content
from portal.core import audit, clock, events, jobs, tenancy
from portal.core.actor import Actor
from portal.core.calendar import deadline_instant, local_day, to_utc
from portal.core.db import db, insert_or_keep
from portal.core.errors import Conflict, Invalid, Missing
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_gettext as _l
from portal.core.i18n import speaking
from portal.core.policy import need
from portal.core.usecase import use_case
from portal.core.workflow import Lane

MERGED_FROM = WORKFLOW.move("merge").sources
"""States a case may be merged out of."""
REMINDER_HOUR = time(8)
OVER = _l("This proposal to merge is over. Look at where the case stands now.")


@use_case("initiative.assign", code="initiative.merge_proposed", load=queries.case)
def propose_merge(actor: Actor, case: Initiative, into_number: str, note: str) -> None:
    """Ask the authors of both whether this one should go on in another public case; where nobody can say no, it does at once.

    Raises Conflict when one of them takes part in an open proposal already, Missing for a number that is not there.
    """
    if case.withheld:
        raise Invalid(_l("It is handled without publication, so it cannot be merged into a public one."))
    if case.state not in MERGED_FROM:
        raise Conflict(_l("The case has moved on meanwhile. Look at its present state and decide again."))
    if not note.strip():
        raise Invalid(_l("Give a reason."), {"note": _l("Write the reason; it is kept in the history.")})
    target = queries.case(queries.case_by_number(into_number, with_sheets=False).id)
    if target.id == case.id or not _takes_in(target):
        raise Invalid(
            _l("Choose another public initiative that still goes on."),
            {"into": _l("Check the number.")},
        )
    need(actor, "initiative.assign", target)
    if case.merge_id is not None or target.merge_id is not None:
        raise Conflict(
            _l("One of the two takes part in another proposal to merge. Wait for the answers to that.")
        )
    merge = Merge(
        municipality_id=case.municipality_id,
        initiative_id=case.id,
        into_id=target.id,
        user_id=actor.user_id,
        at=clock.now(),
        reason=note.strip(),
        until=case.local_today + timedelta(days=rules.MERGE_DAYS),
        outcome=MergeState.OPEN,
    )
    db.session.add(merge)
    db.session.flush()  # The cases and the jobs name it.
    case.merge_id = target.merge_id = merge.id
    for one, other in ((case, target), (target, case)):
        move.record(
            actor, one, "propose", lane=Lane.PUBLIC, note=f"{other.number}\n{merge.reason}", who="leader"
        )
    if not _conclude(merge, case, target):
        plan_merge(merge)
        _ask(merge, case, target)
    _shown_anew(case, target)


def _takes_in(target: Initiative) -> bool:
    """Whether another case can go on in this one: everybody reads it, and it has not ended."""
    return target.is_public and target.present.phase != "ended"


def plan_merge(merge: Merge) -> None:
    """Write the due work of a proposal: the reminder, and the end of the time to answer."""
    zone = tenancy.town_by_id(merge.municipality_id).zone
    reminded = datetime.combine(merge.until - timedelta(days=rules.MERGE_REMINDED), REMINDER_HOUR)
    for over, due_at in (
        (False, to_utc(reminded, zone)),
        (True, deadline_instant(merge.until, zone)),
    ):
        jobs.enqueue(
            "initiative.merge",
            {"initiative": merge.initiative_id, "merge": merge.id, "over": over},
            due_at=due_at,
            dedupe=f"initiative.merge:{merge.id}:{over}",
        )


def _ask(merge: Merge, case: Initiative, target: Initiative, *, again: bool = False) -> None:
    """Ask those authors who have not answered."""
    if merge.case_agrees is None:
        messages.merge_asked(case, target, merge, joins=True, again=again)
    if merge.into_agrees is None:
        messages.merge_asked(target, case, merge, joins=False, again=again)


def _shown_anew(*cases: Initiative) -> None:
    for case in cases:
        case.updated_at = clock.now()
        events.tell("content.changed", case)


def party(case: Initiative, agrees: bool | None) -> Party:
    """The author of a case, as one who has a say in a merge."""
    author = case.author
    if author is None:
        return Party("nobody", agrees)
    if author.user_id or author.email_sealed or author.phone_sealed or author.postal_sealed:
        return Party("told", agrees)
    return Party("looks" if author.code_hash else "nobody", agrees)


def _conclude(merge: Merge, case: Initiative, target: Initiative, *, over: bool = False) -> bool:
    """Carry out what follows from the answers; whether the proposal has come to its end."""
    parties = (party(case, merge.case_agrees), party(target, merge.into_agrees))
    outcome = rules.merge_outcome(parties, over=over)
    if outcome == "done":
        _merge(merge, case, target)
    elif outcome:
        _stop(merge, case, target, MergeState(outcome))
    return bool(outcome)


def _merge(merge: Merge, case: Initiative, target: Initiative) -> None:
    _close(merge, case, target, MergeState.DONE)
    case.merge_consented, case.merged_into_id = True, target.id
    move.run(system(case), case, "merge", note=merge.reason, who="leader")
    content.link(case, Initiative.KIND, target.id, "merged")
    target.joined_count += 1
    target.version += 1
    move.record(system(target), target, "joined", lane=Lane.PUBLIC, note=case.number or "", who="leader")
    messages.supporters_asked(case, merge.reason)
    messages.joined(target, case, merge.reason)
    messages.merge_answered(case, target, MergeState.DONE, "")
    _shown_anew(target)


def _stop(merge: Merge, case: Initiative, target: Initiative, state: MergeState, words: str = "") -> None:
    """End it without a merge. `words`: the office's reason of taking it back, read by everybody."""
    unwilling = [
        one for one, agrees in ((case, merge.case_agrees), (target, merge.into_agrees)) if agrees is False
    ]
    _close(merge, case, target, state)
    if state is MergeState.EXPIRED:
        messages.merge_answered(case, target, state, "")
    for one, other in ((case, target), (target, case)):
        if state is not MergeState.DROPPED:
            move.record(system(one), one, "no_merge", lane=Lane.PUBLIC, note=other.number or "", who="system")
        if one not in unwilling:
            messages.merge_off(one, other, state, words)
    _shown_anew(case, target)


def _close(merge: Merge, case: Initiative, target: Initiative, state: MergeState) -> None:
    merge.outcome, merge.ended_at = state, clock.now()
    case.merge_id = target.merge_id = None


def _pair(merge: Merge) -> tuple[Initiative, Initiative]:
    """The case that would go on in the other, and that one; read for changing."""
    return queries.case_in_merge(merge.initiative_id), queries.case(merge.into_id)


def _open_of(case: Initiative) -> tuple[Merge, Initiative, Initiative]:
    """The open proposal of a case with both its cases. Raises Conflict when there is none any more."""
    merge = queries.merge_by_id(case.merge_id) if case.merge_id is not None else None
    if merge is None or merge.outcome is not MergeState.OPEN:
        raise Conflict(OVER)
    return merge, *_pair(merge)


@use_case("initiative.own", code="initiative.merge_answered", load=queries.case_in_merge)
def answer_merge(actor: Actor, case: Initiative, merge_id: int, words: str, *, agrees: bool) -> None:
    """An author says yes or no to the proposal that was read; for both cases where both are theirs. A no ends it.

    Raises Conflict when that proposal is over, Invalid for a no without a sentence.
    """
    if case.merge_id != merge_id:
        raise Conflict(OVER)
    merge, one, other = _open_of(case)
    if not agrees and not words.strip():
        raise Invalid(_l("Say in one sentence why not."), {"note": _l("Say in one sentence why not.")})
    before = merge.case_agrees, merge.into_agrees
    if one.id == case.id or policy.owns(actor, one):
        merge.case_agrees = agrees
    if other.id == case.id or policy.owns(actor, other):
        merge.into_agrees = agrees
    if before == (merge.case_agrees, merge.into_agrees):
        return
    who = speaker(actor, case)
    # Read by the author and the team: nobody has checked the words for names and numbers.
    move.record(actor, case, "agree" if agrees else "object", lane=Lane.AUTHOR, note=words, who=who)
    audit.note(f"initiative:{case.id}", agrees=agrees)
    if not agrees:
        messages.merge_answered(case, other if one.id == case.id else one, MergeState.REFUSED, words.strip())
    _conclude(merge, one, other)


@use_case("initiative.assign", code="initiative.merge_dropped", load=queries.case_in_merge)
def drop_merge(actor: Actor, case: Initiative, note: str) -> None:
    """Take the proposal back with a reason that everybody reads; from either of the two cases."""
    merge, one, other = _open_of(case)
    if not note.strip():
        raise Invalid(_l("Give a reason."), {"note": _l("Write the reason; it is kept in the history.")})
    for each in (one, other):
        move.record(actor, each, "drop_merge", lane=Lane.PUBLIC, note=note, who="leader")
    _stop(merge, one, other, MergeState.DROPPED, note.strip())


@use_case("initiative.assign", code="initiative.merge_timed", load=queries.case_in_merge)
def time_merge(actor: Actor, case: Initiative, merge_id: int, *, over: bool) -> None:
    """Two days are left: ask once more those who have not answered. Or the time is up (`over`): conclude."""
    if case.merge_id != merge_id:
        return  # It came to its end before.
    merge, one, other = _open_of(case)
    if over:
        _conclude(merge, one, other, over=True)
    else:
        _ask(merge, one, other, again=True)


def merge_moved(fact: events.Fact) -> None:
    """After every move: a proposal that no longer fits falls, what was split off leaves the joint page, and nothing stays in one that is gone.

    Listens to `initiative.moved`.
    """
    case: Initiative = fact.thing
    step = fact.values["step"]
    if step.from_state == "merged" and case.merged_into_id is not None:
        _part(case)
    if case.joined_count and (case.state == "withdrawn" or not case.is_public):
        _part_all(case)
    if case.merge_id is None:
        return
    merge, one, other = _open_of(case)
    if one.state not in MERGED_FROM or not _takes_in(other):
        _stop(merge, one, other, MergeState.OVERTAKEN)


def _part_all(target: Initiative) -> None:
    """Nobody reads the joint page any more: what goes on in it goes on by itself, before it is lost with it."""
    with speaking(tenancy.town_by_id(target.municipality_id).language):
        why = _("The initiative it was merged into was taken back or is no longer public.")
    for one in queries.joined_to([target.id]):
        if one.merged_into_id == target.id:
            move.run(system(target), queries.case(one.id), "split", note=why, who="system")


def _part(case: Initiative) -> None:
    target = queries.case(case.merged_into_id or 0)
    case.merged_into_id, case.merge_consented = None, False
    target.joined_count -= 1
    target.version += 1
    move.record(system(target), target, "left", lane=Lane.PUBLIC, note=case.number or "", who="leader")
    _shown_anew(target)


@use_case("initiative.assign", code="initiative.split", load=queries.case)
def split(actor: Actor, case: Initiative, note: str) -> None:
    """Undo a merge: it goes on by itself. Who moved their support to the joint page keeps it there."""
    move.run(actor, case, "split", note=note, who="leader")


@use_case("initiative.join", code="initiative.support_moved", load=queries.case_to_join)
def move_support(actor: Actor, case: Initiative) -> Initiative:
    """Move one's support to where a merged or referred case goes on, where it counts once; the answer is that one.

    Moved already, it stays. Raises Conflict when the case goes on by itself, Missing when there was none to move.
    """
    if not goes_on_elsewhere(case):
        raise Conflict(_l("It goes on by itself again, and your support stays with it."))
    target = queries.goes_on_in(case)
    need_public(target)
    person = content.person_of_user(user_of(actor))
    mine = Support.initiative_id == case.id, Support.person == person
    given_at = db.session.scalar(delete(Support).where(*mine).returning(Support.at))
    if given_at is None:
        with tenancy.within(target.municipality_id):
            if queries.supports(target.id, person):
                return target
        raise Missing
    count(case, support_count=-1)
    zone = tenancy.town_by_id(case.municipality_id).zone
    if not _supported_in(target, person, actor, given_at):
        figures.supported(case, ONLINE, local_day(given_at, zone), -1)
    elif target.municipality_id != case.municipality_id:
        figures.supported(case, ONLINE, local_day(given_at, zone), -1)
        there = tenancy.town_by_id(target.municipality_id).zone
        figures.supported(target, ONLINE, local_day(given_at, there), 1)
    return target


def goes_on_elsewhere(case: Initiative) -> bool:
    """Whether it goes on in another case: merged, or referred to a municipality of the portal."""
    if case.state == "merged":
        return case.merged_into_id is not None
    return case.state == "transferred" and case.referred_to_id is not None


def _supported_in(target: Initiative, person: str, actor: Actor, given_at: datetime) -> bool:
    """Count a support that was given elsewhere; whether it is one more there."""
    db.session.flush()  # The session writes rows of one municipality at a time.
    with tenancy.within(target.municipality_id):
        inserted = insert_or_keep(
            Support,
            municipality_id=target.municipality_id,
            initiative_id=target.id,
            person=person,
            user_id=actor.user_id,
            at=given_at,
        )
        if inserted:
            count(target, support_count=1)
            supporting.weigh(target, target.support_count + 1)
            db.session.flush()
    return inserted
