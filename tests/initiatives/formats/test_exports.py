"""What is exported can be read again, is valid, and runs in no spreadsheet."""

import csv
import dataclasses
import io
import json
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initiatives.formats import exports, table
from initiatives.formats.records import (
    Channel,
    ExportedInitiative,
    ImportedInitiative,
    Office,
    many_lines,
    one_line,
)
from initiatives.formats.tabular import neutral, plain
from portal.core.money import Currency

OFFICE = Office("Europe/Prague", Currency.CZK, "cs")
ITEM = ExportedInitiative(
    number="OJI-I-2026-0001",
    title="Lavička",
    text="U zastávky není kde sedět.",
    category_key="roads",
    state_key="published",
    submitted_at=datetime(2026, 3, 14, 11, 30, tzinfo=UTC),
    changed_at=datetime(2026, 3, 15, 11, 30, tzinfo=UTC),
    url="https://portal.example/cs/ostrava-jih/initiatives/oji-i-2026-0001",
    lat=49.7938,
    lon=18.251,
    channel=Channel.PHONE,
    cost_minor=250_050,
    currency="CZK",
    language="cs",
    supports=3,
)
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60).filter(str.strip)
ITEMS = st.builds(
    ExportedInitiative,
    number=st.integers(1, 10**9).map("{}/26".format),
    title=WORDS,
    text=st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf"]), max_size=100),
    category_key=st.sampled_from(["roads", "other"]),
    state_key=st.just("published"),
    submitted_at=st.datetimes(datetime(1990, 1, 1), datetime(2026, 11, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    changed_at=st.just(ITEM.changed_at),
    url=st.just(ITEM.url),
    lat=st.floats(-90, 90),
    lon=st.floats(-180, 180),
    address=st.sampled_from(["", "=cmd|' /C calc'!A0", "@SUM(1)", "'-x"]),
    channel=st.sampled_from(Channel),
    done=st.booleans(),
    cost_minor=st.none() | st.integers(0, 10**12),
    currency=st.sampled_from(["PLN", "CZK"]),
    language=st.sampled_from(["pl", "cs"]),
)


def in_csv(*items: ExportedInitiative) -> bytes:
    return b"".join(exports.write_csv(items))


@given(ITEMS)
def test_exported_table_is_read_again(item: ExportedInitiative) -> None:
    bidi = any("\u202a" <= sign <= "\u202e" or "\u2066" <= sign <= "\u2069" for sign in item.title)
    found = list(table.read(io.BytesIO(in_csv(item)), OFFICE))
    if bidi:
        return
    (again,) = found
    assert isinstance(again, ImportedInitiative)
    assert again.title == one_line(item.title)
    assert again.text == many_lines(item.text)
    assert again.address == item.address
    assert again.submitted_at == item.submitted_at.replace(microsecond=0)
    assert (again.done, again.channel, again.language) == (item.done, item.channel, item.language)
    assert again.lat == pytest.approx(item.lat, abs=1e-6)
    assert again.lon == pytest.approx(item.lon, abs=1e-6)
    assert again.cost_minor == item.cost_minor
    assert again.currency == ("" if item.cost_minor is None else item.currency)


@pytest.mark.parametrize(
    "cell",
    [
        "=1",
        "+1",
        "-1",
        "@a",
        "\t=1",
        "\r=1",
        "\n",
        "＝1",
        "＋1",
        "－1",
        "＠a",
        "  =1",
        "\u00a0@x",
        "\u200b=1",
        "\ufeff=1",
        "'=1",
    ],
)
def test_formula_gets_an_apostrophe(cell: str) -> None:
    assert neutral(cell) == f"'{cell}"
    assert plain(neutral(cell)) == cell


@pytest.mark.parametrize("cell", ["", "dom", "a=1", "'s-Hertogenbosch", "1-2", "(=1)"])
def test_other_cells_stay(cell: str) -> None:
    assert neutral(cell) == plain(cell) == cell


@given(st.text())
def test_every_text_comes_back(text: str) -> None:
    assert plain(neutral(text)) == text
    assert not neutral(text).lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))


def test_no_cell_people_wrote_begins_a_formula() -> None:
    item = dataclasses.replace(
        ITEM, number="=1", title="=1", text="=1", address="=1", district="=1", external_number="=1"
    )
    rows = list(csv.reader(io.StringIO(in_csv(item).decode("utf-8-sig"))))
    assert rows[0] == [*table.COLUMNS, *table.EXPORT_ONLY]
    assert [cell for cell in rows[1] if cell.startswith("=")] == []


def test_place_south_and_west_stays_a_number() -> None:
    rows = list(
        csv.DictReader(
            io.StringIO(in_csv(dataclasses.replace(ITEM, lat=-1.5, lon=-2.25)).decode("utf-8-sig"))
        )
    )
    assert (rows[0]["latitude"], rows[0]["longitude"]) == ("-1.500000", "-2.250000")


def test_geojson_is_a_feature_collection() -> None:
    placeless = dataclasses.replace(ITEM, number="2", lat=None, lon=None, cost_minor=None, currency="")
    data = json.loads(b"".join(exports.write_geojson([ITEM, placeless])))
    assert data["type"] == "FeatureCollection"
    first, second = data["features"]
    assert first["geometry"] == {"type": "Point", "coordinates": [18.251, 49.7938]}
    assert first["id"] == "OJI-I-2026-0001"
    assert first["properties"]["submitted_at"] == "2026-03-14T11:30:00Z"
    assert second["geometry"] is None
    assert second["properties"]["currency"] is None
    assert "crs" not in data


@pytest.mark.parametrize("name", exports.WRITERS)
def test_nothing_to_export_is_still_a_valid_file(name: str) -> None:
    content = b"".join(exports.WRITERS[name][1]([]))
    if name == "csv":
        assert list(table.read(io.BytesIO(content), OFFICE)) == []
    else:
        assert [] in json.loads(content).values()


def test_json_lists_initiatives() -> None:
    data = json.loads(b"".join(exports.write_json([ITEM, ITEM])))
    assert [item["title"] for item in data["initiatives"]] == ["Lavička", "Lavička"]
    assert data["initiatives"][0]["lat"] == 49.7938


@pytest.mark.parametrize("name", exports.WRITERS)
def test_export_streams(name: str) -> None:
    def peak(count: int) -> int:
        def items() -> Iterator[ExportedInitiative]:
            for _ in range(count):
                yield ITEM

        tracemalloc.start()
        for _ in exports.WRITERS[name][1](items()):
            pass
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(10)
    assert peak(3_000) < peak(300) + 20_000
