"""Due work of messages: send one, fan out to many, and a daily look for what fell between two stools."""

from datetime import timedelta
from typing import Any

from sqlalchemy import String, cast, literal, or_, select, update

from portal.core import clock, tenancy
from portal.core.db import db, writing
from portal.core.jobs import Job
from portal.notify import outbox
from portal.notify.delivery import deliver, own_scope
from portal.notify.kinds import Channel, Delivery
from portal.notify.models import Notice
from portal.notify.values import unpack

BATCH = 200
"""Recipients written in one transaction: others wait for the writer's turn meanwhile."""
ORPHAN_AFTER = timedelta(hours=1)


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
                    outbox.send(payload["code"], person, values, about, dedupe=dedupe)


def sweep() -> None:
    """Give messages without a job a new one, mark those whose job died.

    A message and its job are written together, so this finds something only after a job's last worker
    was killed, or after somebody has meddled with the rows.
    """
    with tenancy.unscoped("a daily look over the messages of every municipality"):
        _mend_orphans()


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
