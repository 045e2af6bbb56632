"""Sessions kept by the server, the actor of each request, and the only use of Flask-Login.

The table behind it, and what it costs, stands in `session_store.py`.

    sign_in(user_id, strong=True)   after password and code; False after a link: no roles then
    sign_out()
    confirm()                       the person proved again who they are: fresh for ten minutes
    end_sessions(user_id)           inside a use case: every session of somebody, at once
    renew_sessions(user_id)         inside a use case: new tokens after a change of roles
    open_case(kind, id)             a secret code was right: the case is open for fifteen minutes
    opened_cases()
    open_reading(kind, id)          it was said why a case is read: open until the person signs out
    is_reading(kind, id)

Source: R8–R13 (docs/security.md).
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from flask import Flask, current_app, g, request, session
from flask_login import UserMixin, current_user, login_user, logout_user
from sqlalchemy import delete, update
from werkzeug.wrappers import Response

from portal.accounts import queries
from portal.accounts.models import LoginSession, User
from portal.accounts.queries import Person
from portal.accounts.roles import Role
from portal.accounts.rules import CASE_OPEN_FOR, FRESH_FOR
from portal.accounts.session_store import STRONG, USER, PortalSession, ServerSessions
from portal.core import actor as actors
from portal.core import clock
from portal.core.actor import PORTAL, Actor
from portal.core.config import Settings
from portal.core.db import db
from portal.core.errors import Missing
from portal.core.extensions import login_manager
from portal.core.i18n import current_locale
from portal.core.network import network as network_of
from portal.core.tokens import digest, signer

KNOWN_FOR = timedelta(days=180)
KNOWN_MAX = 5

# Keys of our own in the session's data; instants are seconds since 1970.
FRESH_UNTIL = "fresh_until"
CASES = "cases"
READ = "read"


OF_ONE_PERSON = (
    "csrf_token",
    "second_factor",
    "recovery_codes",
    "new_app",
    "passkey",
    "phone_code",
    "oidc",
    "oidc_by",
    READ,
)
"""Keys of pages that belong to one person's session only."""


# The actor ---------------------------------------------------------------------------------------------------


class SignedIn(UserMixin):  # type: ignore[misc]
    """What Flask-Login calls the user."""

    def __init__(self, person: Person) -> None:
        self.person = person

    def get_id(self) -> str:
        """Number of the account and version of its sessions: a raised version signs everybody out."""
        return f"{self.person.id}.{self.person.version}"


def install(app: Flask) -> None:
    """Hang sessions and actor on the application; called when the module starts."""
    app.session_interface = ServerSessions()
    # Flask-Login would keep a hash of address and browser in the session; networks change, and we store none.
    login_manager.session_protection = None
    login_manager.user_loader(_load)
    app.before_request(_become)


def _load(identity: str) -> SignedIn | None:
    """The account of this request's session, unless its version rose since: all its sessions were ended."""
    person = _mine().person
    found = SignedIn(person) if person else None
    return found if found and found.get_id() == identity else None


def _become() -> None:
    """Say who acts in this request. Somebody without a session is a visitor, at no cost."""
    town = g.get("town")
    place = town.id if town else None
    ours = _mine()
    if not ours:
        actors.become(Actor(municipality_id=place, locale=current_locale()))
        return
    cases = opened_cases()
    if USER in ours and not current_user.is_authenticated:
        ours.clear()
        ours.leave()
    if USER not in ours:
        actors.become(Actor(municipality_id=place, cases=cases, locale=current_locale()))
        return
    person: Person = current_user.person
    actors.become(
        Actor(
            user_id=person.id,
            name=person.name,
            municipality_id=place,
            # Without the second factor nobody acts as staff, however the account got its roles (R3).
            roles=person.roles if ours.get(STRONG) else {},
            lent=_lent(person) if ours.get(STRONG) else {},
            cases=cases,
            fresh=ours.get(FRESH_UNTIL, 0) > clock.now().timestamp(),
            locale=current_locale(),
            shortcuts=person.shortcuts,
        )
    )


def _lent(person: Person) -> dict[int, str]:
    """The roles a portal operator was lent and that still run; nobody else pays for the question."""
    if Role.PORTAL_OPERATOR not in person.roles.get(PORTAL, ()):
        return {}
    return {found.municipality_id: found.role.value for found in queries.accesses(person.id)}


def _mine() -> PortalSession:
    return cast(PortalSession, session._get_current_object())  # type: ignore[attr-defined]


def sign_in(user_id: int, *, strong: bool) -> Person:
    """Begin a session for somebody who proved who they are; the former one ends, what it held goes over.

    `strong`: by password and second factor. Raises Missing when the account was closed meanwhile.
    """
    person = queries.person(user_id)
    if person is None:
        raise Missing
    ours = _mine()
    ours.leave()
    # Nothing of another person, and a new token for forms: the old page belongs to the old session.
    for key in (USER, STRONG, FRESH_UNTIL, *OF_ONE_PERSON):
        ours.pop(key, None)
    g.pop("csrf_token", None)
    login_user(SignedIn(person))
    # Flask-Login notes a hash of address and browser and its own freshness; we keep neither.
    ours.pop("_id", None)
    ours.pop("_fresh", None)
    ours[STRONG] = strong
    confirm()
    _become()
    return person


def confirm() -> None:
    """The person proved again who they are: fresh for ten minutes, under a new token (R12)."""
    ours = _mine()
    ours[FRESH_UNTIL] = (clock.now() + FRESH_FOR).timestamp()
    ours.renew = ours.token is not None


def sign_out() -> None:
    """End this session; its row goes with the answer."""
    logout_user()
    ours = _mine()
    ours.clear()
    ours.modified = False
    ours.leave()
    g.pop("csrf_token", None)
    actors.become(Actor(municipality_id=actors.current().municipality_id, locale=current_locale()))


def is_strong() -> bool:
    """Whether the person came by password and second factor."""
    return bool(_mine().get(STRONG))


def current_digest() -> str | None:
    """The digest of this request's session, to tell it from others in a list."""
    token = _mine().token
    return digest(token) if token else None


def end_sessions(user_id: int, *, besides: str | None = None) -> int:
    """End the sessions of somebody, in the transaction at hand; how many. `besides`: a digest to spare.

    Without `besides` the account's session version rises, so one that is just being opened is void too.
    """
    statement = delete(LoginSession).where(LoginSession.user_id == user_id)
    if besides is not None:
        statement = statement.where(LoginSession.digest != besides)
    else:
        raised = User.session_version + 1
        db.session.execute(update(User).where(User.id == user_id).values(session_version=raised))
    return int(db.session.execute(statement).rowcount)  # type: ignore[attr-defined]


def renew_sessions(user_id: int) -> None:
    """Give somebody's sessions new tokens at their next request, in the transaction at hand: roles changed."""
    db.session.execute(update(LoginSession).where(LoginSession.user_id == user_id).values(renew=True))


# Cases opened by a secret code -------------------------------------------------------------------------------


def open_case(kind: str, case_id: int, *, filed_here: bool = False) -> None:
    """Open a case in this session for fifteen minutes (R13), under a new token.

    Not so when it was `filed_here` just now: the second post of a double click comes with the same cookie and
    must get the same receipt (R59), and whoever holds this session wrote the case.
    """
    ours = _mine()
    until = (clock.now() + CASE_OPEN_FOR).timestamp()
    kept = {key: end for key, end in ours.get(CASES, {}).items() if end > clock.now().timestamp()}
    ours[CASES] = {**kept, f"{kind}:{case_id}": until}
    if not filed_here:
        ours.renew = ours.token is not None
    _become()


def opened_cases() -> frozenset[tuple[str, int]]:
    """The cases open in this session, as (kind, id)."""
    now = clock.now().timestamp()
    keys = [key for key, until in _mine().get(CASES, {}).items() if until > now]
    return frozenset((kind, int(number)) for kind, _, number in (key.rpartition(":") for key in keys))


# Cases whose reading was given a reason ------------------------------------------------------------------------


def open_reading(kind: str, case_id: int) -> None:
    """Remember that the person said why they read a case, or wrote it themselves; until they sign in anew (R35)."""
    ours = _mine()
    ours[READ] = sorted({*ours.get(READ, ()), f"{kind}:{case_id}"})


def is_reading(kind: str, case_id: int) -> bool:
    """Whether the reason for reading a case was told since the person signed in."""
    return f"{kind}:{case_id}" in _mine().get(READ, ())


# Networks and known devices, for the throttles of signing in ---------------------------------------------------


def network() -> str:
    """The network this request comes from; counted by throttles, never stored in clear."""
    return network_of(request.remote_addr)


@dataclass(frozen=True, slots=True)
class Known:
    """A browser that signed in before: its own random name and keyed hashes of the accounts."""

    device: str
    accounts: tuple[str, ...]


def known_device(account_hash: str) -> str | None:
    """The name of this browser if this account signed in on it before: strangers cannot lock it out (R4)."""
    known = _known()
    return known.device if known and account_hash[:16] in known.accounts else None


def remember_device(response: Response, account_hash: str) -> None:
    """Note on this browser that the account signed in here. It opens nothing, it only has a throttle of its own."""
    known = _known() or Known(secrets.token_urlsafe(12), ())
    accounts = (account_hash[:16], *(a for a in known.accounts if a != account_hash[:16]))[:KNOWN_MAX]
    response.set_cookie(
        _known_name(),
        signer.sign("known-device", [known.device, *accounts]),
        max_age=KNOWN_FOR,
        secure=_settings().secure,
        httponly=True,
        samesite="Lax",
    )


def _known() -> Known | None:
    value = signer.open(
        "known-device", request.cookies.get(_known_name(), ""), int(KNOWN_FOR.total_seconds())
    )
    return Known(value[0], tuple(value[1:])) if value else None


def _known_name() -> str:
    return "__Host-portal-known" if _settings().secure else "portal-known"


def _settings() -> Settings:
    settings: Settings = current_app.extensions["portal.settings"]
    return settings
