"""Use cases: one transaction, one permission, one audit entry, one commit."""

import pytest
from sqlalchemy import func, select

from portal.core import audit, policy
from portal.core.actor import Actor
from portal.core.audit import AuditEntry
from portal.core.db import db
from portal.core.errors import NotAllowed
from portal.core.policy import Grant, Permission
from portal.core.tenancy import Municipality, Town
from portal.core.usecase import FormResult, once, use_case


@pytest.fixture(autouse=True)
def permissions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "_table", dict(policy.permissions()))
    policy.register((Permission("thing.rename", "Rename", (Grant("leader"),)),))


def leader(town: Town) -> Actor:
    return Actor(user_id=4, municipality_id=town.id, roles={town.id: frozenset({"leader"})})


def one(municipality_id: int) -> Municipality:
    return db.session.get_one(Municipality, municipality_id)


@use_case("thing.rename", code="thing.renamed", load=one)
def rename(actor: Actor, town: Municipality, mark: str) -> str:
    town.mark = mark
    audit.note(f"municipality:{town.id}")
    return mark


@use_case("thing.rename", code="thing.broken")
def broken(actor: Actor, municipality_id: int) -> None:
    one(municipality_id).mark = "half"
    db.session.flush()
    raise RuntimeError("in the middle")


@use_case("thing.rename", code="thing.nested")
def nested(actor: Actor, municipality_id: int) -> None:
    rename(actor, municipality_id, "inner")


def test_it_commits_once_and_leaves_one_entry_with_the_difference(town: Town) -> None:
    rename(leader(town), town.id, "river")
    db.session.rollback()
    assert one(town.id).mark == "river"
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.code == "thing.renamed")).one()
    assert entry.user_id == 4
    assert entry.subject == f"municipality:{town.id}"
    assert entry.details["rows"][0]["changes"]["mark"][1] == "river"


def test_without_the_permission_nothing_happens(town: Town) -> None:
    before = one(town.id).mark
    with pytest.raises(NotAllowed):
        rename(Actor(user_id=4, municipality_id=town.id), town.id, "river")
    assert one(town.id).mark == before
    assert db.session.scalar(select(func.count()).where(AuditEntry.code == "thing.renamed")) == 0


def test_an_error_undoes_everything_with_its_entry(town: Town) -> None:
    with pytest.raises(RuntimeError):
        broken(leader(town), town.id)
    assert one(town.id).mark != "half"
    assert db.session.scalar(select(func.count()).where(AuditEntry.code == "thing.broken")) == 0
    rename(leader(town), town.id, "tree")
    assert audit.verify() == []


def test_an_inner_use_case_joins_the_outer_one(town: Town) -> None:
    nested(leader(town), town.id)
    codes = list(db.session.scalars(select(AuditEntry.code).where(AuditEntry.code.like("thing.%"))))
    assert codes == ["thing.nested"]
    assert one(town.id).mark == "inner"


def test_the_same_form_is_carried_out_once(town: Town) -> None:
    calls: list[int] = []

    @use_case("thing.rename", code="thing.counted")
    def count(actor: Actor, key: str) -> list[int]:
        def act() -> list[int]:
            calls.append(1)
            return [len(calls)]

        result: list[int] = once("form", key, act)
        return result

    assert count(leader(town), "a") == [1]
    assert count(leader(town), "a") == [1]
    assert count(leader(town), "b") == [2]
    assert db.session.scalar(select(func.count()).select_from(FormResult)) == 2


def test_a_failed_form_may_be_sent_again(town: Town) -> None:
    attempts: list[int] = []

    @use_case("thing.rename", code="thing.tried")
    def attempt(actor: Actor) -> int:
        def act() -> int:
            attempts.append(1)
            if len(attempts) == 1:
                raise RuntimeError("once")
            return len(attempts)

        result: int = once("form", "key", act)
        return result

    with pytest.raises(RuntimeError):
        attempt(leader(town))
    assert attempt(leader(town)) == 2
