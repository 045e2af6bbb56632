"""Real requests of a city, from the files of its old system to a decision; and tables of any length in little memory.

The files hold what Warsaw's contact centre took down in March 2014. They are no part of the portal: the walk is
skipped where they are not.
"""

import gc
import io
import json
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from initiatives import queries, rules, services
from initiatives.formats.readers import READERS
from initiatives.formats.records import ImportedInitiative, Office, Problem
from initiatives.models import Initiative, StudyKind
from initiatives.services import importing
from initiatives.states import CATEGORIES
from portal.content.models import StateChange
from portal.core import tenancy
from portal.core.actor import COMMANDER, acting
from portal.core.db import db
from portal.core.money import Currency
from portal.core.tenancy import Town
from portal.maps.geo import Box
from tests.factories.actors import make_actor
from tests.factories.browser import Browser
from tests.factories.sample_data import sample

FILES = ("otwarte", "zamkniete")
NUMBERS = 1_082
"""867 in the one file and 912 in the other, of which 697 stand in both."""
FRAMES = 25
"""As far as from a statement up to the import."""
OUTLIER = "222489/14"
"""Lies in another city; taken over with a warning."""


@pytest.fixture
def run(app: Flask) -> Callable[..., Any]:
    """`run("initiatives", "import", …)` gives what a command says; it has to succeed."""

    def call(*words: object) -> str:
        result = app.test_cli_runner().invoke(args=list(map(str, words)))
        assert result.exit_code == 0, result.output
        return result.output

    return call


def rows() -> list[tuple[Any, ...]]:
    """Everything the import wrote that a repetition could spoil."""
    db.session.rollback()
    cases = select(
        Initiative.id, Initiative.number, Initiative.version, Initiative.state, Initiative.lat, Initiative.lon
    )
    steps = select(func.count(StateChange.id), func.max(StateChange.id))
    return [
        *map(tuple, db.session.execute(cases.order_by(Initiative.id))),
        tuple(db.session.execute(steps).one()),
    ]


def test_requests_of_the_old_system_are_worked_to_a_decision(
    app: Flask, run: Callable[..., str], client: Browser
) -> None:
    paths = [sample("warszawa19115", f"2014-03-15_{name}.csv") for name in FILES]
    expected = json.loads(
        sample("warszawa19115", "oczekiwane_punkty_wgs84.geojson").read_text(encoding="utf-8")
    )
    run(
        "municipalities",
        "add",
        "warszawa",
        "--name",
        "Warszawa",
        "--country",
        "PL",
        "--centre",
        "52.23,21.01",
    )
    town = tenancy.town("warszawa")
    tenancy.enter(town.id)

    def take_over() -> list[str]:
        return [
            run("initiatives", "import", path, "--format", "warszawa19115", "--municipality", "warszawa")
            for path in paths
        ]

    told = take_over()
    assert "New: 867." in told[0]
    assert "New: 215." in told[1]
    assert OUTLIER not in told[0]
    before = rows()
    assert len(before) == NUMBERS + 1
    assert all("New: 0. Extended: 0." in line for line in take_over())
    assert rows() == before

    places = {row.external_number: (row.lon, row.lat) for row in db.session.scalars(select(Initiative))}
    for feature in expected["features"]:
        number = feature["properties"]["numer"]
        assert places[number] == pytest.approx(feature["geometry"]["coordinates"], abs=1e-5), number

    case = db.session.scalars(
        select(Initiative).where(Initiative.state == "published", Initiative.lat.is_not(None)).limit(1)
    ).one()
    found = client.get("/pl/warszawa/initiatives", query_string={"q": case.external_number}).text
    assert f"/pl/warszawa/initiatives/{(case.number or '').lower()}" in found
    decide(town, case.id)
    page = client.get(f"/pl/warszawa/initiatives/{(case.number or '').lower()}")
    assert "Rok bez wypadku." in page.text


def decide(town: Town, case_id: int) -> None:
    """The way from the list to the decision, by the people of the new office."""
    lead, one, two = make_actor("leader", town), make_actor("reviewer", town), make_actor("reviewer", town)
    services.assign(lead, case_id, "Zarząd dróg", lead.user_id or 0, [one.user_id or 0, two.user_id or 0])
    for verb, kind, parts in (
        ("start_purpose", StudyKind.PURPOSE, rules.PURPOSE_PARTS),
        ("start_feasibility", StudyKind.FEASIBILITY, rules.FEASIBILITY_PARTS),
    ):
        services.start_study(one, case_id, verb)
        for person in (one, two):
            words, scores = dict.fromkeys(parts, "W porządku."), dict.fromkeys(parts, 4)
            services.save_sheet(person, case_id, kind, words, scores, {}, 0, finished=True)
    version = queries.case(case_id).version
    services.recommend(
        lead,
        case_id,
        "Naprawa.",
        "Pas drogowy.",
        "Koszt.",
        "adopted",
        "",
        (900, 0),
        "budżet",
        version,
        send=True,
    )
    services.decide(make_actor("decision_maker", town), case_id, "adopted", "Rok bez wypadku.")
    assert queries.case(case_id).state == "adopted"


def long_table(count: int) -> io.BytesIO:
    """A table of our own format with so many rows."""
    rows = [f"{n}/26,Ławka numer {n},2026-03-14 12:30,51.2{n % 1000:03d},22.5684\n" for n in range(count)]
    return io.BytesIO(("number,title,submitted_at,latitude,longitude\n" + "".join(rows)).encode())


def test_rows_taken_over_leave_nothing_behind_in_memory(town: Town) -> None:
    """What is traced takes five times as long, so no long table is compared with a short one: what is alive at two
    places of one table is, and every row between the two would have to be found in the difference. Counted is what
    was made below the import: whatever else runs in this process is none of its affair.
    """
    below = tracemalloc.Filter(True, importing.__file__, all_frames=True)
    begin, first, second = 250, 500, 1_000
    office = Office(town.zone, Currency(town.currency), town.language, Box(*town.box), frozenset(CATEGORIES))
    alive = []

    def watched() -> Iterator[ImportedInitiative | Problem]:
        for count, item in enumerate(READERS["csv"](long_table(second + 1), office)):
            if count == begin:
                tracemalloc.start(FRAMES)
            elif count in (first, second):
                gc.collect()
                alive.append(tracemalloc.take_snapshot().filter_traces([below]))
            if count == second:
                tracemalloc.stop()
            yield item

    with acting(COMMANDER):
        report = services.take_over(COMMANDER, watched())
    assert report.added == second + 1
    sizes = [sum(one.size for one in snapshot.statistics("filename")) for snapshot in alive]
    told = "\n".join(
        f"{one}\n" + "\n".join(one.traceback.format())
        for one in alive[1].compare_to(alive[0], "traceback")[:5]
    )
    assert sizes[0] > 0
    # Of each row a few bytes are kept, to find repetitions.
    assert sizes[1] - sizes[0] < (second - first) * 200, told
