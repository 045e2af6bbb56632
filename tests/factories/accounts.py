"""People for the tests of signing in: with a password and an app, or with a mailbox only."""

import json
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from portal.accounts import rules
from portal.accounts.models import Membership, User, Verification
from portal.accounts.queries import email_hash
from portal.accounts.roles import Role
from portal.accounts.services.sign_in import hasher
from portal.core import clock
from portal.core.db import db, writing
from portal.core.sealed import new_row_id
from portal.core.tenancy import Town
from portal.notify.models import Notice
from portal.notify.values import unpack

PASSWORD = "zielony rower pod lipą"

PEOPLE: dict[str, Any] = {
    "staff_names": {
        "lublin": {
            "leader": "Hanna Próbna",
            "decision-maker": "Jerzy Próbny",
            "decision-maker2": "Dorota Próbna",
        },
        "ostrava-jih": {"reviewer": "Petr Zkušební"},
    },
    "also_in": {"ostrava-jih": {"reviewer": ["lublin"]}},
    "portal_operator": "Maria Próbna",
    "residents": [{"name": "Ewa Sadowa", "email": "ewa.sadowa@poczta.example", "language": "pl"}],
}
"""Demo people for Lublin and Ostrava-Jih, in the shape `seed_people` takes."""


def make_resident(
    email: str = "ewa@poczta.example", *, name: str = "Ewa Sadowa", language: str = "pl"
) -> User:
    """An account that is opened by links."""
    with writing():
        user = User(id=new_row_id(), language=language, created_at=clock.now(), session_version=1)
        user.email, user.email_hash, user.name = email, email_hash(email), name
        db.session.add(user)
    return _loose(user)


def make_member(
    town: Town | None,
    *roles: str,
    email: str = "adam@urzad.example",
    name: str = "Adam Lipa",
    head: bool = False,
) -> User:
    """An account with password and second factor, and roles in a municipality."""
    number = make_resident(email, name=name).id
    with writing():
        user = db.session.get_one(User, number)
        user.password_hash, user.totp = hasher().hash(PASSWORD), rules.new_factor()
        for role in roles:
            db.session.add(
                Membership(
                    user_id=user.id,
                    municipality_id=town.id if town else None,
                    role=Role(role),
                    is_head=head,
                    since=clock.now() - timedelta(days=3),
                )
            )
    return _loose(user)


def _loose(user: User) -> User:
    """The account outside any session, so that its values stay readable whatever the test does next."""
    db.session.expunge(user)
    return user


def account_of(email: str) -> User:
    """The account of an address as it stands in the database now."""
    db.session.rollback()
    return db.session.scalars(select(User).where(User.email_hash == email_hash(email))).one()


def code_of(user: User, *, steps: int = 0) -> str:
    """The code this person's app shows, now or some steps from now."""
    return rules.code_at(user.totp or "", rules.step_at(clock.now()) + steps)


def reload(user: User) -> User:
    """The account as it stands in the database now."""
    db.session.rollback()
    return db.session.scalars(select(User).where(User.id == user.id)).one()


def values_of(notice: Notice) -> dict[str, Any]:
    """What a message that still waits carries."""
    found: dict[str, Any] = unpack(notice.values)["values"]
    return found


def path_in(notice: Notice) -> str:
    """The path of the link in a message that still waits."""
    link = str(values_of(notice)["link"])
    return "/" + link.split("/", 3)[3]


def secret_in(notice: Notice) -> str:
    """The secret at the end of that link."""
    return path_in(notice).rsplit("/", 1)[1]


def data_of(link: Verification) -> dict[str, Any]:
    """What a stored link carries."""
    found: dict[str, Any] = json.loads(link.data or "{}")
    return found
