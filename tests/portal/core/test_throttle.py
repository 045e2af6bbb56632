"""Counters of attempts: exact, per key, in the database, and forgetting by themselves."""

import threading
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.core import throttle
from portal.core.db import db, writing
from portal.core.errors import TooMany
from portal.core.throttle import Limit, Throttle

Frozen = Callable[[str], None]
THREE = Limit("test-three", 3, 60)


@pytest.fixture(autouse=True)
def counted() -> Iterator[None]:
    """Throttles hold, whatever the settings of the run."""
    off = throttle._off
    throttle.relax(off=False)
    yield
    throttle.relax(off=off)


def rows() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Throttle)) or 0


def hits(limit: Limit, *parts: object, times: int) -> None:
    for _ in range(times):
        throttle.hit(limit, *parts)


def test_full_window_refuses_and_says_how_long(app: Flask, frozen: Frozen) -> None:
    frozen("2026-03-02 10:00:00")
    hits(THREE, "anna", times=3)
    frozen("2026-03-02 10:00:20")
    with pytest.raises(TooMany) as refused:
        throttle.hit(THREE, "anna")
    assert refused.value.retry_after == 41
    assert refused.value.status == 429


def test_window_opens_again_after_its_time(app: Flask, frozen: Frozen) -> None:
    frozen("2026-03-02 10:00:00")
    hits(THREE, "anna", times=3)
    frozen("2026-03-02 10:00:59")
    with pytest.raises(TooMany):
        throttle.hit(THREE, "anna")
    frozen("2026-03-02 10:01:00")
    hits(THREE, "anna", times=3)


def test_refused_attempts_do_not_prolong_the_window(app: Flask, frozen: Frozen) -> None:
    frozen("2026-03-02 10:00:00")
    hits(THREE, "anna", times=3)
    for second in range(10, 60, 10):
        frozen(f"2026-03-02 10:00:{second}")
        with pytest.raises(TooMany):
            throttle.hit(THREE, "anna")
    frozen("2026-03-02 10:01:00")
    throttle.hit(THREE, "anna")


def test_wait_is_never_nought(app: Flask, frozen: Frozen) -> None:
    frozen("2026-03-02 10:00:00")
    hits(THREE, "anna", times=3)
    frozen("2026-03-02 10:00:59.999")
    with pytest.raises(TooMany) as refused:
        throttle.hit(THREE, "anna")
    assert refused.value.retry_after is not None
    assert refused.value.retry_after >= 1


def test_each_key_and_each_limit_counts_by_itself(app: Flask) -> None:
    hits(THREE, "anna", times=3)
    hits(THREE, "ewa", times=3)
    hits(THREE, "anna", 1, times=3)
    hits(Limit("test-other", 3, 60), "anna", times=3)
    assert rows() == 4


def test_parts_cannot_be_shifted_into_one_another(app: Flask) -> None:
    hits(THREE, "a", "bc", times=3)
    throttle.hit(THREE, "ab", "c")


def test_who_it_was_is_not_stored(app: Flask) -> None:
    throttle.hit(THREE, "anna@people.example", "203.0.113.7")
    key = db.session.scalars(select(Throttle.key)).one()
    assert "anna" not in key
    assert "203" not in key


def test_forgiven_attempts_do_not_count(app: Flask) -> None:
    hits(THREE, "anna", times=3)
    hits(THREE, "ewa", times=3)
    throttle.forgive(THREE, "anna")
    throttle.hit(THREE, "anna")
    with pytest.raises(TooMany):
        throttle.hit(THREE, "ewa")


def test_attempt_counts_although_its_request_fails(app: Flask) -> None:
    def attempt() -> None:
        throttle.hit(THREE, "anna")
        with writing():
            raise RuntimeError

    for _ in range(3):
        with pytest.raises(RuntimeError):
            attempt()
    with pytest.raises(TooMany):
        attempt()


def test_parallel_attempts_are_counted_one_by_one(app: Flask) -> None:
    """Source: R55, R56."""
    limit = Limit("test-ten", 10, 600)
    refused: list[int] = []
    start = threading.Barrier(6)

    def try_often() -> None:
        with app.app_context():
            start.wait()
            for _ in range(4):
                try:
                    throttle.hit(limit, "anna")
                except TooMany:
                    refused.append(1)

    people = [threading.Thread(target=try_often) for _ in range(6)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert len(refused) == 6 * 4 - 10
    assert db.session.scalars(select(Throttle.hits)).one() == 24


def test_lifted_throttles_count_nothing(app: Flask) -> None:
    throttle.relax(off=True)
    hits(THREE, "anna", times=10)
    assert rows() == 0


def test_old_windows_are_dropped_after_a_day(app: Flask, frozen: Frozen) -> None:
    frozen("2026-03-02 10:00")
    throttle.hit(THREE, "anna")
    frozen("2026-03-03 09:59")
    throttle.hit(THREE, "ewa")
    with writing():
        assert throttle.purge() == 0
    frozen("2026-03-03 10:01")
    with writing():
        assert throttle.purge() == 1
    assert rows() == 1


@pytest.mark.parametrize(
    ("limit", "hits_allowed"),
    [(throttle.SIGN_IN_ACCOUNT, 10), (throttle.CODE_CASE, 10), (throttle.FORM_NETWORK, 30)],
)
def test_limits_of_the_house(limit: Limit, hits_allowed: int) -> None:
    assert limit.hits == hits_allowed
    assert limit.per >= 900


def test_names_of_limits_are_distinct() -> None:
    limits = [value for value in vars(throttle).values() if isinstance(value, Limit)]
    assert len({limit.name for limit in limits}) == len(limits) >= 7
