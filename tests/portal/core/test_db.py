"""Column types, the one way to write, and the queue of SQLite's writers."""

import threading
import time
from datetime import UTC, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import create_engine, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError

from portal.core import db as core
from portal.core.db import EnumText, FairLock, UtcDateTime, db, insert_or_keep, is_writing, writing
from portal.core.errors import Busy
from portal.core.tenancy import Municipality, Town
from portal.core.usecase import FormResult

NOON = datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("Europe/Warsaw"))


class Colour(StrEnum):
    RED = "red"


def row(key: str) -> dict[str, object]:
    return {"key": key, "at": NOON, "result": "null"}


def count() -> int:
    return len(db.session.scalars(select(FormResult.key)).all())


# Types


def test_instants_are_kept_in_utc_and_naive_ones_refused() -> None:
    column = UtcDateTime()
    assert column.process_bind_param(NOON, sqlite.dialect()) == datetime(2026, 7, 1, 10)  # noqa: DTZ001 - as SQLite has it
    assert column.process_bind_param(NOON, postgresql.dialect()) == NOON.astimezone(UTC)
    for engine in (sqlite.dialect(), postgresql.dialect()):
        assert column.process_result_value(NOON, engine) == NOON
        assert column.process_bind_param(None, engine) is None
        with pytest.raises(ValueError, match="time zone"):
            column.process_bind_param(datetime(2026, 7, 1), engine)  # noqa: DTZ001 - the mistake itself
    assert column.process_result_value(datetime(2026, 7, 1, 10), sqlite.dialect()) == NOON  # noqa: DTZ001 - as SQLite has it


def test_words_outside_a_family_reach_no_column() -> None:
    column = EnumText(Colour)
    assert column.process_bind_param(Colour.RED, sqlite.dialect()) == "red"
    assert column.process_result_value("red", sqlite.dialect()) is Colour.RED
    with pytest.raises(ValueError, match="blue"):
        column.process_bind_param("blue", sqlite.dialect())  # type: ignore[arg-type]


# Writing


def fail_half_way(*, inner: bool) -> None:
    """Write a row, in a block of its own or not, and fail before the end."""
    with writing():
        if inner:
            with writing():
                insert_or_keep(FormResult, **row("a"))
        else:
            insert_or_keep(FormResult, **row("a"))
        assert is_writing()
        raise RuntimeError("half way")


@pytest.mark.parametrize("inner", [False, True], ids=["one block", "a block that joins another"])
def test_what_fails_half_way_leaves_nothing(app: Flask, *, inner: bool) -> None:
    with pytest.raises(RuntimeError, match="half way"):
        fail_half_way(inner=inner)
    assert not is_writing()
    assert count() == 0


def test_what_comes_to_its_end_is_kept(app: Flask) -> None:
    with writing():
        insert_or_keep(FormResult, **row("a"))
    db.session.rollback()
    assert count() == 1


def test_whoever_writes_reads_anew_what_others_wrote(app: Flask, town: Town) -> None:
    found = db.session.get_one(Municipality, town.id)
    with db.engine.begin() as other:
        other.execute(text("UPDATE municipality SET population = 7"))
    with writing():
        assert found.population == 7


def test_nothing_is_written_after_a_refusal(app: Flask) -> None:
    core.refuse_writing(Busy())
    try:
        with pytest.raises(Busy), writing():
            insert_or_keep(FormResult, **row("a"))
    finally:
        db.session.info.pop("refused")
    assert count() == 0


def test_a_key_that_is_there_already_is_kept(app: Flask) -> None:
    with writing():
        assert insert_or_keep(FormResult, **row("a"))
        assert not insert_or_keep(FormResult, **row("a") | {"result": "2"})
    assert db.session.scalars(select(FormResult.result)).all() == ["null"]


def test_busy_databases_are_told_from_broken_ones() -> None:
    def problem(words: str) -> OperationalError:
        return OperationalError("SELECT 1", {}, Exception(words))

    for words in ("database is locked", "deadlock detected", "canceling statement due to statement timeout"):
        assert core.is_busy(problem(words)), words
    assert not core.is_busy(problem("no such table: job"))


def test_pages_of_options_fit_the_engine() -> None:
    assert core.engine_options("sqlite:///x", threads=3)["pool_size"] == 5
    options = core.engine_options("postgresql+psycopg://h/x")
    assert options["pool_pre_ping"]
    assert "statement_timeout" in options["connect_args"]["options"]


# The queue


def test_turns_are_given_in_the_order_of_asking() -> None:
    lock, order = FairLock(), []
    assert lock.acquire(1)

    def take(number: int) -> None:
        assert lock.acquire(5)
        order.append(number)
        lock.release()

    waiting = [threading.Thread(target=take, args=(number,)) for number in range(4)]
    for number, thread in enumerate(waiting, 1):
        thread.start()
        give_up = time.monotonic() + 5
        while len(lock._queue) < number:
            assert time.monotonic() < give_up, "nobody queues up"
            time.sleep(0.001)
    lock.release()
    for thread in waiting:
        thread.join()
    assert order == [0, 1, 2, 3]
    assert lock.acquire(0), "the last one frees it"


def test_whoever_waits_too_long_leaves_the_queue() -> None:
    lock = FairLock()
    assert lock.acquire(1)
    assert not lock.acquire(0.01)
    lock.release()
    assert lock.acquire(0), "nobody is handed a turn they gave up"


def test_a_second_process_waits_for_the_lock_file(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL has no queue of writers")
    import fcntl

    monkeypatch.setattr(core, "BUSY_SECONDS", 0.05)
    with open(f"{db.engine.url.database}.writer", "ab") as theirs:
        fcntl.flock(theirs, fcntl.LOCK_EX)
        with pytest.raises(Busy), writing():
            pass
        fcntl.flock(theirs, fcntl.LOCK_UN)
    with writing():
        insert_or_keep(FormResult, **row("a"))


def test_sqlite_is_opened_by_the_recipe(app: Flask) -> None:
    """Source: docs/adr/0003."""
    if db.engine.dialect.name != "sqlite":
        pytest.skip("a recipe of SQLite")
    engine = create_engine(db.engine.url, **core.engine_options(str(db.engine.url)))
    core.prepare_engine(engine)
    core.prepare_engine(engine)
    with engine.connect() as connection:
        pragma = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("synchronous", "foreign_keys", "busy_timeout", "secure_delete")
        }
    engine.dispose()
    assert pragma == {"synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000, "secure_delete": 1}
