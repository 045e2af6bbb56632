"""For the API: a key of a municipality, and a client that sends it."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from portal.api import services
from portal.core.actor import Actor
from portal.core.tenancy import Town

Ask = Callable[..., Any]


@pytest.fixture
def admin(actor_as: Callable[..., Actor], town: Town) -> Actor:
    """The administrator of Lublin, freshly signed in."""
    return actor_as("admin")


@pytest.fixture
def key(admin: Actor) -> str:
    """The secret of a key that may work at the desk and file for others."""
    scopes = ["initiative.desk", "initiative.take", "initiative.moderate", "initiative.assign"]
    return services.make_key(admin, "Registry", ["operator", "leader", "reviewer"], scopes, 30, "form")


@pytest.fixture
def ask(app: Flask) -> Ask:
    """`ask("/municipalities", key=…, json=…)` asks below the root of the API, without any cookie."""

    def send(path: str, *, key: str = "", **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        client = app.test_client(use_cookies=False)
        method = more.pop("method", "POST" if "json" in more else "GET")
        return client.open(f"/api/v1{path}", method=method, headers=headers, **more)

    return send
