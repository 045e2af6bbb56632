"""Founding a municipality, and giving a dead letter another chance: the portal operator's two acts."""

from portal.core import jobs, tenancy
from portal.core.actor import Actor
from portal.core.audit import note
from portal.core.db import db
from portal.core.errors import Invalid
from portal.core.events import tell
from portal.core.i18n import from_json
from portal.core.i18n import gettext as _
from portal.core.registry import Place, registry
from portal.core.tenancy import Municipality
from portal.core.usecase import use_case
from portal.pages import queries
from portal.pages.rules import COUNTRIES, NewMunicipality, box_around, code_from, problems


@use_case("portal.operate", code="municipality.founded")
def found_municipality(actor: Actor, new: NewMunicipality) -> int:
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
    if wrong:
        raise Invalid(_("The municipality could not be founded."), wrong)
    country = COUNTRIES[new.country]
    language = new.language or country.language
    row = Municipality(
        slug=new.slug,
        code=new.code or code_from(new.slug),
        name={locale: text.strip() for locale, text in new.names.items() if text.strip()},
        tagline=dict(new.taglines),
        intro=dict(new.intros),
        country=new.country,
        currency=new.currency or country.currency,
        language=language,
        zone=new.zone or country.zone,
        colours=dict(new.colours),
        mark=new.mark,
        contact=dict(new.contact),
        centre_lat=new.lat,
        centre_lon=new.lon,
        box=list(new.box or box_around(new.lat, new.lon)),
        population=new.population,
    )
    db.session.add(row)
    db.session.flush()  # The modules that listen need its id.
    note(f"municipality:{row.id}")
    with tenancy.within(row.id):
        tell("municipality.founded", row)
    tenancy.forget_towns()
    return row.id


def reserved_words() -> frozenset[str]:
    """Words that stand in addresses where a slug would, of all installed modules."""
    found = {word for module in registry.modules for word in module.reserved_slugs}
    for module in registry.modules:
        for route in module.routes:
            first = route.path.strip("/").partition("/")[0]
            if route.place is Place.PORTAL and first and "<" not in first:
                found.add(first)
    return frozenset(found)


@use_case("portal.operate", code="job.revived")
def revive_job(actor: Actor, job_id: int) -> None:
    """Let a dead letter be tried anew, at once. Raises Missing when there is no such dead letter."""
    letter = queries.dead_letter(job_id)
    jobs.revive(letter.id)
    note(f"job:{letter.id}", kind=letter.kind)
