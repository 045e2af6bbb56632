"""The steering group's agenda: on which day a case is talked about, and what the group thought of it."""

from collections.abc import Sequence
from datetime import date, timedelta

from initiatives import queries, rules
from initiatives.models import AgendaItem, Initiative
from initiatives.services.joining import user_of
from portal.core import audit, clock
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import Conflict, Invalid
from portal.core.i18n import lazy_gettext as _l
from portal.core.usecase import use_case

VOTES_MAX = 500


@use_case("initiative.recommend", code="initiative.agenda_set", load=queries.case)
def put_on_agenda(actor: Actor, case: Initiative, session_on: date, version: int) -> None:
    """Mark a case for a meeting. One that has no opinion yet moves with it; after an opinion it is talked about anew.

    `version` is that of the latest mark, 0 for none. Raises Conflict, Invalid.
    """
    if case.state != "recommendation":
        raise Conflict(_l("The case has moved on meanwhile. Look at its present state and decide again."))
    if case.withheld:
        raise Invalid(_l("It is handled without publication, so the groups do not talk about it."))
    latest = _latest(case, version)
    if not case.local_today <= session_on <= case.local_today + timedelta(days=rules.EXTENSION_MAX_DAYS):
        text = _l("Choose a day within the next six months.")
        raise Invalid(text, {"session_on": text})
    if latest is not None and latest.session_on == session_on:
        return
    if latest is None or latest.opinion:
        latest = AgendaItem(municipality_id=case.municipality_id, initiative_id=case.id, version=0)
        db.session.add(latest)
    latest.session_on, latest.user_id, latest.at = session_on, user_of(actor), clock.now()
    latest.version += 1
    audit.note(f"initiative:{case.id}")


@use_case("initiative.recommend", code="initiative.agenda_left", load=queries.case)
def take_off_agenda(actor: Actor, case: Initiative, version: int) -> None:
    """Take a case off the agenda of a meeting that has not spoken yet."""
    latest = _latest(case, version)
    if latest is not None and latest.opinion:
        raise Conflict(_l("The group has spoken already; what it thought stays."))
    if latest is not None:
        db.session.delete(latest)
    audit.note(f"initiative:{case.id}")


@use_case("initiative.recommend", code="initiative.opinion_noted", load=queries.case)
def note_opinion(
    actor: Actor, case: Initiative, opinion: str, votes: Sequence[int | None], version: int
) -> None:
    """Keep what the group thought of a case, with its votes (for, against, abstained) if it voted.

    Whoever decides reads it; it binds nobody. Raises Conflict, Invalid.
    """
    latest = _latest(case, version)
    if latest is None:
        raise Conflict(_l("The case is on no agenda. Put it on one first."))
    if latest.session_on > case.local_today:
        reason = _l("The meeting is still ahead.")
        raise Invalid(reason, {"opinion": reason})
    if not opinion.strip():
        reason = _l("Write what the group thought of it.")
        raise Invalid(reason, {"opinion": reason})
    names = ("votes_for", "votes_against", "votes_abstained")
    wrong = {
        name: _l("Write a number from 0 to 500.")
        for name, n in zip(names, votes, strict=True)
        if n is not None and not 0 <= n <= VOTES_MAX
    }
    if wrong:
        raise Invalid(_l("Write a number from 0 to 500."), wrong)
    latest.opinion = opinion.strip()
    latest.votes_for, latest.votes_against, latest.votes_abstained = votes
    latest.user_id, latest.at = user_of(actor), clock.now()
    latest.version += 1
    audit.note(f"initiative:{case.id}")


def _latest(case: Initiative, version: int) -> AgendaItem | None:
    found = next(iter(queries.opinions(case.id)), None)
    if (found.version if found else 0) != version:
        raise Conflict(
            _l("Somebody else changed this meanwhile. Compare both texts and save again."), theirs=found
        )
    return found
