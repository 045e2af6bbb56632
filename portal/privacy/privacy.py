"""What requests themselves keep of people, and how long."""

from typing import Any

from sqlalchemy import ColumnElement, or_, select, update

from portal.core import consent, tenancy
from portal.core.consent import ConsentEvent
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


def export_consents(user_id: int) -> list[dict[str, Any]]:
    """What an account agreed to and took back."""
    with tenancy.unscoped("a person's consents lie in every municipality"):
        return export_consents_here(Whom(frozenset(), user_id))


def export_consents_here(whom: Whom) -> list[dict[str, Any]]:
    """The same of anybody, in the scope at hand."""
    return [
        {
            "kind": "consent",
            "at": iso(row.at),
            "purpose": row.purpose.value,
            "of": f"{row.kind}:{row.object_id}",
            "given": row.given,
            "version": row.version,
            "language": row.language,
            "channel": row.channel,
        }
        for row in consent.events_of(*_consents(whom))
    ]


def _consents(whom: Whom) -> list[ColumnElement[bool]]:
    by: list[ColumnElement[bool]] = [ConsentEvent.person.in_(whom.keys)]
    if whom.user_id is not None:
        by.append(ConsentEvent.user_id == whom.user_id)
    return [or_(*by), *([ConsentEvent.at <= whom.until] if whom.until else [])]


def erase_consents(user_id: int) -> int:
    """Leave the events without the person: that there was a consent, and which, stays; how many."""
    with tenancy.unscoped("a person's consents lie in every municipality"):
        return erase_consents_here(Whom(frozenset(), user_id))


def erase_consents_here(whom: Whom) -> int:
    """The same of anybody, in the scope at hand."""
    statement = update(ConsentEvent).where(*_consents(whom)).values(user_id=None, person=None)
    done = db.session.execute(statement.execution_options(synchronize_session=False))
    return int(done.rowcount)  # type: ignore[attr-defined]


CONSENTS = PersonalData(
    title=_l("Consents given and taken back"),
    columns={"consent_event": ("person", "user_id")},
    export=export_consents,
    erase=erase_consents,
    export_here=export_consents_here,
    erase_here=erase_consents_here,
)

RETENTION = (
    Retention(
        "privacy.consent",
        _l("Consents you gave and took back"),
        _l("As a proof as long as what you agreed to; without you once you are erased"),
        asked=_l("When you let your name be shown or follow an initiative"),
        seen=_l("You; the data-protection officer when you ask"),
        order=44,
    ),
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
