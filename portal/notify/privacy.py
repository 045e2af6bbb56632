"""Personal data in messages: whom they went to and what they said."""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select

from portal.core import clock, tenancy
from portal.core.db import db
from portal.core.i18n import Filled
from portal.core.i18n import lazy_gettext as _l
from portal.core.registry import PersonalData, Reading, Retention, Whom
from portal.notify import choices
from portal.notify.models import Notice
from portal.notify.render import mask
from portal.notify.services import discard

KEPT_DAYS = 30
"""How long messages of no case are kept: sign-in links, invitations. Source: retention, product section 7.4."""


def export(user_id: int) -> list[dict[str, Any]]:
    """What a person chose about messages, and every message to them, newest first."""
    with tenancy.unscoped("a person's messages lie in every municipality"):
        messages = export_here(Whom(frozenset(), user_id))
    chosen = [
        {"kind": "choice", "category": category, "channel": channel.value, "when": choice.value}
        for category, by_channel in choices.of(user_id).items()
        for channel, choice in by_channel.items()
    ]
    return chosen + messages


def export_here(whom: Whom) -> list[dict[str, Any]]:
    """Every message to anybody, newest first, in the scope at hand."""
    rows = db.session.scalars(select(Notice).where(*_to(whom)).order_by(Notice.created_at.desc())).all()
    return [
        {
            "code": row.code,
            "channel": row.channel.value,
            "state": row.state.value,
            "created_at": row.created_at.isoformat(),
            "sent_at": row.sent_at.isoformat() if row.sent_at else None,
            "report": row.report.value if row.report else None,
            "to": row.email or row.phone or row.postal,
            "subject": row.subject,
            "text": mask(row.body or ""),
        }
        for row in rows
    ]


def _to(whom: Whom) -> list[ColumnElement[bool]]:
    by: list[ColumnElement[bool]] = [Notice.recipient_key.in_(whom.keys)]
    if whom.user_id is not None:
        by.append(Notice.user_id == whom.user_id)
    return [or_(*by), *([Notice.created_at <= whom.until] if whom.until else [])]


def erase(user_id: int) -> int:
    """Delete every message to a person, also those that have not gone out, and what they chose; how many messages.

    Joins the transaction.
    """
    with tenancy.unscoped("a person's messages lie in every municipality"):
        rows = erase_here(Whom(frozenset(), user_id))
    choices.forget(user_id)
    return rows


def erase_here(whom: Whom) -> int:
    """Delete every message to anybody, in the scope at hand; how many."""
    ids = db.session.scalars(select(Notice.id).where(*_to(whom))).all()
    discard(ids)
    return len(ids)


def _old() -> list[ColumnElement[bool]]:
    return [Notice.about_kind.is_(None), Notice.created_at < clock.now() - timedelta(days=KEPT_DAYS)]


def count_old() -> int:
    """Messages of no case that have had their time, in all municipalities."""
    with tenancy.unscoped("messages of no case end alike everywhere"):
        return db.session.scalar(select(func.count(Notice.id)).where(*_old())) or 0


def drop_old(limit: int) -> int:
    """Delete at most so many of them; how many."""
    with tenancy.unscoped("messages of no case end alike everywhere"):
        ids = db.session.scalars(select(Notice.id).where(*_old()).limit(limit)).all()
        discard(ids)
    return len(ids)


MESSAGES = PersonalData(
    title=_l("Messages sent"),
    columns={
        "notice": (
            "email_sealed",
            "phone_sealed",
            "postal_sealed",
            "name_sealed",
            "values_sealed",
            "subject_sealed",
            "body_sealed",
            "html_sealed",
            "recipient_key",
        ),
        "notice_attempt": ("note_sealed",),
        "notice_preference": ("user_id", "category", "channel", "choice"),
    },
    export=export,
    erase=erase,
    export_here=export_here,
    erase_here=erase_here,
)

RETENTION = (
    Retention(
        "message.loose",
        _l("Messages of no case, such as links to sign in"),
        Filled("%(n)s days", {"n": KEPT_DAYS}),
        asked=_l("When the portal writes to you"),
        seen=_l("The team, which says why each time it opens an address"),
        due=count_old,
        erase=drop_old,
        everywhere=True,
        order=30,
    ),
)

READINGS = (
    Reading("message.opened", _l("Address of a message")),
    Reading("letters.opened", _l("Pages of a batch of letters")),
)
