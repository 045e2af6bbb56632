"""Filing: drafts, their files, sending, and an operator who writes for a caller."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select

from initiatives import messages, queries, rules
from initiatives.kinds import Answer
from initiatives.models import (
    LOST_FILE,
    Audience,
    Author,
    Initiative,
    Place,
)
from portal.accounts.queries import given_name, phone_key
from portal.content import move
from portal.content import queries as content_queries
from portal.content import services as content
from portal.content.models import Attachment, FileRole
from portal.core import audit, clock, consent, tenancy, tokens
from portal.core.actor import Actor, Channel
from portal.core.collate import fold
from portal.core.consent import Purpose
from portal.core.db import db
from portal.core.errors import Invalid, Missing
from portal.core.files import Stored
from portal.core.i18n import Filled
from portal.core.sealed import new_row_id
from portal.core.usecase import once, use_case
from portal.notify import services as notices


@dataclass(frozen=True, slots=True)
class What:
    """What somebody proposes."""

    title: str
    text: str
    category: str
    cost: int | None = None
    language: str = ""
    answers: Mapping[int, Answer] | None = None
    """To the questions of the office that were asked, by their number; None where nothing was asked."""


@dataclass(frozen=True, slots=True)
class Where:
    """Where: a point, an address, or the whole municipality."""

    place: Place
    lat: float | None = None
    lon: float | None = None
    address: str = ""
    district: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """A file somebody sent, stored but hanging on nothing yet."""

    stored: Stored
    role: FileRole
    alt: str = ""


@dataclass(frozen=True, slots=True)
class Who:
    """Who the author is, as far as they want to say."""

    name: str = ""
    email: str = ""
    phone: str = ""
    postal: str = ""
    shows_name: bool = False
    withheld: bool = False
    """Whether it is to be handled without publication."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the author takes home; `code` is shown once."""

    initiative_id: int
    number: str
    code: str | None


@use_case("initiative.write", code="initiative.drafted")
def start_draft(actor: Actor, locale: str, key: str) -> str:
    """Begin a draft; gives the token of its address."""

    def act() -> int:
        case = _new_case(actor, locale)
        db.session.flush()  # The token and the author's row name it.
        _author_of(case, actor, locale)
        return case.id

    return queries.draft_token(once("initiative.draft", key, act))


def _new_case(actor: Actor, locale: str) -> Initiative:
    town = tenancy.town_by_id(_place_of(actor))
    now = clock.now()
    case = Initiative(
        municipality_id=town.id,
        language=locale,
        currency=town.currency,
        channel=actor.channel,
        created_at=now,
        updated_at=now,
        author_user_id=None if actor.on_behalf else actor.user_id,
        taken_by_user_id=actor.user_id if actor.on_behalf else None,
    )
    move.begin(case)
    db.session.add(case)
    return case


def _place_of(actor: Actor) -> int:
    current = tenancy.current_id() or actor.municipality_id
    if current is None:
        raise Missing
    return current


def _author_of(case: Initiative, actor: Actor, locale: str) -> Author:
    author = Author(
        id=new_row_id(),
        municipality_id=case.municipality_id,
        initiative_id=case.id,
        locale=locale,
        # Whoever is signed in need not write their name again; the team alone reads it until they say otherwise.
        name=None if actor.on_behalf else given_name(actor.user_id) or None,
        shows_name=False,
        user_id=None if actor.on_behalf else actor.user_id,
    )
    case.author = author
    db.session.add(author)
    return author


@use_case("initiative.write", code="initiative.draft_saved")
def save_what(actor: Actor, token: str, what: What, version: int | None = None) -> None:
    """Keep what the author wrote. Raises Conflict when another device changed the draft since `version`."""
    case = _draft(token, version)
    write_what(case, what)
    audit.note(f"initiative:{case.id}")


def _draft(token: str, version: int | None) -> Initiative:
    """The draft of a link, for an edit made from `version`; the edit makes the next one."""
    case = queries.draft_by_token(token)
    if version is not None:
        content.need_version(case, version)
    case.version += 1
    return case


def write_what(case: Initiative, what: What) -> None:
    """Take over what the author wrote."""
    case.title, case.text, case.category = what.title, what.text, what.category
    case.folded = fold(what.title)
    case.cost_minor = None if what.cost is None else what.cost * 100
    if what.language:
        case.language = what.language
    if what.answers is not None:
        write_answers(case, what.answers)
    case.updated_at = clock.now()


def write_answers(case: Initiative, given: Mapping[int, Answer]) -> None:
    """Take over what was answered: in public with the case, for the team alone sealed with the author.

    Answers to what is asked no more in any wording stay; those to earlier wordings are replaced.
    """
    office = queries.office(case.municipality_id)
    asked = {found.thread for found in office.asked(case.category)}
    kept = {
        number: value
        for number, value in queries.kept_answers(case).items()
        if (before := office.question(number)) is not None and before.retired and before.thread not in asked
    }
    public: dict[str, Answer] = {}
    team: dict[str, Answer] = {}
    for number, value in sorted({**kept, **given}.items()):
        question = office.question(number)
        if question is not None:
            (public if question.public else team)[str(number)] = value
    case.answers = public
    if case.author is not None:
        case.author.answers = json.dumps(team, ensure_ascii=False) if team else None


def need_answers(case: Initiative) -> None:
    """Raises Invalid while a question that has to be answered is not."""
    open_ones = queries.unanswered(case)
    if open_ones:
        raise Invalid(queries.lacking(open_ones))


@use_case("initiative.write", code="initiative.draft_saved")
def save_where(actor: Actor, token: str, where: Where, version: int | None = None) -> None:
    """Keep the place. Raises Conflict like `save_what`."""
    case = _draft(token, version)
    write_where(case, where)
    audit.note(f"initiative:{case.id}")


def write_where(case: Initiative, where: Where) -> None:
    """Take over the place; the whole municipality has no point."""
    case.place, case.lat, case.lon = where.place, where.lat, where.lon
    if where.place is Place.WHOLE:
        case.lat = case.lon = None
    case.address, case.district = where.address, where.district
    case.updated_at = clock.now()


@use_case("initiative.write", code="initiative.draft_saved")
def save_who(actor: Actor, token: str, who: Who, version: int | None = None) -> None:
    """Keep how the author wants to be told. Raises Conflict like `save_what`."""
    case = _draft(token, version)
    write_who(case, who)
    audit.note(f"initiative:{case.id}")


def write_who(case: Initiative, who: Who) -> None:
    """Take over, sealed, how the author wants to be told."""
    author = case.author
    if author is None:
        raise Missing
    author.name, author.email = who.name or None, who.email or None
    author.phone, author.postal = who.phone or None, who.postal or None
    author.shows_name = who.shows_name and bool(who.name)
    case.audience = Audience.TEAM if who.withheld else Audience.EVERYBODY
    author.person = content.person_of_email(who.email) if who.email else None
    country = tenancy.town_by_id(case.municipality_id).country
    author.phone_key = phone_key(who.phone, country) if who.phone else None


@use_case("initiative.write", code="initiative.file_added")
def add_file(actor: Actor, token: str, stored: Stored, role: FileRole, alt: str) -> bool:
    """Hang a stored photo or document on the draft; False for one that hangs there already, sent twice.

    Raises Invalid when there are enough.
    """
    case = queries.draft_by_token(token)
    return attach(case, stored, role, alt)


def attach(case: Initiative, stored: Stored, role: FileRole, alt: str, leaving: Collection[int] = ()) -> bool:
    """Hang a stored file on the case; False for one that hangs there already. Raises Invalid at its field.

    `leaving` are ids of files that are about to be taken off, and make room.
    """
    limit = rules.PHOTOS_MAX if role is FileRole.PHOTO else rules.DOCUMENTS_MAX
    present = [
        row
        for row in content_queries.files(*case.about, public_only=False)
        if row.role is role and row.id not in leaving
    ]
    if any((row.name, row.size) == (stored.name, stored.size) for row in present):
        return False
    if len(present) >= limit:
        if role is FileRole.PHOTO:
            most = str(Filled("There are %(n)s photos already, which is the most.", {"n": limit}))
        else:
            most = str(Filled("There are %(n)s documents already, which is the most.", {"n": limit}))
        raise Invalid(most, {role.value: most})
    try:
        content.attach(case, stored, role, alt)
    except Invalid as problem:
        raise Invalid(problem.reason, {role.value: problem.reason}) from None
    case.updated_at = clock.now()
    forget_lost_file(case)
    audit.note(f"initiative:{case.id}")
    return True


def forget_lost_file(case: Initiative) -> None:
    """Say no more that the virus scanner took a file off the draft: its author read it, and sent another or none."""
    if case.lost_a_file:
        case.details = {key: value for key, value in case.details.items() if key != LOST_FILE}


@use_case("initiative.write", code="initiative.file_described")
def describe_file(actor: Actor, token: str, attachment_id: int, alt: str) -> None:
    """Say anew what a photo shows, or what a document is. Raises Missing."""
    case = queries.draft_by_token(token)
    row = content_queries.attachment(*case.about, attachment_id)
    if row is None:
        raise Missing
    row.alt = alt
    case.updated_at = clock.now()
    audit.note(f"initiative:{case.id}")


@use_case("initiative.write", code="initiative.file_removed")
def remove_file(actor: Actor, token: str, attachment_id: int) -> None:
    """Take a photo or document off the draft again; one that is gone already is fine."""
    case = queries.draft_by_token(token)
    row = content_queries.attachment(*case.about, attachment_id)
    if row is not None:
        content.detach(row)


@use_case("initiative.write", code="initiative.file_refused")
def refuse_file(actor: Actor, role: FileRole) -> None:
    """Log that the virus scanner found something; nothing of the file, not even its name, is kept."""
    audit.note(role=role.value)


@use_case("initiative.write", code="initiative.draft_link_sent")
def send_draft_link(_actor: Actor, token: str, email: str, locale: str, key: str) -> None:
    """Send the link of the draft to a canonical address; it is kept nowhere but with the message."""
    case = queries.draft_by_token(token)
    audit.note(f"initiative:{case.id}")

    def act() -> None:
        messages.draft_link(case, email, locale)

    once(f"initiative.later:{case.id}", key, act)


@use_case("initiative.write", code="initiative.draft_dropped")
def drop_draft(actor: Actor, token: str) -> None:
    """Throw the draft away with its files and contact data."""
    erase_draft(queries.draft_by_token(token))


def erase_draft(case: Initiative) -> None:
    """Delete a draft entirely; called for thrown-away and for forgotten ones."""
    notices.forget(*case.about)
    for row in db.session.scalars(
        select(Attachment).where(Attachment.kind == case.KIND, Attachment.object_id == case.id)
    ):
        content.detach(row)
    if case.author is not None:
        db.session.delete(case.author)
    db.session.flush()  # The author's row points at the case.
    db.session.delete(case)


@use_case("initiative.write", code="initiative.submitted")
def submit(actor: Actor, token: str, key: str) -> Receipt:
    """Send the draft: number, code, deadline, receipt. A repeated post of this draft gets the same receipt."""

    def act() -> list[Any]:
        case = queries.draft_by_token(token)
        return send_draft(actor, case, key)

    initiative_id, number, coded = once(f"initiative.submit:{tokens.digest(token)}", key, act)
    return Receipt(initiative_id, number, tokens.derived_code(key, initiative_id) if coded else None)


def send_draft(actor: Actor, case: Initiative, key: str) -> list[Any]:
    """Number, code and first move of a complete draft; (id, number, whether there is a code)."""
    refusal = rules.can_be_sent(case)
    if refusal:
        raise Invalid(refusal)
    need_answers(case)
    town = tenancy.town_by_id(case.municipality_id)
    forget_lost_file(case)
    case.number = tokens.next_number(town, "I")
    case.submitted_at = clock.now()
    author = case.author
    if author is not None and author.user_id is None:
        author.code_hash = tokens.code_hash(tokens.derived_code(key, case.id))
    # Whoever holds the draft's link is its author: the move asks for that right.
    move.run(
        Actor(
            user_id=actor.user_id,
            name=actor.name,
            municipality_id=case.municipality_id,
            channel=actor.channel,
            on_behalf=actor.on_behalf,
            roles=actor.roles,
            cases=frozenset({case.about}),
        ),
        case,
        "submit",
        who="operator" if actor.on_behalf else "author",
    )
    audit.note(f"initiative:{case.id}", number=case.number)
    if author is not None and author.shows_name:
        consent.record(
            actor, Purpose.NAME, case.about, given=True, user_id=author.user_id, person=author.person
        )
    return [case.id, case.number, author is not None and author.user_id is None]


def take_call(
    actor: Actor, channel: Channel, what: What, where: Where, who: Who, locale: str, key: str
) -> Receipt:
    """An operator files for a caller, from paper or at a meeting; case and audit log say so and name them."""
    # Before the use case begins: the audit entry is written for whoever it is called with.
    return _take(replace(actor, channel=channel, on_behalf=True), what, where, who, locale, key)


@use_case("initiative.take", code="initiative.taken")
def _take(helper: Actor, what: What, where: Where, who: Who, locale: str, key: str) -> Receipt:
    def act() -> list[Any]:
        case = _new_case(helper, locale)
        # Known to be empty; once it is stored, asking would be a query too many and is refused.
        case.reviewers, case.sheets = [], []
        db.session.flush()  # The author's row names it.
        _author_of(case, helper, locale)
        write_what(case, what)
        write_where(case, where)
        write_who(case, who)
        return send_draft(helper, case, key)

    initiative_id, number, coded = once("initiative.call", key, act)
    return Receipt(initiative_id, number, tokens.derived_code(key, initiative_id) if coded else None)
