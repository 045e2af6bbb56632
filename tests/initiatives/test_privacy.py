"""What is held of a person: the export holds it all, the erasure takes the person out and keeps the record."""

from collections.abc import Callable

from sqlalchemy import select

from initiatives import privacy, queries, services
from initiatives.models import Initiative, Support
from portal.content.models import Comment, Follow, Stance
from portal.core import tenancy
from portal.core.actor import Actor
from portal.core.db import db, writing
from portal.core.tenancy import Town
from tests.factories.initiatives import TEXT, make_initiative

ActorAs = Callable[..., Actor]


def act_everywhere(ewa: Actor, town: Town, other_town: Town) -> tuple[Initiative, Initiative]:
    """Ewa files in one town, and says, supports and follows something in another."""
    own = make_initiative(town, author=ewa)
    with writing():
        author = queries.case(own.id).author
        assert author is not None
        author.name, author.email, author.phone = "Ewa Sadowa", "ewa@poczta.example", "+48602123456"
        author.original, author.shows_name, author.person = "Ewa, Lipowa 3", True, "pseudonym"
    there = make_initiative(other_town)
    with tenancy.within(other_town.id):
        services.support(ewa, there.id)
        services.follow(ewa, there.id, "pl")
        services.comment(ewa, there.id, Stance.FOR, "Popieram.", "pl", "k", shows_name=True)
    return own, there


def test_an_export_holds_what_one_did_in_every_town(town: Town, other_town: Town, actor_as: ActorAs) -> None:
    ewa = actor_as("resident", name="Ewa Sadowa")
    own, there = act_everywhere(ewa, town, other_town)
    found = {row["kind"]: row for row in privacy.export(ewa.user_id or 0)}
    assert sorted(found) == ["comment", "follow", "initiative", "support"]
    filed = found["initiative"]
    assert (filed["number"], filed["text"], filed["phone"]) == (own.number, TEXT, "+48602123456")
    assert (found["comment"]["text"], found["comment"]["name"]) == ("Popieram.", "Ewa Sadowa")
    assert found["support"]["initiative"] == there.id
    assert found["follow"]["of"] == f"initiative:{there.id}"


def test_an_export_holds_nothing_of_others(town: Town, other_town: Town, actor_as: ActorAs) -> None:
    act_everywhere(actor_as("resident"), town, other_town)
    assert privacy.export(actor_as("resident").user_id or 0) == []


def test_an_erasure_takes_the_person_out_and_keeps_words_and_counts(
    town: Town, other_town: Town, actor_as: ActorAs
) -> None:
    ewa, jan = actor_as("resident"), actor_as("resident", name="Jan Kot")
    own, there = act_everywhere(ewa, town, other_town)
    with tenancy.within(other_town.id):
        services.comment(jan, there.id, Stance.FOR, "Ja też.", "pl", "j", shows_name=True)
        services.follow(jan, there.id, "pl")
    with writing():
        assert privacy.erase(ewa.user_id or 0) == 4
    case = queries.case(own.id)
    assert (case.text, case.author_user_id) == (TEXT, None)
    author = case.author
    assert author is not None
    assert {author.name, author.email, author.phone, author.postal, author.original, author.person} == {None}
    assert (author.user_id, author.shows_name) == (None, False)
    with tenancy.within(other_town.id):
        assert queries.case(there.id).support_count == 1
        assert db.session.scalars(select(Support.user_id)).all() == [None]
        said = db.session.execute(select(Comment.text, Comment.name, Comment.user_id).order_by(Comment.id))
        assert said.all() == [("Popieram.", "", None), ("Ja też.", "Jan Kot", jan.user_id)]
        assert db.session.scalars(select(Follow.user_id)).all() == [jan.user_id]
    assert privacy.export(ewa.user_id or 0) == []


def test_an_erasure_touches_nobody_else(town: Town, actor_as: ActorAs) -> None:
    case = make_initiative(town, email="anna@people.example")
    with writing():
        assert privacy.erase(actor_as("resident").user_id or 0) == 0
    author = queries.case(case.id).author
    assert author is not None
    assert author.email == "anna@people.example"
