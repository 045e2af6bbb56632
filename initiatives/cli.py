"""`flask initiatives import|export`: files of other systems in, our own formats out."""

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup

from initiatives import queries, services
from initiatives.formats import outcomes, table
from initiatives.formats.exports import WRITERS
from initiatives.formats.readers import READERS
from initiatives.formats.records import ImportedInitiative, Office, Reading
from initiatives.rules import GROW_DEGREES
from initiatives.services.importing import Heard, ImportReport, RefusedFile, nobody
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
@click.option(
    "--report",
    "report_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="CSV file for what became of every row; the terminal names the first problems only.",
)
@click.option(
    "--grow-box",
    is_flag=True,
    help="Widen the area of the municipality until it holds the places of the file.",
)
@LANGUAGE
def import_file(
    file: Path | None,
    kind: str,
    slug: str | None,
    *,
    dry_run: bool,
    template: str | None,
    report_path: Path | None,
    grow_box: bool,
    lang: str,
) -> None:
    """Take over the initiatives of FILE: all of them or, when a row is wrong, none."""
    if template:
        click.echo(table.template(), nl=False)
        return
    if file is None or slug is None:
        raise click.UsageError("Name the FILE and its --municipality.")
    if report_path is not None and report_path.exists() and report_path.samefile(file):
        raise click.UsageError("The --report would overwrite the FILE.")
    town = _town(slug)
    office = Office(
        zone=town.zone,
        currency=Currency(town.currency),
        language=town.language,
        box=Box(*town.box),
        categories=frozenset(found.key for found in queries.office(town.id).categories),
    )
    actor = Actor(name="command line", channel=Channel.COMMAND, municipality_id=town.id)
    i18n.speak(lang, town.zone)
    area = _Area(Box(*town.box))
    with tenancy.within(town.id), acting(actor):
        bar = _Bar(file.stat().st_size, passages=1 if dry_run else 2)
        with _Watched(file, bar) as source, _outcomes(report_path) as heard:
            if not _run(actor, lambda: READERS[kind](source, office), bar, area, heard, dry_run):
                sys.exit(1)
        _tell_area(actor, area, grow=grow_box, dry_run=dry_run)


@contextmanager
def _outcomes(path: Path | None) -> Iterator[Heard]:
    """Whoever writes down each row; rows of a file that is not taken over are refused, however that ended."""
    if path is None:
        yield nobody
        return
    try:
        target = path.open("w", encoding=outcomes.ENCODING, newline="")
    except OSError as problem:
        raise click.ClickException(f"{path} cannot be written: {problem.strerror}.") from None
    try:
        with target:
            yield outcomes.Outcomes(target).write
    except BaseException:
        outcomes.refuse_all(path)
        raise


class _Bar:
    """How much of the file has been read, drawn on the terminal; silent where nobody watches.

    A file is checked, then taken over: `1/2`, `2/2`. Some formats are counted first, so the bar may run twice in each.
    """

    def __init__(self, size: int, passages: int) -> None:
        self._size = max(size, 1)
        self._passages = passages
        self._passage = 0
        self._share = 0
        self._count = 0

    def begin(self) -> None:
        """Another passage."""
        self._passage += 1
        self._count = 0

    def __call__(self, count: int) -> None:
        """So many initiatives have been met."""
        self._count = count
        self._draw()

    def reached(self, position: int) -> None:
        """The file was read up to here."""
        share = min(100, position * 100 // self._size)
        if share != self._share:
            self._share = share
            self._draw()

    def _draw(self) -> None:
        if sys.stderr.isatty():
            drawn = f"\r{self._passage}/{self._passages} [{'#' * (self._share // 4):<25}] {self._share:3d} %"
            click.echo(f"{drawn}  {self._count or '':<9}", nl=False, err=True)


class _Watched(io.BufferedReader):
    """The file, telling the bar of each piece that is read, also of those that are only counted."""

    def __init__(self, path: Path, bar: _Bar) -> None:
        super().__init__(io.FileIO(path))
        self._bar = bar

    def read1(self, size: int = -1, /) -> bytes:
        """What TextIOWrapper reads by."""
        piece = super().read1(size)
        self._bar.reached(self.tell())
        return piece


class _Area:
    """Where the places of a file lie: outside the municipality's box, and in what box they would be inside."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._limit = box.widened(GROW_DEGREES)
        self.grown = box
        self.outside = 0
        self.far = 0

    def watch(self, reading: Reading) -> Reading:
        """Hand the reading on and look at its places."""
        for met in reading:
            if isinstance(met, ImportedInitiative) and met.lat is not None and met.lon is not None:
                self._look(met.lat, met.lon)
            yield met

    def _look(self, lat: float, lon: float) -> None:
        if self._box.holds(lat, lon):
            return
        self.outside += 1
        if not self._limit.holds(lat, lon):
            self.far += 1
            return
        self.grown = Box(
            min(self.grown.min_lon, lon),
            min(self.grown.min_lat, lat),
            max(self.grown.max_lon, lon),
            max(self.grown.max_lat, lat),
        )


def _run(
    actor: Actor,
    read: Callable[[], Reading],
    bar: _Bar,
    area: _Area,
    heard: Heard,
    dry_run: bool,
) -> bool:
    """Check the file, import it and print the report; whether it was sound."""
    bar.begin()
    report = services.check(actor, area.watch(read()), bar, heard)
    refused = bool(report.errors)
    if not refused and not dry_run:
        bar.begin()
        try:
            report = services.take_over(actor, read(), bar)
        except RefusedFile as changed:  # Somebody wrote into the file since it was checked.
            report, refused = changed.report, True
        except Busy:
            raise click.ClickException("The database is busy. Nothing was taken over; try again.") from None
    _print(report, more_in_report=heard is not nobody)
    if refused:
        click.echo(_("The file has errors; nothing was taken over."), err=True)
    elif dry_run:
        click.echo(_("This was a dry run: nothing was kept."))
    return not refused


def _print(report: ImportReport, *, more_in_report: bool) -> None:
    if sys.stderr.isatty():
        click.echo("", err=True)
    for problem in report.problems:
        kind = _("warning") if problem.is_warning else _("error")
        where = ", ".join(filter(None, (_("row %(row)s", row=problem.row), problem.column)))
        click.echo(f"{where}: {kind}: {problem.message}")
    hidden = report.errors + report.warnings - len(report.problems)
    if hidden > 0:
        more = _("… and %(n)s more.", n=hidden)
        advice = "" if more_in_report else _("--report FILE writes down every row.")
        click.echo(f"{more} {advice}".rstrip())
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


def _tell_area(actor: Actor, area: _Area, *, grow: bool, dry_run: bool) -> None:
    """Widen the area where that was asked for; else say what it would be good for."""
    if not area.outside:
        return
    click.echo(_("Places outside the area of the municipality: %(n)s.", n=area.outside))
    if area.far:
        click.echo(_("So far away that the area does not grow to them: %(n)s.", n=area.far))
    if area.far == area.outside:
        return
    if not grow:
        click.echo(
            _("Forms refuse places far outside when such a case is edited. --grow-box widens the area.")
        )
    elif dry_run:
        click.echo(_("The area would become (south, west, north, east): %(box)s", box=_edges(area.grown)))
    else:
        box = services.grow_box(actor, area.grown)
        click.echo(_("The area is now (south, west, north, east): %(box)s", box=_edges(box)))


def _edges(box: Box) -> str:
    """As `flask municipalities set --box` takes them."""
    return ",".join(f"{edge:.4f}" for edge in (box.min_lat, box.min_lon, box.max_lat, box.max_lon))


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
