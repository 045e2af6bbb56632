"""The sums behind the statistics: counting on with every step equals counting anew from all histories."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from initiatives import queries, services
from initiatives.counting import Part
from initiatives.models import Figure, Initiative, Place
from initiatives.services.figures import rebuild_figures
from initiatives.services.forgetting import erase_case
from portal.core import tenancy
from portal.core.actor import Actor
from portal.core.db import db, writing
from portal.core.tenancy import Town
from tests.factories.initiatives import TEXT, TITLE, make_initiative

ActorAs = Callable[..., Actor]
WHY = "Bo tak jest najlepiej."


def kept() -> dict[tuple[Any, ...], int]:
    """All sums that are not nothing."""
    columns = (Figure.part, Figure.month, Figure.key, Figure.what, Figure.bucket, Figure.n)
    return {tuple(row[:-1]): row[-1] for row in db.session.execute(select(*columns)) if row[-1]}


def assert_figures_are_true(town: Town) -> None:
    db.session.rollback()
    with tenancy.within(town.id):
        before = kept()
        with writing():
            rebuild_figures(town.id)
        db.session.expire_all()
        assert before == kept()
        assert before


def test_every_step_of_a_road_counts_as_all_of_it_does(town: Town, actor_as: ActorAs) -> None:
    author, leader, other = actor_as("resident"), actor_as("leader"), actor_as("leader")
    reviewer = actor_as("reviewer")
    make_initiative(town, "published")
    case = make_initiative(town, "submitted", author=author, reviewers=[leader, other], sheets=True)
    number, people = case.id, [leader.user_id or 0, other.user_id or 0]
    for act in (
        lambda: services.publish(reviewer, number),
        lambda: services.redact(
            reviewer, number, TITLE, TEXT, "", "roads", queries.case(number).version, WHY, district="Felin"
        ),
        lambda: services.assign(leader, number, "Drogi", people[0], people),
        lambda: services.start_study(leader, number, "start_purpose"),
        lambda: services.correct(leader, number, WHY),
        lambda: services.start_study(leader, number, "start_purpose"),
        lambda: services.withdraw(author, number, WHY),
    ):
        act()
        assert_figures_are_true(town)


def test_what_an_author_completes_is_counted_under_its_new_category(town: Town, actor_as: ActorAs) -> None:
    author, reviewer = actor_as("resident"), actor_as("reviewer")
    case = make_initiative(town, "submitted", author=author)
    services.send_back(reviewer, case.id, "- adres")
    found = queries.case(case.id)
    what = services.What(TITLE, TEXT, "parking")
    where = services.Where(Place.WHOLE, district="Rury")
    services.complete(author, case.id, what, where, found.version)
    with tenancy.within(town.id):
        assert {row[2] for row in kept() if row[0] is Part.DISTRICT} == {"Rury"}
        assert {row[2] for row in kept() if row[0] is Part.CATEGORY} == {"parking"}
    assert_figures_are_true(town)


def test_sums_stay_when_a_case_is_erased(town: Town) -> None:
    case = make_initiative(town, "held")
    with tenancy.within(town.id):
        before = kept()
        with writing():
            erase_case(queries.case(case.id))
        assert kept() == before
        assert db.session.get(Initiative, case.id) is None
