"""Pages of people who work here: their desks, and the portal operator's view of the installation."""

from flask import Response as FlaskResponse
from flask import g, redirect, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.core import actor as actors
from portal.core.errors import Invalid
from portal.core.i18n import gettext as _
from portal.core.policy import can
from portal.core.tenancy import Town, town_by_id
from portal.pages import queries, services
from portal.pages.forms import MunicipalityForm
from portal.pages.rules import COUNTRIES, Health, NewMunicipality
from portal.ui.pages import page, say


def desk() -> BaseResponse:
    """The municipalities one works for, and what waits in each; who works for none but runs all is led there."""
    actor = actors.current()
    desks = queries.desks(actor)
    if not desks and queries.runs_portal(actor):
        return redirect(url_for("pages.portal"), 303)
    return page("pages/desk.html", title=_("My desks"), desks=desks)


def town_desk() -> FlaskResponse:
    """One desk: what waits for me, what is late, the figures of this municipality."""
    town: Town = g.town
    lists = queries.waiting(actors.current())
    return page(
        "pages/town_desk.html",
        title=_("Desk"),
        town=town,
        lists=lists,
        nothing_waits=not any(found.count for found in lists),
        setup_href=_setup_href(town),
        numbers=queries.numbers(),
    )


def _setup_href(town: Town) -> str:
    """The way into the set-up, for whoever may go through it, as long as residents cannot reach the office."""
    unreachable = not (town.contact.get("email") and town.contact.get("phone"))
    may = can(actors.current(), "municipality.edit")
    return url_for("pages.settings_name", setup=1) if unreachable and may else ""


def portal() -> FlaskResponse:
    """The installation at a glance."""
    g.on_desk = True
    checks = queries.checks()
    return page(
        "pages/portal.html",
        title=_("The installation"),
        town_count=len(queries.towns_in_order()),
        unwell=[check for check in checks if check.health is not Health.WELL],
        jobs=queries.job_numbers(),
    )


def portal_health() -> FlaskResponse:
    """How each part of the installation is."""
    g.on_desk = True
    return page("pages/portal_health.html", title=_("Health"), checks=queries.checks(), rooms=queries.rooms())


def portal_jobs() -> FlaskResponse:
    """Due work, and what the machine gave up."""
    g.on_desk = True
    return page(
        "pages/portal_jobs.html",
        title=_("Due work"),
        jobs=queries.job_numbers(),
        letters=queries.dead_letters(),
    )


def revive(job_id: int) -> BaseResponse:
    """Try a dead letter anew."""
    services.revive_job(actors.current(), job_id)
    say(_("It will be tried again at once."))
    return redirect(url_for("pages.portal_jobs"), 303)


def portal_municipalities() -> BaseResponse:
    """All municipalities, and the form to found one."""
    g.on_desk = True
    form = MunicipalityForm()
    if form.validate_on_submit():
        try:
            town = town_by_id(services.found_municipality(actors.current(), _from_form(form)))
        except Invalid as problem:
            form.blame(problem.fields, problem.reason)
        else:
            say(_("%(name)s has been founded. Five short steps make it fit to be seen.", name=town.name))
            return redirect(url_for("pages.settings_name", town=town.slug, setup=1), 303)
    return page(
        "pages/portal_municipalities.html",
        status=422 if form.is_submitted() else 200,
        title=_("Municipalities"),
        towns=queries.towns_in_order(),
        form=form,
    )


def _from_form(form: MunicipalityForm) -> NewMunicipality:
    lat, lon = (float(part) for part in form.centre.data.split(","))
    country = form.country.data
    return NewMunicipality(
        slug=form.slug.data,
        names={COUNTRIES[country].language: form.name.data},
        country=country,
        lat=lat,
        lon=lon,
        code=(form.code.data or "").upper(),
    )
