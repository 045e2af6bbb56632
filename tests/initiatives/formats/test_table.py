"""Our own table: the template, what spreadsheets make of it, and every way to fill it wrongly."""

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initiatives.formats import table
from initiatives.formats.records import Channel, Code, ImportedInitiative, Office, Problem
from portal.core.money import Currency
from portal.maps.geo import Box

OFFICE = Office(
    "Europe/Warsaw", Currency.PLN, "pl", Box(22, 51, 23, 52), frozenset({"roads", "greenery", "other"})
)
GOOD = {"number": "1/26", "title": "Ławka", "submitted_at": "2026-03-14 12:30"}


def encode(text: str, encoding: str = "utf-8") -> io.BytesIO:
    return io.BytesIO(text.encode(encoding))


def filled(*rows: dict[str, str], delimiter: str = ",") -> str:
    """A table of these rows, with the columns that any of them fills."""
    names = list(dict.fromkeys(name for row in rows for name in {**GOOD, **row}))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", delimiter=delimiter)
    writer.writeheader()
    writer.writerows({**GOOD, **row} for row in rows)
    return text.getvalue()


def read(text: str, encoding: str = "utf-8") -> tuple[list[ImportedInitiative], list[Problem]]:
    found = list(table.read(encode(text, encoding), OFFICE))
    problems = [item for item in found if isinstance(item, Problem)]
    return [item for item in found if isinstance(item, ImportedInitiative)], problems


def codes(text: str) -> list[tuple[int, str, Code]]:
    return [(problem.row, problem.column, problem.code) for problem in read(text)[1]]


def test_template_is_a_table_without_a_problem() -> None:
    found, problems = read(table.template())
    assert problems == []
    assert [item.warnings for item in found] == [(), ()]
    first = found[0]
    assert first.submitted_at == datetime(2026, 3, 14, 11, 30, tzinfo=UTC)
    assert (first.lat, first.lon) == (51.2465, 22.5684)
    assert (first.cost_minor, first.currency) == (250_000, "PLN")
    assert (first.channel, first.category_key, first.done) == (Channel.PHONE, "roads", False)
    assert (found[1].done, found[1].language) == (True, "cs")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_any_spreadsheet_may_have_saved_it(encoding: str, delimiter: str) -> None:
    row = {"latitude": "51,2465", "longitude": "22,5684", "cost": "1 200,50 zł", "text": "raz, dwa; trzy"}
    (item,), problems = read(filled(row, delimiter=delimiter), encoding)
    assert problems == []
    assert (item.lat, item.lon, item.cost_minor) == (51.2465, 22.5684, 120_050)
    assert item.text == "raz, dwa; trzy"


def test_only_three_columns_are_needed() -> None:
    (item,), problems = read(filled({}))
    assert problems == []
    assert (item.external_number, item.source, item.language, item.category_key) == (
        "1/26",
        "csv",
        "pl",
        "other",
    )
    assert (item.lat, item.cost_minor, item.channel, item.done) == (None, None, Channel.WEB, False)


def test_text_keeps_its_lines_and_markup() -> None:
    (item,), _ = read(filled({"text": " <b>raz</b>\r\n\r\n=2+2 ", "title": " Z\u0307aba  <i>"}))
    assert item.text == "<b>raz</b>\n\n=2+2"
    assert item.title == "Żaba <i>"


def test_apostrophe_of_an_export_is_taken_away() -> None:
    (item,), _ = read(filled({"title": "'=1+1", "address": "'@dom", "district": "'s-Hertogenbosch"}))
    assert (item.title, item.address, item.district) == ("=1+1", "@dom", "'s-Hertogenbosch")


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        ({"number": ""}, "number", Code.MISSING),
        ({"title": " "}, "title", Code.MISSING),
        ({"submitted_at": ""}, "submitted_at", Code.MISSING),
        ({"submitted_at": "14.03.2026"}, "submitted_at", Code.DATE),
        ({"submitted_at": "2026-03-29 02:30"}, "submitted_at", Code.CLOCK_GAP),
        ({"submitted_at": "2099-01-01"}, "submitted_at", Code.FUTURE),
        ({"title": "x" * 121}, "title", Code.TOO_LONG),
        ({"text": "x" * 8001}, "text", Code.TOO_LONG),
        ({"text": "a\x00b"}, "text", Code.CONTROL),
        ({"latitude": "51.2"}, "longitude", Code.HALF_POINT),
        ({"longitude": "22.5"}, "latitude", Code.HALF_POINT),
        ({"latitude": "north", "longitude": "22.5"}, "latitude", Code.COORDINATES),
        ({"latitude": "91", "longitude": "22.5"}, "latitude", Code.COORDINATES),
        ({"channel": "pigeon"}, "channel", Code.CHOICE),
        ({"language": "de"}, "language", Code.CHOICE),
        ({"done": "perhaps"}, "done", Code.CHOICE),
        ({"cost": "much"}, "cost", Code.MONEY),
        ({"cost": "300 €", "currency": "PLN"}, "cost", Code.MONEY),
        ({"cost": "300", "currency": "USD"}, "currency", Code.CHOICE),
    ],
)
def test_faulty_cell_is_a_problem_with_row_and_column(row: dict[str, str], column: str, code: Code) -> None:
    assert codes(filled({"number": "0"}, row)) == [(3, column, code)]


def test_all_faults_of_a_row_are_told_at_once() -> None:
    row = {"submitted_at": "soon", "cost": "much", "done": "perhaps"}
    assert [code for _, _, code in codes(filled(row))] == [Code.DATE, Code.MONEY, Code.CHOICE]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"category": "dragons"}, Code.CATEGORY),
        ({"latitude": "51.126", "longitude": "17.05"}, Code.OUTSIDE),
        ({"submitted_at": "2026-10-25T02:30"}, Code.CLOCK_TWICE),
    ],
)
def test_doubtful_cell_is_taken_with_a_warning(row: dict[str, str], code: Code) -> None:
    (item,), problems = read(filled(row))
    assert problems == []
    assert [warning.code for warning in item.warnings] == [code]


@pytest.mark.parametrize(
    ("cost", "currency", "expected"),
    [("300 €", "", (30_000, "EUR")), ("300", "czk", (30_000, "CZK")), ("300 Kč", "CZK", (30_000, "CZK"))],
)
def test_cost_names_its_currency_or_the_column_does(
    cost: str, currency: str, expected: tuple[int, str]
) -> None:
    (item,), _ = read(filled({"cost": cost, "currency": currency}))
    assert (item.cost_minor, item.currency) == expected


def test_time_may_bring_its_own_offset() -> None:
    (item,), _ = read(filled({"submitted_at": "2026-03-14T12:30:00-05:00"}))
    assert item.submitted_at == datetime(2026, 3, 14, 17, 30, tzinfo=UTC)


def test_number_in_two_rows_is_refused_in_the_second() -> None:
    assert codes(filled({}, {"number": "2"}, {"number": " 1/26"})) == [(4, "number", Code.REPEATED)]


def test_unknown_columns_are_left_out_with_a_warning() -> None:
    found, problems = read(filled({"colour": "red", "state": "assigned"}))
    assert len(found) == 1
    assert [(problem.code, problem.is_warning) for problem in problems] == [(Code.UNKNOWN_COLUMNS, True)]
    assert "colour" in str(problems[0].message)
    assert "state" not in str(problems[0].message)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", Code.EMPTY),
        (b"\r\n\r\n", Code.EMPTY),
        (b"number,title\r\n1,x\r\n", Code.COLUMNS),
        (b"number,title,submitted_at,title\r\n", Code.COLUMNS),
        (b"PK\x03\x04\x14\x00\x06\x00", Code.COLUMNS),
        (b"number,title,submitted_at\r\n1,\xb9awka,2026-01-01\r\n", Code.ENCODING),
        (b"\xff\xfe\x00\xd8\x00", Code.ENCODING),
        (b'number,title,submitted_at\r\n1,"x,2026-01-01\r\n' + b"y" * 140_000, Code.UNREADABLE),
        (b"number,title,submitted_at\r\n1,x\r\n", Code.CELLS),
    ],
)
def test_file_that_is_no_table_is_a_problem(content: bytes, code: Code) -> None:
    found = list(table.read(io.BytesIO(content), OFFICE))
    assert [item.code for item in found if isinstance(item, Problem)] == [code]
    assert not any(isinstance(item, ImportedInitiative) for item in found)


def test_wrong_encoding_is_told_with_its_row_after_the_good_ones() -> None:
    rows = "number,title,submitted_at\r\n" + "".join(f"{n},Ławka,2026-01-01\r\n" for n in range(50))
    content = rows.encode() + "x,Ławka,2026-01-01\r\n".encode("cp1250")
    found = list(table.read(io.BytesIO(content), OFFICE))
    # The first passage over the numbers already finds it, so nothing is read in vain.
    assert [(item.row, item.code) for item in found if isinstance(item, Problem)] == [(52, Code.ENCODING)]


@given(st.binary(max_size=300))
def test_no_file_does_worse_than_a_problem(content: bytes) -> None:
    for start in (b"", filled({}).encode(), b"\xff\xfe"):
        for item in table.read(io.BytesIO(start + content), OFFICE):
            assert isinstance(item, ImportedInitiative) or str(item.message)


@given(st.lists(st.dictionaries(st.sampled_from(table.COLUMNS), st.text(max_size=30)), max_size=5))
def test_no_cells_do_worse_than_a_problem(rows: list[dict[str, str]]) -> None:
    text = filled(*rows) if rows else ""
    for item in table.read(io.BytesIO(text.encode(errors="surrogatepass")), OFFICE):
        assert isinstance(item, ImportedInitiative) or str(item.message)
