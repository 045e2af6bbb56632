"""Words, numbers, keys and query languages of the search."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.search.rules import (
    EXCERPT,
    MAX_QUERY_WORDS,
    MAX_WORD,
    SLOTS,
    Query,
    can_be_misspelt,
    document_id,
    excerpt_of,
    fts5,
    fts5_any,
    index_words,
    number_word,
    read_query,
    scope_of,
    scopes,
    slot_of,
    spelling_keys,
    spellings,
    tsquery,
    tsquery_any,
)

INSTANTS = st.integers(0, 7_000_000_000_000_000).map(
    lambda ticks: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=ticks)
)


def test_words_are_folded_and_stand_once() -> None:
    assert index_words("Łódź, łódź!", "Žluťoučký kůň", "") == "lodz zlutoucky kun"


def test_a_number_is_there_in_pieces_and_in_one() -> None:
    words = index_words("Tytuł", "", "LUB-I-2026-0042 222489/14").split()
    assert {"lub", "0042", "nrlubi20260042", "222489", "nr22248914"} <= set(words)


def test_endless_words_are_cut() -> None:
    assert index_words("a" * 500, "", "") == "a" * MAX_WORD


@pytest.mark.parametrize(
    ("text", "canonical", "query"),
    [
        ("Łódź", None, Query((), "lodz", "")),
        ("nowy chodnik", None, Query(("nowy",), "chodnik", "")),
        ("chodnik ", None, Query(("chodnik",), "", "")),
        ("ul", None, Query(("ul",), "", "")),
        ("", None, Query((), "", "")),
        ("!?", None, Query((), "", "")),
        ("222489/14", None, Query(("222489", "14"), "", "nr22248914")),
        ("lub i 2026 42", "LUB-I-2026-0042", Query(("lub", "i", "2026", "42"), "", "nrlubi20260042")),
    ],
)
def test_reading_a_query(text: str, canonical: str | None, query: Query) -> None:
    assert read_query(text, canonical) == query
    assert bool(query) is bool(query.words or query.beginning)


def test_a_query_reads_so_many_words_and_no_more() -> None:
    query = read_query(" ".join(f"word{n}" for n in range(50)))
    assert len(query.words) + bool(query.beginning) == MAX_QUERY_WORDS


def test_scopes_of_a_document_and_of_a_reader() -> None:
    assert scopes(12, "news", public=True).split() == ["m12", "m12p", "p", "m12pnews", "pnews"]
    assert scopes(12, "news", public=False).split() == ["m12"]
    assert scope_of(12, public_only=True, kind="news") == "m12pnews"
    assert scope_of(None, public_only=True, kind="news") == "pnews"
    assert scope_of(12, public_only=True) == "m12p"
    assert scope_of(12, public_only=False) == "m12"
    assert scope_of(None, public_only=True) == "p"
    with pytest.raises(ValueError, match="only what is public"):
        scope_of(None, public_only=False)
    with pytest.raises(ValueError, match="only what is public"):
        scope_of(12, public_only=False, kind="news")


def test_both_query_languages() -> None:
    query = Query(("nowy",), "chod", "")
    assert fts5(query, "m1p") == 'scope : m1p AND words : ("nowy" AND "chod"*)'
    assert tsquery(query, "m1p") == "'@m1p' & 'nowy' & 'chod':*"
    whole = Query(("nowy",), "", "")
    assert fts5(whole, "p") == 'scope : p AND words : ("nowy")'
    assert tsquery(whole, "p") == "'@p' & 'nowy'"
    assert fts5_any(["a", "b"], "p") == 'scope : p AND words : ("a" OR "b")'
    assert tsquery_any(["a", "b"], "p") == "'@p' & ('a' | 'b')"


@given(st.text(max_size=60))
def test_nothing_typed_is_syntax(text: str) -> None:
    query = read_query(text)
    for word in (*query.words, query.beginning, number_word(text)):
        assert all(sign.isalnum() for sign in word)


@given(INSTANTS, INSTANTS, st.integers(0, SLOTS - 1), st.integers(0, SLOTS - 1))
def test_a_later_document_has_a_greater_key(first: datetime, second: datetime, a: int, b: int) -> None:
    if second - first >= timedelta(seconds=1):
        assert document_id(first, a) < document_id(second, b)
    assert 0 <= document_id(first, a) < 2**63


@given(INSTANTS, INSTANTS)
def test_within_a_second_the_slot_keeps_the_order(first: datetime, second: datetime) -> None:
    keys = [document_id(at, slot_of(at)) for at in (first, second)]
    assert (keys[0] < keys[1]) is (first < second)


def test_an_excerpt_ends_between_words() -> None:
    assert excerpt_of("short  text\n") == "short text"
    long = excerpt_of("word " * 100)
    assert len(long) <= EXCERPT + 1
    assert long.endswith("word…")


def test_words_are_told_as_compared_and_as_written() -> None:
    assert spellings("Nowa Ławka, nowa!") == [("nowa", "nowa"), ("lawka", "ławka"), ("nowa", "nowa")]


@pytest.mark.parametrize(
    ("word", "known"), [("lawka", True), ("las", False), ("a" * 25, False), ("2026", False), ("b4b4", False)]
)
def test_short_long_and_numbered_words_are_not_corrected(word: str, *, known: bool) -> None:
    assert can_be_misspelt(word) is known


@pytest.mark.parametrize("slip", ["lawka", "lawkaa", "lwka", "lxwka", "alwka", "lawak", "xlawka"])
def test_words_one_slip_apart_share_a_key(slip: str) -> None:
    assert spelling_keys("lawka") & spelling_keys(slip)


def test_a_word_of_other_letters_shares_none() -> None:
    assert not spelling_keys("lawka") & spelling_keys("droga")
