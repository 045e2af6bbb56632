"""Due work of initiatives: deferred decisions that return, drafts that are forgotten."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from initiatives import queries, rules, services
from initiatives.models import Initiative
from portal.core import clock, jobs, tenancy
from portal.core.actor import current
from portal.core.db import db, writing


def resume(payload: dict[str, Any]) -> None:
    """The day a deferral named has come: the case returns to the decision-maker."""
    case = queries.case(payload["initiative"])
    if case.state == "deferred" and case.returns_on == date.fromisoformat(payload["day"]):
        services.resume(current(), case.id)


def forget() -> None:
    """Drop drafts nobody touched for 60 days. Source: product 7.4."""
    before = clock.now() - timedelta(days=rules.DRAFT_DAYS)
    for town in tenancy.towns().values():
        with jobs.as_job("initiative.forget", town.id):
            ids = list(
                db.session.scalars(
                    select(Initiative.id).where(Initiative.state == "draft", Initiative.updated_at < before)
                )
            )
            for draft_id in ids:
                with writing():
                    services.erase_draft(queries.case(draft_id))
