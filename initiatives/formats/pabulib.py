"""Reader of Pabulib files (.pb): the projects of a participatory budget become initiatives.

A file has three sections in one table with semicolons: META, PROJECTS, VOTES, each with a header of
its own. Reading ends where the votes begin: they are about people, and the tallies that matter stand
with the projects.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import BinaryIO

from initiatives.formats.records import (
    TEXT_MAX,
    Code,
    ImportedInitiative,
    Office,
    Problem,
    Reading,
    Step,
    one_line,
    problem,
    short_title,
)
from initiatives.formats.tabular import (
    BrokenTableError,
    Row,
    check_cells,
    parse_place,
    read_rows,
    sniff_encoding,
)
from portal.core import calendar
from portal.core.collate import tokens
from portal.core.i18n import LOCALES
from portal.core.money import MAX_MINOR, MINOR_PER_UNIT, Currency

SOURCE = "pabulib"
REQUIRED = ("project_id", "cost", "name")
SECTIONS = ("META", "PROJECTS", "VOTES")
# Cities mark a project that was withdrawn after the vote by a cost nobody can pay.
WITHDRAWN_COST = 999_999_999

_LIMITS = {"name": TEXT_MAX, "category": 1_000, "comment": TEXT_MAX, "value": TEXT_MAX}
_COST = re.compile(r"[0-9]{1,15}([.,][0-9]{1,2})?")
_DAY = re.compile(r"(?:([0-9]{2})\.([0-9]{2})\.)?([0-9]{4})")

# A word of the city's own categories → our key; the first word that is known decides.
_CATEGORIES = {
    "greenery": "greenery", "roads": "roads", "transit": "transport", "walking": "roads", "cycling": "transport",
    "environmental": "environment", "education": "schools", "health": "care", "welfare": "care", "society": "care",
    "security": "safety", "culture": "leisure", "sport": "leisure", "recreation": "leisure", "playgrounds": "leisure",
    "space": "planning", "redevelopment": "planning", "infrastructure": "planning",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Edition:
    """What the META section says of all projects."""

    source: str
    district: str
    began_at: datetime
    ended_at: datetime | None
    currency: Currency
    language: str
    unit: str


def read(source: BinaryIO, office: Office) -> Reading:
    """The projects of a file as initiatives, filed on the first day of the vote, none of them done.

    Whether a project won, and its tally, stand in its only step. Project ids are unique within an
    election only, so the record's `source` names city, year and part of the city.
    """
    encoding = sniff_encoding(source)
    try:
        rows = read_rows(source, encoding, ";")
        meta = _meta(rows)
        edition = meta if isinstance(meta, Problem) else _edition(meta, office)
        if isinstance(edition, Problem):
            yield edition
            return
        yield from _projects(rows, edition, office)
    except BrokenTableError as broken:
        yield broken.problem


def _section(cells: list[str]) -> str:
    """The name of the section that a row opens, empty for any other row."""
    name = cells[0].strip().upper()
    return name if name in SECTIONS and not any(cells[1:]) else ""


def _meta(rows: Iterator[Row]) -> dict[str, tuple[int, str]] | Problem:
    """The META section up to the title of the next one: key → row and value."""
    first = next(rows, None)
    if first is None:
        return problem(0, "", Code.EMPTY)
    if _section(first[1]) != "META":
        return problem(first[0], "", Code.SECTION, expected="META")
    values: dict[str, tuple[int, str]] = {}
    for row, cells in rows:
        if name := _section(cells):
            return values if name == "PROJECTS" else problem(row, "", Code.SECTION, expected="PROJECTS")
        if faults := check_cells(row, ("key", "value"), cells, _LIMITS):
            return faults[0]
        values[cells[0].strip().lower()] = (row, one_line(cells[1]))
    return problem(0, "", Code.SECTION, expected="PROJECTS")


def _edition(meta: dict[str, tuple[int, str]], office: Office) -> _Edition | Problem:
    """The facts of the election, or the first of them that is unusable."""
    text = {key: value for key, (_, value) in meta.items()}
    row, began = meta.get("date_begin", (0, ""))
    began_on = _day(began)
    if began_on is None:
        return problem(row, "date_begin", Code.DATE, value=began, expected="31.12.2025")
    row, currency = meta.get("currency", (0, office.currency))
    if currency not in set(Currency):
        return problem(row, "currency", Code.CHOICE, value=currency, expected=", ".join(Currency))
    ended_on = _day(text.get("date_end", ""))
    part = text.get("subunit") or text.get("district", "")
    name = tokens(" ".join((text.get("unit", ""), text.get("instance", ""), part)))
    language = text.get("language", "")
    return _Edition(
        source=f"{SOURCE}:{'-'.join(name)}",
        district=text.get("district", ""),
        began_at=calendar.day_start(began_on, office.zone),
        ended_at=calendar.deadline_instant(ended_on, office.zone) if ended_on else None,
        currency=Currency(currency),
        language=language if language in LOCALES else office.language,
        unit=text.get("unit", ""),
    )


def _day(text: str) -> date | None:
    """The day of 31.12.2025, the first day of a bare year, None for anything else."""
    match = _DAY.fullmatch(text)
    if match is None:
        return None
    try:
        return date(int(match[3]), int(match[2] or 1), int(match[1] or 1))
    except ValueError:
        return None


def _projects(rows: Iterator[Row], edition: _Edition, office: Office) -> Reading:
    """The projects up to the votes; a faulty one gives its problems instead."""
    row, header = next(rows, (0, []))
    header = [one_line(name).lower() for name in header]
    if len(set(header)) != len(header) or not set(REQUIRED) <= set(header):
        yield problem(row, "", Code.COLUMNS, expected=", ".join(REQUIRED), found=", ".join(header))
        return
    seen: set[str] = set()
    for row, cells in rows:
        if _section(cells):
            return
        if faults := check_cells(row, header, cells, _LIMITS):
            yield from faults
            continue
        project = dict(zip(header, map(one_line, cells), strict=True))
        problems = [problem(row, name, Code.MISSING) for name in REQUIRED if not project[name]]
        if project["project_id"] in seen:
            problems.append(problem(row, "project_id", Code.REPEATED, value=project["project_id"]))
        seen.add(project["project_id"])
        yield from _project(row, project, edition, office, problems)


def _project(
    row: int, project: dict[str, str], edition: _Edition, office: Office, problems: list[Problem]
) -> Reading:
    """One project; `problems` are those already found in its row."""
    cost_minor = _cost(row, project["cost"], problems)
    place, found = parse_place(row, project.get("latitude", ""), project.get("longitude", ""), office.box)
    problems += found
    title = short_title(project["name"])
    if title != project["name"]:
        problems.append(problem(row, "name", Code.SHORTENED))
    if any(not one.is_warning for one in problems):
        yield from problems
        return
    facts = (f"{name} {project[name]}" for name in ("votes", "score", "selected") if project.get(name))
    yield ImportedInitiative(
        row=row,
        external_number=project["project_id"],
        source=edition.source,
        title=title,
        submitted_at=edition.began_at,
        text=project["name"] if title != project["name"] else "",
        category_key=_category(project.get("category", "")),
        lat=place.lat if place else None,
        lon=place.lon if place else None,
        district=edition.district,
        steps=(Step("vote", edition.unit, edition.began_at, edition.ended_at, ", ".join(facts)),),
        cost_minor=cost_minor,
        currency=edition.currency if cost_minor is not None else "",
        language=edition.language,
        warnings=tuple(problems),
    )


def _category(text: str) -> str:
    return next((_CATEGORIES[word] for word in tokens(text) if word in _CATEGORIES), "other")


def _cost(row: int, text: str, problems: list[Problem]) -> int | None:
    """The cost in minor units; None, with a warning, for a project that was withdrawn."""
    if not text:
        return None
    if (
        not _COST.fullmatch(text)
        or (minor := int(Decimal(text.replace(",", ".")) * MINOR_PER_UNIT)) > MAX_MINOR
    ):
        problems.append(problem(row, "cost", Code.MONEY, value=text))
        return None
    if minor == WITHDRAWN_COST * MINOR_PER_UNIT:
        problems.append(problem(row, "cost", Code.WITHDRAWN))
        return None
    return minor
