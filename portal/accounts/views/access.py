"""The portal operator's access: asked for on one page, seen and ended by the municipality on another."""

from typing import Any

from flask import Response, g, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.accounts import queries
from portal.accounts.forms import AccessForm, form_page, on_to, refusals
from portal.accounts.queries import Access
from portal.accounts.roles import TEXTS
from portal.accounts.services import access as service
from portal.core import tenancy
from portal.core.actor import current
from portal.core.collate import sort_key
from portal.core.i18n import Text, current_locale, moment, ngettext
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_gettext as _l
from portal.core.policy import can
from portal.ui.pages import Link, address, page, say

ACTS: dict[str, Text] = {
    "access.begun": _l("Access began"),
    "access.page_opened": _l("Asked for a page"),
    "access.ended": _l("Access ended"),
}
"""What the acts of an access itself are called; any other act is shown by its code in the audit log."""


def note_visit() -> None:
    """Before each request: what an operator opens in a town by a lent role is written down first."""
    town = g.get("town")
    if town is not None and town.id in current().lent:
        service.note_page(current(), request.method, request.path)


def operator_access() -> Response:
    """The operator's own accesses, those that run first."""
    g.on_desk = True
    return page(
        "accounts/operator_access.html",
        title=_("Access to municipalities"),
        accesses=[_row(found) for found in queries.accesses_of(current().user_id or 0)],
    )


def begin_access() -> Response | BaseResponse:
    """Ask for access: where, as what, how long, and why."""
    g.on_desk = True
    form = AccessForm()
    form.town.choices = [("", _("Choose a municipality"))] + [
        (town.slug, town.name)
        for town in sorted(tenancy.towns().values(), key=lambda town: sort_key(town.name, current_locale()))
    ]
    if form.validate_on_submit():
        with refusals(form):
            service.begin(
                current(),
                form.town.data,
                form.role.data,
                form.minutes.data,
                form.reason.data,
                form.form_key.data,
            )
            say(_("The access runs. The municipality has been told."))
            return on_to(url_for("accounts.operator_access"))
    return form_page(
        "accounts/begin_access.html",
        form,
        _("Ask for access"),
        crumbs=[Link(_l("Access to municipalities"), url_for("accounts.operator_access"))],
    )


def accesses() -> Response:
    """What the portal operator did here: for the administrator and the data-protection officer."""
    return page(
        "accounts/accesses.html",
        title=_("Access of the portal operator"),
        accesses=[_row(found) for found in queries.accesses_to(g.town.id)],
    )


def access(access_id: int) -> Response:
    """One access with everything that was opened and done."""
    found = queries.access_to(g.town.id, access_id)
    return page(
        "accounts/access.html",
        title=_("Access of %(name)s", name=found.name),
        access=_row(found),
        acts=[
            {
                "at": moment(act.at),
                "code": act.code,
                "what": ACTS.get(act.code, ""),
                "subject": "" if act.subject == f"access:{found.id}" else act.subject,
            }
            for act in queries.acts_of_access(found)
        ],
        may_end=found.runs and bool(can(current(), "access.end", found)),
        crumbs=[Link(_l("Access of the portal operator"), url_for("accounts.accesses"))],
    )


def end_access(access_id: int) -> BaseResponse:
    """End it at once."""
    service.end(current(), access_id)
    say(_("The access is over."))
    back = "accounts.accesses" if can(current(), "access.read") else "accounts.operator_access"
    return on_to(url_for(back))


def _row(found: Access) -> dict[str, Any]:
    town = tenancy.town_by_id(found.municipality_id)
    return {
        "id": found.id,
        "name": found.name,
        "town": town.name,
        "role": TEXTS[found.role].title,
        "reason": found.reason,
        "began": moment(found.began_at),
        "until": moment(found.until),
        "ended_by": found.ended_by,
        "runs": found.runs,
        "count": ngettext("%(n)s page or act", "%(n)s pages or acts", found.acts),
        "href": url_for("accounts.access", town=town.slug, access_id=found.id),
        "end_href": url_for("accounts.end_access", town=town.slug, access_id=found.id),
        "desk_href": address("pages.town_desk", town=town.slug),
    }
