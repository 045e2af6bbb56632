"""The table of sessions behind Flask's session interface; what a session means stands in `session.py`.

The cookie holds 32 random bytes; the table keeps their SHA-256, so neither a backup nor a log opens a
session. A visitor without a cookie costs no statement, a reading request with one costs one SELECT. Saving
is an UPDATE by digest: a session that was ended meanwhile cannot come back. Everything is written on a
short connection of its own and only in `save_session`, after the view's transaction is over, so a view that
failed leaves nothing of itself in the database. Source: R8–R11 (docs/security.md).
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, cast

import structlog
from flask import Flask, Request, Response, request
from flask.sessions import SessionInterface, SessionMixin
from sqlalchemy import Connection, Row, and_, bindparam, delete, insert, select, update
from sqlalchemy.exc import OperationalError
from werkzeug.datastructures import CallbackDict

from portal.accounts import queries
from portal.accounts.models import LoginSession, Membership, User
from portal.accounts.rules import LIFETIMES, SessionKind, agent_family, alive, own_path
from portal.core import clock, taking
from portal.core.db import db, is_busy, is_full, writer_turn
from portal.core.errors import Busy, Full, ReadOnly
from portal.core.tokens import digest, new_secret
from portal.ui.http import closed_page, error_page

log = structlog.get_logger(__name__)

TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
TOUCH_EVERY = timedelta(minutes=1)

USER = "_user_id"
"""Flask-Login's key in the session's data: account and version."""
STRONG = "strong"
"""Whether the second factor was proved."""


class PortalSession(CallbackDict[str, Any], SessionMixin):
    """The session of one request. `token` is the live one, `dead` one whose row is to go, `person` whose it was.

    Addresses without a language (tiles, API, health) read no cookie at all: their session is `detached`.
    """

    modified = False

    def __init__(
        self,
        data: dict[str, Any] | None = None,
        *,
        token: str | None = None,
        dead: str | None = None,
        person: queries.Person | None = None,
        seen_at: datetime | None = None,
        renew: bool = False,
        detached: bool = False,
    ) -> None:
        def on_update(this: "PortalSession") -> None:
            this.modified = True

        super().__init__(data, on_update)
        self.token = token
        self.dead = dead
        self.person = person
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
    def holds_more_than_a_token(self) -> bool:
        """Whether it opens or remembers anything; a form's token alone can be made anew with the form."""
        return bool(set(self) - {"csrf_token", "_flashes", "_fresh"})

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
            rows = _read(token)
        except OperationalError:
            # The page itself will say that the database is away; nobody is signed in meanwhile.
            return PortalSession(detached=True)
        if not rows:
            return PortalSession()
        row = rows[0]
        if not alive(row.kind, row.created_at, row.seen_at, clock.now()):
            return PortalSession(dead=token)
        person = queries.person_of(rows) if row.id else None
        return PortalSession(row.data, token=token, person=person, seen_at=row.seen_at, renew=row.renew)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write what the request left; nothing at all for most requests."""
        ours = cast(PortalSession, session)
        if ours.detached:
            return
        if ours.token or ours.dead:
            response.vary.add("Cookie")
        needed = ours.token is None or ours.renew
        until = taking.now().read_only_until
        if until is not None:
            # Reading goes on: only who would be shown something else without a new session is told to wait.
            if needed and ours.holds_more_than_a_token:
                _answer_instead(response, closed_page(ReadOnly(until)))
            return
        try:
            self._write(app, ours, response)
        except (Busy, OperationalError) as problem:
            full = isinstance(problem, OperationalError) and is_full(problem)
            if isinstance(problem, OperationalError) and not (full or is_busy(problem)):
                raise
            log.warning("session not saved", needed=needed)
            if needed and response.status_code != 503:  # Such a page may hold what somebody typed.
                busy = closed_page(Full()) if full else error_page(503, retry_after=Busy.retry_after)
                _answer_instead(response, busy)

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


_SESSION = (
    select(
        LoginSession.kind,
        LoginSession.data,
        LoginSession.created_at,
        LoginSession.seen_at,
        LoginSession.renew,
        *queries.PERSON,
    )
    .select_from(LoginSession)
    .outerjoin(User, and_(User.id == LoginSession.user_id, User.disabled_at.is_(None)))
    .outerjoin(Membership, Membership.user_id == User.id)
    .where(LoginSession.digest == bindparam("session"))
)


def _read(token: str) -> Sequence[Row[Any]]:
    """The session with its account, if that is open: one row for each role."""
    with db.engine.connect() as connection:
        return connection.execute(_SESSION, {"session": digest(token)}).all()


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


def _answer_instead(response: Response, other: Response) -> None:
    """An answer that makes no sense without its session becomes 503; any other only loses a notice."""
    response.set_data(other.get_data())
    response.status_code = other.status_code
    response.headers["Retry-After"] = other.headers["Retry-After"]
    response.headers["Cache-Control"] = "no-store"
    response.headers.pop("Location", None)
    response.headers.pop("Set-Cookie", None)
