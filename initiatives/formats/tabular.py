"""The part that all table formats share: safe reading of rows, and checks of single cells.

Tables come from strangers and from spreadsheets, so everything is bounded: a line without an end,
an unclosed quotation mark, a wrong encoding in the middle must end in a problem with its row number
and cost no memory. The file stays open and seekable; readers may go through it twice.
"""

import csv
import io
import math
import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import BinaryIO

from initiatives.formats.records import CELL_MAX, Code, Problem, problem
from portal.core import calendar, clock
from portal.maps.geo import Box, Point, on_earth, parse_degrees

# Longest physical line in characters; csv itself stops at cells of 131,072.
_LINE_MAX = 1 << 20

_NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_ESCAPED = re.compile(r"[\udc80-\udcff]")
_BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}

Row = tuple[int, list[str]]
"""Number of the row, the header being 1, and its cells."""


class BrokenTableError(Exception):
    """The rest of the file cannot be read; `problem` says why and from which row on."""

    def __init__(self, found: Problem) -> None:
        super().__init__(found.code)
        self.problem = found


def sniff_encoding(source: BinaryIO) -> str:
    """Name of the codec by the file's first bytes: one of UTF-16, or UTF-8, with or without a mark."""
    source.seek(0)
    start = source.read(4)
    source.seek(0)
    for mark, codec in _BOMS.items():
        if start.startswith(mark):
            return codec
    # Without a mark, a heading in UTF-16 shows by the empty half of its first letter.
    if start[1:2] == b"\x00":
        return "utf-16-le"
    return "utf-16-be" if start[:1] == b"\x00" else "utf-8"


def sniff_delimiter(source: BinaryIO, encoding: str) -> str:
    """Comma, semicolon or tab, whichever the first line has most of."""
    source.seek(0)
    text = _open(source, encoding)
    try:
        line = text.readline(_LINE_MAX)
    except UnicodeError:
        line = ""
    finally:
        text.detach()
    return max(",;\t", key=line.count)


def read_rows(source: BinaryIO, encoding: str, delimiter: str) -> Iterator[Row]:
    """The rows of a table from its beginning, without empty ones, one line in memory at a time.

    Raises BrokenTableError when bytes are not of the encoding, a quotation mark stays open or a line
    has no end.
    """
    source.seek(0)
    text = _open(source, encoding)
    row = 0
    try:
        for row, cells in enumerate(csv.reader(_lines(text), delimiter=delimiter), start=1):
            if any(cells):
                yield row, cells
    except UnicodeError:
        name = encoding.removesuffix("-sig").upper()
        raise BrokenTableError(problem(row + 1, "", Code.ENCODING, expected=name)) from None
    except csv.Error:
        raise BrokenTableError(problem(row + 1, "", Code.UNREADABLE)) from None
    finally:
        text.detach()


def _open(source: BinaryIO, encoding: str) -> io.TextIOWrapper:
    # A strict decoder would fail some kilobytes ahead of the faulty row, where it fills its buffer.
    errors = "surrogateescape" if encoding.startswith("utf-8") else "strict"
    return io.TextIOWrapper(source, encoding=encoding, errors=errors, newline="")


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    while line := text.readline(_LINE_MAX):
        if len(line) == _LINE_MAX:
            raise csv.Error("endless line")
        if _ESCAPED.search(line):
            raise UnicodeError("bytes of another encoding")
        yield line


@dataclass(frozen=True, slots=True)
class Repeats:
    """Which keys of a table stand in more than one row, for 8 bytes a row.

    Keys are known by a 64-bit hash. Two keys that share one by chance only make the reader keep a
    row longer than it had to: whoever uses this compares the keys themselves.
    """

    last_rows: dict[int, int]

    @classmethod
    def of(cls, rows: Iterator[Row], column: int) -> "Repeats":
        """Go through the rows once; `column` is the place of the key. Rows too short are left out."""
        hashes, numbers = array("q"), array("q")
        for number, cells in rows:
            if column < len(cells):
                hashes.append(hash(cells[column].strip()))
                numbers.append(number)
        ordered = array("q", sorted(hashes))
        repeated = {one for one, next_one in pairwise(ordered) if one == next_one}
        # The last occurrence overwrites the earlier ones.
        return cls({key: row for key, row in zip(hashes, numbers, strict=True) if key in repeated})

    def last_row(self, key: str) -> int | None:
        """Number of the last row of a key that is repeated, None for a key that stands alone."""
        return self.last_rows.get(hash(key.strip()))


def check_cells(
    row: int, header: Sequence[str], cells: Sequence[str], limits: dict[str, int]
) -> list[Problem]:
    """Problems of a row as such: number of cells, characters that are no text, cells too long.

    `limits` gives the longest text of a column; others may have `CELL_MAX` characters.
    """
    if len(cells) != len(header):
        return [problem(row, "", Code.CELLS, found=len(cells), expected=len(header))]
    problems = []
    for name, cell in zip(header, cells, strict=True):
        limit = limits.get(name, CELL_MAX)
        if _NOT_TEXT.search(cell):
            problems.append(problem(row, name, Code.CONTROL))
        elif len(cell) > limit:
            problems.append(problem(row, name, Code.TOO_LONG, found=len(cell), expected=limit))
    return problems


def parse_moment(row: int, column: str, text: str, zone: str) -> tuple[datetime | None, list[Problem]]:
    """The UTC instant of a date and time in ISO order, local unless it names its own offset.

    A bare date is the beginning of its day. Of a time that comes twice the first is taken, with a
    warning; one that never was is an error, as is one still to come and anything that is no date.
    """
    found: list[Problem] = []
    try:
        typed = datetime.fromisoformat(text)
        moment = calendar.to_utc(typed, zone) if typed.tzinfo is None else typed.astimezone(UTC)
    except calendar.ClockGapError:
        return None, [problem(row, column, Code.CLOCK_GAP, value=text)]
    except calendar.ClockOverlapError:
        found.append(problem(row, column, Code.CLOCK_TWICE, value=text))
        moment = calendar.to_utc(datetime.fromisoformat(text), zone, later=False)
    except (ValueError, OverflowError):
        return None, [problem(row, column, Code.DATE, value=text, expected="2026-03-14 12:30:00")]
    if moment > clock.now() + timedelta(days=1):  # The other side's clock may be a little ahead.
        return None, [problem(row, column, Code.FUTURE, value=text)]
    return moment, found


def parse_place(row: int, lat: str, lon: str, box: Box | None) -> tuple[Point | None, list[Problem]]:
    """The place of two cells in degrees, None when both are empty; one outside `box` is warned about."""
    if not lat and not lon:
        return None, []
    if not lat or not lon:
        return None, [problem(row, "longitude" if lat else "latitude", Code.HALF_POINT)]
    try:
        place = Point(parse_degrees(lat), parse_degrees(lon))
    except ValueError:
        place = Point(math.nan, math.nan)
    if not on_earth(*place):
        return None, [problem(row, "latitude", Code.COORDINATES, value=f"{lat} {lon}")]
    return place, check_inside(row, "latitude", place, box)


def check_inside(row: int, column: str, place: Point, box: Box | None) -> list[Problem]:
    """A warning when a place lies outside the box of the municipality."""
    if box is None or box.holds(*place):
        return []
    return [problem(row, column, Code.OUTSIDE, value=f"{place.lat:.5f}, {place.lon:.5f}")]


# Signs that begin a formula, their full-width twins, and the blanks and invisible signs before them.
_FORMULA = re.compile(r"'*(?:[^\S\t\r\n]*[\t\r\n]|[\s\u200b-\u200f\u2060\ufeff]*[=+\-@＝＋－＠])")


def neutral(cell: str) -> str:
    """The cell with an apostrophe before it if a spreadsheet might run it as a formula (R28).

    A cell that looks as if it had one already gets another, so that `plain` always finds the text.
    """
    return f"'{cell}" if _FORMULA.match(cell) else cell


def plain(cell: str) -> str:
    """The cell without the apostrophe that `neutral` gave it."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
