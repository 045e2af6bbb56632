"""Pages, news and alerts for other programs: what everybody reads, as blocks and as HTML."""

from datetime import datetime
from typing import Any

from flask import g

from portal.articles import queries, rules
from portal.articles.formats import html_of, spoken
from portal.articles.kinds import Block, Item, Level, Shape, Standing
from portal.articles.models import MODELS, Article
from portal.articles.states import WORKFLOW
from portal.content import queries as content
from portal.content.models import Attachment
from portal.core import clock, tenancy
from portal.core.i18n import LOCALES, current_locale
from portal.core.registry import ApiRoute, Schema
from portal.core.workflow import Lane
from portal.search.queries import cursor_of
from portal.ui.api import LINKS, MAYBE_TEXT, TEXT, WHEN, list_of, object_of, reference
from portal.ui.pages import public_address

NAMES = {"page": "page", "news": "news_item"}
"""What one article of a kind is called in the names of operations and endpoints."""
_CARD: dict[str, Schema] = {
    "slug": TEXT,
    "title": TEXT,
    "language": {"enum": list(LOCALES)},
    "links": LINKS,
}
_BLOCK: dict[str, Schema] = {
    "values": {"type": "object", "additionalProperties": TEXT},
    "html": {
        "type": "string",
        "description": "The Markdown text of `values` as clean HTML; empty without one.",
    },
    "files": list_of(object_of(name=TEXT, media_type=TEXT, size={"type": "integer"}, href=TEXT)),
}
SCHEMAS: dict[str, Schema] = {
    "NewsCard": object_of(summary=TEXT, published_at=WHEN, **_CARD),
    "PageCard": object_of(parent={**MAYBE_TEXT, "description": "Slug of the page above."}, **_CARD),
    "Article": object_of(
        kind={"enum": list(MODELS)},
        municipality=TEXT,
        summary=TEXT,
        is_outdated={"type": "boolean", "description": "The translation is older than the original."},
        published_at=WHEN,
        updated_at=WHEN,
        blocks=list_of(object_of(kind=TEXT, items=list_of(object_of(**_BLOCK)), **_BLOCK)),
        **_CARD,
    ),
    "ArticleStep": object_of(at=WHEN, verb=TEXT, label=TEXT, state=TEXT),
    "ArticleLanguage": object_of(
        language={"enum": list(LOCALES)},
        title=TEXT,
        status={"enum": [one.value for one in Standing]},
        is_outdated={"type": "boolean"},
        html=TEXT,
    ),
    "ArticleState": object_of(state=object_of(key=TEXT, label=TEXT), meaning=TEXT),
    "Alert": object_of(
        level={"enum": [level.value for level in Level]},
        text=TEXT,
        language={"enum": list(LOCALES)},
        href=TEXT,
        starts_at=WHEN,
        ends_at=WHEN,
    ),
}


def _links(kind: str, slug: str) -> dict[str, str]:
    where = {"town": g.town.slug, "slug": slug}
    name = NAMES[kind]
    return {
        "self": public_address(f"api.{name}", **where),
        "html": public_address(f"articles.{name}", lang=current_locale(), **where),
        "history": public_address(f"api.{name}_history", **where),
        "workflow": public_address(f"api.{name}_workflow", **where),
        "translations": public_address(f"api.{name}_translations", **where),
    }


def _when(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()


def news(query: dict[str, Any]) -> dict[str, Any]:
    """A page of the news, newest first."""
    found = queries.news(cursor_of(query.get("at")), query.get("year"), query.get("size", queries.PAGE_SIZE))
    return {
        "items": [
            {
                "slug": card.slug,
                "title": card.title,
                "summary": card.summary,
                "language": card.language,
                "published_at": card.published_at.isoformat(),
                "links": _links("news", card.slug),
            }
            for card in found.items
        ],
        "older": found.older,
        "newer": found.newer,
    }


def pages() -> dict[str, Any]:
    """All public pages in the order of the menu."""
    leaves = queries.leaves()
    slugs = {leaf.id: leaf.slug for leaf in leaves}
    return {
        "items": [
            {
                "slug": leaf.slug,
                "title": leaf.title,
                "language": leaf.language,
                "parent": slugs.get(leaf.parent_id or 0),
                "links": _links("page", leaf.slug),
            }
            for leaf in leaves
        ]
    }


def alerts() -> dict[str, Any]:
    """Alerts that run now, the loudest first."""
    now, first = clock.now(), g.town.language
    return {
        "items": [
            {
                "level": line.level.value,
                **dict(zip(("text", "language"), line.text(first), strict=True)),
                "href": line.link(),
                "starts_at": line.starts_at.isoformat(),
                "ends_at": line.ends_at.isoformat(),
            }
            for line in queries.coming_alerts()
            if line.runs(now)
        ]
    }


def one(kind: str, slug: str) -> dict[str, Any]:
    """A page or news item in the language asked for, or as it was written. Raises Missing."""
    thing = queries.public_by_slug(kind, slug)
    read = queries.reading(thing, current_locale())
    found = read.version.content
    files = queries.attachments(rules.file_ids(found.blocks))
    return {
        "kind": kind,
        "municipality": tenancy.town_by_id(thing.municipality_id).slug,
        "slug": thing.slug,
        "title": found.title,
        "summary": found.summary,
        "language": read.version.language,
        "is_outdated": read.is_outdated,
        "published_at": _when(thing.published_at),
        "updated_at": _when(thing.updated_at),
        "blocks": [
            {
                "kind": block.kind,
                **_part(thing, block, block.record.fields, files),
                "items": [_part(thing, item, block.record.items, files) for item in block.items],
            }
            for block in found.blocks
        ],
        "links": _links(kind, thing.slug),
    }


def _part(thing: Article, part: Block | Item, fields: Any, files: dict[int, Attachment]) -> dict[str, Any]:
    """Values of a block or of an entry; files and links stand as addresses."""
    values, html, named = {}, "", []
    for field in fields:
        value = part.values.get(field.name, "")
        if field.shape in (Shape.PICTURE, Shape.DOCUMENT):
            named += [files[int(n)] for n in value.split(",") if n.isdigit() and int(n) in files]
            continue
        values[field.name] = spoken(value, current_locale()) if field.shape is Shape.LINK else value
        if field.shape is Shape.MARKDOWN:
            html = str(html_of(value, current_locale()))
    return {"values": values, "html": html, "files": [_file(thing, row) for row in named if not row.waits]}


def _file(thing: Article, row: Attachment) -> dict[str, Any]:
    return {
        "name": row.name,
        "media_type": row.media_type,
        "size": row.size,
        "href": public_address(
            "articles.file", lang=current_locale(), town=g.town.slug, article_id=thing.id, file_id=row.id
        ),
    }


def history(kind: str, slug: str) -> dict[str, Any]:
    """When it was published, oldest first; what the office did before stays with the office."""
    thing = queries.public_by_slug(kind, slug)
    return {
        "items": [
            {
                "at": step.at.isoformat(),
                "verb": step.verb,
                "label": str(WORKFLOW.state(step.to_state).label),
                "state": step.to_state,
            }
            for step in content.history(*thing.about, (Lane.PUBLIC,))
        ]
    }


def translations(kind: str, slug: str) -> dict[str, Any]:
    """The languages it can be read in, the original first, and how far each can be trusted."""
    thing = queries.public_by_slug(kind, slug)
    rows = [row for row in queries.texts(thing.id).values() if row.public is not None]
    rows.sort(key=lambda row: (row.language != thing.language, row.language))
    due = next((row.due for row in rows if row.language == thing.language), 0)
    items = []
    for row in rows:
        shown = queries.version(thing.id, row.language, row.public or 0)
        items.append(
            {
                "language": row.language,
                "title": shown.title,
                "status": row.status.value,
                "is_outdated": row.language != thing.language and shown.based_on < due,
                "html": public_address(
                    f"articles.{NAMES[kind]}", lang=row.language, town=g.town.slug, slug=thing.slug
                ),
            }
        )
    return {"items": items}


def workflow(kind: str, slug: str) -> dict[str, Any]:
    """Where it stands."""
    state = queries.public_by_slug(kind, slug).present
    return {"state": {"key": state.key, "label": str(state.label)}, "meaning": str(state.help)}


_TOWN = "/municipalities/<slug:town>"


def _of(kind: str, path: str) -> tuple[ApiRoute, ...]:
    """The operations of one page or one news item."""

    def view(answer: Any) -> Any:
        return lambda slug: answer(kind, slug)

    name, base = NAMES[kind], f"{_TOWN}/{path}/<slug:slug>"
    words = name.replace("_", " ")
    return (
        ApiRoute(
            base,
            name,
            f"One public {words}, in `lang` where it is translated.",
            view(one),
            reference("Article"),
        ),
        ApiRoute(
            f"{base}/@history",
            f"{name}_history",
            f"When this {words} was published.",
            view(history),
            object_of(items=list_of(reference("ArticleStep"))),
        ),
        ApiRoute(
            f"{base}/@translations",
            f"{name}_translations",
            f"Languages of this {words}.",
            view(translations),
            object_of(items=list_of(reference("ArticleLanguage"))),
        ),
        ApiRoute(
            f"{base}/@workflow",
            f"{name}_workflow",
            f"Where this {words} stands.",
            view(workflow),
            reference("ArticleState"),
        ),
    )


OPERATIONS = (
    ApiRoute(
        f"{_TOWN}/news",
        "news",
        "News of a municipality, newest first.",
        news,
        object_of(items=list_of(reference("NewsCard")), older=MAYBE_TEXT, newer=MAYBE_TEXT),
        query={
            "year": {"type": "integer", "minimum": 1990, "maximum": 2200},
            "size": {"type": "integer", "minimum": 1, "maximum": 100},
            "at": {"type": "string", "maxLength": 40},
        },
    ),
    ApiRoute(
        f"{_TOWN}/pages",
        "pages",
        "Public pages of a municipality, in the order of its menu.",
        pages,
        object_of(items=list_of(reference("PageCard"))),
    ),
    ApiRoute(
        f"{_TOWN}/alerts",
        "alerts",
        "Alerts that run now.",
        alerts,
        object_of(items=list_of(reference("Alert"))),
    ),
    *_of("news", "news"),
    *_of("page", "pages"),
)
