"""What every import format delivers: initiatives of another system, and what is wrong with a file.

A reader never raises at a resident's or clerk's file. It yields records and problems in file order;
an error means the file must not be taken over, a warning only that somebody should look.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from portal.core.i18n import Filled
from portal.core.money import Currency
from portal.maps.geo import Box

TITLE_MAX = 120
TEXT_MAX = 8_000
CELL_MAX = 400
"""Longest short cell (street, organisation, old number), in characters."""


class Channel(StrEnum):
    """How a request first reached the office."""

    WEB = "web"
    PHONE = "phone"
    EMAIL = "email"
    MOBILE = "mobile"
    MEETING = "meeting"
    PAPER = "paper"


class Code(StrEnum):
    """Kinds of problems; tests and API answers name these, people read the messages."""

    EMPTY = "empty"
    ENCODING = "encoding"
    COLUMNS = "columns"
    UNKNOWN_COLUMNS = "unknown_columns"
    SECTION = "section"
    UNREADABLE = "unreadable"
    CELLS = "cells"
    MISSING = "missing"
    CONTROL = "control"
    TOO_LONG = "too_long"
    SHORTENED = "shortened"
    REPEATED = "repeated"
    DATE = "date"
    FUTURE = "future"
    CLOCK_GAP = "clock_gap"
    CLOCK_TWICE = "clock_twice"
    COORDINATES = "coordinates"
    HALF_POINT = "half_point"
    OUTSIDE = "outside"
    PLACES = "places"
    CHOICE = "choice"
    CATEGORY = "category"
    MONEY = "money"
    WITHDRAWN = "withdrawn"


WARNINGS = frozenset(
    {
        Code.UNKNOWN_COLUMNS,
        Code.SHORTENED,
        Code.CLOCK_TWICE,
        Code.OUTSIDE,
        Code.PLACES,
        Code.CATEGORY,
        Code.WITHDRAWN,
    }
)

_MESSAGES = {
    Code.EMPTY: Filled("The file is empty.", {}),
    Code.ENCODING: Filled("The file is not written in %(expected)s. Save it in that encoding.", {}),
    Code.COLUMNS: Filled("These are not the expected columns. Expected: %(expected)s. Found: %(found)s.", {}),
    Code.UNKNOWN_COLUMNS: Filled("Columns that are not known were left out: %(found)s.", {}),
    Code.SECTION: Filled("The section %(expected)s is missing.", {}),
    Code.UNREADABLE: Filled(
        "The table cannot be read from here on: a quotation mark is not closed, or a line is too long.", {}
    ),
    Code.CELLS: Filled("Number of cells in the row: %(found)s. Expected: %(expected)s.", {}),
    Code.MISSING: Filled("This cell must not be empty.", {}),
    Code.CONTROL: Filled("The cell holds a character that is not text.", {}),
    Code.TOO_LONG: Filled("The cell is too long. Characters: %(found)s. Limit: %(expected)s.", {}),
    Code.SHORTENED: Filled("The title was shortened; the whole of it stands in the text.", {}),
    Code.REPEATED: Filled("The number %(value)s stands in an earlier row too.", {}),
    Code.DATE: Filled("“%(value)s” is not a date and time such as %(expected)s.", {}),
    Code.FUTURE: Filled("The time %(value)s is still to come.", {}),
    Code.CLOCK_GAP: Filled("The time %(value)s never was: clocks were put forward in that night.", {}),
    Code.CLOCK_TWICE: Filled("The time %(value)s came twice in that night; the earlier one was taken.", {}),
    Code.COORDINATES: Filled("“%(value)s” is not a coordinate of the kind that this format uses.", {}),
    Code.HALF_POINT: Filled("A place needs both coordinates or none.", {}),
    Code.OUTSIDE: Filled("The place %(value)s lies outside the municipality.", {}),
    Code.PLACES: Filled("The rows of this number name different places; the first one was taken.", {}),
    Code.CHOICE: Filled("“%(value)s” is not one of: %(expected)s.", {}),
    Code.CATEGORY: Filled("There is no category “%(value)s”; it was put under “other”.", {}),
    Code.MONEY: Filled("“%(value)s” is not a sum of money.", {}),
    Code.WITHDRAWN: Filled("The project was withdrawn after the vote, so it has no cost.", {}),
}

_UNSHOWABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_LONGEST_VALUE = 120


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and where: `row` counts from 1 with the header, 0 is the file as a whole.

    `column` is the heading as the file spells it, or empty for the whole row. `values` fill the
    message: `value` is what was found in the cell, `found` and `expected` what the format compares.
    """

    row: int
    column: str
    code: Code
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_warning(self) -> bool:
        """Whether the record was taken all the same."""
        return self.code in WARNINGS

    @property
    def message(self) -> Filled:
        """A sentence in the language spoken when it is shown; plain text, to be escaped as any other."""
        return Filled(_MESSAGES[self.code].msgid, {name: shown(text) for name, text in self.values.items()})


def problem(row: int, column: str, code: Code, **values: object) -> Problem:
    """A problem with its values as text."""
    return Problem(row, column, code, {name: str(value) for name, value in values.items()})


def shown(text: str) -> str:
    """A piece of a file fit for a report or a terminal: one line, no controls, not endless."""
    plain = _UNSHOWABLE.sub("\ufffd", text)
    return plain if len(plain) <= _LONGEST_VALUE else plain[: _LONGEST_VALUE - 1] + "…"


def _print_of(*values: object) -> str:
    content = "\x1f".join(map(str, values))
    return hashlib.sha256(content.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing the old system did with a request: who had it, from when, until when (UTC)."""

    kind: str
    organisation: str = ""
    received_at: datetime | None = None
    ended_at: datetime | None = None
    note: str = ""

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits of the content: two files that bring the same step bring it once."""
        return _print_of(*(getattr(self, name) for name in self.__slots__))

    @property
    def beginning(self) -> str:
        """The same of what does not change when the step ends: a later file may bring its end."""
        return _print_of(self.kind, self.organisation, self.received_at)


@dataclass(frozen=True, slots=True)
class ImportedInitiative:
    """One request of another system, checked, with its times in UTC and its place in WGS 84.

    (source, external_number) names it for ever, so importing again finds it. Texts are as people
    wrote them: escape them when showing. `title` has at most `TITLE_MAX` characters, `text` may be
    empty. `done` means that the old system ended it; `row` is where it begins in the file.
    """

    row: int
    external_number: str
    source: str
    title: str
    submitted_at: datetime
    text: str = ""
    category_key: str = "other"
    lat: float | None = None
    lon: float | None = None
    address: str = ""
    district: str = ""
    channel: Channel = Channel.WEB
    done: bool = False
    steps: tuple[Step, ...] = ()
    cost_minor: int | None = None
    currency: str = ""
    language: str = "pl"
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Office:
    """What a reader must know of the municipality that takes the file over."""

    zone: str
    currency: Currency
    language: str
    box: Box | None = None
    """Places outside are warned about; None warns about none."""
    categories: frozenset[str] = frozenset()
    """Keys that the office offers, "other" always among them; empty allows every key."""


@dataclass(frozen=True, slots=True)
class ExportedInitiative:
    """One public initiative as the writers need it; times in UTC, place in WGS 84, texts as written."""

    number: str
    title: str
    text: str
    category_key: str
    state_key: str
    submitted_at: datetime
    changed_at: datetime
    url: str
    external_number: str = ""
    source: str = ""
    lat: float | None = None
    lon: float | None = None
    address: str = ""
    district: str = ""
    channel: Channel = Channel.WEB
    done: bool = False
    cost_minor: int | None = None
    currency: str = ""
    language: str = "pl"
    supports: int = 0
    supports_paper: int = 0
    support_until: date | None = None
    threshold_on: date | None = None
    outcome: str = "none"
    silent_since: date | None = None
    answers: tuple[tuple[str, str], ...] = ()
    """(question, answer) of what the office asked in public, as people read it."""


Reading = Iterator[ImportedInitiative | Problem]
"""What a reader yields. A file with an error among the problems is not to be taken over."""


def one_line(text: str) -> str:
    """A short text in composed letters with single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def many_lines(text: str) -> str:
    """A long text in composed letters, lines ended by a line feed, no blanks around it."""
    return "\n".join(line.rstrip() for line in unicodedata.normalize("NFC", text).strip().splitlines())


def short_title(text: str) -> str:
    """The text itself, or its first words and an ellipsis, within `TITLE_MAX` characters."""
    if len(text) <= TITLE_MAX:
        return text
    cut = text[: TITLE_MAX - 1]
    # A text without spaces is cut anywhere rather than lost.
    return (cut.rpartition(" ")[0] or cut).rstrip(" ,;:-–") + "…"
