"""Ending what has had its time: contacts, originals, supports and cases nobody may see. Source: product section 7.4.

Every function ends at most `limit` things in the municipality in scope, in the transaction at hand. Files
go before their rows: if the transaction fails, the next run finds the row and finishes.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    case,
    cast,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.orm import aliased

from initiatives import queries, rules
from initiatives.models import (
    AgendaItem,
    Author,
    BatchItem,
    Change,
    Citation,
    CostChange,
    Decision,
    Echo,
    Initiative,
    Mention,
    Merge,
    Milestone,
    SignatureSheet,
    StudyNote,
    Support,
    Translation,
)
from initiatives.services import changing
from initiatives.services.filing import erase_draft
from initiatives.services.settling import forget_in_counts
from initiatives.states import WORKFLOW
from portal.content import services as content
from portal.content.models import (
    Attachment,
    Comment,
    CommentReport,
    CommentState,
    CommentStep,
    CommentUseful,
    Follow,
    Link,
    Objection,
    StateChange,
)
from portal.core import clock, events, files
from portal.core.calendar import months_before
from portal.core.collate import fold
from portal.core.db import db
from portal.notify import services as notices
from portal.notify.models import Notice

ENDED = (*(key for key in WORKFLOW.keys("ended", "built") if key != "disputed"), "lapsed")
"""States in which nobody of the office has anything left to do; of a merged case the joint one says whether it is so."""
HELD_BY = (
    "name",
    "email",
    "phone",
    "postal",
    "original",
    "answers",
    "phone_key",
    "code_hash",
    "person",
    "user_id",
)
"""What an author's row says of a person."""
COLUMNS = (*(f"{name}_sealed" for name in HELD_BY[:6]), *HELD_BY[6:])


def ended_before(instant: datetime) -> ColumnElement[bool]:
    """Cases whose last change of state, which ended them, lies before an instant; of a merged case, that of the joint one."""
    joint, direct, deeper = aliased(Initiative), aliased(Initiative), aliased(Initiative)
    merged = (
        select(direct.id)
        .join(joint, direct.merged_into_id == joint.id)
        .where(direct.merged_into_id.is_not(None), direct.state == "merged")
        .where(or_(joint.state != "merged", joint.merged_into_id.is_(None)), *_ended_itself(joint, instant))
        .cte("merged", recursive=True)
    )
    merged = merged.union(
        select(deeper.id).join(merged, deeper.merged_into_id == merged.c.id).where(deeper.state == "merged")
    )
    goes_on_elsewhere = (Initiative.state == "merged") & Initiative.merged_into_id.is_not(None)
    return or_(
        and_(~goes_on_elsewhere, *_ended_itself(Initiative, instant)),
        and_(goes_on_elsewhere, Initiative.id.in_(select(merged.c.id))),
    )


def _ended_itself(which: Any, instant: datetime) -> list[ColumnElement[bool]]:
    last = (
        select(func.max(StateChange.at))
        .where(
            StateChange.kind == Initiative.KIND,
            StateChange.object_id == which.id,
            StateChange.from_state != StateChange.to_state,
        )
        .correlate(which)
        .scalar_subquery()
    )
    # What an import brought as ended has no history here.
    return [which.state.in_(ENDED), func.coalesce(last, which.updated_at) < instant]


def _year_over() -> ColumnElement[bool]:
    return ended_before(months_before(clock.now(), rules.CONTACT_MONTHS))


def with_old_contacts() -> Select[int]:
    """Cases that ended long ago and still say who filed them, or whom we wrote to about them."""
    says_who = or_(*(getattr(Author, column).is_not(None) for column in COLUMNS))
    # Joint authors and followers were written to about cases that have no author.
    wrote = exists().where(
        Notice.about_kind == Initiative.KIND,
        Notice.about_id == Initiative.id,
        Notice.created_at < months_before(clock.now(), rules.CONTACT_MONTHS),
    )
    return (
        select(Initiative.id)
        .outerjoin(Author, Author.initiative_id == Initiative.id)
        .where(or_(says_who, wrote), _year_over())
        .order_by(Initiative.id)
    )


# What was blacked out after its original had ended keeps the picture before that, too.
WITH_ORIGINAL = or_(Attachment.original_key.is_not(None), Attachment.plain_key.is_not(None))


def with_old_originals() -> Select[int]:
    """Photos as they came in or were before parts were blacked out, of cases that ended long ago."""
    return (
        select(Attachment.id)
        .join(Initiative, Initiative.id == Attachment.object_id)
        .where(Attachment.kind == Initiative.KIND, WITH_ORIGINAL, _year_over())
        .order_by(Attachment.id)
    )


def with_old_supports() -> Select[int]:
    """Cases that ended and still say who supported or followed them."""
    marked = select(CommentUseful.comment_id).union_all(select(CommentReport.comment_id))
    someone = or_(
        exists().where(Support.initiative_id == Initiative.id),
        exists().where(Follow.kind == Initiative.KIND, Follow.object_id == Initiative.id),
        exists().where(
            Comment.kind == Initiative.KIND, Comment.object_id == Initiative.id, Comment.id.in_(marked)
        ),
    )
    over = ended_before(clock.now() - timedelta(days=rules.SUPPORT_DAYS))
    return select(Initiative.id).where(someone, over).order_by(Initiative.id)


def old_echoes() -> Select[int]:
    """Answers given, or not given, long ago that still say by whom."""
    before = months_before(clock.now(), rules.CONTACT_MONTHS)
    kept = ~Echo.person.startswith("erased:")
    return select(Echo.id).where(Echo.asked_at < before, kept).order_by(Echo.id)


def end_echoes(limit: int) -> int:
    """Let them no longer say by whom, nor in what words; the answer stays among the counts."""
    ids = _first(old_echoes(), limit)
    gone = {"user_id": None, "person": literal("erased:") + cast(Echo.id, String), "words": ""}
    db.session.execute(
        update(Echo).where(Echo.id.in_(ids)).values(gone).execution_options(synchronize_session=False)
    )
    return len(ids)


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
    """Let a case no longer say who filed it, nor its files by their names; its text is left alone."""
    author = case.author
    if author is not None:
        for name in HELD_BY:
            setattr(author, name, None)
        author.shows_name = False
    case.author_user_id = None
    content.forget_file_names(*case.about)
    events.tell("content.changed", case, public=case.is_public)


def end_originals(limit: int) -> int:
    """Delete photos as they came in; the cleaned ones stay."""
    ids = _first(with_old_originals(), limit)
    for row in db.session.scalars(select(Attachment).where(Attachment.id.in_(ids))):
        _forget_original(row)
    return len(ids)


def _forget_original(row: Attachment) -> None:
    """What came in, and a picture as it was before parts of it were blacked out; the public one stays."""
    for key in (row.original_key, row.plain_key, row.plain_thumb_key):
        files.remove(key)
    row.original_key = row.plain_key = row.plain_thumb_key = None


def end_supports(limit: int) -> int:
    """Forget who supported, followed, and found comments useful or reported them; the numbers stay."""
    ids = _first(with_old_supports(), limit)
    for model in (CommentUseful, CommentReport):
        _delete(delete(model).where(model.comment_id.in_(with_talk_of(ids))))
    _settle_reports(ids)
    _delete(delete(Support).where(Support.initiative_id.in_(ids)))
    _delete(delete(Follow).where(Follow.kind == Initiative.KIND, Follow.object_id.in_(ids)))
    return len(ids)


def _settle_reports(case_ids: Sequence[int]) -> None:
    """What was reported in a case that ended long ago waits for nobody any more."""
    reported = update(Comment).where(
        Comment.kind == Initiative.KIND, Comment.object_id.in_(case_ids), Comment.reports > 0
    )
    waits = or_(Comment.state == CommentState.HELD, Comment.objection == Objection.OPEN)
    _delete(reported.values(reports=0, queued_at=case((waits, Comment.queued_at), else_=None)))


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
    _delete(
        update(Initiative)
        .where(Initiative.merge_id.in_(select(Merge.id).where(or_(*_takes_part(case_id)))))
        .values(merge_id=None)
    )
    _delete(delete(Merge).where(or_(*_takes_part(case_id))))
    for row in (*case.reviewers, *case.sheets):
        db.session.delete(row)
    for model in (
        AgendaItem,
        BatchItem,
        Change,
        Citation,
        CostChange,
        Decision,
        Echo,
        Mention,
        Milestone,
        SignatureSheet,
        StudyNote,
        Support,
        Translation,
    ):
        _delete(delete(model).where(model.initiative_id == case_id))
    _delete(delete(Comment).where(Comment.kind == about[0], Comment.object_id == case_id))
    _delete(delete(Follow).where(Follow.kind == about[0], Follow.object_id == case_id))
    ties = or_(
        (Link.from_kind == about[0]) & (Link.from_id == case_id),
        (Link.to_kind == about[0]) & (Link.to_id == case_id),
    )
    _delete(delete(Link).where(ties))
    erase_draft(case)


def _takes_part(case_id: int) -> tuple[ColumnElement[bool], ...]:
    return Merge.initiative_id == case_id, Merge.into_id == case_id


def _delete(statement: Any) -> None:
    db.session.execute(statement.execution_options(synchronize_session=False))


def blank_hidden(case: Initiative, words: str) -> None:
    """Take words, place and files out of a case the public never saw, and close it; `words` stand for its title."""
    for row in db.session.scalars(
        select(Attachment).where(Attachment.kind == case.KIND, Attachment.object_id == case.id)
    ):
        content.detach(row)
    case.title, case.text, case.folded = words, "", fold(words)
    case.place = case.lat = case.lon = None
    case.address, case.details, case.answers, case.defects = "", {}, {}, []
    changing.forget_words(case)


def remove_originals(case_ids: Iterable[int]) -> int:
    """Delete the originals of these cases' photos; how many."""
    count = 0
    for row in db.session.scalars(
        select(Attachment).where(
            Attachment.kind == Initiative.KIND,
            Attachment.object_id.in_(list(case_ids)),
            WITH_ORIGINAL,
        )
    ):
        _forget_original(row)
        count += 1
    return count


def with_talk_of(case_ids: Iterable[int]) -> Select[int]:
    """Ids of the comments of these cases."""
    return select(Comment.id).where(Comment.kind == Initiative.KIND, Comment.object_id.in_(list(case_ids)))


def forget_in_talk(written: Sequence[ColumnElement[bool]], persons: Sequence[str]) -> int:
    """Take a person out of the talk, as author, reporter and reader: what everybody reads stays, counts stay. How many rows.

    Comments that nobody sees lose their words, objections as well.
    """
    hidden = (CommentState.HELD, CommentState.HIDDEN)
    statements: list[Any] = [
        update(CommentStep)
        .where(
            CommentStep.comment_id.in_(select(Comment.id).where(*written)),
            CommentStep.act.in_(("hold", "object", "take_back")),
        )
        .values(user_id=None, words=""),
        update(Comment)
        .where(*written, Comment.state.in_(hidden))
        .values(
            state=CommentState.TAKEN_BACK,
            text="",
            queued_at=None,
            objection=case(
                (Comment.objection == Objection.OPEN, Objection.DECIDED.value), else_=Comment.objection
            ),
        ),
    ]
    for model, words in ((CommentReport, {"words": ""}), (CommentUseful, {})):
        statements.append(
            update(model)
            .where(model.person.in_(persons))
            # The row stays, so that the number does; nobody can be told from it any more.
            .values(person=literal("erased:") + cast(model.id, String), **words)
        )
    rows = 0
    for statement in statements:
        done = db.session.execute(statement.execution_options(synchronize_session=False))
        rows += int(done.rowcount)  # type: ignore[attr-defined]
    return rows


def forget_name_in_comments(*conditions: ColumnElement[bool]) -> int:
    """Take name and account out of comments; what was said stays. How many."""
    statement = update(Comment).where(*conditions).values(user_id=None, name="")
    return int(db.session.execute(statement).rowcount)  # type: ignore[attr-defined]
