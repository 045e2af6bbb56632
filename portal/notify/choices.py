"""What people chose about messages: read by the outbox, written by their own page and by a link in a message."""

from collections.abc import Iterable

from sqlalchemy import delete, select

from portal.core.db import db
from portal.notify.kinds import Channel, Choice
from portal.notify.models import NoticePreference


def of(user_id: int) -> dict[str, dict[Channel, Choice]]:
    """Everything somebody chose: category → channel → choice."""
    found: dict[str, dict[Channel, Choice]] = {}
    rows = db.session.scalars(select(NoticePreference).where(NoticePreference.user_id == user_id))
    for row in rows:
        found.setdefault(row.category, {})[row.channel] = row.choice
    return found


def of_all(user_ids: Iterable[int]) -> dict[int, dict[str, dict[Channel, Choice]]]:
    """The same of many at once: account → category → channel → choice."""
    found: dict[int, dict[str, dict[Channel, Choice]]] = {}
    wanted = select(NoticePreference).where(NoticePreference.user_id.in_(set(user_ids)))
    for row in db.session.scalars(wanted):
        found.setdefault(row.user_id, {}).setdefault(row.category, {})[row.channel] = row.choice
    return found


def choose(user_id: int, category: str, channel: Channel, choice: Choice) -> None:
    """Keep a choice in place of the former one, in the transaction at hand."""
    row = db.session.scalar(
        select(NoticePreference).where(
            NoticePreference.user_id == user_id,
            NoticePreference.category == category,
            NoticePreference.channel == channel,
        )
    )
    if row is None:
        db.session.add(NoticePreference(user_id=user_id, category=category, channel=channel, choice=choice))
    else:
        row.choice = choice


def forget(user_id: int) -> None:
    """Erase what somebody chose, in the transaction at hand."""
    db.session.execute(delete(NoticePreference).where(NoticePreference.user_id == user_id))
