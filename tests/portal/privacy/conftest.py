"""Cases, readings and people for the tests of data protection."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from initiatives import queries, services
from initiatives.models import Author, Initiative
from portal.accounts.queries import phone_key
from portal.core import anchors, tenancy
from portal.core.actor import Actor
from portal.core.db import writing
from portal.core.readings import Reason, Why
from portal.core.tenancy import Town
from portal.privacy.services import again
from tests.factories.browser import Browser
from tests.factories.initiatives import make_initiative

PHONE = "+48602123456"


@pytest.fixture(autouse=True)
def clean_files(request: pytest.FixtureRequest) -> None:
    """The lists beside the database belong to one test."""
    if "app" in request.fixturenames:
        request.getfixturevalue("app")
        for file in (again.path(), anchors.path()):
            file.unlink(missing_ok=True)


@pytest.fixture
def read(town: Town, actor_as: Callable[..., Actor]) -> Callable[..., Actor]:
    """Let somebody read the contact of a case so many times."""

    def reading(times: int, actor: Actor | None = None, case: Initiative | None = None) -> Actor:
        actor = actor or actor_as("reviewer")
        case = case or make_initiative(town, "submitted")
        for _ in range(times):
            services.read_contact(actor, case.id, Why(Reason.CHECK, "kontrola"))
        return actor

    return reading


@pytest.fixture
def filed(town: Town) -> Callable[..., Initiative]:
    """A case of somebody without an account, with address and number."""

    def make(state: str = "published", place: Town = town, **values: Any) -> Initiative:
        case = make_initiative(place, state, email="anna@people.example", **values)
        with tenancy.within(place.id), writing():
            author = queries.case(case.id).author
            assert author is not None
            author.phone, author.phone_key = PHONE, phone_key(PHONE, place.country)
        return case

    return make


@pytest.fixture
def token(client: Browser) -> Callable[[str], str]:
    """The form token of a page, for posts that no form of it would send like this."""

    def find(path: str) -> str:
        found = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', client.get(path).text)
        assert found, f"{path} holds no form"
        return found[1]

    return find


def author_of(case: Initiative) -> Author:
    """Who filed it, as it stands now."""
    with tenancy.within(case.municipality_id):
        author = queries.case(case.id).author
    assert author is not None
    return author


def erased_lines(app: Flask) -> list[dict[str, Any]]:
    """What stands in the list of erasures."""
    path: Path = again.path()
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
