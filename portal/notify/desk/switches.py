"""How messages go out: an office's settings, and the portal operator's figures, budgets and switches."""

from flask import g, redirect, url_for
from werkzeug.wrappers import Response

from portal.core import actor as actors
from portal.core import tenancy
from portal.core.errors import Conflict, Invalid
from portal.core.i18n import Text
from portal.core.i18n import gettext as _
from portal.core.tenancy import Town
from portal.notify import queries, rules, services, sms
from portal.notify.forms import BudgetForm, StartForm, StopForm, WaysForm
from portal.ui.forms import BaseForm
from portal.ui.pages import Link, page, say

EXAMPLE = {
    "pl": "Twoja inicjatywa została opublikowana. Każdy może ją teraz poprzeć i śledzić dalszy bieg sprawy.",
    "cs": "Váš podnět byl zveřejněn. Kdokoli jej nyní může podpořit a sledovat další průběh vyřizování.",
    "en": "Your initiative is public. Everybody can support it now, and see what happens to it next.",
}
"""A sentence long enough to need a second part with its letters, and none without."""


def settings() -> Response:
    """An office's own decisions: the switch, the letters, what was used today."""
    form = WaysForm(data=_kept(_here().rule))
    if not form.validate_on_submit():
        return _settings(form, status=422 if form.is_submitted() else 200)
    try:
        services.set_ways(
            actors.current(),
            folds=form.folds.data,
            window_left=form.window.data == "left",
            version=_number(form.version.data),
        )
    except Conflict as problem:
        return _settings(_again(form, problem.reason), status=409)
    say(_("Saved. The next messages go out this way."))
    return redirect(url_for("notify.settings"), 303)


def stop_here() -> Response:
    """Stop SMS of this municipality."""
    form = StopForm()
    if not form.validate_on_submit():
        return _settings(WaysForm(formdata=None, data=_kept(_here().rule)), stop=form, status=422)
    services.stop_here(actors.current(), form.reason.data)
    say(_("SMS are stopped. Until you start them again, people get letters or calls instead."), "warning")
    return redirect(url_for("notify.settings"), 303)


def start_here() -> Response:
    """Send SMS of this municipality again."""
    if StartForm().validate_on_submit():
        services.start_here(actors.current())
        say(_("SMS go out again."))
    return redirect(url_for("notify.settings"), 303)


def _settings(form: WaysForm, *, stop: StopForm | None = None, status: int = 200) -> Response:
    place = _here()
    # In the language of the town: English has no marks that would count.
    text = EXAMPLE[g.town.language]
    shown = [rules.sms_text(text, folds=folds) for folds in (False, True)]
    return page(
        "notify/desk/settings.html",
        status=status,
        title=_("How messages go out"),
        place=place,
        all_stopped=sms.rule_of(sms.INSTALLATION).stopped_at is not None,
        form=form,
        stop_form=stop or StopForm(formdata=None),
        start_form=StartForm(formdata=None),
        examples=[(sample, rules.sms_length(sample)) for sample in shown],
    )


def _here() -> queries.Place:
    town: Town = g.town
    return queries.place_of(town.id)


def portal_messages() -> Response:
    """The ways out at a glance: mail, gates, budgets and switches."""
    g.on_desk = True
    places = queries.places()
    return page(
        "notify/desk/portal_messages.html",
        title=_("Ways out"),
        ways=queries.way_health(),
        gates=queries.gate_health(),
        installation=places[0],
        places=places,
    )


def portal_place(slug: str = "") -> Response:
    """Budget and switch of one municipality, or of the whole installation."""
    place = _place(slug)
    form = BudgetForm(data={"parts": place.rule.parts_a_day, "version": place.rule.version})
    if not form.validate_on_submit():
        return _portal_place(place, form, status=422 if form.is_submitted() else 200)
    actor, version = actors.current(), _number(form.version.data)
    try:
        services.set_budget(actor, place.rule.place, form.parts.data, version)
    except Invalid as problem:
        form.blame(problem.fields, problem.reason)
        return _portal_place(place, form, status=422)
    except Conflict as problem:
        return _portal_place(_place(slug), _again(form, problem.reason), status=409)
    say(_("The budget is changed."))
    return redirect(url_for("notify.portal_messages"), 303)


def portal_stop(slug: str = "") -> Response:
    """Stop SMS of one municipality, or of all."""
    place, form = _place(slug), StopForm()
    if not form.validate_on_submit():
        budget = BudgetForm(
            formdata=None, data={"parts": place.rule.parts_a_day, "version": place.rule.version}
        )
        return _portal_place(place, budget, stop=form, status=422)
    services.stop(actors.current(), place.rule.place, form.reason.data)
    say(_("SMS are stopped. Messages take another way, or wait."), "warning")
    return redirect(url_for("notify.portal_messages"), 303)


def portal_start(slug: str = "") -> Response:
    """Send them again."""
    if StartForm().validate_on_submit():
        services.start(actors.current(), _place(slug).rule.place)
        say(_("SMS go out again."))
    return redirect(url_for("notify.portal_messages"), 303)


def _portal_place(
    place: queries.Place, form: BudgetForm, *, stop: StopForm | None = None, status: int = 200
) -> Response:
    g.on_desk = True
    return page(
        "notify/desk/portal_place.html",
        status=status,
        title=place.name or _("The whole installation"),
        crumbs=[Link(_("Ways out"), url_for("notify.portal_messages"))],
        place=place,
        form=form,
        stop_form=stop or StopForm(formdata=None),
        start_form=StartForm(formdata=None),
        stop_href=_address("stop", place.slug),
        start_href=_address("start", place.slug),
    )


def _address(verb: str, slug: str) -> str:
    if slug:
        return url_for(f"notify.portal_{verb}", slug=slug)
    return url_for(f"notify.portal_{verb}_all")


def _place(slug: str) -> queries.Place:
    return queries.place_of(tenancy.town(slug).id if slug else sms.INSTALLATION)


def _kept(rule: sms.Rule) -> dict[str, object]:
    window = "left" if rule.window_left else "right"
    return {"folds": rule.folds, "window": window, "version": rule.version}


def _again(form: BaseForm, reason: Text) -> BaseForm:
    """A form made from an older version: what was typed stays, to be sent over what holds now."""
    form.blame({}, reason)
    return form


def _number(text: str | None) -> int:
    """A version as the page had it; anything else is of no version."""
    return int(text) if text and text.isdigit() and len(text) < 10 else -1
