"""Who browses the public pages."""

from collections.abc import Callable

import pytest

from portal.core.actor import Actor
from tests.factories.browser import Browser


@pytest.fixture
def ewa(client: Browser, actor_as: Callable[..., Actor], sign_in: Callable[..., None]) -> Actor:
    """A resident, signed in."""
    actor = actor_as("resident", name="Ewa Sadowa")
    sign_in(client, actor)
    return actor
