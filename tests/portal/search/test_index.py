"""Putting things in: changed, moved in time, hidden, removed; by facts, in the transaction of the act."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event, func, select

from portal.core import clock, events, tenancy
from portal.core.db import db, writing
from portal.core.registry import ContentType, SearchText, registry
from portal.core.tenancy import Town
from portal.search import index, queries
from portal.search.models import SearchDocument

Put = Callable[..., None]


def found(text: str, place: Town, **values: bool) -> list[int]:
    return [hit.object_id for hit in queries.find(text, place.id, **values)]


def documents() -> int:
    with tenancy.unscoped("test"):
        return db.session.scalar(select(func.count(SearchDocument.id))) or 0


def test_a_changed_text_is_found_by_its_new_words_only(town: Town, put: Put) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    put(1, "Chodnik", at=at)
    put(1, "Plac", at=at)
    assert (found("chodnik", town), found("plac", town)) == ([], [1])
    assert documents() == 1


def test_the_same_again_is_not_indexed_again(town: Town, put: Put) -> None:
    """Each support tells that its case changed."""
    told: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        told.append(statement)

    at = datetime(2026, 1, 1, tzinfo=UTC)
    put(1, "Chodnik", at=at)
    event.listen(db.engine, "before_cursor_execute", note)
    put(1, "Chodnik", at=at)
    event.remove(db.engine, "before_cursor_execute", note)
    assert not [statement for statement in told if statement.startswith(("UPDATE", "INSERT", "DELETE"))]
    assert found("chodnik", town) == [1]


def test_a_new_date_moves_it_in_the_order(town: Town, put: Put) -> None:
    put(1, "Chodnik", at=datetime(2026, 1, 1, tzinfo=UTC))
    put(2, "Chodnik", at=datetime(2026, 2, 1, tzinfo=UTC))
    put(1, "Chodnik", at=datetime(2026, 3, 1, tzinfo=UTC))
    assert found("chodnik", town) == [1, 2]
    assert documents() == 2


def test_what_is_hidden_leaves_the_public_search(town: Town, put: Put) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    put(1, "Chodnik", at=at)
    put(1, "Chodnik", at=at, public=False)
    assert (found("chodnik", town), found("chodnik", town, public_only=False)) == ([], [1])


def test_many_of_one_second_find_their_places(town: Town, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    slots = iter([0, 0, 6])
    monkeypatch.setattr(index, "randrange", lambda _: next(slots))
    at = datetime(2026, 1, 1, tzinfo=UTC)
    put(1, "Chodnik", at=at)
    put(2, "Chodnik", at=at)
    assert sorted(found("chodnik", town)) == [1, 2]


def test_a_full_second_is_an_error_and_not_a_loop(
    town: Town, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "randrange", lambda _: 0)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    put(1, "Chodnik", at=at)
    with pytest.raises(RuntimeError, match="No free place"):
        put(2, "Chodnik", at=at)


def test_nothing_is_indexed_outside_a_municipality(town: Town) -> None:
    text = SearchText("Chodnik", "", "", True, clock.now(), "pl")
    with tenancy.within(None), writing(), pytest.raises(tenancy.OutsideScope):
        index.put("thing", 1, text, "/x")


def test_an_act_that_fails_leaves_nothing_to_find(town: Town) -> None:
    text = SearchText("Chodnik", "", "", True, clock.now(), "pl")

    def fail() -> None:
        with writing():
            index.put("thing", 1, text, "/x")
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert found("chodnik", town) == []


@dataclass
class Thing:
    """Something with a kind."""

    id: int
    title: str
    KIND: str = "thing"


@pytest.fixture
def thing_type(monkeypatch: pytest.MonkeyPatch) -> None:
    def text(thing: Thing) -> SearchText | None:
        if not thing.title:
            return None
        return SearchText(thing.title, "", "", True, clock.now(), "pl")

    kind: Any = ContentType("thing", "Thing", Thing, None, Thing, lambda t: f"/lublin/things/{t.id}", text)  # type: ignore[arg-type]
    mute: Any = ContentType("mute", "Mute", Thing, None, Thing, lambda t: "/x")  # type: ignore[arg-type]
    monkeypatch.setattr(registry, "content_types", {"thing": kind, "mute": mute})
    # The page cache listens too, and asks more of a thing than these know.
    monkeypatch.setattr(events, "_listeners", {})
    index.start()


def tell(code: str, thing: object) -> None:
    with writing():
        events.tell(code, thing)


@pytest.mark.usefixtures("thing_type")
class TestFacts:
    def test_a_changed_thing_is_indexed_as_its_type_says(self, town: Town) -> None:
        tell("content.changed", Thing(3, "Chodnik"))
        (hit,) = queries.find("chodnik", town.id)
        assert (hit.kind, hit.object_id, hit.href) == ("thing", 3, "/lublin/things/3")

    def test_things_that_arrive_together_are_found_and_may_share_an_instant(
        self, town: Town, frozen: Callable[[str], None]
    ) -> None:
        frozen("2026-03-02 10:00")
        tell("content.changed", Thing(1, "Chodnik"))
        tell("content.arrived", [Thing(2, "Chodnik"), Thing(3, "Chodnik"), Thing(4, "")])
        tell("content.arrived", [])
        assert sorted(found("chodnik", town)) == [1, 2, 3]
        assert documents() == 3

    def test_too_many_of_one_second_are_an_error_and_not_a_loop(
        self, town: Town, frozen: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        frozen("2026-03-02 10:00")
        monkeypatch.setattr(index, "randrange", lambda _: 0)
        with pytest.raises(RuntimeError, match="No free place"):
            tell("content.arrived", [Thing(number, "Chodnik") for number in range(3)])

    def test_a_removed_thing_is_gone(self, town: Town) -> None:
        tell("content.changed", Thing(3, "Chodnik"))
        tell("content.removed", Thing(3, "Chodnik"))
        assert found("chodnik", town) == []
        assert documents() == 0

    def test_a_thing_without_a_text_any_more_is_gone(self, town: Town) -> None:
        tell("content.changed", Thing(3, "Chodnik"))
        tell("content.changed", Thing(3, ""))
        assert documents() == 0

    @pytest.mark.parametrize("thing", [Thing(1, "Chodnik", "unknown"), Thing(1, "Chodnik", "mute"), object()])
    def test_what_no_type_knows_is_left_out(self, town: Town, thing: object) -> None:
        tell("content.changed", thing)
        tell("content.removed", thing)
        assert documents() == 0
