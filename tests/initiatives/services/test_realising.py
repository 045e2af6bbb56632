"""Realisation: reports, milestones and the share that is done."""

from collections.abc import Callable

import pytest

from initiatives import queries, services
from initiatives.models import Initiative, Outcome
from portal.content import queries as content_queries
from portal.core.actor import Actor
from portal.core.errors import Conflict, Invalid, Missing, NotAllowed
from portal.core.tenancy import Town
from portal.core.workflow import Lane
from tests.factories.initiatives import make_initiative

ActorAs = Callable[..., Actor]
WHY = "Ławka stoi."


@pytest.fixture
def lead(actor_as: ActorAs) -> Actor:
    return actor_as("leader")


def plan(lead: Actor, case: Initiative, title: str, share: int) -> int:
    services.set_milestone(lead, case.id, title, None, share, title)
    return queries.milestones(case.id)[-1].id


def test_what_is_finished_is_done_to_the_full(town: Town, lead: Actor) -> None:
    case, part = (make_initiative(town, "in_progress", lead=lead, progress=40) for _ in range(2))
    services.realise(lead, case.id, "finish", WHY, "done")
    services.realise(lead, part.id, "finish", WHY, "partly_done", progress=60)
    found, half = queries.case(case.id), queries.case(part.id)
    assert (found.state, found.progress, found.outcome) == ("done", 100, Outcome.DONE)
    assert (half.state, half.progress, half.outcome) == ("partly_done", 60, Outcome.PARTLY)


@pytest.mark.parametrize(("said", "kept"), [("refused", Outcome.REFUSED), ("", Outcome.UNNEEDED)])
def test_what_is_given_up_says_why_it_ended(town: Town, lead: Actor, said: str, kept: Outcome) -> None:
    case = make_initiative(town, "in_progress", lead=lead)
    services.realise(lead, case.id, "abandon", WHY, outcome=said)
    assert queries.case(case.id).outcome is kept


def test_work_taken_up_again_has_no_outcome(town: Town, lead: Actor) -> None:
    case = make_initiative(town, "disputed", lead=lead, outcome="done")
    services.realise(lead, case.id, "resume_work", "")
    found = queries.case(case.id)
    assert (found.state, found.outcome) == ("in_progress", Outcome.NONE)
    assert content_queries.open_deadlines(*case.about) == []


def test_a_share_stays_between_nothing_and_all(town: Town, lead: Actor) -> None:
    for typed, kept in ((-5, 0), (250, 100), (30, 30)):
        case = make_initiative(town, "planned", lead=lead)
        services.realise(lead, case.id, "start", "", progress=typed)
        assert queries.case(case.id).progress == kept


def test_a_report_is_one_of_the_realisation(town: Town, lead: Actor) -> None:
    case = make_initiative(town, "in_progress", lead=lead)
    for verb in ("withdraw", "correct", "confirm", ""):
        with pytest.raises(Missing):
            services.realise(lead, case.id, verb, WHY)
    with pytest.raises(Conflict):
        services.realise(lead, case.id, "plan", WHY)
    with pytest.raises(Invalid):
        services.realise(lead, case.id, "finish", " ", "done")
    assert queries.case(case.id).state == "in_progress"


def test_only_the_assigned_report(town: Town, actor_as: ActorAs, lead: Actor) -> None:
    case = make_initiative(town, "in_progress", lead=lead)
    number = plan(lead, case, "Fundament", 30)
    other = actor_as("leader")
    for act in (
        lambda: services.realise(other, case.id, "finish", WHY, "done"),
        lambda: services.set_milestone(other, case.id, "Ławka", None, 50, "k"),
        lambda: services.reach_milestone(other, case.id, number),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_a_milestone_is_reached_once_and_never_takes_progress_back(town: Town, lead: Actor) -> None:
    case = make_initiative(town, "in_progress", lead=lead)
    small, large = plan(lead, case, "Fundament", 30), plan(lead, case, "Ławka", 80)
    for number in (large, small, small):
        services.reach_milestone(lead, case.id, number)
    assert queries.case(case.id).progress == 80
    assert [row.done_on for row in queries.milestones(case.id)] == [case.local_today] * 2
    told = [s.note for s in content_queries.history(*case.about, (Lane.PUBLIC,)) if s.verb == "milestone"]
    assert told == ["Ławka", "Fundament"]


def test_a_milestone_has_a_name_and_a_share_of_the_whole(town: Town, lead: Actor) -> None:
    case = make_initiative(town, "in_progress", lead=lead)
    with pytest.raises(Invalid) as caught:
        services.set_milestone(lead, case.id, " ", None, 10, "k")
    assert "title" in caught.value.fields
    for typed in (-1, 101):
        plan(lead, case, f" Krok {typed} ", typed)
    assert [(row.title, row.share) for row in queries.milestones(case.id)] == [
        ("Krok -1", 0),
        ("Krok 101", 100),
    ]


def test_a_milestone_of_another_case_is_not_there(town: Town, lead: Actor) -> None:
    case, other = (make_initiative(town, "in_progress", lead=lead) for _ in range(2))
    number = plan(lead, other, "Fundament", 30)
    with pytest.raises(Missing):
        services.reach_milestone(lead, case.id, number)
    assert queries.milestones(other.id)[0].done_on is None


def test_milestones_end_with_the_work(town: Town, lead: Actor) -> None:
    for state in ("recommendation", "confirmed", "abandoned"):
        case = make_initiative(town, state, lead=lead)
        with pytest.raises(Conflict):
            services.set_milestone(lead, case.id, "Ławka", None, 50, "k")
