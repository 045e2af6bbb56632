"""Commands of the installation itself; modules hand in their own through the registry.

`python3 dev.py <name>` passes on to the `flask` command of the same name.
"""

import sys
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from flask_migrate import Migrate
from sqlalchemy import select
from sqlalchemy.exc import OperationalError, ProgrammingError

from portal.core import anchors, audit, jobs, tenancy
from portal.core.actor import COMMANDER, acting
from portal.core.backup_cli import backup_group
from portal.core.catalogues import i18n
from portal.core.config import PACKAGE, Mode
from portal.core.db import db, writing
from portal.core.errors import Busy, Conflict, Missing, NotAllowed, PortalError
from portal.core.i18n import speaking
from portal.core.maintenance import maintenance_group
from portal.core.registry import registry
from portal.core.skeleton import new_module

audit_group = AppGroup("audit", help="The audit log.")
jobs_group = AppGroup("jobs", help="Due work.")


def register(app: Flask) -> None:
    """Hang the commands on the application."""
    Migrate(app, db, directory=str(PACKAGE / "migrations"), render_as_batch=True)
    for command in (audit_group, backup_group, jobs_group, maintenance_group, seed, i18n, new_module):
        app.cli.add_command(in_plain_words(command))
    for module in registry.modules:
        for command in module.commands:
            app.cli.add_command(in_plain_words(command))


def in_plain_words(command: click.Command) -> click.Command:
    """The command, ending with a line of text and 1 where it was refused; all it holds likewise.

    Done for every command at once, so that none forgets it.
    """
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            in_plain_words(inner)
    elif command.callback is not None and not hasattr(command.callback, "in_plain_words"):
        command.callback = _in_plain_words(command.callback)
    return command


def _in_plain_words(callback: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(callback)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return callback(*args, **kwargs)
        except PortalError as problem:
            raise click.ClickException(refusal(problem)) from problem
        except (OperationalError, ProgrammingError) as problem:
            # PostgreSQL quotes the whole statement in further lines.
            reason = str(problem.orig).partition("\n")[0]
            raise click.ClickException(
                f"The database does not answer as it should ({type(problem.orig).__name__}: {reason}). "
                "If it is new or of another release, call `flask db upgrade`; `flask doctor` says more."
            ) from problem

    run.in_plain_words = True  # type: ignore[attr-defined]
    return run


REFUSALS: dict[type[PortalError], str] = {
    Busy: "The database is busy; nothing was written. Try again.",
    Missing: "There is no such thing.",
    Conflict: "Somebody else changed it meanwhile; nothing was written. Try again.",
    NotAllowed: "This is not allowed.",
}


def refusal(problem: PortalError) -> str:
    """What an error says to whoever typed a command: the reasons of its fields, else its own, else of its kind."""
    with speaking("en"):
        reasons = [str(text) for text in getattr(problem, "fields", {}).values() if text]
        return (
            "\n".join(reasons) or str(problem.reason) or REFUSALS.get(type(problem), "This cannot be done.")
        )


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
