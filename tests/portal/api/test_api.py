"""Operations of no module, the document, and how it holds against a program that tries everything."""

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from openapi_spec_validator import validate
from schemathesis import checks

from portal.core.tenancy import Town
from tests.factories.articles import make_article
from tests.factories.initiatives import make_initiative

Ask = Callable[..., Any]
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.allow_header_conformance,
]


def test_the_document_is_valid_and_names_every_operation(ask: Ask, town: Town) -> None:
    document = ask("/openapi.json").json
    validate(document)
    names = {one["operationId"] for path in document["paths"].values() for one in path.values()}
    assert {"root", "openapi", "municipalities", "search", "initiatives", "initiative_move"} <= names


def test_the_root_leads_on(ask: Ask, town: Town) -> None:
    for address in ask("").json["links"].values():
        path = address.partition("/api/v1")[2]
        assert ask(path).status_code == 200, path


def test_municipalities_tell_what_is_public_of_them(ask: Ask, town: Town, other_town: Town) -> None:
    items = ask("/municipalities").json["items"]
    assert [item["slug"] for item in items] == sorted([town.slug, other_town.slug])
    assert items[0]["links"]["self"].endswith(f"/api/v1/municipalities/{items[0]['slug']}")
    assert ask("/municipalities/nowhere").status_code == 404


def test_the_search_finds_what_is_public_by_word_and_number(ask: Ask, town: Town) -> None:
    case = make_initiative(town, "published", title="Ławka przy szkole")
    make_initiative(town, "submitted", title="Ławka ukryta")
    for query in ("?q=lawka", f"?q={case.number}", "?q=lawka&municipality=lublin"):
        assert [hit["number"] for hit in ask(f"/search{query}").json["items"]] == [case.number]
    assert ask("/search?q=lawka&municipality=nowhere").status_code == 404
    assert ask("/search?at=wrong").status_code == 404


@pytest.fixture
def schema(app: Flask, town: Town) -> Any:
    """The document as the program reads it, over the application itself."""
    make_initiative(town, "published")
    make_article(town, kind="news")
    make_article(town)
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)


def test_nothing_that_a_program_invents_breaks_it(schema: Any, ask: Ask) -> None:
    tried = []
    for found in schema.get_all_operations():
        operation = found.ok()

        @settings(max_examples=6, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def try_it(case: Any) -> None:
            case.call_and_validate(checks=CHECKS)

        try_it()
        tried.append(operation.label)
    paths = ask("/openapi.json").json["paths"]
    paths.pop("/openapi.json")  # The program asks for it first, and for nothing else there.
    assert sorted(tried) == sorted(
        f"{method.upper()} {path}" for path, one in paths.items() for method in one
    )
