"""One message from its row to the channel and back: render once, hand over, note how it fared.

Rendering and delivery happen outside any transaction; only the notes are written, each in a short one. A
message whose worker died after the handing over is handed over again, under the same Message-ID.
"""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime

from flask import current_app
from sqlalchemy import select, update

from portal.core import clock, tenancy, throttle
from portal.core.config import Settings
from portal.core.db import db, writing
from portal.core.errors import TooMany
from portal.core.i18n import speaking
from portal.core.sealed import new_row_id
from portal.core.throttle import Limit
from portal.notify import channels
from portal.notify.channels import DeliveryError, Letter
from portal.notify.kinds import Channel, Delivery, Outcome
from portal.notify.models import Attempt, Notice
from portal.notify.render import Order, Rendered, absolute, order_of, render, reveal, sender, town_of

TRIES = 20
"""With the pauses of `core.jobs` the last try comes some 13 hours after the first (R63 asks for four)."""
SMS_MINUTE = Limit("sms-minute", 1, 60)
SMS_DAY = Limit("sms-day", 5, 86_400)
SMS_BUDGET = Limit("sms-budget", 1_000, 86_400)
"""SMS per municipality and day; beyond it messages fail and staff see them (R55)."""


def deliver(notice_id: int) -> None:
    """Send a message that still waits. Raises what stopped it, so that its job is tried again."""
    with own_scope():
        waiting = _waiting(notice_id)
        if waiting is None:
            return
        try:
            rendered = waiting.rendered or _keep(waiting)
            if not waiting.order.channel.is_task:
                _hand_over(waiting, rendered)
        except Exception as problem:
            _failed(notice_id, problem)
            raise
        if not waiting.order.channel.is_task:
            _sent(notice_id)


def own_scope() -> AbstractContextManager[None]:
    """The job's municipality; messages of the installation belong to none and need saying so."""
    if tenancy.current_id() is not None:
        return nullcontext()
    return tenancy.unscoped("a message of the installation belongs to no municipality")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message about to go out, read and opened; the transaction that read it is over."""

    order: Order
    contact: str
    message_id: str
    created_at: datetime
    rendered: Rendered | None


def _waiting(notice_id: int) -> Waiting | None:
    notice = db.session.scalar(select(Notice).where(Notice.id == notice_id))
    try:
        if notice is None or notice.state.is_settled:
            return None
        subject, body = notice.subject, notice.body
        return Waiting(
            order=order_of(notice),
            contact=(notice.phone if notice.channel is Channel.SMS else notice.email) or "",
            message_id=notice.message_id,
            created_at=notice.created_at,
            rendered=Rendered(subject, body, notice.html) if subject and body else None,
        )
    finally:
        db.session.close()


def _keep(waiting: Waiting) -> Rendered:
    """Render and keep the text, so that every later try sends the same."""
    rendered = render(waiting.order)
    with writing():
        notice = db.session.scalars(select(Notice).where(Notice.id == waiting.order.id)).one()
        notice.subject, notice.body, notice.html = rendered.subject, rendered.body, rendered.html
    return rendered


def _hand_over(waiting: Waiting, rendered: Rendered) -> None:
    settings: Settings = current_app.extensions["portal.settings"]
    order = waiting.order
    channel = channels.sender(order.channel, settings)
    if order.channel is Channel.SMS:
        _within_budget(waiting)
    town = town_of(order.municipality_id)
    db.session.close()  # Nothing is read while a server keeps us waiting.
    with speaking(order.locale):
        writer = sender(town)
    unsubscribe = order.values.get("unsubscribe")
    channel.send(
        Letter(
            message_id=waiting.message_id,
            to=waiting.contact,
            subject=rendered.subject,
            text=reveal(rendered.body, order),
            html=reveal(rendered.html, order) if rendered.html else None,
            sender=writer.name,
            reply_to=writer.reply_to,
            unsubscribe=absolute(unsubscribe, order.locale) if unsubscribe else None,
            at=waiting.created_at,
        )
    )


def _within_budget(waiting: Waiting) -> None:
    """Fail for now where too many SMS went to this number, or from this municipality."""
    try:
        throttle.hit(SMS_MINUTE, waiting.contact)
        throttle.hit(SMS_DAY, waiting.contact)
        throttle.hit(SMS_BUDGET, waiting.order.municipality_id)
    except TooMany as problem:
        raise DeliveryError("Too many SMS; tried again later.") from problem


def _sent(notice_id: int) -> None:
    settings: Settings = current_app.extensions["portal.settings"]
    # The message viewer of the demo shows whole messages; nobody else ever sees a secret again.
    emptied = {} if settings.shows_demo else {"values_sealed": None, "html_sealed": None}
    with writing():
        db.session.execute(
            update(Notice)
            .where(Notice.id == notice_id)
            .values(state=Delivery.SENT, sent_at=clock.now(), **emptied)
        )
        record(notice_id, Outcome.SENT)


def _failed(notice_id: int, problem: Exception) -> None:
    permanent = getattr(problem, "permanent", False)
    # Only our own words: the text of a foreign error may hold what somebody wrote.
    words = str(problem) if isinstance(problem, DeliveryError) else type(problem).__name__
    with writing():
        notice = db.session.scalars(select(Notice).where(Notice.id == notice_id)).one()
        tries = notice.tries + 1
        dead = permanent or tries >= TRIES
        db.session.execute(
            update(Notice)
            .where(Notice.id == notice_id)
            .values(tries=tries, state=Delivery.DEAD if dead else Delivery.FAILED)
        )
        record(notice_id, Outcome.REFUSED if permanent else Outcome.FAILED, error=words)


def record(
    notice_id: int, outcome: Outcome, *, error: str | None = None, user_id: int | None = None, note: str = ""
) -> None:
    """Add to a message's story."""
    attempt = Attempt(
        id=new_row_id(),
        municipality_id=tenancy.current_id(),
        notice_id=notice_id,
        at=clock.now(),
        outcome=outcome,
        error=error,
        user_id=user_id,
    )
    attempt.note = note or None
    db.session.add(attempt)
