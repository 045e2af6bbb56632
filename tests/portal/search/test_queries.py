"""Finding: folding, numbers, order, pages, and the wall between towns and before what is not public."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from portal.core import clock, tenancy
from portal.core.db import db, writing
from portal.core.errors import Missing
from portal.core.paging import decode
from portal.core.tenancy import Town
from portal.search import queries
from portal.search.models import SearchDocument

Put = Callable[..., None]


def found(text: str, place: Town | None, **values: bool) -> list[int]:
    return [hit.object_id for hit in queries.find(text, place.id if place else None, **values)]


@pytest.mark.parametrize(
    "text", ["lodz", "ŁÓDŹ", "łodz", "lod", "csc", "ČŠČ", "zlutoucky", "zolc", "nowy lodz", "lodz zlut"]
)
def test_accents_and_capitals_do_not_matter(town: Town, put: Put, text: str) -> None:
    put(1, "Nowy plac: Łódź", "Žluťoučký kůň, čšč. Żółć!")
    assert found(text, town) == [1]


@pytest.mark.parametrize(
    "text", ["lodzz", "plac nowak", "", "   ", "!", '"', "*", "OR", "a AND", "words : x", "'&|!()"]
)
def test_what_does_not_fit_is_not_found(town: Town, put: Put, text: str) -> None:
    put(1, "Nowy plac w mieście Łódź")
    assert found(text, town) == []


@pytest.mark.parametrize(
    "text",
    ["LUB-I-2026-0042", "lub-i-2026-42", "lub i 2026 42", "LUBI20260042", "222489/14", "222489", "0042"],
)
def test_a_case_is_found_by_any_of_its_numbers(town: Town, put: Put, text: str) -> None:
    put(1, "Chodnik", number="LUB-I-2026-0042 222489/14")
    put(2, "Plac", "LUB i jeszcze 2026", number="LUB-I-2026-0043")
    assert found(text, town) == [1]


def test_a_text_that_names_a_number_does_not_stand_before_the_case(town: Town, put: Put) -> None:
    put(1, "Chodnik", number="LUB-I-2026-0042", at=clock.now() - timedelta(days=9))
    put(2, "Jak w LUB-I-2026-0042", "nrlubi2026 0042")
    assert found("lub-i-2026-0042", town) == [1]


def test_newest_first_whatever_came_in_first(town: Town, put: Put) -> None:
    for object_id, year in ((1, 2020), (2, 2026), (3, 1995), (4, 2023)):
        put(object_id, "Chodnik", at=datetime(year, 1, 1, tzinfo=UTC))
    assert found("chodnik", town) == [2, 4, 1, 3]


def test_a_hit_says_what_a_page_needs(town: Town, put: Put) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    put(7, "Nowy chodnik", "Przy szkole.", number="LUB-I-2026-0001", at=at, language="cs")
    (hit,) = queries.find("chodnik", town.id)
    assert (hit.kind, hit.object_id, hit.number) == ("thing", 7, "LUB-I-2026-0001")
    assert (hit.title, hit.excerpt, hit.language) == ("Nowy chodnik", "Przy szkole.", "cs")
    assert (hit.at, hit.municipality_id, hit.href) == (at, town.id, "/lublin/things/7")


class TestLongBeginnings:
    """FTS5 keeps no index of beginnings so long; the words they may become are looked up (`_completed`)."""

    def test_all_words_that_begin_so_are_found(self, town: Town, put: Put) -> None:
        for object_id, word in enumerate(
            ("przystanek", "przystanku", "przystan", "przystaná2", "przysta", "przytan")
        ):
            put(object_id, f"Nowy {word}")
        assert found("przystan", town) == [3, 2, 1, 0]
        assert found("nowy przystane", town) == [0]
        assert found("przystanki", town) == []

    def test_so_many_that_they_are_not_told_are_found_too(
        self, town: Town, put: Put, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(queries, "COMPLETIONS", 2)
        for object_id, word in enumerate(("przystanek", "przystanku", "przystan")):
            put(object_id, f"Nowy {word}")
        assert found("przysta", town) == [2, 1, 0]

    def test_a_word_of_another_town_completes_nothing_here(
        self, town: Town, other_town: Town, put: Put
    ) -> None:
        put(1, "Zastávka")
        put(2, "Zastávkami", place=other_town)
        assert found("zastavk", town) == [1]


class TestWalls:
    def test_another_towns_cases_are_not_found(self, town: Town, other_town: Town, put: Put) -> None:
        put(1, "Chodnik")
        put(1, "Chodník", place=other_town)
        put(2, "Chodník hidden", place=other_town, public=False)
        assert found("chodnik", town) == [1]
        assert found("chodnik", town, public_only=False) == [1]
        assert found("chodnik", other_town) == [1]
        assert found("chodnik", other_town, public_only=False) == [2, 1]

    def test_everywhere_means_what_is_public(self, town: Town, other_town: Town, put: Put) -> None:
        put(1, "Chodnik")
        put(2, "Chodník", place=other_town)
        put(3, "Chodník", place=other_town, public=False, number="OJI-I-2026-0001")
        assert found("chodnik", None) == [2, 1]
        assert found("OJI-I-2026-0001", None) == []
        assert queries.count("chodnik", None) == 2
        with pytest.raises(ValueError, match="only what is public"):
            queries.find("chodnik", None, public_only=False)

    def test_nobody_writes_himself_into_another_scope(self, town: Town, other_town: Town, put: Put) -> None:
        words = f"chodnik m{town.id} m{town.id}p p @p @m{town.id}p"
        put(1, words, words, place=other_town, public=False)
        assert found("chodnik", town) == []
        assert found("chodnik", None) == []
        assert found(f"chodnik m{town.id}p", other_town) == []

    def test_the_rows_stand_behind_the_same_wall(self, town: Town, other_town: Town, put: Put) -> None:
        put(1, "Chodnik")
        # As if the index had been damaged: it says more than the row allows.
        with writing():
            db.session.execute(update(SearchDocument).values(public=False))
        assert found("chodnik", None) == []
        with tenancy.unscoped("test"), writing():
            db.session.execute(update(SearchDocument).values(municipality_id=other_town.id))
        assert found("chodnik", town) == []


class TestIds:
    def test_of_one_kind_newest_first_within_the_wall(self, town: Town, other_town: Town, put: Put) -> None:
        put(1, "Chodnik przy szkole")
        put(2, "Chodnik")
        put(3, "Chodnik ukryty", public=False)
        put(4, "Chodník", place=other_town)
        assert sorted(queries.ids("thing", "chodnik", town.id, public_only=True)) == [1, 2]
        assert sorted(queries.ids("thing", "chodnik", town.id, public_only=False)) == [1, 2, 3]
        assert queries.ids("thing", "chodnik", town.id, public_only=True, limit=1) == [2]
        assert queries.ids("survey", "chodnik", town.id, public_only=True) == []
        assert queries.ids("thing", "nothing", town.id, public_only=True) == []

    def test_over_all_towns_only_for_whoever_says_why(self, town: Town, other_town: Town, put: Put) -> None:
        put(1, "Chodnik")
        put(2, "Chodník", place=other_town)
        with tenancy.unscoped("the list over all towns"):
            assert sorted(queries.ids("thing", "chodnik", None, public_only=True)) == [1, 2]
        with tenancy.within(None), pytest.raises(tenancy.OutsideScope):
            queries.ids("thing", "chodnik", None, public_only=True)

    def test_any_of_the_words_is_enough(self, town: Town, other_town: Town, put: Put) -> None:
        put(1, "Nowy chodnik")
        put(2, "Plac zabaw")
        put(3, "Park")
        put(4, "Chodnik ukryty", public=False)
        put(5, "Chodník", place=other_town)
        found = queries.any_word_ids("thing", ["chodnik", "plac", "or"], town.id, limit=10)
        assert sorted(found) == [1, 2]
        assert queries.any_word_ids("thing", ["chodnik", "plac"], town.id, limit=1) == [2]
        assert queries.any_word_ids("thing", [], town.id, limit=10) == []


class TestPages:
    def test_before_goes_on_where_the_page_ended(self, town: Town, put: Put) -> None:
        for object_id in range(5):
            put(object_id, "Chodnik", at=clock.now() + timedelta(seconds=object_id))
        first = queries.find("chodnik", town.id, limit=2)
        second = queries.find("chodnik", town.id, limit=2, before=first[-1].id)
        assert [hit.object_id for hit in (*first, *second)] == [4, 3, 2, 1]

    def test_older_and_back(self, town: Town, put: Put) -> None:
        for object_id in range(5):
            put(object_id, "Chodnik", at=clock.now() + timedelta(seconds=object_id))
        first = queries.page("chodnik", town.id, None, size=2)
        second = queries.page("chodnik", town.id, decode(first.older or ""), size=2)
        third = queries.page("chodnik", town.id, decode(second.older or ""), size=2)
        pages = [[hit.object_id for hit in page.items] for page in (first, second, third)]
        assert pages == [[4, 3], [2, 1], [0]]
        assert (first.newer, third.older) == (None, None)
        back = queries.page("chodnik", town.id, decode(third.newer or ""), size=2)
        assert back.items == second.items

    def test_a_place_we_did_not_write_is_nowhere(self) -> None:
        assert queries.cursor_of("") is None
        with pytest.raises(Missing):
            queries.cursor_of("zzz")

    def test_the_count_stops_at_its_cap(self, town: Town, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(queries, "COUNT_CAP", 3)
        for object_id in range(6):
            put(object_id, "Chodnik")
        assert queries.count("chodnik", town.id) == 4
        assert queries.count("", town.id) == 0
        assert queries.count("nothing", town.id) == 0


# Slips of the keyboard


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("chodnki", "chodnik"),
        ("lawak", "ławka"),
        ("ławkaa przystanek", "ławka przystanek"),
        ("lawka przystanke", "lawka przystanek"),
        ("przy chodniik", "przy chodnik"),
    ],
)
def test_a_word_nobody_wrote_is_taken_for_the_nearest_one(
    town: Town, put: Put, text: str, meant: str
) -> None:
    put(1, "Nowa ławka przy chodniku", "Przystanek, chodnik i plac.")
    assert found(text, town) == []
    assert queries.corrected(text, town.id) == meant
    assert found(meant, town) == [1]


@pytest.mark.parametrize("text", ["", "las", "zupelnie co innego", "2026", "ławka Łódź", "!!!", "a" * 300])
def test_what_is_near_to_nothing_stays_as_it_is(town: Town, put: Put, text: str) -> None:
    put(1, "Nowa ławka")
    assert queries.corrected(text, town.id) == ""


def test_words_that_only_never_stand_together_are_not_corrected(town: Town, put: Put) -> None:
    put(1, "Ławka")
    put(2, "Droga")
    assert queries.corrected("lawka droga", town.id) == ""


def test_a_correction_names_nothing_the_reader_may_not_find(town: Town, other_town: Town, put: Put) -> None:
    put(1, "Ławka tajemnica", public=False)
    put(2, "Chodnik", place=other_town)
    assert queries.corrected("tajemnicca", town.id) == ""
    assert queries.corrected("chodniik", town.id) == ""
    assert queries.corrected("chodniik", None) == "chodnik"


# Parts of what was found


def test_hits_are_counted_by_kind_and_municipality(town: Town, other_town: Town, put: Put) -> None:
    put(1, "Chodnik")
    put(2, "Chodnik", kind="news")
    put(3, "Chodnik", kind="news", public=False)
    put(4, "Chodnik", place=other_town)
    put(5, "Plac")
    assert queries.facets("chodnik", None) == queries.Facets(
        (("thing", 2), ("news", 1)), ((town.id, 2), (other_town.id, 1))
    )
    assert queries.facets("chodnik", town.id).kinds == (("news", 1), ("thing", 1))
    assert queries.facets("", town.id) == queries.Facets((), ())


def test_one_kind_can_be_looked_at_alone(town: Town, put: Put) -> None:
    for number in range(5):
        put(number, "Chodnik", kind="news" if number % 2 else "thing")
    first = queries.page("chodnik", town.id, None, 1, kind="news")
    assert [hit.kind for hit in first.items] == ["news"]
    assert first.older is not None
    second = queries.page("chodnik", town.id, decode(first.older), 1, kind="news")
    assert [hit.object_id for hit in (*first.items, *second.items)] == [3, 1]
    assert second.older is None
    assert queries.count("chodnik", town.id, kind="news") == 2
