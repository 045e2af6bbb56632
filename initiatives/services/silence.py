"""When the office says nothing for long: a reminder after thirty days, then weekly; after sixty the public reads it.

Counted are calendar days from the last news; a reminder waits for the morning of a working day. Each news plans
the rows of its own silence; those of earlier news find another instant and do nothing.
"""

from datetime import date, datetime, time

from initiatives import messages, queries, rules
from initiatives.models import Initiative
from portal.content import move
from portal.core import clock, events, jobs, tenancy
from portal.core.actor import Actor
from portal.core.calendar import add_working_days, day_start, local_day, to_utc
from portal.core.usecase import use_case
from portal.core.workflow import Lane

NUDGE_HOUR = time(8)
"""Local time of a reminder."""


def heard(case: Initiative, at: datetime | None = None) -> None:
    """The office told something of the realisation: whatever was said of its silence ends, and counts anew."""
    case.news_at, case.silent_since = at or clock.now(), None
    _plan_nudge(case, 0)
    town = tenancy.town_by_id(case.municipality_id)
    jobs.enqueue(
        "initiative.silence",
        {"initiative": case.id, "news": case.news_at.isoformat()},
        due_at=day_start(rules.silent_day(_news_on(case)), town.zone),
        dedupe=f"initiative.silence:{case.id}:{case.news_at.isoformat()}",
    )


def no_longer_heard(case: Initiative) -> None:
    """There is no realisation to tell of."""
    case.news_at = case.silent_since = None


def _news_on(case: Initiative) -> date:
    zone = tenancy.town_by_id(case.municipality_id).zone
    return local_day(case.news_at or clock.now(), zone)


def _plan_nudge(case: Initiative, count: int) -> None:
    town = tenancy.town_by_id(case.municipality_id)
    closures = frozenset(date.fromisoformat(text) for text in town.closures)
    day = add_working_days(rules.nudge_day(_news_on(case), count), 0, town.country, closures)
    news = case.news_at.isoformat() if case.news_at else ""
    jobs.enqueue(
        "initiative.nudge",
        {"initiative": case.id, "news": news, "count": count},
        due_at=to_utc(datetime.combine(day, NUDGE_HOUR), town.zone),
        dedupe=f"initiative.nudge:{case.id}:{news}:{count}",
    )


def _is_news(case: Initiative, news: str) -> bool:
    return case.news_at is not None and case.news_at.isoformat() == news


@use_case("initiative.realise", code="initiative.nudged", load=queries.case)
def nudge(actor: Actor, case: Initiative, news: str, count: int) -> None:
    """Remind lead and leaders that nothing was told since, and plan the next reminder; nothing once there is news."""
    if not _is_news(case, news):
        return
    messages.silent(case, _news_on(case), count)
    _plan_nudge(case, count + 1)


@use_case("initiative.realise", code="initiative.silent", load=queries.case)
def fall_silent(actor: Actor, case: Initiative, news: str) -> None:
    """Say in public that there is no news since; nothing once there is some. A second time changes nothing."""
    if not _is_news(case, news) or case.silent_since is not None:
        return
    case.silent_since = _news_on(case)
    move.record(actor, case, "silent", lane=Lane.INTERNAL, who="system")
    events.tell("content.changed", case)
