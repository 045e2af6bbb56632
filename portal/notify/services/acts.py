"""What staff do with messages: send again what did not arrive, tick off letters and calls."""

from collections.abc import Sequence

from flask import current_app
from sqlalchemy import delete, select, update

from portal.core import audit, clock, readings
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import Conflict
from portal.core.i18n import lazy_gettext as _l
from portal.core.jobs import Job
from portal.core.readings import Why
from portal.core.registry import NoticeCategory
from portal.core.usecase import use_case
from portal.notify import choices, queries
from portal.notify.delivery import record
from portal.notify.kinds import Channel, Choice, Delivery, Outcome, Report
from portal.notify.models import Attempt, Notice
from portal.notify.outbox import job_key, plan
from portal.notify.render import has_marks

BATCH = 500
"""Rows deleted by one statement; engines limit the number of values in it."""


@use_case("message.mute", code="message.muted")
def mute(_actor: Actor, user_id: int, categories: Sequence[NoticeCategory]) -> None:
    """Stop the messages of categories for somebody who pressed the link in one; harmless the second time."""
    for category in categories:
        choices.choose(user_id, category.key, Channel.MAIL, Choice.NEVER)
        choices.choose(user_id, category.key, Channel.SMS, Choice.NEVER)
    audit.note(f"user:{user_id}", category=", ".join(category.key for category in categories))


@use_case("message.read", code="message.opened", load=queries.one)
def note_reading(_actor: Actor, notice: Notice, why: Why) -> None:
    """Somebody of the office reads the address a message goes to: the audit log keeps who, when and why (R35)."""
    readings.record(f"message:{notice.id}", why, queries.case_of(notice)[0])
    audit.note(message=notice.code)


@use_case("message.read", code="message.revived", load=queries.one)
def resend(actor: Actor, notice: Notice) -> None:
    """Try a message again from the start; harmless when it waits already. Raises Conflict when it arrived."""
    if notice.state is Delivery.WAITING:
        return
    if notice.state not in (Delivery.DEAD, Delivery.FAILED):
        raise Conflict(_l("This message has gone out already; it is not sent twice."))
    if notice.values is None and notice.body and has_marks(notice.body):
        raise Conflict(_l("The secret link of this message is no longer kept. Make a new code in the case."))
    audit.note(f"message:{notice.id}", message=notice.code)
    # The gate knows the index of what it took: sent anew under the same one, it would be dropped as a double.
    rounds = notice.rounds + (notice.report is Report.UNDELIVERED)
    anew = {"state": Delivery.WAITING, "tries": 0, "rounds": rounds, "report": None, "reported_at": None}
    db.session.execute(update(Notice).where(Notice.id == notice.id).values(**anew))
    record(notice.id, Outcome.REVIVED, user_id=actor.user_id)
    plan(notice.id)


@use_case("message.read", code="message.revived")
def resend_stopped(actor: Actor) -> int:
    """Try again every mail and SMS that an outage stopped, those that were refused left aside; how many.

    At most BATCH at once; a second press takes the next ones. Those whose secret is no longer kept stay.
    """
    rows = db.session.scalars(
        select(Notice).where(*queries.STOPPED).order_by(Notice.created_at, Notice.id).limit(BATCH)
    ).all()
    ready = [row for row in rows if row.values is not None or not has_marks(row.body or "")]
    for row in ready:
        row.state, row.tries = Delivery.WAITING, 0
        record(row.id, Outcome.REVIVED, user_id=actor.user_id)
    db.session.flush()
    for row in ready:
        plan(row.id)
    audit.note("messages", revived=len(ready))
    return len(ready)


@use_case("message.read", code="message.done", load=queries.one)
def tick_off(actor: Actor, notice: Notice, note: str = "") -> None:
    """A letter was posted or a call made; harmless the second time. Raises Conflict for other messages."""
    if notice.state is Delivery.DONE:
        return
    if not notice.channel.is_task or notice.state is not Delivery.WAITING:
        raise Conflict(_l("This is not a letter or a call that waits to be done."))
    audit.note(f"message:{notice.id}", message=notice.code)
    done(notice.id, actor.user_id, note)


def done(notice_id: int, user_id: int | None, note: str = "") -> None:
    """Note that a letter is posted or a call made; joins the transaction."""
    # The demo's viewer shows whole messages; elsewhere a secret is nobody's once it has gone out.
    kept = {} if current_app.extensions["portal.settings"].shows_demo else {"values_sealed": None}
    db.session.execute(
        update(Notice).where(Notice.id == notice_id).values(state=Delivery.DONE, sent_at=clock.now(), **kept)
    )
    record(notice_id, Outcome.DONE, user_id=user_id, note=note)


def forget(kind: str, case_id: int) -> int:
    """Delete every message about a case with its story; how many. Called by the retention job of its module."""
    about = (Notice.about_kind == kind, Notice.about_id == case_id)
    ids = db.session.scalars(select(Notice.id).where(*about)).all()
    discard(ids)
    return len(ids)


def discard(notice_ids: Sequence[int]) -> None:
    """Delete messages with their story and their jobs; joins the transaction."""
    for start in range(0, len(notice_ids), BATCH):
        ids = notice_ids[start : start + BATCH]
        db.session.execute(delete(Attempt).where(Attempt.notice_id.in_(ids)))
        db.session.execute(delete(Notice).where(Notice.id.in_(ids)))
        db.session.execute(delete(Job).where(Job.dedupe.in_([job_key(notice_id) for notice_id in ids])))
