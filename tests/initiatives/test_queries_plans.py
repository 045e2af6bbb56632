"""What hot pages ask of the database: how many statements, by which index, and how heavy the pages are.

None of this looks at a clock, so it holds on any machine (docs/performance.md, rule 14). Plans are read at
10,000 cases on SQLite, without statistics, as the portal runs.
"""

import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select, update

from initiatives import queries, services
from initiatives.desk.lists import BOARD_STATES
from initiatives.models import Initiative
from portal.core import tenancy
from portal.core.actor import Actor
from portal.core.db import Base, db, writing
from portal.core.paging import decode
from portal.core.tenancy import Town
from portal.search import queries as search
from tests.bench import dataset
from tests.factories.browser import Browser

LIST = "/pl/lublin/initiatives"
FRESH = "bench=1"
"""A key no route lists: past the page cache."""
Wanted = queries.Wanted
SignIn = Callable[[Browser, Actor], None]


@pytest.fixture
def fill(app: Flask, town: Town, other_town: Town) -> Callable[[int], None]:
    """`fill(10_000)`: so many cases, nineteen of twenty in Lublin, as the bench has them."""

    def make(count: int) -> None:
        begin = datetime(2024, 1, 1, tzinfo=UTC)
        with tenancy.unscoped("test data of two towns"):
            batch: dict[type[Base], list[dict[str, Any]]] = {}
            for model, values in dataset.rows(0, count, count, begin):
                batch.setdefault(model, []).append(values)
            dataset.write(batch)
        for place in (town, other_town):
            with tenancy.within(place.id), writing():
                services.rebuild_counts(place.id)
        db.session.close()

    return make


@contextmanager
def listening() -> Iterator[list[tuple[str, Any]]]:
    """The statements sent meanwhile, with their parameters.

    Without those of the watch for changes, which a server asks once a second at most but tests each time.
    """
    told: list[tuple[str, Any]] = []

    def note(
        connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
    ) -> None:
        is_watch = connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT"
        if not is_watch and not statement.startswith("BEGIN"):
            told.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield told
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def count_statements(client: Browser, path: str) -> int:
    """Statements of a page once the process knows towns, totals and districts.

    The least of three: every other second a request also asks whether the portal is read-only.
    """
    for _ in range(3):
        assert client.get(path).status_code == 200, path
    found = []
    for _ in range(3):
        with listening() as told:
            client.get(path)
        found.append(len(told))
    return min(found)


def plan(act: Callable[[], object]) -> list[str]:
    """Every step of the plans of the statements that `act` sends."""
    with listening() as told:
        act()
    assert told
    raw = db.engine.raw_connection()
    steps = [
        str(row[3])
        for statement, parameters in told
        for row in raw.cursor().execute("EXPLAIN QUERY PLAN " + statement, parameters).fetchall()
    ]
    raw.close()
    return steps


def wasteful(steps: list[str]) -> list[str]:
    """Steps that read a whole table, or a whole town where an index has more to say."""
    tables = (
        "initiative",
        "search_document",
        "attachment",
        "comment",
        "state_change",
        "deadline",
        "initiative_figure",
    )
    bare = [s for s in steps if any(s in (f"SCAN {t}", f"SCAN {t}_1") for t in tables)]
    towns = [
        s for s in steps if s.startswith("SEARCH initiative USING") and s.endswith("(municipality_id=?)")
    ]
    # In the order of an index and up to a limit, a town is read only as far as the page goes.
    if "USE TEMP B-TREE FOR ORDER BY" in steps:
        bare += towns
    return bare


class TestStatements:
    @pytest.mark.parametrize(
        ("path", "most"),
        [
            (f"{LIST}?{FRESH}", 6),
            (f"{LIST}?{FRESH}&phase=study&category=roads&sort=support", 6),
            (f"{LIST}?{FRESH}&q=przystanku", 6),
            (f"{LIST}/map?{FRESH}", 6),
            (f"/pl/initiatives?{FRESH}", 6),
            (f"{LIST}/map/points.json?{FRESH}&zoom=11&box=22.4,51.1,22.7,51.3", 6),
            ("/pl/lublin/search?q=przystanku", 6),
            (f"/pl/lublin?{FRESH}", 8),
            (f"{LIST}/statistics?{FRESH}", 6),
            (f"/pl/initiatives/statistics?{FRESH}", 6),
        ],
    )
    def test_public_pages_ask_little(
        self, client: Browser, fill: Callable[[int], None], path: str, most: int
    ) -> None:
        fill(50)
        assert count_statements(client, path) <= most

    def test_list_is_constant_in_its_cards(
        self, client: Browser, fill: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fill(60)
        path = f"{LIST}?{FRESH}&sort=support"
        found = []
        for size in (5, 50):
            monkeypatch.setattr(queries.listing, "__defaults__", (size,))
            found.append(count_statements(client, path))
        assert found == [1, 1]

    @pytest.mark.parametrize(("decided", "most"), [(False, 5), (True, 7)])
    def test_page_of_one_initiative(
        self, client: Browser, fill: Callable[[int], None], town: Town, decided: bool, most: int
    ) -> None:
        """A decided case shows decision, both studies and milestones besides."""
        fill(200)
        phases = ("building", "built") if decided else ("new", "study")
        with tenancy.within(town.id):
            numbers = list(
                db.session.scalars(
                    select(func.min(Initiative.number))
                    .where(Initiative.phase.in_(phases))
                    .group_by(Initiative.comment_count)
                    .order_by(Initiative.comment_count)
                )
            )
            if decided:
                db.session.rollback()
                with writing():
                    db.session.execute(
                        update(Initiative).where(Initiative.number.in_(numbers)).values(decided_by_user_id=1)
                    )
        db.session.close()
        found = [count_statements(client, f"{LIST}/{number.lower()}?{FRESH}") for number in numbers]
        assert len(found) > 1
        assert max(found) <= most
        # Comments are asked for where there are some, and then all at once.
        assert set(found[1:]) == {found[0] + 1}

    def test_desk_is_constant_in_its_rows(
        self,
        client: Browser,
        fill: Callable[[int], None],
        actor_as: Callable[..., Actor],
        sign_in: SignIn,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        fill(60)
        sign_in(client, actor_as("leader"))
        found = []
        for size in (5, 50):
            monkeypatch.setattr(queries, "PAGE_SIZE", size)
            found.append(count_statements(client, "/pl/lublin/desk/initiatives?tab=all"))
        assert found[0] == found[1] <= 6
        assert count_statements(client, "/pl/lublin/desk/initiatives/board?category=roads") <= 6

    def test_numbers_of_the_desk_ask_little(
        self, client: Browser, fill: Callable[[int], None], actor_as: Callable[..., Actor], sign_in: SignIn
    ) -> None:
        fill(60)
        for _ in range(3):
            actor_as("reviewer")
        sign_in(client, actor_as("leader"))
        assert count_statements(client, "/pl/lublin/desk/initiatives/statistics") <= 6


class TestWeight:
    def test_list_of_twenty_cards_is_light(self, client: Browser, fill: Callable[[int], None]) -> None:
        fill(60)
        for lang in ("pl", "cs", "en"):
            body = client.get(f"/{lang}/lublin/initiatives").get_data()
            assert body.count(b'class="card card--row"') == 20
            assert len(body) <= 40_000
            assert len(gzip.compress(body, 6)) <= 9_000


class TestPlans:
    @pytest.fixture(autouse=True)
    def on_sqlite(self, app: Flask) -> None:
        if db.engine.dialect.name != "sqlite":
            pytest.skip("Plans are read on SQLite; PostgreSQL has statistics and decides by them.")

    def test_no_hot_query_reads_a_whole_table(self, fill: Callable[[int], None], town: Town) -> None:
        fill(10_000)
        west, south, east, north = town.box
        lat, lon = town.centre
        small = (lon - 0.01, lat - 0.01, lon + 0.01, lat + 0.01)
        page = queries.listing(Wanted(), None)
        assert page.older is not None
        deep = decode(page.older)
        asked: dict[str, Callable[[], object]] = {
            "newest": lambda: queries.listing(Wanted(), deep),
            "most supported": lambda: queries.listing(Wanted(sort="support"), None),
            "by phase": lambda: queries.listing(Wanted(phase="study"), None),
            "by category": lambda: queries.listing(Wanted(category="roads"), None),
            "by both": lambda: queries.listing(Wanted(phase="study", category="roads"), None),
            "open for support": lambda: queries.listing(Wanted(open=True), None),
            "above the threshold": lambda: queries.above_threshold(50, 50),
            "by district": lambda: queries.listing(Wanted(district="Rury"), None),
            "by words": lambda: queries.listing(Wanted(text=dataset.COMMON_WORD), None),
            "by rare words": lambda: queries.listing(Wanted(text=dataset.RARE_WORD), None),
            "news": lambda: queries.newest(3),
            "total": lambda: queries.total(Wanted(phase="study")),
            "districts": queries.districts,
            "map": lambda: queries.map_data(Wanted(), 11, (west, south, east, north)),
            "map by both": lambda: queries.map_data(
                Wanted(phase="study", category="roads"), 11, (west, south, east, north)
            ),
            "map by district": lambda: queries.map_data(Wanted(district="Rury"), 11, town.box),
            "map, small": lambda: queries.map_data(Wanted(), 16, small),
            "search": lambda: search.find(dataset.COMMON_WORD, town.id),
            "search everywhere": lambda: search.find(dataset.COMMON_WORD, None),
            "similar": lambda: queries.similar("Ławka przy przystanku", "Nie ma gdzie usiąść.", lat, lon),
            "figures": lambda: queries.figures(date(2024, 1, 1), date(2026, 12, 1)),
            "figures by month": lambda: queries.figures_by_month(date(2024, 1, 1), date(2026, 12, 1)),
            "figures of all": lambda: queries.figures_of_all(date(2024, 1, 1), date(2026, 12, 1)),
            "first month": queries.first_month,
            "late now": queries.late_now,
            "queues with a clock": queries.clock_queues,
            "queues without": queries.waiting_queues,
            "loads": lambda: queries.loads([1, 2, 3]),
        }
        found = {name: bad for name, act in asked.items() if (bad := wasteful(plan(act)))}
        assert not found

    def test_board_reads_no_whole_table(
        self, fill: Callable[[int], None], actor_as: Callable[..., Actor]
    ) -> None:
        """Its states are read in their order and up to a limit, each by its index."""
        fill(10_000)
        leader = actor_as("leader")
        for wanted in (queries.DeskFilter("all"), queries.DeskFilter("all", category="roads")):
            steps = plan(lambda wanted=wanted: queries.board(leader, wanted, BOARD_STATES, 8))  # type: ignore[misc]
            assert not wasteful(steps)
            assert [step for step in steps if "ix_initiative_desk (municipality_id=? AND state=?)" in step]

    def test_cases_that_name_somebody_are_found_by_the_mentions(
        self, fill: Callable[[int], None], actor_as: Callable[..., Actor]
    ) -> None:
        """From a person's few open mentions to their cases, never case by case."""
        fill(2_000)
        leader = actor_as("leader")
        case_id = db.session.scalars(select(Initiative.id).where(Initiative.state == "assigned")).first()
        services.add_note(actor_as("reviewer"), case_id or 0, f"@{leader.name}", "k")
        wanted = queries.DeskFilter("mentioned")
        for act in (
            lambda: queries.work_counts(leader, [wanted]),
            lambda: queries.work_list(leader, wanted, None),
        ):
            steps = plan(act)
            assert not wasteful(steps)
            assert [step for step in steps if "ix_initiative_mention_open (municipality_id=?" in step], steps

    def test_what_search_and_map_found_is_read_by_its_keys(
        self, fill: Callable[[int], None], town: Town
    ) -> None:
        """Never by the municipality, which may hold all cases there are."""
        fill(2_000)
        lat, lon = town.centre
        near = (lon - 0.002, lat - 0.002, lon + 0.002, lat + 0.002)
        asked: dict[str, Callable[[], object]] = {
            "PRIMARY KEY (rowid=?)": lambda: queries.similar("Ławka przy przystanku", "", lat, lon),
            "ix_initiative_cell (cell>? AND cell<?)": lambda: queries.map_data(Wanted(), 16, near),
        }
        for key, act in asked.items():
            steps = [
                step for step in plan(act) if step.startswith(("SEARCH initiative USING", "SCAN initiative"))
            ]
            assert [step for step in steps if key in step], key
            assert not [step for step in steps if "(municipality_id=?)" in step], key

    def test_lists_are_read_in_their_order(self, fill: Callable[[int], None]) -> None:
        """Nothing is sorted: the index has the order, and the page ends where it is full."""
        fill(2_000)
        for wanted in (
            Wanted(),
            Wanted(phase="study"),
            Wanted(category="roads"),
            Wanted(phase="study", category="roads"),
            Wanted(district="Rury"),
            Wanted(sort="support"),
            Wanted(open=True),
            Wanted(open=True, sort="support"),
        ):
            steps = plan(lambda wanted=wanted: queries.listing(wanted, None))
            assert not [step for step in steps if "TEMP B-TREE" in step], wanted

    def test_lists_over_all_towns_are_read_in_their_order(self, fill: Callable[[int], None]) -> None:
        fill(2_000)
        with tenancy.unscoped("the public list of all municipalities"):
            for wanted in (Wanted(), Wanted(sort="support"), Wanted(phase="study")):
                steps = plan(lambda wanted=wanted: queries.listing(wanted, None))
                assert not [step for step in steps if "TEMP B-TREE" in step], wanted
                assert not [step for step in steps if step == "SCAN initiative"], wanted


class TestMap:
    def test_near_by_every_point_of_the_box_is_there_and_no_other(
        self, fill: Callable[[int], None], town: Town
    ) -> None:
        fill(2_000)
        lat, lon = town.centre
        statement = select(Initiative).where(Initiative.state != "withdrawn")
        cases = db.session.scalars(statement).all()
        for wanted in (
            Wanted(),
            Wanted(phase="study"),
            Wanted(category="roads"),
            Wanted(phase="study", category="roads"),
            Wanted(district="Rury"),
        ):
            for wide, high in ((0.03, 0.02), (0.012, 0.008), (0.0031, 0.0017)):
                box = (lon - wide, lat - high, lon + wide * 0.7, lat + high * 1.1)
                inside = {
                    case.id
                    for case in cases
                    if box[1] <= (case.lat or 0) <= box[3]
                    and box[0] <= (case.lon or 0) <= box[2]
                    and wanted.phase in ("", case.phase)
                    and wanted.category in ("", case.category)
                    and wanted.district in ("", case.district)
                }
                assert len(inside) <= queries.MAP_FEATURES
                for zoom in (13, 15, 18, 22):
                    data = queries.map_data(wanted, zoom, box)
                    assert {point[0] for point in data.points} == inside, (wanted, zoom, box)

    def test_what_is_read_stays_small_among_many(
        self, fill: Callable[[int], None], town: Town, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With a box full of points only stored cells are read, none of the points."""
        fill(2_000)
        monkeypatch.setattr(queries, "CANDIDATES", 50)
        monkeypatch.setattr(queries, "MAP_FEATURES", 40)
        for zoom in (11, 13, 15, 18):
            with listening() as told:
                data = queries.map_data(Wanted(), zoom, town.box)
            assert len(told) == 1
            assert not data.points
            assert 0 < len(data.cells) <= 40

    def test_never_gives_more_than_five_hundred_features(
        self, fill: Callable[[int], None], town: Town
    ) -> None:
        fill(2_000)
        lat, lon = town.centre
        for zoom in range(23):
            for box in (town.box, (lon - 0.05, lat - 0.05, lon + 0.05, lat + 0.05)):
                for wanted in (Wanted(), Wanted(district="Rury"), Wanted(phase="study", category="roads")):
                    data = queries.map_data(wanted, zoom, box)
                    assert 0 < len(data.cells) + len(data.points) <= queries.MAP_FEATURES

    def test_clusters_hold_every_point_of_the_box(self, fill: Callable[[int], None], town: Town) -> None:
        fill(2_000)
        shown = db.session.scalar(select(func.count()).where(Initiative.state != "withdrawn"))
        for zoom in (8, 11, 12, 13, 15, 18):
            data = queries.map_data(Wanted(), zoom, town.box)
            assert sum(int(cell[2]) for cell in data.cells) + len(data.points) == shown
