"""What a new municipality must bring, what follows from its country, and when the installation is well.

Pure: the caller says which slugs and codes are taken and which words addresses already use.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from portal.accounts.rules import canonical_email
from portal.core import disk
from portal.core.i18n import LOCALES, Text
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_gettext as _l
from portal.pages.kinds import HEX, LEAST_CONTRAST, Motif, contrast, illegible, palette

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
CODE = re.compile(r"[A-Z]{3}")
SLUG_LENGTH = 60
NAME_LENGTH = 80
HALF_BOX = 0.05
"""Degrees from the centre to the edges of a box nobody gave: about 5 km north and 3 km east."""

BORDER = 0.5
"""Degrees by which a box may reach over the rough edges of its country."""

RESERVED = frozenset(
    {
        # Words of the address table that stand where a municipality's slug does, whether or not their page
        # exists yet, and the modules still to come. Source: product plan, section 8.
        "municipalities", "initiatives", "search", "follow", "sign-in", "sign-out", "invitation", "password",
        "account", "about", "help", "accessibility", "privacy", "contact", "open-data", "demo", "desk", "portal",
        "confirm", "surveys", "meetings", "visits", "points", "budget", "programme", "partners", "news", "pages",
        "static", "map", "theme", "api", "open311", "healthz", "readyz", "metrics", *LOCALES,
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
        "centre": _centre_problem(new.lat, new.lon, COUNTRIES.get(new.country)),
        "box": _box_problem(new.box, new.lat, new.lon, COUNTRIES.get(new.country)),
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


def _centre_problem(lat: float, lon: float, country: Country | None) -> str:
    if country is None:
        return ""
    west, south, east, north = country.around
    if west <= lon <= east and south <= lat <= north:
        return ""
    # The commonest slip is the order; GeoJSON and map services have longitude first.
    return _(
        "The centre lies outside %(country)s. Give latitude first, then longitude, such as 51.2465,22.5684.",
        country=country.name,
    )


def _box_problem(box: Box | None, lat: float, lon: float, country: Country | None) -> str:
    if box is None or country is None:
        return ""
    west, south, east, north = box
    least_lon, least_lat, most_lon, most_lat = country.around
    if (
        least_lon - BORDER <= west < lon < east <= most_lon + BORDER
        and least_lat - BORDER <= south < lat < north <= most_lat + BORDER
    ):
        return ""
    return _(
        "The box must surround the centre and stay within %(country)s. Give south, west, north, east, such as "
        "51.14,22.46,51.30,22.67.",
        country=country.name,
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


TEXT_LENGTHS: Mapping[str, int] = {
    "name": NAME_LENGTH,
    "tagline": 160,
    "intro": 600,
    "office": 120,
    "hours": 200,
    "coordinator": 120,
    "access": 1000,
}
"""Texts a municipality has in each language → most characters."""
CONTACT_KEYS = ("email", "protection_email", "phone", "address")
"""Parts of the contact that are alike in every language."""
STATEMENT_KEYS = ("published", "updated", "drawn_up", "reviewed")
COLOUR_KEYS = ("brand", "dark", "ink", "soft")
ADDRESS_LENGTH = 200
DISTRICT_LENGTH = 80
PHONE = re.compile(r"\+?\d(?: ?\d){8,14}")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is told of a municipality: None and what is absent stay as they are, what is empty is taken away.

    `texts` maps a key of TEXT_LENGTHS → locale → text; `contact` a key of CONTACT_KEYS → text; `statement` a key
    of STATEMENT_KEYS → ISO day; `colours` a key of COLOUR_KEYS → `#rrggbb`. `centre` is (lat, lon), `box` as in
    NewMunicipality. The office is shut on `closed` and works after all on `opened`.
    """

    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    contact: Mapping[str, str] = field(default_factory=dict)
    districts: Sequence[str] | None = None
    statement: Mapping[str, str] = field(default_factory=dict)
    centre: tuple[float, float] | None = None
    box: Box | None = None
    population: int | None = None
    colours: Mapping[str, str] = field(default_factory=dict)
    mark: str | None = None
    closed: Sequence[date] = ()
    opened: Sequence[date] = ()


NOTHING_TOLD = Facts()


@dataclass(frozen=True, slots=True)
class Standing:
    """What a municipality has already, as far as new facts are judged by it; `today` is its own day."""

    country: str
    language: str
    centre: tuple[float, float]
    box: Box
    colours: Mapping[str, str]
    closures: Collection[str]
    today: date


def fact_problems(told: Facts, standing: Standing) -> dict[str, Text]:
    """Why these facts cannot be taken: field → what to do."""
    country = COUNTRIES[standing.country]
    lat, lon = told.centre or standing.centre
    reasons = {
        **{key: _text_problem(key, texts) for key, texts in told.texts.items()},
        **{key: _contact_problem(key, text) for key, text in told.contact.items() if text},
        **{key: _day_problem(text, standing.today) for key, text in told.statement.items() if text},
        "districts": _districts_problem(told.districts or ()),
        "centre": _centre_problem(lat, lon, country),
        "box": _box_problem(told.box or standing.box, lat, lon, country),
        "colour": _colour_problem(told.colours, standing.colours),
        "mark": "" if told.mark in (None, "", *Motif) else _("There is no such mark."),
        "opened": _opened_problem(told.opened, standing.closures),
    }
    if told.texts.get("name", {}).get(standing.language, "x") == "":
        reasons["name"] = _("Give the municipality a name.")
    return {name: reason for name, reason in reasons.items() if reason}


def _text_problem(key: str, texts: Mapping[str, str]) -> str:
    limit = TEXT_LENGTHS[key]
    if all(len(text) <= limit for text in texts.values()):
        return ""
    return _("%(field)s: write at most %(limit)s characters.", field=key, limit=limit)


def _contact_problem(key: str, text: str) -> str:
    if key == "address":
        return (
            ""
            if len(text) <= ADDRESS_LENGTH
            else _("The address may have %(limit)s characters at most.", limit=ADDRESS_LENGTH)
        )
    if key == "phone":
        return (
            ""
            if PHONE.fullmatch(text)
            else _("Write the phone number with digits and spaces, such as +48 81 466 10 00.")
        )
    return (
        ""
        if canonical_email(text)
        else _("“%(email)s” is not an e-mail address. Write it like name@example.org.", email=text)
    )


def _day_problem(text: str, today: date) -> str:
    try:
        good = date.fromisoformat(text) <= today
    except ValueError:
        good = False
    return "" if good else _("%(day)s is no day up to today. Write it such as 2026-03-31.", day=text)


def _districts_problem(names: Sequence[str]) -> str:
    if all(len(name) <= DISTRICT_LENGTH for name in names):
        return ""
    return _("The name of a district may have %(limit)s characters at most.", limit=DISTRICT_LENGTH)


def _colour_problem(told: Mapping[str, str], kept: Mapping[str, str]) -> str:
    if not told:
        return ""
    wrong = next((value for value in told.values() if value and not HEX.fullmatch(value)), None)
    if wrong is not None:
        return _(
            "%(colour)s is no colour. Write # and six hexadecimal digits, such as #8a2432.", colour=wrong
        )
    pair = illegible(palette({**kept, **told}))
    if pair is None:
        return ""
    return _(
        "Text of %(text)s on %(ground)s cannot be read: its contrast is %(found)s, at least %(least)s is needed.",
        text=pair[0],
        ground=pair[1],
        found=f"{contrast(*pair):.1f}",
        least=LEAST_CONTRAST,
    )


def _opened_problem(days: Sequence[date], closures: Collection[str]) -> str:
    unknown = next((day for day in days if day.isoformat() not in closures), None)
    return _("%(day)s is not among the days the office is closed.", day=unknown) if unknown else ""


DAY_FORMS = ("%d.%m.%Y", "%Y-%m-%d", "%d. %m. %Y")


def days_of(text: str) -> tuple[list[date], list[str]]:
    """The days of a text with one a line, and the lines that hold none."""
    found, unread = [], []
    for line in filter(None, map(str.strip, text.splitlines())):
        day = _read_day(line)
        if day is None:
            unread.append(line)
        else:
            found.append(day)
    return found, unread


def _read_day(text: str) -> date | None:
    for form in DAY_FORMS:
        with suppress(ValueError):
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day, no instant
    return None


class Health(StrEnum):
    """How one part of the installation is; only `failed` takes a server out of service."""

    WELL = "ok"
    WARNING = "warning"
    FAILED = "failed"


LONGEST_WAIT = timedelta(hours=1)
"""The longest pause between two tries of a message; one that waits longer is late."""


def disk_health(free_share: float) -> Health:
    """Reading goes on while the disk fills up; below a fiftieth not even a journal can be written."""
    if free_share < disk.NEARLY_FULL:
        return Health.FAILED
    return Health.WELL if disk.takes_uploads(free_share) else Health.WARNING


def message_health(oldest: timedelta | None) -> Health:
    """A late message is a matter for people: another web server would not send it either."""
    return Health.WARNING if oldest is not None and oldest > LONGEST_WAIT else Health.WELL


def worker_health(silent_for: timedelta | None, longest: timedelta) -> Health:
    """Pages go on without a worker, but nothing is sent and no deadline rings; None: never heard of one."""
    return Health.WARNING if silent_for is None or silent_for > longest else Health.WELL


@dataclass(frozen=True, slots=True)
class StatementDates:
    """Dates of an accessibility statement, as the law asks for them."""

    published: date
    updated: date
    drawn_up: date
    reviewed: date


RELEASED = date(2026, 11, 21)
"""Day of the portal's self-assessment; moved by a release that assesses the pages anew."""


def statement_dates(given: Mapping[str, str]) -> StatementDates:
    """Days of a statement: the municipality's own (ISO, by the names of the record), else what follows from them.

    No page is older than its municipality, so `published`, kept when it is founded, is the least of all days.
    """
    published = _date(given, "published", RELEASED)
    assessed = max(published, RELEASED)
    return StatementDates(
        published=published,
        updated=_date(given, "updated", assessed),
        drawn_up=_date(given, "drawn_up", published),
        reviewed=_date(given, "reviewed", assessed),
    )


def _date(given: Mapping[str, str], name: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(given.get(name, ""))
    except ValueError:
        return otherwise
