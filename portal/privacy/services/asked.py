"""Requests of people about their data: found by keyed hashes, handed out, erased; every step in the audit log."""

import json
from typing import Any

from sqlalchemy import select

from portal.core import audit, clock, tenancy, throttle
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import Invalid
from portal.core.i18n import lazy_gettext as _l
from portal.core.policy import need
from portal.core.registry import Whom
from portal.core.sealed import new_row_id
from portal.core.throttle import CODE_CASE
from portal.core.usecase import once, use_case
from portal.privacy import messages, queries, rules
from portal.privacy.models import DataRequest
from portal.privacy.queries import Known, Part
from portal.privacy.services import again


def open_request(actor: Actor, known: Known, proof: str, form_key: str) -> int:
    """Write down that somebody asks; its id. Raises Invalid when nothing is kept of them, TooMany for guessed codes."""
    if known.number:
        throttle.hit(CODE_CASE, "request", known.number)
    return _open(actor, known, proof, form_key)


@use_case("privacy.act", code="privacy.asked")
def _open(actor: Actor, known: Known, proof: str, form_key: str) -> int:
    town = tenancy.town_by_id(tenancy.current_id() or 0)
    whom = queries.find(known, town.country)
    if not whom.keys or not any(part.records for part in queries.kept_of(whom)):
        raise Invalid(
            _l("Nothing is kept under this here. Check what you typed; number and code must both be right.")
        )

    def act() -> int:
        row = DataRequest(
            id=new_row_id(),
            municipality_id=town.id,
            created_at=clock.now(),
            created_by_id=actor.user_id,
            proof=proof,
            keys=sorted(whom.keys),
            person_id=whom.user_id,
            counts={},
        )
        row.who = json.dumps([text for text in (known.email, known.phone, known.number) if text])
        db.session.add(row)
        audit.note(f"data_request:{row.id}", proof=proof)
        return row.id

    return int(once("privacy.request", form_key, act))


@use_case("privacy.act", code="privacy.copied", load=queries.request)
def copy(actor: Actor, asked: DataRequest) -> list[Part]:
    """Everything kept of the person here; that it was read stays in the log. Raises Invalid when it is over."""
    _not_over(asked)
    parts = queries.kept_of(queries.whom_of(asked))
    asked.copied_at, asked.copied_by_id = clock.now(), actor.user_id
    audit.note(f"data_request:{asked.id}", counts=_counts(parts))
    return parts


def _not_over(asked: DataRequest) -> None:
    if asked.is_over:
        raise Invalid(_l("This request was answered, and no longer says whose it was. Write down a new one."))


def _counts(parts: list[Part]) -> dict[str, int]:
    return {part.key: len(part.records) for part in parts}


@use_case("privacy.act", code="privacy.erased", load=queries.request)
def erase(actor: Actor, asked: DataRequest) -> bool:
    """Erase the person in this municipality, or, where very much hangs on it, ask for a second person (R26).

    Whether it is done. What is public stays without the name.
    """
    _not_over(asked)
    whom = queries.whom_of(asked)
    parts = queries.kept_of(whom)
    audit.note(f"data_request:{asked.id}", counts=_counts(parts))
    if rules.is_mass(sum(len(part.records) for part in parts)):
        if asked.erasure_asked_at is None:
            asked.erasure_asked_at, asked.erasure_asked_by_id = clock.now(), actor.user_id
            audit.note(waits="second person")
            messages.second_person(asked, actor)
            return False
        need(actor, "privacy.confirm", asked)
    _carry_out(actor, asked, whom, parts)
    return True


def _carry_out(actor: Actor, asked: DataRequest, whom: Whom, parts: list[Part]) -> None:
    town = tenancy.town_by_id(asked.municipality_id)
    again.remember(whom, town.slug)
    rows = again.erase_here(whom)
    asked.counts = _counts(parts)
    asked.erased_at, asked.erased_by_id = clock.now(), actor.user_id
    forget_whose(asked)
    audit.note(erased=rows)


def forget_whose(asked: DataRequest) -> None:
    """Let a request no longer say whose it was."""
    asked.who, asked.keys, asked.person_id = None, [], None


def forget_answered(limit: int) -> int:
    """Let requests that were answered long ago no longer say whose they were; how many."""
    ids = db.session.scalars(queries.answered_long_ago().limit(limit)).all()
    for row in db.session.scalars(select(DataRequest).where(DataRequest.id.in_(ids))):
        forget_whose(row)
    return len(ids)


@use_case("privacy.run", code="privacy.copied")
def copy_by_command(_actor: Actor, whom: Whom) -> list[Part]:
    """Everything kept of a person in the municipality in scope, for the command line."""
    parts = queries.kept_of(whom)
    audit.note(counts=_counts(parts))
    return parts


@use_case("privacy.run", code="privacy.erased")
def erase_by_command(_actor: Actor, whom: Whom, slug: str) -> int:
    """Erase a person in the municipality in scope, from the command line; how many records."""
    again.remember(whom, slug)
    rows = again.erase_here(whom)
    audit.note(erased=rows)
    return rows


def as_plain(parts: list[Part]) -> dict[str, list[dict[str, Any]]]:
    """A copy as it is written to a file: title of the part → records."""
    return {str(part.title): part.records for part in parts}
