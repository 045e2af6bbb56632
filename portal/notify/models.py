"""Tables of messages: one Notice per recipient, one Attempt per try and per act of the staff.

Whom it went to, its values and its text are sealed. A message that belongs to no municipality (a sign-in
link, for instance) has none; rows are scoped like any tenant's, so the desk of a town never sees it.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from portal.core.db import Base, EnumText, Key, UtcDateTime
from portal.core.sealed import Sealed
from portal.core.tenancy import Municipal
from portal.notify.kinds import Channel, Choice, Delivery, Outcome


class PerhapsMunicipal(Municipal):
    """Like Municipal, for rows that may also belong to the installation as a whole."""

    @declared_attr
    def municipality_id(cls) -> Mapped[int | None]:  # type: ignore[override]  # noqa: N805 - see Municipal
        """The tenant, or None for the installation."""
        return mapped_column(Key, ForeignKey("municipality.id"))


class Notice(PerhapsMunicipal, Base):
    """A message to one recipient.

    `subject` and `body` are rendered once, at the first try; a retry sends the same under the same
    `message_id`. In them stand marks where secret values belong; `values` holds those and is emptied
    when the message has gone out (see `render.py`). `tries` counts since the last revival.
    """

    __tablename__ = "notice"
    __table_args__ = (
        CheckConstraint("(about_kind IS NULL) = (about_id IS NULL)", name="about_whole"),
        Index("ix_notice_about", "about_kind", "about_id"),
        Index("ix_notice_town", "municipality_id", "created_at", "id"),
        Index("ix_notice_desk", "municipality_id", "state", "created_at", "id"),
    )
    AUDITED = False

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    code: Mapped[str]
    about_kind: Mapped[str | None]
    about_id: Mapped[int | None] = mapped_column(Key)
    channel: Mapped[Channel] = mapped_column(EnumText(Channel))
    state: Mapped[Delivery] = mapped_column(EnumText(Delivery))
    locale: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(Key, index=True)
    recipient_key: Mapped[str] = mapped_column(index=True)
    message_id: Mapped[str] = mapped_column(unique=True)
    dedupe: Mapped[str | None] = mapped_column(unique=True)
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    email_sealed: Mapped[str | None]
    phone_sealed: Mapped[str | None]
    postal_sealed: Mapped[str | None]
    name_sealed: Mapped[str | None]
    values_sealed: Mapped[str | None]
    subject_sealed: Mapped[str | None]
    body_sealed: Mapped[str | None]
    html_sealed: Mapped[str | None]

    email = Sealed()
    phone = Sealed()
    postal = Sealed()
    name = Sealed()
    values = Sealed()
    subject = Sealed()
    body = Sealed()
    html = Sealed()

    def __repr__(self) -> str:
        return f"<Notice {self.id} {self.code} {self.state}>"


class Attempt(PerhapsMunicipal, Base):
    """One try to deliver, or one act of the staff: `error` holds no address, `note` is sealed."""

    __tablename__ = "notice_attempt"
    AUDITED = False

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    notice_id: Mapped[int] = mapped_column(Key, ForeignKey("notice.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    outcome: Mapped[Outcome] = mapped_column(EnumText(Outcome))
    error: Mapped[str | None]
    user_id: Mapped[int | None] = mapped_column(Key)
    note_sealed: Mapped[str | None]

    note = Sealed()

    def __repr__(self) -> str:
        return f"<Attempt {self.notice_id} {self.outcome}>"


class NoticePreference(Base):
    """What somebody chose for one category and channel; without a row it is as preset.

    Belongs to a person, not to a town. Accounts lie on a higher floor, so the number is no foreign key;
    whoever erases an account erases these rows through `privacy.py`.
    """

    __tablename__ = "notice_preference"
    __table_args__ = (UniqueConstraint("user_id", "category", "channel"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    user_id: Mapped[int] = mapped_column(Key)
    category: Mapped[str]
    channel: Mapped[Channel] = mapped_column(EnumText(Channel))
    choice: Mapped[Choice] = mapped_column(EnumText(Choice))

    def __repr__(self) -> str:
        return f"<NoticePreference {self.user_id} {self.category} {self.choice}>"
