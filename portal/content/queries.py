"""Reading what content types share: histories, open deadlines, files, followers. Comments are read by `talk`."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, func, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from portal.content.models import (
    Attachment,
    Deadline,
    FileRole,
    Follow,
    StateChange,
)
from portal.core.db import db
from portal.core.scanning import Scan
from portal.core.workflow import Lane


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a history as pages show it."""

    at: datetime
    verb: str
    from_state: str
    to_state: str
    lane: Lane
    who: str
    note: str
    internal_note: str
    user_id: int | None
    template: str
    language: str
    id: int


@dataclass(frozen=True, slots=True)
class FileRow:
    """An attachment as pages show it."""

    id: int
    role: FileRole
    name: str
    alt: str
    media_type: str
    size: int
    width: int | None
    height: int | None
    public: bool
    scan: Scan

    @property
    def waits(self) -> bool:
        """Whether it is still to be scanned."""
        return self.scan is Scan.WAITING


def history(kind: str, object_id: int, lanes: Iterable[Lane]) -> list[Step]:
    """Steps a reader of these lanes may see, oldest first."""
    statement: Any = (
        select(
            StateChange.at,
            StateChange.verb,
            StateChange.from_state,
            StateChange.to_state,
            StateChange.lane,
            StateChange.who,
            StateChange.note,
            StateChange.internal_note,
            StateChange.user_id,
            StateChange.template,
            StateChange.language,
            StateChange.id,
        )
        .where(
            StateChange.kind == kind, StateChange.object_id == object_id, StateChange.lane.in_(list(lanes))
        )
        .order_by(StateChange.id)
    )
    return [Step(*row) for row in db.session.execute(statement)]


def open_deadlines(kind: str, object_id: int) -> list[Deadline]:
    """Running clocks, the nearest first."""
    statement = (
        select(Deadline)
        .where(Deadline.kind == kind, Deadline.object_id == object_id, Deadline.done_at.is_(None))
        .order_by(Deadline.due_on)
    )
    return list(db.session.scalars(statement))


def next_due(kind: str, object_ids: Iterable[int]) -> dict[int, date]:
    """Nearest open deadline per thing."""
    statement = (
        select(Deadline.object_id, Deadline.due_on)
        .where(Deadline.kind == kind, Deadline.object_id.in_(list(object_ids)), Deadline.done_at.is_(None))
        .order_by(Deadline.due_on.desc())
    )
    return {row.object_id: row.due_on for row in db.session.execute(statement)}


PLACE = func.coalesce(Attachment.place, Attachment.id)
"""Where a file stands among the others of its thing."""


def files(kind: str, object_id: int, *, public_only: bool = True) -> list[FileRow]:
    """Attachments in the order they were added."""
    statement = (
        select(
            Attachment.id,
            Attachment.role,
            Attachment.name,
            Attachment.alt,
            Attachment.media_type,
            Attachment.size,
            Attachment.width,
            Attachment.height,
            Attachment.public,
            Attachment.scan,
        )
        .where(Attachment.kind == kind, Attachment.object_id == object_id)
        .order_by(PLACE)
    )
    if public_only:
        statement = statement.where(Attachment.public, Attachment.scan != Scan.WAITING)
    return [FileRow(*tuple(row)) for row in db.session.execute(statement)]


def first_photo(kind: str, object_id: InstrumentedAttribute[int]) -> ScalarSelect[int | None]:
    """Id of the first public photo of the row at hand: a column for lists of cards."""
    other = aliased(Attachment)
    # Not by sorting: that would be done anew for each card.
    first = select(func.min(func.coalesce(other.place, other.id))).where(
        *_public_photo(other, kind, object_id)
    )
    return (
        select(Attachment.id)
        .where(*_public_photo(Attachment, kind, object_id), first.scalar_subquery() == PLACE)
        .scalar_subquery()
    )


def _public_photo(
    model: type[Attachment], kind: str, object_id: InstrumentedAttribute[int]
) -> list[ColumnElement[bool]]:
    return [
        model.kind == kind,
        model.object_id == object_id,
        model.role == FileRole.PHOTO,
        model.public.is_(True),
        model.scan != Scan.WAITING,
    ]


def attachment(kind: str, object_id: int, attachment_id: int) -> Attachment | None:
    """One file of one thing."""
    return db.session.scalar(
        select(Attachment).where(
            Attachment.kind == kind, Attachment.object_id == object_id, Attachment.id == attachment_id
        )
    )


def follows(kind: str, object_id: int, person: str) -> bool:
    """Whether this person follows."""
    statement = select(Follow.id).where(
        Follow.kind == kind, Follow.object_id == object_id, Follow.person == person
    )
    return db.session.scalar(statement) is not None


def followers(kind: str, object_id: int) -> list[Follow]:
    """Everybody who follows a thing."""
    return followers_of(kind, [object_id])


def followers_of(kind: str, object_ids: Collection[int]) -> list[Follow]:
    """Everybody who follows any of these things, a row for each thing they follow."""
    wanted = select(Follow).where(Follow.kind == kind, Follow.object_id.in_(object_ids))
    return list(db.session.scalars(wanted.order_by(Follow.object_id, Follow.id)))
