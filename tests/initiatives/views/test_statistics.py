"""The public figures: pages, their diagram and table, and the files."""

import csv
import io
import re
from xml.etree import ElementTree as ET

import pytest

from initiatives import services
from initiatives.charts_of import COLUMNS
from initiatives.formats.tabular import plain
from portal.core import tenancy
from portal.core.db import writing
from portal.core.spreadsheet import XLSX_TYPE
from portal.core.tenancy import Town
from tests.factories.browser import Browser
from tests.factories.initiatives import make_initiative
from tests.factories.workbooks import rows_of

PAGE = "/en/lublin/initiatives/statistics"


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_page_without_any_initiative_says_so(client: Browser, town: Town) -> None:
    page = client.get(PAGE)
    assert page.status_code == 200
    assert "Nothing happened in this period" in page.text


def test_page_shows_diagram_and_table_of_the_same_numbers(client: Browser, town: Town, actor_as) -> None:
    case = make_initiative(town, "submitted")
    services.publish(actor_as("reviewer"), case.id)
    page = client.get(PAGE).text
    assert page.count("<h1>") == 1
    assert '<svg viewBox="0 0 380' in page
    assert "submitted → published" in page
    drawing = page[page.index('<svg viewBox="0 0 380') :]
    ET.fromstring(drawing[: drawing.index("</svg>") + 6])


def test_page_tells_what_became_of_cases(client: Browser, town: Town, actor_as) -> None:
    leader = actor_as("leader")
    case = make_initiative(town, "in_progress", category="roads", lead=leader)
    make_initiative(town, "published", category="roads")
    services.realise(leader, case.id, "abandon", "Grunt sprzedano.", outcome="refused")
    page = client.get(PAGE).text
    table = page[page.index("What became of them</caption>") :].split("</table>")[0]
    assert re.findall(
        r'<th scope="row">(?:<a [^>]+>)?([a-z ]+)(?:</a>)?</th><td class="number">(\d+)', table
    ) == [
        ("none yet", "1"),
        ("done", "0"),
        ("partly done", "0"),
        ("refused", "1"),
        ("no longer needed", "0"),
    ]
    told = [row for row in rows(client.get(f"{PAGE}.csv").text) if row["table"] == "outcome_by_category"]
    assert [(r["item"], r["measure"]) for r in told if r["value"] != "0"] == [
        ("roads", "none"),
        ("roads", "refused"),
    ]


@pytest.mark.parametrize("query", ["?from=2020-01&to=2999-12", "?from=x&to=y", "?from=2026-13"])
def test_odd_periods_are_answered(client: Browser, town: Town, query: str) -> None:
    make_initiative(town, "published")
    for page in (PAGE, "/en/initiatives/statistics"):
        for ending in ("", ".csv", ".xlsx"):
            assert client.get(page + ending + query).status_code == 200


def test_file_holds_the_figures_with_their_meaning(client: Browser, town: Town) -> None:
    make_initiative(town, "published", category="roads", external_source="old", external_number="1")
    answer = client.get(f"{PAGE}.csv")
    assert answer.content_type == "text/csv; charset=utf-8"
    filed = next(
        r
        for r in rows(answer.text)
        if (r["table"], r["item"], r["measure"]) == ("category", "roads", "filed")
    )
    assert filed["value"] == "1"
    assert filed["meaning"]


@pytest.mark.parametrize("page", [PAGE, "/en/initiatives/statistics"])
def test_the_workbook_holds_what_the_table_holds(client: Browser, town: Town, page: str) -> None:
    make_initiative(town, "published", category="roads", district="=1+1")
    answer = client.get(f"{page}.xlsx")
    assert answer.content_type == XLSX_TYPE
    assert answer.headers["Content-Disposition"].endswith('.xlsx"')
    head, *cells = rows_of(answer.data)
    written = [[plain(cell) for cell in row.values()] for row in rows(client.get(f"{page}.csv").text)]
    assert head == list(COLUMNS)
    assert len(cells) == len(written)
    for row, line in zip(cells, written, strict=True):
        padded = [*row, *[None] * (len(COLUMNS) - len(row))]
        assert [f"{cell:g}" if isinstance(cell, float) else cell or "" for cell in padded] == line


def test_comparison_puts_all_side_by_side(client: Browser, town: Town, other_town: Town) -> None:
    make_initiative(other_town, "published", external_source="old", external_number="1")
    page = client.get("/en/initiatives/statistics").text
    assert town.name in page
    assert other_town.name in page
    table = rows(client.get("/en/initiatives/statistics.csv").text)
    filed = {r["municipality"]: r["value"] for r in table if (r["item"], r["measure"]) == ("filed", "count")}
    assert filed == {town.slug: "0", other_town.slug: "1"}


def test_a_district_that_looks_like_a_formula_is_disarmed(client: Browser, town: Town) -> None:
    make_initiative(town, "published", district="=1+1", external_source="old", external_number="1")
    with tenancy.within(town.id), writing():
        services.rebuild_counts(town.id)
    labels = [row["label"] for row in rows(client.get(f"{PAGE}.csv").text) if row["table"] == "district"]
    assert labels
    assert not any(label.startswith("=") for label in labels)
