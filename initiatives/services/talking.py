"""The talk under an initiative: saying something, answering, mending and taking back, marking as useful, reporting, objecting."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, select, update

from initiatives import messages, queries
from initiatives.models import Initiative
from initiatives.services.joining import need_public, user_of
from initiatives.services.settling import count
from portal.accounts import queries as accounts
from portal.content import rules, talk
from portal.content import services as content
from portal.content.models import (
    Comment,
    CommentReport,
    CommentState,
    CommentStep,
    CommentUseful,
    Objection,
    Stance,
)
from portal.core import clock, consent, events
from portal.core.actor import Actor
from portal.core.consent import Purpose
from portal.core.db import db, insert_or_keep
from portal.core.errors import Conflict, Invalid, Missing
from portal.core.i18n import Text
from portal.core.i18n import lazy_gettext as _l
from portal.core.usecase import once, use_case

SPEAKERS = ("decision_maker", "leader", "reviewer")
"""As whom somebody of the office speaks: the first of these roles they hold."""
WRITE = _l("Write a comment of at most 2,000 characters.")


class Told(NamedTuple):
    """What became of a comment: its id, and the rules that hold it; none when it is seen."""

    id: int
    held_by: tuple[str, ...]


# ---- saying ----


@use_case("initiative.join", code="initiative.commented", load=queries.case_to_join)
def comment(
    actor: Actor,
    case: Initiative,
    stance: Stance,
    text: str,
    locale: str,
    key: str,
    *,
    shows_name: bool,
    answers: int | None = None,
) -> Told:
    """Say something to it, or answer a comment (which takes no stance). Raises Invalid, Missing."""
    need_public(case)
    text = _sound(text)
    user_id = user_of(actor)
    if answers is not None:
        _need_answerable(case, answers)
        stance = Stance.NEUTRAL

    def act() -> list[Any]:
        met = weighed(case, user_id, text, locale)
        held = rules.holds(met)
        row = content.add_comment(
            case,
            stance=stance,
            text=text,
            language=locale,
            user_id=user_id,
            name=actor.name if shows_name else "",
            state=CommentState.HELD if held else CommentState.VISIBLE,
        )
        row.parent_id, row.by_author = answers, case.author_user_id == user_id
        row.held_by = rules.told(met) if held else []
        db.session.flush()  # Consent, steps and messages name the comment.
        if row.name:
            consent.record(actor, Purpose.COMMENT_NAME, ("comment", row.id), given=True, user_id=user_id)
        if held:
            step(actor, row, "hold", row.state)
            _waits(case, row, "held")
            messages.comment_held(case, row)
        else:
            counted(case, row, 1)
        return [row.id, row.held_by]

    done = once(f"initiative.comment:{case.id}", key, act)
    return Told(done[0], tuple(done[1]))


@use_case("initiative.speak", code="initiative.answered", load=queries.case)
def speak(actor: Actor, case: Initiative, text: str, key: str, *, answers: int | None = None) -> int:
    """Say something for the office, under the name of its role; the id. Raises Invalid, Missing."""
    need_public(case)
    text = _sound(text)
    if answers is not None:
        _need_answerable(case, answers)

    def act() -> int:
        row = content.add_comment(
            case,
            stance=Stance.NEUTRAL,
            text=text,
            language=queries.office(case.municipality_id).language,
            user_id=actor.user_id,
            name="",
            state=CommentState.VISIBLE,
        )
        row.official, row.parent_id = True, answers
        row.office = speaks_as(actor, case.municipality_id)
        db.session.flush()
        counted(case, row, 1)
        return row.id

    return int(once(f"initiative.speak:{case.id}", key, act))


def speaks_as(actor: Actor, municipality_id: int) -> str:
    """The role under whose name somebody speaks for the office."""
    held = actor.roles_in(municipality_id)
    return next((role for role in SPEAKERS if role in held), "reviewer")


def _sound(text: str) -> str:
    text = text.strip()
    if not text or len(text) > rules.COMMENT_MAX:
        raise Invalid(WRITE, {"text": _l("Write a comment.") if not text else WRITE})
    return text


def _need_answerable(case: Initiative, comment_id: int) -> Comment:
    """The comment somebody answers. Raises Missing, Invalid for an answer to an answer."""
    row = comment_of(case, comment_id)
    if row.parent_id is not None:
        raise Invalid(_l("This is an answer already. Write yours under the comment it belongs to."))
    if row.state is not CommentState.VISIBLE:
        raise Missing
    return row


def weighed(case: Initiative, user_id: int, text: str, locale: str) -> list[str]:
    """The rules a text of this account meets here."""
    office = queries.office(case.municipality_id)
    return rules.weigh(
        text,
        clock.now(),
        accounts.account(user_id).created_at,
        talk.earlier_of(user_id),
        office.words_for(locale),
    )


# ---- one's own ----


@use_case("initiative.join", code="initiative.comment_edited", load=queries.case_to_join)
def edit_comment(actor: Actor, case: Initiative, comment_id: int, text: str, seen: str) -> Told:
    """Mend one's own comment within a quarter of an hour. `seen` marks what was edited. Raises Conflict, Invalid, Missing."""
    need_public(case)
    row = _mine(actor, case, comment_id)
    if row.state not in (CommentState.VISIBLE, CommentState.HELD):
        raise Missing
    if not rules.may_edit(row.at, clock.now()):
        raise Conflict(_l("A comment can be changed for 15 minutes. You can still take it back."))
    if seen != mark_of(row.edited_at):
        raise Conflict(_l("Somebody else changed this meanwhile. Compare both texts and save again."))
    text = _sound(text)
    if text == row.text:
        return Told(row.id, tuple(row.held_by))
    others = [said for said in talk.earlier_of(user_of(actor)) if said.text != row.text]
    met = rules.weigh(
        text,
        clock.now(),
        accounts.account(user_of(actor)).created_at,
        others,
        queries.office(case.municipality_id).words_for(row.language),
    )
    row.text, row.edited_at = text, clock.now()
    if rules.holds(met):
        row.held_by = rules.told(met)
        if row.state is CommentState.VISIBLE:
            step(actor, row, "hold", CommentState.HELD)
            put(case, row, CommentState.HELD)
            _waits(case, row, "held")
            messages.comment_held(case, row)
    events.tell("content.counted", case)
    return Told(row.id, tuple(row.held_by) if row.state is CommentState.HELD else ())


def mark_of(edited_at: datetime | None) -> str:
    """What a form of mending was filled from."""
    return edited_at.isoformat() if edited_at else ""


@use_case("initiative.join", code="initiative.comment_taken_back", load=queries.case_to_join)
def take_back(actor: Actor, case: Initiative, comment_id: int) -> None:
    """Take one's own comment back: its words and name go, its place stays; twice is once. Raises Missing."""
    need_public(case)
    row = _mine(actor, case, comment_id)
    if row.state is CommentState.TAKEN_BACK:
        return
    step(actor, row, "take_back", CommentState.TAKEN_BACK)
    wipe(case, row)


def wipe(case: Initiative, row: Comment) -> None:
    """Let a comment stand without words; nothing of it waits for anybody any more."""
    put(case, row, CommentState.TAKEN_BACK)
    row.text = row.name = ""
    row.highlighted_at = None
    row.held_by = []
    if row.objection is Objection.OPEN:
        row.objection = Objection.DECIDED
    close_reports(row, clock.now())
    settle_queue(row)
    events.tell("content.counted", case)


def _mine(actor: Actor, case: Initiative, comment_id: int) -> Comment:
    row = comment_of(case, comment_id)
    if row.official or row.user_id is None or row.user_id != actor.user_id:
        raise Missing
    return row


@use_case("initiative.join", code="initiative.comment_objected", load=queries.case_to_join)
def object_to(actor: Actor, case: Initiative, comment_id: int, words: str) -> None:
    """Object once to one's comment being hidden; another moderator decides. Raises Conflict, Invalid, Missing."""
    need_public(case)
    row = _mine(actor, case, comment_id)
    if row.state is not CommentState.HIDDEN:
        raise Missing
    if row.objection is not Objection.NONE:
        raise Conflict(_l("You have objected already. One can object once."))
    if not words.strip():
        raise Invalid(_l("Say why it should be shown."), {"words": _l("Say why it should be shown.")})
    row.objection = Objection.OPEN
    step(actor, row, "object", row.state, words=words.strip())
    _waits(case, row, "objected")


# ---- useful, reports ----


@use_case("initiative.join", code="initiative.comment_marked", load=queries.case_to_join)
def mark_useful(actor: Actor, case: Initiative, comment_id: int, *, wanted: bool) -> bool:
    """Say that a comment is useful, or no longer; once per person. Whether anything changed. Raises Invalid, Missing."""
    need_public(case)
    row = comment_of(case, comment_id)
    if row.state is not CommentState.VISIBLE:
        raise Missing
    if row.user_id == actor.user_id:
        raise Invalid(_l("This is your own comment. Others say whether it is useful."))
    person = content.person_of_user(user_of(actor))
    if wanted:
        changed = insert_or_keep(
            CommentUseful,
            municipality_id=case.municipality_id,
            comment_id=row.id,
            person=person,
            at=clock.now(),
        )
    else:
        gone = delete(CommentUseful).where(CommentUseful.comment_id == row.id, CommentUseful.person == person)
        changed = bool(db.session.execute(gone).rowcount)  # type: ignore[attr-defined]
    if changed:
        db.session.execute(
            update(Comment)
            .where(Comment.id == row.id)
            .values(useful_count=Comment.useful_count + (1 if wanted else -1))
            .execution_options(synchronize_session=False)
        )
        events.tell("content.counted", case)
    return changed


@use_case("initiative.join", code="initiative.comment_reported", load=queries.case_to_join)
def report_comment(actor: Actor, case: Initiative, comment_id: int, rule: str, words: str) -> bool:
    """Tell the team that a comment breaks a rule; once per person. False when this person did already."""
    need_public(case)
    row = comment_of(case, comment_id)
    if row.state is not CommentState.VISIBLE:
        raise Missing
    if row.user_id == actor.user_id and not row.official:
        raise Invalid(_l("This is your own comment. You can take it back."))
    wrong: dict[str, Text] = {}
    if rule not in rules.REASONS:
        wrong["rule"] = _l("Choose what is wrong.")
    if rule == "other" and not words.strip():
        wrong["words"] = _l("Say what is wrong.")
    if wrong:
        raise Invalid(next(iter(wrong.values())), wrong)
    inserted = insert_or_keep(
        CommentReport,
        municipality_id=case.municipality_id,
        comment_id=row.id,
        person=content.person_of_user(user_of(actor)),
        at=clock.now(),
        rule=rule,
        words=words.strip()[: rules.REPORT_MAX],
    )
    if inserted:
        row.reports += 1
        _waits(case, row, "reported")
    return inserted


# ---- what all of them do ----


def comment_of(case: Initiative, comment_id: int) -> Comment:
    """A comment of the case, locked. Raises Missing."""
    row = db.session.scalar(
        select(Comment)
        .where(Comment.kind == case.KIND, Comment.object_id == case.id, Comment.id == comment_id)
        .with_for_update()
    )
    if row is None:
        raise Missing
    return row


def step(
    actor: Actor,
    row: Comment,
    act: str,
    to: CommentState,
    *,
    rule: str = "",
    words: str = "",
    undoes: int | None = None,
) -> CommentStep:
    """Write what happened to a comment, before it does."""
    made = CommentStep(
        municipality_id=row.municipality_id,
        comment_id=row.id,
        at=clock.now(),
        user_id=actor.user_id,
        act=act,
        from_state=row.state,
        to_state=to,
        rule=rule,
        words=words,
        undoes=undoes,
    )
    db.session.add(made)
    return made


def put(case: Initiative, row: Comment, to: CommentState) -> None:
    """Set whether a comment is seen, and count it so."""
    before, after = row.state is CommentState.VISIBLE, to is CommentState.VISIBLE
    row.state = CommentState(to)  # No workflow: a comment has no door of its own.
    if before != after:
        counted(case, row, 1 if after else -1)
    else:
        events.tell("content.counted", case)


def counted(case: Initiative, row: Comment, by: int) -> None:
    """Count one that is seen from now on, or no longer: with the case, and with the comment it answers."""
    count(case, comment_count=by)
    if row.parent_id is not None:
        db.session.execute(
            update(Comment)
            .where(Comment.id == row.parent_id)
            .values(answer_count=Comment.answer_count + by)
            .execution_options(synchronize_session=False)
        )
    if by > 0:
        events.tell("initiative.commented", case, comment=row)


def _waits(case: Initiative, row: Comment, why: str) -> None:
    """Put it into the desk's queue; the team is told when it comes in, not again for each report."""
    if row.queued_at is None:
        row.queued_at = clock.now()
        messages.comment_waits(case, why)


def settle_queue(row: Comment) -> None:
    """Take it out of the queue once nothing of it is open; else it keeps its place."""
    waits = row.state is CommentState.HELD or row.reports > 0 or row.objection is Objection.OPEN
    row.queued_at = (row.queued_at or clock.now()) if waits else None


def close_reports(row: Comment, at: datetime) -> None:
    """Let the open reports be dealt with, at the instant of the step that did."""
    db.session.execute(
        update(CommentReport)
        .where(CommentReport.comment_id == row.id, CommentReport.closed_at.is_(None))
        .values(closed_at=at)
        .execution_options(synchronize_session=False)
    )
    row.reports = 0
