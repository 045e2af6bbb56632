"""A restored backup brings erased people back; the list beside the database sends them away again."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Flask
from sqlalchemy import select, update

from initiatives.models import Author, Initiative
from portal.accounts.models import User
from portal.accounts.queries import by_email, email_hash
from portal.accounts.services import account
from portal.content.services import person_of_email
from portal.core import clock, tenancy
from portal.core.actor import COMMANDER, Actor, acting
from portal.core.db import db, writing
from portal.core.sealed import new_row_id
from portal.core.tenancy import Town
from portal.privacy import queries
from portal.privacy.queries import Known
from portal.privacy.services import again, asked
from tests.factories.initiatives import make_initiative
from tests.portal.privacy.conftest import author_of, erased_lines

ActorAs = Callable[..., Actor]


def bring_back(case: Initiative) -> None:
    """As a restore of the backup would."""
    with tenancy.within(case.municipality_id), writing():
        author = db.session.scalars(select(Author).where(Author.initiative_id == case.id)).one()
        author.name, author.email = "Anna Próbna", "anna@people.example"
        author.person = person_of_email("anna@people.example")


def run(since: datetime | None = None) -> int:
    with tenancy.within(None), acting(COMMANDER):
        return again.erase_again(COMMANDER, since)


def test_who_was_erased_by_the_office_is_erased_again(
    app: Flask, town: Town, other_town: Town, actor_as: ActorAs, filed: Any
) -> None:
    case, theirs = filed(), filed(place=other_town)
    officer = actor_as("dpo")
    asked.erase(
        officer, asked.open_request(officer, Known(email="anna@people.example"), "document", "k" * 20)
    )
    bring_back(case)
    assert author_of(case).email == "anna@people.example"
    db.session.rollback()
    assert run() > 0
    db.session.rollback()
    assert author_of(case).email is None
    # Erased in one municipality is not erased in another.
    assert author_of(theirs).email == "anna@people.example"
    assert run() == 0


def test_who_came_back_by_themselves_stays(town: Town, actor_as: ActorAs, filed: Any, frozen: Any) -> None:
    frozen("2026-03-02 10:00")
    filed()
    officer = actor_as("dpo")
    asked.erase(
        officer, asked.open_request(officer, Known(email="anna@people.example"), "document", "k" * 20)
    )
    frozen("2026-03-05 10:00")
    fresh = filed()
    run()
    db.session.rollback()
    assert author_of(fresh).email == "anna@people.example"


def test_a_whole_account_is_erased_again(app: Flask, town: Town, actor_as: ActorAs) -> None:
    ewa = actor_as("resident", email="ewa@people.example")
    case = make_initiative(town, author=ewa)
    account.erase(ewa, ewa.user_id or 0)
    (line,) = erased_lines(app)
    assert line["town"] == ""
    assert "ewa" not in str(line)
    assert str(ewa.user_id) not in str(line)
    with writing():
        db.session.execute(
            update(User).where(User.id == ewa.user_id).values(erased_at=None, disabled_at=None)
        )
        user = db.session.scalars(select(User).where(User.id == ewa.user_id)).one()
        user.email, user.email_hash, user.name = "ewa@people.example", email_hash("ewa@people.example"), "Ewa"
    with tenancy.within(town.id), writing():
        db.session.execute(update(Author).values(user_id=ewa.user_id))
    assert run() > 0
    db.session.rollback()
    user = db.session.scalars(select(User).where(User.id == ewa.user_id)).one()
    assert (user.email, user.name) == (None, None)
    assert user.erased_at is not None
    assert author_of(case).user_id is None


def test_a_new_account_of_the_same_address_stays(town: Town, actor_as: ActorAs, frozen: Any) -> None:
    frozen("2026-03-02 10:00")
    ewa = actor_as("resident", email="ewa@people.example")
    account.erase(ewa, ewa.user_id or 0)
    frozen("2026-04-02 10:00")
    with writing():
        user = User(id=new_row_id(), language="pl", created_at=clock.now(), session_version=1)
        user.email, user.email_hash = "ewa@people.example", email_hash("ewa@people.example")
        db.session.add(user)
    run()
    db.session.rollback()
    assert by_email("ewa@people.example") is not None


def test_older_lines_can_be_left_out_and_broken_ones_do_no_harm(
    town: Town, actor_as: ActorAs, filed: Any, frozen: Any
) -> None:
    frozen("2026-03-02 10:00")
    case = filed()
    officer = actor_as("dpo")
    asked.erase(
        officer, asked.open_request(officer, Known(email="anna@people.example"), "document", "k" * 20)
    )
    with again.path().open("a") as file:
        file.write('{"at": "2026-03-0')
    assert again.path().stat().st_mode & 0o077 == 0
    bring_back(case)
    frozen("2026-03-03 10:00")
    db.session.rollback()
    assert run(clock.now()) == 0
    assert run() > 0
    assert len(list(again.lines())) == 1
    assert queries.keys_of_email("anna@people.example")
