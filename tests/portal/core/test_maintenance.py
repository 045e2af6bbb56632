"""`flask maintenance on | off | status`."""

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select

from portal.core import audit, clock, jobs, maintenance, taking
from portal.core.audit import AuditEntry
from portal.core.db import db, writing


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr(maintenance.time, "sleep", slept.append)
    return slept


def run(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=["maintenance", *words])


def test_on_status_off(app: Flask, no_waiting: list[float]) -> None:
    assert run(app, "status").output == "Not read-only.\n"
    answer = run(app, "on", "--minutes", "20")
    assert answer.exit_code == 0
    assert answer.output.startswith("Read-only until ")
    # It comes back only after everybody has seen it.
    assert no_waiting == [taking.SEEN_WITHIN_SECONDS]
    until = taking.now().read_only_until
    assert until is not None
    assert 1190 < (until - clock.now()).total_seconds() <= 1200
    assert run(app, "status").output.startswith("Read-only until ")
    # Said again, the new end counts.
    run(app, "on", "--minutes", "5")
    later = taking.now().read_only_until
    assert later is not None
    assert later < until
    assert run(app, "off").output == "The portal takes everything again.\n"
    assert taking.now() == taking.EVERYTHING
    assert run(app, "off").output == "The portal was not read-only.\n"


@pytest.mark.parametrize("minutes", ["0", "241", "soon", "-5"])
def test_an_end_far_away_is_refused(app: Flask, minutes: str) -> None:
    assert run(app, "on", "--minutes", minutes).exit_code == 2
    assert taking.now() == taking.EVERYTHING


def test_it_waits_for_work_in_hand(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with writing():
        jobs.enqueue("stub", {})
    assert jobs.take_due() is not None
    assert maintenance.in_hand() == 1
    waits = iter(range(0, 1000, 50))
    monkeypatch.setattr(maintenance.time, "monotonic", lambda: next(waits))
    answer = run(app, "on")
    assert answer.exit_code == 0
    assert "still holds 1 pieces of work" in answer.output + answer.stderr


def test_both_stand_in_the_audit_log(app: Flask) -> None:
    run(app, "on")
    run(app, "off")
    db.session.rollback()
    codes = db.session.scalars(select(AuditEntry.code).order_by(AuditEntry.id)).all()
    assert codes == ["maintenance.begun", "maintenance.ended"]
    assert audit.verify() == []
