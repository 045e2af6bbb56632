"""Consent as a log of events: what for, which words in which version and language, when, by which way, given or
taken back (R32).

Rows are only added; the newest of a purpose and a thing says how it stands. Erasing a person leaves the
event without them, as a tombstone.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, select, update
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import clock
from portal.core.actor import Actor
from portal.core.db import Base, EnumText, Key, UtcDateTime, db
from portal.core.i18n import Text, current_locale
from portal.core.i18n import lazy_gettext as _l
from portal.core.tenancy import Municipal


class Purpose(StrEnum):
    """What somebody agrees to. Everything else the portal does rests on a public task, not on consent."""

    NAME = "name"
    COMMENT_NAME = "comment_name"
    NOTICES = "notices"


@dataclass(frozen=True, slots=True)
class Wording:
    """The words somebody agrees to; another `version` whenever they change (a test compares)."""

    version: str
    text: Text


WORDS: dict[Purpose, Wording] = {
    Purpose.NAME: Wording("1", _l("Show my name with the initiative")),
    Purpose.COMMENT_NAME: Wording("1", _l("Show my name with the comment")),
    Purpose.NOTICES: Wording("1", _l("We write to you at every important step. You can stop at any time.")),
}


class ConsentEvent(Municipal, Base):
    """Somebody agreed, or took it back. `person` is a keyed hash where there is no account."""

    __tablename__ = "consent_event"
    __table_args__ = (
        Index("ix_consent_event_object", "kind", "object_id", "purpose", "id"),
        Index("ix_consent_event_user_id", "user_id"),
        Index("ix_consent_event_person", "person"),
    )
    AUDITED = False
    PERSONAL = ("person",)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    purpose: Mapped[Purpose] = mapped_column(EnumText(Purpose))
    kind: Mapped[str]
    object_id: Mapped[int] = mapped_column(Key)
    given: Mapped[bool]
    version: Mapped[str]
    language: Mapped[str]
    channel: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(Key)
    person: Mapped[str | None]


def record(
    actor: Actor,
    purpose: Purpose,
    about: tuple[str, int],
    *,
    given: bool,
    user_id: int | None = None,
    person: str | None = None,
) -> None:
    """Add an event of the person whose consent it is, in the transaction at hand; `actor` says by which way."""
    db.session.add(
        ConsentEvent(
            at=clock.now(),
            purpose=purpose,
            kind=about[0],
            object_id=about[1],
            given=given,
            version=WORDS[purpose].version,
            language=current_locale(),
            channel=actor.channel.value,
            user_id=user_id,
            person=person,
        )
    )


def take_over(about: tuple[str, int], purpose: Purpose, user_id: int) -> None:
    """What was agreed to without an account becomes the account's that proved to be the same person."""
    db.session.execute(
        update(ConsentEvent)
        .where(
            ConsentEvent.kind == about[0],
            ConsentEvent.object_id == about[1],
            ConsentEvent.purpose == purpose,
            ConsentEvent.user_id.is_(None),
        )
        .values(user_id=user_id)
    )


def carry(event: ConsentEvent, about: tuple[str, int]) -> None:
    """Write down in the municipality in scope what somebody agreed to, or took back, in another one for the same matter."""
    kept = ("at", "purpose", "given", "version", "language", "channel", "user_id", "person")
    same = {name: getattr(event, name) for name in kept}
    db.session.add(ConsentEvent(kind=about[0], object_id=about[1], **same))


def events_of(*conditions: Any) -> list[ConsentEvent]:
    """Events in the scope at hand, oldest first."""
    return list(db.session.scalars(select(ConsentEvent).where(*conditions).order_by(ConsentEvent.id)))


def standing(events: list[ConsentEvent]) -> list[ConsentEvent]:
    """Of events oldest first: those that gave a consent which nobody has taken back since."""
    newest: dict[tuple[int, Purpose, str, int], ConsentEvent] = {}
    for event in events:
        newest[event.municipality_id, event.purpose, event.kind, event.object_id] = event
    return [event for event in newest.values() if event.given]
