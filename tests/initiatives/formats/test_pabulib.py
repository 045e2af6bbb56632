"""Projects of participatory budgets: real elections where they lie, and broken ones."""

import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initiatives.formats import pabulib
from initiatives.formats.readers import READERS
from initiatives.formats.records import Code, ImportedInitiative, Office, Problem
from portal.core.money import Currency
from portal.maps.geo import Box
from tests.factories.sample_data import FOLDER

FILES = sorted((FOLDER / "pabulib").glob("*.pb"))
OFFICE = Office("Europe/Warsaw", Currency.PLN, "pl", Box(18.8, 50.1, 19.2, 50.4))
META = {
    "unit": "Katowice", "instance": "2021", "subunit": "Dąb", "district": "Dąb", "date_begin": "06.09.2021",
    "date_end": "19.09.2021", "currency": "PLN", "language": "pl",
}  # fmt: skip
HEADER = "project_id;cost;votes;name;selected;latitude;longitude;category"
GOOD = "L10/06/VIII;250000;302;Boisko;1;50.27;18.99;sport,education"


def election(*projects: str, header: str = HEADER, **meta: str) -> bytes:
    """An election of these project rows, with votes that nobody may read."""
    facts = "".join(f"{key};{value}\n" for key, value in {**META, **meta}.items())
    lines = "".join(f"{line}\n" for line in projects)
    return (
        f"META\nkey;value\n{facts}PROJECTS\n{header}\n{lines}VOTES\nvoter_id;vote\n1;\x00\x00".encode()
        + b"\xff\xff"
    )


def read(content: bytes) -> tuple[list[ImportedInitiative], list[Problem]]:
    found = list(pabulib.read(io.BytesIO(content), OFFICE))
    problems = [item for item in found if isinstance(item, Problem)]
    return [item for item in found if isinstance(item, ImportedInitiative)], problems


def codes(content: bytes) -> list[tuple[int, str, Code]]:
    return [(problem.row, problem.column, problem.code) for problem in read(content)[1]]


def test_real_elections_give_all_their_projects() -> None:
    if not FILES:
        pytest.skip("needs the sample data: set PORTAL_SHARED_DATA to the folder that holds pabulib")
    office = Office("Europe/Warsaw", Currency.PLN, "pl")
    sources = set()
    for path in FILES:
        content = path.read_bytes()
        found = list(READERS["pabulib"](io.BytesIO(content), office))
        assert not any(isinstance(item, Problem) for item in found), path.name
        said = next(
            line for line in content.decode("utf-8-sig").splitlines() if line.startswith("num_projects;")
        )
        assert len(found) == int(said.partition(";")[2])
        sources |= {item.source for item in found if isinstance(item, ImportedInitiative)}
        assert not any(item.done for item in found if isinstance(item, ImportedInitiative))
    assert len(sources) == len(FILES)


def test_project_becomes_an_initiative() -> None:
    (item,), problems = read(election(GOOD))
    assert problems == []
    assert item.external_number == "L10/06/VIII"
    assert item.source == "pabulib:katowice-2021-dab"
    assert item.submitted_at == datetime(2021, 9, 5, 22, tzinfo=UTC)
    assert (item.lat, item.lon, item.district, item.category_key) == (50.27, 18.99, "Dąb", "leisure")
    assert (item.cost_minor, item.currency, item.done, item.warnings) == (25_000_000, "PLN", False, ())
    (step,) = item.steps
    assert (step.organisation, step.note) == ("Katowice", "votes 302, selected 1")
    assert step.ended_at == datetime(2021, 9, 19, 22, tzinfo=UTC)


def test_votes_are_never_reached() -> None:
    class Guarded(io.BytesIO):
        """A file that counts how far it was read."""

        reached = 0

        def read1(self, size: int | None = -1, /) -> bytes:
            content = super().read1(size)
            self.reached = max(self.reached, self.tell())
            return content

    content = election(GOOD) + b"2;1\n" * 100_000
    source = Guarded(content)
    assert len(list(pabulib.read(source, OFFICE))) == 1
    assert 0 < source.reached <= 3 * 8192


def test_columns_may_be_fewer_and_in_any_order() -> None:
    (item,), problems = read(election("Ławka;500,50;7", header="name;cost;project_id"))
    assert problems == []
    assert (item.external_number, item.cost_minor, item.lat) == ("7", 50_050, None)
    assert item.category_key == "other"
    assert item.steps[0].note == ""


def test_long_name_is_kept_whole_in_the_text() -> None:
    name = "Budowa placu zabaw " * 10
    (item,), _ = read(election(GOOD.replace("Boisko", name)))
    assert len(item.title) <= 120
    assert item.text == name.strip()
    assert [warning.code for warning in item.warnings] == [Code.SHORTENED]


def test_withdrawn_project_has_no_cost() -> None:
    (item,), _ = read(election(GOOD.replace("250000", "999999999")))
    assert (item.cost_minor, item.currency) == (None, "")
    assert [warning.code for warning in item.warnings] == [Code.WITHDRAWN]


def test_project_outside_is_warned_about() -> None:
    (item,), _ = read(election(GOOD.replace("50.27", "51.27")))
    assert [warning.code for warning in item.warnings] == [Code.OUTSIDE]


def test_missing_facts_come_from_the_office() -> None:
    content = election(GOOD, currency="", language="xx", date_begin="2021", date_end="").replace(
        b"currency;\n", b""
    )
    (item,), _ = read(content)
    assert (item.currency, item.language) == ("PLN", "pl")
    assert item.submitted_at == datetime(2020, 12, 31, 23, tzinfo=UTC)
    assert item.steps[0].ended_at is None


@pytest.mark.parametrize(
    ("project", "column", "code"),
    [
        (GOOD.replace("L10/06/VIII", ""), "project_id", Code.MISSING),
        (GOOD.replace("250000", ""), "cost", Code.MISSING),
        (GOOD.replace("Boisko", ""), "name", Code.MISSING),
        (GOOD.replace("250000", "dużo"), "cost", Code.MONEY),
        (GOOD.replace("250000", "9" * 15), "cost", Code.MONEY),
        (GOOD.replace("50.27", ""), "latitude", Code.HALF_POINT),
        (GOOD.replace("50.27", "x"), "latitude", Code.COORDINATES),
        (GOOD.replace("Boisko", "Bo\x00isko"), "name", Code.CONTROL),
        (GOOD.replace("Boisko", "x" * 8001), "name", Code.TOO_LONG),
        (GOOD + ";1", "", Code.CELLS),
    ],
)
def test_faulty_project_is_a_problem_with_its_row(project: str, column: str, code: Code) -> None:
    assert codes(election("0;1;1;x;0;;;", project)) == [(14, column, code)]


def test_project_twice_is_refused() -> None:
    assert codes(election(GOOD, GOOD)) == [(14, "project_id", Code.REPEATED)]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", Code.EMPTY),
        (b"a;b\n", Code.SECTION),
        (b"META\nkey;value\nunit;x\n", Code.SECTION),
        (b"META\nkey;value\nunit;x\nVOTES\n", Code.SECTION),
        (b"META\nkey;value\nunit;x;y\nPROJECTS\n", Code.CELLS),
        (b"META\nkey;value\nunit;\x01\nPROJECTS\n", Code.CONTROL),
        (b"META\nkey;value\nunit;\xb3\nPROJECTS\n", Code.ENCODING),
        (election(date_begin="wczoraj"), Code.DATE),
        (election(date_begin="31.02.2021"), Code.DATE),
        (election(currency="GBP"), Code.CHOICE),
        (election(header="id;cost"), Code.COLUMNS),
        (election().partition(b"project_id")[0], Code.COLUMNS),
    ],
)
def test_file_that_is_no_election_is_a_problem(content: bytes, code: Code) -> None:
    found, problems = read(content)
    assert found == []
    assert [problem.code for problem in problems] == [code]


@given(st.binary(max_size=300))
def test_no_file_does_worse_than_a_problem(content: bytes) -> None:
    for start in (b"", b"META\n", election(GOOD).partition(b"VOTES")[0]):
        for item in pabulib.read(io.BytesIO(start + content), OFFICE):
            assert isinstance(item, ImportedInitiative) or str(item.message)


def test_every_reader_has_its_name() -> None:
    assert sorted(READERS) == ["csv", "pabulib", "warszawa19115"]
    assert [
        item.code for item in READERS["warszawa19115"](io.BytesIO(), OFFICE) if isinstance(item, Problem)
    ] == [Code.EMPTY]
