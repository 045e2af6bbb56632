"""Fixtures of the desk's tests."""

import re
from collections.abc import Callable

import pytest

from portal.core.actor import Actor
from tests.factories.browser import Browser


@pytest.fixture
def reviewer(
    actor_as: Callable[..., Actor], client: Browser, sign_in: Callable[[Browser, Actor], None]
) -> Actor:
    """A reviewer, signed in."""
    actor = actor_as("reviewer")
    sign_in(client, actor)
    return actor


@pytest.fixture
def token(client: Browser) -> Callable[[str], str]:
    """`token("/en/…")`: the form token of a page, for posts that no form of it would send like this."""

    def find(path: str) -> str:
        found = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', client.get(path).get_data(as_text=True))
        assert found, f"{path} holds no form"
        return found[1]

    return find
