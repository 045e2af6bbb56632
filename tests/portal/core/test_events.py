"""Facts are told to whoever listens, inside the transaction that made them."""

from collections.abc import Callable

import pytest

from portal.core import events
from portal.core.events import Fact


@pytest.fixture(autouse=True)
def _no_listeners(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_listeners", {})


@pytest.fixture
def heard() -> list[tuple[str, str]]:
    return []


def ear(heard: list[tuple[str, str]], name: str) -> Callable[[Fact], None]:
    return lambda fact: heard.append((name, fact.code))


def test_listeners_hear_their_code_in_the_order_they_came(heard: list[tuple[str, str]]) -> None:
    for name in ("first", "second"):
        events.listen("case.moved", ear(heard, name))
    events.listen("case.counted", ear(heard, "other"))
    events.listen("*", ear(heard, "all"))
    events.tell("case.moved", object())
    assert heard == [("first", "case.moved"), ("second", "case.moved"), ("all", "case.moved")]


def test_listening_twice_counts_once(heard: list[tuple[str, str]]) -> None:
    listener = ear(heard, "one")
    events.listen("case.moved", listener)
    events.listen("case.moved", listener)
    events.tell("case.moved", object())
    assert len(heard) == 1


def test_a_fact_carries_its_thing_and_values() -> None:
    facts: list[Fact] = []
    thing = object()
    events.listen("case.moved", facts.append)
    events.tell("case.moved", thing, level=2)
    assert (facts[0].thing, facts[0].values) == (thing, {"level": 2})


def test_an_error_of_a_listener_reaches_whoever_told() -> None:
    def fail(_fact: Fact) -> None:
        raise ValueError("no")

    events.listen("case.moved", fail)
    with pytest.raises(ValueError, match="no"):
        events.tell("case.moved", object())
