"""Base of all models, column types, engine recipe, and the one way to write: `writing()`.

SQLite: our own BEGIN, WAL with full synchronisation, and one writer at a time, queued fairly within the
process and by a lock file between processes. PostgreSQL needs none of it. All engine-specific code of
the portal stands here and in `portal/search` (the reasons: docs/adr/0003).
"""

import importlib
import random
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Generic, TypeVar, cast

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Insert,
    Integer,
    MetaData,
    String,
    Table,
    event,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from portal.core.errors import Busy, Full

try:
    import fcntl

    _HAS_FILE_LOCKS = True
except ImportError:  # Windows has no advisory file locks; BEGIN IMMEDIATE alone still keeps writers apart.
    _HAS_FILE_LOCKS = False

SAFE_SQLITE = (3, 51, 3)
"""First SQLite whose WAL cannot be corrupted by two simultaneous resets."""
BUSY_SECONDS = 5.0
CACHE_KB = 4000
"""Of each connection: enough for the upper pages of all indexes; the rest is in the system's cache, for everybody."""
LOG_BYTES = 64 * 1024 * 1024

Key = BigInteger().with_variant(Integer(), "sqlite")
"""Primary and foreign keys: 64 bits; on SQLite the row id."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Base(DeclarativeBase):
    """Base of every model."""

    metadata = metadata

    PERSONAL: ClassVar[tuple[str, ...]] = ()
    """Columns whose values never reach the audit log, only the word "changed"."""
    AUDITED: ClassVar[bool] = True
    """Whether changed rows are listed in the audit entry of their use case."""


class UtcDateTime(TypeDecorator[datetime]):
    """An instant. Naive values are refused; SQLite's naive ones come back as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store as UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("An instant needs a time zone.")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Come back aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


E = TypeVar("E", bound=StrEnum)


class EnumText(TypeDecorator[E], Generic[E]):
    """A StrEnum stored by its value."""

    impl = String
    cache_ok = True

    def __init__(self, kind: type[E]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: E | None, dialect: Dialect) -> str | None:
        """Refuse what is not of the family."""
        return None if value is None else self.kind(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> E | None:
        """Back to the member."""
        return None if value is None else self.kind(value)


db: SQLAlchemy = SQLAlchemy(
    model_class=Base, disable_autonaming=True, session_options={"expire_on_commit": False}
)


def sqlite_driver() -> ModuleType:
    """The SQLite module to open our files with; never two of them in one process."""
    try:
        return importlib.import_module("pysqlite3.dbapi2")
    except ImportError:
        return importlib.import_module("sqlite3")


def engine_options(url: str, threads: int = 2) -> dict[str, Any]:
    """Options of `create_engine` for this address."""
    if make_url(url).get_backend_name() == "sqlite":
        return {
            "module": sqlite_driver(),
            "connect_args": {"timeout": BUSY_SECONDS},
            "pool_size": threads + 2,
            "pool_use_lifo": True,  # So that a quiet server keeps one warm cache instead of several.
        }
    settings = "-c statement_timeout=20000 -c jit=off -c random_page_cost=1.1 -c timezone=UTC"
    return {
        "pool_size": threads + 2,
        "max_overflow": 0,
        "pool_pre_ping": True,
        "connect_args": {"options": settings},
    }


def prepare_engine(engine: Engine) -> None:
    """Hang the SQLite recipe on an engine; does nothing for PostgreSQL."""
    if engine.dialect.name != "sqlite" or event.contains(engine, "connect", _on_connect):
        return
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)


def _on_connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    version = tuple(int(part) for part in sqlite_driver().sqlite_version.split("."))
    # Below the safe version the rollback journal is slower and sound; see docs/adr/0003.
    cursor.execute("PRAGMA journal_mode=" + ("WAL" if version >= SAFE_SQLITE else "TRUNCATE"))
    for pragma in (
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={int(BUSY_SECONDS * 1000)}",
        f"cache_size=-{CACHE_KB}",
        "temp_store=MEMORY",
        # What is erased is overwritten, not left in the file's free pages.
        "secure_delete=ON",
        f"journal_size_limit={LOG_BYTES}",
    ):
        cursor.execute("PRAGMA " + pragma)
    cursor.close()


def _on_begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("isolation_level") == "AUTOCOMMIT":
        return
    connection.exec_driver_sql("BEGIN " + options.get("sqlite_begin", "DEFERRED"))


class FairLock:
    """A lock handed on in the order of asking; a plain lock lets a late thread overtake."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._queue: deque[threading.Event] = deque()
        self._held = False

    def acquire(self, timeout: float) -> bool:
        """Wait for the turn at most `timeout` seconds."""
        with self._guard:
            if not self._held and not self._queue:
                self._held = True
                return True
            turn = threading.Event()
            self._queue.append(turn)
        if turn.wait(timeout):
            return True
        with self._guard:
            if turn.is_set():  # The turn came between the timeout and here: keep it.
                return True
            self._queue.remove(turn)
            return False

    def release(self) -> None:
        """Hand on to whoever has waited longest."""
        with self._guard:
            if self._queue:
                self._queue.popleft().set()
            else:
                self._held = False


_fair = FairLock()
_held_by_me = threading.local()


@contextmanager
def writer_turn(engine: Engine) -> Iterator[None]:
    """Be the one writer of this SQLite file until the block ends. Raises Busy after five seconds."""
    if engine.dialect.name != "sqlite" or getattr(_held_by_me, "yes", False):
        yield
        return
    started = time.monotonic()
    if not _fair.acquire(BUSY_SECONDS):
        raise Busy
    handle = None
    _held_by_me.yes = True
    try:
        handle = _lock_file(engine, started + BUSY_SECONDS)
        yield
    finally:
        if handle is not None:
            handle.close()
        _held_by_me.yes = False
        _fair.release()


def _lock_file(engine: Engine, until: float) -> Any:
    path = engine.url.database
    if not _HAS_FILE_LOCKS or not path or path == ":memory:":
        return None
    handle = Path(path + ".writer").open("ab")  # noqa: SIM115 - held until the turn ends, closed by its owner
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                handle.close()
                raise Busy from None
            time.sleep(random.uniform(0.0005, 0.004))  # noqa: S311 - jitter, not a secret
        else:
            return handle


@contextmanager
def writing() -> Iterator[None]:
    """One writing transaction on the request's session: begun at once, committed once, or undone.

    Ends the reading transaction first, so whoever writes reads again what it changes. An inner block
    joins the outer one. Raises Busy when the database is taken for longer than five seconds.
    """
    session = db.session
    if session.info.get("writing"):
        yield
        return
    if problem := session.info.get("refused"):
        raise problem
    session.rollback()
    try:
        with writer_turn(db.engine):
            session.connection(execution_options={"sqlite_begin": "IMMEDIATE"})
            session.info["writing"] = True
            try:
                yield
                session.commit()
            except BaseException:
                session.rollback()
                raise
            finally:
                session.info["writing"] = False
    except OperationalError as problem:
        if is_busy(problem):
            raise Busy from problem
        if is_full(problem):
            raise Full from problem
        raise


def tidy_log() -> None:
    """Cut SQLite's write-ahead log back to nothing; with readers always about it would only grow.

    The worker calls this each minute, in the writers' queue. PostgreSQL looks after itself.
    """
    engine = db.engine
    if engine.dialect.name != "sqlite":
        return
    with writer_turn(engine), engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("PRAGMA optimize")


def is_busy(problem: OperationalError) -> bool:
    """Whether the database was taken, timed out or chose us as a deadlock's victim."""
    text = str(problem.orig).lower()
    return any(word in text for word in ("locked", "busy", "deadlock", "timeout", "could not serialize"))


def is_full(problem: OperationalError) -> bool:
    """Whether there was no room for what should be written; what was there can still be read."""
    text = str(problem.orig).lower()
    return "disk is full" in text or "no space left" in text


def insert_or_keep(model: type[Base], **values: Any) -> bool:
    """Insert a row unless its key is there already; whether it was inserted. Joins the transaction."""
    statement = insert_statement(model, db.engine.dialect.name)
    return bool(db.session.execute(statement, values).rowcount)  # type: ignore[attr-defined]


def insert_or_keep_all(model: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows, leaving out those whose key is there already. Joins the transaction."""
    if rows:
        db.session.execute(insert_statement(model, db.engine.dialect.name), rows)


@lru_cache
def insert_statement(model: type[Base], dialect: str) -> Insert:
    """`INSERT … ON CONFLICT DO NOTHING` in the words of an engine; its values are handed over with it."""
    insert = sqlite_insert if dialect == "sqlite" else postgresql_insert
    # Into the table, not the model: a single row needs none of the ORM's care for many. Without the option the
    # count of an INSERT is -1 on PostgreSQL, and every insert would seem to have happened.
    statement = insert(cast(Table, model.__table__)).on_conflict_do_nothing()
    return statement.execution_options(preserve_rowcount=True)


@lru_cache
def add_statement(model: type[Base], dialect: str) -> Insert:
    """Add numbers to the row of a key, which is made where it is not there yet, in the words of an engine.

    Executed with a list it takes many rows at once; every column that is not of the key is a sum.
    """
    insert = sqlite_insert if dialect == "sqlite" else postgresql_insert
    table = cast(Table, model.__table__)
    statement = insert(table)
    sums = {c.name: c + statement.excluded[c.name] for c in table.columns if not c.primary_key}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=sums)


def refuse_writing(problem: Exception) -> None:
    """Let nothing be written in this request: whoever tries gets `problem`."""
    db.session.info["refused"] = problem


def is_writing() -> bool:
    """Whether the session is inside `writing()`: flushes elsewhere are refused."""
    return bool(db.session.info.get("writing"))
