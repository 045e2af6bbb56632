"""People who act in tests: an account with the membership of a role, and the Actor the services want."""

from collections.abc import Iterable
from datetime import timedelta
from itertools import count

from portal.accounts.models import LoginSession, Membership, User
from portal.accounts.queries import email_hash
from portal.accounts.roles import Role
from portal.accounts.rules import SessionKind
from portal.core import clock
from portal.core.actor import PORTAL, Actor, Channel
from portal.core.db import db, writing
from portal.core.sealed import new_row_id
from portal.core.tenancy import Town
from portal.core.tokens import digest, new_secret

_serial = count(1)
PERSONAL_ROLES = ("visitor", "resident")
"""What everybody is, with and without an account; no membership says so."""


def make_actor(
    role: str,
    town: Town | None,
    *,
    name: str = "",
    email: str = "",
    locale: str = "",
    channel: Channel = Channel.WEB,
    on_behalf: bool = False,
    cases: Iterable[tuple[str, int]] = (),
    fresh: bool = True,
    is_head: bool = False,
) -> Actor:
    """Somebody with this role (an account unless a visitor) who stands in `town`.

    `role` is a key of the permission tables: visitor, resident, reviewer, decision_maker, portal_operator …
    """
    place = town.id if town else None
    user_id = None
    roles: dict[int, frozenset[str]] = {}
    number = next(_serial)
    name = name or f"{role.replace('_', ' ').title()} {number}"
    locale = locale or (town.language if town else "pl")
    if role != "visitor":
        user_id = _account(name, email or f"{role}{number}@people.example", locale)
    if role not in PERSONAL_ROLES and user_id is not None:
        held_in = None if role == "portal_operator" else place
        with writing():
            db.session.add(
                Membership(
                    user_id=user_id,
                    municipality_id=held_in,
                    role=Role(role),
                    is_head=is_head,
                    since=clock.now() - timedelta(days=1),
                )
            )
        roles = {held_in or PORTAL: frozenset({role})}
    return Actor(
        user_id=user_id,
        name=name if user_id else "",
        municipality_id=place,
        roles=roles,
        channel=channel,
        on_behalf=on_behalf,
        cases=frozenset(cases),
        fresh=fresh and user_id is not None,
        locale=locale,
    )


def _account(name: str, email: str, locale: str) -> int:
    with writing():
        user = User(id=new_row_id(), language=locale, created_at=clock.now(), session_version=1)
        user.name, user.email, user.email_hash = name, email, email_hash(email)
        db.session.add(user)
        db.session.flush()  # Memberships and sessions point to it, and may come in the same transaction.
    return user.id


def make_session(actor: Actor) -> str:
    """A session of this person as after signing in, with the second factor for staff; gives its cookie."""
    token = new_secret()
    now = clock.now()
    data: dict[str, object] = {}
    if actor.user_id is not None:
        user = db.session.get_one(User, actor.user_id)
        data = {"_user_id": f"{user.id}.{user.session_version}", "strong": actor.is_staff}
        if actor.fresh:
            data["fresh_until"] = (now + timedelta(minutes=10)).timestamp()
    if actor.cases:
        until = (now + timedelta(minutes=15)).timestamp()
        data["cases"] = {f"{kind}:{number}": until for kind, number in actor.cases}
    kind = SessionKind.VISITOR if actor.user_id is None else SessionKind.RESIDENT
    with writing():
        db.session.add(
            LoginSession(
                digest=digest(token),
                kind=SessionKind.STAFF if actor.is_staff else kind,
                user_id=actor.user_id,
                data=data,
                agent="",
                created_at=now,
                seen_at=now,
            )
        )
    return token
