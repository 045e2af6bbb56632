"""Who read what, filtered; and how a person is found by keyed hashes."""

from collections.abc import Callable
from typing import Any

from portal.accounts.models import User
from portal.accounts.queries import email_hash
from portal.accounts.services import account
from portal.core import clock, tenancy
from portal.core.actor import Actor
from portal.core.db import db, writing
from portal.core.i18n import speaking
from portal.core.tenancy import Town
from portal.privacy import queries
from portal.privacy.queries import Known
from tests.factories.initiatives import CODE, make_initiative
from tests.portal.privacy.conftest import PHONE

Read = Callable[..., Actor]


def test_a_reading_says_who_what_which_case_and_why(town: Town, read: Read) -> None:
    case = make_initiative(town, "submitted")
    reader = read(1, case=case)
    (row,) = queries.readings().rows
    with speaking("en"):
        assert (row.who, row.number, str(row.reason), row.words) == (
            reader.name,
            case.number,
            "To check the case, for instance whether it is a double",
            "kontrola",
        )


def test_readings_of_a_person_and_of_a_case(town: Town, read: Read) -> None:
    case, other = make_initiative(town, "submitted"), make_initiative(town, "submitted")
    ewa = read(2, case=case)
    jan = read(3, case=other)
    assert len(queries.readings().rows) == 5
    assert {row.who for row in queries.readings(ewa.user_id).rows} == {ewa.name}
    assert {row.who for row in queries.readings(number=other.number or "").rows} == {jan.name}
    assert queries.readings(ewa.user_id, other.number or "").rows == []
    assert {reader.id for reader in queries.readers()} == {ewa.user_id, jan.user_id}


def test_another_town_sees_none_of_it(town: Town, other_town: Town, read: Read) -> None:
    read(1)
    with tenancy.within(other_town.id):
        assert queries.readings().rows == []
        assert queries.readers() == []


def test_screens_follow_one_another(town: Town, read: Read, monkeypatch: Any) -> None:
    monkeypatch.setattr(queries, "PAGE_SIZE", 2)
    read(5)
    first = queries.readings()
    second = queries.readings(before=first.older)
    third = queries.readings(before=second.older)
    assert [len(screen.rows) for screen in (first, second, third)] == [2, 2, 1]
    assert third.older is None
    assert len({row.seq for screen in (first, second, third) for row in screen.rows}) == 5


def test_somebody_without_account_is_found_by_each_contact(town: Town, filed: Any) -> None:
    case = filed(with_code=True)
    for known in (
        Known(email="Anna@People.example "),
        Known(phone="602 123 456"),
        Known(number=(case.number or "").lower(), code=CODE.lower()),
    ):
        parts = queries.kept_of(queries.find(known, "PL"))
        numbers = [row.get("number") for part in parts for row in part.records]
        assert numbers == [case.number], known


def test_a_wrong_code_or_a_strange_contact_finds_nothing(town: Town, filed: Any) -> None:
    case = filed(with_code=True)
    for known in (
        Known(number=case.number or "", code="7QK2-M9XD-R4TH-B8WX"),
        Known(number=case.number or ""),
        Known(email="nikt@people.example"),
        Known(phone="602 123 457"),
        Known(email="no address", phone="no number"),
    ):
        parts = queries.kept_of(queries.find(known, "PL"))
        assert all(not part.records for part in parts), known


def test_a_code_of_another_town_opens_nothing_here(town: Town, other_town: Town, filed: Any) -> None:
    theirs = filed(place=other_town, with_code=True)
    assert not queries.find(Known(number=theirs.number or "", code=CODE), "PL").keys


def test_an_account_is_found_by_its_address_and_brings_its_number(
    town: Town, actor_as: Callable[..., Actor]
) -> None:
    ewa = actor_as("resident", email="ewa@people.example")
    whom = queries.find(Known(email="ewa@people.example"), "PL")
    assert whom.user_id == ewa.user_id
    assert email_hash("ewa@people.example") in whom.keys


def test_a_number_typed_into_an_account_finds_no_account(town: Town, actor_as: Callable[..., Actor]) -> None:
    ewa = actor_as("resident")
    account.update_profile(ewa, ewa.user_id or 0, "Ewa", "pl", PHONE)
    assert queries.find(Known(phone=PHONE), "PL").user_id is None


def test_a_number_confirmed_by_a_code_finds_its_account(town: Town, actor_as: Callable[..., Actor]) -> None:
    ewa = actor_as("resident", email="ewa@people.example")
    account.update_profile(ewa, ewa.user_id or 0, "Ewa", "pl", PHONE)
    with writing():
        db.session.get_one(User, ewa.user_id).phone_confirmed_at = clock.now()
    whom = queries.find(Known(phone=PHONE), "PL")
    assert whom.user_id == ewa.user_id
    assert email_hash("ewa@people.example") in whom.keys


def test_keys_tell_nobody_who_it_is(town: Town) -> None:
    for key in queries.find(Known(email="anna@people.example", phone=PHONE), "PL").keys:
        assert len(key) == 64
        assert set(key) <= set("0123456789abcdef")
