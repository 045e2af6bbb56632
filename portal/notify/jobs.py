"""Due work of messages: send one, fan out to many, the daily summaries, and a look for what fell between two stools."""

from datetime import timedelta
from typing import Any

from flask import current_app
from sqlalchemy import String, cast, delete, literal, or_, select, update

from portal.core import clock, tenancy
from portal.core.db import db, writing
from portal.core.jobs import Job, as_job
from portal.notify import outbox, summaries
from portal.notify.delivery import deliver, own_scope
from portal.notify.kinds import Channel, Delivery
from portal.notify.models import LetterBatch, Notice
from portal.notify.values import unpack

BATCH = 200
"""Recipients written in one transaction: others wait for the writer's turn meanwhile."""
ORPHAN_AFTER = timedelta(hours=1)
BATCH_KEPT = timedelta(days=30)
"""How long a batch of letters stays when no letter of it is kept any more."""
UNREPORTED = timedelta(days=4)
"""How long an SMS keeps its secrets while no report comes; gates give up after three days at most."""


def send(payload: dict[str, Any]) -> None:
    """Deliver one message; says so on its row, also when it failed."""
    deliver(payload["notice"])


def fan_out(payload: dict[str, Any]) -> None:
    """Write one message for each of an audience; run again after a kill, nobody gets it twice."""
    kind, thing_id = payload["about"]
    about = (str(kind), int(thing_id))
    values = unpack(payload["values"])
    with own_scope():
        people = outbox.audience_of(payload["audience"], about)
        for start in range(0, len(people), BATCH):
            with writing():
                for person in people[start : start + BATCH]:
                    contact = person.email or person.phone or person.postal or ""
                    dedupe = f"{payload['wave']}:{outbox.recipient_key(contact)}"
                    outbox.send(
                        payload["code"],
                        person,
                        values,
                        about,
                        dedupe=dedupe,
                        category=payload.get("category", ""),
                    )


def digest() -> None:
    """Gather what waits for the daily summaries: one message a day for each person and municipality, or none."""
    for town in tenancy.towns().values():
        with as_job("daily summary", town.id):
            waiting = select(Notice.user_id).where(*summaries.ripe()).distinct()
            people = db.session.scalars(waiting).all()
            db.session.close()
            for user_id in people:
                if user_id is not None:
                    with writing():
                        summaries.gather(user_id)


def sweep() -> None:
    """Give messages without a job a new one, mark those whose job died; drop secrets and batches whose time is over.

    A message and its job are written together, so this finds something only after a job's last worker
    was killed, or after somebody has meddled with the rows.
    """
    with tenancy.unscoped("a daily look over the messages of every municipality"):
        _mend_orphans()
        _forget_secrets()
        _drop_batches()


def _mend_orphans() -> None:
    job_of = Job.dedupe == literal("notify.send:") + cast(Notice.id, String)
    statement = (
        select(Notice.id, Notice.municipality_id, Job.dead_at)
        .outerjoin(Job, job_of)
        .where(
            Notice.state.in_((Delivery.WAITING, Delivery.FAILED)),
            Notice.created_at < clock.now() - ORPHAN_AFTER,
            # A letter or call that has its text waits for a person, not for a job.
            or_(Notice.body_sealed.is_(None), Notice.channel.in_((Channel.MAIL, Channel.SMS))),
            or_(Job.id.is_(None), Job.dead_at.is_not(None), Job.done_at.is_not(None)),
        )
    )
    found = db.session.execute(statement).all()
    for notice_id, municipality_id, dead_at in found:
        with writing():
            if dead_at is None:
                with tenancy.within(municipality_id):  # The job is the municipality's as well.
                    outbox.plan(notice_id)
            else:
                dead = update(Notice).where(Notice.id == notice_id).values(state=Delivery.DEAD)
                db.session.execute(dead)


def _forget_secrets() -> None:
    """Empty the secrets of SMS whose gates tell nothing any more."""
    if current_app.extensions["portal.settings"].shows_demo:
        return
    old = (Notice.state == Delivery.SENT, Notice.sent_at < clock.now() - UNREPORTED)
    with writing():
        kept = update(Notice).where(*old, Notice.values_sealed.is_not(None))
        db.session.execute(kept.values(values_sealed=None, html_sealed=None))


def _drop_batches() -> None:
    """Drop batches of letters that hold no letter any more."""
    letters = select(Notice.id).where(Notice.batch_id == LetterBatch.id)
    empty = delete(LetterBatch).where(LetterBatch.made_at < clock.now() - BATCH_KEPT, ~letters.exists())
    with writing():
        db.session.execute(empty)
