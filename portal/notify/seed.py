"""Demo messages: one of every way and every end, as the desk shows them. Demo and test mode only.

Written as the worker would have left them; nothing of them is sent. People are invented, and no number exists.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from portal.core import calendar, clock, tenancy
from portal.core.db import db
from portal.core.jobs import Job
from portal.core.sealed import new_row_id
from portal.core.tenancy import Town
from portal.notify import outbox
from portal.notify.channels import FIRST_GATE
from portal.notify.kinds import Channel, Delivery, Outcome, Report
from portal.notify.models import Attempt, LetterBatch, Notice, NoticeText, SmsDay
from portal.notify.outbox import Recipient
from portal.notify.render import order_of, render
from portal.notify.values import Value

Step = tuple[Outcome, float, str]
"""What happened, how many hours ago, and the error or note that stayed."""
MAIL_GONE = "550 5.1.1 <…>: no such user"
GATE_DOWN = "SMS gate first: URLError: connection refused"


@dataclass(frozen=True, slots=True)
class Told:
    """A message that an office might have sent: its kind, values, what it is about."""

    code: str
    values: dict[str, Value]
    about: tuple[str, int]


@dataclass(frozen=True, slots=True)
class Scene:
    """How one message went: `hours` ago it was written; SMS with the report of their gate."""

    channel: Channel
    state: Delivery
    hours: float
    steps: tuple[Step, ...] = ()
    report: Report | None = None
    unreached: int = 0
    due_in: int | None = None
    batch: bool = False


LETTER, PHONE, SMS, MAIL = Channel.LETTER, Channel.PHONE, Channel.SMS, Channel.MAIL
SCENES = (
    Scene(MAIL, Delivery.SENT, 80, ((Outcome.SENT, 80, ""),)),
    Scene(MAIL, Delivery.DEAD, 30, ((Outcome.REFUSED, 30, MAIL_GONE),)),
    Scene(SMS, Delivery.SENT, 20, ((Outcome.SENT, 20, ""), (Outcome.ARRIVED, 19.9, "")), Report.DELIVERED),
    Scene(SMS, Delivery.SENT, 6, ((Outcome.SENT, 6, ""), (Outcome.ARRIVED, 5.9, "")), Report.DELIVERED),
    Scene(SMS, Delivery.DEAD, 9, ((Outcome.SENT, 9, ""), (Outcome.LOST, 8, "")), Report.UNDELIVERED),
    Scene(MAIL, Delivery.SENT, 26, ((Outcome.FAILED, 26, GATE_DOWN), (Outcome.REROUTED, 25, ""), (Outcome.SENT, 25, ""))),
    Scene(LETTER, Delivery.WAITING, 50, ((Outcome.PRINTED, 3, ""),), batch=True),
    Scene(LETTER, Delivery.WAITING, 49, ((Outcome.PRINTED, 3, ""),), batch=True),
    Scene(LETTER, Delivery.WAITING, 12),
    Scene(LETTER, Delivery.WAITING, 5),
    Scene(LETTER, Delivery.DONE, 150, ((Outcome.DONE, 100, ""),)),
    Scene(PHONE, Delivery.WAITING, 28),
    Scene(PHONE, Delivery.WAITING, 75, ((Outcome.UNREACHED, 52, ""), (Outcome.UNREACHED, 27, "")), unreached=2, due_in=0),
    Scene(PHONE, Delivery.WAITING, 30, ((Outcome.UNREACHED, 4, ""),), unreached=1, due_in=1),
)  # fmt: skip


def plant(town: Town, told: Sequence[Told], names: Sequence[str]) -> None:
    """Write the scenes, one message each as far as there are any; joins the transaction, in the town's scope."""
    batch = LetterBatch(
        id=new_row_id(), made_at=clock.now() - timedelta(hours=3), made_by=None, letters=2, posted_at=None
    )
    db.session.add(batch)
    db.session.flush()
    for number, (scene, message) in enumerate(zip(SCENES, told, strict=False)):
        _write(
            town, scene, message, _person(town, scene.channel, names[number % len(names)], number), batch.id
        )
    db.session.add(
        NoticeText(
            id=new_row_id(),
            code=told[0].code,
            locale=town.language,
            version=1,
            subject="",
            extra="",
            signature="{office}",
            body="",
            sms="",
            made_at=clock.now() - timedelta(days=30),
            made_by=None,
        )
    )
    db.session.add(SmsDay(place=town.id, day=clock.today(town.zone), parts=4))


def _person(town: Town, channel: Channel, name: str, number: int) -> Recipient:
    phone = f"+48 00 {200 + number} 00 {10 + number}"
    if channel is Channel.MAIL:
        return Recipient(locale=town.language, email=f"osoba{number}@poczta.example", name=name)
    if channel is Channel.LETTER:
        street = "Zkušební" if town.country == "CZ" else "ul. Próbna"
        place = f"{street} {number + 1}\n00-000 {town.names.get(town.language, town.slug)}"
        return Recipient(locale=town.language, postal=f"{name}\n{place}", name=name)
    return Recipient(locale=town.language, phone=phone, name=name)


def _write(town: Town, scene: Scene, told: Told, person: Recipient, batch_id: int) -> None:
    key = f"demo:{town.id}:{scene.channel}:{scene.hours}"
    outbox.send(told.code, person, told.values, told.about, dedupe=key)
    notice = db.session.scalars(select(Notice).where(Notice.dedupe == key)).one()
    now = clock.now()
    notice.channel = scene.channel
    notice.state = Delivery(scene.state)  # How a message fares is no workflow.
    notice.created_at = now - timedelta(hours=scene.hours)
    text = render(order_of(notice))
    notice.subject, notice.body, notice.html = text.subject, text.body, text.html
    notice.unreached = scene.unreached
    notice.batch_id = batch_id if scene.batch else None
    if scene.due_in is not None:
        notice.due_on = calendar.add_working_days(clock.today(town.zone), scene.due_in, town.country)
    if scene.state in (Delivery.SENT, Delivery.DONE) or scene.report:
        notice.sent_at = notice.created_at
    if scene.channel is Channel.SMS:
        notice.gate, notice.parts, notice.report = FIRST_GATE, 1, scene.report
        notice.reported_at = notice.created_at if scene.report else None
    db.session.add_all(_attempt(notice.id, step, now) for step in scene.steps)
    # What has come to its end, or waits for a person, needs no worker.
    db.session.execute(delete(Job).where(Job.dedupe == outbox.job_key(notice.id)))
    db.session.flush()


def _attempt(notice_id: int, step: Step, now: datetime) -> Attempt:
    outcome, hours, words = step
    return Attempt(
        id=new_row_id(),
        municipality_id=tenancy.current_id(),
        notice_id=notice_id,
        at=now - timedelta(hours=hours),
        outcome=outcome,
        error=words or None,
    )
