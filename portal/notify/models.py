"""Tables of messages: one Notice per recipient, one Attempt per try and per act of the staff.

Whom it went to, its values and its text are sealed. A message that belongs to no municipality (a sign-in
link, for instance) has none; rows are scoped like any tenant's, so the desk of a town never sees it.
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from portal.core.db import Base, EnumText, Key, UtcDateTime
from portal.core.sealed import Sealed
from portal.core.tenancy import Municipal
from portal.notify.kinds import Channel, Choice, Delivery, Outcome, Report
from portal.notify.rules import OwnText


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

    Of an SMS: `gate` took it, in so many paid `parts`; `report` is what that gate told in the end; `rounds`
    counts how often it was sent anew after a report that it did not arrive, for each needs an index of its own
    at the gate. `network_key` is the keyed network of a visitor whose act wrote it, gone once it is sent.

    Of a letter: the `batch_id` it was printed with. Of a call: the local day it is planned for, today where
    none is said, and how often nobody was reached since it was planned.

    `hold` names the act it can still be called back with, until `held_until` (see `outbox.holding`).
    """

    __tablename__ = "notice"
    __table_args__ = (
        CheckConstraint("(about_kind IS NULL) = (about_id IS NULL)", name="about_whole"),
        Index("ix_notice_about", "about_kind", "about_id"),
        Index("ix_notice_town", "municipality_id", "created_at", "id"),
        Index("ix_notice_desk", "municipality_id", "state", "created_at", "id"),
        Index("ix_notice_gate", "gate", "sent_at"),
        Index("ix_notice_hold", "hold", "about_id"),
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
    gate: Mapped[str | None]
    parts: Mapped[int | None]
    report: Mapped[Report | None] = mapped_column(EnumText(Report))
    reported_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    rounds: Mapped[int] = mapped_column(default=0)
    network_key: Mapped[str | None]
    batch_id: Mapped[int | None] = mapped_column(Key, ForeignKey("letter_batch.id"), index=True)
    due_on: Mapped[date | None]
    unreached: Mapped[int] = mapped_column(default=0)
    hold: Mapped[str | None]
    held_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
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


class LetterBatch(Municipal, Base):
    """Letters printed in one go; `posted_at` once somebody has said which of them were posted."""

    __tablename__ = "letter_batch"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    made_by: Mapped[int | None] = mapped_column(Key)
    letters: Mapped[int]
    posted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    def __repr__(self) -> str:
        return f"<LetterBatch {self.id}>"


class NoticeText(Municipal, Base):
    """An office's own words for a kind of message in one language; the highest `version` holds.

    A row with no words at all says that ours hold again. Rows are never changed: every version can be read later.
    """

    __tablename__ = "notice_text"
    __table_args__ = (UniqueConstraint("municipality_id", "code", "locale", "version"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    code: Mapped[str]
    locale: Mapped[str]
    version: Mapped[int]
    subject: Mapped[str]
    extra: Mapped[str]
    signature: Mapped[str]
    body: Mapped[str]
    sms: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    made_by: Mapped[int | None] = mapped_column(Key)

    @property
    def own(self) -> OwnText:
        """The words."""
        return OwnText(self.subject, self.extra, self.signature, self.body, self.sms)

    def __repr__(self) -> str:
        return f"<NoticeText {self.code} {self.locale} {self.version}>"


class MessageRule(Base):
    """What the office and the portal operator decided about messages of one `place`.

    `place` is a municipality's id, or 0 for the installation: its own messages, and the switch above all.
    `folds`: SMS go out without the marks of letters. `window_left`: its envelopes have their window on the left.
    `held`: the portal operator stopped them, not the office. Read by the worker of any municipality, therefore
    outside the wall (docs/adr/0009); it holds no personal data.
    """

    __tablename__ = "message_rule"

    place: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    parts_a_day: Mapped[int]
    folds: Mapped[bool] = mapped_column(default=False)
    window_left: Mapped[bool] = mapped_column(default=False)
    stopped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    stopped_by: Mapped[int | None] = mapped_column(Key)
    stop_reason: Mapped[str | None]
    held: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=0)

    def __repr__(self) -> str:
        return f"<MessageRule {self.place}>"


class SmsDay(Base):
    """SMS parts of one place on one local day; counted up by one conditional update (R60)."""

    __tablename__ = "sms_day"
    AUDITED = False

    place: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(primary_key=True)
    parts: Mapped[int]

    def __repr__(self) -> str:
        return f"<SmsDay {self.place} {self.day}>"
