"""Reader of the exports of Warsaw's contact centre 19115, the first real input of the portal.

A file is a spreadsheet's "Unicode text": UTF-16 with a byte order mark, tabs, one row for every
organisation that had the request. The rows of a number are its steps and need not stand together,
so the file is read twice: first the numbers, then the rows, of which only those of scattered
numbers wait in memory. "Longitude" and "latitude" are metres of PL-2000 zone 7 (EPSG:2178).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from initiatives.formats.records import (
    Channel,
    Code,
    ImportedInitiative,
    Problem,
    Reading,
    Step,
    one_line,
    problem,
    short_title,
)
from initiatives.formats.tabular import (
    BrokenTableError,
    Repeats,
    Row,
    check_cells,
    check_inside,
    parse_moment,
    read_rows,
    sniff_encoding,
)
from portal.core.collate import tokens
from portal.maps.geo import Box, Point, from_grid

SOURCE = "warszawa19115"
ZONE = "Europe/Warsaw"
EPSG = 2178
WARSAW = Box(20.85, 52.09, 21.28, 52.37)

NUMBER, RECEIVED, KIND = "Numer zgłoszenia", "Data przyjęcia zgłoszenia", "Typ zgłoszenia"
DISTRICT, STREET, HOUSE = "Dzielnica", "Ulica", "Numer budynku"
EASTING, NORTHING = "Długość geograficzna", "Szerokość geograficzna"
ORGANISATION, ENDED, CHANNEL = "Organizacja", "Data zakończenia", "Źródło"
COLUMNS = (NUMBER, RECEIVED, KIND, DISTRICT, STREET, HOUSE, EASTING, NORTHING, ORGANISATION, ENDED, CHANNEL)
# The file of ended requests repeats the day of the request; the time of receipt says more.
OPTIONAL = ("Data zgłoszenia",)

CHANNELS = {
    "TELEFON": Channel.PHONE,
    "PORTAL": Channel.WEB,
    "CKM": Channel.MOBILE,
    "MOBILE": Channel.MOBILE,
    "E-MAIL": Channel.EMAIL,
}

# Who was given the request tells more about its matter than the type does.
_CATEGORY_OF_ORGANISATION = {
    "Zarząd Transportu Miejskiego": "transport",
    "Zarząd Dróg Miejskich": "roads",
    "Biuro Drogownictwa i Komunikacji": "roads",
    "Zarząd Oczyszczania Miasta": "cleanliness",
    "Zarząd Terenów Publicznych": "planning",
    "Lasy miejskie": "greenery",
    "Straż Miejska": "safety",
    "SD CZK": "safety",
    "Biuro Edukacji": "schools",
}
_CATEGORY_OF_KIND = {"Informacyjne": "office"}

_DISTRICTS = {
    " ".join(tokens(name)): name
    for name in (
        "Bemowo", "Białołęka", "Bielany", "Mokotów", "Ochota", "Praga-Południe", "Praga-Północ", "Rembertów",
        "Śródmieście", "Targówek", "Ursus", "Ursynów", "Wawer", "Wesoła", "Wilanów", "Włochy", "Wola", "Żoliborz",
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Row:
    """One row, checked: its step, and what it says of the request as a whole."""

    number: str
    row: int
    received_at: datetime
    place: Point | None
    address: str
    district: str
    channel: Channel
    step: Step
    warnings: tuple[Problem, ...]


def read(source: BinaryIO, box: Box = WARSAW) -> Reading:
    """The requests of a file, one for each number, in the order in which their last rows stand.

    A request is done when all its rows are ended. A place outside `box` is warned about and kept.
    A faulty row gives its problems instead of a part of its request.
    """
    encoding = sniff_encoding(source)
    if not encoding.startswith("utf-16"):
        empty = not source.read(1)
        yield problem(0, "", Code.EMPTY) if empty else problem(0, "", Code.ENCODING, expected="UTF-16")
        return
    try:
        header = _header(source, encoding)
        if isinstance(header, Problem):
            yield header
            return
        repeats = Repeats.of(read_rows(source, encoding, "\t"), header.index(NUMBER))
        rows = read_rows(source, encoding, "\t")
        next(rows)
        yield from _requests(rows, header, repeats, box)
    except BrokenTableError as broken:
        yield broken.problem


def _header(source: BinaryIO, encoding: str) -> list[str] | Problem:
    """The column names, checked, or what is wrong with them."""
    first = next(read_rows(source, encoding, "\t"), None)
    if first is None:
        return problem(0, "", Code.EMPTY)
    found = [one_line(name) for name in first[1]]
    if len(set(found)) != len(found) or not set(COLUMNS) <= set(found) <= {*COLUMNS, *OPTIONAL}:
        return problem(first[0], "", Code.COLUMNS, expected=", ".join(COLUMNS), found=", ".join(found))
    return found


def _requests(rows: Iterator[Row], header: list[str], repeats: Repeats, box: Box) -> Reading:
    """Second passage: rows of a number that comes again wait for the last of them.

    What waits is the row as one string, a tenth of the memory of its checked parts. The separator
    cannot occur in it, because cells with control characters are refused before.
    """
    waiting: dict[str, list[tuple[int, str]]] = {}
    place = header.index(NUMBER)
    for row, cells in rows:
        faults = check_cells(row, header, cells, {})
        yield from faults
        key = cells[place].strip() if place < len(cells) else ""
        last = repeats.last_row(key)
        if not faults:
            waiting.setdefault(key, []).append((row, "\x1f".join(cells)))
        if key in waiting and last in (None, row):
            yield from _request(waiting.pop(key), header, box)
    # Only two numbers with one hash are left here: the later one's last row counted for both.
    for kept in waiting.values():
        yield from _request(kept, header, box)


def _request(kept: list[tuple[int, str]], header: list[str], box: Box) -> Reading:
    """The request made of all rows of a number, or the problems of the rows that are faulty."""
    rows = []
    for at, joined in kept:
        checked = _check(at, dict(zip(header, joined.split("\x1f"), strict=True)), box)
        if isinstance(checked, _Row):
            rows.append(checked)
        else:
            yield from checked
    if len(rows) == len(kept):
        yield _join(rows)


def _check(row: int, cells: dict[str, str], box: Box) -> _Row | list[Problem]:
    """The parts of one row, or everything that is wrong with it."""
    problems = [
        problem(row, name, Code.MISSING) for name in (NUMBER, RECEIVED, KIND) if not cells[name].strip()
    ]
    received_at = _moment(row, RECEIVED, cells, problems)
    ended_at = _moment(row, ENDED, cells, problems)
    place = _place(row, cells, box, problems)
    channel = CHANNELS.get(cells[CHANNEL].strip().upper())
    if channel is None:
        problems.append(
            problem(row, CHANNEL, Code.CHOICE, value=cells[CHANNEL], expected=", ".join(CHANNELS))
        )
    if received_at is None or channel is None or any(not one.is_warning for one in problems):
        return problems
    district = one_line(cells[DISTRICT])
    return _Row(
        number=cells[NUMBER].strip(),
        row=row,
        received_at=received_at,
        place=place,
        address=one_line(f"{cells[STREET]} {cells[HOUSE]}"),
        district=_DISTRICTS.get(" ".join(tokens(district)), district),
        channel=channel,
        step=Step(one_line(cells[KIND]), one_line(cells[ORGANISATION]), received_at, ended_at),
        warnings=tuple(problems),
    )


def _moment(row: int, column: str, cells: dict[str, str], problems: list[Problem]) -> datetime | None:
    if not cells[column].strip():
        return None
    moment, found = parse_moment(row, column, cells[column].strip(), ZONE)
    problems += found
    return moment


def _place(row: int, cells: dict[str, str], box: Box, problems: list[Problem]) -> Point | None:
    """The place in WGS 84, None if the row has none; what is wrong is added to the problems."""
    easting, northing = cells[EASTING].strip(), cells[NORTHING].strip()
    if not easting and not northing:
        return None
    if not easting or not northing:
        problems.append(problem(row, EASTING, Code.HALF_POINT))
        return None
    try:
        place = from_grid(float(easting.replace(",", ".")), float(northing.replace(",", ".")), EPSG)
    except ValueError:
        problems.append(problem(row, EASTING, Code.COORDINATES, value=f"{easting} {northing}"))
        return None
    problems += check_inside(row, EASTING, place, box)
    return place


def _join(rows: list[_Row]) -> ImportedInitiative:
    """One request of all its rows: facts of the first row that has them, every row a step."""
    first = rows[0]
    places = [row.place for row in rows if row.place]
    address = next((row.address for row in rows if row.address), "")
    district = next((row.district for row in rows if row.district), "")
    warnings = [warning for row in rows for warning in row.warnings]
    if len(set(places)) > 1:
        warnings.append(problem(first.row, EASTING, Code.PLACES))
    # Most requests name no street; the number keeps their titles apart in a list.
    title = f"{first.step.kind}, {address or district or first.number}"
    return ImportedInitiative(
        row=first.row,
        external_number=first.number,
        source=SOURCE,
        title=short_title(title),
        submitted_at=min(row.received_at for row in rows),
        category_key=_category(rows),
        lat=places[0].lat if places else None,
        lon=places[0].lon if places else None,
        address=address,
        district=district,
        channel=first.channel,
        done=all(row.step.ended_at for row in rows),
        steps=tuple(row.step for row in rows),
        warnings=tuple(warnings),
    )


def _category(rows: list[_Row]) -> str:
    by_organisation = (_CATEGORY_OF_ORGANISATION.get(row.step.organisation) for row in rows)
    return next((key for key in by_organisation if key), _CATEGORY_OF_KIND.get(rows[0].step.kind, "other"))
