"""Deadlines warn, fall late, escalate; public changes age the cached pages."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from initiatives import queries
from portal.content import move
from portal.content import queries as content_queries
from portal.content import services as content
from portal.content.jobs import recount_uploads
from portal.content.models import Attachment, Deadline, FileRole
from portal.core import files
from portal.core.actor import Actor
from portal.core.audit import AuditEntry
from portal.core.config import Settings
from portal.core.db import db, writing
from portal.core.tenancy import Municipality, Town
from tests import clamd as fake
from tests.clamd import EICAR, Clamd
from tests.factories.initiatives import make_initiative

PDF = b"%PDF-1.4\n%%EOF"
Frozen = Callable[[str], None]


def levels(town: Town) -> list[int]:
    db.session.rollback()
    return list(db.session.scalars(select(Deadline.level).where(Deadline.done_at.is_(None))))


def test_a_deadline_skips_holidays_of_its_country(town: Town, other_town: Town, frozen: Frozen) -> None:
    from portal.core import tenancy

    frozen("2026-04-02 09:00")
    polish = make_initiative(town, "draft")
    with writing():
        assert content.start_deadline(queries.case(polish.id), "check", 1).due_on == date(2026, 4, 3)
    with tenancy.within(other_town.id):
        czech = make_initiative(other_town, "draft")
        with writing():
            assert content.start_deadline(queries.case(czech.id), "check", 1).due_on == date(2026, 4, 7)


def test_a_clock_warns_then_falls_late_then_reaches_the_head(
    town: Town, frozen: Frozen, run_jobs: Callable[[], int]
) -> None:
    frozen("2026-03-02 10:00")
    case = make_initiative(town, "purpose_study")
    due = db.session.scalars(select(Deadline.due_on).where(Deadline.object_id == case.id)).one()
    assert levels(town) == [0]
    frozen((due - timedelta(days=2)).isoformat() + " 10:00")
    run_jobs()
    assert levels(town) == [1]
    frozen((due + timedelta(days=1)).isoformat() + " 00:01")
    run_jobs()
    assert levels(town) == [2]
    frozen((due + timedelta(days=8)).isoformat() + " 00:01")
    run_jobs()
    assert levels(town) == [3]
    run_jobs()
    assert levels(town) == [3]


def test_an_extended_clock_forgets_its_old_day(
    town: Town, frozen: Frozen, run_jobs: Callable[[], int]
) -> None:
    frozen("2026-03-02 10:00")
    case = make_initiative(town, "purpose_study")
    row = db.session.scalars(select(Deadline).where(Deadline.object_id == case.id)).one()
    later = row.due_on + timedelta(days=30)
    old_due = row.due_on
    with writing():
        content.extend_deadline(queries.case(case.id), "purpose", later)
    frozen((old_due + timedelta(days=1)).isoformat() + " 00:01")
    run_jobs()
    assert levels(town) == [0]


def test_a_stopped_clock_rings_no_more(town: Town, frozen: Frozen, run_jobs: Callable[[], int]) -> None:
    frozen("2026-03-02 10:00")
    case = make_initiative(town, "purpose_study")
    with writing():
        content.finish_deadline(queries.case(case.id))
    frozen("2026-06-02 10:00")
    run_jobs()
    assert levels(town) == []


def version(town: Town) -> int:
    db.session.rollback()
    return db.session.scalars(select(Municipality.content_version).where(Municipality.id == town.id)).one()


def test_a_public_change_ages_the_pages(town: Town) -> None:
    before = version(town)
    make_initiative(town, "published")
    assert version(town) > before


@pytest.mark.parametrize(("verb", "ages"), [("publish", True), ("hold", False)])
def test_only_what_the_public_sees_ages_the_pages(
    town: Town, actor_as: Callable[..., Actor], verb: str, ages: bool
) -> None:
    case = make_initiative(town, "submitted")
    before = version(town)
    with writing():
        move.run(actor_as("reviewer"), queries.case(case.id), verb, note="Two names are in it.")
    assert (version(town) > before) is ages


def test_once_per_person_holds_for_follows(town: Town) -> None:
    case = make_initiative(town, "published")
    values: dict[str, Any] = {
        "person": content.person_of_email("a@b.example"),
        "user_id": None,
        "locale": "pl",
    }
    with writing():
        assert content.follow(queries.case(case.id), email="a@b.example", **values)
        assert not content.follow(queries.case(case.id), email="a@b.example", **values)
        assert content.unfollow(queries.case(case.id), values["person"])


# Files


@pytest.fixture
def clamd(app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clamd]:
    with fake.running() as found:
        monkeypatch.setitem(app.extensions, "portal.settings", replace(settings, clamav=found.address))
        yield found


def hung_while_down(clamd: Clamd, town: Town, raw: bytes, state: str = "published") -> Attachment:
    """A document that came while the scanner did not answer."""
    case = make_initiative(town, state)
    clamd.broken = True
    stored = files.store_document(raw, "tajne.pdf")
    clamd.broken = False
    with writing():
        return content.attach(case, stored, FileRole.DOCUMENT)


def shown(row: Attachment) -> list[int]:
    return [found.id for found in content_queries.files(row.kind, row.object_id)]


def test_a_file_the_scanner_did_not_see_waits_and_is_shown_once_it_was_clean(
    clamd: Clamd, town: Town, frozen: Frozen, run_jobs: Callable[[], int]
) -> None:
    frozen("2026-03-02 10:00")
    row = hung_while_down(clamd, town, PDF)
    assert row.waits
    assert shown(row) == []
    before = db.session.scalar(select(Municipality.content_version).where(Municipality.id == town.id)) or 0
    clamd.broken = True
    frozen("2026-03-02 10:06")
    run_jobs()
    assert shown(row) == [], "still no answer"
    clamd.broken = False
    frozen("2026-03-02 10:30")
    run_jobs()
    assert shown(row) == [row.id]
    db.session.expire_all()
    after = db.session.scalar(select(Municipality.content_version).where(Municipality.id == town.id)) or 0
    assert after > before, "kept pages are stale"


def test_a_file_found_later_is_removed_and_its_author_told(
    clamd: Clamd, town: Town, frozen: Frozen, run_jobs: Callable[[], int], outbox: Callable[[], list[Any]]
) -> None:
    frozen("2026-03-02 10:00")
    row = hung_while_down(clamd, town, PDF + EICAR + b"\n%%EOF")
    key, about = row.key, (row.kind, row.object_id)
    frozen("2026-03-02 10:06")
    run_jobs()
    assert content_queries.files(*about, public_only=False) == []
    assert not files.exists(key)
    assert [notice.code for notice in outbox()] == ["initiative.file_removed"]
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.code == "file.checked")).all()
    assert len(entries) == 1
    assert "tajne" not in str(entries[0].details)
    assert db.session.scalar(select(Municipality.upload_bytes).where(Municipality.id == town.id)) == 0


def test_the_counter_of_uploads_is_set_right_at_night(town: Town) -> None:
    case = make_initiative(town)
    with writing():
        content.attach(case, files.store_document(PDF, "a.pdf"), FileRole.DOCUMENT)
        db.session.execute(update(Municipality).values(upload_bytes=77))
    recount_uploads()
    db.session.expire_all()
    assert db.session.scalar(select(Municipality.upload_bytes).where(Municipality.id == town.id)) == len(PDF)
