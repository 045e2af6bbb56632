"""Founding municipalities, reviving dead letters."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
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
from portal.pages.rules import RELEASED, Facts, NewMunicipality
from portal.pages.services import change_municipality, found_municipality, reserved_words, revive_job
from portal.ui import page_cache
from portal.ui.pages import look_version
from tests.factories.browser import Browser

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


def test_its_statement_is_dated_from_the_day_it_was_founded(
    app: Flask, client: Browser, frozen: Callable[[str], None]
) -> None:
    frozen("2027-02-03 00:30")
    found_municipality(COMMANDER, OPAVA)
    assert tenancy.town("opava").contact == {"statement": {"published": "2027-02-03"}}
    for path in ("/cs/opava/accessibility", "/cs/accessibility"):
        page = client.get(path).text
        assert page.count('datetime="2027-02-03"') == 4
        assert RELEASED.isoformat() not in page


def test_facts_may_come_with_the_founding(app: Flask) -> None:
    found_municipality(COMMANDER, OPAVA, Facts(texts={"name": {"en": "Opava (CZ)"}}, mark="mine"))
    town = tenancy.town("opava")
    assert (town.names, town.mark) == ({"cs": "Opava", "en": "Opava (CZ)"}, "mine")
    with pytest.raises(Invalid) as refused:
        found_municipality(COMMANDER, replace(OPAVA, slug="krnov", code="KRN"), Facts(mark="dragon"))
    assert set(refused.value.fields) == {"mark"}
    assert list(tenancy.towns()) == ["opava"]


FACTS = Facts(
    texts={
        "name": {"cs": "Lublin"},
        "hours": {"pl": "pn–pt 8–16", "en": "Mon–Fri 8–16"},
        "office": {"en": "Office"},
    },
    contact={"phone": "+48 81 466 10 00", "address": ""},
    districts=["Bronowice", "Czuby"],
    statement={"reviewed": "2026-03-30"},
    centre=(51.2, 22.5),
    box=(22.3, 51.0, 22.8, 51.4),
    population=330_000,
    colours={"brand": "#0a4778"},
    mark="river",
    closed=[date(2026, 12, 24), date(2026, 5, 2)],
)


def test_facts_are_changed_and_the_others_stay(town: Town) -> None:
    before = town
    change_municipality(COMMANDER, town.id, FACTS)
    after = tenancy.town("lublin")
    assert after.names == before.names
    assert after.contact == {
        "email": before.contact["email"],
        "office": {**before.contact["office"], "en": "Office"},
        "phone": "+48 81 466 10 00",
        "hours": {"pl": "pn–pt 8–16", "en": "Mon–Fri 8–16"},
        "districts": [{"name": "Bronowice"}, {"name": "Czuby"}],
        "statement": {"reviewed": "2026-03-30"},
    }
    assert (after.centre, after.box, after.population) == ((51.2, 22.5), (22.3, 51.0, 22.8, 51.4), 330_000)
    assert after.colours == {**before.colours, "brand": "#0a4778"}
    assert (after.mark, after.closures) == ("river", {"2026-05-02", "2026-12-24"})
    change_municipality(COMMANDER, town.id, Facts(opened=[date(2026, 5, 2)], texts={"hours": {"en": ""}}))
    after = tenancy.town("lublin")
    assert (after.closures, after.contact["hours"]) == ({"2026-12-24"}, {"pl": "pn–pt 8–16"})


def test_a_text_kept_without_a_language_is_of_the_first(town: Town) -> None:
    with writing():
        row = db.session.get_one(Municipality, town.id)
        row.contact = {**row.contact, "hours": "8–16"}
    change_municipality(COMMANDER, town.id, Facts(texts={"hours": {"en": "8 to 16"}}))
    assert tenancy.town("lublin").contact["hours"] == {"pl": "8–16", "en": "8 to 16"}


def test_a_change_is_written_down_with_what_it_was(town: Town) -> None:
    change_municipality(COMMANDER, town.id, Facts(population=1))
    entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert (entry.code, entry.chain, entry.subject) == (
        "municipality.changed",
        town.id,
        f"municipality:{town.id}",
    )
    (row,) = entry.details["rows"]
    assert row["changes"]["population"] == [329_565, 1]
    assert set(row["changes"]) == {"population", "facts_version"}


def test_one_wrong_fact_leaves_all_as_they_were(town: Town) -> None:
    with pytest.raises(Invalid) as refused:
        change_municipality(COMMANDER, town.id, replace(FACTS, mark="dragon", contact={"phone": "x"}))
    assert set(refused.value.fields) == {"mark", "phone"}
    assert tenancy.town("lublin") == town


def test_visitors_see_a_change_at_once_as_do_pages_over_all_towns(
    client: Browser, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a database that cannot tell of changes at once the versions are read each time.
    monkeypatch.setattr(page_cache, "POLL", 0.0)
    for path in ("/pl/lublin/", "/pl/municipalities", "/pl/lublin/accessibility"):
        assert "Nowy Lublin" not in client.get(path).text
    change_municipality(
        COMMANDER, town.id, Facts(texts={"name": {"pl": "Nowy Lublin"}}, colours={"brand": "#0a4778"})
    )
    for path in ("/pl/lublin/", "/pl/municipalities", "/pl/lublin/accessibility"):
        assert "Nowy Lublin" in client.get(path).text
    sheet = client.get(f"/theme/lublin.css?v={look_version(tenancy.town('lublin'))}")
    assert "--brand:#0a4778" in sheet.text
    assert "immutable" in sheet.headers["Cache-Control"]


@pytest.mark.parametrize("role", ["resident", "admin", "leader"])
def test_only_the_portal_operator_changes_facts(
    role: str, town: Town, actor_as: Callable[..., Actor]
) -> None:
    with pytest.raises(NotAllowed):
        change_municipality(actor_as(role), town.id, FACTS)


def test_a_municipality_that_is_none_is_missing(app: Flask) -> None:
    with pytest.raises(Missing):
        change_municipality(COMMANDER, 999, FACTS)


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
