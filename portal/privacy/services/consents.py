"""Taking a consent back, in one click on the page that lists them."""

from sqlalchemy import select

from portal.core import audit, consent, events, tenancy
from portal.core.actor import Actor
from portal.core.consent import ConsentEvent
from portal.core.db import db
from portal.core.errors import Missing
from portal.core.usecase import use_case


def own(user_id: int) -> list[ConsentEvent]:
    """The consents of an account that stand, newest first."""
    with tenancy.unscoped("one's own consents, in every municipality"):
        events_ = consent.events_of(ConsentEvent.user_id == user_id)
    return sorted(consent.standing(events_), key=lambda event: -event.id)


def take_back(actor: Actor, event_id: int) -> None:
    """Take back a consent of one's own. Raises Missing for any other; one taken back already is fine."""
    with tenancy.unscoped("one's own consent, in whatever municipality"):
        event = db.session.scalar(select(ConsentEvent).where(ConsentEvent.id == event_id))
    if event is None or event.user_id is None or event.user_id != actor.user_id:
        raise Missing
    with tenancy.within(event.municipality_id):
        _take_back(actor, event_id)


@use_case("account.own", code="consent.withdrawn")
def _take_back(actor: Actor, event_id: int) -> None:
    event = db.session.scalars(
        select(ConsentEvent).where(ConsentEvent.id == event_id).with_for_update()
    ).one()
    audit.note(f"{event.kind}:{event.object_id}", purpose=event.purpose.value)
    same = consent.events_of(
        ConsentEvent.purpose == event.purpose,
        ConsentEvent.kind == event.kind,
        ConsentEvent.object_id == event.object_id,
        ConsentEvent.user_id == actor.user_id,
    )
    if not consent.standing(same):
        return
    consent.record(actor, event.purpose, (event.kind, event.object_id), given=False, user_id=actor.user_id)
    events.tell("consent.withdrawn", event)
