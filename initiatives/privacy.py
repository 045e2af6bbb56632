"""Personal data of initiatives: what is held of a person, its export, its erasure, and how long it is kept."""

import json
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, String, cast, delete, false, literal, or_, select, update

from initiatives import queries, rules, services
from initiatives.models import Author, Change, Echo, Initiative, Mention, SavedFilter, Support
from initiatives.services import bulk, forgetting
from portal.content import move
from portal.content import services as services_of_content
from portal.content.models import (
    Attachment,
    Comment,
    CommentReport,
    CommentStep,
    CommentUseful,
    FileRole,
    Follow,
    StateChange,
)
from portal.core import clock, tenancy
from portal.core.db import db
from portal.core.errors import Missing
from portal.core.i18n import Filled, iso, speaking
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_gettext as _l
from portal.core.registry import PersonalData, Reading, Retention, Whom
from portal.notify import services as notices
from portal.notify.outbox import recipient_key


def export(user_id: int) -> list[dict[str, Any]]:
    """Everything an account filed, said, supports and follows."""
    with tenancy.unscoped("a person's own data in every town"):
        return export_here(Whom(frozenset(), user_id))


def export_here(whom: Whom) -> list[dict[str, Any]]:
    """The same of anybody, in the scope at hand."""
    found: list[dict[str, Any]] = []
    filed = _filed(whom)
    files = _files(case.id for _author, case in filed)
    for author, case in filed:
        found.append(
            {
                "kind": "initiative",
                "number": case.number,
                "title": case.title,
                "text": case.text,
                "place": _place(case),
                "files": files.get(case.id, []),
                "submitted": iso(case.submitted_at),
                "name": author.name,
                "email": author.email,
                "phone": author.phone,
                "postal": author.postal,
                "as_sent": author.original,
                "answers": _answers(author, case),
            }
        )
    # Without the steps of colleagues: what an author wrote when withdrawing, appealing or disputing.
    own = {case.id: case.number for _author, case in filed}
    steps = select(StateChange).where(
        StateChange.kind == Initiative.KIND,
        StateChange.object_id.in_(own),
        StateChange.who == move.AUTHOR,
        StateChange.note != "",
    )
    found += [
        {"kind": "step", "number": own[step.object_id], "at": iso(step.at), "text": step.note}
        for step in db.session.scalars(steps.order_by(StateChange.id))
    ]
    proposed = select(Change).where(Change.initiative_id.in_(own)).order_by(Change.id)
    found += [
        {
            "kind": "change",
            "number": own[row.initiative_id],
            "at": iso(row.at),
            "text": row.wanted,
            "why": row.why,
            "before": row.before,
        }
        for row in db.session.scalars(proposed)
    ]
    said_in = (Comment.kind == Initiative.KIND) & (Comment.object_id == Initiative.id)
    comments = select(Comment, Initiative.number).outerjoin(Initiative, said_in).where(*_said(whom))
    found += [
        {"kind": "comment", "at": iso(said.at), "number": number, "text": said.text, "name": said.name}
        for said, number in db.session.execute(comments.order_by(Comment.id))
    ]
    found += _talked(whom)
    supports = db.session.scalars(select(Support).where(*_joined(whom, Support, Support.at))).all()
    follows = db.session.scalars(select(Follow).where(*_joined(whom, Follow, Follow.created_at))).all()
    named = {row.initiative_id for row in supports} | {row.object_id for row in follows}
    about = db.session.execute(select(Initiative.id, Initiative.number).where(Initiative.id.in_(named)))
    numbers = {row.id: row.number for row in about}
    found += [
        {
            "kind": "support",
            "at": iso(row.at),
            "number": numbers.get(row.initiative_id),
            "initiative": row.initiative_id,
        }
        for row in supports
    ]
    found += [
        {
            "kind": "follow",
            "at": iso(row.created_at),
            "number": numbers.get(row.object_id) if row.kind == Initiative.KIND else None,
            "of": f"{row.kind}:{row.object_id}",
        }
        for row in follows
    ]
    echoes = db.session.execute(
        select(Echo, Initiative.number)
        .join(Initiative, Initiative.id == Echo.initiative_id)
        .where(*_joined(whom, Echo, Echo.asked_at))
        .order_by(Echo.id)
    )
    found += [
        {
            "kind": "echo",
            "at": iso(row.asked_at),
            "number": number,
            "answer": row.answer.value if row.answer else None,
            "text": row.words,
        }
        for row, number in echoes
    ]
    mentions = select(Mention.at, Initiative.number).join(Initiative, Initiative.id == Mention.initiative_id)
    found += [
        {"kind": "mention", "at": iso(at), "number": number}
        for at, number in db.session.execute(
            mentions.where(Mention.user_id == (whom.user_id or 0)).order_by(Mention.id)
        )
    ]
    kept = select(SavedFilter).where(SavedFilter.user_id == (whom.user_id or 0)).order_by(SavedFilter.id)
    found += [{"kind": "filter", "title": row.name, "filter": row.query} for row in db.session.scalars(kept)]
    return found


def _place(case: Initiative) -> str | None:
    """Where it is, as the author said: the address, the exact point, or both."""
    point = f"{case.lat:.5f}, {case.lon:.5f}" if case.lat is not None and case.lon is not None else ""
    return ", ".join(filter(None, (case.address, point))) or None


def _files(case_ids: Iterable[int]) -> dict[int, list[str]]:
    """By case: what the photos and documents of the filing are called, and what they show."""
    sent = (Attachment.kind == Initiative.KIND, Attachment.role.in_((FileRole.PHOTO, FileRole.DOCUMENT)))
    statement = select(Attachment).where(*sent, Attachment.object_id.in_(list(case_ids)))
    found: dict[int, list[str]] = {}
    for row in db.session.scalars(statement.order_by(Attachment.id)):
        found.setdefault(row.object_id, []).append(" – ".join(filter(None, (row.name, row.alt))))
    return found


def _answers(author: Author, case: Initiative) -> dict[str, str]:
    """What the person answered to the office, by the words of the question; also what only the team reads."""
    kept = case.answers | json.loads(author.answers or "{}")
    return {said.words: said.text for said in queries.answers_shown(kept, case.municipality_id)}


def _filed(whom: Whom) -> Sequence[Any]:
    """Author and case of everything the person filed."""
    by: list[ColumnElement[bool]] = [
        column.in_(whom.keys) for column in (Author.person, Author.phone_key, Author.code_hash)
    ]
    if whom.user_id is not None:
        by.append(Author.user_id == whom.user_id)
    statement = (
        select(Author, Initiative).join(Initiative, Initiative.id == Author.initiative_id).where(or_(*by))
    )
    if whom.until is not None:
        statement = statement.where(Initiative.created_at <= whom.until)
    return db.session.execute(statement.order_by(Initiative.id)).all()


def _said(whom: Whom) -> list[ColumnElement[bool]]:
    if whom.user_id is None:
        return [false()]
    return [Comment.user_id == whom.user_id, *([Comment.at <= whom.until] if whom.until else [])]


def _persons(whom: Whom) -> list[str]:
    """The pseudonyms under which a person marked or reported something."""
    own = [services_of_content.person_of_user(whom.user_id)] if whom.user_id is not None else []
    return [*whom.keys, *own]


def _talked(whom: Whom) -> list[dict[str, Any]]:
    """Reports, useful marks and objections of a person; each names its comment."""
    persons = _persons(whom)
    found: list[dict[str, Any]] = []

    def of(model: Any) -> Iterable[Any]:
        until = [model.at <= whom.until] if whom.until else []
        return db.session.scalars(select(model).where(model.person.in_(persons), *until))

    found += [
        {
            "kind": "comment_report",
            "at": iso(row.at),
            "of": f"comment:{row.comment_id}",
            "text": row.words,
        }
        for row in of(CommentReport)
    ]
    found += [
        {"kind": "comment_useful", "at": iso(row.at), "of": f"comment:{row.comment_id}"}
        for row in of(CommentUseful)
    ]
    objected = (
        select(CommentStep)
        .join(Comment, Comment.id == CommentStep.comment_id)
        .where(CommentStep.act == "object", *_said(whom))
    )
    found += [
        {"kind": "objection", "at": iso(row.at), "of": f"comment:{row.comment_id}", "text": row.words}
        for row in db.session.scalars(objected)
    ]
    return found


def _joined(whom: Whom, model: Any, at: Any) -> list[ColumnElement[bool]]:
    by = [model.person.in_(whom.keys)]
    if whom.user_id is not None:
        by.append(model.user_id == whom.user_id)
    return [or_(*by), *([at <= whom.until] if whom.until else [])]


def erase(user_id: int) -> int:
    """Take the person out of everything; texts stay as a public record, counts stay. How many rows."""
    rows = 0
    for town in tenancy.towns().values():
        with tenancy.within(town.id):
            rows += erase_here(Whom(frozenset(), user_id))
            db.session.flush()  # While this municipality is the one in scope.
    return rows


def erase_here(whom: Whom) -> int:
    """The same of anybody, in the municipality in scope, with messages, originals and hidden texts. How many rows.

    A case the public never saw holds nothing but what the person wrote: its words and files go as well, and
    one that still waits for somebody is withdrawn.
    """
    filed = [case.id for _author, case in _filed(whom)]
    for case_id in filed:
        _erase_case(queries.case(case_id))
    rows = len(filed) + forgetting.remove_originals(filed)
    rows += forgetting.forget_in_talk(_said(whom), _persons(whom))
    rows += forgetting.forget_name_in_comments(*_said(whom))
    for statement in (
        update(Initiative)
        .where(Initiative.author_user_id == (whom.user_id or 0))
        .values(author_user_id=None),
        # The row stays, so that the number does; nobody can be told from it any more.
        update(Support)
        .where(*_joined(whom, Support, Support.at))
        .values(user_id=None, person=literal("erased:") + cast(Support.id, String)),
        update(Echo)
        .where(*_joined(whom, Echo, Echo.asked_at))
        .values(user_id=None, person=literal("erased:") + cast(Echo.id, String), words=""),
        delete(Mention).where(Mention.user_id == (whom.user_id or 0)),
        delete(SavedFilter).where(SavedFilter.user_id == (whom.user_id or 0)),
        delete(Follow).where(*_joined(whom, Follow, Follow.created_at)),
    ):
        done = db.session.execute(statement.execution_options(synchronize_session=False))
        rows += int(done.rowcount)  # type: ignore[attr-defined]
    return rows


def _erase_case(case: Initiative) -> None:
    if case.state == "draft":
        services.erase_draft(case)
        return
    notices.forget(*case.about)
    forgetting.erase_author(case)
    if case.listed_at is not None:
        return
    with speaking(tenancy.town_by_id(case.municipality_id).language):
        forgetting.blank_hidden(case, _("Erased at the request of the person"))
    if "withdraw" in {step.verb for step in case.WORKFLOW.moves_from(case.state)}:
        move.run(services.system(case), case, "withdraw", who="author")
    # Once more, because the move may have written to the very person.
    notices.forget(*case.about)


def locate(number: str, code: str) -> frozenset[str]:
    """The hashes of whoever holds a case's number and code, if the case is one of the municipality in scope."""
    try:
        # Of a case that was referred elsewhere each municipality answers for what it holds itself.
        case = services.open_by_code(number, code, tenancy.current_id())
    except Missing:
        return frozenset()
    author = case.author
    if author is None:
        return frozenset()
    # Messages are found by hashes of their own.
    written_to = (recipient_key(contact) for contact in (author.email, author.phone) if contact)
    return frozenset(filter(None, (author.person, author.phone_key, author.code_hash, *written_to)))


def is_busy(user_id: int) -> bool:
    """Whether a case the account filed still goes on."""
    with tenancy.unscoped("an account is one in all towns"):
        # A merged case goes on for as long as the joint one does.
        going_on = (Initiative.state != "draft") & ~forgetting.ended_before(clock.now() + timedelta(days=1))
        statement = select(Initiative.id).where(Initiative.author_user_id == user_id, going_on)
        return db.session.scalar(statement.limit(1)) is not None


PERSONAL = PersonalData(
    title=_l("Initiatives, comments, supports and follows"),
    columns={
        "initiative": ("title", "text", "folded", "address", "lat", "lon", "cell", "details", "answers"),
        "initiative_author": (
            "name_sealed",
            "email_sealed",
            "phone_sealed",
            "postal_sealed",
            "original_sealed",
            "answers_sealed",
            "code_hash",
            "person",
            "phone_key",
        ),
        "initiative_change": ("wanted", "why", "before"),
        "initiative_support": ("person",),
        "initiative_echo": ("person", "words"),
        "comment": ("name", "text"),
        "comment_step": ("words",),
        "comment_report": ("person", "words"),
        "comment_useful": ("person",),
        "follow": ("person", "email_sealed"),
        "initiative_filter": ("name", "query"),
        "attachment": ("name", "alt"),
    },
    export=export,
    erase=erase,
    export_here=export_here,
    erase_here=erase_here,
    locate=locate,
    is_busy=is_busy,
)

_AFTER_A_YEAR = Filled("Until %(n)s months after the case has ended", {"n": rules.CONTACT_MONTHS})
_TEAM = _l("The team")

RETENTION = (
    Retention(
        "initiative.contact",
        _l("Your name, e-mail address, phone number and postal address"),
        _AFTER_A_YEAR,
        asked=_l(
            "If you want to give them. One of them is enough for messages; the postal address only if you want letters. Your name is public only if you tick that."
        ),
        seen=_l("The team, which says why each time; an operator only in cases taken down by that operator"),
        due=lambda: forgetting.how_many(forgetting.with_old_contacts()),
        erase=forgetting.end_contacts,
        order=10,
    ),
    Retention(
        "initiative.trace",
        _l(
            "Language, channel, your account, a fingerprint of your secret code, the messages about your case"
        ),
        _AFTER_A_YEAR,
        asked=_l("Always; you need not do anything"),
        seen=_TEAM,
        order=11,
    ),
    Retention(
        "initiative.helper",
        _l("Who filed for you, if somebody did"),
        _l("As long as the record of who did what"),
        asked=_l("When you file by phone, on paper or at a meeting"),
        seen=_l("The team and those who check its work"),
        order=12,
    ),
    Retention(
        "initiative.text",
        _l("Text, photos and place"),
        _l("The public text stays as a record"),
        asked=_l("Always. Leave out other people’s names, numbers and faces."),
        seen=_l("Everybody, after the team has read it"),
        order=13,
    ),
    Retention(
        "initiative.change",
        _l(
            "What you propose to change after the decision, and why; the text and the place before the change"
        ),
        _l("The public text stays as a record"),
        asked=_l("When you propose a change. Leave out other people’s names and numbers."),
        seen=_l("Everybody at once; only the team, where the initiative is handled without publication"),
        order=13,
    ),
    Retention(
        "initiative.original",
        _l("Photos as they came in, and a text before the team took something out"),
        _AFTER_A_YEAR,
        asked=_l("When you send photos, or when the team has to change your text"),
        seen=_TEAM,
        due=lambda: forgetting.how_many(forgetting.with_old_originals()),
        erase=forgetting.end_originals,
        order=14,
    ),
    Retention(
        "initiative.answers",
        _l("Answers to questions of the office that only the team reads"),
        _AFTER_A_YEAR,
        asked=_l("When your municipality asks more than the portal does; the form says who reads the answer"),
        seen=_TEAM,
        order=14,
    ),
    Retention(
        "initiative.held",
        _l("An initiative the office has put on hold"),
        Filled("%(n)s days, then it is deleted", {"n": rules.HELD_DAYS}),
        asked=_l("When the team may not publish it"),
        seen=_TEAM,
        due=lambda: forgetting.how_many(forgetting.long_held()),
        erase=forgetting.end_held,
        order=15,
    ),
    Retention(
        "initiative.draft",
        _l("A draft you have not sent"),
        Filled("%(n)s days after you last changed it", {"n": rules.DRAFT_DAYS}),
        asked=_l("When you save it"),
        seen=_l("You"),
        due=lambda: forgetting.how_many(forgetting.old_drafts()),
        erase=forgetting.end_drafts,
        order=16,
    ),
    Retention(
        "initiative.support",
        _l("That you support or follow an initiative, found a comment useful or reported it"),
        Filled(
            "Until %(n)s days after the case has ended; then the number alone remains",
            {"n": rules.SUPPORT_DAYS},
        ),
        asked=_l("When you do so"),
        seen=_l("Nobody; only the number of people is public"),
        due=lambda: forgetting.how_many(forgetting.with_old_supports()),
        erase=forgetting.end_supports,
        order=17,
    ),
    Retention(
        "initiative.echo",
        _l("That you were asked whether it helped, and what you wrote"),
        Filled(
            "%(n)s months after you were asked; then the answer alone remains", {"n": rules.CONTACT_MONTHS}
        ),
        asked=_l(
            "Four weeks after the work, if you proposed, support or follow an initiative; you need not answer"
        ),
        seen=_l("The team; in public stands only how many people said what"),
        due=lambda: forgetting.how_many(forgetting.old_echoes()),
        erase=forgetting.end_echoes,
        order=17,
    ),
    Retention(
        "initiative.comment",
        _l("Your comment"),
        _l("As long as the initiative"),
        asked=_l(
            "When you write it, under your name or as “resident”. Taken back, its words are erased at once."
        ),
        seen=_l("Everybody; what waits or was hidden, the team and you"),
        order=18,
    ),
    Retention(
        "initiative.filter",
        _l("Filters of lists that you keep under a name"),
        _l("As long as your account, or until you delete them"),
        asked=_l("When you save one"),
        seen=_l("You"),
        order=19,
    ),
    Retention(
        "initiative.bulk",
        _l("Which cases a member of the team worked on together, and what became of each"),
        Filled("%(n)s days; the steps stand in the history of each case", {"n": bulk.KEPT_DAYS}),
        due=bulk.old_acts,
        erase=bulk.end_old_acts,
        order=19,
    ),
)

READINGS = (
    Reading("initiative.contact_read", _l("Contact data of an author")),
    Reading("initiative.withheld_read", _l("A case handled without publication")),
)
