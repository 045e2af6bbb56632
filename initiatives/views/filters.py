"""Filters somebody keeps under a name: of the desk's lists for the staff, of the public list for residents.

The filter to be kept stands in the address of the page, as it stood in that of the list.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import redirect, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from initiatives import queries, services
from initiatives.forms.filters import FilterForm
from initiatives.models import SavedFilter
from initiatives.states import OUTCOMES, PHASES, WORKFLOW
from initiatives.views import browse
from portal.core import actor as actors
from portal.core.errors import Invalid
from portal.core.i18n import gettext as _
from portal.ui.pages import Link, page, say

WHERE = {
    "desk": ("initiatives.desk", "initiatives.filters_desk", "initiatives.filter_desk"),
    "list": ("initiatives.listing", "initiatives.filters", "initiatives.filter"),
}
"""Of each place the list, the page of its filters, and the page of one of them."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A saved filter in the list: where it leads, what it asks, where it is changed."""

    name: str
    href: str
    asks: str
    change_href: str


def desk() -> BaseResponse:
    """One's own filters of the desk's lists."""
    return _filters("desk")


def desk_one(filter_id: int) -> BaseResponse:
    """One of them: another name, or away with it."""
    return _one("desk", filter_id)


def mine() -> BaseResponse:
    """One's own filters of the public list."""
    return _filters("list")


def mine_one(filter_id: int) -> BaseResponse:
    """One of them."""
    return _one("list", filter_id)


def links(place: str) -> list[Link]:
    """The filters of a list as links."""
    actor = actors.current()
    return [Link(row.name, _list_href(row)) for row in queries.saved_filters(actor.user_id, place)]


def _filters(place: str) -> BaseResponse:
    """The list of them, and with a filter in the address the form that keeps it."""
    actor = actors.current()
    query = _canonical(place, request.args)
    form = FilterForm()
    if query and form.validate_on_submit():
        try:
            services.save_filter(actor, place, form.name.data or "", query)
        except Invalid as problem:
            form.blame(problem.fields, problem.reason)
        else:
            say(_("The filter is saved."))
            return redirect(url_for(WHERE[place][0]) + f"?{query}", 303)
    return page(
        "initiatives/filters.html",
        422 if form.is_submitted() else 200,
        title=_("Saved filters"),
        crumbs=_crumbs(place),
        at_desk=place == "desk",
        form=form if query else None,
        asks=_asks(place, query),
        kept=[
            Kept(
                row.name,
                _list_href(row),
                _asks(place, row.query),
                url_for(WHERE[place][2], filter_id=row.id),
            )
            for row in queries.saved_filters(actor.user_id, place)
        ],
        list_href=url_for(WHERE[place][0]),
    )


def _one(place: str, filter_id: int) -> BaseResponse:
    actor = actors.current()
    row = queries.saved_filter(actor.user_id, filter_id)
    back = url_for(WHERE[place][1])
    form = FilterForm(name=row.name)
    if request.method == "POST" and request.form.get("act") == "delete":
        services.drop_filter(actor, filter_id)
        say(_("The filter is deleted."))
        return redirect(back, 303)
    if form.validate_on_submit():
        try:
            services.rename_filter(actor, filter_id, form.name.data or "")
        except Invalid as problem:
            form.blame(problem.fields, problem.reason)
        else:
            say(_("The filter has its new name."))
            return redirect(back, 303)
    return page(
        "initiatives/filter.html",
        422 if form.is_submitted() else 200,
        title=_("Saved filter"),
        crumbs=[*_crumbs(place), Link(_("Saved filters"), back)],
        at_desk=place == "desk",
        form=form,
        asks=_asks(place, row.query),
        here=url_for(WHERE[place][2], filter_id=filter_id),
        back_href=back,
    )


def _crumbs(place: str) -> list[Link]:
    if place == "desk":
        return [
            Link(_("Desk"), url_for("pages.town_desk")),
            Link(_("Initiatives"), url_for("initiatives.desk")),
        ]
    return [Link(_("Home"), url_for("pages.home")), Link(_("Initiatives"), url_for("initiatives.listing"))]


def _list_href(row: SavedFilter) -> str:
    return f"{url_for(WHERE[row.place][0])}?{row.query}"


def _values(place: str, values: Any) -> dict[str, str]:
    """What an address asks of a list, as far as the list knows it."""
    if place == "desk":
        return queries.desk_query(queries.desk_filter(values))
    return browse.filters_of(queries.wanted_from(values))


def _canonical(place: str, values: Any) -> str:
    return urlencode(_values(place, values))


def _asks(place: str, query: str) -> str:
    """What a filter asks, in words."""
    values = _values(place, MultiDict(parse_qsl(query)))
    labels = dict(queries.category_choices())
    told: dict[str, Callable[[str], str]] = {
        "tab": lambda text: str(queries.TAB_LABELS[text]),
        "mine": lambda _text: _("only what is assigned to me"),
        "state": lambda text: str(WORKFLOW.state(text).label),
        "phase": lambda text: str(PHASES[text]),
        "category": lambda text: str(labels.get(text, text)),
        "outcome": lambda text: str(OUTCOMES[text]),
        "silent": lambda _text: _("no news from the office for long"),
        "open": lambda _text: _("open for support"),
        "q": lambda text: f"“{text}”",
        "sort": lambda _text: _("most supported first"),
    }
    return ", ".join(told[name](value) if name in told else value for name, value in values.items())
