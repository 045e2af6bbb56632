"""What follows from a move: counters, map cells, clocks; and what rings when time has passed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from initiatives import queries, services
from initiatives.models import Count, Initiative, MapCell, Place
from initiatives.services import What, Where
from portal.content import move
from portal.content import queries as content_queries
from portal.core import tenancy
from portal.core.actor import Actor
from portal.core.db import db, writing
from portal.core.jobs import Job
from portal.core.tenancy import Town
from portal.core.workflow import Lane
from tests.factories.initiatives import TEXT, TITLE, make_initiative

ActorAs = Callable[..., Actor]
Frozen = Callable[[str], None]
WHY = "Bo tak jest najlepiej."


def counted() -> tuple[dict[Any, int], dict[Any, tuple[int, float, float]]]:
    """Counters and map cells that hold something."""
    counts = {
        (row.state, row.category, row.outcome.value): row.n
        for row in db.session.scalars(select(Count))
        if row.n
    }
    cells = {
        (row.filter, row.zoom, row.cell): (row.n, round(row.sum_lat, 6), round(row.sum_lon, 6))
        for row in db.session.scalars(select(MapCell))
        if row.n
    }
    return counts, cells


def assert_counts_are_true(town: Town) -> None:
    db.session.rollback()
    kept = counted()
    with writing():
        services.rebuild_counts(town.id)
    db.session.expire_all()
    assert kept == counted()


def test_counters_and_cells_along_a_road_equal_counting_anew(town: Town, actor_as: ActorAs) -> None:
    author, leader, other = actor_as("resident"), actor_as("leader"), actor_as("leader")
    reviewer, maker = actor_as("reviewer"), actor_as("decision_maker")
    make_initiative(town, "published", lat=51.2465, lon=22.5684)
    case = make_initiative(town, "submitted", author=author, reviewers=[leader, other], sheets=True)
    number = case.id
    people = [leader.user_id or 0, other.user_id or 0]
    seen = set()
    for act in (
        lambda: services.publish(reviewer, number),
        lambda: services.redact(
            reviewer, number, TITLE, TEXT, "", "roads", queries.case(number).version, WHY, district="Felin"
        ),
        lambda: services.assign(leader, number, "Drogi", people[0], people),
        lambda: services.start_study(leader, number, "start_purpose"),
        lambda: services.correct(leader, number, WHY),
        lambda: services.start_study(leader, number, "start_purpose"),
        lambda: services.start_study(leader, number, "start_feasibility"),
        lambda: services.recommend(
            leader,
            number,
            "A",
            "B",
            "C",
            "refused",
            "Nie ma miejsca.",
            (None, None),
            "",
            queries.case(number).version,
            send=True,
        ),
        lambda: services.decide(maker, number, "refused", WHY),
        lambda: services.appeal(author, number, WHY),
        lambda: services.decide_appeal(actor_as("decision_maker"), number, "adopted", WHY),
        lambda: services.realise(leader, number, "plan", WHY),
        lambda: services.realise(leader, number, "start", ""),
        lambda: services.realise(leader, number, "finish", WHY, "done"),
        lambda: services.judge(author, number, "confirm", ""),
    ):
        act()
        seen.add(queries.case(number).state)
        assert_counts_are_true(town)
    assert len(seen) == 12
    assert queries.total(queries.Wanted(phase="built", category="roads")) == 1
    assert queries.total(queries.Wanted(outcome="done")) == 1
    assert queries.total(queries.Wanted(outcome="refused")) == 0


@pytest.mark.parametrize("state", ["submitted", "returned", "published", "assigned", "deferred"])
def test_counters_are_true_after_a_withdrawal(town: Town, actor_as: ActorAs, state: str) -> None:
    author = actor_as("resident")
    case = make_initiative(town, state, author=author)
    make_initiative(town, "published")
    services.withdraw(author, case.id, "")
    assert_counts_are_true(town)


def test_counters_are_true_when_a_case_leaves_the_public_and_comes_elsewhere(
    town: Town, actor_as: ActorAs
) -> None:
    author, leader = actor_as("resident"), actor_as("leader")
    case = make_initiative(town, "published", author=author)
    services.correct(leader, case.id, WHY)
    assert queries.case(case.id).listed_at is None
    assert counted() == ({}, {})
    services.send_back(leader, case.id, "Adres")
    where, version = Where(Place.POINT, 51.25, 22.6), queries.case(case.id).version
    services.complete(author, case.id, What(TITLE, TEXT, "roads"), where, version)
    services.publish(leader, case.id)
    assert_counts_are_true(town)
    counts, cells = counted()
    assert counts == {("published", "roads", "none"): 1}
    assert {row[1:] for row in cells.values()} == {(51.25, 22.6)}


@pytest.mark.parametrize("said", ["refused", ""])
def test_counters_are_true_when_work_is_given_up_and_taken_back(
    town: Town, actor_as: ActorAs, said: str
) -> None:
    """What became of it is said beside the state."""
    leader = actor_as("leader")
    case = make_initiative(town, "in_progress", lead=leader)
    services.realise(leader, case.id, "abandon", WHY, outcome=said)
    assert_counts_are_true(town)
    assert queries.total(queries.Wanted(outcome=said or "unneeded")) == 1
    services.correct(leader, case.id, WHY)
    assert_counts_are_true(town)
    assert queries.total(queries.Wanted(outcome=said or "unneeded")) == 0


def test_a_place_is_summed_once_per_zoom_and_filter(town: Town) -> None:
    make_initiative(town, "published", lat=51.2465, lon=22.5684)
    make_initiative(town, "published", place=Place.WHOLE)
    cells = counted()[1]
    assert {(key, zoom) for key, zoom, _ in cells} == {
        (key, zoom) for key in ("", "p:new", "c:greenery") for zoom in queries.STORED_ZOOMS
    }
    assert set(cells.values()) == {(1, 51.2465, 22.5684)}


def test_a_point_is_summed_in_one_statement(town: Town) -> None:
    make_initiative(town, "published", lat=51.2465, lon=22.5684)
    told: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        told.append(statement)

    with writing():
        event.listen(db.engine, "before_cursor_execute", note)
        services.shift_cells(town.id, 51.2465, 22.5684, "new", "greenery", +1)
        event.remove(db.engine, "before_cursor_execute", note)
    assert len(told) == 1
    assert {(n, lat) for n, lat, _ in counted()[1].values()} == {(2, round(2 * 51.2465, 6))}


def test_counting_anew_leaves_other_towns_alone(town: Town, other_town: Town) -> None:
    make_initiative(other_town, "published")
    make_initiative(town, "published")
    with writing():
        services.rebuild_counts(town.id)
    with tenancy.within(other_town.id):
        assert queries.total(queries.Wanted()) == 1


@pytest.mark.parametrize(
    ("state", "key", "due"),
    [
        ("submitted", "check", "2026-03-04"),
        ("returned", "complete", "2026-03-09"),
        ("published", "assign", "2026-03-04"),
        ("purpose_study", "purpose", "2026-03-23"),
        ("feasibility_study", "feasibility", "2026-03-23"),
        ("recommendation", "decision", "2026-03-16"),
        ("disputed", "dispute", "2026-03-09"),
        ("appealed", "appeal", "2026-03-16"),
        ("assigned", None, None),
        ("adopted", None, None),
    ],
)
def test_each_state_starts_its_own_clock_and_stops_the_last(
    town: Town, frozen: Frozen, state: str, key: str | None, due: str | None
) -> None:
    frozen("2026-03-02 10:00")
    verb = next(m for m in Initiative.WORKFLOW.moves if state in m.targets and m.verb != "correct")
    source = next(s for s in verb.sources if s not in (state, "draft"))
    case = make_initiative(town, source, reviewers=2, sheets=True, wanted="A", allowed="B", tradeoff="C",
                           recommended="refused", returned_once=False)  # fmt: skip
    with writing():
        found = queries.case(case.id)
        move.run(services.system(found), found, verb.verb, target=state, note=WHY)
    clocks = content_queries.open_deadlines(*case.about)
    assert [(row.key, row.due_on.isoformat()) for row in clocks] == ([(key, due)] if key else [])


def test_a_delay_returns_on_its_day(
    town: Town, actor_as: ActorAs, frozen: Frozen, run_jobs: Callable[[], int]
) -> None:
    frozen("2026-03-02 10:00")
    case = make_initiative(town, "recommendation")
    day = case.local_today + timedelta(days=30)
    services.decide(actor_as("decision_maker"), case.id, "deferred", WHY, returns_on=day)
    planned = db.session.scalars(select(Job).where(Job.kind == "initiative.resume")).one()
    assert planned.due_at.isoformat() == "2026-03-31T22:00:00+00:00"
    run_jobs()
    assert queries.case(case.id).state == "deferred"
    frozen("2026-04-01 00:01")
    run_jobs()
    assert queries.case(case.id).state == "recommendation"


def test_an_uncompleted_case_is_reminded_and_then_lapses(
    town: Town, frozen: Frozen, run_jobs: Callable[[], int], outbox: Callable[[], list[Any]]
) -> None:
    frozen("2026-03-02 10:00")
    case = make_initiative(town, "returned")
    frozen("2026-03-05 07:59")  # The morning of the third working day has not come.
    run_jobs()
    assert outbox() == []
    frozen("2026-03-05 08:01")
    run_jobs()
    assert [notice.code for notice in outbox()] == ["initiative.complete_reminder"]
    assert queries.case(case.id).state == "returned"
    frozen("2026-03-10 00:01")
    run_jobs()
    assert queries.case(case.id).state == "lapsed"
    assert [notice.code for notice in outbox()][1:] == ["initiative.lapsed"]
    assert content_queries.open_deadlines(*case.about) == []


def test_a_late_clock_is_told_upwards_and_noted_for_the_office(
    town: Town,
    actor_as: ActorAs,
    frozen: Frozen,
    run_jobs: Callable[[], int],
    outbox: Callable[[], list[Any]],
) -> None:
    leader, head = actor_as("leader"), actor_as("decision_maker", is_head=True)
    actor_as("decision_maker")
    one, two = actor_as("reviewer"), actor_as("reviewer")
    frozen("2026-03-02 10:00")
    case = make_initiative(town, "purpose_study", reviewers=[one, two])
    told = []
    for moment in ("2026-03-20 12:00", "2026-03-24 00:01", "2026-03-31 00:01"):
        frozen(moment)
        run_jobs()
        new = [notice for notice in outbox() if notice.code == "initiative.deadline"][sum(map(len, told)) :]
        told.append({notice.user_id for notice in new})
    assert told == [{one.user_id, two.user_id}, {leader.user_id}, {head.user_id}]
    late = [s for s in content_queries.history(*case.about, tuple(Lane)) if s.verb == "late"]
    assert [(s.lane, s.internal_note) for s in late] == [(Lane.INTERNAL, "purpose")] * 2
    assert not [s for s in content_queries.history(*case.about, (Lane.PUBLIC,)) if s.verb == "late"]


def test_a_case_that_moved_on_rings_no_more(
    town: Town,
    actor_as: ActorAs,
    frozen: Frozen,
    run_jobs: Callable[[], int],
    outbox: Callable[[], list[Any]],
) -> None:
    frozen("2026-03-02 10:00")
    case = make_initiative(town, "submitted")
    services.hold(actor_as("reviewer"), case.id, WHY)
    frozen("2026-04-02 10:00")
    run_jobs()
    assert {notice.code for notice in outbox()} == {"initiative.held"}
