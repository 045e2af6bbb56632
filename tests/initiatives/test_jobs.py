"""Due work of initiatives: delays that end."""

from datetime import date, timedelta

from initiatives import jobs, queries
from initiatives.models import Initiative
from portal.core.actor import Actor, Channel, acting
from portal.core.tenancy import Town
from tests.factories.initiatives import make_initiative

SYSTEM = Actor(name="job", channel=Channel.JOB)


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
