"""Founding a municipality, changing its facts and settings, giving a dead letter another chance."""

from collections.abc import Mapping
from typing import Any

from portal.core import clock, jobs, tenancy
from portal.core.actor import Actor
from portal.core.audit import note
from portal.core.calendar import local_day
from portal.core.db import db
from portal.core.errors import Conflict, Invalid
from portal.core.events import tell
from portal.core.i18n import from_json
from portal.core.i18n import gettext as _
from portal.core.registry import Place, registry
from portal.core.tenancy import Municipality
from portal.core.usecase import use_case
from portal.pages import queries
from portal.pages.rules import (
    COUNTRIES,
    NOTHING_TOLD,
    Facts,
    NewMunicipality,
    Standing,
    box_around,
    code_from,
    fact_problems,
    problems,
)

_OWN_COLUMNS = ("name", "tagline", "intro")
"""Texts with a column of their own; the others stand in the contact."""


@use_case("portal.operate", code="municipality.founded")
def found_municipality(actor: Actor, new: NewMunicipality, told: Facts = NOTHING_TOLD) -> int:
    """Found a municipality and tell the modules, which bring their start sets; its id.

    Raises Invalid with what to do for each field that does not hold.
    """
    found = queries.municipalities()
    wrong = problems(
        new,
        reserved=reserved_words(),
        slugs={row.slug for row in found},
        codes={row.code: from_json(row.name, first=row.language) for row in found},
    )
    row = None if wrong else _founded(new)
    if row is not None:
        wrong = fact_problems(told, _standing(row))
    if row is None or wrong:
        raise Invalid(_("The municipality could not be founded."), wrong)
    _apply(row, told)
    db.session.add(row)
    db.session.flush()  # The modules that listen need its id.
    note(f"municipality:{row.id}")
    with tenancy.within(row.id):
        tell("municipality.founded", row)
    tenancy.forget_towns()
    return row.id


def _founded(new: NewMunicipality) -> Municipality:
    """The row of a municipality whose values hold; what was left out follows from its country."""
    country = COUNTRIES[new.country]
    language = new.language or country.language
    zone = new.zone or country.zone
    contact = dict(new.contact)
    # The law asks since when the pages stand; the day is kept where the office may put its own.
    contact.setdefault("statement", {"published": local_day(clock.now(), zone).isoformat()})
    return Municipality(
        slug=new.slug,
        code=new.code or code_from(new.slug),
        name={locale: text.strip() for locale, text in new.names.items() if text.strip()},
        tagline=dict(new.taglines),
        intro=dict(new.intros),
        country=new.country,
        currency=new.currency or country.currency,
        language=language,
        zone=zone,
        colours=dict(new.colours),
        mark=new.mark,
        contact=contact,
        centre_lat=new.lat,
        centre_lon=new.lon,
        box=list(new.box or box_around(new.lat, new.lon)),
        population=new.population,
        closures=[],
    )


def _standing(row: Municipality) -> Standing:
    west, south, east, north = row.box
    return Standing(
        country=row.country,
        language=row.language,
        centre=(row.centre_lat, row.centre_lon),
        box=(west, south, east, north),
        colours=row.colours,
        closures=row.closures,
        today=local_day(clock.now(), row.zone),
    )


@use_case("portal.operate", code="municipality.changed", load=queries.municipality)
def change_municipality(actor: Actor, row: Municipality, told: Facts) -> None:
    """Give a municipality new facts, for every page from this commit on.

    Raises Invalid with what to do for each fact that does not hold; then none is taken.
    """
    _change(row, told)


@use_case("municipality.edit", code="municipality.changed", load=queries.municipality)
def change_settings(actor: Actor, row: Municipality, section: str, told: Facts, made_from: str) -> None:
    """Change one page of settings, filled from what `made_from` marks (see `queries.made_from`).

    Raises Conflict when it was changed meanwhile, Invalid with what to do for each fact that does not hold.
    """
    if made_from != queries.made_from(tenancy.snapshot(row), section):
        raise Conflict(_("Somebody else changed this meanwhile. Compare, then save again to keep yours."))
    _change(row, told)


def _change(row: Municipality, told: Facts) -> None:
    wrong = fact_problems(told, _standing(row))
    if wrong:
        raise Invalid(_("Nothing was changed."), wrong)
    _apply(row, told)
    db.session.flush()
    note(f"municipality:{row.id}")
    with tenancy.within(row.id):
        tell("municipality.changed", row)
    tenancy.forget_towns()


def _apply(row: Municipality, told: Facts) -> None:
    """Write what is told into the row; JSON columns get new values, or the session would not see the change."""
    contact = dict(row.contact)
    for key, texts in told.texts.items():
        if key in _OWN_COLUMNS:
            setattr(row, key, _in_languages(getattr(row, key), texts, row.language))
        else:
            contact[key] = _in_languages(contact.get(key), texts, row.language)
    contact |= told.contact
    if told.districts is not None:
        # What a module keeps of a district stays; hidden ones are on old cases and go only with the module's own page.
        known = {part["name"]: part for part in contact.get("districts", [])}
        hidden = [part for name, part in known.items() if part.get("hidden") and name not in told.districts]
        shown = [{**known.get(name, {}), "name": name, "hidden": False} for name in told.districts]
        contact["districts"] = [*map(_without_empty, shown), *hidden]
    if told.statement:
        contact["statement"] = _without_empty({**contact.get("statement", {}), **told.statement})
    row.contact = _without_empty(contact)
    if told.centre is not None:
        row.centre_lat, row.centre_lon = told.centre
    row.box = list(told.box or row.box)
    row.population = row.population if told.population is None else told.population
    row.colours = _without_empty({**row.colours, **told.colours})
    row.mark = row.mark if told.mark is None else told.mark
    closed = {*row.closures, *(day.isoformat() for day in told.closed)}
    row.closures = sorted(closed - {day.isoformat() for day in told.opened})


def _in_languages(kept: Any, told: Mapping[str, str], first: str) -> dict[str, str]:
    """A text {locale: text} with its new languages; one kept without a language is of the first."""
    before = {first: kept} if isinstance(kept, str) else kept or {}
    return _without_empty({**before, **told})


def _without_empty(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}


def reserved_words() -> frozenset[str]:
    """Words that stand in addresses where a slug would, of all installed modules."""
    found = {word for module in registry.modules for word in module.reserved_slugs}
    for module in registry.modules:
        for route in module.routes:
            first = route.path.strip("/").partition("/")[0]
            if route.place is Place.PORTAL and first and "<" not in first:
                found.add(first)
    return frozenset(found)


@use_case("portal.operate", code="municipality.quota_set", load=queries.municipality)
def set_quota(actor: Actor, row: Municipality, megabytes: int | None) -> None:
    """Say how many megabytes of uploads a municipality may keep; None goes back to what the installation says."""
    row.upload_quota_mb = megabytes


@use_case("portal.operate", code="job.revived")
def revive_job(actor: Actor, job_id: int) -> None:
    """Let a dead letter be tried anew, at once. Raises Missing when there is no such dead letter."""
    letter = queries.dead_letter(job_id)
    jobs.revive(letter.id)
    note(f"job:{letter.id}", kind=letter.kind)
