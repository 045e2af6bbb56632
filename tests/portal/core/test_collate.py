"""Orders of the three languages and folding for search."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.collate import fold, sort_key, tokens


def in_order(locale: str, words: list[str]) -> list[str]:
    """The words sorted from a disorder that no stable sort can leave by chance."""
    mixed = words[::-1]
    return sorted(mixed, key=lambda word: sort_key(word, locale))


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Łódź", "lodz"),
        ("ŻÓŁĆ gęślą jaźń", "zolc gesla jazn"),
        ("Příliš žluťoučký kůň", "prilis zlutoucky kun"),
        ("Straße", "strasse"),
        ("Æsir Œuvre Þór Øst Đuro", "aesir oeuvre thor ost duro"),
        ("  ul.\u00a0Targowa \t 12\n", "ul. targowa 12"),
        ("İSTANBUL ısı", "istanbul isi"),
        ("ﬁn №5", "fin no5"),
        ("Київ", "киів"),
        ("", ""),
    ],
)
def test_search_ignores_case_accents_and_strokes(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_small_and_capital_letters_fold_alike(text: str) -> None:
    assert fold(text.upper()) == fold(text.upper().lower())


def test_tokens_are_the_folded_words() -> None:
    assert tokens("Plac zabaw, ul. Ślężna 5/7 (plac_A)") == [
        "plac", "zabaw", "ul", "slezna", "5", "7", "plac", "a",
    ]  # fmt: skip


def test_polish_order() -> None:
    words = ["cal", "ćma", "łan", "lato", "luz", "oko", "ósmy", "sól", "śnieg", "zupa", "źródło", "żaba"]
    expected = ["cal", "ćma", "lato", "luz", "łan", "oko", "ósmy", "sól", "śnieg", "zupa", "źródło", "żaba"]
    assert in_order("pl", words) == expected


def test_czech_order_knows_ch_and_carons() -> None:
    expected = ["cena", "čaj", "hora", "chata", "Chrást", "i", "rok", "řeka", "sníh", "šum", "zub", "žába"]
    assert in_order("cs", expected) == expected


def test_ch_is_no_letter_in_polish() -> None:
    assert in_order("pl", ["chata", "cena", "hora"]) == ["cena", "chata", "hora"]


def test_other_accents_count_only_between_equals() -> None:
    assert in_order("cs", ["dál", "dal", "dalek"]) == ["dal", "dál", "dalek"]
    assert in_order("cs", ["ruž", "růžek", "růz"]) == ["růz", "ruž", "růžek"]
    expected = ["řeka", "rest", "resume", "résumé", "zebra"]
    assert in_order("en", expected) == expected


def test_words_come_before_letters_and_digits_before_words() -> None:
    assert in_order("pl", ["Dolnyl", "Dolny Las", "3 Maja", "Żabia"]) == [
        "3 Maja",
        "Dolny Las",
        "Dolnyl",
        "Żabia",
    ]


def test_small_letters_come_first_and_the_region_of_a_locale_is_ignored() -> None:
    assert in_order("pl_PL", ["Ala", "ala"]) == ["ala", "Ala"]
    assert sort_key("łan", "pl-PL") == sort_key("łan", "pl")
    assert sort_key("łan", "xx") == sort_key("łan", "en")


def test_other_scripts_come_after_ours() -> None:
    assert in_order("cs", ["Žlutá", "Київ", "ß"]) == ["ß", "Žlutá", "Київ"]


@given(st.text(), st.text(), st.sampled_from(["pl", "cs", "en"]))
def test_order_is_total(one: str, other: str, locale: str) -> None:
    assert (sort_key(one, locale) == sort_key(other, locale)) is (one == other)
