"""How long support is open, and what follows when it reaches what the office has promised something for.

The last day is written into a case when it is published, so that a new setting shortens nobody's time. The threshold
holds at once for all that take support; who has reached it once keeps it.
"""

from datetime import date, timedelta

from initiatives import messages, queries, rules
from initiatives.models import Initiative
from portal.content import move
from portal.core import clock, events, jobs, tenancy
from portal.core.actor import Actor, Channel
from portal.core.calendar import day_start, local_day
from portal.core.errors import Conflict
from portal.core.i18n import Filled, day
from portal.core.i18n import lazy_gettext as _l
from portal.core.usecase import use_case
from portal.core.workflow import Lane

AT_ONCE = 50
"""How many cases reach a lowered threshold in one transaction."""


def opened(case: Initiative) -> None:
    """The case became public: set the last day of its support, and plan that it ends."""
    town = tenancy.town_by_id(case.municipality_id)
    listed_on = local_day(case.listed_at or clock.now(), town.zone)
    case.support_until = rules.support_end(listed_on, queries.office(case.municipality_id).support.days)
    plan_end(case)


def plan_end(case: Initiative) -> None:
    """Wake up when the last day is over, so that the list shows it no more as open."""
    if case.support_until is None:
        return
    town = tenancy.town_by_id(case.municipality_id)
    jobs.enqueue(
        "initiative.support_end",
        {"initiative": case.id, "until": case.support_until.isoformat()},
        due_at=day_start(case.support_until + timedelta(days=1), town.zone),
        dedupe=f"initiative.support_end:{case.id}:{case.support_until.isoformat()}",
    )


@use_case("initiative.count", code="initiative.support_ended", load=queries.case)
def end_support(actor: Actor, case: Initiative, until: str) -> None:
    """The last day is over; nothing if it was set anew meanwhile. A second time changes nothing."""
    if case.support_until is None or case.support_until.isoformat() != until or not case.takes_support:
        return
    case.takes_support = False
    events.tell("content.changed", case)


def need_open(case: Initiative) -> None:
    """Raises Conflict after the last day of support."""
    if rules.support_is_over(case) and case.support_until is not None:
        raise Conflict(
            str(
                Filled(
                    "Support for this initiative was open until %(day)s. Nothing was changed. You can still follow it "
                    "and comment on it.",
                    {"day": day(case.support_until)},
                )
            )
        )


def weigh(case: Initiative, count: int) -> None:
    """Support stands at so many now: where that reaches the threshold the first time, say so to everybody it concerns."""
    terms = queries.office(case.municipality_id).support
    if terms.threshold is None or count < terms.threshold or case.threshold_on is not None:
        return
    if case.phase not in rules.SUPPORT_PHASES:
        return  # It is decided already, so nothing is promised any more.
    case.threshold_on = case.local_today
    move.record(_clock(case), case, "threshold", lane=Lane.PUBLIC, note=str(terms.threshold), who="system")
    messages.threshold_reached(case, terms.threshold, terms.promise)
    events.tell("content.changed", case)


def _clock(case: Initiative) -> Actor:
    return Actor(name="clock", channel=Channel.JOB, municipality_id=case.municipality_id)


@use_case("initiative.configure", code="initiative.thresholds_weighed")
def weigh_all(actor: Actor) -> bool:
    """Weigh what lies above a threshold that was lowered, some at a time; whether nothing is left."""
    threshold = queries.office().support.threshold
    if threshold is None:
        return True
    found = queries.above_threshold(threshold, AT_ONCE)
    for initiative_id in found:
        case = queries.case(initiative_id)
        weigh(case, case.support_count)
    return len(found) < AT_ONCE


def paper_until(case: Initiative) -> date:
    """The last day a signature on paper may be of."""
    today = case.local_today
    return today if case.support_until is None else min(today, case.support_until)


LATE_SIGNATURE = _l("Support ended before that day, so these signatures cannot count.")
