"""Decisions under embargo: prepared, changed, timed, published at one moment; what changed meanwhile is left."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from initiatives import queries, services
from initiatives.models import Batch, BatchState, Done, Initiative
from portal.core import clock, jobs
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import Conflict, Invalid, NotAllowed
from portal.core.tenancy import Town
from portal.notify.values import unpack
from tests.factories.initiatives import make_initiative

ActorAs = Callable[..., Actor]
WHY = "Bo tak jest najlepiej."


@pytest.fixture
def maker(actor_as: ActorAs) -> Actor:
    return actor_as("decision_maker")


@pytest.fixture
def case(town: Town) -> Initiative:
    return make_initiative(town, "recommendation")


def begin(maker: Actor, *cases: Initiative, verdict: str = "adopted", **values: Any) -> int:
    batch_id = services.start_batch(maker, "Sesja majowa", "k")
    for case in cases:
        services.prepare_decision(maker, case.id, batch_id, verdict, WHY, version=case.version, **values)
    return batch_id


def at(batch_id: int) -> Batch:
    db.session.expire_all()
    return queries.batch(batch_id)


def outcomes(batch_id: int) -> list[Done]:
    db.session.expire_all()
    return [item.outcome for item, _case in queries.batch_items(batch_id)]


def test_a_batch_is_begun_once(maker: Actor) -> None:
    assert begin(maker) == begin(maker)
    with pytest.raises(Invalid):
        services.start_batch(maker, " ", "k2")


def test_only_decision_makers_prepare(town: Town, actor_as: ActorAs, maker: Actor, case: Initiative) -> None:
    batch_id = begin(maker)
    for role in ("leader", "reviewer", "admin", "steering"):
        with pytest.raises(NotAllowed):
            services.prepare_decision(actor_as(role), case.id, batch_id, "adopted", WHY, version=1)
        with pytest.raises(NotAllowed):
            services.release_batch(actor_as(role), batch_id, 1)


@pytest.mark.parametrize(
    ("verdict", "values", "field"),
    [
        ("", {}, "verdict"),
        ("adopted", {"reasons": " "}, "note"),
        ("partly_adopted", {}, "left_out"),
        ("deferred", {}, "returns_on"),
    ],
)
def test_a_prepared_decision_says_what_a_single_one_says(
    maker: Actor, case: Initiative, verdict: str, values: dict[str, Any], field: str
) -> None:
    batch_id = begin(maker)
    with pytest.raises(Invalid) as caught:
        services.prepare_decision(
            maker, case.id, batch_id, verdict, values.get("reasons", WHY), version=case.version
        )
    assert set(caught.value.fields) == {field}


def test_of_two_who_prepare_the_same_the_second_gets_both_texts(
    maker: Actor, actor_as: ActorAs, case: Initiative
) -> None:
    batch_id = begin(maker, case)
    other = actor_as("decision_maker")
    with pytest.raises(Conflict) as caught:
        services.prepare_decision(other, case.id, batch_id, "refused", "Nie.", version=case.version)
    assert caught.value.theirs.reasons == WHY
    services.prepare_decision(
        other, case.id, batch_id, "refused", "Nie.", version=case.version, item_version=1
    )
    ((item, _case),) = queries.batch_items(batch_id)
    assert (item.verdict, item.user_id, item.version) == ("refused", other.user_id, 2)


def test_a_case_lies_in_one_batch(maker: Actor, case: Initiative) -> None:
    first = begin(maker, case)
    second = services.start_batch(maker, "Druga", "k2")
    with pytest.raises(Conflict):
        services.prepare_decision(maker, case.id, second, "adopted", WHY, version=case.version)
    assert [row[0].id for row in queries.awaiting_decision(maker)] == []
    services.drop_decision(maker, first, case.id)
    assert [row[0].id for row in queries.awaiting_decision(maker)] == [case.id]
    services.prepare_decision(maker, case.id, second, "adopted", WHY, version=case.version)


def test_what_was_prepared_is_published_at_its_moment(
    town: Town, maker: Actor, frozen: Callable[[str], None], run_jobs: Callable[[], int]
) -> None:
    frozen("2026-03-02 10:00")
    cases = [make_initiative(town, "recommendation") for _ in range(2)]
    batch_id = begin(maker, *cases)
    end = clock.now() + timedelta(hours=2)
    services.time_batch(maker, batch_id, end, 1)
    run_jobs()
    assert at(batch_id).state is BatchState.TIMED
    assert [queries.case(case.id).state for case in cases] == ["recommendation"] * 2
    frozen("2026-03-02 12:01")
    run_jobs()
    assert at(batch_id).state is BatchState.PUBLISHED
    assert [queries.case(case.id).state for case in cases] == ["adopted"] * 2
    decision = queries.decisions(cases[0].id)[0]
    assert (decision.reasons, decision.user_id) == (WHY, maker.user_id)
    assert outcomes(batch_id) == [Done.MOVED] * 2


def test_a_moved_or_cancelled_embargo_publishes_nothing_and_is_logged(
    maker: Actor, case: Initiative, frozen: Callable[[str], None], run_jobs: Callable[[], int]
) -> None:
    frozen("2026-03-02 10:00")
    batch_id = begin(maker, case)
    noon = clock.now() + timedelta(hours=2)
    services.time_batch(maker, batch_id, noon, 1)
    services.time_batch(maker, batch_id, noon + timedelta(days=1), 2)
    frozen("2026-03-02 13:00")
    run_jobs()
    assert queries.case(case.id).state == "recommendation"
    services.time_batch(maker, batch_id, None, 3)
    frozen("2026-03-03 13:00")
    run_jobs()
    assert at(batch_id).state is BatchState.OPEN
    services.cancel_batch(maker, batch_id, 4)
    assert [row["what"] for row in at(batch_id).log] == ["begun", "timed", "moved", "untimed", "cancelled"]
    assert at(batch_id).log[2]["before"] < at(batch_id).log[2]["after"]
    assert queries.case(case.id).state == "recommendation"
    for act in (
        lambda: services.cancel_batch(maker, batch_id, 5),
        lambda: services.release_batch(maker, batch_id, 5),
        lambda: services.prepare_decision(maker, case.id, batch_id, "adopted", WHY, version=case.version),
        lambda: services.drop_decision(maker, batch_id, case.id),
    ):
        with pytest.raises(Conflict):
            act()
    # The case is free for another batch.
    assert [row[0].id for row in queries.awaiting_decision(maker)] == [case.id]


def test_a_case_that_changed_is_left_and_named(
    town: Town, maker: Actor, actor_as: ActorAs, case: Initiative
) -> None:
    other = make_initiative(town, "recommendation")
    batch_id = begin(maker, case, other)
    services.decide(actor_as("decision_maker"), case.id, "refused", "Nie teraz.")
    services.release_batch(maker, batch_id, 1)
    assert services.work_batch(batch_id, 5)
    assert outcomes(batch_id) == [Done.LEFT, Done.MOVED]
    assert queries.case(case.id).state == "refused"
    ((item, _case), _other) = queries.batch_items(batch_id)
    assert "changed it meanwhile" in str(unpack(item.why)["why"])


def test_a_decision_of_somebody_who_left_is_left(
    town: Town, maker: Actor, actor_as: ActorAs, case: Initiative, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_id = begin(maker, case)
    services.release_batch(maker, batch_id, 1)
    monkeypatch.setattr("portal.accounts.queries.actor_of", lambda *_args: None)
    assert services.work_batch(batch_id, 5)
    assert outcomes(batch_id) == [Done.LEFT]
    assert queries.case(case.id).state == "recommendation"


def test_what_a_request_leaves_a_job_does(
    maker: Actor, case: Initiative, run_jobs: Callable[[], int]
) -> None:
    batch_id = begin(maker, case)
    services.release_batch(maker, batch_id, 1)
    assert not services.work_batch(batch_id, -1)
    assert services.work_batch(batch_id, 5)
    run_jobs()
    assert outcomes(batch_id) == [Done.MOVED]
    assert not services.release_due(batch_id, clock.now())


def test_a_moment_lies_ahead_and_before_the_day_of_return(maker: Actor, case: Initiative) -> None:
    now = clock.now()
    empty = services.start_batch(maker, "Pusta", "k9")
    with pytest.raises(Invalid):
        services.time_batch(maker, empty, now + timedelta(hours=1), 1)
    with pytest.raises(Invalid):
        services.release_batch(maker, empty, 1)
    day = case.local_today + timedelta(days=5)
    batch_id = begin(maker, case, verdict="deferred", returns_on=day)
    for wrong in (now, now + timedelta(days=200), now + timedelta(days=6)):
        with pytest.raises(Invalid):
            services.time_batch(maker, batch_id, wrong, 1)
    services.time_batch(maker, batch_id, now + timedelta(days=1), 1)
    with pytest.raises(Conflict):
        services.time_batch(maker, batch_id, now + timedelta(days=2), 1)


def test_a_job_of_a_batch_says_nothing_about_it(maker: Actor, case: Initiative) -> None:
    batch_id = begin(maker, case)
    services.time_batch(maker, batch_id, clock.now() + timedelta(hours=1), 1)
    rows = db.session.query(jobs.Job).where(jobs.Job.kind == "initiative.batch").all()
    assert [WHY in row.payload_sealed for row in rows] == [False]
