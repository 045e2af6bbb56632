"""Founding municipalities, reviving dead letters."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from portal.core import clock, events, jobs, tenancy
from portal.core.actor import COMMANDER, NOBODY, Actor
from portal.core.audit import AuditEntry
from portal.core.db import db, writing
from portal.core.errors import Invalid, Missing, NotAllowed
from portal.core.jobs import Job
from portal.core.tenancy import Municipality, Town
from portal.pages.rules import NewMunicipality
from portal.pages.services import found_municipality, reserved_words, revive_job

OPAVA = NewMunicipality("opava", {"cs": " Opava "}, "CZ", 49.938, 17.903)


def test_what_is_left_out_follows_from_the_country(app: Flask) -> None:
    found_municipality(COMMANDER, OPAVA)
    town = tenancy.town("opava")
    assert (town.code, town.language, town.zone, town.currency) == ("OPA", "cs", "Europe/Prague", "CZK")
    assert town.names == {"cs": "Opava"}
    assert town.box == (17.853, 49.888, 17.953, 49.988)


def test_what_is_given_is_kept(app: Flask) -> None:
    new = replace(
        OPAVA,
        code="XXX",
        language="en",
        zone="Europe/Warsaw",
        currency="EUR",
        box=(17, 49, 18, 50),
        mark="sun",
    )
    found_municipality(COMMANDER, new)
    town = tenancy.town("opava")
    assert (town.code, town.language, town.zone, town.currency, town.mark) == (
        "XXX",
        "en",
        "Europe/Warsaw",
        "EUR",
        "sun",
    )
    assert town.box == (17, 49, 18, 50)


def test_modules_hear_of_it_inside_its_scope(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[tuple[str, int | None]] = []
    monkeypatch.setattr(events, "_listeners", {})
    events.listen("municipality.founded", lambda fact: heard.append((fact.thing.slug, tenancy.current_id())))
    found = found_municipality(COMMANDER, OPAVA)
    assert heard == [("opava", found)]


def test_it_is_written_down_who_did_it(app: Flask) -> None:
    found = found_municipality(COMMANDER, OPAVA)
    entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert (entry.code, entry.subject) == ("municipality.founded", f"municipality:{found}")


def test_a_second_one_of_the_same_name_is_refused_and_leaves_nothing(app: Flask) -> None:
    found_municipality(COMMANDER, OPAVA)
    with pytest.raises(Invalid) as refused:
        found_municipality(COMMANDER, OPAVA)
    assert set(refused.value.fields) == {"slug", "code"}
    assert len(db.session.scalars(select(Municipality)).all()) == 1


def test_addresses_of_installed_modules_are_reserved(app: Flask) -> None:
    words = reserved_words()
    assert {"municipalities", "about", "desk", "portal", "search", "sign-in"} <= words
    assert not any("<" in word for word in words)


@pytest.mark.parametrize("role", ["resident", "admin", "leader"])
def test_only_the_portal_operator_founds(role: str, actor_as: Callable[..., Actor]) -> None:
    with pytest.raises(NotAllowed):
        found_municipality(actor_as(role), OPAVA)


def test_the_portal_operator_founds(actor_as: Callable[..., Actor]) -> None:
    assert found_municipality(actor_as("portal_operator"), OPAVA)


def test_a_visitor_does_not(app: Flask) -> None:
    with pytest.raises(NotAllowed):
        found_municipality(NOBODY, OPAVA)


@pytest.fixture
def dead_job(town: Town) -> int:
    with writing():
        jobs.enqueue("no.such.kind", {})
        job = db.session.scalars(select(Job).where(Job.kind == "no.such.kind")).one()
        job.dead_at, job.tries, job.last_error = clock.now(), 20, "LookupError: secret@people.example"
    return job.id


def test_a_revived_letter_is_due_at_once(dead_job: int, actor_as: Callable[..., Actor]) -> None:
    revive_job(actor_as("portal_operator"), dead_job)
    db.session.expire_all()
    job: Any = db.session.get(Job, dead_job)
    assert (job.dead_at, job.tries, job.last_error) == (None, 0, None)
    assert job.due_at <= clock.now()


def test_what_is_not_dead_cannot_be_revived(dead_job: int, actor_as: Callable[..., Actor]) -> None:
    operator = actor_as("portal_operator")
    revive_job(operator, dead_job)
    with pytest.raises(Missing):
        revive_job(operator, dead_job)
