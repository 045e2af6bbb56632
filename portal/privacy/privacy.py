"""What requests themselves keep of people, and how long."""

from typing import Any

from sqlalchemy import select

from portal.core import tenancy
from portal.core.db import db
from portal.core.i18n import Filled, iso
from portal.core.i18n import lazy_gettext as _l
from portal.core.registry import PersonalData, Retention, Whom
from portal.privacy import queries
from portal.privacy.models import DataRequest
from portal.privacy.rules import IDENTITY_DAYS
from portal.privacy.services import asked


def export(user_id: int) -> list[dict[str, Any]]:
    """The requests of an account."""
    with tenancy.unscoped("a person's requests lie in every municipality"):
        rows = db.session.scalars(select(DataRequest).where(DataRequest.person_id == user_id))
        return [{"kind": "request", "at": iso(row.created_at), "copied": iso(row.copied_at)} for row in rows]


def erase(user_id: int) -> int:
    """Let them no longer say whose they were; how many."""
    with tenancy.unscoped("a person's requests lie in every municipality"):
        rows = db.session.scalars(select(DataRequest).where(DataRequest.person_id == user_id)).all()
        for row in rows:
            asked.forget_whose(row)
        db.session.flush()  # Inside the wider scope, or the wall between municipalities refuses the rows.
    return len(rows)


def erase_here(whom: Whom) -> int:
    """The same for anybody who shares a key, in the municipality in scope."""
    rows = [
        row
        for row in db.session.scalars(select(DataRequest).where(DataRequest.who_sealed.is_not(None)))
        if whom.keys & set(row.keys)
    ]
    for row in rows:
        asked.forget_whose(row)
    return len(rows)


PERSONAL = PersonalData(
    title=_l("Requests about your data"),
    columns={"data_request": ("who_sealed", "keys", "person_id")},
    export=export,
    erase=erase,
    erase_here=erase_here,
)

RETENTION = (
    Retention(
        "privacy.request",
        _l("Who asked for a copy or for erasure"),
        Filled("%(n)s days after the answer; that there was a request stays", {"n": IDENTITY_DAYS}),
        asked=_l("When you ask the office about your data"),
        seen=_l("The data-protection officer and the administrator"),
        due=queries.count_answered,
        erase=asked.forget_answered,
        order=45,
    ),
)
