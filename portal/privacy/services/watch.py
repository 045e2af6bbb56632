"""Telling the officers of yesterday's unusual readings, and keeping the head of the audit log in a second place."""

from datetime import date

from portal.core import anchors, audit
from portal.core.actor import Actor
from portal.core.usecase import use_case
from portal.privacy import messages


@use_case("privacy.run", code="privacy.unusual_told")
def tell_unusual(_actor: Actor, day: date, people: int) -> None:
    """Write to the officers of the municipality in scope."""
    audit.note(day=day.isoformat(), people=people)
    messages.unusual(day, people)


@use_case("privacy.run", code="audit.anchored")
def drop_anchor(_actor: Actor, mail: str | None) -> None:
    """Keep the heads of all chains in a file beside the database, and send them to an address if there is one.

    The entry of this very act is not in it: it becomes part of the next one.
    """
    line = anchors.drop()
    if mail:
        messages.anchor(mail, line)
