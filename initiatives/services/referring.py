"""Referring a case: to another body, which ends it here, or to a municipality of the portal, where it goes on at once.

There a row of its own stands under the same number with what was published, the files and the author; here the page
stays and leads there. One row a municipality: each office keeps, shows and ends what is its own. Supports stay where
they were given until their person moves them (see `merging`).
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import exists, select, update

from initiatives import messages, queries
from initiatives.kinds import theme_of
from initiatives.models import Author, Initiative, Support, Translation
from initiatives.services import audience
from initiatives.services.settling import system
from initiatives.states import ARRIVE, CALL_BACK, WORKFLOW
from portal.content import move
from portal.content import queries as content_queries
from portal.content import services as content
from portal.content.models import Attachment, Comment, FileRole
from portal.core import audit, clock, consent, events, files, tenancy
from portal.core.actor import Actor
from portal.core.collate import fold
from portal.core.consent import ConsentEvent, Purpose
from portal.core.db import db
from portal.core.errors import Conflict, Invalid
from portal.core.i18n import Filled
from portal.core.i18n import lazy_gettext as _l
from portal.core.sealed import new_row_id
from portal.core.tenancy import Town
from portal.core.usecase import use_case
from portal.core.workflow import Lane

SOURCES = WORKFLOW.move("transfer").sources
OTHER_OFFICE = "other_office"
"""`who` of steps that follow from what another municipality did."""
WORDS = ("title", "folded", "text", "language", "place", "lat", "lon", "address", "author_user_id")
"""What a case takes along, besides what it is founded with. Answers to questions of the office stay with the office."""
PERSON = (
    "name",
    "email",
    "phone",
    "postal",
    "user_id",
    "code_hash",
    "person",
    "phone_key",
    "shows_name",
    "locale",
)
"""What the other office needs to reach the author; not what somebody took out of the words here."""
REDACTED = ("title", "text", "address")
"""Words out of which the team takes personal data."""
FILES = (FileRole.PHOTO, FileRole.DOCUMENT)
MOVED_ON = _l("The case has moved on meanwhile. Look at its present state and decide again.")
HAPPENED = _l(
    "It cannot be taken back any more: something has happened to it in the municipality it was referred to. That "
    "office can refer it back."
)


@use_case("initiative.assign", code="initiative.transferred", load=queries.case_to_refer)
def transfer(actor: Actor, case: Initiative, to: str, note: str, town: str = "") -> None:
    """Refer it to another body, named in `to`, or to the municipality of the portal with the slug `town`.

    Raises Invalid unless exactly one of the two is given, and when the files of the case cannot be copied.
    """
    body = to.strip()
    if body and town:
        reason = _l("Choose a municipality or name another body, not both.")
        raise Invalid(reason, {"to": reason})
    if not town:
        if not body:
            reason = _l("Choose a municipality, or name the body it goes to.")
            raise Invalid(reason, {"town": reason})
        case.transferred_to, case.referred_on = body, case.local_today
        move.run(actor, case, "transfer", note=note, who="leader")
        return
    _send(actor, case, _town(case, town), note)


def _town(case: Initiative, slug: str) -> Town:
    town = tenancy.towns().get(slug)
    if town is None or town.id == case.municipality_id:
        reason = _l("Choose another municipality of the list.")
        raise Invalid(reason, {"town": reason})
    return town


def _send(actor: Actor, case: Initiative, town: Town, note: str) -> None:
    # Before anything is copied; the move asks again.
    if case.state not in SOURCES:
        raise Conflict(MOVED_ON)
    if not note.strip():
        raise Invalid(_l("Give a reason."), {"note": _l("Write the reason; it is kept in the history.")})
    home = tenancy.town_by_id(case.municipality_id)
    there = _receive(actor, case, home, town, note)
    case.transferred_to = town.names.get(home.language) or town.name
    case.referred_to_id, case.referred_on = town.id, case.local_today
    move.run(actor, case, "transfer", note=note, internal_note=town.slug, who="leader")
    audit.note(f"initiative:{case.id}", to=town.slug)
    messages.referred(case, there, note)


def _receive(actor: Actor, case: Initiative, home: Town, town: Town, note: str) -> Initiative:
    """The row of the case in the other municipality, in *published*: a new one, or the one it left there before."""
    agreed = consent.events_of(*_name_consent(case))
    translations = db.session.scalars(select(Translation).where(Translation.initiative_id == case.id)).all()
    sent = _files(case)
    db.session.flush()  # The session writes rows of one municipality at a time.
    with tenancy.within(town.id), audit.beside(actor, "initiative.arrived"):
        there = queries.of_number(case.number or "")
        if there is None:
            there = _found(case, town)
            db.session.add_all(_translated(translations, case, there))
        for name in WORDS:
            setattr(there, name, getattr(case, name))
        _take_author(case, there, agreed)
        _take_files(sent, there, town)
        there.transferred_to, there.referred_to_id, there.referred_on = "", None, None
        there.referred_from_id, there.arrived_on = home.id, there.local_today
        if there.audience is not case.audience:
            audience.turn(there, case.audience)
        there.listed_at = None  # New in the lists, with the days for support that this office gives.
        move.put(
            system(there),
            there,
            ARRIVE,
            "published",
            note=note,
            internal_note=home.slug,
            who=OTHER_OFFICE,
            language=home.language,
        )
        messages.arrived(there, home)
        audit.note(f"initiative:{there.id}", number=there.number, referred_by=home.slug)
        db.session.flush()
    return there


def _found(case: Initiative, town: Town) -> Initiative:
    """A new row under the old number. Money is not reckoned into another currency, so then it is left out."""
    there = Initiative(
        municipality_id=town.id,
        number=case.number,
        created_at=case.created_at,
        updated_at=clock.now(),
        submitted_at=case.submitted_at,
        channel=case.channel,
        currency=town.currency,
        language=case.language,
        category=_category(case, town),
        cost_minor=case.cost_minor if case.currency == town.currency else None,
        audience=case.audience,
    )
    there.author, there.reviewers, there.sheets = None, [], []
    move.begin(there)
    db.session.add(there)
    db.session.flush()  # Author and files name it.
    return there


def _category(case: Initiative, town: Town) -> str:
    """The theme of its category, or *other* where that office does not offer it.

    What an office added itself is numbered under a theme, and means something else in another one.
    """
    theme = theme_of(case.category)
    return theme if theme in {found.key for found in queries.office_in(town).offered()} else "other"


def _translated(rows: Sequence[Translation], case: Initiative, there: Initiative) -> list[Translation]:
    """Its translations; one that was out of date stays behind."""
    return [
        Translation(
            municipality_id=there.municipality_id,
            initiative_id=there.id,
            language=row.language,
            title=row.title,
            text=row.text,
            status=row.status,
            made_from_version=there.version + 1,  # It is published with the next one.
        )
        for row in rows
        if row.made_from_version >= case.version
    ]


def _take_author(case: Initiative, there: Initiative, agreed: Sequence[ConsentEvent]) -> None:
    """Who filed it, sealed for the other office, with the consent to show the name as it stands."""
    mine, theirs = case.author, there.author
    if mine is None:
        return
    if theirs is None:
        theirs = Author(
            id=new_row_id(),
            municipality_id=there.municipality_id,
            initiative_id=there.id,
            locale=mine.locale,
        )
        there.author = theirs
        db.session.add(theirs)
    for name in PERSON:
        setattr(theirs, name, getattr(mine, name))
    if agreed:
        consent.carry(agreed[-1], there.about)


def _name_consent(case: Initiative) -> tuple[Any, ...]:
    return (
        ConsentEvent.kind == case.KIND,
        ConsentEvent.object_id == case.id,
        ConsentEvent.purpose == Purpose.NAME,
    )


def _files(case: Initiative) -> list[Attachment]:
    """Photos and documents in their order."""
    rows = db.session.scalars(
        select(Attachment).where(
            Attachment.kind == case.KIND, Attachment.object_id == case.id, Attachment.role.in_(FILES)
        )
    )
    return sorted(rows, key=lambda row: row.place or row.id)


def _take_files(sent: Sequence[Attachment], there: Initiative, town: Town) -> None:
    """Copy the files; what hung on it here before gives way, where it is not the same."""
    before = _files(there)
    if list(map(looks, before)) == list(map(looks, sent)):
        return
    made: list[Attachment] = []
    try:
        for row in sent:
            made.append(content.copy_file(row, there))  # noqa: PERF401 - what was made before one fails is removed
    except (Invalid, FileNotFoundError) as problem:
        for row in made:
            for key in row.keys:
                files.remove(key)
        raise Invalid(
            str(
                Filled(
                    "The files of this case could not be copied to %(town)s, so nothing was changed. Its office may have "
                    "no room for files left, or the store does not answer. Try again later, or ask that office.",
                    {"town": town.name},
                )
            )
        ) from problem
    # Last, as what lies in the store does not come back when something above refuses.
    for row in before:
        content.detach(row)


def looks(row: Attachment) -> tuple[Any, ...]:
    """What a file and its copy in another municipality have in common."""
    return row.role, row.name, row.size, row.alt, row.boxes, row.public, row.scan


def call_back(actor: Actor, case: Initiative, note: str, *, quiet: bool = False) -> tuple[str, int] | None:
    """End the row in the other municipality, for a case that is taken back here; what it was, or None if nothing is there.

    Its page stays and leads back. `quiet`: nobody was told of it yet. Raises Conflict when something but the
    publication has happened there.
    """
    town_id, home = case.referred_to_id, tenancy.town_by_id(case.municipality_id)
    case.transferred_to, case.referred_to_id, case.referred_on = "", None, None
    if town_id is None:
        return None
    db.session.flush()  # The session writes rows of one municipality at a time.
    with tenancy.within(town_id), audit.beside(actor, "initiative.called_back"):
        there = queries.of_number(case.number or "")
        if there is None:
            return None
        if has_happened(there):
            raise Conflict(HAPPENED)
        town = tenancy.town_by_id(town_id)
        there.transferred_to = home.names.get(town.language) or home.name
        there.referred_to_id, there.referred_on = home.id, there.local_today
        move.put(
            system(there),
            there,
            CALL_BACK,
            "transferred",
            note=note,
            internal_note=home.slug,
            who=OTHER_OFFICE,
            language=home.language,
        )
        if not quiet:
            messages.called_back(there, home, note)
        audit.note(f"initiative:{there.id}", number=there.number, referred_by=home.slug)
        db.session.flush()
    return there.about


def redact_words(actor: Actor, case: Initiative, before: Mapping[str, str], note: str) -> None:
    """Take out of its rows in other municipalities what was just taken out here, where the words still were the same.

    Personal data that one office took out must stand nowhere; what another office has put into words of its own stays.
    """
    changed = [name for name, old in before.items() if getattr(case, name) != old]
    for there in _elsewhere(case) if changed else ():
        same = [name for name in changed if getattr(there, name) == before[name]]
        if not same:
            continue
        with _redacted(actor, case, there, "edit", note):
            if there.author is not None and there.author.original is None:
                words = (getattr(there, name) for name in REDACTED)
                there.author.original = "\n\n".join(filter(None, words))
            for name in same:
                setattr(there, name, getattr(case, name))
            there.folded = fold(there.title)
            there.version += 1


def redact_photos(
    actor: Actor, case: Initiative, before: tuple[Any, ...], boxes: Sequence[files.Box], note: str
) -> None:
    """The same for parts of a photo; `before`: how it looked until now."""
    for there in _elsewhere(case):
        copies = [row for row in _files(there) if looks(row) == before and not row.waits]
        if not copies:
            continue
        with _redacted(actor, case, there, "redact", note):
            for row in copies:
                content.redact(row, boxes)


def _elsewhere(case: Initiative) -> Iterator[Initiative]:
    """Its rows in other municipalities, each within its own."""
    others = [town.id for town in tenancy.towns().values() if town.id != case.municipality_id]
    # By municipality and number, as the index has it.
    same = select(Initiative.municipality_id).where(
        Initiative.municipality_id.in_(others), Initiative.number == case.number
    )
    with tenancy.unscoped("personal data taken out in one municipality must stand in none"):
        town_ids = list(db.session.scalars(same))
    for town_id in town_ids:
        db.session.flush()  # The session writes rows of one municipality at a time.
        with tenancy.within(town_id):
            yield queries.case_by_number(case.number or "")


@contextmanager
def _redacted(
    actor: Actor, case: Initiative, there: Initiative, verb: str, note: str
) -> Generator[None, None, None]:
    """What is done to the row there stands in its history, and in the audit log of that municipality."""
    home = tenancy.town_by_id(case.municipality_id)
    with audit.beside(actor, "initiative.redacted_elsewhere"):
        yield
        there.updated_at = clock.now()
        move.record(
            system(there),
            there,
            verb,
            lane=Lane.AUTHOR,
            note=note,
            who=OTHER_OFFICE,
            spoken=home.language,
        )
        audit.note(f"initiative:{there.id}", number=there.number, redacted_by=home.slug)
        events.tell("content.changed", there, public=there.is_public)
        db.session.flush()


def renew_code(case: Initiative, before: str | None, code_hash: str) -> None:
    """Let a new code open the case in the other municipalities as well, and the earlier one nowhere."""
    rows = select(Initiative.id).where(Initiative.number == case.number, Initiative.id != case.id)
    theirs = update(Author).where(Author.initiative_id.in_(rows), Author.code_hash == before)
    with tenancy.unscoped("a lost code must open the case nowhere"):
        db.session.execute(theirs.values(code_hash=code_hash).execution_options(synchronize_session=False))


def has_happened(there: Initiative) -> bool:
    """Whether anybody has done anything with a case since it came: a step of whatever kind, a comment, a support."""
    steps = [
        step
        for step in content_queries.history(*there.about, tuple(Lane))
        if step.verb == ARRIVE or step.who != OTHER_OFFICE
    ]
    if not steps or steps[-1].verb != ARRIVE:
        return True
    since = steps[-1].at
    said = exists().where(Comment.kind == there.KIND, Comment.object_id == there.id, Comment.at >= since)
    supported = exists().where(Support.initiative_id == there.id, Support.at >= since)
    return bool(db.session.scalar(select(said | supported)))
