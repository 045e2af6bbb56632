"""One message from its row to the channel and back: render once, hand over, note how it fared.

Rendering and delivery happen outside any transaction; only the notes are written, each in a short one. A
message whose worker died after the handing over is handed over again, under the same Message-ID or index.
An SMS that does not get through goes on by e-mail where the person left both (R64).
"""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime

from flask import current_app
from sqlalchemy import select, update

from portal.core import clock, tenancy
from portal.core.config import Settings
from portal.core.db import db, writing
from portal.core.i18n import speaking
from portal.core.sealed import new_row_id
from portal.core.tenancy import Town
from portal.notify import channels, outbox, rules, sms
from portal.notify.channels import DeliveryError, Letter
from portal.notify.kinds import TRIES, Channel, Delivery, Outcome, Report, Trouble
from portal.notify.models import Attempt, Notice
from portal.notify.render import ZONE, Order, Rendered, absolute, order_of, render, reveal, sender, town_of
from portal.notify.values import Value

MAIL_AFTER = 3
"""Tries after which an SMS goes on by e-mail: a quarter of an hour of two gates that do not answer."""
LARGEST_ID = 2**62
"""Ids of rows have 62 bits (`core.sealed.new_row_id`); no database needs to be asked for more."""
ALARMED = "message.alarmed"
"""The audience that hears of a budget nearly used up: administrators of the place and the portal operators."""
BUDGET_NOTICE = "message.budget"


def deliver(notice_id: int) -> None:
    """Send a message that still waits. Raises what stopped it, so that its job is tried again."""
    with own_scope():
        waiting = _waiting(notice_id)
        if waiting is None:
            return
        gate, parts = None, None
        try:
            rendered = waiting.rendered or _keep(waiting)
            if not waiting.order.channel.is_task:
                gate, parts = _hand_over(waiting, rendered)
        except Exception as problem:
            if _failed(notice_id, problem):
                return
            raise
        if not waiting.order.channel.is_task:
            _sent(notice_id, gate, parts)


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
    index: str
    tries: int
    network_key: str | None


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
            index=index_of(notice),
            tries=notice.tries,
            network_key=notice.network_key,
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


def index_of(notice: Notice) -> str:
    """The name of an SMS at its gate: one for all tries, another after a report that it did not arrive."""
    return f"{notice.id:x}.{notice.rounds}"


def _hand_over(waiting: Waiting, rendered: Rendered) -> tuple[str | None, int | None]:
    """Deliver; the gate that took an SMS and how many parts it had."""
    settings: Settings = current_app.extensions["portal.settings"]
    order = waiting.order
    channel = channels.sender(order.channel, settings)
    town = town_of(order.municipality_id)
    if order.channel is Channel.SMS:
        return _hand_over_sms(waiting, rendered, channel, town)
    db.session.close()  # Nothing is read while a server keeps us waiting.
    html = reveal(rendered.html, order) if rendered.html else None
    channel.send(_letter(waiting, rendered, reveal(rendered.body, order), town, html=html))
    return None, None


def _hand_over_sms(
    waiting: Waiting, rendered: Rendered, channel: channels.Sender, town: Town | None
) -> tuple[str | None, int]:
    place = waiting.order.municipality_id or sms.INSTALLATION
    text = rules.sms_text(reveal(rendered.body, waiting.order), folds=sms.rule_of(place).folds)
    length = rules.sms_length(text)
    if length.too_long:
        raise DeliveryError(Trouble.SMS_TOO_LONG, permanent=True)
    if not outbox.takes_sms(waiting.contact):
        raise DeliveryError(Trouble.NO_MOBILE, permanent=True)
    zone = town.zone if town else ZONE
    request = sms.Request(place, zone, waiting.contact, length, waiting.network_key)
    with sms.allowed(request, lambda used, budget: _warn(place, zone, used, budget)):
        db.session.close()
        return channel.send(_letter(waiting, rendered, text, town)), length.parts


def _letter(
    waiting: Waiting, rendered: Rendered, text: str, town: Town | None, *, html: str | None = None
) -> Letter:
    order = waiting.order
    with speaking(order.locale):
        writer = sender(town)
    unsubscribe = order.values.get("unsubscribe")
    return Letter(
        message_id=waiting.message_id,
        to=waiting.contact,
        subject=rendered.subject,
        text=text,
        html=html,
        sender=writer.name,
        reply_to=writer.reply_to,
        unsubscribe=absolute(unsubscribe, order.locale) if unsubscribe else None,
        at=waiting.created_at,
        index=waiting.index,
        tries=waiting.tries,
    )


def _warn(place: int, zone: str, used: int, budget: int) -> None:
    """Tell who can do something about it, once a day; by e-mail, for an SMS would only use up more."""
    day = clock.today(zone).isoformat()
    for person in outbox.audience_of(ALARMED, ("municipality", place)):
        key = outbox.recipient_key(person.email or "")
        values: dict[str, Value] = {"used": used, "budget": budget, "whole": not place}
        outbox.send(BUDGET_NOTICE, person, values, dedupe=f"sms-budget:{place}:{day}:{key}")


def _sent(notice_id: int, gate: str | None, parts: int | None) -> None:
    settings: Settings = current_app.extensions["portal.settings"]
    # The message viewer of the demo shows whole messages; nobody else ever sees a secret again. An SMS keeps
    # its secrets, sealed, until its gate has told that it arrived: until then it may have to be sent anew.
    kept = settings.shows_demo or gate is not None
    emptied = {} if kept else {"values_sealed": None, "html_sealed": None}
    with writing():
        db.session.execute(
            update(Notice)
            .where(Notice.id == notice_id)
            .values(
                state=Delivery.SENT,
                sent_at=clock.now(),
                gate=gate,
                parts=parts,
                report=None,
                reported_at=None,
                network_key=None,
                **emptied,
            )
        )
        record(notice_id, Outcome.SENT)


def _failed(notice_id: int, problem: Exception) -> bool:
    """Note a failure; whether the message has taken another way, so that its job is done."""
    permanent = getattr(problem, "permanent", False)
    # Only our own words: the text of a foreign error may hold what somebody wrote.
    words = str(problem) if isinstance(problem, DeliveryError) else type(problem).__name__
    with writing():
        notice = db.session.scalars(select(Notice).where(Notice.id == notice_id)).one()
        tries = notice.tries + 1
        record(notice_id, Outcome.REFUSED if permanent else Outcome.FAILED, error=words)
        if (permanent or tries >= MAIL_AFTER) and reroute(notice):
            return True
        dead = permanent or tries >= TRIES
        db.session.execute(
            update(Notice)
            .where(Notice.id == notice_id)
            .values(tries=tries, state=Delivery.DEAD if dead else Delivery.FAILED)
        )
    return False


def reroute(notice: Notice) -> bool:
    """Send an SMS by e-mail instead, if the person left an address; joins the transaction."""
    if notice.channel is not Channel.SMS or not notice.email or notice.values is None:
        return False
    notice.channel, notice.state, notice.tries = Channel.MAIL, Delivery.WAITING, 0
    notice.subject = notice.body = notice.html = None
    record(notice.id, Outcome.REROUTED)
    db.session.flush()
    with tenancy.within(notice.municipality_id):  # The job is the municipality's as well.
        outbox.plan(notice.id)
    return True


def take_report(gate: str, index: str, report: Report) -> None:
    """What a gate told of an SMS; harmless when it is told twice, of a message that is gone, or by a stranger's guess.

    One that arrived stays arrived, whatever is told later.
    """
    number, _, rounds = index.partition(".")
    try:
        notice_id = int(number, 16)
    except ValueError:
        return
    if not 0 < notice_id <= LARGEST_ID:
        return
    with tenancy.unscoped("a gate reports on messages of every municipality"), writing():
        notice = db.session.scalar(select(Notice).where(Notice.id == notice_id).with_for_update())
        if notice is None or notice.gate != gate or str(notice.rounds) != rounds:
            return
        if notice.report in (report, Report.DELIVERED):
            return
        notice.report, notice.reported_at = report, clock.now()
        _settle_report(notice, report)


def _settle_report(notice: Notice, report: Report) -> None:
    settings: Settings = current_app.extensions["portal.settings"]
    arrived = report is Report.DELIVERED
    with tenancy.within(notice.municipality_id):
        record(notice.id, Outcome.ARRIVED if arrived else Outcome.LOST)
        if notice.channel is not Channel.SMS or notice.state not in (Delivery.SENT, Delivery.DEAD):
            return  # It has taken another way, or staff have sent it again.
        if arrived:
            notice.state = Delivery.SENT
            if not settings.shows_demo:
                notice.values_sealed = notice.html_sealed = None
        elif not reroute(notice):
            notice.state = Delivery.DEAD
        db.session.flush()


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
