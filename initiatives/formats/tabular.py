"""The part that all table formats share: safe reading of rows, and checks of single cells.

Tables come from strangers and from spreadsheets, so everything is bounded: a line without an end,
an unclosed quotation mark, a wrong encoding in the middle must end in a problem with its row number
and cost no memory. The file stays open and seekable; readers may go through it twice.
"""

import csv
import io
import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import BinaryIO

from initiatives.formats.records import CELL_MAX, Code, Problem, problem
from portal.core import calendar

# Longest physical line in characters; csv itself stops at cells of 131,072.
_LINE_MAX = 1 << 20

_NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}

Row = tuple[int, list[str]]
"""Number of the row, the header being 1, and its cells."""


class BrokenTableError(Exception):
    """The rest of the file cannot be read; `problem` says why and from which row on."""

    def __init__(self, found: Problem) -> None:
        super().__init__(found.code)
        self.problem = found


def sniff_encoding(source: BinaryIO) -> str:
    """Name of the codec by the file's first bytes: utf-16 or UTF-8, with or without a mark."""
    source.seek(0)
    start = source.read(4)
    source.seek(0)
    return next((codec for mark, codec in _BOMS.items() if start.startswith(mark)), "utf-8")


def read_rows(source: BinaryIO, encoding: str, delimiter: str) -> Iterator[Row]:
    """The rows of a table from its beginning, without empty ones, one line in memory at a time.

    Raises BrokenTableError when bytes are not of the encoding, a quotation mark stays open or a line
    has no end.
    """
    source.seek(0)
    text = io.TextIOWrapper(source, encoding=encoding, newline="")
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


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    while line := text.readline(_LINE_MAX):
        if len(line) == _LINE_MAX:
            raise csv.Error("endless line")
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
    warning; one that never was is an error, as is anything that is no date.
    """
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            return calendar.to_utc(moment, zone), []
        return moment.astimezone(UTC), []
    except calendar.ClockGapError:
        return None, [problem(row, column, Code.CLOCK_GAP, value=text)]
    except calendar.ClockOverlapError:
        twice = problem(row, column, Code.CLOCK_TWICE, value=text)
        return calendar.to_utc(datetime.fromisoformat(text), zone, later=False), [twice]
    except (ValueError, OverflowError):
        return None, [problem(row, column, Code.DATE, value=text, expected="2026-03-14 12:30:00")]
