"""Reading messages: a case's, a desk's, and for the demo everybody's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from flask import current_app
from jinja2 import UndefinedError
from sqlalchemy import ColumnElement, Select, case, func, literal, or_, select, tuple_

from portal.core import clock, tenancy
from portal.core.db import UtcDateTime, db
from portal.core.errors import Missing
from portal.core.i18n import Text
from portal.core.i18n import lazy_pgettext as _pl
from portal.core.paging import Cursor, Direction, Page, decode, page_of
from portal.core.registry import NoticeKind, registry
from portal.notify import channels, sms
from portal.notify.kinds import TRIES, Channel, Delivery, Outcome, Report, trouble
from portal.notify.models import Attempt, LetterBatch, Notice, NoticeText
from portal.notify.outbox import recipient_key
from portal.notify.render import (
    ZONE,
    Order,
    Rendered,
    has_marks,
    mask,
    order_of,
    paragraphs,
    render_with,
    reveal,
)
from portal.notify.rules import ALARM_SHARE, UNREACHED_TWICE, OwnText

PAGE_SIZE = 30
LETTERS_AT_ONCE = 200
"""Letters of one batch, rows of one work list: what somebody prints or calls in a day."""
FREE_LETTERS = (
    Notice.channel == Channel.LETTER,
    Notice.state == Delivery.WAITING,
    Notice.batch_id.is_(None),
    Notice.body_sealed.is_not(None),
)
"""Letters that wait, have their text and are in nobody's hands."""
STOPPED = (
    Notice.channel.in_((Channel.MAIL, Channel.SMS)),
    Notice.state == Delivery.DEAD,
    Notice.tries >= TRIES,
    Notice.report.is_(None),
)
"""Dead letters that nobody refused: every try failed, for hours on end."""
LOOK_BACK = timedelta(hours=24)
PATIENCE = timedelta(hours=1)
WELL_SHARE, FEW = 0.8, 10
"""A gate that delivers fewer needs a look, once it has had more than a handful."""


class Box(StrEnum):
    """How the desk sorts its messages."""

    ALL = "all"
    WAITING = "waiting"
    FAILED = "failed"
    DEAD = "dead"
    LETTERS = "letters"
    CALLS = "calls"
    SENT = "sent"
    DONE = "done"

    @property
    def label(self) -> Text:
        """Its name for readers."""
        return _BOXES[self]

    @property
    def is_counted(self) -> bool:
        """Whether its number says that something is to be done; those boxes stay small."""
        return self in (Box.FAILED, Box.DEAD, Box.LETTERS, Box.CALLS)


_BOXES: dict[Box, Text] = {
    Box.ALL: _pl("messages", "All"),
    Box.WAITING: _pl("messages", "Waiting"),
    Box.FAILED: _pl("messages", "To be tried again"),
    Box.DEAD: _pl("messages", "Not delivered"),
    Box.LETTERS: _pl("messages", "Letters to post"),
    Box.CALLS: _pl("messages", "Calls to make"),
    Box.SENT: _pl("messages", "Sent"),
    Box.DONE: _pl("messages", "Done by the office"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A message in a list. `to` is whom it reaches as the team may see it."""

    id: int
    at: datetime
    title: Text
    channel: Text
    state: Delivery
    to: str
    subject: str


@dataclass(frozen=True, slots=True)
class CaseMessage:
    """A message as a case's desk shows it."""

    id: int
    at: datetime
    sent_at: datetime | None
    title: Text
    channel: Channel
    state: Delivery
    subject: str
    report: Report | None
    error: str

    @property
    def may_be_resent(self) -> bool:
        """Whether another try makes sense."""
        return self.state in (Delivery.DEAD, Delivery.FAILED)


@dataclass(frozen=True, slots=True)
class AttemptLine:
    """One try, or one act of the staff."""

    at: datetime
    outcome: Text
    error: str
    note: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A whole message for the desk. Secrets show only in a letter or call that is still to be done.

    `case_href` is the case's path without language, or empty.
    """

    line: Line
    channel: Channel
    language: str
    name: str
    email: str
    phone: str
    postal: tuple[str, ...]
    sent_at: datetime | None
    parts: int | None
    report: Text
    reported_at: datetime | None
    keeps_secrets: bool
    paragraphs: tuple[Any, ...]
    attempts: tuple[AttemptLine, ...]
    unreached: int
    due_on: date | None
    batch_id: int | None
    case_number: str
    case_href: str

    @property
    def is_open_task(self) -> bool:
        """Whether somebody of the office has to post or call."""
        return self.channel.is_task and self.line.state is Delivery.WAITING

    @property
    def may_be_resent(self) -> bool:
        """Whether another try makes sense."""
        return self.line.state in (Delivery.DEAD, Delivery.FAILED) and self.keeps_secrets


@dataclass(frozen=True, slots=True)
class Task:
    """A letter or a call of a work list; `to` is masked by the page. `due_on`: the day of a call, none for today."""

    id: int
    at: datetime
    subject: str
    to: str
    name: str
    case_number: str
    due_on: date | None
    unreached: int


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls of an office: to make now, to decide about, and for another day."""

    now: tuple[Task, ...]
    undecided: tuple[Task, ...]
    later: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a printed letter says, its reader's language spoken meanwhile."""

    id: int
    lang: str
    name: str
    postal: tuple[str, ...]
    case_number: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Place:
    """How SMS of a municipality, or of the installation itself, stand today. `slug` is empty for the latter."""

    rule: sms.Rule
    slug: str
    name: str
    used: int

    @property
    def is_alarming(self) -> bool:
        """Whether the budget of today is nearly used up."""
        return self.used >= self.rule.parts_a_day * ALARM_SHARE


@dataclass(frozen=True, slots=True)
class GateHealth:
    """A gate in the last 24 hours: SMS it took, and what it told of them. `silent`: no word for an hour."""

    name: str
    host: str
    taken: int
    delivered: int
    undelivered: int
    silent: int

    @property
    def share(self) -> float | None:
        """Of those it told about, how many arrived; None before it has told anything."""
        told = self.delivered + self.undelivered
        return self.delivered / told if told else None

    @property
    def is_unwell(self) -> bool:
        """Whether somebody should look: many lost, or nothing told of many."""
        lost = self.share is not None and self.share < WELL_SHARE
        return self.taken >= FEW and (lost or self.silent > self.taken * (1 - WELL_SHARE))


@dataclass(frozen=True, slots=True)
class WayHealth:
    """A way out of the whole installation: what waits for its first or next try, what was given up in 24 hours."""

    channel: Channel
    waiting: int
    failing: int
    dead: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class DemoMessage:
    """A whole message, secrets and all, as the demo's viewer shows it."""

    line: Line
    town: str
    language: str
    paragraphs: tuple[Any, ...]


def cursor_of(text: str | None) -> Cursor | None:
    """The place in a list that an address names. Raises Missing for one we did not write."""
    try:
        return decode(text) if text else None
    except ValueError:
        raise Missing from None


def one(notice_id: int) -> Notice:
    """A message of this municipality. Raises Missing."""
    found = db.session.scalar(select(Notice).where(Notice.id == notice_id))
    if found is None:
        raise Missing
    return found


def for_case(kind: str, case_id: int) -> list[CaseMessage]:
    """Everything sent about a case, newest first."""
    rows = db.session.scalars(
        select(Notice)
        .where(Notice.about_kind == kind, Notice.about_id == case_id)
        .order_by(Notice.created_at.desc(), Notice.id.desc())
    )
    found = rows.all()
    errors = _last_errors([row.id for row in found if row.state in (Delivery.DEAD, Delivery.FAILED)])
    return [
        CaseMessage(
            id=row.id,
            at=row.created_at,
            sent_at=row.sent_at,
            title=_title(row),
            channel=row.channel,
            state=row.state,
            subject=_subject(row),
            report=row.report,
            error=errors.get(row.id, ""),
        )
        for row in found
    ]


def _last_errors(notice_ids: Sequence[int]) -> dict[int, str]:
    """Why the newest try of each failed; our own words, no address in them."""
    if not notice_ids:
        return {}
    rows = db.session.execute(
        select(Attempt.notice_id, Attempt.error)
        .where(Attempt.notice_id.in_(notice_ids), Attempt.error.is_not(None))
        .order_by(Attempt.at)
    )
    return {notice_id: trouble(error) for notice_id, error in rows}


def kinds() -> list[NoticeKind]:
    """Every kind of message, those that offices may word first."""
    return sorted(registry.notices.values(), key=lambda kind: (not kind.placeholders, kind.code))


def kind(code: str) -> NoticeKind:
    """A kind that offices may word. Raises Missing."""
    found = registry.notices.get(code)
    if found is None or not found.placeholders:
        raise Missing
    return found


def texts() -> dict[tuple[str, str], NoticeText]:
    """The newest version of each kind and language of this municipality."""
    rows = db.session.scalars(select(NoticeText).order_by(NoticeText.version))
    return {(row.code, row.locale): row for row in rows}


def versions(code: str, locale: str) -> list[NoticeText]:
    """All versions of one, newest first."""
    of_it = (NoticeText.code == code, NoticeText.locale == locale)
    return list(db.session.scalars(select(NoticeText).where(*of_it).order_by(NoticeText.version.desc())))


def preview(code: str, locale: str, channel: Channel, municipality_id: int, own: OwnText) -> Rendered | None:
    """A message of this kind as it would be sent, with the values of its example; None where it has none."""
    found = registry.notices[code]
    order = Order(0, code, channel, locale, municipality_id, dict(found.example), ())
    try:
        return render_with(order, own)
    except UndefinedError:
        return None


def free_letters() -> list[Task]:
    """Letters to be printed, oldest first."""
    return _tasks(*FREE_LETTERS)


def batch(batch_id: int) -> LetterBatch:
    """A batch of this municipality. Raises Missing."""
    found = db.session.scalar(select(LetterBatch).where(LetterBatch.id == batch_id))
    if found is None:
        raise Missing
    return found


def open_batches() -> list[LetterBatch]:
    """Batches printed and not yet posted, newest first."""
    rows = select(LetterBatch).where(LetterBatch.posted_at.is_(None)).order_by(LetterBatch.made_at.desc())
    return list(db.session.scalars(rows.limit(LETTERS_AT_ONCE)))


def letters_of(batch_id: int) -> list[Task]:
    """The letters of a batch that still wait to be posted."""
    return _tasks(Notice.batch_id == batch_id, Notice.state == Delivery.WAITING)


def sheets_of(batch_id: int) -> list[Sheet]:
    """What the letters of a batch say, secrets and all; whoever asks has had the reading logged."""
    rows = db.session.scalars(
        select(Notice)
        .where(Notice.batch_id == batch_id, Notice.state == Delivery.WAITING)
        .order_by(Notice.created_at, Notice.id)
    )
    return [
        Sheet(
            id=row.id,
            lang=row.locale,
            name=row.name or "",
            postal=tuple(filter(None, map(str.strip, (row.postal or "").splitlines()))),
            case_number=case_of(row)[0] if row.about_id else "",
            subject=_subject(row),
            text=_whole(row),
        )
        for row in rows
    ]


def calls(today: date) -> Calls:
    """Calls of this municipality on this local day; those in vain twice wait for a decision."""
    waiting = (Notice.channel == Channel.PHONE, Notice.state == Delivery.WAITING)
    twice = Notice.unreached >= UNREACHED_TWICE
    here = or_(Notice.due_on.is_(None), Notice.due_on <= today)
    return Calls(
        now=tuple(_tasks(*waiting, ~twice, here)),
        undecided=tuple(_tasks(*waiting, twice)),
        later=tuple(_tasks(*waiting, ~twice, Notice.due_on > today)),
    )


UNDECIDED = (
    Notice.channel == Channel.PHONE,
    Notice.state == Delivery.WAITING,
    Notice.unreached >= UNREACHED_TWICE,
)
"""Calls that were in vain twice."""


def count_undecided() -> int:
    """How many calls somebody has to decide about."""
    return db.session.scalar(select(func.count(Notice.id)).where(*UNDECIDED)) or 0


def undecided(limit: int) -> list[Task]:
    """Those that have waited longest."""
    return _tasks(*UNDECIDED, limit=limit)


def _tasks(*criteria: ColumnElement[bool], limit: int = LETTERS_AT_ONCE) -> list[Task]:
    rows = db.session.scalars(
        select(Notice)
        .where(*criteria)
        .order_by(Notice.due_on.is_not(None), Notice.due_on, Notice.created_at, Notice.id)
        .limit(limit)
    )
    return [
        Task(
            id=row.id,
            at=row.created_at,
            subject=_subject(row),
            to=(row.phone if row.channel is Channel.PHONE else row.postal) or "",
            name=row.name or "",
            case_number=case_of(row)[0] if row.about_id else "",
            due_on=row.due_on,
            unreached=row.unreached,
        )
        for row in rows
    ]


def place_of(place: int) -> Place:
    """How SMS of one place stand today. Raises Missing for a municipality that is not there."""
    town = tenancy.town_by_id(place) if place else None
    zone = town.zone if town else ZONE
    day = clock.today(zone)
    return Place(
        sms.rule_of(place), town.slug if town else "", town.name if town else "", sms.used(place, day)
    )


def places() -> list[Place]:
    """The installation first, then every municipality."""
    return [place_of(sms.INSTALLATION), *(place_of(town.id) for town in tenancy.towns().values())]


def gate_health() -> list[GateHealth]:
    """Every gate that is set up, or took an SMS since yesterday; numbers only, across all municipalities."""
    now = clock.now()
    hosts = {gate.name: gate.host for gate in channels.gates(current_app.extensions["portal.settings"])}
    silent = Notice.report.is_(None) & (Notice.sent_at < now - PATIENCE)
    statement = (
        select(
            Notice.gate,
            func.count(),
            _how_many(Notice.report == Report.DELIVERED),
            _how_many(Notice.report == Report.UNDELIVERED),
            _how_many(silent),
        )
        .where(Notice.gate.is_not(None), Notice.sent_at >= now - LOOK_BACK)
        .group_by(Notice.gate)
    )
    with tenancy.unscoped("the portal operator sees figures of every gate"):
        rows = {str(row[0]): tuple(row[1:]) for row in db.session.execute(statement)}
    return [
        GateHealth(name, hosts.get(name, ""), *rows.get(name, (0, 0, 0, 0))) for name in {**hosts, **rows}
    ]


def way_health() -> list[WayHealth]:
    """Mail and SMS of the whole installation; numbers only."""
    fresh = Notice.created_at >= clock.now() - LOOK_BACK
    underway = Notice.state.in_((Delivery.WAITING, Delivery.FAILED))
    statement = (
        select(
            Notice.channel,
            _how_many(Notice.state == Delivery.WAITING),
            _how_many(Notice.state == Delivery.FAILED),
            _how_many((Notice.state == Delivery.DEAD) & fresh),
            func.min(case((underway, Notice.created_at))),
        )
        .where(Notice.channel.in_((Channel.MAIL, Channel.SMS)), underway | fresh)
        .group_by(Notice.channel)
    )
    with tenancy.unscoped("the portal operator sees figures of every way out"):
        rows = {row[0]: tuple(row[1:]) for row in db.session.execute(statement)}
    return [
        WayHealth(channel, *rows.get(channel, (0, 0, 0, None))) for channel in (Channel.MAIL, Channel.SMS)
    ]


def _how_many(criterion: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((criterion, 1), else_=0)), 0)


def in_box(box: Box, cursor: Cursor | None = None, size: int = PAGE_SIZE) -> Page[Line]:
    """A screen of this municipality's messages, newest first."""
    statement = select(Notice).where(*_criteria(box))
    rows = db.session.scalars(_from(statement, cursor, size)).all()
    return _page(rows, size, cursor)


def box_counts() -> dict[Box, int]:
    """How many things are to be done in each counted box."""
    return {box: count(box) for box in Box if box.is_counted}


def count(box: Box) -> int:
    """How many messages a box holds."""
    return db.session.scalar(select(func.count(Notice.id)).where(*_criteria(box))) or 0


def count_stopped() -> int:
    """How many dead letters an outage left behind."""
    return db.session.scalar(select(func.count(Notice.id)).where(*STOPPED)) or 0


def opened(notice_id: int, *, whole: bool = False) -> Opened:
    """One message with its story; `whole`: with the secrets of a letter or call still to be done. Raises Missing."""
    notice = one(notice_id)
    attempts = db.session.scalars(
        select(Attempt).where(Attempt.notice_id == notice_id).order_by(Attempt.at.desc())
    )
    is_open_task = notice.channel.is_task and notice.state is Delivery.WAITING
    text = notice.body or ""
    number, href = case_of(notice)
    return Opened(
        line=_line(notice),
        channel=notice.channel,
        language=notice.locale,
        name=notice.name or "",
        email=notice.email or "",
        phone=notice.phone or "",
        postal=tuple((notice.postal or "").splitlines()),
        sent_at=notice.sent_at,
        parts=notice.parts,
        report=notice.report.label if notice.report else "",
        reported_at=notice.reported_at,
        keeps_secrets=notice.values is not None or not has_marks(text),
        paragraphs=tuple(paragraphs(_whole(notice) if is_open_task and whole else mask(text))),
        attempts=tuple(
            AttemptLine(row.at, Outcome(row.outcome).label, trouble(row.error), row.note or "")
            for row in attempts
        ),
        unreached=notice.unreached,
        due_on=notice.due_on,
        batch_id=notice.batch_id,
        case_number=number,
        case_href=href,
    )


def demo_messages(
    cursor: Cursor | None = None,
    *,
    municipality_id: int | None = None,
    contact: str = "",
    size: int = PAGE_SIZE,
) -> Page[DemoMessage]:
    """Every message of the installation, newest first; the page over it exists in demo and test mode only."""
    statement = select(Notice)
    if municipality_id is not None:
        statement = statement.where(Notice.municipality_id == municipality_id)
    if contact:
        statement = statement.where(Notice.recipient_key == recipient_key(contact))
    with tenancy.unscoped("the demo shows every message sent"):
        rows = db.session.scalars(_from(statement, cursor, size)).all()
    return page_of([_demo(row) for row in rows], size, cursor, lambda row: (row.line.at, row.line.id))


def _demo(notice: Notice) -> DemoMessage:
    town = tenancy.town_by_id(notice.municipality_id).name if notice.municipality_id else ""
    text = tuple(paragraphs(_whole(notice), local=True))
    return DemoMessage(_line(notice), town, notice.locale, text)


def _whole(notice: Notice) -> str:
    """The text with its secrets, as long as they are kept."""
    return mask(reveal(notice.body or "", order_of(notice)))


def _criteria(box: Box) -> list[ColumnElement[bool]]:
    tasks = (Channel.LETTER, Channel.PHONE)
    by_box: dict[Box, list[ColumnElement[bool]]] = {
        Box.ALL: [],
        Box.WAITING: [Notice.state == Delivery.WAITING, Notice.channel.not_in(tasks)],
        Box.LETTERS: [Notice.state == Delivery.WAITING, Notice.channel == Channel.LETTER],
        Box.CALLS: [Notice.state == Delivery.WAITING, Notice.channel == Channel.PHONE],
    }
    return by_box[box] if box in by_box else [Notice.state == Delivery(box.value)]


def _from(statement: Select[Notice], cursor: Cursor | None, size: int) -> Select[Notice]:
    """One row more than a screen, in the reading order that `page_of` wants."""
    here = tuple_(Notice.created_at, Notice.id)
    newest_first = statement.order_by(Notice.created_at.desc(), Notice.id.desc()).limit(size + 1)
    if cursor is None:
        return newest_first
    there = tuple_(literal(cursor.at, UtcDateTime()), literal(cursor.id))
    if cursor.direction is Direction.OLDER:
        return newest_first.where(here < there)
    return statement.where(here > there).order_by(Notice.created_at, Notice.id).limit(size + 1)


def _page(rows: Sequence[Notice], size: int, cursor: Cursor | None) -> Page[Line]:
    return page_of([_line(row) for row in rows], size, cursor, lambda line: (line.at, line.id))


def _line(notice: Notice) -> Line:
    first_line = (notice.postal or "").partition("\n")[0]
    reached = {
        Channel.MAIL: notice.email,
        Channel.SMS: notice.phone,
        Channel.PHONE: notice.phone,
        Channel.LETTER: notice.name or first_line,
    }
    return Line(
        id=notice.id,
        at=notice.created_at,
        title=_title(notice),
        channel=notice.channel.label,
        state=notice.state,
        to=reached[notice.channel] or "",
        subject=_subject(notice),
    )


def _title(notice: Notice) -> Text:
    """What kind of message it is; the bare code once its module has dropped the kind."""
    kind = registry.notices.get(notice.code)
    return kind.title if kind else notice.code


def _subject(notice: Notice) -> str:
    return notice.subject or str(_title(notice))


def case_of(notice: Notice) -> tuple[str, str]:
    """Number and path of the case a message is about; empty where there is none any more."""
    kind = registry.content_types.get(notice.about_kind or "")
    if kind is None or notice.about_id is None:
        return "", ""
    try:
        thing = kind.load(notice.about_id)
    except Missing:
        return "", ""
    return str(getattr(thing, "number", None) or kind.title), kind.address(thing)
