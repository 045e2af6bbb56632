"""Sealed columns: only the right key at the right place opens them."""

from dataclasses import dataclass
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.sealed import KeyRing, Sealed, Unsealable, new_row_id, ring

OLD, NEW = b"o" * 32, b"n" * 32


def loaded(keys: dict[str, bytes]) -> KeyRing:
    made = KeyRing()
    made.load(keys, "secret" * 8)
    return made


@given(st.text())
def test_what_was_sealed_opens_again(text: str) -> None:
    keys = loaded({"k1": OLD})
    assert keys.open(keys.seal(text, "place"), "place") == text


def test_a_cell_moved_to_another_place_does_not_open() -> None:
    keys = loaded({"k1": OLD})
    with pytest.raises(Unsealable):
        keys.open(keys.seal("Ewa", "1|author|7|name"), "1|author|8|name")


def test_the_newest_key_seals_and_older_ones_still_open() -> None:
    before = loaded({"k1": OLD}).seal("Ewa", "x")
    keys = loaded({"k1": OLD, "k2": NEW})
    assert keys.seal("Ewa", "x").startswith("k2.")
    assert keys.open(before, "x") == "Ewa"


@pytest.mark.parametrize("cell", ["", "k1", "k9.AAAA", "k1.not base64!", "k1.AAAA"])
def test_damage_is_told_as_one_error(cell: str) -> None:
    with pytest.raises(Unsealable):
        loaded({"k1": OLD}).open(cell, "x")


def test_a_lookup_is_keyed_and_of_one_kind() -> None:
    keys = loaded({"k1": OLD})
    other = KeyRing()
    other.load({"k1": OLD}, "another secret" * 4)
    assert keys.lookup("email", "a@b.example") == keys.lookup("email", "a@b.example")
    assert keys.lookup("email", "a@b.example") != keys.lookup("phone", "a@b.example")
    assert keys.lookup("email", "a@b.example") != other.lookup("email", "a@b.example")


@dataclass
class Row:
    id: int | None
    municipality_id: int
    name_sealed: str | None = None
    __tablename__: ClassVar[str] = "person"

    name = Sealed()


def test_an_attribute_reads_and_writes_plain_text() -> None:
    ring.load({"k1": OLD}, "secret" * 8)
    row = Row(new_row_id(), 3)
    row.name = "Łucja Żak"
    assert row.name == "Łucja Żak"
    assert row.name_sealed is not None
    assert "ucja" not in row.name_sealed
    row.name = None
    assert row.name is None
    assert row.name_sealed is None


def test_a_cell_copied_into_another_tenant_does_not_open() -> None:
    ring.load({"k1": OLD}, "secret" * 8)
    row = Row(5, 3)
    row.name = "Ewa"
    thief = Row(5, 4, row.name_sealed)
    with pytest.raises(Unsealable):
        _ = thief.name


def test_a_row_without_id_cannot_seal() -> None:
    row = Row(None, 3)
    with pytest.raises(ValueError, match="needs its id"):
        row.name = "Ewa"
