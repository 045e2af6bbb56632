"""Case numbers, secret codes and signed links."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.db import writing
from portal.core.sealed import ring
from portal.core.tenancy import Town
from portal.core.tokens import (
    CROCKFORD,
    Signer,
    canonical_code,
    canonical_number,
    code_hash,
    derived_code,
    new_code,
    next_number,
)

ring.load({"k1": b"k" * 32}, "secret" * 8)


@pytest.mark.parametrize(
    "typed",
    ["LUB-I-2026-0042", "lub-i-2026-42", "LUBI20260042", " lub i 2026 042 ", "lub-i-2026-0042"],
)
def test_a_number_is_found_in_any_spelling(typed: str) -> None:
    assert canonical_number(typed) == "LUB-I-2026-0042"


@pytest.mark.parametrize(
    "typed",
    [
        *("", "LUB", "LUB-X-2026-1", "LU-I-2026-1", "LUB-I-26-1", "LUB-I-2026-", "LUB-I-２０２６-1"),
        "LUB-I-2026-" + "9" * 5000,
        "LUB-I-2026-" + "0" * 5000 + "1",
    ],
)
def test_what_is_no_number_is_none(typed: str) -> None:
    assert canonical_number(typed) is None


def test_numbers_grow_by_one_per_town_kind_and_year(town: Town, other_town: Town) -> None:
    with writing():
        first, second = next_number(town, "I"), next_number(town, "I")
        visit = next_number(town, "V")
    assert re.fullmatch(r"LUB-I-\d{4}-0001", first)
    assert second.endswith("-0002")
    assert visit.endswith("-0001")


def test_a_code_has_eighty_bits_in_fours() -> None:
    codes = {new_code() for _ in range(200)}
    assert len(codes) == 200
    assert all(re.fullmatch(rf"([{CROCKFORD}]{{4}}-){{3}}[{CROCKFORD}]{{4}}", code) for code in codes)


@given(st.integers(min_value=1, max_value=2**62), st.text(min_size=1, max_size=30))
def test_the_code_of_a_form_is_always_the_same(case_id: int, key: str) -> None:
    code = derived_code(key, case_id)
    assert code == derived_code(key, case_id)
    assert code != derived_code(key + "x", case_id)
    assert canonical_code(code) is not None


def test_letters_people_mistake_count_as_the_digits() -> None:
    assert canonical_code("OIL0-0000-0000-0000") == canonical_code("0110000000000000")
    assert code_hash("7qk2 m9xd r4th b8wn") == code_hash("7QK2-M9XD-R4TH-B8WN")


@pytest.mark.parametrize("typed", ["", "7QK2", "7QK2-M9XD-R4TH-B8W!", "U" * 16])
def test_what_is_no_code_is_none_and_fits_nothing(typed: str) -> None:
    assert canonical_code(typed) is None
    assert code_hash(typed) != code_hash("7QK2-M9XD-R4TH-B8WN")


def test_a_link_opens_for_its_purpose_only() -> None:
    signer = Signer()
    signer.load("secret" * 8)
    token = signer.sign("draft", [1, 2])
    assert signer.open("draft", token, 60) == [1, 2]
    assert signer.open("follow", token, 60) is None
    assert signer.open("draft", token + "x", 60) is None
    assert signer.open("draft", token, -1) is None
