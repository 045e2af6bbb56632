"""How often somebody may ask: counted apart, in Redis where there is one, and never a wall when it is gone."""

import os

import pytest

from portal.api import rates
from portal.api.rates import Rates
from portal.core import throttle


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "PER_MINUTE", {"visitor": 2, "key": 3, "stranger": 1})


def test_each_is_counted_alone_and_told_how_long_to_wait() -> None:
    counting = Rates()
    assert [counting.hit("visitor", "a") for _ in range(2)] == [0, 0]
    assert 1 <= counting.hit("visitor", "a") <= 61
    assert (counting.hit("visitor", "b"), counting.hit("key", "a")) == (0, 0)


def test_a_relaxed_portal_counts_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "_off", True)
    counting = Rates()
    assert [counting.hit("stranger", "a") for _ in range(5)] == [0] * 5


def test_reading_goes_on_when_redis_is_gone() -> None:
    counting = Rates("redis://127.0.0.1:1/0")
    assert counting.hit("visitor", "a") == 0
    assert counting.hit("visitor", "a") == 0
    assert counting.hit("visitor", "a") > 0  # Counted by this process alone.


@pytest.mark.skipif("PORTAL_TEST_REDIS_URL" not in os.environ, reason="PORTAL_TEST_REDIS_URL names no Redis")
def test_two_processes_count_together_in_redis() -> None:
    address = os.environ["PORTAL_TEST_REDIS_URL"]
    who = os.urandom(8).hex()
    first, second = Rates(address), Rates(address)
    assert (first.hit("visitor", who), second.hit("visitor", who)) == (0, 0)
    assert first.hit("visitor", who) > 0
