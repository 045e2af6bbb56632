"""Taking over: all or nothing, safe to repeat, further steps of a known number."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select

from initiatives import queries, services
from initiatives.formats.records import Code, ImportedInitiative, Problem, Step, problem
from initiatives.models import Initiative, Place
from initiatives.services import importing
from initiatives.services.importing import RefusedFile
from initiatives.states import WORKFLOW
from portal.content import queries as content_queries
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import NotAllowed
from portal.core.tenancy import Town
from portal.core.tokens import CaseCounter
from portal.core.workflow import Lane
from tests.factories.initiatives import make_initiative
from tests.initiatives.services.test_figures import assert_figures_are_true

ActorAs = Callable[..., Actor]
AT = datetime(2025, 5, 1, 9, tzinfo=UTC)
ITEM = ImportedInitiative(
    1, "A/1", "old", "Ławka przy szkole", AT, category_key="roads", lat=51.25, lon=22.56
)
OPEN = Step("Wpłynęło", "Drogi", AT)
ENDED = Step("Wykonano", "Drogi", AT, AT)
WRONG = problem(3, "title", Code.MISSING)


@pytest.fixture
def leader(actor_as: ActorAs) -> Actor:
    return actor_as("leader")


def stored() -> dict[str, Initiative]:
    db.session.rollback()
    return {row.external_number or "": row for row in db.session.scalars(select(Initiative))}


def taken(actor: Actor, *items: ImportedInitiative | Problem, **how: Any) -> importing.ImportReport:
    return services.take_over(actor, iter(items), **how)


@contextmanager
def refusing_to_write() -> Iterator[None]:
    """Whoever asks for the writers' turn inside fails."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("portal.core.usecase.writing", lambda: pytest.fail("Took the writers' turn."))
        patch.setattr("portal.core.db.writer_turn", lambda _: pytest.fail("Took the writers' turn."))
        yield


def told(report: importing.ImportReport) -> tuple[int, int, int, int]:
    return report.added, report.extended, report.unchanged, report.steps


def test_what_comes_in_is_public_numbered_and_counted(town: Town, leader: Actor) -> None:
    whole = replace(ITEM, external_number="A/2", lat=None, lon=None, done=True)
    street = replace(ITEM, external_number="A/3", lat=None, lon=None, address="Lipowa 3")
    assert told(taken(leader, ITEM, whole, street)) == (3, 0, 0, 0)
    rows = stored()
    assert [rows[f"A/{n}"].place for n in (1, 2, 3)] == [Place.POINT, Place.WHOLE, Place.ADDRESS]
    assert [rows[f"A/{n}"].state for n in (1, 2, 3)] == ["published", "done", "published"]
    assert [rows[f"A/{n}"].number for n in (1, 2, 3)] == [f"LUB-I-2025-000{n}" for n in (1, 2, 3)]
    assert (rows["A/1"].listed_at, rows["A/1"].submitted_at) == (AT, AT)
    assert (rows["A/2"].progress, rows["A/2"].outcome.value) == (100, "done")
    assert queries.total(queries.Wanted(category="roads")) == 3
    assert [cell[3] for cell in queries.map_data(queries.Wanted(), 8, (22, 51, 23, 52)).points] == [22.56]


def test_what_is_taken_over_promises_nothing_until_somebody_touches_it(
    town: Town, leader: Actor, actor_as: ActorAs
) -> None:
    taken(leader, ITEM, replace(ITEM, external_number="A/2", done=True))
    rows = stored()
    assert [str(rows[f"A/{n}"].present.help)[:11] for n in (1, 2)] == ["It was take", "It was ende"]
    lists = [queries.DeskFilter(tab) for tab in ("todo", "waiting", "imported", "done")]
    assert queries.work_counts(leader, lists) == (0, 0, 1, 1)
    lead, second = (actor_as("reviewer").user_id or 0 for _ in range(2))
    services.assign(leader, rows["A/1"].id, "Zieleń", lead, [lead, second])
    assert queries.case(rows["A/1"].id).present is WORKFLOW.state("assigned")
    assert queries.work_counts(leader, lists) == (0, 1, 0, 1)


def test_figures_of_what_is_taken_over_equal_counting_anew(town: Town, leader: Actor) -> None:
    taken(leader, replace(ITEM, steps=(OPEN,)), replace(ITEM, external_number="A/2", done=True))
    assert_figures_are_true(town)
    taken(leader, replace(ITEM, steps=(OPEN, ENDED)))
    assert_figures_are_true(town)


def test_the_same_file_again_changes_nothing(town: Town, leader: Actor) -> None:
    item = replace(ITEM, steps=(OPEN, ENDED))
    assert told(taken(leader, item)) == (1, 0, 0, 2)
    before = stored()["A/1"].number
    assert told(taken(leader, replace(item, title="Inaczej"))) == (0, 0, 1, 0)
    case = stored()["A/1"]
    assert (case.number, case.title) == (before, "Ławka przy szkole")
    assert len(content_queries.history(*case.about, (Lane.PUBLIC,))) == 2


def test_the_same_number_of_another_source_is_another_case(town: Town, leader: Actor) -> None:
    taken(leader, ITEM)
    assert told(taken(leader, replace(ITEM, source="other"))) == (1, 0, 0, 0)


def test_a_number_twice_in_one_file_is_one_case(
    town: Town, leader: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for size in (250, 1):
        monkeypatch.setattr(importing, "BATCH", size)
        number = f"B/{size}"
        item = replace(ITEM, external_number=number)
        assert told(taken(leader, item, item)) == (1, 0, 1, 0)


def test_a_second_file_adds_the_steps_it_knows(town: Town, leader: Actor) -> None:
    taken(leader, replace(ITEM, steps=(ENDED,), done=True, lat=None, lon=None))
    assert stored()["A/1"].state == "done"
    assert told(taken(leader, replace(ITEM, steps=(ENDED, OPEN)))) == (0, 1, 0, 1)
    case = stored()["A/1"]
    assert (case.state, case.phase, case.lat, case.place) == ("published", "new", 51.25, Place.POINT)
    notes = [step.note for step in content_queries.history(*case.about, (Lane.PUBLIC,))]
    assert notes == ["Wykonano – Drogi", "Wpłynęło – Drogi"]
    assert queries.total(queries.Wanted(phase="new")) == 1


def test_a_step_that_a_later_file_ends_is_open_no_more(town: Town, leader: Actor) -> None:
    taken(leader, replace(ITEM, steps=(OPEN,)))
    taken(leader, replace(ITEM, steps=(replace(OPEN, ended_at=AT),), done=True))
    assert stored()["A/1"].state == "done"


def test_a_case_the_team_has_touched_keeps_its_state(town: Town, actor_as: ActorAs, leader: Actor) -> None:
    taken(leader, ITEM)
    case = stored()["A/1"]
    services.transfer(leader, case.id, "Zarząd Dróg", "Nie nasze.")
    assert told(taken(leader, replace(ITEM, steps=(OPEN,)))) == (0, 1, 0, 1)
    assert stored()["A/1"].state == "transferred"


def test_a_file_with_an_error_is_refused_whole_and_read_to_its_end(town: Town, leader: Actor) -> None:
    again = problem(5, "number", Code.REPEATED, value="A/1")
    doubt = replace(ITEM, external_number="A/9", warnings=(problem(4, "place", Code.OUTSIDE, value="0"),))
    with pytest.raises(RefusedFile) as caught:
        taken(leader, ITEM, WRONG, doubt, again)
    report = caught.value.report
    assert (report.errors, report.warnings, len(report.problems)) == (2, 1, 3)
    assert stored() == {}
    assert db.session.scalar(select(func.count()).select_from(CaseCounter)) == 0


def test_an_error_after_a_stored_batch_takes_it_back(
    town: Town, leader: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 1)
    with pytest.raises(RefusedFile):
        taken(leader, ITEM, WRONG)
    assert stored() == {}


def test_a_warning_does_not_stop_a_file(town: Town, leader: Actor) -> None:
    report = taken(leader, problem(0, "", Code.UNKNOWN_COLUMNS, found="x"), ITEM)
    assert (report.added, report.warnings, report.errors) == (1, 1, 0)


def test_a_report_keeps_two_hundred_problems_and_counts_all(town: Town, leader: Actor) -> None:
    with pytest.raises(RefusedFile) as caught:
        taken(leader, *[WRONG] * 250)
    assert (len(caught.value.report.problems), caught.value.report.errors) == (importing.REPORTED, 250)


def test_a_check_tells_what_would_happen_and_writes_nothing(
    town: Town, leader: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 2)
    items = [replace(ITEM, external_number=f"A/{n}", steps=(OPEN,)) for n in range(5)]
    taken(leader, items[0], replace(items[1], steps=()))
    before = stored()
    with refusing_to_write():
        report = services.check(leader, iter(items))
    assert told(report) == (3, 1, 1, 4)
    assert stored().keys() == before.keys()
    assert queries.total(queries.Wanted()) == 2
    assert told(taken(leader, *items)) == told(report)


def test_a_check_names_every_error(town: Town, leader: Actor) -> None:
    report = services.check(leader, iter([ITEM, WRONG, ITEM, WRONG]))
    assert (report.errors, report.problems) == (2, [WRONG, WRONG])


def test_a_check_asks_for_the_right_to_import(town: Town, actor_as: ActorAs) -> None:
    with pytest.raises(NotAllowed):
        services.check(actor_as("reviewer"), iter([ITEM]))


def test_numbers_go_on_where_others_ended(town: Town, leader: Actor) -> None:
    taken(leader, ITEM)
    now = replace(ITEM, external_number="A/2", submitted_at=datetime.now(UTC))
    made = make_initiative(town).number or ""
    taken(leader, now)
    assert (stored()["A/2"].number or "").endswith("0002")
    assert made.endswith("0001")
    assert (make_initiative(town).number or "").endswith("0003")


def test_the_year_of_a_number_is_that_of_the_municipality(town: Town, leader: Actor) -> None:
    taken(leader, replace(ITEM, submitted_at=datetime(2024, 12, 31, 23, 30, tzinfo=UTC)))
    assert stored()["A/1"].number == "LUB-I-2025-0001"


def test_who_signed_in_long_ago_takes_nothing_over(town: Town, actor_as: ActorAs) -> None:
    for stranger in (actor_as("leader", fresh=False), actor_as("reviewer")):
        with pytest.raises(NotAllowed):
            taken(stranger, ITEM)
    assert stored() == {}
