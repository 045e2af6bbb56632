"""The head of the audit log in a second place: an end cut off together with its head is found (R36)."""

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from portal.core import anchors, audit
from portal.core.audit import AuditEntry, AuditHead
from portal.core.db import db, writing
from portal.core.tenancy import Town
from tests.portal.core.test_audit import COMMAND, act, without_triggers


@pytest.fixture
def anchored(app: Flask, town: Town) -> int:
    """Five entries, anchored."""
    anchors.path().unlink(missing_ok=True)
    for number in range(5):
        act(COMMAND, number)
    anchors.drop()
    return town.id


def cut_off(chain: int, last: int) -> None:
    """What somebody with the database in hand does who knows of the head."""
    with writing():
        without_triggers()
        db.session.execute(delete(AuditEntry).where(AuditEntry.chain == chain, AuditEntry.seq > last))
        link = db.session.scalars(
            select(AuditEntry.hash).where(AuditEntry.chain == chain, AuditEntry.seq == last)
        ).one()
        db.session.execute(update(AuditHead).where(AuditHead.chain == chain).values(seq=last, hash=link))


def test_an_untouched_log_agrees_and_may_grow(anchored: int) -> None:
    act(COMMAND, 6)
    assert anchors.compare() == []
    anchors.drop()
    assert anchors.compare() == []
    assert anchors.count() == 2


def test_an_end_cut_off_with_its_head_shows_only_against_the_anchor(anchored: int) -> None:
    cut_off(anchored, 3)
    assert audit.verify() == []
    assert [(gap.chain, gap.seq) for gap in anchors.compare()] == [(anchored, 5)]


def test_a_chain_written_anew_shows(anchored: int) -> None:
    cut_off(anchored, 3)
    for number in (8, 9):
        act(COMMAND, number)
    assert audit.verify() == []
    assert [gap.what for gap in anchors.compare()] == ["not what was anchored elsewhere"]


def test_a_mailed_line_proves_it_when_the_file_was_cut_as_well(anchored: int, tmp_path: Path) -> None:
    mailed = tmp_path / "mail.txt"
    mailed.write_text("Dear officer,\n\n  " + anchors.path().read_text().strip() + "  \n\nBye\n{broken\n")
    cut_off(anchored, 3)
    anchors.path().unlink()
    assert anchors.compare() == []
    assert len(anchors.compare(mailed)) == 1


def test_the_command_says_so_and_fails(app: Flask, anchored: int) -> None:
    run = app.test_cli_runner()
    fine = run.invoke(args=["audit", "verify"])
    assert (fine.exit_code, "1 anchors" in fine.output) == (0, True)
    cut_off(anchored, 2)
    found = run.invoke(args=["audit", "verify"])
    assert found.exit_code == 1
    assert "cut off here" in found.output


def test_nobody_else_may_read_the_file(anchored: int) -> None:
    assert anchors.path().stat().st_mode & 0o077 == 0
