"""Reading the talk under a thing: comments with their answers, in three orders, page by page; reports and steps for moderators."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select, tuple_

from portal.content.models import (
    Comment,
    CommentReport,
    CommentState,
    CommentStep,
    CommentUseful,
    Objection,
    Stance,
)
from portal.content.rules import ANSWERS, THREADS, Earlier
from portal.core.db import db
from portal.core.paging import Cursor, Direction, Page, page_of

SORTS = ("new", "useful", "old")
SHOWN = 8
"""Comments on the page of the thing itself; the rest stand on pages of their own."""
ANSWERS_AT_ONCE = 500
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Said:
    """A comment as pages show it, with the answers that are seen. `user_id` is for "is it mine?" and shown to nobody."""

    id: int
    at: datetime
    stance: Stance
    state: CommentState
    name: str
    text: str
    language: str
    official: bool
    office: str
    by_author: bool
    parent_id: int | None
    edited_at: datetime | None
    useful_count: int
    answer_count: int
    highlighted_at: datetime | None
    hidden_rule: str
    user_id: int | None
    answers: tuple["Said", ...] = ()

    @property
    def is_seen(self) -> bool:
        """Whether everybody reads its words."""
        return self.state is CommentState.VISIBLE


@dataclass(frozen=True, slots=True)
class Stances:
    """How many comments speak for it, against it, and neither; answers and the office's words are not counted."""

    for_it: int
    against: int
    neutral: int


COLUMNS: tuple[Any, ...] = (
    Comment.id,
    Comment.at,
    Comment.stance,
    Comment.state,
    Comment.name,
    Comment.text,
    Comment.language,
    Comment.official,
    Comment.office,
    Comment.by_author,
    Comment.parent_id,
    Comment.edited_at,
    Comment.useful_count,
    Comment.answer_count,
    Comment.highlighted_at,
    Comment.hidden_rule,
    Comment.user_id,
)


def _under(kind: str, object_id: int) -> list[ColumnElement[bool]]:
    """Comments that stand in the list: one that was hidden keeps its place only while answers hang on it."""
    stands = or_(
        Comment.state.in_((CommentState.VISIBLE, CommentState.TAKEN_BACK)),
        and_(Comment.state == CommentState.HIDDEN, Comment.answer_count > 0),
    )
    return [Comment.kind == kind, Comment.object_id == object_id, Comment.parent_id.is_(None), stands]


def _sums() -> tuple[ColumnElement[int], ...]:
    counted = and_(Comment.state == CommentState.VISIBLE, Comment.official.is_(False))
    return tuple(func.sum(case((and_(counted, Comment.stance == one), 1), else_=0)) for one in Stance)


def top(kind: str, object_id: int) -> tuple[list[Said], Stances]:
    """What the thing's own page shows: highlighted ones first, then the newest; and how many say what. Two statements."""
    statement = (
        select(*COLUMNS, *(part.over() for part in _sums()))
        .where(*_under(kind, object_id))
        .order_by(Comment.highlighted_at.is_(None), Comment.id.desc())
        .limit(SHOWN)
    )
    rows = db.session.execute(statement).all()
    width = len(COLUMNS)
    found = [Said(*row[:width]) for row in rows]
    sums = [int(n) for n in rows[0][width:]] if rows else [0, 0, 0]
    return with_answers(found), Stances(*sums)


def stances(kind: str, object_id: int) -> Stances:
    """How many say what."""
    return Stances(
        *(int(n or 0) for n in db.session.execute(select(*_sums()).where(*_under(kind, object_id))).one())
    )


def page(kind: str, object_id: int, sort: str, cursor: Cursor | None, size: int = THREADS) -> Page[Said]:
    """A page of comments with their answers; highlighted ones stand above the first page, not in it."""
    key: Any = tuple_(Comment.useful_count, Comment.id) if sort == "useful" else Comment.id
    statement = (
        select(*COLUMNS).where(*_under(kind, object_id), Comment.highlighted_at.is_(None)).limit(size + 1)
    )
    back = cursor is not None and cursor.direction is Direction.NEWER
    upwards = (sort == "old") != back
    if cursor is not None:
        count = int((cursor.at - _EPOCH).total_seconds()) if sort == "useful" else 0
        edge: Any = (count, cursor.id) if sort == "useful" else cursor.id
        statement = statement.where(key > edge if upwards else key < edge)
    columns = (Comment.useful_count, Comment.id) if sort == "useful" else (Comment.id,)
    statement = statement.order_by(*(one.asc() if upwards else one.desc() for one in columns))
    rows = [Said(*row) for row in db.session.execute(statement)]
    found = page_of(rows, size, cursor, _useful_position if sort == "useful" else _position)
    return replace(found, items=tuple(with_answers(found.items)))


def _position(said: Said) -> tuple[datetime, int]:
    return said.at, said.id


def _useful_position(said: Said) -> tuple[datetime, int]:
    """Cursors carry an instant; a count becomes that many seconds after a fixed day."""
    return _EPOCH + timedelta(seconds=said.useful_count), said.id


def highlighted(kind: str, object_id: int) -> list[Said]:
    """What the office put on top, the newest first."""
    statement = (
        select(*COLUMNS)
        .where(*_under(kind, object_id), Comment.highlighted_at.is_not(None))
        .order_by(Comment.id.desc())
        .limit(THREADS)
    )
    return with_answers([Said(*row) for row in db.session.execute(statement)])


def with_answers(found: Sequence[Said], most: int = ANSWERS) -> list[Said]:
    """The same with the answers that are seen, oldest first; of a long thread the first ones."""
    ids = [said.id for said in found if said.answer_count]
    if not ids:
        return list(found)
    statement = (
        select(*COLUMNS)
        .where(
            Comment.parent_id.in_(ids),
            Comment.state.in_((CommentState.VISIBLE, CommentState.TAKEN_BACK)),
        )
        .order_by(Comment.id)
        .limit(ANSWERS_AT_ONCE)
    )
    below: dict[int, list[Said]] = {}
    for row in db.session.execute(statement):
        answer = Said(*row)
        below.setdefault(answer.parent_id or 0, []).append(answer)
    return [replace(said, answers=tuple(below.get(said.id, ())[:most])) for said in found]


def one(kind: str, object_id: int, comment_id: int) -> Said | None:
    """A comment of a thing in whatever state, without answers."""
    statement = select(*COLUMNS).where(
        Comment.kind == kind, Comment.object_id == object_id, Comment.id == comment_id
    )
    row = db.session.execute(statement).one_or_none()
    return None if row is None else Said(*row)


def found_useful(ids: Collection[int], person: str) -> set[int]:
    """Which of these comments a person marked."""
    if not ids or not person:
        return set()
    statement = select(CommentUseful.comment_id).where(
        CommentUseful.comment_id.in_(ids), CommentUseful.person == person
    )
    return set(db.session.scalars(statement))


def ids_of(found: Iterable[Said]) -> list[int]:
    """Ids of comments and of their answers."""
    return [one.id for said in found for one in (said, *said.answers)]


def everything(kind: str, object_id: int) -> Select[Any]:
    """All comments of a thing, oldest first, whatever their state: for the office's own file."""
    return select(*COLUMNS).where(Comment.kind == kind, Comment.object_id == object_id).order_by(Comment.id)


# ---- for whoever judges ----


def earlier_of(user_id: int) -> list[Earlier]:
    """What an account said in the municipality in scope, the newest first; enough to weigh the next by."""
    statement = (
        select(Comment.at, Comment.text, Comment.state)
        .where(Comment.user_id == user_id, Comment.official.is_(False))
        .order_by(Comment.id.desc())
        .limit(50)
    )
    return [
        Earlier(row.at, row.text, row.state is CommentState.VISIBLE) for row in db.session.execute(statement)
    ]


@dataclass(frozen=True, slots=True)
class Record:
    """How many comments of an account stand here, wait, were hidden or taken back."""

    seen: int = 0
    held: int = 0
    hidden: int = 0
    taken_back: int = 0


def records_of(user_ids: Collection[int]) -> dict[int, Record]:
    """The record of each account in the municipality in scope."""
    if not user_ids:
        return {}
    statement = (
        select(Comment.user_id, Comment.state, func.count())
        .where(Comment.user_id.in_(user_ids), Comment.official.is_(False))
        .group_by(Comment.user_id, Comment.state)
    )
    names = {
        CommentState.VISIBLE: "seen",
        CommentState.HELD: "held",
        CommentState.HIDDEN: "hidden",
        CommentState.TAKEN_BACK: "taken_back",
    }
    found: dict[int, Record] = {}
    for user_id, state, n in db.session.execute(statement):
        if user_id is not None:
            found[user_id] = replace(found.get(user_id, Record()), **{names[state]: n})
    return found


def open_reports(ids: Collection[int]) -> dict[int, list[CommentReport]]:
    """Reports nobody has dealt with yet, by comment, oldest first."""
    found: dict[int, list[CommentReport]] = {}
    if ids:
        statement = select(CommentReport).where(
            CommentReport.comment_id.in_(ids), CommentReport.closed_at.is_(None)
        )
        for row in db.session.scalars(statement.order_by(CommentReport.id)):
            found.setdefault(row.comment_id, []).append(row)
    return found


def has_reported(comment_id: int, person: str) -> bool:
    """Whether a person reported it already."""
    statement = select(CommentReport.id).where(
        CommentReport.comment_id == comment_id, CommentReport.person == person
    )
    return db.session.scalar(statement) is not None


def steps(comment_id: int) -> list[CommentStep]:
    """Its history, oldest first."""
    return list(
        db.session.scalars(
            select(CommentStep).where(CommentStep.comment_id == comment_id).order_by(CommentStep.id)
        )
    )


def objections(ids: Collection[int]) -> dict[int, str]:
    """The words of open objections by comment."""
    if not ids:
        return {}
    statement = (
        select(CommentStep.comment_id, CommentStep.words)
        .join(Comment, Comment.id == CommentStep.comment_id)
        .where(
            CommentStep.comment_id.in_(ids),
            CommentStep.act == "object",
            Comment.objection == Objection.OPEN,
        )
        .order_by(CommentStep.id)
    )
    return {row.comment_id: row.words for row in db.session.execute(statement)}


def since(instant: datetime, most: int = 5000) -> Sequence[Any]:
    """(id, object_id, text, language) of residents’ comments since an instant, the newest first: to try words on them."""
    statement = (
        select(Comment.id, Comment.object_id, Comment.text, Comment.language)
        .where(Comment.at >= instant, Comment.official.is_(False), Comment.text != "")
        .order_by(Comment.id.desc())
        .limit(most)
    )
    return db.session.execute(statement).all()
