"""Answers for machines: theme and mark, health, search engines, browsers' reports of broken policy."""

import re
from collections import Counter
from datetime import timedelta
from hmac import compare_digest
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import structlog
from flask import Response as FlaskResponse
from flask import current_app, jsonify, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.core import clock, taking, tenancy
from portal.core.config import Settings
from portal.core.errors import Missing
from portal.core.i18n import LOCALES, current_locale, iso, pgettext
from portal.core.i18n import gettext as _
from portal.core.metrics import meter
from portal.core.registry import registry
from portal.core.tenancy import Town
from portal.maps.tiles import draw_tile
from portal.pages import queries
from portal.pages.kinds import mark as drawn
from portal.pages.kinds import palette, stylesheet
from portal.pages.rules import Health
from portal.ui.pages import asset, look_version

log = structlog.get_logger(__name__)

DAY = 24 * 3600
YEAR = 365 * DAY
LOOK_SECONDS = 300
LARGEST_REPORT = 16 * 1024
REPORTS_PER_LINE = 100
MOST_KINDS = 200
"""Kinds of reports a process remembers; a flood of invented ones must not fill its memory."""

SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
XHTML = "http://www.w3.org/1999/xhtml"
OPENSEARCH = "http://a9.com/-/spec/opensearch/1.1/"

MOST_SITES = 15_000
"""Pages of the sitemap: in three languages they stay below the 50,000 addresses the format allows."""
PORTAL_PAGES = (
    "pages.home",
    "pages.municipalities",
    "initiatives.everywhere",
    "pages.about",
    "pages.help",
    "pages.accessibility",
    "pages.privacy",
    "pages.contact",
    "pages.open_data",
)
TOWN_PAGES = (
    "pages.town",
    "initiatives.listing",
    "initiatives.map",
    "articles.news",
    "articles.index",
    "pages.town_accessibility",
    "pages.town_privacy",
    "pages.town_contact",
)


def _settings() -> Settings:
    settings: Settings = current_app.extensions["portal.settings"]
    return settings


def _kept(body: str, media_type: str, seconds: int) -> FlaskResponse:
    response = FlaskResponse(body, mimetype=media_type)
    response.headers["Cache-Control"] = f"public, max-age={seconds}" + (
        ", immutable" if seconds == YEAR else ""
    )
    return response


def theme(slug: str) -> FlaskResponse:
    """The colours of a municipality as a style sheet; kept for a year when the address carries its version."""
    town = tenancy.town(slug)
    return _kept(stylesheet(palette(town.colours)), "text/css", _look_life(town))


def mark(slug: str) -> FlaskResponse:
    """The mark of a municipality as a picture."""
    town = tenancy.town(slug)
    picture = drawn(town.mark, town.code, palette(town.colours))
    return _kept(picture, "image/svg+xml", _look_life(town))


def _look_life(town: Town) -> int:
    """A year for the version asked for; a process that has not heard of a new one yet must not be kept so long."""
    return YEAR if request.args.get("v") == look_version(town) else LOOK_SECONDS


def tile(z: int, x: int, y: int) -> FlaskResponse:
    """A tile of our own map; the same bytes for everybody. Raises Missing for a tile that does not exist."""
    try:
        picture = draw_tile(z, x, y)
    except ValueError as problem:
        raise Missing from problem
    return _kept(picture, "image/svg+xml", DAY)


def favicon() -> BaseResponse:
    """Browsers ask here even where a page names its icon."""
    response = redirect(asset("favicon.svg"))
    response.headers["Cache-Control"] = f"public, max-age={DAY}"
    return response


def healthz() -> FlaskResponse:
    """The process answers; nothing else is asked."""
    return _fresh(jsonify(status=Health.WELL))


def readyz() -> FlaskResponse:
    """Whether this server should get visitors: 503 when a part has failed. Figures only, nothing personal."""
    checks = queries.checks()
    failed = any(check.health is Health.FAILED for check in checks)
    takes = taking.now()
    answer = jsonify(
        status="not ready" if failed else "ready",
        checks={check.key: {"status": check.health, "value": check.value} for check in checks},
        takes={
            "uploads": takes.uploads,
            "forms": takes.forms and takes.read_only_until is None,
            "read_only_until": iso(takes.read_only_until) or None,
        },
    )
    answer.status_code = 503 if failed else 200
    return _fresh(answer)


def metrics() -> FlaskResponse:
    """Figures for Prometheus, for whoever has the token; for all others there is no such page."""
    token, kept = _settings().metrics_token, meter()
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    known = scheme.lower() == "bearer" and compare_digest(given.strip().encode(), (token or "").encode())
    if not token or kept is None or not known:
        raise Missing
    body, media_type = kept.written(queries.gauges())
    return _fresh(FlaskResponse(body, content_type=media_type))


def _fresh(response: FlaskResponse) -> FlaskResponse:
    response.headers["Cache-Control"] = "no-store"
    return response


def robots() -> FlaskResponse:
    """What search engines may read: everything public in production, nothing of a demonstration."""
    settings = _settings()
    if settings.shows_demo:
        lines = ["User-agent: *", "Disallow: /"]
    else:
        private = ("account", "desk", "follow", "invitation", "password", "portal", "search", "sign-in")
        lines = ["User-agent: *", *(f"Disallow: /{lang}/{word}" for lang in LOCALES for word in private)]
        lines += ["Disallow: /*/*/desk", f"Sitemap: {settings.base_url}{url_for('pages.sitemap')}"]
    return _kept("\n".join(lines) + "\n", "text/plain", 3600)


def sitemap() -> FlaskResponse:
    """Every standing page in each language, with its twins in the others."""
    tree = ElementTree.Element("urlset", {"xmlns": SITEMAP, "xmlns:xhtml": XHTML})
    slugs = [town.slug for town in queries.towns_in_order()]
    pages: list[tuple[str, dict[str, Any]]] = [(endpoint, {}) for endpoint in PORTAL_PAGES]
    pages += [(endpoint, {"town": slug}) for slug in slugs for endpoint in TOWN_PAGES]
    sites: list[tuple[str, dict[str, Any], tuple[str, ...]]] = [
        (endpoint, values, LOCALES) for endpoint, values in pages
    ]
    sites += [
        (found.endpoint, found.values, found.languages)
        for module in registry.modules
        for read in module.sitemap
        for found in read()
    ]
    for endpoint, values, languages in sites[:MOST_SITES]:
        twins = {lang: _settings().base_url + url_for(endpoint, lang=lang, **values) for lang in languages}
        for href in twins.values():
            entry = ElementTree.SubElement(tree, "url")
            ElementTree.SubElement(entry, "loc").text = href
            for lang, twin in twins.items():
                link = {"rel": "alternate", "hreflang": lang, "href": twin}
                ElementTree.SubElement(entry, "xhtml:link", link)
    return _kept(_xml(tree), "application/xml", 3600)


def opensearch() -> BaseResponse:
    """How a browser adds this portal to its search engines, in the language it asks for."""
    tree = ElementTree.Element("OpenSearchDescription", {"xmlns": OPENSEARCH})
    base = _settings().base_url
    for name, text in (
        # The format allows sixteen characters, in every language.
        ("ShortName", pgettext("short name, at most 16 characters", "Portal")),
        ("Description", _("Search the initiatives of all municipalities of the portal")),
        ("InputEncoding", "UTF-8"),
        ("Language", current_locale()),
    ):
        ElementTree.SubElement(tree, name).text = text
    template = f"{base}{url_for('search.results')}?q={{searchTerms}}"
    ElementTree.SubElement(tree, "Url", {"type": "text/html", "template": template})
    icon = ElementTree.SubElement(tree, "Image", {"width": "16", "height": "16", "type": "image/svg+xml"})
    icon.text = base + asset("favicon.svg")
    response = _kept(_xml(tree), "application/opensearchdescription+xml", 3600)
    response.headers["Vary"] = "Accept-Language"
    return response


def _xml(tree: ElementTree.Element) -> str:
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(tree, encoding="unicode") + "\n"


def security_txt() -> FlaskResponse:
    """Whom to tell about a hole. Source: RFC 9116."""
    base = _settings().base_url
    # The format demands a day after which nobody should rely on it; half a year from today's midnight.
    until = (clock.now() + timedelta(days=180)).replace(hour=0, minute=0, second=0, microsecond=0)
    lines = (
        f"Contact: {base}{url_for('pages.contact', lang='en')}",
        f"Expires: {until.isoformat().replace('+00:00', 'Z')}",
        f"Preferred-Languages: {', '.join(LOCALES)}",
        f"Canonical: {base}{url_for('pages.security_txt')}",
    )
    return _kept("\n".join(lines) + "\n", "text/plain", 3600)


_reports: Counter[tuple[str, str]] = Counter()


def csp_report() -> FlaskResponse:
    """A browser refused something that our policy forbids: count it by kind, without address or person.

    The page's own address is not looked at, because it may hold somebody's link.
    """
    request.max_content_length = LARGEST_REPORT
    body = request.get_json(force=True, silent=True)
    for report in body[:10] if isinstance(body, list) else [body]:
        kind = _kind_of_report(report)
        if kind is not None and (kind in _reports or len(_reports) < MOST_KINDS):
            _reports[kind] += 1
            # The first of a kind and then one of a hundred, so that a loud page does not fill the log.
            if _reports[kind] % REPORTS_PER_LINE == 1:
                log.warning("content policy broken", directive=kind[0], blocked=kind[1], count=_reports[kind])
    return FlaskResponse(status=204)


def _kind_of_report(report: Any) -> tuple[str, str] | None:
    """(directive, what was blocked: a keyword, or a foreign host) of either form of report."""
    if not isinstance(report, dict):
        return None
    inner = report.get("csp-report") or report.get("body")
    if not isinstance(inner, dict):
        return None
    directive = (
        inner.get("effective-directive") or inner.get("effectiveDirective") or inner.get("violated-directive")
    )
    blocked = inner.get("blocked-uri") or inner.get("blockedURL") or ""
    if not isinstance(directive, str) or not isinstance(blocked, str):
        return None
    directive = directive.partition(" ")[0]
    if not re.fullmatch(r"[a-z-]{3,40}", directive):
        return None
    return directive, _blocked(blocked)


def _blocked(blocked: str) -> str:
    if re.fullmatch(r"[a-z-]{2,20}", blocked):
        return blocked
    try:
        host = urlsplit(blocked).hostname or ""
    except ValueError:
        host = ""
    return host if re.fullmatch(r"[a-z0-9.-]{1,80}", host) else "other"
