"""What a new municipality must bring, what follows from its country, and when the installation is well.

Pure: the caller says which slugs and codes are taken and which words addresses already use.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from portal.core.i18n import LOCALES, Text
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_gettext as _l

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
CODE = re.compile(r"[A-Z]{3}")
SLUG_LENGTH = 60
NAME_LENGTH = 80
HALF_BOX = 0.05
"""Degrees from the centre to the edges of a box nobody gave: about 5 km north and 3 km east."""

RESERVED = frozenset(
    {
        # Words of the address table that stand where a municipality's slug does, whether or not their page
        # exists yet, and the modules still to come. Source: product plan, section 8.
        "municipalities", "initiatives", "search", "follow", "sign-in", "sign-out", "invitation", "password",
        "account", "about", "help", "accessibility", "privacy", "contact", "open-data", "demo", "desk", "portal",
        "confirm", "surveys", "meetings", "visits", "points", "budget", "programme", "partners", "news", "pages",
        "static", "map", "theme", "api", "open311", "healthz", "readyz", *LOCALES,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Country:
    """What an office has unless told otherwise. `around` is (min lon, min lat, max lon, max lat), generous."""

    name: Text
    language: str
    zone: str
    currency: str
    around: tuple[float, float, float, float]


COUNTRIES: Mapping[str, Country] = {
    "PL": Country(_l("Poland"), "pl", "Europe/Warsaw", "PLN", (14.0, 48.9, 24.3, 55.1)),
    "CZ": Country(_l("Czechia"), "cs", "Europe/Prague", "CZK", (12.0, 48.4, 19.0, 51.2)),
}
CURRENCIES = ("PLN", "CZK", "EUR")

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class NewMunicipality:
    """A municipality to be founded. Names and texts are {locale: text}; empty values follow from the country.

    `box` is (min lon, min lat, max lon, max lat); `colours` as in kinds.Palette; `mark` is a kinds.Motif.
    """

    slug: str
    names: Mapping[str, str]
    country: str
    lat: float
    lon: float
    code: str = ""
    language: str = ""
    zone: str = ""
    currency: str = ""
    box: Box | None = None
    population: int | None = None
    colours: Mapping[str, str] = field(default_factory=dict)
    mark: str = ""
    taglines: Mapping[str, str] = field(default_factory=dict)
    intros: Mapping[str, str] = field(default_factory=dict)
    contact: Mapping[str, Any] = field(default_factory=dict)


def code_from(slug: str) -> str:
    """The first three letters of a slug in capitals; fewer where there are fewer."""
    return "".join(sign for sign in slug.upper() if "A" <= sign <= "Z")[:3]


def box_around(lat: float, lon: float) -> Box:
    """A box around a centre, in degrees, for an office that gave none."""
    return tuple(round(at, 6) for at in (lon - HALF_BOX, lat - HALF_BOX, lon + HALF_BOX, lat + HALF_BOX))  # type: ignore[return-value]


def problems(
    new: NewMunicipality, *, reserved: Collection[str], slugs: Collection[str], codes: Mapping[str, str]
) -> dict[str, Text]:
    """Why this municipality cannot be founded: field → what to do. `codes` maps taken code → whose it is."""
    reasons = {
        "slug": _slug_problem(new.slug, reserved, slugs),
        "code": _code_problem(new, codes),
        "name": _name_problem(new.names),
        "country": "" if new.country in COUNTRIES else _("The country must be PL or CZ."),
        "centre": _centre_problem(new),
        "box": _box_problem(new),
        "language": _language_problem(new.language),
        "zone": _zone_problem(new.zone),
        "currency": _currency_problem(new.currency),
    }
    return {name: reason for name, reason in reasons.items() if reason}


def _slug_problem(slug: str, reserved: Collection[str], slugs: Collection[str]) -> str:
    if not SLUG.fullmatch(slug) or len(slug) > SLUG_LENGTH:
        return _(
            "The short name may hold small letters a to z, digits and single hyphens, %(limit)s signs at most, "
            "such as wodzislaw-slaski.",
            limit=SLUG_LENGTH,
        )
    if slug in RESERVED or slug in reserved:
        return _(
            "The short name %(slug)s is already an address of the portal. Choose another one.", slug=slug
        )
    if slug in slugs:
        return _("There is already a municipality with the short name %(slug)s.", slug=slug)
    return ""


def _code_problem(new: NewMunicipality, codes: Mapping[str, str]) -> str:
    code = new.code or code_from(new.slug)
    if not CODE.fullmatch(code):
        return _("The code must be three letters from A to Z. Give one, such as LUB.")
    if code in codes:
        return _(
            "The code %(code)s belongs to %(name)s already. Give another one of three letters.",
            code=code,
            name=codes[code],
        )
    return ""


def _name_problem(names: Mapping[str, str]) -> str:
    given = [text.strip() for text in names.values()]
    if not any(given):
        return _("Give the municipality a name.")
    if max(map(len, given)) > NAME_LENGTH:
        return _("The name may have %(limit)s characters at most.", limit=NAME_LENGTH)
    return ""


def _centre_problem(new: NewMunicipality) -> str:
    country = COUNTRIES.get(new.country)
    if country is None:
        return ""
    west, south, east, north = country.around
    if west <= new.lon <= east and south <= new.lat <= north:
        return ""
    # The commonest slip is the order; GeoJSON and map services have longitude first.
    return _(
        "The centre lies outside %(country)s. Give latitude first, then longitude, such as 51.2465,22.5684.",
        country=country.name,
    )


def _box_problem(new: NewMunicipality) -> str:
    if new.box is None:
        return ""
    west, south, east, north = new.box
    if west < new.lon < east and south < new.lat < north:
        return ""
    return _(
        "The box must surround the centre: least longitude, least latitude, greatest longitude, greatest latitude."
    )


def _language_problem(language: str) -> str:
    return "" if language in ("", *LOCALES) else _("The language must be pl, cs or en.")


def _currency_problem(currency: str) -> str:
    return "" if currency in ("", *CURRENCIES) else _("The currency must be PLN, CZK or EUR.")


def _zone_problem(zone: str) -> str:
    if not zone:
        return ""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return _("There is no such time zone. Give one such as Europe/Warsaw.")
    return ""


class Health(StrEnum):
    """How one part of the installation is; only `failed` takes a server out of service."""

    WELL = "ok"
    WARNING = "warning"
    FAILED = "failed"


LEAST_FREE = 0.10
"""Share of the disk below which uploads, then forms are refused. Source: R65 (docs/security.md)."""
NEARLY_FULL = 0.02
LONGEST_WAIT = timedelta(hours=1)
"""The longest pause between two tries of a message; one that waits longer is late."""


def disk_health(free_share: float) -> Health:
    """Reading goes on while the disk fills up; below a fiftieth not even a journal can be written."""
    if free_share < NEARLY_FULL:
        return Health.FAILED
    return Health.WARNING if free_share < LEAST_FREE else Health.WELL


def message_health(oldest: timedelta | None) -> Health:
    """A late message is a matter for people: another web server would not send it either."""
    return Health.WARNING if oldest is not None and oldest > LONGEST_WAIT else Health.WELL


@dataclass(frozen=True, slots=True)
class StatementDates:
    """Dates of an accessibility statement, as the law asks for them."""

    published: date
    updated: date
    drawn_up: date
    reviewed: date


RELEASED = date(2026, 11, 21)
"""Day of the portal's self-assessment; a municipality that assessed its own pages gives its own dates."""


def statement_dates(given: Mapping[str, str]) -> StatementDates:
    """The municipality's own dates (ISO, by the names of the record) where it has some, else the portal's."""
    return StatementDates(
        **{name: _date(given.get(name, "")) for name in ("published", "updated", "drawn_up", "reviewed")}
    )


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return RELEASED
