"""Decisions under embargo: prepared in a batch, changed at will, and published at one moment.

Until then they lie in tables of their own that nothing public reads. Publishing takes each case through the same
door as a single decision, as whoever prepared it, with a commit of its own; a case that changed since is left and
named. What happened to the batch stands in its log.
"""

from datetime import date, datetime, timedelta
from time import monotonic
from typing import Any

from sqlalchemy import select, update

from initiatives import queries, rules
from initiatives.models import Batch, BatchItem, BatchState, Done, Initiative
from initiatives.services import deciding
from initiatives.services.joining import user_of
from portal.accounts import queries as accounts
from portal.content import services as content
from portal.core import audit, clock, jobs
from portal.core.actor import Actor, acting
from portal.core.db import db, writing
from portal.core.errors import Busy, Conflict, Invalid, Missing, NotAllowed, PortalError
from portal.core.i18n import iso
from portal.core.i18n import lazy_gettext as _l
from portal.core.usecase import once, use_case
from portal.notify.values import pack

NAME_MAX = 120
AHEAD = timedelta(days=92)
"""How far ahead an embargo may end: people wait for these decisions."""
BATCH_MOST = 100
FIRST_JOB = timedelta(seconds=3)

CHANGED = _l("Somebody changed it meanwhile.")
GONE = _l("It is not there any more, or not open to whoever prepared the decision.")
CLOSED = _l("This batch is published or cancelled; nothing of it can be changed any more.")
CHANGED_BATCH = _l("Somebody else changed the batch meanwhile. Look at it again.")
CHANGEABLE = (BatchState.OPEN, BatchState.TIMED)


@use_case("initiative.decide", code="initiative.batch_begun")
def start_batch(actor: Actor, name: str, key: str) -> int:
    """Begin a batch; its id, the same for a repeated post. Raises Invalid."""
    name = " ".join(name.split())
    if not name or len(name) > NAME_MAX:
        reason = _l("Name the batch in at most 120 characters.")
        raise Invalid(reason, {"name": reason})

    def write() -> int:
        batch = Batch(
            municipality_id=actor.municipality_id, name=name, user_id=user_of(actor), at=clock.now()
        )
        batch.log, batch.state, batch.version = [], BatchState.OPEN, 1
        _log(batch, actor, "begun")
        db.session.add(batch)
        db.session.flush()  # Its address names it.
        audit.note(f"batch:{batch.id}")
        return batch.id

    made: int = once("initiative.batch", key, write)
    return made


@use_case("initiative.decide", code="initiative.decision_prepared", load=queries.case)
def prepare_decision(
    actor: Actor,
    case: Initiative,
    batch_id: int,
    verdict: str,
    reasons: str,
    left_out: str = "",
    returns_on: date | None = None,
    *,
    version: int,
    item_version: int = 0,
) -> None:
    """Put a decision into a batch, or change it: its reasons and all that a single decision says.

    `version` is that of the case it was written for, `item_version` that of the prepared decision (0: none yet).
    Raises Conflict when either changed, or when the case lies in another batch; Invalid for what is missing.
    """
    batch = _changeable(batch_id)
    if case.state != "recommendation":
        raise Conflict(_l("The case has moved on meanwhile. Look at its present state and decide again."))
    content.need_version(case, version)
    _need_words(case, batch, verdict, reasons, left_out, returns_on)
    other = queries.waiting_in_batch(case.id)
    if other is not None and other[0].id != batch.id:
        raise Conflict(_l("Another batch holds a decision on this case already."))
    item = db.session.scalar(
        select(BatchItem).where(BatchItem.batch_id == batch.id, BatchItem.initiative_id == case.id)
    )
    if (item.version if item else 0) != item_version:
        raise Conflict(
            _l("Somebody else changed this meanwhile. Compare both texts and save again."), theirs=item
        )
    if item is None:
        if len(queries.batch_items(batch.id)) >= BATCH_MOST:
            raise Invalid(_l("There are enough decisions in this batch. Begin another one."))
        item = BatchItem(
            municipality_id=case.municipality_id, batch_id=batch.id, initiative_id=case.id, version=0
        )
        item.outcome = Done.WAITING
        db.session.add(item)
    item.user_id, item.seen = user_of(actor), case.version
    item.verdict, item.reasons, item.left_out = verdict, reasons.strip(), left_out.strip()
    item.returns_on = returns_on if verdict == "deferred" else None
    item.version += 1
    audit.note(f"batch:{batch.id}")


@use_case("initiative.decide", code="initiative.decision_unprepared")
def drop_decision(actor: Actor, batch_id: int, case_id: int) -> None:
    """Take a decision out of a batch; the case waits as before. Harmless the second time."""
    batch = _changeable(batch_id)
    item = db.session.scalar(
        select(BatchItem).where(BatchItem.batch_id == batch.id, BatchItem.initiative_id == case_id)
    )
    if item is not None:
        db.session.delete(item)
    audit.note(f"batch:{batch.id}")


@use_case("initiative.decide", code="initiative.batch_timed")
def time_batch(actor: Actor, batch_id: int, publish_at: datetime | None, version: int) -> None:
    """Set, move or lift the moment at which a batch is published. Raises Conflict, Invalid."""
    batch = _changeable(batch_id, version)
    now = clock.now()
    if publish_at is not None and not now < publish_at <= now + AHEAD:
        reason = _l("Choose a moment within the next three months.")
        raise Invalid(reason, {"day": reason})
    if publish_at == batch.publish_at:
        return
    items = queries.batch_items(batch.id)
    if publish_at is not None and not items:
        raise Invalid(_l("There is no decision in this batch yet."))
    for item, _case in items:
        _need_return_after(publish_at, item.verdict, item.returns_on)
    _log(
        batch,
        actor,
        "timed" if batch.publish_at is None else "moved" if publish_at else "untimed",
        batch.publish_at,
        publish_at,
    )
    jobs.cancel(_job_key(batch.id))
    batch.publish_at = publish_at
    batch.state = BatchState.TIMED if publish_at else BatchState.OPEN
    batch.version += 1
    if publish_at is not None:
        payload = {"batch": batch.id, "at": iso(publish_at)}
        jobs.enqueue(
            "initiative.batch", payload, due_at=publish_at, dedupe=f"{_job_key(batch.id)}{batch.version}"
        )
    audit.note(f"batch:{batch.id}")


@use_case("initiative.decide", code="initiative.batch_cancelled")
def cancel_batch(actor: Actor, batch_id: int, version: int) -> None:
    """Give a batch up: nothing of it is published, its cases wait as before; what was prepared stays readable."""
    batch = _changeable(batch_id, version)
    _log(batch, actor, "cancelled", batch.publish_at)
    jobs.cancel(_job_key(batch.id))
    db.session.execute(update(BatchItem).where(BatchItem.batch_id == batch.id).values(outcome=Done.KEPT))
    batch.state, batch.publish_at = BatchState.CANCELLED, None
    batch.version += 1
    audit.note(f"batch:{batch.id}")


@use_case("initiative.decide", code="initiative.batch_released")
def release_batch(actor: Actor, batch_id: int, version: int) -> None:
    """Publish a batch now; `work_batch` and a job carry it out. Raises Conflict, Invalid."""
    batch = _changeable(batch_id, version)
    if not queries.batch_items(batch.id):
        raise Invalid(_l("There is no decision in this batch yet."))
    _log(batch, actor, "released", batch.publish_at)
    batch.published_by = actor.user_id
    _run(batch)
    audit.note(f"batch:{batch.id}")


def release_due(batch_id: int, at: datetime) -> bool:
    """The moment of a batch has come: whether it is to be carried out, now or since an interrupted run."""
    with writing():
        batch = _locked(batch_id)
        if batch.state is BatchState.TIMED and batch.publish_at == at:
            _run(batch, queued=False)
        return batch.state is BatchState.RUNNING


def work_batch(batch_id: int, seconds: float) -> bool:
    """Publish decision after decision for so long, each as whoever prepared it; whether all is done."""
    end = monotonic() + seconds
    while (found := queries.next_of_batch(batch_id)) is not None:
        if monotonic() > end:
            return False
        case_id, user_id = found
        try:
            _decide_as(batch_id, case_id, user_id)
        except Busy:
            return False
        except (Conflict, Invalid, Missing, NotAllowed) as problem:
            _leave(batch_id, case_id, problem)
    with writing():
        batch = _locked(batch_id)
        if batch.state is BatchState.RUNNING:
            batch.state, batch.published_at = BatchState.PUBLISHED, clock.now()
            batch.version += 1
    return True


def _decide_as(batch_id: int, case_id: int, user_id: int) -> None:
    maker = accounts.actor_of(user_id, queries.batch(batch_id).municipality_id)
    if maker is None:
        raise NotAllowed(GONE)
    with acting(maker):
        _publish(maker, case_id, batch_id)


@use_case("initiative.decide", code="initiative.decided", load=queries.case)
def _publish(actor: Actor, case: Initiative, batch_id: int) -> None:
    item = db.session.scalar(
        select(BatchItem)
        .where(BatchItem.batch_id == batch_id, BatchItem.initiative_id == case.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if item is None or item.outcome is not Done.WAITING:
        return  # Another worker was first.
    if case.version != item.seen:
        raise Conflict(CHANGED)
    deciding.decide(actor, case.id, item.verdict, item.reasons, item.left_out, item.returns_on)
    item.outcome = Done.MOVED
    audit.note(f"initiative:{case.id}", batch=batch_id)


def _leave(batch_id: int, case_id: int, problem: PortalError) -> None:
    row = update(BatchItem).where(
        BatchItem.batch_id == batch_id, BatchItem.initiative_id == case_id, BatchItem.outcome == Done.WAITING
    )
    with writing():
        db.session.execute(row.values(outcome=Done.LEFT, why=pack({"why": problem.reason or GONE})))


def _run(batch: Batch, *, queued: bool = True) -> None:
    jobs.cancel(_job_key(batch.id))
    batch.state = BatchState.RUNNING
    batch.version += 1
    if queued:
        payload: dict[str, Any] = {"batch": batch.id, "at": ""}
        due = clock.now() + FIRST_JOB
        jobs.enqueue("initiative.batch", payload, due_at=due, dedupe=f"{_job_key(batch.id)}{batch.version}")


def _need_words(
    case: Initiative, batch: Batch, verdict: str, reasons: str, left_out: str, returns_on: date | None
) -> None:
    if verdict not in ("adopted", "partly_adopted", "deferred", "refused"):
        reason = _l("Choose the decision.")
        raise Invalid(reason, {"verdict": reason})
    if not reasons.strip():
        reason = _l("Write the reasons; they are published.")
        raise Invalid(reason, {"note": reason})
    deciding.need_verdict_words(case, verdict, left_out, returns_on)
    _need_return_after(batch.publish_at, verdict, returns_on)
    refusal = rules.study_complete(case)
    if refusal:
        raise Conflict(refusal)


def _need_return_after(publish_at: datetime | None, verdict: str, returns_on: date | None) -> None:
    """A deferred case returns after its decision is out."""
    if publish_at is None or verdict != "deferred" or returns_on is None:
        return
    if returns_on <= publish_at.date():
        reason = _l("The day on which a deferred case returns must lie after the end of the embargo.")
        raise Invalid(reason, {"returns_on": reason})


def _job_key(batch_id: int) -> str:
    return f"initiative.batch:{batch_id}:"


def _locked(batch_id: int) -> Batch:
    row = db.session.scalar(
        select(Batch).where(Batch.id == batch_id).with_for_update().execution_options(populate_existing=True)
    )
    if row is None:
        raise Missing
    return row


def _changeable(batch_id: int, version: int | None = None) -> Batch:
    batch = _locked(batch_id)
    if batch.state not in CHANGEABLE:
        raise Conflict(CLOSED)
    if version is not None and batch.version != version:
        raise Conflict(CHANGED_BATCH)
    return batch


def _log(
    batch: Batch, actor: Actor, what: str, before: datetime | None = None, after: datetime | None = None
) -> None:
    entry = {"at": iso(clock.now()), "user": actor.user_id, "what": what}
    if before is not None:
        entry["before"] = iso(before)
    if after is not None:
        entry["after"] = iso(after)
    batch.log = [*batch.log, entry]
