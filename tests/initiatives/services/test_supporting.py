"""How long support is open, and what follows at the threshold."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from initiatives import jobs, queries, rules, services
from initiatives.models import Initiative
from portal.accounts.messages import recipients
from portal.content import queries as content
from portal.core import clock, tenancy
from portal.core.actor import Actor, Channel, acting
from portal.core.calendar import local_day
from portal.core.db import db
from portal.core.errors import Conflict
from portal.core.jobs import Job
from portal.core.tenancy import Town
from portal.core.workflow import Lane
from portal.notify.models import Notice
from tests.factories.initiatives import make_initiative

ActorAs = Callable[..., Actor]
PROMISE = {"pl": "Rada to omawia.", "en": "The council talks about it."}


def set_terms(leader: Actor, town: Town, threshold: int | None = None, days: int | None = None) -> None:
    mark = queries.settings_mark(queries.office(), "support")
    services.save_support(leader, town.id, threshold, PROMISE if threshold else {}, days, mark)


def verbs(case: Initiative) -> list[str]:
    return [step.verb for step in content.history(*case.about, (Lane.PUBLIC,))]


def told(code: str) -> int:
    return len(db.session.scalars(select(Notice).where(Notice.code == code)).all())


def clockwork(town: Town) -> Actor:
    return Actor(name="clock", channel=Channel.JOB, municipality_id=town.id)


def test_what_is_published_gets_its_last_day(town: Town, actor_as: ActorAs) -> None:
    set_terms(actor_as("leader"), town, days=30)
    case, reviewer = make_initiative(town, "submitted"), actor_as("reviewer")
    before = make_initiative(town)
    services.publish(reviewer, case.id, "")
    case = queries.case(case.id)
    assert case.support_until == local_day(clock.now(), town.zone) + timedelta(days=30)
    assert case.takes_support
    assert queries.case(before.id).support_until is None
    assert db.session.scalars(select(Job.dedupe).where(Job.kind == "initiative.support_end")).all() == [
        f"initiative.support_end:{case.id}:{case.support_until.isoformat()}"
    ]


def test_after_the_last_day_support_is_refused_and_can_be_taken_back(town: Town, actor_as: ActorAs) -> None:
    ewa, jan = actor_as("resident"), actor_as("resident")
    case = make_initiative(town)
    services.support(ewa, case.id)
    queries.case(case.id).support_until = case.local_today - timedelta(days=1)
    db.session.commit()
    with pytest.raises(Conflict) as caught:
        services.support(jan, case.id)
    assert "until" in str(caught.value.reason)
    services.unsupport(ewa, case.id)
    assert queries.case(case.id).support_count == 0


def test_the_list_forgets_what_has_ended(town: Town) -> None:
    today = clock.today(town.zone)
    case = make_initiative(town, support_until=today)
    decided = make_initiative(town, "adopted")
    assert (case.takes_support, decided.takes_support) == (True, False)
    wanted = queries.Wanted(open=True)
    assert [card.id for card in queries.listing(wanted, None).items] == [case.id]
    queries.case(case.id).support_until = today - timedelta(days=1)
    db.session.commit()
    with acting(clockwork(town)):
        jobs.support_end(
            {"initiative": case.id, "until": today.isoformat()}
        )  # Another day was set meanwhile.
        jobs.support_end({"initiative": case.id, "until": (today - timedelta(days=1)).isoformat()})
    db.session.close()
    assert not queries.listing(wanted, None).items
    assert queries.total(wanted) is None


def test_the_threshold_is_told_once(town: Town, actor_as: ActorAs) -> None:
    leader, fan = actor_as("leader"), actor_as("resident")
    set_terms(leader, town, threshold=2)
    case = make_initiative(town)
    services.follow(fan, case.id, "pl")
    first, second = actor_as("resident"), actor_as("resident")
    services.support(first, case.id)
    assert "threshold" not in verbs(case)
    services.support(second, case.id)
    services.unsupport(second, case.id)
    services.support(second, case.id)
    assert verbs(case).count("threshold") == 1
    assert queries.case(case.id).threshold_on == case.local_today
    assert told("initiative.threshold_reached") == 1  # Followers are told by a job.
    assert told("initiative.threshold_team") == len(recipients([leader.user_id or 0]))


def test_paper_reaches_it_as_well(town: Town, actor_as: ActorAs) -> None:
    leader = actor_as("leader")
    set_terms(leader, town, threshold=5)
    case = make_initiative(town)
    services.enter_sheet(leader, case.id, services.Counted(5, case.local_today), "key")
    (sheet,) = queries.signature_sheets(case.id)
    services.count_again(leader, case.id, sheet.id, 5, sheet.version)
    assert verbs(case).count("threshold") == 1


def test_nothing_is_promised_of_what_is_decided(town: Town, actor_as: ActorAs) -> None:
    set_terms(actor_as("leader"), town, threshold=2)
    case = make_initiative(town, "adopted", support_count=5)
    services.support(actor_as("resident"), case.id)
    assert queries.case(case.id).threshold_on is None


def test_a_lowered_threshold_is_weighed_for_all(town: Town, actor_as: ActorAs) -> None:
    leader = actor_as("leader")
    set_terms(leader, town, threshold=50)
    high, low = make_initiative(town, support_count=20), make_initiative(town, support_count=5)
    set_terms(leader, town, threshold=10)
    with tenancy.within(town.id), acting(clockwork(town)):
        jobs.thresholds({})
    assert queries.case(high.id).threshold_on is not None
    assert queries.case(low.id).threshold_on is None
    set_terms(leader, town)
    with tenancy.within(town.id), acting(clockwork(town)):
        jobs.thresholds({})


def test_bounds_are_sound() -> None:
    for low, high in (rules.THRESHOLD_BOUNDS, rules.OPEN_DAYS_BOUNDS):
        assert 0 < low < high
