"""What a block shows, ready for `articles/_blocks.html`: for the public page, the preview and the front pages alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for
from markupsafe import Markup

from portal.articles import queries, rules
from portal.articles.formats import html_of, spoken
from portal.articles.kinds import Block, Shape
from portal.articles.models import Article, ArticleVersion, Spot
from portal.content.models import Attachment
from portal.core import tenancy
from portal.core.i18n import current_locale
from portal.core.i18n import gettext as _
from portal.core.registry import registry
from portal.maps.folium_map import MapParts, render_map
from portal.maps.geo import Point
from portal.search import queries as search

TILES = "/map/tiles/{z}/{x}/{y}.svg"
MAP_ZOOM = 13


@dataclass(frozen=True, slots=True)
class File:
    """A file of a block: a picture, or one version of a document."""

    href: str
    name: str
    size: int
    width: int | None
    height: int | None
    created_at: Any

    @property
    def kilobytes(self) -> int:
        """Its size in whole kilobytes, one at least."""
        return max(1, round(self.size / 1024))


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a block. `files` are the versions of a document, newest first."""

    id: str
    values: Mapping[str, str]
    html: Markup
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """Something listed."""

    title: str
    href: str
    excerpt: str
    language: str
    at: Any


@dataclass(frozen=True, slots=True)
class Shown:
    """A block as its template reads it. `level` is that of a heading, cut so that none is skipped."""

    id: str
    kind: str
    values: Mapping[str, str]
    html: Markup
    entries: tuple[Entry, ...]
    picture: File | None = None
    listed: tuple[Found, ...] = ()
    href: str = ""
    level: int = 2
    map: MapParts | None = None
    map_script_href: str = ""


def shown(thing: Article, found: ArticleVersion) -> list[Shown]:
    """The blocks of a version, in the reader's language where they are not words."""
    blocks = found.content.blocks
    files = _files(thing, blocks)
    made, has_part = [], False
    for block in blocks:
        level = 3 if block.kind == "heading" and block.values.get("level") == "3" and has_part else 2
        has_part = has_part or block.kind == "heading" or bool(block.values.get("title"))
        made.append(_shown(thing, found, block, files, level))
    return made


def _files(thing: Article, blocks: Sequence[Block]) -> dict[int, File]:
    town = tenancy.town_by_id(thing.municipality_id).slug
    rows = queries.attachments(rules.file_ids(blocks)).values()
    # One that is still to be scanned is not there yet.
    return {row.id: _file(thing, row, town) for row in rows if not row.waits}


def _file(thing: Article, row: Attachment, town: str) -> File:
    href = url_for("articles.file", town=town, article_id=thing.id, file_id=row.id)
    return File(href, row.name, row.size, row.width, row.height, row.created_at)


def _shown(
    thing: Article, found: ArticleVersion, block: Block, files: Mapping[int, File], level: int
) -> Shown:
    locale = current_locale()
    values = {"title": "", **{field.name: "" for field in block.record.fields}, **block.values}
    is_map = block.kind == "places" and bool(block.items)
    return Shown(
        block.id,
        block.kind,
        values,
        html_of(values.get("body", ""), locale),
        tuple(_entry(block, item.id, item.values, files) for item in block.items),
        picture=next(iter(_named(values.get("file", ""), files)), None),
        listed=_listed(thing, values) if block.kind == "listing" else (),
        href=spoken(values.get("href", ""), locale),
        level=level,
        map=map_of(found, block) if is_map else None,
        map_script_href=_map_href("articles.places_script", found, block) if is_map else "",
    )


def _named(value: str, files: Mapping[int, File]) -> list[File]:
    return [files[int(one)] for one in value.split(",") if one.isdigit() and int(one) in files]


def _entry(block: Block, item_id: str, values: Mapping[str, str], files: Mapping[int, File]) -> Entry:
    markdown = next((field.name for field in block.record.items if field.shape is Shape.MARKDOWN), "")
    document = next((field.name for field in block.record.items if field.shape is Shape.DOCUMENT), "")
    return Entry(
        item_id,
        {
            **{field.name: "" for field in block.record.items},
            **values,
            "call": values.get("phone", "").replace(" ", ""),
        },
        html_of(values.get(markdown, ""), current_locale()),
        tuple(_named(values.get(document, ""), files)),
    )


def listed_types() -> list[tuple[str, Any]]:
    """Kinds of content a block may list: every registered one that the search knows."""
    return [(one.key, one.title) for one in registry.content_types.values() if one.index is not None]


def _listed(thing: Article, values: Mapping[str, str]) -> tuple[Found, ...]:
    """The newest public things of a kind: of this municipality, on the portal's front page of all of them."""
    kind = values.get("type", "")
    if kind not in dict(listed_types()):
        return ()
    count = int(values.get("count") or 3)
    place = None if thing.spot is Spot.HOME else thing.municipality_id
    return tuple(
        Found(hit.title, f"/{current_locale()}{hit.href}", hit.excerpt, hit.language, hit.at)
        for hit in search.newest(kind, place, count)
        if (hit.kind, hit.object_id) != thing.about
    )


# ---- maps ----


@dataclass(frozen=True, slots=True)
class Place:
    """A place on a map."""

    name: str
    text: str
    lat: float
    lon: float


def places_of(block: Block) -> list[Place]:
    """The places of a block that have a point."""
    found = []
    for item in block.items:
        lat, lon = (
            rules.degrees(item.values.get("lat", ""), 90),
            rules.degrees(item.values.get("lon", ""), 180),
        )
        if lat is not None and lon is not None:
            found.append(Place(item.values.get("name", ""), item.values.get("text", ""), lat, lon))
    return found


def map_of(found: ArticleVersion, block: Block) -> MapParts:
    """The map of a block of places, around the middle of them."""
    places = places_of(block)
    town = tenancy.town_by_id(found.municipality_id)
    lat, lon = town.centre
    if places:
        lats, lons = [place.lat for place in places], [place.lon for place in places]
        lat, lon = (min(lats) + max(lats)) / 2, (min(lons) + max(lons)) / 2
    return render_map(
        f"places_{block.id}",
        Point(round(lat, 5), round(lon, 5)),
        MAP_ZOOM,
        TILES,
        _("Drawing of our own, not a survey map"),
        points_url=_map_href("articles.places_points", found, block),
    )


def _map_href(endpoint: str, found: ArticleVersion, block: Block) -> str:
    town = tenancy.town_by_id(found.municipality_id).slug
    return url_for(endpoint, town=town, version_id=found.id, block=block.id)
