"""The author's acts after filing, and the code that proves the author."""

from collections.abc import Collection, Sequence
from datetime import timedelta

from sqlalchemy import select

from initiatives import policy, queries, rules
from initiatives.models import (
    Author,
    Initiative,
)
from initiatives.services import echoing, figures
from initiatives.services.filing import Sent, What, Where, attach, need_answers, write_what, write_where
from portal.content import move
from portal.content import queries as content_queries
from portal.content import services as content
from portal.content.models import Comment, FileRole
from portal.core import audit, clock, consent, events, tenancy, tokens
from portal.core.actor import Actor
from portal.core.consent import ConsentEvent, Purpose
from portal.core.db import db
from portal.core.errors import Conflict, Invalid, Missing
from portal.core.i18n import lazy_gettext as _l
from portal.core.usecase import use_case

AUTHORS_FILES = (FileRole.PHOTO, FileRole.DOCUMENT)


@use_case("initiative.own", code="initiative.completed", load=queries.case)
def complete(
    actor: Actor,
    case: Initiative,
    what: What,
    where: Where,
    version: int,
    sent: Sequence[Sent] = (),
    drop: Collection[int] = (),
) -> list[Sent]:
    """Send a returned or lapsed case again, completed; the answer is which files hang on it now.

    `drop` are ids of photos and documents its author takes off; what is not there any more is fine.
    Raises Conflict when it changed meanwhile, Invalid when there are enough files.
    """
    content.need_version(case, version)
    if case.state == "lapsed" and clock.now() > case.updated_at + timedelta(days=rules.REOPEN_DAYS):
        raise Invalid(_l("The 30 days in which it could be taken up again have passed. File it anew."))
    with figures.counted_anew(case):
        write_what(case, what)
        write_where(case, where)
    need_answers(case)
    hung = [file for file in sent if attach(case, file.stored, file.role, file.alt, drop)]
    move.run(actor, case, "submit", who=speaker(actor, case))
    # Last, as what lies in the store does not come back when something above refuses.
    for file_id in sorted(drop):
        row = content_queries.attachment(*case.about, file_id)
        if row is not None and row.role in AUTHORS_FILES:
            content.detach(row)
    audit.note(f"initiative:{case.id}")
    return hung


@use_case("initiative.own", code="initiative.withdrawn", load=queries.case)
def withdraw(actor: Actor, case: Initiative, note: str) -> None:
    """The author takes it back."""
    move.run(actor, case, "withdraw", note=note, who=speaker(actor, case))


@use_case("initiative.own", code="initiative.appealed", load=queries.case)
def appeal(actor: Actor, case: Initiative, note: str) -> None:
    """The author appeals against a refusal."""
    move.run(actor, case, "appeal", note=note, who=speaker(actor, case))
    case.appealed_once = True


@use_case("initiative.own", code="initiative.judged", load=queries.case)
def judge(actor: Actor, case: Initiative, verb: str, note: str) -> None:
    """The author says whether it helped: `confirm`, `partly` or `dispute`; once for each time it was done."""
    answer = {"confirm": "yes", "partly": "partly", "dispute": "no"}.get(verb)
    if answer is None:
        raise Invalid(_l("Choose one of the possible results."))
    if case.state not in echoing.JUDGED_IN:
        raise Conflict(_l("The case has moved on meanwhile. Look at its present state and decide again."))
    echoing.judge_as_author(actor, case, answer, note, speaker(actor, case))
    events.tell("content.changed", case)


@use_case("initiative.own", code="initiative.name_shown", load=queries.case)
def show_name(actor: Actor, case: Initiative, *, shown: bool) -> None:
    """Show the author's name in public from now on, or no longer: a consent is taken back as easily as given.

    Raises Invalid when there is no name to show.
    """
    author = case.author
    if author is None or (shown and not author.name):
        raise Invalid(_l("You left no name with this initiative."))
    audit.note(f"initiative:{case.id}", shown=shown)
    if author.shows_name is shown:
        return
    author.shows_name = shown
    consent.record(actor, Purpose.NAME, case.about, given=shown, user_id=author.user_id, person=author.person)
    events.tell("content.changed", case, public=case.is_public)


def consent_withdrawn(fact: events.Fact) -> None:
    """A consent was taken back on the page of one's consents: carry it out here. Listens to `consent.withdrawn`."""
    event: ConsentEvent = fact.thing
    if event.purpose is Purpose.NAME and event.kind == Initiative.KIND:
        case = queries.case(event.object_id)
        if case.author is not None:
            case.author.shows_name = False
        events.tell("content.changed", case, public=case.is_public)
    elif event.purpose is Purpose.COMMENT_NAME:
        said = db.session.get(Comment, event.object_id)
        if said is not None and said.kind == Initiative.KIND and said.user_id == event.user_id:
            said.name = ""
            events.tell("content.changed", queries.case(said.object_id))
    elif event.purpose is Purpose.NOTICES and event.kind == Initiative.KIND and event.user_id is not None:
        content.unfollow(queries.case(event.object_id), content.person_of_user(event.user_id))


def speaker(actor: Actor, case: Initiative) -> str:
    """Who the history names: the author, or the operator who takes a caller's words down."""
    if policy.owns(actor, case) or not policy.took(actor, case):
        return "author"
    audit.on_behalf()
    return "operator"


def open_by_code(number: str, code: str, municipality_id: int | None = None) -> Initiative:
    """The case a number and its secret code open. Raises Missing, the same for every mistake.

    One that was referred to another municipality opens where it goes on; with `municipality_id` in that one alone.
    """
    canonical = tokens.canonical_number(number)
    statement = (
        select(Initiative.id, Initiative.municipality_id)
        .join(Author, Author.initiative_id == Initiative.id)
        .where(Initiative.number == (canonical or ""), Author.code_hash == tokens.code_hash(code))
        .order_by(Initiative.referred_to_id.is_not(None), Initiative.id.desc())
    )
    if municipality_id is not None:
        statement = statement.where(Initiative.municipality_id == municipality_id)
    with tenancy.unscoped("a code names its case in whatever town"):
        found = db.session.execute(statement.limit(1)).first()
    if found is None:
        raise Missing(_l("Number and code do not fit together. Check both; capital letters do not matter."))
    with tenancy.within(found.municipality_id):
        return queries.case(found.id)
