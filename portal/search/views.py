"""The results page, over all municipalities and of one."""

from dataclasses import dataclass
from datetime import datetime

from flask import g, request, url_for
from werkzeug.wrappers import Response

from portal.core import tenancy
from portal.core.i18n import Text, current_locale
from portal.core.i18n import gettext as _
from portal.core.registry import registry
from portal.search import queries
from portal.ui.pages import Link, address, page


@dataclass(frozen=True, slots=True)
class Result:
    """A hit as the page shows it."""

    href: str
    title: str
    excerpt: str
    language: str
    kind: Text
    number: str
    town: str
    at: datetime


def results() -> Response:
    """What is public everywhere."""
    return _results(None, "search.results")


def town_results() -> Response:
    """What is public in this municipality."""
    return _results(g.town, "search.town_results")


def _results(town: tenancy.Town | None, endpoint: str) -> Response:
    text = " ".join(request.args.get("q", "").split())[: queries.MAX_QUERY]
    municipality_id = town.id if town else None
    cursor = queries.cursor_of(request.args.get("page"))
    found = queries.page(text, municipality_id, cursor)
    return page(
        "search/results.html",
        title=_("Search results") if text else _("Search"),
        crumbs=[Link(town.name, url_for("pages.town"))] if town else [],
        text=text,
        action=url_for(endpoint),
        everywhere_href=url_for("search.results", q=text) if town else "",
        count=queries.count(text, municipality_id),
        cap=queries.COUNT_CAP,
        results=[_result(hit, named=town is None) for hit in found.items],
        newer_href=url_for(endpoint, q=text, page=found.newer) if found.newer else "",
        older_href=url_for(endpoint, q=text, page=found.older) if found.older else "",
        towns_href=address("pages.municipalities"),
    )


def _result(hit: queries.Hit, *, named: bool) -> Result:
    locale = current_locale()
    kind = registry.content_types.get(hit.kind)
    return Result(
        href=f"/{locale}{hit.href}",
        title=hit.title,
        excerpt=hit.excerpt,
        # Marked only where it differs from the page's, as assistive technology expects it.
        language=hit.language if hit.language != locale else "",
        kind=kind.title if kind else "",
        number=hit.number.replace(" ", ", "),
        town=tenancy.town_by_id(hit.municipality_id).name if named else "",
        at=hit.at,
    )
