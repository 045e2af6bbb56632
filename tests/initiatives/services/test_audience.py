"""A case handled without publication, and its way into the open."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from initiatives import queries, rules, services
from initiatives.models import Audience, Count, Figure, Initiative, MapCell
from portal.api.models import WebhookDelivery
from portal.content import queries as content
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import Conflict, Invalid, Missing, NotAllowed
from portal.core.tenancy import Town
from portal.core.workflow import Lane
from portal.search import queries as search
from tests.factories.initiatives import make_initiative

ActorAs = Callable[..., Actor]


@pytest.fixture
def author(actor_as: ActorAs) -> Actor:
    return actor_as("resident")


@pytest.fixture
def withheld(town: Town, author: Actor) -> Initiative:
    """A case that waits for its check, to be handled without publication."""
    case = make_initiative(town, "submitted", author=author)
    services.choose_audience(author, case.id, withheld=True)
    return queries.case(case.id)


def sums(town: Town) -> tuple[list[object], ...]:
    """All that is kept of the municipality for lists, maps and figures, but for rows that are nought."""
    db.session.expire_all()
    return (
        sorted((r.state, r.category, r.outcome, r.n) for r in db.session.scalars(select(Count)) if r.n),
        sorted((r.filter, r.zoom, r.cell, r.n) for r in db.session.scalars(select(MapCell)) if r.n),
        sorted(
            (r.part, r.month, r.key, r.what, r.bucket, r.n) for r in db.session.scalars(select(Figure)) if r.n
        ),
    )


def test_it_goes_the_whole_way_and_the_public_learns_nothing(
    town: Town, withheld: Initiative, actor_as: ActorAs
) -> None:
    services.publish(actor_as("reviewer"), withheld.id, "")
    case = queries.case(withheld.id)
    assert (case.state, case.is_public, str(case.present.label)) == ("published", False, "checked")
    assert sums(town) == ([], [], [])
    assert queries.listing(queries.Wanted(), None).items == ()
    assert search.count("ławka", town.id) == 0
    assert db.session.scalars(select(WebhookDelivery)).all() == []
    with pytest.raises(Missing):
        services.support(actor_as("resident"), withheld.id)


def test_its_author_asks_to_publish_it_and_a_moderator_does(
    town: Town, withheld: Initiative, author: Actor, actor_as: ActorAs
) -> None:
    reviewer = actor_as("reviewer")
    mark = queries.settings_mark(queries.office(), "support")
    services.save_support(actor_as("leader"), town.id, None, {}, 30, mark)
    services.publish(reviewer, withheld.id, "")
    with pytest.raises(Conflict):
        services.publish_withheld(reviewer, withheld.id, "")
    assert queries.case(withheld.id).support_until is None
    services.choose_audience(author, withheld.id, withheld=False)
    assert queries.case(withheld.id).audience is Audience.ASKED
    assert not queries.case(withheld.id).is_public
    services.publish_withheld(reviewer, withheld.id, "Miło nam.")
    case = queries.case(withheld.id)
    assert case.is_public
    assert case.support_until == case.local_today + timedelta(days=30)
    assert content.history(*case.about, (Lane.PUBLIC,))[-1].verb == "open"
    kept = sums(town)
    assert [state for state, *_ in kept[0]] == ["published"]
    services.rebuild_counts(town.id)
    db.session.commit()
    assert sums(town) == kept


def test_before_the_check_the_author_decides_alone(town: Town, withheld: Initiative, author: Actor) -> None:
    services.choose_audience(author, withheld.id, withheld=False)
    assert queries.case(withheld.id).audience is Audience.EVERYBODY
    kept = sums(town)
    services.choose_audience(author, withheld.id, withheld=True)
    services.choose_audience(author, withheld.id, withheld=False)
    assert sums(town) == kept
    services.rebuild_counts(town.id)
    db.session.commit()
    assert sums(town) == kept


def test_what_is_public_stays_so(town: Town, author: Actor) -> None:
    case = make_initiative(town, "published", author=author)
    with pytest.raises(Conflict) as caught:
        services.choose_audience(author, case.id, withheld=True)
    assert "You can withdraw it instead" in str(caught.value.reason)


def test_nobody_else_opens_it(withheld: Initiative, actor_as: ActorAs) -> None:
    with pytest.raises(NotAllowed):
        services.choose_audience(actor_as("resident"), withheld.id, withheld=False)
    with pytest.raises(NotAllowed):
        services.publish_withheld(actor_as("operator"), withheld.id, "")


def test_it_is_not_merged_into_a_public_one(town: Town, withheld: Initiative, actor_as: ActorAs) -> None:
    services.publish(actor_as("reviewer"), withheld.id, "")
    other = make_initiative(town, "published")
    with pytest.raises(Invalid) as caught:
        services.propose_merge(actor_as("leader"), withheld.id, other.number or "", "")
    assert "without publication" in str(caught.value.reason)


def test_the_desk_offers_to_open_only_what_its_author_asks_for(
    town: Town, withheld: Initiative, author: Actor, actor_as: ActorAs
) -> None:
    services.publish(actor_as("reviewer"), withheld.id, "")
    assert rules.is_asked_to_open(queries.case(withheld.id)) is not None
    services.choose_audience(author, withheld.id, withheld=False)
    assert rules.is_asked_to_open(queries.case(withheld.id)) is None
