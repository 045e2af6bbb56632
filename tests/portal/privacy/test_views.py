"""One's own consents: given by a tick, taken back by a click, everywhere with its event."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from initiatives import queries, services
from initiatives.models import Place
from initiatives.states import CATEGORIES
from portal.content.models import Comment, Stance
from portal.content.queries import followers
from portal.core import consent, tenancy
from portal.core.actor import Actor
from portal.core.consent import ConsentEvent, Purpose
from portal.core.db import db, writing
from portal.core.errors import Missing
from portal.core.tenancy import Town
from portal.privacy import privacy
from portal.privacy.services import consents
from tests.factories.browser import Browser
from tests.factories.initiatives import make_initiative

PAGE = "/en/account/consents"
ActorAs = Callable[..., Actor]


@pytest.fixture
def ewa(client: Browser, sign_in: Callable[..., None], actor_as: ActorAs) -> Actor:
    """A resident, signed in."""
    actor = actor_as("resident", name="Ewa Sadowa", email="ewa@people.example")
    sign_in(client, actor)
    return actor


def standing(actor: Actor) -> set[Purpose]:
    db.session.rollback()
    return {event.purpose for event in consents.own(actor.user_id or 0)}


def named(town: Town, author: Actor) -> Any:
    case = make_initiative(town, author=author)
    with tenancy.within(town.id), writing():
        row = queries.case(case.id).author
        assert row is not None
        row.name = "Ewa Sadowa"
    return case


def test_each_consent_is_listed_and_taken_back_by_one_click(
    client: Browser, town: Town, other_town: Town, ewa: Actor, actor_as: ActorAs
) -> None:
    mine = named(town, ewa)
    services.show_name(ewa, mine.id, shown=True)
    there = make_initiative(other_town, title="Lavička u školy")
    with tenancy.within(other_town.id):
        services.follow(ewa, there.id, "cs")
        services.comment(ewa, there.id, Stance.FOR, "Souhlasím.", "cs", "key-0001", shows_name=True)
    assert standing(ewa) == set(Purpose)
    page = client.get(PAGE).text
    assert "Lavička u školy" in page
    assert "Show my name with the comment" in page
    for event in consents.own(ewa.user_id or 0):
        consents.take_back(ewa, event.id)
    assert standing(ewa) == set()
    author = queries.case(mine.id).author
    assert author is not None
    assert not author.shows_name
    with tenancy.within(other_town.id):
        assert db.session.scalars(select(Comment.name)).all() == [""]
        assert followers("initiative", there.id) == []


def test_the_button_of_the_page_takes_back(
    client: Browser, town: Town, ewa: Actor, token: Callable[[str], str]
) -> None:
    mine = named(town, ewa)
    services.show_name(ewa, mine.id, shown=True)
    (event,) = consents.own(ewa.user_id or 0)
    sent = {"csrf_token": token(PAGE), "consent": str(event.id)}
    assert client.post(PAGE, data=sent).status_code == 303
    assert client.post(PAGE, data=sent).status_code == 303  # Twice is harmless.
    assert standing(ewa) == set()
    with tenancy.within(town.id):
        assert len(consent.events_of()) == 2
    for nonsense in ("x", "9" * 30, ""):
        assert client.post(PAGE, data={**sent, "consent": nonsense}).status_code == 404
    assert "No consents" in client.get(PAGE).text


def test_nobody_takes_back_for_another(town: Town, ewa: Actor, actor_as: ActorAs) -> None:
    mine = named(town, ewa)
    services.show_name(ewa, mine.id, shown=True)
    (event,) = consents.own(ewa.user_id or 0)
    with pytest.raises(Missing):
        consents.take_back(actor_as("resident"), event.id)
    assert standing(ewa) == {Purpose.NAME}


def test_an_author_shows_and_hides_the_name(client: Browser, town: Town, ewa: Actor) -> None:
    mine = named(town, ewa)
    here = f"/en/lublin/initiatives/{(mine.number or '').lower()}"
    assert "Show my name" in client.get(here).text
    assert client.submit(f"{here}/name", {"wanted": "on"}).status_code == 303
    assert "Ewa Sadowa" in client.get(here).text
    assert standing(ewa) == {Purpose.NAME}
    assert client.submit(f"{here}/name", {"wanted": "off"}).status_code == 303
    assert standing(ewa) == set()


def test_without_a_name_there_is_nothing_to_show(client: Browser, town: Town, ewa: Actor) -> None:
    case = make_initiative(town, author=ewa)
    assert client.get(f"/en/lublin/initiatives/{(case.number or '').lower()}/name").status_code == 404


def test_following_and_stopping_are_both_events(town: Town, ewa: Actor) -> None:
    case = make_initiative(town)
    services.follow(ewa, case.id, "pl")
    services.follow(ewa, case.id, "pl")
    services.unfollow(ewa, case.id)
    assert [event.given for event in consent.events_of()] == [True, False]


def test_filing_with_a_shown_name_is_an_event_of_somebody_without_account(
    app: Flask, town: Town, actor_as: ActorAs
) -> None:
    visitor = actor_as("visitor")
    draft = services.start_draft(visitor, "pl", "key-of-a-form-0002")
    text = "Dzieci nie mają gdzie poczekać na autobus, proszę o ławkę."
    what = services.What("Ławka przy szkole", text, next(iter(CATEGORIES)))
    services.save_what(visitor, draft, what)
    services.save_where(visitor, draft, services.Where(Place.WHOLE))
    services.save_who(visitor, draft, services.Who("Anna", "anna@people.example", shows_name=True))
    services.submit(visitor, draft, "key-of-a-form-0003")
    (event,) = consent.events_of()
    assert (event.purpose, event.given, event.user_id, event.channel) == (Purpose.NAME, True, None, "web")
    assert event.person


def test_an_erasure_leaves_the_event_without_the_person(town: Town, ewa: Actor) -> None:
    case = make_initiative(town)
    services.follow(ewa, case.id, "pl")
    assert [row["purpose"] for row in privacy.export_consents(ewa.user_id or 0)] == ["notices"]
    with writing():
        assert privacy.erase_consents(ewa.user_id or 0) == 1
    db.session.rollback()
    (event,) = db.session.scalars(select(ConsentEvent)).all()
    assert (event.user_id, event.given, event.version) == (None, True, "1")
