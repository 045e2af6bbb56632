"""Sessions kept by the server, the actor of each request, and the only use of Flask-Login.

The cookie holds 32 random bytes; the table keeps their SHA-256, so neither a backup nor a log opens a
session. A visitor without a cookie costs no statement, a reading request with one costs one SELECT here and
one for the roles. Saving is an UPDATE by digest: a session that was ended meanwhile cannot come back.
Everything is written on a short connection of its own, so a view that failed leaves nothing of itself in
the database, and only in `save_session`, after the view's transaction is over.

    sign_in(user_id, strong=True)   after password and code; False after a link: no roles then
    sign_out()
    confirm()                       the person proved again who they are: fresh for ten minutes
    end_sessions(user_id)           inside a use case: every session of somebody, at once
    renew_sessions(user_id)         inside a use case: new tokens after a change of roles
    open_case(kind, id)             a secret code was right: the case is open for fifteen minutes
    opened_cases()

Source: R8–R13 (docs/security.md).
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import structlog
from flask import Flask, Request, Response, current_app, g, request, session
from flask.sessions import SessionInterface, SessionMixin
from flask_login import UserMixin, current_user, login_user, logout_user
from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import OperationalError
from werkzeug.datastructures import CallbackDict
from werkzeug.wrappers import Response as BaseResponse

from portal.accounts import queries
from portal.accounts.models import LoginSession, User
from portal.accounts.queries import Person
from portal.accounts.rules import (
    CASE_OPEN_FOR,
    FRESH_FOR,
    LIFETIMES,
    SessionKind,
    agent_family,
    alive,
    own_path,
)
from portal.accounts.rules import network as network_of
from portal.core import actor as actors
from portal.core import clock
from portal.core.actor import Actor
from portal.core.config import Settings
from portal.core.db import db, is_busy, writer_turn
from portal.core.errors import Busy, Missing
from portal.core.extensions import login_manager
from portal.core.i18n import current_locale
from portal.core.tokens import digest, new_secret, signer
from portal.ui.http import error_page

log = structlog.get_logger(__name__)

TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
TOUCH_EVERY = timedelta(minutes=1)
KNOWN_FOR = timedelta(days=180)
KNOWN_MAX = 5

# Keys of our own in the session's data; instants are seconds since 1970.
USER = "_user_id"  # Flask-Login's
STRONG = "strong"
FRESH_UNTIL = "fresh_until"
CASES = "cases"


class PortalSession(CallbackDict[str, Any], SessionMixin):
    """The session of one request. `token` is the live one, `dead` one whose row is to go.

    Addresses without a language (tiles, API, health) read no cookie at all: their session is `detached`.
    """

    modified = False

    def __init__(
        self,
        data: dict[str, Any] | None = None,
        *,
        token: str | None = None,
        dead: str | None = None,
        seen_at: datetime | None = None,
        renew: bool = False,
        detached: bool = False,
    ) -> None:
        def on_update(this: "PortalSession") -> None:
            this.modified = True

        super().__init__(data, on_update)
        self.token = token
        self.dead = dead
        self.seen_at = seen_at
        self.renew = renew
        self.detached = detached

    def leave(self) -> None:
        """End this session; what is written after it begins a new one."""
        self.dead = self.token or self.dead
        self.token = None

    @property
    def user_id(self) -> int | None:
        """Whose session this is."""
        return int(self[USER].partition(".")[0]) if USER in self else None

    @property
    def kind(self) -> SessionKind:
        """Decides how long it lives."""
        if USER not in self:
            return SessionKind.VISITOR
        return SessionKind.STAFF if self.get(STRONG) else SessionKind.RESIDENT


class ServerSessions(SessionInterface):
    """Flask's interface to the table."""

    def open_session(self, app: Flask, request: Request) -> PortalSession:
        """The session of the cookie, or an empty one."""
        token = request.cookies.get(self.get_cookie_name(app), "")
        if own_path(request.path) is None:
            return PortalSession(detached=True)
        if not TOKEN.fullmatch(token):
            return PortalSession()
        try:
            row = _read(token)
        except OperationalError:
            # The page itself will say that the database is away; nobody is signed in meanwhile.
            return PortalSession(detached=True)
        if row is None:
            return PortalSession()
        if not alive(row.kind, row.created_at, row.seen_at, clock.now()):
            return PortalSession(dead=token)
        return PortalSession(row.data, token=token, seen_at=row.seen_at, renew=row.renew)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write what the request left; nothing at all for most requests."""
        ours = cast(PortalSession, session)
        if ours.detached:
            return
        if ours.token or ours.dead:
            response.vary.add("Cookie")
        needed = ours.token is None or ours.renew
        try:
            self._write(app, ours, response)
        except (Busy, OperationalError) as problem:
            if isinstance(problem, OperationalError) and not is_busy(problem):
                raise
            log.warning("session not saved", needed=needed)
            if needed:
                _answer_busy(response)

    def _write(self, app: Flask, ours: PortalSession, response: Response) -> None:
        now = clock.now()
        begins = ours.token is None and ours.modified and bool(ours)
        touch = ours.seen_at is None or now - ours.seen_at >= TOUCH_EVERY
        if not (begins or ours.dead or (ours.token and (ours.modified or ours.renew or touch))):
            return
        with _apart() as connection:
            if ours.dead:
                connection.execute(delete(LoginSession).where(LoginSession.digest == digest(ours.dead)))
            if begins:
                ours.token = _begin(connection, ours, now)
                self._send(app, ours, response)
            elif ours.token is None:
                self._forget(app, response)
            elif _keep(connection, ours, now) and (ours.renew or ours.kind is SessionKind.VISITOR):
                self._send(app, ours, response)

    def _send(self, app: Flask, ours: PortalSession, response: Response) -> None:
        # A visitor's cookie goes when its session does, or the page cache would be passed by for ever; that
        # of somebody signed in goes when the browser is closed.
        idle = LIFETIMES[SessionKind.VISITOR].idle
        response.set_cookie(
            self.get_cookie_name(app),
            ours.token or "",
            max_age=idle if ours.kind is SessionKind.VISITOR else None,
            path=self.get_cookie_path(app),
            secure=self.get_cookie_secure(app),
            httponly=self.get_cookie_httponly(app),
            samesite=self.get_cookie_samesite(app),
        )

    def _forget(self, app: Flask, response: Response) -> None:
        response.delete_cookie(
            self.get_cookie_name(app),
            path=self.get_cookie_path(app),
            secure=self.get_cookie_secure(app),
            httponly=self.get_cookie_httponly(app),
            samesite=self.get_cookie_samesite(app),
        )


def _read(token: str) -> Row[Any] | None:
    columns = (
        LoginSession.kind,
        LoginSession.data,
        LoginSession.created_at,
        LoginSession.seen_at,
        LoginSession.renew,
    )
    with db.engine.connect() as connection:
        return connection.execute(select(*columns).where(LoginSession.digest == digest(token))).one_or_none()


@contextmanager
def _apart() -> Iterator[Connection]:
    """A short writing transaction beside the request's, which is over by now."""
    engine = db.engine
    with (
        writer_turn(engine),
        engine.connect().execution_options(sqlite_begin="IMMEDIATE") as connection,
        connection.begin(),
    ):
        yield connection


def _begin(connection: Connection, ours: PortalSession, now: datetime) -> str:
    token = new_secret()
    connection.execute(
        insert(LoginSession).values(
            digest=digest(token),
            kind=ours.kind,
            user_id=ours.user_id,
            data=dict(ours),
            agent=agent_family(request.user_agent.string),
            created_at=now,
            seen_at=now,
            renew=False,
        )
    )
    return token


def _keep(connection: Connection, ours: PortalSession, now: datetime) -> bool:
    """Update the row; False when somebody ended or renewed the session meanwhile."""
    values: dict[str, Any] = {"seen_at": now}
    if ours.modified:
        values["data"] = dict(ours)
    old = ours.token or ""
    if ours.renew:
        ours.token = new_secret()
        values |= {"digest": digest(ours.token), "renew": False}
    statement = update(LoginSession).where(LoginSession.digest == digest(old)).values(**values)
    return connection.execute(statement).rowcount == 1


def _answer_busy(response: Response) -> None:
    """An answer that makes no sense without its session becomes 503; any other only loses a notice."""
    busy = error_page(503, retry_after=Busy.retry_after)
    response.set_data(busy.get_data())
    response.status_code = 503
    response.headers["Retry-After"] = str(Busy.retry_after)
    response.headers["Cache-Control"] = "no-store"
    response.headers.pop("Location", None)
    response.headers.pop("Set-Cookie", None)


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
    user_id, _, version = identity.partition(".")
    person = queries.person(int(user_id), int(version))
    return SignedIn(person) if person else None


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
            cases=cases,
            fresh=ours.get(FRESH_UNTIL, 0) > clock.now().timestamp(),
            locale=current_locale(),
        )
    )


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
    for key in (USER, STRONG, FRESH_UNTIL, "csrf_token", "second_factor"):
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


def open_case(kind: str, case_id: int) -> None:
    """Open a case in this session for fifteen minutes (R13), under a new token."""
    ours = _mine()
    until = (clock.now() + CASE_OPEN_FOR).timestamp()
    kept = {key: end for key, end in ours.get(CASES, {}).items() if end > clock.now().timestamp()}
    ours[CASES] = {**kept, f"{kind}:{case_id}": until}
    ours.renew = ours.token is not None
    _become()


def opened_cases() -> frozenset[tuple[str, int]]:
    """The cases open in this session, as (kind, id)."""
    now = clock.now().timestamp()
    keys = [key for key, until in _mine().get(CASES, {}).items() if until > now]
    return frozenset((kind, int(number)) for kind, _, number in (key.rpartition(":") for key in keys))


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


def remember_device(response: BaseResponse, account_hash: str) -> None:
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
