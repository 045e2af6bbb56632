"""Decisions and answers to appeals: what is kept of them, and the words each verdict needs."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from initiatives import queries, services
from initiatives.models import Initiative, Outcome
from portal.core.actor import Actor
from portal.core.errors import Conflict, Invalid, NotAllowed
from portal.core.tenancy import Town
from portal.notify.values import unpack
from tests.factories.initiatives import make_initiative

ActorAs = Callable[..., Actor]
WHY = "Bo tak jest najlepiej."


@pytest.fixture
def maker(actor_as: ActorAs) -> Actor:
    return actor_as("decision_maker")


def waiting(town: Town, **values: Any) -> Initiative:
    return make_initiative(town, "recommendation", **values)


def test_a_decision_is_kept_as_it_was_published(town: Town, maker: Actor) -> None:
    case = waiting(town)
    services.decide(maker, case.id, "partly_adopted", f" {WHY} ", " Bez oparcia. ")
    (row,) = queries.decisions(case.id)
    assert (row.verdict, row.reasons, row.left_out, row.user_id) == (
        "partly_adopted",
        WHY,
        "Bez oparcia.",
        maker.user_id,
    )
    assert (row.on_appeal, row.returns_on) == (False, None)
    assert queries.case(case.id).decided_by_user_id == maker.user_id


def test_a_refusal_may_be_appealed_for_seven_days(
    town: Town, maker: Actor, frozen: Callable[[str], None]
) -> None:
    # Shortly before midnight in Lublin the day is another one than in UTC an hour later.
    frozen("2026-03-02 23:30")
    case = waiting(town)
    services.decide(maker, case.id, "refused", WHY)
    found = queries.case(case.id)
    assert found.appeal_until is not None
    assert (found.appeal_until.isoformat(), found.outcome) == ("2026-03-09", Outcome.REFUSED)


@pytest.mark.parametrize("appeal", [False, True])
def test_part_and_delay_need_their_words(town: Town, maker: Actor, *, appeal: bool) -> None:
    case = make_initiative(town, "appealed" if appeal else "recommendation")
    act = services.decide_appeal if appeal else services.decide
    for verdict, more, field in (
        ("partly_adopted", {"left_out": "  "}, "left_out"),
        ("deferred", {}, "returns_on"),
        ("deferred", {"returns_on": case.local_today}, "returns_on"),
    ):
        with pytest.raises(Invalid) as caught:
            act(maker, case.id, verdict, WHY, **more)
        assert set(caught.value.fields) == {field}
    assert queries.decisions(case.id) == []


def test_a_decision_without_reasons_or_verdict_is_none(town: Town, maker: Actor) -> None:
    case = waiting(town)
    for verdict, reasons in (("adopted", " "), ("planned", WHY), ("", WHY)):
        with pytest.raises(Invalid):
            services.decide(maker, case.id, verdict, reasons)
    found = queries.case(case.id)
    assert (found.state, found.decided_by_user_id, queries.decisions(case.id)) == ("recommendation", None, [])


def test_a_delay_names_its_day_and_another_verdict_forgets_it(town: Town, maker: Actor) -> None:
    case = waiting(town)
    day = case.local_today + timedelta(days=30)
    services.decide(maker, case.id, "deferred", WHY, returns_on=day)
    assert queries.case(case.id).returns_on == day
    other = waiting(town, returns_on=day)
    services.decide(maker, other.id, "adopted", WHY, returns_on=day)
    assert queries.case(other.id).returns_on is None
    assert queries.decisions(other.id)[0].returns_on is None


def test_a_decision_needs_both_studies(town: Town, maker: Actor) -> None:
    case = waiting(town, sheets=False)
    with pytest.raises(Invalid):
        services.decide(maker, case.id, "adopted", WHY)
    assert queries.case(case.id).state == "recommendation"


def test_a_case_is_decided_once(town: Town, actor_as: ActorAs, maker: Actor) -> None:
    case = waiting(town)
    services.decide(maker, case.id, "adopted", WHY)
    with pytest.raises(Conflict):
        services.decide(actor_as("decision_maker"), case.id, "refused", WHY)
    assert len(queries.decisions(case.id)) == 1


def test_who_supports_it_does_not_decide(town: Town, maker: Actor) -> None:
    case = waiting(town)
    services.support(maker, case.id)
    from portal.core.actor import acting

    with acting(maker), pytest.raises(NotAllowed):
        services.decide(maker, case.id, "adopted", WHY)


def test_an_upheld_refusal_stands_for_good(town: Town, actor_as: ActorAs, maker: Actor) -> None:
    author = actor_as("resident")
    case = make_initiative(town, "refused", author=author, decided_by_user_id=maker.user_id)
    services.appeal(author, case.id, "Nie zgadzam się.")
    with pytest.raises(NotAllowed):
        services.decide_appeal(maker, case.id, "refused", WHY)
    services.decide_appeal(actor_as("decision_maker"), case.id, "refused", WHY)
    found = queries.case(case.id)
    assert (found.state, found.appeal_until, found.outcome) == ("refused", None, Outcome.REFUSED)
    assert queries.decisions(case.id)[0].on_appeal is True
    with pytest.raises(Invalid):
        services.appeal(author, case.id, "Jeszcze raz.")


def test_a_reversed_refusal_is_no_outcome_any_more(town: Town, maker: Actor) -> None:
    case = make_initiative(town, "appealed", outcome="refused")
    services.decide_appeal(maker, case.id, "adopted", WHY)
    found = queries.case(case.id)
    assert (found.state, found.phase, found.outcome) == ("adopted", "building", Outcome.NONE)


def test_the_message_of_a_decision_in_part_says_what_is_left_out(
    town: Town, maker: Actor, outbox: Callable[[], list[Any]]
) -> None:
    case = waiting(town)
    services.decide(maker, case.id, "partly_adopted", WHY, "Bez oparcia.")
    (told,) = [notice for notice in outbox() if notice.code == "initiative.decided"]
    values = unpack(told.values)["values"]
    assert (values["left_out"], values["note"]) == ("Bez oparcia.", WHY)
