"""Silence of the office: reminders after thirty days and weekly, the public flag after sixty, and how news ends both."""

from collections.abc import Callable
from datetime import date, datetime

import pytest
from sqlalchemy import select

from initiatives import queries, services
from initiatives.models import Initiative
from portal.core import jobs
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.tenancy import Town
from portal.notify.models import Notice
from tests.factories.initiatives import make_initiative

Frozen = Callable[[str], None]


@pytest.fixture
def lead(actor_as: Callable[..., Actor]) -> Actor:
    return actor_as("leader", email="lead@lublin.example")


def begun(town: Town, lead: Actor) -> int:
    number = make_initiative(town, "planned", lead=lead).id
    services.realise(lead, number, "start", "")
    return number


def due(kind: str) -> list[datetime]:
    return sorted(db.session.scalars(select(jobs.Job.due_at).where(jobs.Job.kind == kind)))


def nudges() -> int:
    return len(db.session.scalars(select(Notice.id).where(Notice.code == "initiative.silent")).all())


def now(case: int) -> Initiative:
    db.session.close()
    return queries.case(case)


def test_the_office_is_reminded_after_thirty_days_and_then_weekly(
    town: Town, lead: Actor, frozen: Frozen
) -> None:
    frozen("2026-06-01 10:00")
    case = begun(town, lead)
    frozen("2026-06-30 23:00")
    jobs.run_due()
    assert nudges() == 0
    for moment, told in (("07-01 08:00", 1), ("07-07 12:00", 1), ("07-08 08:00", 2), ("07-15 08:00", 3)):
        frozen(f"2026-{moment}")
        jobs.run_due()
        assert nudges() == told
    assert now(case).silent_since is None


def test_a_reminder_waits_for_a_working_day_and_keeps_its_hour_over_the_change_of_clocks(
    town: Town, lead: Actor, frozen: Frozen
) -> None:
    # Thirty days after 2 October are 1 November: a Sunday and All Saints; on 25 October the clocks go back.
    frozen("2026-10-02 10:00")
    begun(town, lead)
    assert [at.isoformat() for at in due("initiative.nudge")] == ["2026-11-02T07:00:00+00:00"]
    assert [at.isoformat() for at in due("initiative.silence")] == ["2026-11-30T23:00:00+00:00"]


def test_after_sixty_days_the_public_reads_it_until_there_is_news(
    town: Town, lead: Actor, frozen: Frozen
) -> None:
    frozen("2026-03-02 10:00")
    case = begun(town, lead)
    frozen("2026-04-30 23:30")
    jobs.run_due()
    assert now(case).silent_since is None
    frozen("2026-05-01 00:01")
    jobs.run_due()
    assert now(case).silent_since == date(2026, 3, 2)
    assert [row.id for row in queries.listing(queries.Wanted(silent=True), None).items] == [case]
    services.tell_news(lead, case, "Idzie dalej.", 50, "k")
    found = now(case)
    assert (found.silent_since, found.progress) == (None, 50)
    # What the earlier silence had planned finds other news and does nothing.
    told = nudges()
    frozen("2026-05-20 12:00")
    jobs.run_due()
    assert (nudges(), now(case).silent_since) == (told, None)


@pytest.mark.parametrize("act", ["milestone", "cost", "move"])
def test_whatever_the_office_tells_is_news(town: Town, lead: Actor, frozen: Frozen, act: str) -> None:
    frozen("2026-03-02 10:00")
    case = begun(town, lead)
    frozen("2026-05-05 12:00")
    jobs.run_due()
    assert now(case).silent_since is not None
    if act == "milestone":
        services.set_milestone(lead, case, "Fundament", None, 30, "k")
    elif act == "cost":
        services.change_cost(lead, case, 1000, None, "Przetarg.", "k")
    else:
        services.realise(lead, case, "finish", "Ławka stoi.", "done")
    assert now(case).silent_since is None


def test_finished_work_is_not_silent(town: Town, lead: Actor, frozen: Frozen) -> None:
    frozen("2026-03-02 10:00")
    case = begun(town, lead)
    services.realise(lead, case, "finish", "Ławka stoi.", "done")
    frozen("2026-06-02 10:00")
    jobs.run_due()
    assert (now(case).silent_since, nudges()) == (None, 0)
