"""Personal data in messages: whom they went to and what they said."""

from typing import Any

from sqlalchemy import select

from portal.core import tenancy
from portal.core.db import db
from portal.core.i18n import lazy_gettext as _l
from portal.core.registry import PersonalData
from portal.notify import choices
from portal.notify.models import Notice
from portal.notify.render import mask
from portal.notify.services import discard


def export(user_id: int) -> list[dict[str, Any]]:
    """What a person chose about messages, and every message to them, newest first."""
    with tenancy.unscoped("a person's messages lie in every municipality"):
        rows = db.session.scalars(
            select(Notice).where(Notice.user_id == user_id).order_by(Notice.created_at.desc())
        ).all()
    chosen = [
        {"kind": "choice", "category": category, "channel": channel.value, "when": choice.value}
        for category, by_channel in choices.of(user_id).items()
        for channel, choice in by_channel.items()
    ]
    return chosen + [
        {
            "code": row.code,
            "channel": row.channel.value,
            "state": row.state.value,
            "created_at": row.created_at.isoformat(),
            "sent_at": row.sent_at.isoformat() if row.sent_at else None,
            "to": row.email or row.phone or row.postal,
            "subject": row.subject,
            "text": mask(row.body or ""),
        }
        for row in rows
    ]


def erase(user_id: int) -> int:
    """Delete every message to a person and what they chose; how many messages. Joins the transaction."""
    with tenancy.unscoped("a person's messages lie in every municipality"):
        ids = db.session.scalars(select(Notice.id).where(Notice.user_id == user_id)).all()
        discard(ids)
    choices.forget(user_id)
    return len(ids)


MESSAGES = PersonalData(
    title=_l("Messages sent to you"),
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
)
