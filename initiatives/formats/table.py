"""Our own table of initiatives: the template offices fill, and its reader.

It is read from whatever a spreadsheet saves: UTF-8 or UTF-16, comma, semicolon or tab, decimal point
or comma. What `exports` wrote can be read again, so a municipality can move from one portal to
another.
"""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO

from initiatives.formats.records import (
    TEXT_MAX,
    TITLE_MAX,
    Channel,
    Code,
    ImportedInitiative,
    Office,
    Problem,
    Reading,
    many_lines,
    one_line,
    problem,
)
from initiatives.formats.tabular import (
    BrokenTableError,
    Repeats,
    check_cells,
    parse_moment,
    parse_place,
    plain,
    read_rows,
    sniff_delimiter,
    sniff_encoding,
)
from portal.core.collate import fold
from portal.core.i18n import LOCALES
from portal.core.money import Currency, parse_money
from portal.maps.geo import Point

SOURCE = "csv"
REQUIRED = ("number", "title", "submitted_at")
COLUMNS = (
    "number", "title", "text", "category", "submitted_at", "latitude", "longitude", "address", "district", "channel",
    "done", "cost", "currency", "language",
)  # fmt: skip
# Only the portal that wrote them knows what they mean; another one passes them over in silence.
EXPORT_ONLY = (
    "external_number",
    "source",
    "state",
    "outcome",
    "silent_since",
    "changed_at",
    "supports",
    "supports_online",
    "supports_paper",
    "support_until",
    "threshold_reached_on",
    "url",
    "answers",
)

_LIMITS = {"title": TITLE_MAX, "text": TEXT_MAX}
_ANSWERS = {
    **dict.fromkeys(("yes", "true", "1", "x", "tak", "ano"), True),
    **dict.fromkeys(("no", "false", "0", "", "nie", "ne"), False),
}
_EXAMPLES = (
    {
        "number": "1/2026", "title": "Ławka przy przystanku", "text": "Na przystanku nie ma gdzie usiąść.",
        "category": "roads", "submitted_at": "2026-03-14 12:30", "latitude": "51.2465", "longitude": "22.5684",
        "address": "ul. Lipowa 5", "district": "Śródmieście", "channel": "phone", "done": "no", "cost": "2500",
        "currency": "PLN", "language": "pl",
    },
    {
        "number": "2/2026", "title": "Více laviček v parku", "category": "greenery", "submitted_at": "2026-03-15",
        "channel": "web", "done": "yes", "language": "cs",
    },
)  # fmt: skip


def template() -> str:
    """The head of our table and two rows that show how to fill it."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="")
    writer.writeheader()
    writer.writerows(_EXAMPLES)
    return text.getvalue()


def read(source: BinaryIO, office: Office) -> Reading:
    """The initiatives of a filled table, row by row; a faulty row gives its problems instead.

    Columns may stand in any order and, but for `REQUIRED`, be left out. A number may stand in one
    row only.
    """
    encoding = sniff_encoding(source)
    delimiter = sniff_delimiter(source, encoding)
    try:
        header = _header(source, encoding, delimiter)
        if isinstance(header, Problem):
            yield header
            return
        if unknown := [name for name in header if name not in {*COLUMNS, *EXPORT_ONLY}]:
            yield problem(1, "", Code.UNKNOWN_COLUMNS, found=", ".join(unknown))
        repeats = Repeats.of(read_rows(source, encoding, delimiter), header.index("number"))
        rows = read_rows(source, encoding, delimiter)
        next(rows)
        seen: set[str] = set()
        for row, cells in rows:
            checked = _Cells(row, office, check_cells(row, header, cells, _LIMITS))
            if not checked.problems:
                checked.cells = dict(zip(header, map(plain, cells), strict=True))
                checked.number_is_new(repeats, seen)
                yield from checked.result()
            else:
                yield from checked.problems
    except BrokenTableError as broken:
        yield broken.problem


def _header(source: BinaryIO, encoding: str, delimiter: str) -> list[str] | Problem:
    """The column names, checked, or what is wrong with them."""
    first = next(read_rows(source, encoding, delimiter), None)
    if first is None:
        return problem(0, "", Code.EMPTY)
    header = [one_line(name).lower() for name in first[1]]
    if len(set(header)) != len(header) or not set(REQUIRED) <= set(header):
        return problem(first[0], "", Code.COLUMNS, expected=", ".join(COLUMNS), found=", ".join(header))
    return header


@dataclass(slots=True)
class _Cells:
    """The cells of one row by name; reading one that is wrong adds a problem and gives a default."""

    row: int
    office: Office
    problems: list[Problem]
    cells: dict[str, str] = field(default_factory=dict)

    def fault(self, name: str, code: Code, **values: object) -> None:
        """Add a problem of a cell."""
        self.problems.append(problem(self.row, name, code, **values))

    def text(self, name: str) -> str:
        """A short cell; empty when the table lacks the column."""
        return one_line(self.cells.get(name, ""))

    def number_is_new(self, repeats: Repeats, seen: set[str]) -> None:
        """Complain of a number of an earlier row; `seen` grows by repeated numbers only."""
        number = self.text("number")
        if repeats.last_row(self.cells["number"]) is None:
            return
        if number in seen:
            self.fault("number", Code.REPEATED, value=number)
        seen.add(number)

    def result(self) -> Reading:
        """The initiative of the row, or its problems when one of them is an error."""
        for name in REQUIRED:
            if not self.text(name):
                self.fault(name, Code.MISSING)
        submitted_at = self.moment()
        place = self.place()
        cost_minor, currency = self.cost()
        category, done = self.category(), self.done()
        channel = self.choice("channel", Channel, Channel.WEB)
        language = self.choice("language", LOCALES, self.office.language)
        if submitted_at is None or any(not one.is_warning for one in self.problems):
            yield from self.problems
            return
        yield ImportedInitiative(
            row=self.row,
            external_number=self.text("number"),
            source=SOURCE,
            title=self.text("title"),
            submitted_at=submitted_at,
            text=many_lines(self.cells.get("text", "")),
            category_key=category,
            lat=place.lat if place else None,
            lon=place.lon if place else None,
            address=self.text("address"),
            district=self.text("district"),
            channel=Channel(channel),
            done=done,
            cost_minor=cost_minor,
            currency=currency,
            language=language,
            warnings=tuple(self.problems),
        )

    def moment(self) -> datetime | None:
        """When it was filed; None, with a problem, if the cell says nothing usable."""
        text = self.text("submitted_at")
        if not text:
            return None
        moment, found = parse_moment(self.row, "submitted_at", text, self.office.zone)
        self.problems += found
        return moment

    def place(self) -> Point | None:
        """Where it is; None for the whole municipality."""
        place, found = parse_place(self.row, self.text("latitude"), self.text("longitude"), self.office.box)
        self.problems += found
        return place

    def cost(self) -> tuple[int | None, str]:
        """The rough cost in minor units and its currency; neither without a cost."""
        text = self.text("cost")
        named = Currency(self.choice("currency", Currency, self.office.currency))
        if not text:
            return None, ""
        try:
            money = parse_money(text, named)
        except ValueError:
            self.fault("cost", Code.MONEY, value=text)
            return None, ""
        if self.text("currency") and money.currency is not named:
            # "300 €" in a row that says PLN: nobody can know which of the two is meant.
            self.fault("cost", Code.MONEY, value=text)
        return money.minor, money.currency

    def category(self) -> str:
        """The key of the category; "other", with a warning, for one that the office lacks."""
        key = fold(self.text("category"))
        if key and self.office.categories and key not in self.office.categories:
            self.fault("category", Code.CATEGORY, value=self.text("category"))
            return "other"
        return key or "other"

    def done(self) -> bool:
        """Whether the old system ended it."""
        answer = _ANSWERS.get(fold(self.text("done")))
        if answer is None:
            self.fault("done", Code.CHOICE, value=self.text("done"), expected="yes, no")
        return bool(answer)

    def choice(self, name: str, allowed: Iterable[str], default: str) -> str:
        """One of a closed list, in any case of letters; the default for an empty cell."""
        choices = {fold(value): value for value in allowed}
        text = self.text(name)
        if not text:
            return default
        if fold(text) not in choices:
            self.fault(name, Code.CHOICE, value=text, expected=", ".join(choices.values()))
        return choices.get(fold(text), default)
