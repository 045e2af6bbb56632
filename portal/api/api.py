"""Operations that belong to no module: the root, municipalities, search, and the document that describes all."""

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from portal.api import queries, rules
from portal.core import tenancy
from portal.core.errors import Missing
from portal.core.i18n import LOCALES
from portal.core.registry import ApiRoute, Schema, registry
from portal.core.tenancy import Town
from portal.search import queries as search
from portal.ui.api import COMMON, reference
from portal.ui.pages import public_address

SIZE: Schema = {"type": "integer", "minimum": 1, "maximum": 100}
PAGES: dict[str, Schema] = {
    "older": {"type": ["string", "null"], "description": "Value of `at` for the page of older ones."},
    "newer": {"type": ["string", "null"], "description": "Value of `at` for the page of newer ones."},
}
SCHEMAS: dict[str, Schema] = {
    "Municipality": {
        "type": "object",
        "required": ["slug", "name", "names", "country", "language", "currency", "zone", "centre", "links"],
        "properties": {
            "slug": {"type": "string"},
            "name": {"type": "string", "description": "In the language asked for."},
            "names": {"type": "object", "additionalProperties": {"type": "string"}},
            "country": {"enum": ["PL", "CZ"]},
            "language": {"enum": list(LOCALES)},
            "currency": {"type": "string"},
            "zone": {"type": "string"},
            "centre": {
                "type": "object",
                "required": ["lat", "lon"],
                "properties": {"lat": {"type": "number"}, "lon": {"type": "number"}},
            },
            "population": {"type": ["integer", "null"]},
            "links": {"type": "object", "additionalProperties": {"type": "string"}},
        },
    },
    "Hit": {
        "type": "object",
        "required": ["kind", "number", "title", "excerpt", "language", "at", "municipality", "html"],
        "properties": {
            "kind": {"type": "string"},
            "number": {"type": "string"},
            "title": {"type": "string"},
            "excerpt": {"type": "string"},
            "language": {"type": "string"},
            "at": {"type": "string", "format": "date-time"},
            "municipality": {"type": "string"},
            "html": {"type": "string"},
        },
    },
}


def listed(name: str) -> Schema:
    """The schema of a page of a list."""
    return {
        "type": "object",
        "required": ["items"],
        "properties": {"items": {"type": "array", "items": reference(name)}, **PAGES},
    }


def root() -> dict[str, Any]:
    """Where to go from here."""
    return {
        "links": {
            "municipalities": public_address("api.municipalities"),
            "search": public_address("api.search"),
            "openapi": public_address("api.openapi"),
        }
    }


def openapi() -> dict[str, Any]:
    """The OpenAPI document of every module."""
    schemas = {name: schema for module in registry.modules for name, schema in module.api_schemas.items()}
    return rules.document(
        queries.operations(), schemas, COMMON, root=public_address("api.root"), version=_version()
    )


def _version() -> str:
    try:
        return version("participation-portal")
    except PackageNotFoundError:  # A checkout.
        return "0"


def municipalities() -> dict[str, Any]:
    """All municipalities."""
    towns = sorted(tenancy.towns().values(), key=lambda town: town.slug)
    return {"items": [_municipality(town) for town in towns]}


def municipality() -> dict[str, Any]:
    """One municipality."""
    current = tenancy.current_id()
    if current is None:
        raise Missing
    return _municipality(tenancy.town_by_id(current))


def _municipality(town: Town) -> dict[str, Any]:
    return {
        "slug": town.slug,
        "name": town.name,
        "names": town.names,
        "country": town.country,
        "language": town.language,
        "currency": town.currency,
        "zone": town.zone,
        "centre": {"lat": town.centre[0], "lon": town.centre[1]},
        "population": town.population,
        "links": {
            "self": public_address("api.municipality", town=town.slug),
            "html": public_address("pages.town", lang=town.language, town=town.slug),
            **{
                name: public_address(f"api.{name}", town=town.slug)
                for name in ("initiatives", "news", "pages", "alerts")
            },
        },
    }


def find(query: dict[str, Any]) -> dict[str, Any]:
    """What is public and fits a text, newest first."""
    town = tenancy.town(query["municipality"]) if "municipality" in query else None
    size = query.get("size", 20)
    with tenancy.within(town.id) if town else tenancy.unscoped("the public search over all municipalities"):
        found = search.page(
            query.get("q", ""), town.id if town else None, search.cursor_of(query.get("at")), size
        )
    return {
        "items": [
            {
                "kind": hit.kind,
                "number": hit.number,
                "title": hit.title,
                "excerpt": hit.excerpt,
                "language": hit.language,
                "at": hit.at.isoformat(),
                "municipality": tenancy.town_by_id(hit.municipality_id).slug,
                "html": public_address("pages.home", lang=hit.language).rstrip("/") + hit.href,
            }
            for hit in found.items
        ],
        "older": found.older,
        "newer": found.newer,
    }


OPERATIONS = (
    ApiRoute(
        "",
        "root",
        "Where to go from here.",
        root,
        {
            "type": "object",
            "required": ["links"],
            "properties": {"links": {"type": "object", "additionalProperties": {"type": "string"}}},
        },
    ),
    ApiRoute("/openapi.json", "openapi", "This document.", openapi, {"type": "object"}),
    ApiRoute(
        "/municipalities",
        "municipalities",
        "All municipalities.",
        municipalities,
        listed("Municipality"),
    ),
    ApiRoute(
        "/municipalities/<slug:town>",
        "municipality",
        "One municipality.",
        municipality,
        reference("Municipality"),
    ),
    ApiRoute(
        "/search",
        "search",
        "Everything public that fits a text, newest first; a case number in any spelling finds just that case.",
        find,
        listed("Hit"),
        query={
            "q": {"type": "string", "maxLength": 200},
            "municipality": {"type": "string", "maxLength": 60},
            "size": SIZE,
            "at": {"type": "string", "maxLength": 40},
        },
    ),
)
