"""Due work of initiatives: delays that end and drafts that are forgotten."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, update

from initiatives import jobs, queries, rules
from initiatives.models import Author, Initiative
from portal.core import clock, tenancy
from portal.core.actor import Actor, Channel, acting
from portal.core.db import db, writing
from portal.core.errors import Missing
from portal.core.tenancy import Town
from tests.factories.initiatives import make_initiative

SYSTEM = Actor(name="job", channel=Channel.JOB)


def aged(case: Initiative, days: int) -> Initiative:
    """The case as if nobody had touched it for so many days."""
    with tenancy.within(case.municipality_id), writing():
        past = clock.now() - timedelta(days=days, minutes=1)
        db.session.execute(update(Initiative).where(Initiative.id == case.id).values(updated_at=past))
    return case


def resume(case: Initiative, day: date) -> str:
    with acting(SYSTEM):
        jobs.resume({"initiative": case.id, "day": day.isoformat()})
    return queries.case(case.id).state


def test_a_delay_ends_on_the_day_it_names(town: Town) -> None:
    day = date(2026, 3, 2)
    case = make_initiative(town, "deferred", returns_on=day)
    assert resume(case, day + timedelta(days=1)) == "deferred"
    assert resume(case, day) == "recommendation"
    assert resume(case, day) == "recommendation"


def test_a_case_decided_meanwhile_is_left_alone(town: Town) -> None:
    day = date(2026, 3, 2)
    assert resume(make_initiative(town, "adopted", returns_on=day), day) == "adopted"


def test_drafts_nobody_touched_are_forgotten_in_every_town(town: Town, other_town: Town) -> None:
    old = [aged(make_initiative(place, "draft"), rules.DRAFT_DAYS) for place in (town, other_town)]
    young = make_initiative(town, "draft")
    others = [aged(make_initiative(town, state), 300) for state in ("submitted", "returned", "published")]
    jobs.forget()
    for case in old:
        with tenancy.within(case.municipality_id), pytest.raises(Missing):
            queries.case(case.id)
    assert [queries.case(case.id).state for case in (young, *others)] == [
        "draft",
        "submitted",
        "returned",
        "published",
    ]


def test_a_forgotten_draft_leaves_no_contact(town: Town) -> None:
    aged(make_initiative(town, "draft", email="tajny@people.example"), rules.DRAFT_DAYS)
    jobs.forget()
    assert db.session.scalar(select(func.count()).select_from(Author)) == 0


def test_a_draft_of_the_last_day_stays(town: Town) -> None:
    case = aged(make_initiative(town, "draft"), rules.DRAFT_DAYS - 1)
    jobs.forget()
    assert queries.case(case.id).state == "draft"
