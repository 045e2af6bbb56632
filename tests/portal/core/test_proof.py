"""Proof of work: a number that costs something to find, for one form, and a pause in place of it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask

from portal.core import clock, proof, throttle
from tests.factories.proofs import solution_of

HERE = ("key-of-a-form-0001", "initiatives.new:lublin")
NETWORK = "192.0.2.0/24"


@pytest.fixture(autouse=True)
def asked(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Little work, a usual pause; the clock stands, as pauses are counted in whole seconds."""
    later(monkeypatch, 0)
    proof.ask(6, 10)
    yield
    proof.ask(0, 0)


def solve(token: str) -> str:
    return solution_of(token, proof.bits())


def later(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    at = clock.now() + timedelta(seconds=seconds)
    monkeypatch.setattr(clock, "now", lambda: at)


def test_a_number_solves_its_own_form_alone() -> None:
    token = proof.challenge(*HERE)
    number = solve(token)
    assert proof.is_fresh(token, *HERE)
    assert not proof.is_solved(token, number, "another-key-00001", HERE[1])
    assert not proof.is_solved(token, number, HERE[0], "accounts.sign_in:")
    assert not proof.is_solved(token + "x", number, *HERE)


@pytest.mark.parametrize("typed", ["", "-1", "x", "1" * 200, "\u0661", "1.0"])
def test_what_is_no_number_solves_nothing(typed: str) -> None:
    proof.ask(0, 0)
    token = proof.challenge(*HERE)
    rest = ".".join(["1"] * (proof.PARTS - 1))
    for sent in (typed, f"{typed}.{rest}" if "." not in typed else typed):
        assert not proof.is_solved(token, sent, *HERE)
    assert proof.is_solved(token, f"1.{rest}", *HERE)


def test_bits_are_counted_from_the_front() -> None:
    assert [proof.leading_zeros(bytes(one)) for one in ([255, 0], [1, 0], [0, 128], [0, 0])] == [0, 7, 8, 16]


def test_a_token_of_a_pause_is_no_challenge() -> None:
    token = proof.begin_pause(*HERE)
    assert not proof.is_fresh(token, *HERE)
    assert proof.pause_left(proof.challenge(*HERE), *HERE, NETWORK) is None
    assert proof.pause_left("", *HERE, NETWORK) is None


def test_a_pause_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    token = proof.begin_pause(*HERE)
    assert proof.pause_left(token, *HERE, NETWORK) == 10
    later(monkeypatch, 7)
    assert proof.pause_left(token, *HERE, NETWORK) == 3
    later(monkeypatch, 9)
    assert proof.pause_left(token, *HERE, NETWORK) == 0
    assert proof.pause_left(token, "another-key-00001", HERE[1], NETWORK) is None


def test_many_pauses_of_one_network_last_longer_also_those_begun_before() -> None:
    before = proof.begin_pause(*HERE)
    for _ in range(proof.PAUSES.hits):
        assert proof.use_pause(NETWORK) == 0
    assert proof.pause_left(before, *HERE, NETWORK) == 60
    assert proof.pause_left(before, *HERE, "198.51.100.0/24") == 10


def test_thousands_begun_side_by_side_get_no_more_through(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = [proof.begin_pause(f"key-{number:017}", HERE[1]) for number in range(200)]
    later(monkeypatch, 3600 - 1200)

    def used() -> int:
        taken = 0
        for number, token in enumerate(begun):
            if proof.pause_left(token, f"key-{number:017}", HERE[1], NETWORK) == 0:
                taken += proof.use_pause(NETWORK) == 0
        return taken

    assert used() == proof.PAUSES.hits + proof.RUSH.hits
    wait = proof.use_pause(NETWORK)
    assert 0 < wait <= proof.RUSH.per + 1
    later(monkeypatch, wait)
    assert used() == proof.RUSH.hits
    assert proof.use_pause("198.51.100.0/24") == 0


def test_lifted_throttles_lift_it() -> None:
    assert proof.is_asked()
    throttle.relax(off=True)
    try:
        assert not proof.is_asked()
    finally:
        throttle.relax(off=False)
    proof.ask(0, 10)
    assert not proof.is_asked()
