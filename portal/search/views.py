"""The results page, over all municipalities and of one."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import g, jsonify, request, url_for
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


SUGGESTED = 6


@dataclass(frozen=True, slots=True)
class Part:
    """Hits that can be looked at alone, as a tab shows them."""

    label: Text
    href: str
    count: int
    current: bool = False


def results() -> Response:
    """What is public everywhere."""
    return _results(None, "search.results")


def town_results() -> Response:
    """What is public in this municipality."""
    return _results(g.town, "search.town_results")


def suggest() -> Response:
    """What a half-written search may mean, everywhere."""
    return _suggestions(None, "search.results")


def town_suggest() -> Response:
    """The same in this municipality."""
    return _suggestions(g.town, "search.town_results")


def _asked() -> str:
    return " ".join(request.args.get("q", "").split())[: queries.MAX_QUERY]


def _results(town: tenancy.Town | None, endpoint: str) -> Response:
    text, municipality_id = _asked(), town.id if town else None
    kind = request.args.get("kind", "")
    kind = kind if kind in registry.content_types else ""
    cursor = queries.cursor_of(request.args.get("page"))
    facets = queries.facets(text, municipality_id)
    # What finds nothing is looked for once more with the slips of the keyboard set right.
    better = "" if facets.kinds else queries.corrected(text, municipality_id)
    meant = better or text
    if better:
        facets = queries.facets(meant, municipality_id)
    found = queries.page(meant, municipality_id, cursor, kind=kind)

    def href(**more: Any) -> str:
        return url_for(endpoint, q=meant, **more)

    of_kind = {"kind": kind} if kind else {}
    return page(
        "search/results.html",
        title=_("Search results") if text else _("Search"),
        crumbs=[Link(town.name, url_for("pages.town"))] if town else [],
        text=text,
        better=better,
        action=url_for(endpoint),
        everywhere_href=url_for("search.results", q=text) if town else "",
        count=_count(facets, meant, municipality_id, kind),
        cap=queries.COUNT_CAP,
        kinds=_kinds(facets, kind, href),
        towns=[] if town else _towns(facets, meant),
        results=[_result(hit, named=town is None) for hit in found.items],
        newer_href=href(page=found.newer, **of_kind) if found.newer else "",
        older_href=href(page=found.older, **of_kind) if found.older else "",
        towns_href=address("pages.municipalities"),
    )


def _count(facets: queries.Facets, text: str, municipality_id: int | None, kind: str) -> int:
    if not kind:
        return facets.total
    if facets.total > queries.COUNT_CAP:  # There may be older ones of the kind.
        return queries.count(text, municipality_id, kind=kind)
    return dict(facets.kinds).get(kind, 0)


def _kinds(facets: queries.Facets, kind: str, href: Callable[..., str]) -> list[Part]:
    """All hits, then each kind there is; nothing where there is but one."""
    if len(facets.kinds) < 2 and not kind:
        return []
    whole = Part(_("Everything"), href(), facets.total, not kind)
    found = dict(facets.kinds)
    if kind:  # Whoever stands in a part without hits sees that they do.
        found.setdefault(kind, 0)
    return [whole] + [
        Part(registry.content_types[key].title, href(kind=key), number, key == kind)
        for key, number in found.items()
        if key in registry.content_types
    ]


def _towns(facets: queries.Facets, text: str) -> list[Part]:
    """The municipalities with hits, where there are several."""
    if len(facets.towns) < 2:
        return []
    towns = [(tenancy.town_by_id(town_id), number) for town_id, number in facets.towns]
    return [
        Part(town.name, url_for("search.town_results", town=town.slug, q=text), number)
        for town, number in towns
    ]


def _suggestions(town: tenancy.Town | None, endpoint: str) -> Response:
    text, municipality_id = _asked(), town.id if town else None
    found = [_result(hit, named=town is None) for hit in queries.find(text, municipality_id, limit=SUGGESTED)]
    items = [
        {
            "title": one.title,
            "href": one.href,
            "note": " · ".join(str(part) for part in (one.kind, one.number, one.town) if part),
            "language": one.language,
        }
        for one in found
    ]
    if not items and (better := queries.corrected(text, municipality_id)):
        note = _("Did you mean this?")
        items = [{"title": better, "href": url_for(endpoint, q=better), "note": note, "language": ""}]
    response = jsonify(items=items)
    response.headers["Cache-Control"] = "no-cache"
    return response


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
