"""`flask backup make|check|restore|drill`."""

import os
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup

from portal.core import backup, clock
from portal.core.config import ROOT, Settings

backup_group = AppGroup("backup", help="Backups: make, check, restore, drill.")
NAME = "portal-{:%Y%m%dT%H%M%SZ}.tar"
PATTERN = "portal-*T*Z.tar*"
IDENTITY = click.option(
    "--identity",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with the secret key (AGE-SECRET-KEY-…) of an encrypted backup.",
)


def _settings() -> Settings:
    found: Settings = current_app.extensions["portal.settings"]
    return found


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except backup.BackupError as problem:
        raise click.ClickException(str(problem)) from None


@backup_group.command("make")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--keep", type=click.IntRange(1), help="Remove older backups of the folder beyond so many.")
def make(folder: Path, keep: int | None) -> None:
    """Write a backup of database and uploads into FOLDER, while the portal runs."""
    settings = _settings()
    name = NAME.format(clock.now()) + (".age" if settings.backup_recipient else "")
    with _told():
        manifest = backup.make(settings, folder / name)
    size = (folder / name).stat().st_size
    click.echo(f"{folder / name}: {sum(manifest.rows.values())} rows, {size / 1e6:.1f} MB.")
    if not settings.backup_recipient:
        click.echo("It is not encrypted: see PORTAL_BACKUP_RECIPIENT.", err=True)
    for old in sorted(folder.glob(PATTERN))[:-keep] if keep else ():
        old.unlink()
        click.echo(f"{old}: removed.")


@backup_group.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@IDENTITY
def check(file: Path, identity: Path | None) -> None:
    """Read FILE to its end and compare every byte with its manifest."""
    with _told():
        manifest = backup.check(file, _settings().data, identity)
    click.echo(f"Whole: {sum(manifest.rows.values())} rows of {manifest.engine}, made at {manifest.made_at}.")


@backup_group.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@IDENTITY
def restore(file: Path, identity: Path | None) -> None:
    """Put FILE into an empty database and an empty folder or bucket of uploads."""
    with _told():
        manifest = backup.restore(_settings(), file, identity)
    click.echo(f"Restored {sum(manifest.rows.values())} rows as of {manifest.made_at}.")
    click.echo("Now: flask db upgrade, flask audit verify, flask doctor; then start the portal.")


@backup_group.command("drill")
def drill() -> None:
    """Make a backup, restore it beside the portal, verify its audit chains, and clear up."""
    with _told():
        found = backup.drill(_settings(), _verify)
    click.echo(
        f"{found.rows} rows, {found.size / 1e6:.1f} MB: made in {found.made_s:.1f} s, "
        f"restored and verified in {found.restored_s:.1f} s."
    )


def _verify(beside: Settings) -> None:
    """Ask the portal itself, started over what was restored, whether its audit chains hold."""
    keys = ",".join(f"{name}:{urlsafe_b64encode(key).decode()}" for name, key in beside.seal_keys.items())
    environ = os.environ | {
        "PORTAL_DATA": str(beside.data),
        "PORTAL_DATABASE_URL": beside.database_url,
        "PORTAL_SECRET_KEY": beside.secret_key,
        "PORTAL_SEAL_KEYS": keys,
        **dict.fromkeys(("PORTAL_FILES_URL", "PORTAL_S3_KEY", "PORTAL_S3_SECRET"), ""),
    }
    words = [sys.executable, "-m", "flask", "--app", "wsgi", "audit", "verify"]
    done = subprocess.run(words, env=environ, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise backup.BackupError(
            f"The audit log of the restored portal does not hold: {done.stdout}{done.stderr}"
        )
