"""Ending what has had its time: contacts, originals, supports and cases nobody may see. Source: product section 7.4.

Every function ends at most `limit` things in the municipality in scope, in the transaction at hand. Files
go before their rows: if the transaction fails, the next run finds the row and finishes.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, func, or_, select, update

from initiatives import queries, rules
from initiatives.models import (
    Author,
    Decision,
    Initiative,
    Milestone,
    Support,
    Translation,
)
from initiatives.services.filing import erase_draft
from initiatives.services.settling import forget_in_counts
from initiatives.states import WORKFLOW
from portal.content import services as content
from portal.content.models import Attachment, Comment, Follow, Link, StateChange
from portal.core import clock, events, files
from portal.core.calendar import months_before
from portal.core.collate import fold
from portal.core.db import db
from portal.notify import services as notices

ENDED = (*(key for key in WORKFLOW.keys("ended", "built") if key != "disputed"), "lapsed")
"""States in which nobody of the office has anything left to do."""
HELD_BY = ("name", "email", "phone", "postal", "original", "phone_key", "code_hash", "person", "user_id")
"""What an author's row says of a person."""
COLUMNS = ("name_sealed", "email_sealed", "phone_sealed", "postal_sealed", "original_sealed", *HELD_BY[5:])


def ended_before(instant: datetime) -> list[ColumnElement[bool]]:
    """Cases whose last change of state, which ended them, lies before an instant."""
    last = (
        select(func.max(StateChange.at))
        .where(
            StateChange.kind == Initiative.KIND,
            StateChange.object_id == Initiative.id,
            StateChange.from_state != StateChange.to_state,
        )
        .correlate(Initiative)
        .scalar_subquery()
    )
    # What an import brought as ended has no history here.
    return [Initiative.state.in_(ENDED), func.coalesce(last, Initiative.updated_at) < instant]


def _year_over() -> list[ColumnElement[bool]]:
    return ended_before(months_before(clock.now(), rules.CONTACT_MONTHS))


def with_old_contacts() -> Select[int]:
    """Cases that ended long ago and still say who filed them."""
    says_who = or_(*(getattr(Author, column).is_not(None) for column in COLUMNS))
    return (
        select(Initiative.id)
        .join(Author, Author.initiative_id == Initiative.id)
        .where(says_who, *_year_over())
        .order_by(Initiative.id)
    )


def with_old_originals() -> Select[int]:
    """Photos as they came in, of cases that ended long ago."""
    return (
        select(Attachment.id)
        .join(Initiative, Initiative.id == Attachment.object_id)
        .where(Attachment.kind == Initiative.KIND, Attachment.original_key.is_not(None), *_year_over())
        .order_by(Attachment.id)
    )


def with_old_supports() -> Select[int]:
    """Cases that ended and still say who supported or followed them."""
    someone = or_(
        exists().where(Support.initiative_id == Initiative.id),
        exists().where(Follow.kind == Initiative.KIND, Follow.object_id == Initiative.id),
    )
    over = ended_before(clock.now() - timedelta(days=rules.SUPPORT_DAYS))
    return select(Initiative.id).where(someone, *over).order_by(Initiative.id)


def old_drafts() -> Select[int]:
    """Drafts nobody touched for a while."""
    before = clock.now() - timedelta(days=rules.DRAFT_DAYS)
    return select(Initiative.id).where(Initiative.state == "draft", Initiative.updated_at < before)


def long_held() -> Select[int]:
    """Cases that were held back and left so."""
    before = clock.now() - timedelta(days=rules.HELD_DAYS)
    return select(Initiative.id).where(Initiative.state == "held", Initiative.updated_at < before)


def how_many(statement: Select[Any]) -> int:
    """The number of rows a statement would give."""
    return db.session.scalar(select(func.count()).select_from(statement.order_by(None).subquery())) or 0


def _first(statement: Select[int], limit: int) -> Sequence[int]:
    return db.session.scalars(statement.limit(limit)).all()


def end_contacts(limit: int) -> int:
    """Take the author out of cases, with every message about them; the public text stays a record."""
    ids = _first(with_old_contacts(), limit)
    for case_id in ids:
        erase_author(queries.case(case_id))
        notices.forget(Initiative.KIND, case_id)
    return len(ids)


def erase_author(case: Initiative) -> None:
    """Let a case no longer say who filed it; its text is left alone."""
    author = case.author
    if author is not None:
        for name in HELD_BY:
            setattr(author, name, None)
        author.shows_name = False
    case.author_user_id = None
    events.tell("content.changed", case, public=case.is_public)


def end_originals(limit: int) -> int:
    """Delete photos as they came in; the cleaned ones stay."""
    ids = _first(with_old_originals(), limit)
    for row in db.session.scalars(select(Attachment).where(Attachment.id.in_(ids))):
        files.remove(row.original_key)
        row.original_key = None
    return len(ids)


def end_supports(limit: int) -> int:
    """Forget who supported and followed; the number stays."""
    ids = _first(with_old_supports(), limit)
    _delete(delete(Support).where(Support.initiative_id.in_(ids)))
    _delete(delete(Follow).where(Follow.kind == Initiative.KIND, Follow.object_id.in_(ids)))
    return len(ids)


def end_drafts(limit: int) -> int:
    """Delete forgotten drafts."""
    ids = _first(old_drafts(), limit)
    for case_id in ids:
        erase_draft(queries.case(case_id))
    return len(ids)


def end_held(limit: int) -> int:
    """Delete what was held back, as if it had never been sent; its number is not given again."""
    ids = _first(long_held(), limit)
    for case_id in ids:
        erase_case(queries.case(case_id))
    return len(ids)


def erase_case(case: Initiative) -> None:
    """Delete a case that the public never saw, with all that hangs on it. History rows only name its id."""
    about, case_id = case.about, case.id
    content.finish_deadline(case)
    notices.forget(*about)
    forget_in_counts(case)
    events.tell("content.removed", case)
    for merged in db.session.scalars(select(Initiative).where(Initiative.merged_into_id == case_id)):
        merged.merged_into_id = None
    for row in (*case.reviewers, *case.sheets):
        db.session.delete(row)
    for model in (Decision, Support, Translation, Milestone):
        _delete(delete(model).where(model.initiative_id == case_id))
    _delete(delete(Comment).where(Comment.kind == about[0], Comment.object_id == case_id))
    _delete(delete(Follow).where(Follow.kind == about[0], Follow.object_id == case_id))
    ties = or_(
        (Link.from_kind == about[0]) & (Link.from_id == case_id),
        (Link.to_kind == about[0]) & (Link.to_id == case_id),
    )
    _delete(delete(Link).where(ties))
    erase_draft(case)


def _delete(statement: Any) -> None:
    db.session.execute(statement.execution_options(synchronize_session=False))


def blank_hidden(case: Initiative, words: str) -> None:
    """Take words, place and files out of a case the public never saw, and close it; `words` stand for its title."""
    for row in db.session.scalars(
        select(Attachment).where(Attachment.kind == case.KIND, Attachment.object_id == case.id)
    ):
        for key in (row.key, row.thumb_key, row.original_key):
            files.remove(key)
        db.session.delete(row)
    case.title, case.text, case.folded = words, "", fold(words)
    case.place = case.lat = case.lon = None
    case.address, case.details, case.defects = "", {}, []


def remove_originals(case_ids: Iterable[int]) -> int:
    """Delete the originals of these cases' photos; how many."""
    count = 0
    for row in db.session.scalars(
        select(Attachment).where(
            Attachment.kind == Initiative.KIND,
            Attachment.object_id.in_(list(case_ids)),
            Attachment.original_key.is_not(None),
        )
    ):
        files.remove(row.original_key)
        row.original_key = None
        count += 1
    return count


def forget_name_in_comments(*conditions: ColumnElement[bool]) -> int:
    """Take name and account out of comments; what was said stays. How many."""
    statement = update(Comment).where(*conditions).values(user_id=None, name="")
    return int(db.session.execute(statement).rowcount)  # type: ignore[attr-defined]
