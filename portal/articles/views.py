"""Pages and news as everybody reads them, their files, maps and feed."""

import json
from typing import Any

from flask import Response, g, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.articles import blocks, queries
from portal.articles.models import Article, ArticleVersion, Spot
from portal.content.models import Attachment, FileRole
from portal.core import actor as actors
from portal.core import clock, tenancy
from portal.core.errors import Missing
from portal.core.i18n import LANGUAGE_NAMES, current_locale, foreign, iso
from portal.core.i18n import gettext as _
from portal.core.paging import Cursor, decode
from portal.core.policy import can
from portal.core.tenancy import Town
from portal.ui import structured
from portal.ui.pages import Link, page, public_address
from portal.ui.sending import send_stored

FIRST_YEAR, LAST_YEAR = 1990, 2200


def one_page(slug: str) -> BaseResponse:
    """A page."""
    try:
        thing = queries.public_by_slug("page", slug)
    except Missing:
        return redirect(url_for("articles.page", slug=queries.moved_to("page", slug)), 301)
    if thing.spot is not Spot.PAGE:
        return redirect(url_for("pages.home" if thing.spot is Spot.HOME else "pages.town"), 301)
    leaves = queries.leaves()
    above = [
        Link(leaf.title, url_for("articles.page", slug=leaf.slug)) for leaf in queries.above(thing, leaves)
    ]
    return _shown(thing, [*_crumbs(), *above], below=queries.below(thing.id, leaves))


def one_news(slug: str) -> BaseResponse:
    """A news item."""
    try:
        thing = queries.public_by_slug("news", slug)
    except Missing:
        return redirect(url_for("articles.news_item", slug=queries.moved_to("news", slug)), 301)
    return _shown(thing, [*_crumbs(), Link(_("News"), url_for("articles.news"))])


def _shown(thing: Article, crumbs: list[Link], below: list[queries.Leaf] | None = None) -> Response:
    want_original = request.args.get("original") == "1"
    read = queries.reading(thing, current_locale(), want_original=want_original)
    edits = can(actors.current(), "page.look", thing)
    return page(
        "articles/detail.html",
        title=read.version.title,
        crumbs=crumbs,
        thing=thing,
        version=read.version,
        lang=foreign(read.version.language),
        blocks=blocks.shown(thing, read.version),
        below=below or [],
        is_outdated=read.is_outdated,
        is_untranslated=read.is_original and foreign(thing.language) and not want_original,
        original_language=LANGUAGE_NAMES[thing.language],
        original_href=url_for(f"articles.{endpoint_of(thing)}", slug=thing.slug, original=1),
        translated_href=url_for(f"articles.{endpoint_of(thing)}", slug=thing.slug)
        if want_original and foreign(thing.language)
        else "",
        desk_href=url_for("articles.one", article_id=thing.id) if edits else "",
        feed_href=url_for("articles.news_atom"),
        meta=_meta(thing, read, crumbs) if thing.is_public else None,
    )


def _meta(thing: Article, read: queries.Reading, crumbs: list[Link]) -> structured.Meta:
    about = {
        "@type": "NewsArticle" if thing.kind == "news" else "WebPage",
        "url": public_address(f"articles.{endpoint_of(thing)}", slug=thing.slug),
        "headline": read.version.title,
        "inLanguage": read.version.language,
        "datePublished": iso(thing.published_at) if thing.published_at else None,
        "dateModified": iso(read.version.at),
        "publisher": structured.office(g.town),
    }
    return structured.meta(read.version.summary or read.version.title, about, crumbs=crumbs)


def endpoint_of(thing: Article) -> str:
    """The endpoint of its public page."""
    return "page" if thing.kind == "page" else "news_item"


def _crumbs() -> list[Link]:
    town: Town = g.town
    return [Link(_("Home"), url_for("pages.home")), Link(town.name, url_for("pages.town"))]


def index() -> Response:
    """All pages of a municipality as a tree."""
    leaves = queries.leaves()
    return page("articles/index.html", title=_("All pages"), crumbs=_crumbs(), tree=tree_of(leaves))


def tree_of(leaves: list[queries.Leaf], parent: int | None = None) -> list[tuple[queries.Leaf, list[Any]]]:
    """Leaves as nested pairs; a page below one that is not public stands at the top."""
    known = {leaf.id for leaf in leaves}
    here = [
        leaf
        for leaf in leaves
        if leaf.parent_id == parent or (parent is None and leaf.parent_id not in known)
    ]
    return [(leaf, tree_of(leaves, leaf.id)) for leaf in here]


def news() -> Response:
    """News of a municipality, newest first; `?year=` is the archive."""
    year = _year()
    found = queries.news(_cursor(), year)
    years = queries.news_years()
    town: Town = g.town
    query: dict[str, Any] = {"year": year} if year else {}
    return page(
        "articles/news.html",
        title=_("News of %(year)s: %(town)s", year=year, town=town.name)
        if year
        else _("News: %(town)s", town=town.name),
        crumbs=[*_crumbs(), *([Link(_("News"), url_for("articles.news"))] if year else [])],
        cards=found.items,
        years=[Link(str(one), url_for("articles.news", year=one), one == year) for one in years],
        newer_href=url_for("articles.news", at=found.newer, **query) if found.newer else "",
        older_href=url_for("articles.news", at=found.older, **query) if found.older else "",
        feed_href=url_for("articles.news_atom"),
    )


def _cursor() -> Cursor | None:
    text = request.args.get("at")
    try:
        return decode(text) if text else None
    except ValueError:
        raise Missing from None


def _year() -> int | None:
    text = request.args.get("year")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and FIRST_YEAR <= int(text[:9]) <= LAST_YEAR):
        raise Missing
    return int(text)


def news_atom() -> Response:
    """The newest news as an Atom feed, in the language of the address."""
    cards = queries.newest_news(queries.FEED_SIZE)
    response = page(
        "articles/feed.xml",
        title=_("News: %(town)s", town=g.town.name),
        cards=cards,
        updated=cards[0].published_at if cards else clock.now(),
        self_href=public_address("articles.news_atom"),
        page_href=public_address("articles.news"),
        address_of=public_address,
    )
    response.content_type = "application/atom+xml; charset=utf-8"
    return response


# ---- files ----


def file(article_id: int, file_id: int) -> BaseResponse:
    """A picture or document; `?size=small` gives the small picture. What is not public is for the office only."""
    thing = queries.article(article_id)
    is_public = file_id in queries.public_file_ids(thing)
    if not is_public and not can(actors.current(), "page.look", thing):
        raise Missing
    row = queries.attachments([file_id]).get(file_id)
    if row is None or (row.kind, row.object_id) != thing.about:
        raise Missing
    if row.waits and not _sees_waiting(thing, row):
        raise Missing
    small = request.args.get("size") == "small" and row.thumb_key
    key = row.thumb_key if small and row.thumb_key else row.key
    return send_stored(key, row.media_type, row.name, public=is_public and not row.waits)


def _sees_waiting(thing: Article, row: Attachment) -> bool:
    """A picture we drew anew may be seen by the office before its original was scanned; a document by nobody."""
    return row.role is FileRole.PHOTO and bool(can(actors.current(), "page.look", thing))


def document(article_id: int, item: str) -> BaseResponse:
    """The newest version of a document: an address that stays good when a newer file comes."""
    thing = queries.article(article_id)
    if not thing.is_public:
        raise Missing
    read = queries.reading(thing, current_locale())
    for block in read.version.content.blocks:
        for one in block.items:
            newest = one.values.get("file", "").partition(",")[0]
            if one.id == item and newest.isdigit():
                response = redirect(url_for("articles.file", article_id=thing.id, file_id=int(newest)), 302)
                response.headers["Cache-Control"] = "no-cache"
                return response
    raise Missing


# ---- maps ----


def places_script(version_id: int, block: str) -> Response:
    """The script that starts the map of a block of places."""
    found = _version(version_id)
    response = Response(
        blocks.map_of(found, _block(found, block)).script, content_type="text/javascript; charset=utf-8"
    )
    response.headers["Cache-Control"] = "no-cache"
    return response


def places_points(version_id: int, block: str) -> Response:
    """The pins of a block of places, and the card of one of them (`?card=number`), in the shape map.js reads."""
    places = blocks.places_of(_block(_version(version_id), block))
    wanted = request.args.get("card", "")
    body: dict[str, Any]
    if wanted:
        if not (wanted.isascii() and wanted.isdigit() and int(wanted[:9]) <= len(places)) or int(wanted) < 1:
            raise Missing
        place = places[int(wanted) - 1]
        body = {"title": place.name, "href": f"#{block}", "state": "", "category": place.text}
    else:
        points = [
            [number, place.name, place.lat, place.lon, "", "chosen"] for number, place in enumerate(places, 1)
        ]
        body = {"cells": [], "points": points}
    response = Response(json.dumps(body, ensure_ascii=False), content_type="application/json")
    response.headers["Cache-Control"] = "no-cache"
    return response


def _version(version_id: int) -> ArticleVersion:
    """A version everybody may read, or that this member of the office may. Raises Missing."""
    found = queries.version_by_id(version_id)
    if not queries.is_shown(found) and not can(
        actors.current(), "page.look", queries.article(found.article_id)
    ):
        raise Missing
    return found


def _block(found: ArticleVersion, wanted: str) -> Any:
    for block in found.content.blocks:
        if block.id == wanted and block.kind == "places":
            return block
    raise Missing


# ---- on other pages ----


def front() -> dict[str, Any] | None:
    """What the office wrote above the front page in scope; above the portal's, what the leading municipality did."""
    here = tenancy.current_id()
    leading = min((town.id for town in tenancy.towns().values()), default=None)
    place = here if here is not None else leading
    if place is None:
        return None
    with tenancy.within(place):
        thing = queries.at_spot(Spot.FRONT if here is not None else Spot.HOME)
        if thing is None or not thing.is_public:
            return None
        read = queries.reading(thing, current_locale())
        town = tenancy.town_by_id(place).slug
        edits = can(actors.current(), "page.look", thing)
        return {
            "blocks": blocks.shown(thing, read.version),
            "lang": foreign(read.version.language),
            "desk_href": url_for("articles.one", town=town, article_id=thing.id) if edits else "",
        }
