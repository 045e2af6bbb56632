"""Everybody's acts on a public initiative: support, follow, report. What is said to it stands in `talking`."""

from sqlalchemy import delete

from initiatives import messages, queries
from initiatives.counting import ONLINE
from initiatives.models import (
    Initiative,
    Support,
)
from initiatives.services import figures, supporting
from initiatives.services.filing import erase_draft
from initiatives.services.settling import count
from portal.content import move
from portal.content import services as content
from portal.core import clock, consent, tenancy
from portal.core.actor import Actor
from portal.core.calendar import local_day
from portal.core.consent import Purpose
from portal.core.db import db, insert_or_keep
from portal.core.errors import Conflict, Invalid, Missing
from portal.core.i18n import lazy_gettext as _l
from portal.core.usecase import once, use_case
from portal.core.workflow import Lane


@use_case("initiative.join", code="initiative.supported", load=queries.case_to_join)
def support(actor: Actor, case: Initiative) -> bool:
    """Support it once; False when this person does already.

    Raises Conflict after the last day of support, and where it goes on in another one.
    """
    need_public(case)
    if case.state == "merged":
        raise Conflict(_l("It goes on together with another initiative. Support it on the joint page."))
    if case.state == "transferred" and case.referred_to_id is not None:
        raise Conflict(_l("It goes on in another municipality. Support it on its page there."))
    supporting.need_open(case)
    person = content.person_of_user(user_of(actor))
    inserted = insert_or_keep(
        Support,
        municipality_id=case.municipality_id,
        initiative_id=case.id,
        person=person,
        user_id=actor.user_id,
        at=clock.now(),
    )
    if inserted:
        count(case, support_count=1)
        figures.supported(case, ONLINE, case.local_today, 1)
        supporting.weigh(case, case.support_count + 1)
    return inserted


@use_case("initiative.join", code="initiative.unsupported", load=queries.case_to_join)
def unsupport(actor: Actor, case: Initiative) -> None:
    """Take the support back, which one may at any time."""
    need_public(case)
    person = content.person_of_user(user_of(actor))
    mine = Support.initiative_id == case.id, Support.person == person
    given_at = db.session.scalar(delete(Support).where(*mine).returning(Support.at))
    if given_at is not None:
        count(case, support_count=-1)
        zone = tenancy.town_by_id(case.municipality_id).zone
        figures.supported(case, ONLINE, local_day(given_at, zone), -1)


@use_case("initiative.join", code="initiative.followed", load=queries.case_to_join)
def follow(actor: Actor, case: Initiative, locale: str) -> None:
    """Hear of every step."""
    need_public(case)
    user_id = user_of(actor)
    if content.follow(case, person=content.person_of_user(user_id), user_id=user_id, locale=locale):
        consent.record(actor, Purpose.NOTICES, case.about, given=True, user_id=user_id)


@use_case("initiative.join", code="initiative.joined", load=queries.case_to_join)
def join_instead(actor: Actor, case: Initiative, token: str, locale: str) -> None:
    """Support and follow what is there already instead of filing a double; the draft of `token` goes, all or nothing.

    Raises Missing when the draft or the case is none.
    """
    need_public(case)
    draft = queries.draft_by_token(token)
    support(actor, case.id)
    follow(actor, case.id, locale)
    erase_draft(draft)


@use_case("initiative.join", code="initiative.unfollowed", load=queries.case_to_join)
def unfollow(actor: Actor, case: Initiative) -> None:
    """Hear no more."""
    if content.unfollow(case, content.person_of_user(user_of(actor))):
        consent.record(actor, Purpose.NOTICES, case.about, given=False, user_id=actor.user_id)


@use_case("initiative.join", code="initiative.reported", load=queries.case_to_join)
def report(actor: Actor, case: Initiative, reason: str, key: str) -> None:
    """Tell the team that something in it is not in order."""
    need_public(case)
    if not reason.strip():
        raise Invalid(_l("Say what is wrong."), {"reason": _l("Say what is wrong.")})

    def act() -> None:
        move.record(actor, case, "report", lane=Lane.INTERNAL, internal_note=reason, who="resident")
        messages.to_team(case, "initiative.reported", reason=reason[:500])

    once(f"initiative.report:{case.id}", key, act)


def user_of(actor: Actor) -> int:
    """The account that acts. Raises Missing for somebody not signed in."""
    if actor.user_id is None:
        raise Missing
    return actor.user_id


def need_public(case: Initiative) -> None:
    """Refuse what is not public, or was taken back, as if it were not there."""
    if not case.is_public or case.state == "withdrawn":
        raise Missing
