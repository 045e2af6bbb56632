"""`flask municipalities add|list`: founding a municipality from the command line."""

import click
from flask.cli import AppGroup

from portal.core.actor import COMMANDER, acting
from portal.core.errors import PortalError
from portal.core.i18n import LOCALES, from_json, speaking
from portal.pages import queries, services
from portal.pages.rules import COUNTRIES, CURRENCIES, NewMunicipality

municipalities = AppGroup("municipalities", help="Municipalities of this installation.")


class Point(click.ParamType[tuple[float, float]]):
    """`LAT,LON` in degrees, such as 51.2465,22.5684."""

    name = "LAT,LON"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float]:
        """The two figures, or what to write instead."""
        try:
            lat, lon = (float(part) for part in value.split(","))
        except ValueError:
            self.fail(
                f"{value!r} is no place. Write latitude, comma, longitude, such as 51.2465,22.5684.",
                param,
                ctx,
            )
        return lat, lon


@municipalities.command("add")
@click.argument("slug")
@click.option("--name", required=True, help="Its name in its own language.")
@click.option("--country", required=True, type=click.Choice(list(COUNTRIES), case_sensitive=False))
@click.option(
    "--centre", required=True, type=Point(), help="Latitude and longitude, such as 51.2465,22.5684."
)
@click.option("--code", default="", help="Three letters for case numbers; else the first three of SLUG.")
@click.option("--language", type=click.Choice(LOCALES), help="First language; else the country's.")
@click.option("--zone", default="", help="Time zone such as Europe/Warsaw; else the country's.")
@click.option("--currency", type=click.Choice(CURRENCIES), help="Else the country's.")
def add(
    slug: str,
    name: str,
    country: str,
    centre: tuple[float, float],
    code: str,
    language: str | None,
    zone: str,
    currency: str | None,
) -> None:
    """Found a municipality; SLUG is its short name in addresses, such as wodzislaw-slaski."""
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
        try:
            services.found_municipality(COMMANDER, new)
        except PortalError as problem:
            reasons = [str(text) for text in getattr(problem, "fields", {}).values()] or [str(problem.reason)]
            reasons = [text for text in reasons if text] or ["The database is busy: try again."]
            raise click.ClickException("\n".join(reasons)) from problem
    click.echo(f"{name} has been founded at /{first}/{slug}/.")


@municipalities.command("list")
def list_() -> None:
    """Print slug, code, country, first language and name of each."""
    for row in queries.municipalities():
        name = from_json(row.name, row.language)
        click.echo(f"{row.slug:<28} {row.code}  {row.country}  {row.language}  {name}")
