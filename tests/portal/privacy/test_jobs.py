"""The nightly work: what is over goes in every town, in batches, with counts in the audit log; readings are watched."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from portal.core import audit, clock, tenancy
from portal.core.actor import PORTAL, Actor, Channel, acting
from portal.core.audit import AuditEntry
from portal.core.db import db
from portal.core.registry import Module, Retention, registry
from portal.core.tenancy import Town
from portal.privacy import jobs
from portal.privacy.services import retention
from tests.factories.initiatives import make_initiative
from tests.portal.privacy.conftest import author_of

SYSTEM = Actor(name="job", channel=Channel.JOB)
Frozen = Callable[[str], None]


def nightly(work: Callable[[], None] = jobs.end_what_is_over) -> None:
    """As the worker does it: in no municipality."""
    with tenancy.within(None), acting(SYSTEM):
        work()


def entries(code: str) -> list[AuditEntry]:
    db.session.rollback()
    return list(db.session.scalars(select(AuditEntry).where(AuditEntry.code == code).order_by(AuditEntry.id)))


def test_contacts_of_all_towns_end_and_the_log_counts_them(
    town: Town, other_town: Town, frozen: Frozen
) -> None:
    frozen("2026-03-02 10:00")
    old = [make_initiative(place, "confirmed") for place in (town, town, other_town)]
    going_on = make_initiative(town, "published")
    frozen("2027-03-03 02:00")
    nightly()
    assert [author_of(case).email for case in old] == [None, None, None]
    assert author_of(going_on).email == "author@people.example"
    ran = {entry.chain: entry.details["counts"] for entry in entries("retention.ran")}
    assert ran[town.id]["initiative.contact"] == 2
    assert ran[other_town.id]["initiative.contact"] == 1
    assert "account.account" in ran[PORTAL]
    assert audit.verify() == []
    with db.session.no_autoflush:
        for entry in entries("retention.ended"):
            assert "rows" not in entry.details


def test_a_dry_run_ends_nothing(town: Town, frozen: Frozen) -> None:
    frozen("2026-03-02 10:00")
    case = make_initiative(town, "confirmed")
    frozen("2027-03-03 02:00")
    with acting(SYSTEM):
        found = retention.run(dry=True)
    assert found.counts[town.id]["initiative.contact"] == 1
    assert author_of(case).email == "author@people.example"
    assert entries("retention.ran") == []


def test_a_record_that_fails_stops_no_other(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def breaks(_limit: int) -> int:
        raise ValueError("ul. Lipowa 3")

    def works(_limit: int) -> int:
        done.append("works")
        return 0

    records = (
        Retention("a.breaks", "A", "1 day", due=lambda: 1, erase=breaks),
        Retention("b.works", "B", "1 day", due=lambda: 1, erase=works),
    )
    monkeypatch.setattr(registry, "modules", (Module("test", "Test", retention=records),))
    with pytest.raises(jobs.Unfinished, match=r"a\.breaks") as problem:
        nightly()
    assert "Lipowa" not in str(problem.value)
    assert done == ["works"]


def test_a_record_that_ends_nothing_does_not_run_for_ever(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def pretends(limit: int) -> int:
        calls.append(limit)
        return 1

    record = Retention("a.pretends", "A", "1 day", due=lambda: 1, erase=pretends)
    monkeypatch.setattr(registry, "modules", (Module("test", "Test", retention=(record,)),))
    nightly()
    assert 1 <= len(calls) <= 3


def test_the_officer_is_told_once_of_yesterdays_unusual_readings(
    town: Town, actor_as: Callable[..., Actor], read: Any, outbox: Any, frozen: Frozen
) -> None:
    officer = actor_as("dpo", email="iod@urzad.example")
    frozen("2026-03-02 10:00")
    reader = read(41)
    frozen("2026-03-03 06:00")
    nightly(jobs.watch_readings)
    nightly(jobs.watch_readings)
    (notice,) = [row for row in outbox() if row.code == "privacy.unusual"]
    assert (notice.user_id, notice.email) == (officer.user_id, "iod@urzad.example")
    assert reader.name not in (notice.values or "")
    frozen("2026-03-04 06:00")
    nightly(jobs.watch_readings)
    assert len([row for row in outbox() if row.code == "privacy.unusual"]) == 1


def test_without_an_officer_the_administrator_is_told(
    town: Town, actor_as: Callable[..., Actor], read: Any, outbox: Any, frozen: Frozen
) -> None:
    admin = actor_as("admin")
    frozen("2026-03-02 10:00")
    read(41)
    frozen("2026-03-03 06:00")
    nightly(jobs.watch_readings)
    assert [row.user_id for row in outbox() if row.code == "privacy.unusual"] == [admin.user_id]


def test_a_quiet_day_is_told_to_nobody(
    town: Town, actor_as: Callable[..., Actor], read: Any, outbox: Any, frozen: Frozen
) -> None:
    actor_as("dpo")
    frozen("2026-03-02 10:00")
    read(5)
    frozen("2026-03-03 06:00")
    nightly(jobs.watch_readings)
    assert [row for row in outbox() if row.code == "privacy.unusual"] == []
    assert clock.now().day == 3
