"""Fixtures of all tests. Each test that asks for `app` gets a fresh copy of the migrated database.

    client.get("/pl/lublin/initiatives")    pages, each request as under a server (`factories/browser.py`)
    actor_as("leader", town)                somebody with a role; sign_in(client, actor) lets them browse
    town, other_town                        Lublin and Ostrava-Jih; a test that asks for `town` stands in it
    run_jobs(), outbox()                    do the due work now; every message written so far, oldest first
    frozen("2026-03-02 10:00")              stop the clock, Warsaw time
    seeded_app                              `app` with the demo data; also moves `client` and `town` there

Pure tests ask for nothing and load nothing. PORTAL_TEST_DATABASE_URL runs everything on PostgreSQL,
PORTAL_TEST_REDIS_URL with Redis.
"""

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from hypothesis import HealthCheck
from hypothesis import settings as profiles
from sqlalchemy import select

from portal.core import config, i18n, jobs, tenancy
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.tenancy import Town
from tests.factories import portals
from tests.factories.actors import make_actor, make_session
from tests.factories.browser import Browser
from tests.factories.databases import Databases, PostgresDatabases, SqliteDatabases, once
from tests.factories.towns import make_town

LOOPBACK = ("127.0.0.1", "::1", "localhost")

# How long an example takes is the machine's affair, and this one may be busy: no test judges time.
profiles.register_profile("portal", deadline=None, suppress_health_check=[HealthCheck.too_slow])
profiles.load_profile("portal")


@pytest.fixture(scope="session", autouse=True)
def closed_network() -> Iterator[None]:
    """No test reaches another machine: what a test needs stands in the repository."""
    connect = socket.socket.connect

    def refuse(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in LOOPBACK:
            raise AssertionError(f"A test wanted to reach {address[0]}.")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        yield


@pytest.fixture(autouse=True)
def english() -> None:
    """Tests speak English, whatever catalogues are compiled; those of other languages say which."""
    i18n.speak("en")


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The folder all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture(scope="session")
def databases(shared: Path, worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Databases:
    """This worker's database, on the engine of the environment."""
    address = os.environ.get("PORTAL_TEST_DATABASE_URL")
    if address:
        return PostgresDatabases(address, worker_id)
    return SqliteDatabases(shared, tmp_path_factory.mktemp("database"))


@pytest.fixture(scope="session")
def settings(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> config.Settings:
    """Settings of this worker: own data folder and database, the keys alike in all workers."""
    return portals.settings_for(databases, tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def portal(settings: config.Settings, databases: Databases, shared: Path) -> Iterator[Flask]:
    """The application of this worker, over a database that `app` replaces for each test."""
    app = portals.make_portal(settings)
    once(shared, "empty", lambda: portals.migrate(app, databases))
    yield app
    # A connection left open would be told as a warning, and so as an error, at the very end.
    portals.disconnect(app)


@pytest.fixture(scope="session")
def demo_database(portal: Flask, databases: Databases, shared: Path, settings: config.Settings) -> None:
    """The demo data as a template, made once per run; its files lie in this worker's data folder."""
    once(shared, "demo", lambda: portals.plant(portal, databases, shared / "demo-files"))
    shutil.copytree(shared / "demo-files", settings.files, dirs_exist_ok=True)


@pytest.fixture
def app(portal: Flask, databases: Databases, request: pytest.FixtureRequest) -> Iterator[Flask]:
    """The portal over a fresh copy of the empty database, or of the demo one, inside its app context."""
    portals.disconnect(portal)
    databases.restore("demo" if "demo_database" in request.fixturenames else "empty")
    # What is kept beside the database tells of the one that was there.
    for name in ("audit-anchors.jsonl", "erased.jsonl"):
        (portal.extensions["portal.settings"].data / name).unlink(missing_ok=True)
    with portal.app_context():
        yield portal
        tenancy.enter(None)


@pytest.fixture
def seeded_app(demo_database: None, app: Flask) -> Flask:
    """The portal with the demo data."""
    return app


@pytest.fixture
def client(app: Flask) -> Browser:
    """A visitor's browser."""
    browser = app.test_client()
    assert isinstance(browser, Browser)
    return browser


@pytest.fixture
def town(app: Flask, request: pytest.FixtureRequest) -> Town:
    """Lublin, in scope for the whole test; requests of `client` choose their own by the address."""
    found = tenancy.town("lublin") if "demo_database" in request.fixturenames else make_town("lublin")
    tenancy.enter(found.id)
    return found


@pytest.fixture
def other_town(app: Flask, request: pytest.FixtureRequest) -> Town:
    """Ostrava-Jih: another country, language, zone and currency."""
    return (
        tenancy.town("ostrava-jih") if "demo_database" in request.fixturenames else make_town("ostrava-jih")
    )


@pytest.fixture
def actor_as(town: Town) -> Callable[..., Actor]:
    """`actor_as("leader")`, `actor_as("resident", other_town, name="Ewa")`: see `factories/actors.py`."""

    def make(role: str, place: Town | None = town, **values: Any) -> Actor:
        return make_actor(role, place, **values)

    return make


@pytest.fixture
def sign_in(app: Flask) -> Callable[[Browser, Actor], None]:
    """Let a client go on as this actor: the session is made directly, as after password and code."""

    def enter(client: Browser, actor: Actor) -> None:
        client.set_cookie(app.config["SESSION_COOKIE_NAME"], make_session(actor))

    return enter


@pytest.fixture
def run_jobs(app: Flask) -> Callable[[], int]:
    """Do the work that is due now, as the worker would; gives how many pieces."""

    def run() -> int:
        db.session.close()
        return jobs.run_due()

    return run


@pytest.fixture
def outbox(app: Flask) -> Callable[[], list[Any]]:
    """The messages written so far, to anybody, oldest first."""
    from portal.notify.models import Notice

    def read() -> list[Any]:
        db.session.close()
        with tenancy.unscoped("tests look at every message"):
            return list(db.session.scalars(select(Notice).order_by(Notice.created_at, Notice.id)))

    return read


@pytest.fixture
def frozen(time_machine: Any) -> Callable[[str], None]:
    """`frozen("2026-03-02 10:00")` stops the clock at this Warsaw time; call it again to move on."""

    def at(moment: str) -> None:
        instant = datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo("Europe/Warsaw"))
        time_machine.move_to(instant, tick=False)

    return at
