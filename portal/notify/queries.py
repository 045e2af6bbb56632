"""Reading messages: a case's, a desk's, and for the demo everybody's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select, tuple_

from portal.core import tenancy
from portal.core.db import UtcDateTime, db
from portal.core.errors import Missing
from portal.core.i18n import Text
from portal.core.i18n import lazy_pgettext as _pl
from portal.core.paging import Cursor, Direction, Page, decode, page_of
from portal.core.registry import registry
from portal.notify.kinds import Channel, Delivery, Outcome
from portal.notify.models import Attempt, Notice
from portal.notify.outbox import recipient_key
from portal.notify.render import mask, order_of, paragraphs, reveal

PAGE_SIZE = 30


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
    paragraphs: tuple[Any, ...]
    attempts: tuple[AttemptLine, ...]
    case_number: str
    case_href: str

    @property
    def is_open_task(self) -> bool:
        """Whether somebody of the office has to post or call."""
        return self.channel.is_task and self.line.state is Delivery.WAITING

    @property
    def may_be_resent(self) -> bool:
        """Whether another try makes sense."""
        return self.line.state in (Delivery.DEAD, Delivery.FAILED)


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
    return [
        CaseMessage(row.id, row.created_at, row.sent_at, _title(row), row.channel, row.state, _subject(row))
        for row in rows
    ]


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
        paragraphs=tuple(paragraphs(_whole(notice) if is_open_task and whole else mask(text))),
        attempts=tuple(
            AttemptLine(row.at, Outcome(row.outcome).label, row.error or "", row.note or "")
            for row in attempts
        ),
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
