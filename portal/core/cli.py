"""Commands of the installation itself; modules hand in their own through the registry.

`python3 dev.py <name>` passes on to the `flask` command of the same name.
"""

import sys
import time
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from flask_migrate import Migrate
from sqlalchemy import select, text

from portal.core import anchors, audit, jobs, tenancy
from portal.core.actor import COMMANDER, acting
from portal.core.catalogues import i18n
from portal.core.config import PACKAGE, Mode
from portal.core.db import db, sqlite_driver, writing
from portal.core.i18n import CATALOGUES
from portal.core.registry import registry
from portal.core.skeleton import new_module

audit_group = AppGroup("audit", help="The audit log.")
jobs_group = AppGroup("jobs", help="Due work.")


def register(app: Flask) -> None:
    """Hang the commands on the application."""
    Migrate(app, db, directory=str(PACKAGE / "migrations"), render_as_batch=True)
    for command in (audit_group, jobs_group, seed, doctor, i18n, new_module):
        app.cli.add_command(command)
    for module in registry.modules:
        for command in module.commands:
            app.cli.add_command(command)


@audit_group.command("verify")
@click.option(
    "--anchors",
    "files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file of anchors kept elsewhere, such as a mailed line; else the one in the data folder.",
)
def audit_verify(files: tuple[Path, ...]) -> None:
    """Check every chain, and against the anchors; lists each place that does not hold and ends with 1 then."""
    breaks = [*audit.verify(), *anchors.compare(*files)]
    for gap in breaks:
        click.echo(f"chain {gap.chain}, entry {gap.seq}: {gap.what}")
    if breaks:
        sys.exit(1)
    click.echo(f"All chains hold, also against {anchors.count()} anchors.")


@jobs_group.command("run")
def jobs_run() -> None:
    """Run everything that is due now, then stop."""
    click.echo(f"{jobs.run_due()} jobs run.")


@click.command("seed")
@click.option("--again", is_flag=True, help="Say nothing when the demo data is there already.")
def seed(*, again: bool) -> None:
    """Fill an empty database with the demo data of every module."""
    settings = current_app.extensions["portal.settings"]
    if settings.mode is Mode.PRODUCTION:
        raise click.ClickException("Demo data is for demo and test mode only.")
    with tenancy.unscoped("asking whether any municipality exists"):
        if db.session.scalar(select(tenancy.Municipality.id).limit(1)) is not None:
            if again:
                return
            raise click.ClickException(
                "The database holds municipalities already; demo data goes into an empty one."
            )
    started = time.monotonic()
    plant()
    click.echo(f"Demo data ready in {time.monotonic() - started:.1f} s.")


def plant() -> None:
    """Run every module's seed in one transaction, so that an interrupted seed leaves nothing."""
    with acting(COMMANDER), writing():
        for module in registry.modules:
            if module.seed:
                module.seed()


@click.command("doctor")
def doctor() -> None:
    """Check settings, database, migrations, catalogues, front end and mail; ends with 1 if something is wrong."""
    settings = current_app.extensions["portal.settings"]
    findings: list[tuple[bool, str]] = [(True, f"mode {settings.mode}, data in {settings.data}")]
    try:
        db.session.execute(text("SELECT 1"))
        engine = db.engine.dialect.name
        version = (
            sqlite_driver().sqlite_version if engine == "sqlite" else db.engine.dialect.server_version_info
        )
        findings.append((True, f"database {engine} {version}"))
    except Exception as problem:
        findings.append((False, f"database: {type(problem).__name__}"))
    for locale in ("pl", "cs"):
        compiled = Path(CATALOGUES) / locale / "LC_MESSAGES" / "messages.mo"
        findings.append((compiled.exists(), f"catalogue {locale}"))
    findings.append(
        ((settings.data / "files").is_dir() or settings.mode is not Mode.PRODUCTION, "folder of uploads")
    )
    mail = "sent by SMTP" if settings.smtp_url else "shown in the portal only (demo)"
    findings.append((bool(settings.smtp_url) or settings.mode is not Mode.PRODUCTION, f"mail {mail}"))
    for good, line in findings:
        click.echo(f"{'ok   ' if good else 'WRONG'}  {line}")
    if not all(good for good, _ in findings):
        sys.exit(1)
