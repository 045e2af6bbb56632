"""Who may do what to an initiative, asked of the real table."""

from collections.abc import Callable

import pytest

from initiatives import queries, services
from initiatives.models import Audience, Initiative
from portal.core.actor import Actor, acting
from portal.core.policy import can
from portal.core.tenancy import Town
from tests.factories.initiatives import make_initiative

ActorAs = Callable[..., Actor]
DESK_ACTS = (
    "initiative.desk",
    "initiative.note",
    "initiative.contact",
    "initiative.moderate",
    "initiative.assign",
    "initiative.recommend",
)


def seen_by(actor: Actor, case: Initiative) -> Initiative:
    """The case as the request of this actor reads it."""
    with acting(actor):
        return queries.case(case.id)


def test_an_author_is_known_by_account_or_by_an_opened_case(town: Town, actor_as: ActorAs) -> None:
    key = "initiative.own"
    author = actor_as("resident")
    case = make_initiative(town, "submitted", author=author)
    other = make_initiative(town, "submitted")
    holder = Actor(municipality_id=town.id, cases=frozenset({("initiative", other.id)}))
    assert can(author, key, seen_by(author, case))
    assert not can(author, key, seen_by(author, other))
    assert can(holder, key, seen_by(holder, other))
    assert not can(holder, key, seen_by(holder, case))


def test_a_case_of_another_kind_with_the_same_id_opens_nothing(town: Town) -> None:
    case = make_initiative(town, "submitted")
    holder = Actor(municipality_id=town.id, cases=frozenset({("survey", case.id)}))
    assert not can(holder, "initiative.own", seen_by(holder, case))


def test_a_visitor_is_not_the_author_of_a_case_without_account(town: Town) -> None:
    case = make_initiative(town, "submitted")
    nobody = Actor(municipality_id=town.id)
    assert case.author_user_id is None
    assert not can(nobody, "initiative.own", seen_by(nobody, case))


def test_an_operator_acts_for_the_caller_of_own_cases(town: Town, actor_as: ActorAs) -> None:
    operator = actor_as("operator")
    own = seen_by(operator, make_initiative(town, "submitted", taken_by_user_id=operator.user_id))
    other = seen_by(operator, make_initiative(town, "submitted"))
    for key in ("initiative.own", "initiative.desk", "initiative.contact", "initiative.note"):
        assert can(operator, key, own)
        assert not can(operator, key, other)
    assert not can(operator, "initiative.moderate", own)


@pytest.mark.parametrize("key", DESK_ACTS)
def test_a_leader_who_supports_has_no_desk_for_the_case(town: Town, actor_as: ActorAs, key: str) -> None:
    leader = actor_as("leader")
    case = make_initiative(town)
    assert can(leader, key, seen_by(leader, case))
    services.support(leader, case.id)
    assert not can(leader, key, seen_by(leader, case))
    services.unsupport(leader, case.id)
    assert can(leader, key, seen_by(leader, case))


def test_nobody_studies_a_case_they_are_not_assigned_to(town: Town, actor_as: ActorAs) -> None:
    inside, outside, lead = actor_as("reviewer"), actor_as("reviewer"), actor_as("leader")
    case = make_initiative(town, "purpose_study", reviewers=[inside, actor_as("reviewer")], lead=lead)
    assert can(inside, "initiative.assess", seen_by(inside, case))
    assert can(lead, "initiative.assess", seen_by(lead, case))
    assert not can(outside, "initiative.assess", seen_by(outside, case))
    assert not can(actor_as("leader"), "initiative.assess", seen_by(outside, case))


@pytest.mark.parametrize(("state", "open_"), [("recommendation", True), ("adopted", False)])
@pytest.mark.parametrize("role", ["steering", "expert"])
def test_groups_see_what_waits_for_a_decision(
    town: Town, actor_as: ActorAs, role: str, state: str, *, open_: bool
) -> None:
    member = actor_as(role)
    assert bool(can(member, "initiative.desk", seen_by(member, make_initiative(town, state)))) is open_


@pytest.mark.parametrize("role", ["steering", "expert"])
def test_groups_never_see_what_is_handled_without_publication(
    town: Town, actor_as: ActorAs, role: str
) -> None:
    member = actor_as(role)
    case = make_initiative(town, "recommendation", audience=Audience.TEAM, listed_at=None)
    assert not can(member, "initiative.desk", seen_by(member, case))
    assert queries.work_counts(member, [queries.DeskFilter(tab="all")]) == (0,)


def test_who_refused_decides_no_appeal_but_may_correct_the_decision(town: Town, actor_as: ActorAs) -> None:
    one, other = actor_as("decision_maker"), actor_as("decision_maker")
    case = make_initiative(town, "appealed", decided_by_user_id=one.user_id)
    assert not can(one, "initiative.decide_appeal", seen_by(one, case))
    assert can(other, "initiative.decide_appeal", seen_by(other, case))
    assert can(one, "initiative.correct", seen_by(one, case))
    assert not can(other, "initiative.correct", seen_by(other, case))


@pytest.mark.parametrize("role", ["leader", "admin"])
def test_taking_over_a_file_asks_for_a_fresh_sign_in(town: Town, actor_as: ActorAs, role: str) -> None:
    assert can(actor_as(role), "initiative.import")
    assert can(actor_as(role, fresh=False), "initiative.import").would_help == "sign-in-again"
    assert not can(actor_as("reviewer"), "initiative.import")


def test_team_of_another_town_has_no_say(town: Town, other_town: Town, actor_as: ActorAs) -> None:
    foreign = actor_as("leader", other_town)
    case = seen_by(foreign, make_initiative(town))
    assert not [key for key in DESK_ACTS if can(foreign, key, case)]
