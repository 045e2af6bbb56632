"""The application under test, and the two databases it is tried on: the migrated one and the demo one."""

import os
import shutil
from pathlib import Path

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import event

from portal.core import cli, config, tenancy
from portal.core.db import db
from tests.factories.browser import Browser
from tests.factories.databases import Databases

SEAL_KEY = "test:" + "A" * 43 + "="


def settings_for(databases: Databases, data: Path) -> config.Settings:
    """Test settings over this database; with fixed keys, so that any worker opens what another sealed."""
    environ = {
        "PORTAL_MODE": "test",
        "PORTAL_DATA": str(data),
        "PORTAL_DATABASE_URL": databases.url,
        "PORTAL_SECRET_KEY": "test" * 16,
        "PORTAL_PROOF": "0/0",
        "PORTAL_SEAL_KEYS": SEAL_KEY,
        "PORTAL_REDIS_URL": os.environ.get("PORTAL_TEST_REDIS_URL", ""),
    }
    return config.read(environ)


def make_portal(settings: config.Settings) -> Flask:
    """The application with our test client."""
    # Pure tests do not pay for the whole portal.
    from portal.app import create_app

    app = create_app(settings)
    app.test_client_class = Browser
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            # A test's database need not survive a power cut.
            event.listen(db.engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=OFF"))
    return app


def migrate(app: Flask, databases: Databases) -> None:
    """Make the template `empty`: every migration, no row."""
    databases.clear()
    with app.app_context():
        upgrade()
    disconnect(app)
    databases.keep("empty")


def plant(app: Flask, databases: Databases, kept_files: Path) -> None:
    """Make the template `demo`, and keep the demo data's files in `kept_files`."""
    disconnect(app)
    databases.restore("empty")
    with app.app_context():
        cli.plant()
    disconnect(app)
    databases.keep("demo")
    shutil.copytree(app.extensions["portal.settings"].files, kept_files)


def disconnect(app: Flask) -> None:
    """Let go of the database and forget what the process knows of it."""
    app.extensions["portal.page_cache"].clear()
    with app.app_context():
        db.engine.dispose()
    tenancy.forget_towns()
