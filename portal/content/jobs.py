"""Due work of content: deadlines that warn, fall late and escalate; public changes that age cached pages."""

from datetime import date
from typing import Any

from sqlalchemy import select, update

from portal.content import services
from portal.content.models import Attachment, Deadline
from portal.core import actor as actors
from portal.core import events, files, tenancy
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


def scan_waiting(payload: dict[str, Any]) -> None:
    """Scan a file that waited for the scanner. Raises ScannerDown, so that it is tried again later."""
    row = db.session.get(Attachment, payload["file"])
    if row is None or not row.waits:
        return
    clean = files.scan_again(files.read(row.original_key or row.key))
    services.settle_scan(actors.current(), payload["file"], clean=clean)


def recount_uploads() -> None:
    """Set the counters of uploads right, should anything have been removed past them."""
    for municipality_id in [town.id for town in tenancy.towns().values()]:
        with tenancy.within(municipality_id), writing():
            services.recount(municipality_id)


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
