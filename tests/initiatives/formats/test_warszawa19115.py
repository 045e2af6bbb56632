"""The contact centre's exports: the real files where they lie, and what may be wrong with others."""

import io
import json
import tracemalloc
from collections.abc import Iterable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initiatives.formats import tabular, warszawa19115
from initiatives.formats.records import Channel, Code, ImportedInitiative, Problem
from portal.maps.geo import Box
from tests.factories.sample_data import sample

GOOD = {
    "Numer zgłoszenia": "1/14",
    "Data przyjęcia zgłoszenia": "2014-03-13 07:04:50",
    "Typ zgłoszenia": "Awaria / Interwencja",
    "Dzielnica": "Praga Południe",
    "Ulica": "Lecha",
    "Numer budynku": "6",
    "Długość geograficzna": "7497787.6374",
    "Szerokość geograficzna": "5789231.959215",
    "Organizacja": "Straż Miejska",
    "Data zakończenia": "",
    "Źródło": "TELEFON",
}


def table(*rows: dict[str, str], header: Iterable[str] = warszawa19115.COLUMNS) -> io.BytesIO:
    """A file as the contact centre writes it."""
    lines = ["\t".join(header), *("\t".join((GOOD | row).values()) for row in rows)]
    return io.BytesIO("".join(line + "\r\n" for line in lines).encode("utf-16"))


def read(source: io.BytesIO) -> tuple[list[ImportedInitiative], list[Problem]]:
    """The requests and the problems of a file."""
    found = list(warszawa19115.read(source))
    problems = [item for item in found if isinstance(item, Problem)]
    return [item for item in found if isinstance(item, ImportedInitiative)], problems


def codes(source: io.BytesIO) -> list[tuple[int, Code]]:
    return [(problem.row, problem.code) for problem in read(source)[1]]


def real(name: str) -> tuple[list[ImportedInitiative], list[Problem]]:
    path = sample("warszawa19115", f"2014-03-15_{name}.csv")
    return read(io.BytesIO(path.read_bytes()))


@pytest.mark.parametrize(
    ("name", "requests", "steps", "done"), [("otwarte", 867, 902, 22), ("zamkniete", 912, 913, 233)]
)
def test_real_file_gives_one_request_a_number(name: str, requests: int, steps: int, done: int) -> None:
    found, problems = real(name)
    assert problems == []
    assert len(found) == len({item.external_number for item in found}) == requests
    assert sum(len(item.steps) for item in found) == steps
    assert sum(item.done for item in found) == done


def test_real_requests_lie_where_they_are_expected() -> None:
    places = {
        (name, item.external_number): item for name in ("otwarte", "zamkniete") for item in real(name)[0]
    }
    path = sample("warszawa19115", "oczekiwane_punkty_wgs84.geojson")
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    for feature in features:
        item = places[feature["properties"]["plik"], feature["properties"]["numer"]]
        assert [item.lon, item.lat] == pytest.approx(feature["geometry"]["coordinates"], abs=1e-6)
    assert len(features) == 286


def test_real_outlier_is_warned_about_and_kept() -> None:
    found = {item.external_number: item for item in real("zamkniete")[0]}
    warned = [number for number, item in found.items() if item.warnings]
    assert warned == ["222489/14"]
    outlier = found["222489/14"]
    assert [warning.code for warning in outlier.warnings] == [Code.OUTSIDE]
    assert (outlier.lat, outlier.lon) == pytest.approx((51.126, 17.052), abs=0.001)


def test_both_real_files_bring_the_same_steps_for_a_number_of_both() -> None:
    first, second = (
        {item.external_number: item for item in real(name)[0]} for name in ("otwarte", "zamkniete")
    )
    common = first.keys() & second.keys()
    assert len(common) == 697
    for number in common:
        old = {step.fingerprint for step in first[number].steps}
        assert {step.fingerprint for step in second[number].steps} <= old


def test_row_becomes_a_request() -> None:
    (item,), problems = read(table({}))
    assert problems == []
    assert item.external_number == "1/14"
    assert item.source == "warszawa19115"
    assert item.title == "Awaria / Interwencja, Lecha 6"
    assert item.submitted_at == datetime(2014, 3, 13, 6, 4, 50, tzinfo=UTC)
    assert item.district == "Praga-Południe"
    assert item.channel is Channel.PHONE
    assert item.category_key == "safety"
    assert not item.done
    assert item.row == 2


@pytest.mark.parametrize(
    ("row", "title", "category"),
    [
        ({"Ulica": "", "Numer budynku": ""}, "Awaria / Interwencja, Praga-Południe", "safety"),
        (
            {
                "Ulica": "",
                "Numer budynku": "",
                "Dzielnica": "",
                "Typ zgłoszenia": "Informacyjne",
                "Organizacja": "",
            },
            "Informacyjne, 1/14",
            "office",
        ),
        ({"Organizacja": "BGOK"}, "Awaria / Interwencja, Lecha 6", "other"),
    ],
)
def test_title_and_category_of_what_is_there(row: dict[str, str], title: str, category: str) -> None:
    (item,), _ = read(table(row))
    assert (item.title, item.category_key) == (title, category)


@pytest.mark.parametrize(
    ("source", "channel"),
    [("TELEFON", "phone"), ("PORTAL", "web"), ("CKM", "mobile"), ("MOBILE", "mobile"), ("E-MAIL", "email")],
)
def test_source_becomes_the_channel(source: str, channel: str) -> None:
    assert read(table({"Źródło": source}))[0][0].channel == channel


def test_scattered_rows_of_a_number_are_its_steps_in_order() -> None:
    ended = "2014-03-14 10:00:00"
    found, _ = read(
        table(
            {"Organizacja": "BGOK", "Data zakończenia": ended},
            {"Numer zgłoszenia": "2/14", "Data zakończenia": ended},
            {"Organizacja": "Straż Miejska", "Data zakończenia": ended},
            {"Numer zgłoszenia": "3/14"},
            {"Organizacja": "Zarząd Dróg Miejskich"},
        )
    )
    assert [item.external_number for item in found] == ["2/14", "3/14", "1/14"]
    joined = found[2]
    assert [step.organisation for step in joined.steps] == ["BGOK", "Straż Miejska", "Zarząd Dróg Miejskich"]
    assert (found[0].done, joined.done, joined.row) == (True, False, 2)


def test_rows_that_name_different_places_are_warned_about() -> None:
    found, problems = read(table({}, {"Długość geograficzna": "7497788.6"}))
    assert problems == []
    assert [warning.code for warning in found[0].warnings] == [Code.PLACES]


def test_two_numbers_that_share_a_hash_stay_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tabular, "hash", lambda _text: 7, raising=False)
    found, _ = read(
        table(
            {}, {"Numer zgłoszenia": "2/14"}, {}, {"Numer zgłoszenia": "2/14"}, {"Numer zgłoszenia": "3/14"}
        )
    )
    assert {item.external_number: len(item.steps) for item in found} == {"1/14": 2, "2/14": 2, "3/14": 1}


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"Numer zgłoszenia": ""}, Code.MISSING),
        ({"Typ zgłoszenia": " "}, Code.MISSING),
        ({"Data przyjęcia zgłoszenia": ""}, Code.MISSING),
        ({"Data przyjęcia zgłoszenia": "13.03.2014"}, Code.DATE),
        ({"Data przyjęcia zgłoszenia": "2014-03-30 02:30:00"}, Code.CLOCK_GAP),
        ({"Data przyjęcia zgłoszenia": "0001-01-01 00:00:00"}, Code.DATE),
        ({"Data zakończenia": "nigdy"}, Code.DATE),
        ({"Długość geograficzna": ""}, Code.HALF_POINT),
        ({"Długość geograficzna": "21.01", "Szerokość geograficzna": "52.23"}, Code.COORDINATES),
        ({"Długość geograficzna": "wschód"}, Code.COORDINATES),
        ({"Szerokość geograficzna": "nan"}, Code.COORDINATES),
        ({"Źródło": "GOŁĄB"}, Code.CHOICE),
        ({"Ulica": "Le\x00cha"}, Code.CONTROL),
        ({"Ulica": "Lecha\u202e"}, Code.CONTROL),
        ({"Ulica": "x" * 401}, Code.TOO_LONG),
        ({"Ulica": "Lecha\t6"}, Code.CELLS),
    ],
)
def test_faulty_row_is_a_problem_with_its_number(row: dict[str, str], code: Code) -> None:
    assert codes(table({"Numer zgłoszenia": "0/14"}, row)) == [(3, code)]


def test_time_that_came_twice_is_taken_early_and_warned_about() -> None:
    (item,), _ = read(table({"Data przyjęcia zgłoszenia": "2014-10-26 02:30:00"}))
    assert item.submitted_at == datetime(2014, 10, 26, 0, 30, tzinfo=UTC)
    assert [warning.code for warning in item.warnings] == [Code.CLOCK_TWICE]


def test_markup_and_formulas_stay_text() -> None:
    (item,), problems = read(table({"Ulica": '=HYPERLINK("x")<script>', "Numer budynku": ""}))
    assert problems == []
    assert item.address == '=HYPERLINK("x")<script>'


def test_faulty_row_of_a_scattered_number_leaves_no_half_request() -> None:
    found, problems = read(table({}, {"Numer zgłoszenia": "2/14"}, {"Data zakończenia": "nigdy"}))
    assert [item.external_number for item in found] == ["2/14"]
    assert [problem.code for problem in problems] == [Code.DATE]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", Code.EMPTY),
        ("\r\n".encode("utf-16"), Code.EMPTY),
        ("\t".join(warszawa19115.COLUMNS).encode(), Code.ENCODING),
        ("\t".join(warszawa19115.COLUMNS).encode("utf-8-sig"), Code.ENCODING),
        ("\t".join(warszawa19115.COLUMNS).encode("utf-16") + b"\x00\xd8\x41", Code.ENCODING),
        ("a;b;c\r\n".encode("utf-16"), Code.COLUMNS),
        (("\t".join(warszawa19115.COLUMNS) + "\tNumer zgłoszenia\r\n").encode("utf-16"), Code.COLUMNS),
        (("\t".join(warszawa19115.COLUMNS) + "\r\n" + "x" * (1 << 20)).encode("utf-16"), Code.UNREADABLE),
        (("\t".join(warszawa19115.COLUMNS) + '\r\n"' + "x\r\n" * 50_000).encode("utf-16"), Code.UNREADABLE),
    ],
)
def test_file_that_is_no_such_table_is_a_problem(content: bytes, code: Code) -> None:
    found, problems = read(io.BytesIO(content))
    assert found == []
    assert [problem.code for problem in problems] == [code]


def test_wrong_columns_are_named() -> None:
    (problem,) = read(table(header=["Numer", "Data"]))[1]
    assert "Numer, Data" in str(problem.message)
    assert "Data przyjęcia zgłoszenia" in str(problem.message)


@given(st.binary(max_size=400))
def test_no_file_does_worse_than_a_problem(content: bytes) -> None:
    for start in (b"", b"\xff\xfe", table({}).getvalue()):
        for item in warszawa19115.read(io.BytesIO(start + content)):
            if isinstance(item, Problem):
                assert str(item.message)


@given(st.lists(st.integers(0, 5), max_size=30))
def test_every_row_is_a_step_of_its_number(numbers: list[int]) -> None:
    found, problems = read(table(*({"Numer zgłoszenia": f"{number}/14"} for number in numbers)))
    assert problems == []
    assert {item.external_number: len(item.steps) for item in found} == {
        f"{number}/14": numbers.count(number) for number in set(numbers)
    }


def test_memory_does_not_grow_with_the_rows() -> None:
    def peak(rows: int) -> int:
        source = table(*({"Numer zgłoszenia": f"{row}/14"} for row in range(rows)))
        tracemalloc.start()
        for _ in warszawa19115.read(source, Box(0, 0, 90, 90)):
            pass
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    # 8 bytes a row are kept, and twice as much for a moment while they are sorted.
    assert peak(4_000) < peak(1_000) + 3_000 * 100
