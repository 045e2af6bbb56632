"""Everybody's acts on a public initiative, each counted once per person."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from initiatives import queries, services
from initiatives.models import Initiative, Support
from portal.content import queries as content_queries
from portal.content import services as content_services
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import Invalid, Missing, NotAllowed
from portal.core.tenancy import Town
from portal.core.workflow import Lane
from tests.factories.initiatives import make_initiative

ActorAs = Callable[..., Actor]


def counts(case: Initiative) -> tuple[int, int]:
    found = queries.case(case.id)
    return found.support_count, found.comment_count


def test_support_counts_once_per_person(town: Town, actor_as: ActorAs) -> None:
    case, ewa, jan = make_initiative(town), actor_as("resident"), actor_as("resident")
    assert [services.support(who, case.id) for who in (ewa, ewa, jan)] == [True, False, True]
    assert counts(case) == (2, 0)
    assert len(db.session.scalars(select(Support)).all()) == 2


def test_support_is_taken_back_once(town: Town, actor_as: ActorAs) -> None:
    case, ewa, jan = make_initiative(town), actor_as("resident"), actor_as("resident")
    services.support(ewa, case.id)
    services.support(jan, case.id)
    for _ in range(2):
        services.unsupport(ewa, case.id)
    assert counts(case) == (1, 0)
    assert queries.supports(case.id, content_services.person_of_user(jan.user_id or 0))
    assert not queries.supports(case.id, content_services.person_of_user(ewa.user_id or 0))


def test_what_is_not_public_is_not_there(town: Town, actor_as: ActorAs) -> None:
    case, ewa = make_initiative(town, "submitted"), actor_as("resident")
    for act in (
        lambda: services.support(ewa, case.id),
        lambda: services.unsupport(ewa, case.id),
        lambda: services.follow(ewa, case.id, "pl"),
        lambda: services.report(ewa, case.id, "Nazwisko.", "k"),
    ):
        with pytest.raises(Missing):
            act()
    assert counts(case) == (0, 0)


def test_a_case_of_another_town_is_not_there(town: Town, other_town: Town, actor_as: ActorAs) -> None:
    case = make_initiative(other_town)
    with pytest.raises(Missing):
        services.support(actor_as("resident"), case.id)


def test_a_visitor_is_told_that_signing_in_would_help(town: Town, actor_as: ActorAs) -> None:
    case = make_initiative(town)
    with pytest.raises(NotAllowed) as caught:
        services.support(actor_as("visitor"), case.id)
    assert caught.value.would_help == "sign-in"


def test_following_twice_is_following_once(town: Town, actor_as: ActorAs) -> None:
    case, ewa = make_initiative(town), actor_as("resident")
    for _ in range(2):
        services.follow(ewa, case.id, "cs")
    (row,) = content_queries.followers(*case.about)
    assert (row.user_id, row.locale) == (ewa.user_id, "cs")
    services.unfollow(ewa, case.id)
    assert content_queries.followers(*case.about) == []


def test_a_report_reaches_the_leaders_once_and_no_reader(
    town: Town, actor_as: ActorAs, outbox: Callable[[], list[Any]]
) -> None:
    leader, ewa = actor_as("leader"), actor_as("resident")
    case = make_initiative(town)
    for _ in range(2):
        services.report(ewa, case.id, "Stoi tam nazwisko.", "k")
    (step,) = [s for s in content_queries.history(*case.about, tuple(Lane)) if s.verb == "report"]
    assert (step.lane, step.internal_note, step.note) == (Lane.INTERNAL, "Stoi tam nazwisko.", "")
    told = [notice for notice in outbox() if notice.code == "initiative.reported"]
    assert [notice.user_id for notice in told] == [leader.user_id]


def test_a_report_says_what_is_wrong(town: Town, actor_as: ActorAs) -> None:
    with pytest.raises(Invalid):
        services.report(actor_as("resident"), make_initiative(town).id, "  ", "k")
