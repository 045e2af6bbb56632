"""The steering group's agenda: marks for meetings, opinions with votes."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from initiatives import queries, services
from initiatives.models import Initiative
from portal.core.actor import Actor
from portal.core.errors import Conflict, Invalid, NotAllowed
from portal.core.tenancy import Town
from tests.factories.initiatives import make_initiative

ActorAs = Callable[..., Actor]


@pytest.fixture
def leader(actor_as: ActorAs) -> Actor:
    return actor_as("leader")


@pytest.fixture
def case(town: Town) -> Initiative:
    return make_initiative(town, "recommendation")


def test_a_mark_moves_until_the_group_has_spoken(leader: Actor, case: Initiative) -> None:
    today = case.local_today
    services.put_on_agenda(leader, case.id, today + timedelta(days=7), 0)
    services.put_on_agenda(leader, case.id, today, 1)
    services.put_on_agenda(leader, case.id, today, 2)  # A double click changes nothing.
    (item,) = queries.opinions(case.id)
    assert (item.session_on, item.version) == (today, 2)
    services.note_opinion(leader, case.id, " Popieramy. ", (9, 1, None), 2)
    services.put_on_agenda(leader, case.id, today + timedelta(days=30), 3)
    second, first = queries.opinions(case.id)
    assert (first.opinion, first.votes_for, first.votes_abstained) == ("Popieramy.", 9, None)
    assert second.opinion == ""
    services.take_off_agenda(leader, case.id, 1)
    with pytest.raises(Conflict):
        services.take_off_agenda(leader, case.id, 3)


def test_opinions_come_after_the_meeting(leader: Actor, case: Initiative) -> None:
    with pytest.raises(Conflict):
        services.note_opinion(leader, case.id, "Tak.", (None, None, None), 0)
    services.put_on_agenda(leader, case.id, case.local_today + timedelta(days=1), 0)
    with pytest.raises(Invalid):
        services.note_opinion(leader, case.id, "Tak.", (None, None, None), 1)
    services.put_on_agenda(leader, case.id, case.local_today, 1)
    for opinion, votes in ((" ", (1, 1, 1)), ("Tak.", (-1, 0, 0)), ("Tak.", (501, 0, 0))):
        with pytest.raises(Invalid):
            services.note_opinion(leader, case.id, opinion, votes, 2)
    with pytest.raises(Conflict):
        services.note_opinion(leader, case.id, "Tak.", (1, 1, 1), 1)


def test_days_lie_ahead_and_cases_await_a_decision(town: Town, leader: Actor, case: Initiative) -> None:
    for days in (-1, 200):
        with pytest.raises(Invalid):
            services.put_on_agenda(leader, case.id, case.local_today + timedelta(days=days), 0)
    with pytest.raises(Conflict):
        services.put_on_agenda(leader, make_initiative(town, "adopted").id, case.local_today, 0)


@pytest.mark.parametrize("role", ["reviewer", "decision_maker", "steering"])
def test_leaders_keep_the_agenda(actor_as: ActorAs, case: Initiative, role: str) -> None:
    with pytest.raises(NotAllowed):
        services.put_on_agenda(actor_as(role), case.id, case.local_today, 0)
