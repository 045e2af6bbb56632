"""Alerts: what is shown, what comes, what is over; putting one up, changing it, taking it down."""

from dataclasses import dataclass
from typing import Any

from flask import Response, g, redirect, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.articles import queries, services
from portal.articles.desk import entry
from portal.articles.forms import AlertForm, SureForm
from portal.articles.kinds import LEVEL_LABELS, Level
from portal.articles.models import Alert
from portal.articles.services.alerts import AlertWords
from portal.core import actor as actors
from portal.core import clock, tenancy
from portal.core.errors import Conflict, Invalid
from portal.core.i18n import LANGUAGE_NAMES, LOCALES, Text
from portal.core.i18n import gettext as _
from portal.ui.pages import Link, page, say

LOOKS = {Level.INFO: "new", Level.WARNING: "decision", Level.DANGER: "building"}


@dataclass(frozen=True, slots=True)
class Line:
    """An alert in the list."""

    text: str
    language: str
    level: Text
    look: str
    starts_at: Any
    ends_at: Any
    runs: bool
    href: str
    end_href: str


def listing() -> Response:
    """All alerts."""
    coming, past = queries.coming_alerts(), queries.past_alerts()
    return page(
        "articles/desk/alerts.html",
        title=_("Alerts"),
        coming=[_line(one, over=False) for one in coming],
        past=[_line(one, over=True) for one in past],
        new_href=url_for("articles.new_alert"),
    )


def _line(one: queries.AlertLine, *, over: bool) -> Line:
    text, language = one.text(g.town.language)
    return Line(
        text,
        language,
        str(LEVEL_LABELS[one.level]).partition(":")[0],
        LOOKS[one.level],
        one.starts_at,
        one.ends_at,
        one.runs(clock.now()),
        "" if over else url_for("articles.alert", alert_id=one.id),
        "" if over else url_for("articles.end_alert", alert_id=one.id),
    )


def new() -> BaseResponse:
    """Put an alert up."""
    form = AlertForm()
    if not form.is_submitted():
        form.put("start", clock.now(), g.town.zone)
    if form.is_submitted() and _is_sound(form):
        try:
            services.put_up_alert(actors.current(), _words(form), form.form_key.data or "")
        except Invalid as problem:
            form.blame(problem.fields, problem.reason)
        else:
            say(_("The alert is up."))
            return redirect(url_for("articles.alerts"), 303)
    return _page(form, _("New alert"), _("Put it up"))


def edit(alert_id: int) -> BaseResponse:
    """Change an alert."""
    row = queries.alert(alert_id)
    form = AlertForm(
        level=row.level.value,
        href=row.href,
        version=str(row.version),
        **{f"text_{code}": row.texts.get(code, "") for code in LOCALES},
    )
    if not form.is_submitted():
        form.put("start", row.starts_at, g.town.zone)
        form.put("end", row.ends_at, g.town.zone)
    theirs: Alert | None = None
    if form.is_submitted() and _is_sound(form):
        try:
            services.change_alert(
                actors.current(), alert_id, _words(form), entry.number_of(form.version.data)
            )
        except Invalid as problem:
            form.blame(problem.fields, problem.reason)
        except Conflict:
            theirs = queries.alert(alert_id)
            form.version.data = str(theirs.version)
        else:
            say(_("The alert was changed."))
            return redirect(url_for("articles.alerts"), 303)
    return _page(form, _("Change the alert"), _("Save"), theirs)


def _page(form: AlertForm, title: str, label: str, theirs: Alert | None = None) -> Response:
    town: tenancy.Town = g.town
    return page(
        "articles/desk/alert.html",
        409 if theirs else 422 if form.is_submitted() else 200,
        title=title,
        crumbs=[*entry.crumbs()[:1], Link(_("Alerts"), url_for("articles.alerts"))],
        form=form,
        first=town.language,
        order=(town.language, *(code for code in LOCALES if code != town.language)),
        confirm_label=label,
        theirs=theirs,
        zone=town.zone,
        back_href=url_for("articles.alerts"),
    )


def _is_sound(form: AlertForm) -> bool:
    """All that is wrong is said in one answer: who is in a hurry with an alert has no time for a second round."""
    return all((form.validate(), _has_words(form)))


def _has_words(form: AlertForm) -> bool:
    """The municipality's own language is the least there must be."""
    language = g.town.language
    field = form[f"text_{language}"]
    if field.data:
        return True
    field.errors = [_("Write the alert in %(language)s at least.", language=LANGUAGE_NAMES[language])]
    return False


def _words(form: AlertForm) -> AlertWords:
    zone = g.town.zone
    starts_at, ends_at = form.moment("start", zone), form.moment("end", zone)
    assert starts_at is not None  # noqa: S101 - the form asks for both days
    assert ends_at is not None  # noqa: S101 - as above
    return AlertWords(
        Level(form.level.data),
        {code: form[f"text_{code}"].data for code in LOCALES if form[f"text_{code}"].data},
        form.href.data or "",
        starts_at,
        ends_at,
    )


def end(alert_id: int) -> BaseResponse:
    """Take an alert down, after asking."""
    row = queries.alert(alert_id)
    form = SureForm()
    if form.validate_on_submit():
        try:
            services.end_alert(actors.current(), row.id)
        except Conflict as problem:
            form.blame({}, problem.reason)
        else:
            say(_("The alert was taken down."))
            return redirect(url_for("articles.alerts"), 303)
        row = queries.alert(alert_id)
    return page(
        "articles/desk/confirm.html",
        422 if form.is_submitted() else 200,
        title=_("Take this alert down?"),
        crumbs=[*entry.crumbs()[:1], Link(_("Alerts"), url_for("articles.alerts"))],
        form=form,
        words=row.texts.get(g.town.language, ""),
        confirm_label=_("Take it down"),
        back_href=url_for("articles.alerts"),
        danger=False,
    )
