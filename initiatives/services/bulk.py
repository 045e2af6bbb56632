"""One act on many cases: each is a use case of its own, and for ten minutes the whole of it can be taken back.

A case that changed since it was seen, or may not take the step, is left and named; nothing hangs together but
the record of the act. What the cases would tell people is held back until nobody can undo it any more. A request
works for a moment and leaves the rest to a job, so that no page waits for five hundred commits.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from time import monotonic
from typing import Any

from sqlalchemy import delete, select, update

from initiatives import queries, rules
from initiatives.models import BulkAct, BulkItem, Done, Initiative, Outcome, Reviewer
from initiatives.services import realising, referring, replies, settling, team
from initiatives.states import BULK, BULK_ENDS_PROPOSAL, WORKFLOW
from portal.content import move
from portal.content import queries as content_queries
from portal.content import services as content
from portal.core import audit, clock, events, jobs, tenancy
from portal.core.actor import Actor
from portal.core.db import db, writing
from portal.core.errors import Busy, Conflict, Invalid, Missing, NotAllowed, PortalError
from portal.core.i18n import Text
from portal.core.i18n import lazy_gettext as _l
from portal.core.usecase import once, use_case
from portal.core.workflow import Lane
from portal.notify import outbox
from portal.notify.values import pack

BULK_MOST = 500
"""Cases of one act: what a leader looks through at once, and the worker does in half a minute."""
UNDO = timedelta(minutes=10)
GRACE = timedelta(minutes=1)
"""Messages wait a minute longer than the button, so that neither has to hurry."""
FIRST_JOB = timedelta(seconds=3)
"""A request works by itself for a moment; the job finds what it left."""
KEPT_DAYS = 30
"""How long it is kept what a bulk act did; the steps stand in the histories for good."""

CHANGED = _l("Somebody changed it meanwhile.")
GONE = _l("It is not there any more, or not open to you.")
Values = dict[str, Any]
Act = Callable[[Actor, int, Values], None]


def _step(verb: str, permission: str, code: str, act: Act) -> Callable[[Actor, int, int], None]:
    """The use case that takes one case of a bulk act along, with the audit code it has alone."""

    @use_case(permission, code=code, load=queries.case_to_refer if verb == "transfer" else queries.case)
    def step(actor: Actor, case: Initiative, bulk_id: int) -> None:
        bulk, item = _locked(bulk_id, case.id)
        if item.outcome is not Done.WAITING or bulk.undone_at is not None:
            return  # Another worker was first, or it was taken back.
        if case.version != item.seen:
            raise Conflict(CHANGED)
        if verb in BULK_ENDS_PROPOSAL and (refusal := rules.has_no_merge_proposal(case)):
            raise Conflict(refusal)
        item.before = _standing(case)
        note, language = replies.for_each(case, verb, bulk.values)
        with (
            outbox.holding(hold_key(bulk_id), bulk.undo_until + GRACE),
            move.worded_from(case.about, bulk.values.get("template", ""), language),
        ):
            act(actor, case.id, {**bulk.values, "note": note})
        item.outcome, item.after = Done.MOVED, case.version
        audit.note(f"initiative:{case.id}", bulk=bulk_id)

    return step


def _assign(actor: Actor, case_id: int, values: Values) -> None:
    team.assign(
        actor, case_id, values["department"], values["lead"], values["reviewers"], values.get("note", "")
    )


STEPS = {
    "assign": _step("assign", "initiative.assign", "initiative.assigned", _assign),
    "reply": _step(
        "reply", "initiative.moderate", "initiative.answered", lambda a, i, v: team.reply(a, i, v["note"])
    ),
    "publish": _step(
        "publish",
        "initiative.moderate",
        "initiative.published",
        lambda a, i, v: team.publish(a, i, v["note"]),
    ),
    "send_back": _step(
        "send_back",
        "initiative.moderate",
        "initiative.returned",
        lambda a, i, v: team.send_back(a, i, v["note"]),
    ),
    "hold": _step(
        "hold", "initiative.moderate", "initiative.held", lambda a, i, v: team.hold(a, i, v["note"])
    ),
    "start_purpose": _step(
        "start_purpose",
        "initiative.assess",
        "initiative.study_started",
        lambda a, i, _v: team.start_study(a, i, "start_purpose"),
    ),
    "start_feasibility": _step(
        "start_feasibility",
        "initiative.assess",
        "initiative.study_started",
        lambda a, i, _v: team.start_study(a, i, "start_feasibility"),
    ),
    "resume": _step(
        "resume", "initiative.recommend", "initiative.resumed", lambda a, i, _v: team.resume(a, i)
    ),
    "transfer": _step(
        "transfer",
        "initiative.assign",
        "initiative.transferred",
        lambda a, i, v: referring.transfer(a, i, v["to"], v["note"], v.get("town", "")),
    ),
    "start": _step(
        "start",
        "initiative.realise",
        "initiative.realised",
        lambda a, i, v: realising.realise(a, i, "start", v["note"], progress=v["progress"]),
    ),
}
"""What carries each verb of `states.BULK` out, by the service that does it for one case."""


def hold_key(bulk_id: int) -> str:
    """The name under which the messages of a bulk act are held."""
    return f"initiative.bulk.{bulk_id}"


@use_case("initiative.assign", code="initiative.bulk_begun")
def start_bulk(
    actor: Actor, verb: str, values: Values, seen: Sequence[tuple[int, int]], query: str, key: str
) -> int:
    """Write down what is to be done with which cases; its id, the same for a repeated post.

    `values` are those of the verb's form, `seen` pairs of case and the version that was looked at, `query` the
    list they were ticked in. `work_bulk` carries it out, and a job what that leaves. Raises Invalid without
    a case, or with more than BULK_MOST.
    """
    if verb not in BULK:
        raise Missing
    wanted = dict(seen)
    there = set(db.session.scalars(select(Initiative.id).where(Initiative.id.in_(wanted))))
    chosen = [(case_id, version) for case_id, version in wanted.items() if case_id in there]
    if not chosen:
        raise Invalid(_l("Tick at least one case in the list."))
    if len(chosen) > BULK_MOST:
        raise Invalid(_l("These are too many at once. Narrow the list first."))

    def write() -> int:
        now = clock.now()
        bulk = BulkAct(
            municipality_id=actor.municipality_id,
            user_id=actor.user_id,
            at=now,
            verb=verb,
            values=values,
            query=query,
            cases=len(chosen),
            undo_until=now + UNDO,
        )
        db.session.add(bulk)
        db.session.flush()  # The items name it.
        db.session.add_all(
            BulkItem(
                municipality_id=actor.municipality_id,
                bulk_id=bulk.id,
                initiative_id=case_id,
                seen=version,
                outcome=Done.WAITING,
            )
            for case_id, version in chosen
        )
        _go_on(bulk.id, "do")
        audit.note(f"bulk:{bulk.id}", verb=verb, cases=len(chosen))
        return bulk.id

    made: int = once("initiative.bulk", key, write)
    return made


@use_case("initiative.assign", code="initiative.bulk_undone")
def undo_bulk(actor: Actor, bulk_id: int) -> None:
    """Take a whole bulk act back: from here on its messages wait, and `work_bulk` puts case after case back.

    Harmless the second time. Raises Conflict when its minutes are over: people have been told by then.
    """
    bulk = _locked_act(bulk_id)
    if bulk.undone_at is not None:
        return
    now = clock.now()
    if now >= bulk.undo_until:
        raise Conflict(
            _l("It can no longer be taken back as a whole: the messages are out. Correct single cases.")
        )
    bulk.undone_at, bulk.undone_by = now, actor.user_id
    unbegun = update(BulkItem).where(BulkItem.bulk_id == bulk_id, BulkItem.outcome == Done.WAITING)
    db.session.execute(
        unbegun.values(outcome=Done.LEFT, why=_packed(_l("The act was taken back before its turn.")))
    )
    outbox.hold_until(hold_key(bulk_id), now + UNDO)
    _go_on(bulk_id, "undo")
    audit.note(f"bulk:{bulk_id}", verb=bulk.verb)


@use_case("initiative.assign", code="initiative.bulk_case_undone", load=queries.case_to_refer)
def _put_back(actor: Actor, case: Initiative, bulk_id: int) -> None:
    """Put one case back to where it stood before, as a step of its history that tells nobody.

    Raises Conflict when it changed meanwhile, here or in the municipality it was referred to.
    """
    bulk, item = _locked(bulk_id, case.id)
    if item.outcome is not Done.MOVED:
        return
    if case.version != item.after:
        raise Conflict(CHANGED)
    before = item.before
    if bulk.verb == "transfer":
        _take_back(actor, case, bulk_id)
    outbox.call_back(hold_key(bulk_id), case.about)
    _restore_people(case, before["reviewers"])
    case.department, case.lead_user_id = before["department"], before["lead"]
    case.returned_once, case.defects = before["returned_once"], before["defects"]
    case.transferred_to, case.progress = before["transferred_to"], before["progress"]
    lane = Lane.AUTHOR if bulk.verb == "reply" else WORKFLOW.move(bulk.verb).lane
    if before["state"] == case.state:
        move.record(actor, case, move.UNDO, lane=lane, who="leader")
        case.version += 1
        events.tell("content.changed", case)
    else:
        move.put_back(actor, case, before["state"], lane=lane, who="leader")
    settling.set_outcome(case, Outcome(before["outcome"]))
    case.updated_at = clock.now()
    content.restore_deadlines(case, before["clocks"])
    if before["untouched"]:
        case.untouched_version = case.version
    item.outcome = Done.UNDONE
    audit.note(f"initiative:{case.id}", bulk=bulk_id)


def _take_back(actor: Actor, case: Initiative, bulk_id: int) -> None:
    """End the row in another municipality, whose team was not told of it yet."""
    town_id = case.referred_to_id
    there = referring.call_back(actor, case, "", quiet=True)
    if there is not None:
        with tenancy.within(town_id):
            outbox.call_back(hold_key(bulk_id), there)


def work_bulk(actor: Actor, bulk_id: int, seconds: float) -> bool:
    """Carry out, or put back, case after case for so long; whether everything is done.

    `actor` is who began it, or who took it back. Every case commits for itself; where the database is taken,
    the rest waits for the job.
    """
    end = monotonic() + seconds
    while (found := queries.next_of_bulk(bulk_id)) is not None:
        if monotonic() > end:
            return False
        case_id, verb, undoing = found
        try:
            if undoing:
                _put_back(actor, case_id, bulk_id)
            else:
                STEPS[verb](actor, case_id, bulk_id)
        except Busy:
            return False
        except (Conflict, Invalid, Missing, NotAllowed) as problem:
            _leave(bulk_id, case_id, problem, undoing=undoing)
    _finish(bulk_id)
    return True


def give_up_bulk(bulk_id: int) -> None:
    """Leave what is not done yet: whoever began it has no account here any more."""
    while (found := queries.next_of_bulk(bulk_id)) is not None:
        _leave(bulk_id, found[0], NotAllowed(GONE), undoing=found[2])
    _finish(bulk_id)


def end_old_acts(limit: int) -> int:
    """Forget what bulk acts did so long ago; how many, in the transaction at hand."""
    old = db.session.scalars(select(BulkAct.id).where(BulkAct.at < _too_old()).limit(limit)).all()
    db.session.execute(delete(BulkItem).where(BulkItem.bulk_id.in_(old)))
    db.session.execute(delete(BulkAct).where(BulkAct.id.in_(old)))
    return len(old)


def old_acts() -> int:
    """How many there are of them."""
    return len(db.session.scalars(select(BulkAct.id).where(BulkAct.at < _too_old())).all())


def _too_old() -> Any:
    return clock.now() - timedelta(days=KEPT_DAYS)


def _go_on(bulk_id: int, phase: str) -> None:
    due_at = clock.now() + FIRST_JOB
    jobs.enqueue(
        "initiative.bulk", {"bulk": bulk_id}, due_at=due_at, dedupe=f"initiative.bulk:{bulk_id}:{phase}"
    )


def _locked_act(bulk_id: int) -> BulkAct:
    row = db.session.scalar(
        select(BulkAct)
        .where(BulkAct.id == bulk_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise Missing
    return row


def _locked(bulk_id: int, case_id: int) -> tuple[BulkAct, BulkItem]:
    """An act and its row of a case; the row is locked, so that two workers do not take the same step."""
    item = db.session.scalar(
        select(BulkItem)
        .where(BulkItem.bulk_id == bulk_id, BulkItem.initiative_id == case_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if item is None:
        raise Missing
    return queries.bulk_act(bulk_id), item


def _standing(case: Initiative) -> Values:
    """What an act of BULK may change of a case, as plain values."""
    return {
        "state": case.state,
        "department": case.department,
        "lead": case.lead_user_id,
        "reviewers": sorted(case.reviewer_ids),
        "returned_once": case.returned_once,
        "defects": list(case.defects),
        "transferred_to": case.transferred_to,
        "progress": case.progress,
        "outcome": case.outcome.value,
        "untouched": case.is_untouched_import,
        "clocks": [row.id for row in content_queries.open_deadlines(*case.about)],
    }


def _restore_people(case: Initiative, wanted: list[int]) -> None:
    for row in list(case.reviewers):
        if row.user_id not in wanted:
            case.reviewers.remove(row)
            db.session.delete(row)
    for user_id in sorted(set(wanted) - set(case.reviewer_ids)):
        case.reviewers.append(Reviewer(municipality_id=case.municipality_id, user_id=user_id))


def _packed(why: Text) -> str:
    return pack({"why": why})


def _leave(bulk_id: int, case_id: int, problem: PortalError, *, undoing: bool) -> None:
    """Note why a case stays as it is; the act goes on with the next one."""
    before, after = (Done.MOVED, Done.KEPT) if undoing else (Done.WAITING, Done.LEFT)
    row = update(BulkItem).where(
        BulkItem.bulk_id == bulk_id, BulkItem.initiative_id == case_id, BulkItem.outcome == before
    )
    with writing():
        db.session.execute(row.values(outcome=after, why=_packed(problem.reason or GONE)))


def _finish(bulk_id: int) -> None:
    """Say that the last case is done: from now on the minutes for undoing count. Harmless the second time."""
    with writing():
        bulk, now = _locked_act(bulk_id), clock.now()
        if bulk.undone_at is not None and bulk.restored_at is None:
            bulk.restored_at = bulk.finished_at = now
            outbox.hold_until(hold_key(bulk_id), now)  # What could not be put back stands, and is told.
        elif bulk.finished_at is None:
            bulk.finished_at, bulk.undo_until = now, now + UNDO
            outbox.hold_until(hold_key(bulk_id), bulk.undo_until + GRACE)
