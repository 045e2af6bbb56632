"""`flask municipalities add|set|show|list` and `flask doctor`: the portal operator's commands."""

import sys
from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import chain
from typing import Any
from urllib.parse import urlsplit

import click
from flask import current_app
from flask.cli import AppGroup

from portal.core import files, scanning, taking, tenancy
from portal.core.actor import COMMANDER, acting
from portal.core.config import MOST_MB, Settings
from portal.core.errors import Missing
from portal.core.i18n import CATALOGUES, LOCALES, from_json, iso, speaking
from portal.core.stores import StoreDown, bucket_of
from portal.core.tenancy import Town
from portal.maps.folium_map import FRAME
from portal.notify.channels import DeliveryError, Smtp, mail_host
from portal.pages import queries, services
from portal.pages.kinds import HEX, Motif, palette_from
from portal.pages.rules import (
    COLOUR_KEYS,
    CONTACT_KEYS,
    COUNTRIES,
    CURRENCIES,
    NOTHING_TOLD,
    STATEMENT_KEYS,
    TEXT_LENGTHS,
    Facts,
    Health,
    NewMunicipality,
    statement_dates,
)
from portal.ui.pages import STATIC

municipalities = AppGroup("municipalities", help="Municipalities of this installation.")
LETTERS = "letters"
"""The mark of a municipality without a motif."""


class Degrees(click.ParamType[tuple[float, ...]]):
    """Numbers with commas between them: a place or the edges of a box, in degrees."""

    def __init__(self, name: str, words: str, example: str) -> None:
        self.name = name
        self._words = words
        self._example = example

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, ...]:
        """The figures, or what to write instead."""
        try:
            figures = tuple(float(part) for part in value.split(","))
        except ValueError:
            figures = ()
        if len(figures) != self.name.count(",") + 1:
            self.fail(f"{value!r}: write {self._words}, such as {self._example}.", param, ctx)
        return figures


class Pair(click.ParamType[tuple[str, str]]):
    """`NAME=VALUE` with one of some names; without a name it goes by the first of them, if that is allowed."""

    name = "NAME=VALUE"

    def __init__(self, names: Iterable[str], *, bare: bool = False) -> None:
        self._names = tuple(names)
        self._bare = bare

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Name and value; no name where there was none."""
        name, equals, text = value.partition("=")
        if not equals and self._bare:
            return "", value.strip()
        if name not in self._names:
            self.fail(f"{value!r}: write NAME=VALUE with a name of {', '.join(self._names)}.", param, ctx)
        return name, text.strip()


PLACE = Degrees("LAT,LON", "latitude, comma, longitude", "51.2465,22.5684")
BOX = Degrees("SOUTH,WEST,NORTH,EAST", "four numbers with commas between them", "51.14,22.46,51.30,22.67")
DAY = click.DateTime(["%Y-%m-%d"])
TEXT_HELP = {
    "name": "Its name.",
    "tagline": "One line about it, for lists.",
    "intro": "Two sentences on its front page.",
    "office": "The office that answers.",
    "hours": "When the office is open.",
    "coordinator": "Who sees to accessibility; else the office.",
    "access": "How one gets into the building.",
}
CONTACT_HELP = {
    "email": "Where the office reads mail; answers to our messages go there.",
    "protection_email": "The data-protection officer; else the office.",
    "phone": "Such as +48 81 466 10 00.",
    "address": "Street, number, post code and place.",
}


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _with_facts(command: Callable[..., Any]) -> Callable[..., Any]:
    """Hang the options of `Facts` on a command; what is not given is not handed over."""
    # Each text also per language: --name-pl, --name-cs, --name-en; one line of help says so for all.
    options = [
        click.option(f"--{key}-{locale}", f"text_{key}_{locale}", hidden=True, help=f"{key}, {locale}")
        for key in TEXT_LENGTHS
        for locale in LOCALES
    ]
    options += [
        click.option(f"--{key}", f"text_{key}", help=TEXT_HELP[key]) for key in TEXT_LENGTHS if key != "name"
    ]
    options += [click.option(_option(key), key, help=CONTACT_HELP[key]) for key in CONTACT_KEYS]
    options += [
        click.option("--districts", help="Names to choose from when filing, separated by commas."),
        click.option(
            "--statement",
            multiple=True,
            type=Pair(STATEMENT_KEYS),
            metavar="NAME=DAY",
            help=f"A day of the accessibility statement: {', '.join(STATEMENT_KEYS)}.",
        ),
        click.option("--box", type=BOX, help="Its edges: places far outside are refused."),
        click.option("--population", type=click.IntRange(min=1)),
        click.option(
            "--colour",
            "colours",
            multiple=True,
            type=Pair(COLOUR_KEYS, bare=True),
            metavar="#RRGGBB",
            help=f"One colour, from which the others are made, or NAME=#RRGGBB: {', '.join(COLOUR_KEYS)}.",
        ),
        click.option(
            "--mark",
            type=click.Choice([*(motif.value for motif in Motif), LETTERS]),
            help="Motif of its mark, or its letters.",
        ),
        click.option(
            "--closed", multiple=True, type=DAY, help="A working day on which the office is closed."
        ),
        click.option("--open", "opened", multiple=True, type=DAY, help="Takes such a day back."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _facts(language: str, told: dict[str, Any]) -> Facts:
    """What the options say; those left out are None or empty. `language` is that of a text without one."""
    texts: dict[str, dict[str, str]] = {}
    for key in TEXT_LENGTHS:
        given = {locale: told[f"text_{key}_{locale}"] for locale in LOCALES}
        if told.get(f"text_{key}") is not None:
            given[language] = told[f"text_{key}"]
        if found := {locale: text.strip() for locale, text in given.items() if text is not None}:
            texts[key] = found
    districts = told["districts"]
    mark = told["mark"]
    south_west_north_east = told["box"]
    return Facts(
        texts=texts,
        contact={key: told[key].strip() for key in CONTACT_KEYS if told[key] is not None},
        districts=None
        if districts is None
        else [name.strip() for name in districts.split(",") if name.strip()],
        statement=dict(told["statement"]),
        centre=told.get("centre"),
        box=south_west_north_east and _west_first(south_west_north_east),
        population=told["population"],
        colours=_colours(told["colours"]),
        mark="" if mark == LETTERS else mark,
        closed=_days(told["closed"]),
        opened=_days(told["opened"]),
    )


def _west_first(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    south, west, north, east = box
    return west, south, east, north


def _colours(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in pairs:
        colour = value.lower()
        if not name and HEX.fullmatch(colour):
            made = palette_from(colour)
            found |= {key: getattr(made, key) for key in COLOUR_KEYS}
        else:
            found[name or "brand"] = colour
    return found


def _days(moments: Iterable[datetime]) -> tuple[Any, ...]:
    return tuple(moment.date() for moment in moments)


@municipalities.command(
    "add", epilog="Each text also in one language, such as --name-cs or --tagline-en, beside the first one."
)
@click.argument("slug")
@click.option("--name", required=True, help="Its name in its own language.")
@click.option("--country", required=True, type=click.Choice(list(COUNTRIES), case_sensitive=False))
@click.option("--centre", required=True, type=PLACE, help="Such as 51.2465,22.5684.")
@click.option("--code", default="", help="Three letters for case numbers; else the first three of SLUG.")
@click.option("--language", type=click.Choice(LOCALES), help="First language; else the country's.")
@click.option("--zone", default="", help="Time zone such as Europe/Warsaw; else the country's.")
@click.option("--currency", type=click.Choice(CURRENCIES), help="Else the country's.")
@_with_facts
def add(
    slug: str,
    name: str,
    country: str,
    centre: tuple[float, float],
    code: str,
    language: str | None,
    zone: str,
    currency: str | None,
    **told: Any,
) -> None:
    """Found a municipality; SLUG is its short name in addresses, such as wodzislaw-slaski.

    Whatever can be said by `set` can be said at once.
    """
    first = language or COUNTRIES[country].language
    new = NewMunicipality(
        slug=slug,
        names={first: name},
        country=country,
        lat=centre[0],
        lon=centre[1],
        code=code.upper(),
        language=first,
        zone=zone,
        currency=currency or "",
    )
    with acting(COMMANDER), speaking("en"):
        services.found_municipality(COMMANDER, new, _facts(first, told))
    click.echo(f"{name} has been founded at /{first}/{slug}/.")


@municipalities.command(
    "set",
    epilog="Each text also in one language, such as --name-cs or --tagline-en; without one it is the first "
    'language. Empty takes away: --hours "". Short name, code, country, language, time zone and currency stay.',
)
@click.argument("slug")
@click.option("--name", "text_name", help=TEXT_HELP["name"])
@click.option("--centre", type=PLACE, help="Where maps begin.")
@_with_facts
def set_(slug: str, **told: Any) -> None:
    """Change what the municipality SLUG says of itself; running servers show it at once.

    Days the office is closed count for deadlines that begin from now on.
    """
    town = _town(slug)
    facts = _facts(town.language, told)
    if facts == NOTHING_TOLD:
        raise click.UsageError("Say what to change; --help lists the options.")
    with tenancy.within(town.id), acting(COMMANDER), speaking("en"):
        services.change_municipality(COMMANDER, town.id, facts)
    for line in _lines(_town(slug)):
        click.echo(line)


@municipalities.command("show")
@click.argument("slug")
def show(slug: str) -> None:
    """Print all that is known of the municipality SLUG, by the names of the options of `set`."""
    for line in _lines(_town(slug)):
        click.echo(line)


def _town(slug: str) -> Town:
    try:
        return tenancy.town(slug)
    except Missing:
        raise click.ClickException(
            f"There is no municipality {slug}; `flask municipalities list` names them."
        ) from None


def _lines(town: Town) -> Iterable[str]:
    """What is known, a line each, with a dash where nothing is."""
    settings: Settings = current_app.extensions["portal.settings"]
    contact = town.contact
    west, south, east, north = town.box
    dates = statement_dates(contact.get("statement", {}))
    yield _line("page", f"{settings.base_url}/{town.language}/{town.slug}/")
    yield _line("code", town.code)
    yield _line("country", f"{town.country}, {town.language}, {town.zone}, {town.currency}")
    kept = {"name": town.names, "tagline": town.taglines, "intro": town.intros, **contact}
    for key in TEXT_LENGTHS:
        texts = kept.get(key) or {town.language: ""}
        for locale, text in ({town.language: texts} if isinstance(texts, str) else texts).items():
            yield _line(f"{key}-{locale}", text)
    for key in CONTACT_KEYS:
        yield _line(_option(key)[2:], contact.get(key, ""))
    yield _line("districts", ", ".join(part["name"] for part in contact.get("districts", [])))
    yield _line("statement", ", ".join(f"{key}={getattr(dates, key)}" for key in STATEMENT_KEYS))
    yield _line("centre", f"{town.centre[0]},{town.centre[1]}")
    yield _line("box", f"{south},{west},{north},{east}")
    yield _line("population", str(town.population or ""))
    yield _line(
        "colour", ", ".join(f"{key}={town.colours[key]}" for key in COLOUR_KEYS if key in town.colours)
    )
    yield _line("mark", town.mark or LETTERS)
    yield _line("closed", ", ".join(sorted(town.closures)))


def _line(name: str, value: str) -> str:
    return f"{name:<18}{value or '–'}"


@municipalities.command("quota")
@click.argument("slug")
@click.argument("megabytes")
def quota(slug: str, megabytes: str) -> None:
    """Let the municipality SLUG keep so many MEGABYTES of uploads; - goes back to PORTAL_QUOTA_MB."""
    if megabytes != "-" and not (
        megabytes.isascii() and megabytes.isdigit() and 0 < int(megabytes) <= MOST_MB
    ):
        raise click.ClickException("Write a number of megabytes, such as 10000, or -.")
    town = _town(slug)
    with acting(COMMANDER):
        services.set_quota(COMMANDER, town.id, None if megabytes == "-" else int(megabytes))
    room = next(room for room in queries.rooms() if room.town.id == town.id)
    click.echo(f"{room.used_mb} of {room.quota_mb} MB are used.")


@municipalities.command("list")
def list_() -> None:
    """Print slug, code, country, first language and name of each."""
    for row in queries.municipalities():
        name = from_json(row.name, row.language)
        click.echo(f"{row.slug:<28} {row.code}  {row.country}  {row.language}  {name}")


def _installation() -> Iterable[tuple[Health, str]]:
    """What /readyz asks, in words."""
    for check in queries.checks():
        words = CHECK_WORDS.get((check.key, check.health), check.key)
        if check.key == "database" and check.health is Health.WELL:
            words = f"database {queries.database_version()}"
        yield check.health, words
    takes = taking.now()
    if takes.read_only_until is not None:
        yield Health.WARNING, f"read-only until {iso(takes.read_only_until)}: `flask maintenance off` ends it"
    if not takes.uploads:
        refused = "uploads" if takes.forms else "uploads and residents' forms"
        yield Health.WARNING, f"{refused} are refused until more of the disk is free"


def _files() -> Iterable[tuple[Health, str]]:
    """What a build leaves, and the folder of uploads."""
    for locale in ("pl", "cs"):
        compiled = CATALOGUES / locale / "LC_MESSAGES" / "messages.mo"
        yield _judged(f"catalogue {locale}", good=compiled.exists(), advice="compile the translations")
    yield _judged(
        "styles and scripts", good=(STATIC / "manifest.json").exists(), advice="build the front end"
    )
    yield _judged("frame of maps", good=FRAME.exists(), advice="build the front end")
    settings: Settings = current_app.extensions["portal.settings"]
    where = f"folder of uploads {settings.files}"
    if settings.files_url:
        where = f"bucket of uploads {bucket_of(settings.files_url)[0]}"
    try:
        files.probe()
    except (OSError, StoreDown) as problem:
        yield Health.FAILED, f"{where}: does not keep a file ({type(problem).__name__})"
    else:
        yield Health.WELL, f"{where}, which keeps and gives back"
    if settings.clamav:
        try:
            scanning.knock(settings.clamav)
        except scanning.ScannerDown as problem:
            yield Health.FAILED, f"virus scanner: does not answer ({problem}); files wait until it does"
        else:
            yield Health.WELL, "virus scanner, which answers"


def _judged(what: str, *, good: bool, advice: str) -> tuple[Health, str]:
    return (Health.WELL, what) if good else (Health.FAILED, f"{what}: {advice}")


def _ways_out() -> Iterable[tuple[Health, str]]:
    """Mail by a real connection that sends nothing; text messages as far as the settings tell."""
    settings: Settings = current_app.extensions["portal.settings"]
    if settings.smtp_url is None:
        yield Health.WELL, "mail is shown in the portal only (demo)"
    else:
        host = urlsplit(settings.smtp_url).hostname
        try:
            Smtp(settings.smtp_url, mail_host(settings)).knock()
        except DeliveryError as problem:
            yield Health.FAILED, f"mail by {host}: {problem}"
        else:
            yield Health.WELL, f"mail by {host}, which answers"
    if settings.sms_url:
        yield Health.WELL, f"text messages by {urlsplit(settings.sms_url).hostname} (not tried)"
    elif not settings.shows_demo:
        yield Health.WELL, "text messages: none, no gate is set"


CHECK_WORDS = {
    ("database", Health.FAILED): "the database does not answer; see PORTAL_DATABASE_URL",
    ("migrations", Health.FAILED): "the tables are not those of this release: call `flask db upgrade`",
    ("disk", Health.FAILED): "the disk of the data folder is full or cannot be read",
    ("disk", Health.WARNING): "the disk of the data folder is nearly full",
    ("files", Health.WARNING): "the bucket of uploads does not answer: files are neither taken nor shown",
    ("messages", Health.FAILED): "messages cannot be read",
    ("worker", Health.FAILED): "workers cannot be asked for",
    ("worker", Health.WARNING): "no worker was heard of lately: nothing is sent and no deadline rings",
    ("messages", Health.WARNING): "messages wait for more than an hour: does the worker run?",
}
SIGNS = {Health.WELL: "ok   ", Health.WARNING: "warn ", Health.FAILED: "WRONG"}


@click.command("doctor")
def doctor() -> None:
    """Check database, migrations, disk and messages as /readyz does, then what was built, uploads and mail.

    Ends with 1 if something is wrong. Settings that cannot be used end every command before it begins.
    """
    settings: Settings = current_app.extensions["portal.settings"]
    click.echo(f"{SIGNS[Health.WELL]}  settings: mode {settings.mode}, data in {settings.data}")
    wrong = False
    for health, words in chain(_installation(), _files(), _ways_out()):
        click.echo(f"{SIGNS[health]}  {words}")
        wrong = wrong or health is Health.FAILED
    if wrong:
        sys.exit(1)
