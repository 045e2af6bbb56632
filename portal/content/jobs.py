"""Due work of content: deadlines that warn, fall late and escalate; public changes that age cached pages."""

from datetime import date
from typing import Any

from sqlalchemy import select, update

from portal.content.models import Deadline
from portal.core import events, tenancy
from portal.core.db import db, writing
from portal.core.tenancy import Municipality


def deadline_reached(payload: dict[str, Any]) -> None:
    """A deadline's moment came: raise its level and tell whoever listens to `deadline.reached`.

    Nothing happens when it ended, was moved to another day, or reached this level before.
    """
    with writing():
        row = db.session.scalar(select(Deadline).where(Deadline.id == payload["deadline"]).with_for_update())
        if row is None or row.done_at is not None or row.level >= payload["level"]:
            return
        if row.due_on != date.fromisoformat(payload["due_on"]):
            return
        row.level = payload["level"]
        events.tell("deadline.reached", row, level=row.level)


def age_pages(fact: events.Fact) -> None:
    """Raise the municipality's content version: cached pages of it are stale from this commit on.

    A move between two states nobody but the office sees says `public=False`, and the pages stay.
    """
    if not fact.values.get("public", True):
        return
    municipality_id = getattr(fact.thing, "municipality_id", None) or tenancy.current_id()
    if municipality_id is not None:
        db.session.execute(
            update(Municipality)
            .where(Municipality.id == municipality_id)
            .values(content_version=Municipality.content_version + 1)
        )
