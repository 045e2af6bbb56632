"""`flask initiatives import|export`: files of other systems in, our own formats out."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import click
from flask import current_app
from flask.cli import AppGroup

from initiatives import queries, services
from initiatives.formats import table
from initiatives.formats.exports import WRITERS
from initiatives.formats.readers import READERS
from initiatives.formats.records import Office, Reading
from initiatives.services.importing import ImportReport, RefusedFile
from initiatives.states import CATEGORIES
from portal.core import i18n, tenancy
from portal.core.actor import Actor, Channel, acting
from portal.core.errors import Busy, Missing
from portal.core.i18n import gettext as _
from portal.core.money import Currency
from portal.maps.geo import Box

initiatives_group = AppGroup("initiatives", help="Residents' initiatives.")
LANGUAGE = click.option(
    "--lang", type=click.Choice(i18n.LOCALES), default="en", show_default=True, help="Language of the report."
)


def _town(slug: str) -> tenancy.Town:
    try:
        return tenancy.town(slug)
    except Missing:
        known = ", ".join(tenancy.towns()) or "none"
        raise click.ClickException(
            f"There is no municipality {slug!r}. Known: {known}. Add one with: flask municipalities add"
        ) from None


@initiatives_group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--format", "kind", type=click.Choice(sorted(READERS)), default="csv", show_default=True)
@click.option("--municipality", "slug", help="Slug of the municipality that takes the file over.")
@click.option("--dry-run", is_flag=True, help="Read and check everything, keep nothing.")
@click.option(
    "--template", type=click.Choice(["csv"]), help="Print an empty table of our own format, then stop."
)
@LANGUAGE
def import_file(
    file: Path | None, kind: str, slug: str | None, *, dry_run: bool, template: str | None, lang: str
) -> None:
    """Take over the initiatives of FILE: all of them or, when a row is wrong, none."""
    if template:
        click.echo(table.template(), nl=False)
        return
    if file is None or slug is None:
        raise click.UsageError("Name the FILE and its --municipality.")
    town = _town(slug)
    office = Office(
        zone=town.zone,
        currency=Currency(town.currency),
        language=town.language,
        box=Box(*town.box),
        categories=frozenset(CATEGORIES),
    )
    actor = Actor(name="command line", channel=Channel.COMMAND, municipality_id=town.id)
    i18n.speak(lang, town.zone)
    with tenancy.within(town.id), acting(actor), file.open("rb") as source:
        good = _run(actor, lambda: READERS[kind](source, office), _Bar(source, file.stat().st_size), dry_run)
    if not good:
        sys.exit(1)


class _Bar:
    """How much of the file has been read, drawn on the terminal; silent where nobody watches."""

    def __init__(self, source: BinaryIO, size: int) -> None:
        self._source = source
        self._size = max(size, 1)

    def __call__(self, count: int) -> None:
        share = min(100, self._source.tell() * 100 // self._size)
        if sys.stderr.isatty():
            click.echo(f"\r[{'#' * (share // 4):<25}] {share:3d} %  {count}", nl=False, err=True)


def _run(actor: Actor, read: Callable[[], Reading], bar: _Bar, dry_run: bool) -> bool:
    """Check the file, import it and print the report; whether it was sound."""
    report = services.check(actor, read(), bar)
    refused = bool(report.errors)
    if not refused and not dry_run:
        try:
            report = services.take_over(actor, read(), bar)
        except RefusedFile as changed:  # Somebody wrote into the file since it was checked.
            report, refused = changed.report, True
        except Busy:
            raise click.ClickException("The database is busy. Nothing was taken over; try again.") from None
    _print(report)
    if refused:
        click.echo(_("The file has errors; nothing was taken over."), err=True)
    elif dry_run:
        click.echo(_("This was a dry run: nothing was kept."))
    return not refused


def _print(report: ImportReport) -> None:
    if sys.stderr.isatty():
        click.echo("", err=True)
    for problem in report.problems:
        kind = _("warning") if problem.is_warning else _("error")
        where = ", ".join(filter(None, (_("row %(row)s", row=problem.row), problem.column)))
        click.echo(f"{where}: {kind}: {problem.message}")
    hidden = report.errors + report.warnings - len(report.problems)
    if hidden > 0:
        click.echo(_("… and %(n)s more.", n=hidden))
    click.echo(
        _(
            "New: %(added)s. Extended: %(extended)s. Unchanged: %(unchanged)s. Steps: %(steps)s. "
            "Errors: %(errors)s. Warnings: %(warnings)s.",
            added=report.added,
            extended=report.extended,
            unchanged=report.unchanged,
            steps=report.steps,
            errors=report.errors,
            warnings=report.warnings,
        )
    )


@initiatives_group.command("export")
@click.option("--format", "kind", type=click.Choice(sorted(WRITERS)), default="csv", show_default=True)
@click.option("--municipality", "slug", required=True, help="Slug of the municipality.")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write; else the terminal."
)
def export_file(kind: str, slug: str, output: Path | None) -> None:
    """Write every public initiative of a municipality; personal data is never among it."""
    town = _town(slug)
    base = current_app.extensions["portal.settings"].base_url
    write = WRITERS[kind][1]
    with tenancy.within(town.id):
        rows = queries.exported(
            queries.Wanted(),
            lambda number: f"{base}/{town.language}/{town.slug}/initiatives/{number.lower()}",
        )
        if output is None:
            for chunk in write(rows):
                sys.stdout.buffer.write(chunk)
            return
        try:
            with output.open("wb") as target:
                for chunk in write(rows):
                    target.write(chunk)
        except OSError as problem:
            raise click.ClickException(f"{output} cannot be written: {problem.strerror}.") from None
    click.echo(f"{output}")


COMMANDS = (initiatives_group,)
