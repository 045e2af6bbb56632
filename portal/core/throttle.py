"""Counters in database rows for what must hold on every machine: sign-in, codes, forms, SMS (R4, R55, R56).

A window is fixed (`per` seconds from the first hit). Keys are keyed pseudonyms: no address is stored.
Writes go through a short transaction of their own, so a refused form leaves its trace and nothing else.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import clock
from portal.core.db import Base, UtcDateTime, db, insert_statement, writer_turn
from portal.core.errors import TooMany
from portal.core.i18n import lazy_gettext as _l
from portal.core.taking import need_writable
from portal.core.tokens import pseudonym


class Throttle(Base):
    """Hits of one key in its present window."""

    __tablename__ = "throttle"
    AUDITED = False

    key: Mapped[str] = mapped_column(primary_key=True)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    hits: Mapped[int]


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `hits` per `per` seconds."""

    name: str
    hits: int
    per: int


SIGN_IN_ACCOUNT = Limit("sign-in-account", 10, 900)
SIGN_IN_NETWORK = Limit("sign-in-network", 60, 900)
CODE_NETWORK = Limit("code-network", 20, 900)
CODE_CASE = Limit("code-case", 10, 900)
LINK_ADDRESS = Limit("link-address", 5, 3600)
FORM_NETWORK = Limit("form-network", 30, 3600)
UPLOAD_NETWORK = Limit("upload-network", 120, 3600)
UPLOAD_DAY = Limit("upload-day", 300 * 1024, 86400)
"""KiB a person may send in files a day: six cases with all photos and documents of full size."""

_off = False


def relax(*, off: bool) -> None:
    """Lift all throttles: the setting RELAXED, in demo and test mode only."""
    global _off  # noqa: PLW0603 - one switch of the process, set at start
    _off = off


def is_relaxed() -> bool:
    """Whether all throttles are lifted."""
    return _off


def hit(limit: Limit, *parts: object, weight: int = 1) -> None:
    """Count one attempt, or as many units as it weighs. Raises TooMany with the seconds to wait when the window is full."""
    if _off:
        return
    hits, wait = _counted(limit, parts, weight)
    if hits > limit.hits:
        raise TooMany(_l("Too many attempts. Wait a little and try again."), retry_after=max(wait, 1))


def tally(limit: Limit, *parts: object) -> int:
    """Count one without refusing anything, and say how many there are now; what follows from many is for whoever asks."""
    return 0 if _off else _counted(limit, parts, 1)[0]


def _counted(limit: Limit, parts: tuple[object, ...], weight: int) -> tuple[int, int]:
    """Count, and say how many there are in the window and in how many seconds it ends."""
    key = pseudonym("throttle", limit.name, *parts)
    now = clock.now()
    stale = now - timedelta(seconds=limit.per)
    with _apart() as connection:
        connection.execute(delete(Throttle).where(Throttle.key == key, Throttle.opened_at <= stale))
        values = {"key": key, "opened_at": now, "hits": 0}
        connection.execute(insert_statement(Throttle, connection.dialect.name), values)
        connection.execute(update(Throttle).where(Throttle.key == key).values(hits=Throttle.hits + weight))
        row = connection.execute(select(Throttle.opened_at, Throttle.hits).where(Throttle.key == key)).one()
    return row.hits, int((row.opened_at - stale).total_seconds()) + 1


def hits(limit: Limit, *parts: object) -> int:
    """How many there are in the present window of a key; only reads."""
    key = pseudonym("throttle", limit.name, *parts)
    stale = clock.now() - timedelta(seconds=limit.per)
    found = select(Throttle.hits).where(Throttle.key == key, Throttle.opened_at > stale)
    return db.session.scalar(found) or 0


def give_back(limit: Limit, *parts: object) -> None:
    """Take one hit away again: what it stood for did not happen, such as an SMS that no gate took."""
    if _off:
        return
    key = pseudonym("throttle", limit.name, *parts)
    with _apart() as connection:
        fewer = update(Throttle).where(Throttle.key == key, Throttle.hits > 0).values(hits=Throttle.hits - 1)
        connection.execute(fewer)


@contextmanager
def _apart() -> Iterator[Connection]:
    """A short writing transaction of its own, beside the request's session. Raises ReadOnly."""
    need_writable()
    engine = db.engine
    with (
        writer_turn(engine),
        engine.connect().execution_options(sqlite_begin="IMMEDIATE") as connection,
        connection.begin(),
    ):
        yield connection


def forgive(limit: Limit, *parts: object) -> None:
    """Forget the attempts of a key: after a right password, for instance."""
    with _apart() as connection:
        connection.execute(delete(Throttle).where(Throttle.key == pseudonym("throttle", limit.name, *parts)))


KEPT_HOURS = 24


def _old() -> ColumnElement[bool]:
    return Throttle.opened_at < clock.now() - timedelta(hours=KEPT_HOURS)


def count_old() -> int:
    """Windows older than a day."""
    return db.session.scalar(select(func.count()).select_from(Throttle).where(_old())) or 0


def purge() -> int:
    """Drop windows older than a day; how many. Source: retention table, product section 7.4."""
    return int(db.session.execute(delete(Throttle).where(_old())).rowcount)  # type: ignore[attr-defined]
