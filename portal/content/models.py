"""Tables shared by content types: history, deadlines, files, comments, follows, links."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, EnumText, Key, UtcDateTime
from portal.core.scanning import Scan
from portal.core.sealed import Sealed
from portal.core.tenancy import Municipal
from portal.core.workflow import Lane


class StateChange(Municipal, Base):
    """A step of a thing's history: immutable. `who` names a role or body, never a private person.

    `template`: what the reply template was called that its words began with, for the team; `language` its language.
    Other words of the office are in that of the office.
    """

    __tablename__ = "state_change"
    __table_args__ = (Index("ix_state_change_object", "kind", "object_id", "id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[str]
    object_id: Mapped[int] = mapped_column(Key)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    verb: Mapped[str]
    from_state: Mapped[str]
    to_state: Mapped[str]
    lane: Mapped[Lane] = mapped_column(EnumText(Lane))
    user_id: Mapped[int | None] = mapped_column(Key)
    who: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    internal_note: Mapped[str] = mapped_column(default="")
    template: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(default="")


class Deadline(Municipal, Base):
    """A clock on a thing: due at the end of the local day `due_on`; `level` says how far it escalated.

    Levels: 0 running, 1 warned (after 80 % of its working days), 2 late (leader told), 3 late by five more working days (head told).
    """

    __tablename__ = "deadline"
    __table_args__ = (
        Index("ix_deadline_object", "kind", "object_id"),
        Index("ix_deadline_open", "municipality_id", "done_at", "due_on"),
        CheckConstraint("level between 0 and 3", name="level"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[str]
    object_id: Mapped[int] = mapped_column(Key)
    key: Mapped[str]
    started_on: Mapped[date]
    due_on: Mapped[date]
    extended: Mapped[bool] = mapped_column(default=False)
    level: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class FileRole(StrEnum):
    """What an attachment is; `before` and `after` are photos of a place as it was and as it became."""

    PHOTO = "photo"
    DOCUMENT = "document"
    BEFORE = "before"
    AFTER = "after"

    @property
    def is_picture(self) -> bool:
        """Whether it is a photo of any kind."""
        return self is not FileRole.DOCUMENT


class Attachment(Municipal, Base):
    """An uploaded file of a thing; `key` names the cleaned file, `original_key` what came in (staff only).

    `boxes` are the parts of a picture that were blacked out: left, top, width, height in per cent. Then
    `plain_key` and `plain_thumb_key` name the picture without them, for staff only. Every change of them is a new
    row, so that what was kept under the old address shows nothing; `place` keeps its place among the others.
    """

    __tablename__ = "attachment"
    __table_args__ = (Index("ix_attachment_object", "kind", "object_id"),)
    PERSONAL = ("name", "alt")

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[str]
    object_id: Mapped[int] = mapped_column(Key)
    role: Mapped[FileRole] = mapped_column(EnumText(FileRole))
    key: Mapped[str]
    thumb_key: Mapped[str | None]
    original_key: Mapped[str | None]
    plain_key: Mapped[str | None]
    plain_thumb_key: Mapped[str | None]
    boxes: Mapped[list[list[int]]] = mapped_column(JSON, default=list)
    place: Mapped[int | None] = mapped_column(Key)
    media_type: Mapped[str]
    size: Mapped[int]
    name: Mapped[str]
    alt: Mapped[str] = mapped_column(default="")
    width: Mapped[int | None]
    height: Mapped[int | None]
    public: Mapped[bool] = mapped_column(default=True)
    scan: Mapped[Scan] = mapped_column(EnumText(Scan), default=Scan.NONE)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @property
    def waits(self) -> bool:
        """Whether it is still to be scanned: until then the public does not see it, and nobody what came in."""
        return self.scan is Scan.WAITING

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of all its files."""
        every = (self.key, self.thumb_key, self.original_key, self.plain_key, self.plain_thumb_key)
        return tuple(filter(None, every))


class Stance(StrEnum):
    """What a comment says to the thing."""

    FOR = "for"
    AGAINST = "against"
    NEUTRAL = "neutral"


class CommentState(StrEnum):
    """Whether a comment is seen: held waits for a moderator, hidden was taken away with a reason.

    Taken back by its author it stands without words.
    """

    VISIBLE = "visible"
    HELD = "held"
    HIDDEN = "hidden"
    TAKEN_BACK = "taken_back"


class Objection(StrEnum):
    """What became of the one objection its author may raise against hiding it."""

    NONE = "none"
    OPEN = "open"
    DECIDED = "decided"


class Comment(Municipal, Base):
    """What somebody says to a thing in public; `official` marks the office's own words, `office` the role that spoke.

    An answer names its comment in `parent_id`; answers have none themselves. `held_by` are the rules that held it.
    `queued_at` is set while a moderator has something to decide: it is held, reported or objected to; `reports` are
    the open ones. `answer_count` counts what is seen. `by_author`: written by the author of the thing.
    """

    __tablename__ = "comment"
    __table_args__ = (
        Index("ix_comment_object", "kind", "object_id", "id"),
        Index("ix_comment_useful", "kind", "object_id", "useful_count", "id"),
        Index("ix_comment_queue", "municipality_id", "queued_at", "id"),
        Index("ix_comment_user", "user_id", "id"),
    )
    PERSONAL = ("name", "text")

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[str]
    object_id: Mapped[int] = mapped_column(Key)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    stance: Mapped[Stance] = mapped_column(EnumText(Stance))
    state: Mapped[CommentState] = mapped_column(EnumText(CommentState))
    user_id: Mapped[int | None] = mapped_column(Key)
    name: Mapped[str] = mapped_column(default="")
    text: Mapped[str]
    language: Mapped[str]
    official: Mapped[bool] = mapped_column(default=False)
    hidden_reason: Mapped[str] = mapped_column(default="")
    hidden_rule: Mapped[str] = mapped_column(default="")
    hidden_by: Mapped[int | None] = mapped_column(Key)
    parent_id: Mapped[int | None] = mapped_column(Key, ForeignKey("comment.id"), index=True)
    by_author: Mapped[bool] = mapped_column(default=False)
    office: Mapped[str] = mapped_column(default="")
    edited_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    useful_count: Mapped[int] = mapped_column(default=0)
    answer_count: Mapped[int] = mapped_column(default=0)
    highlighted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    held_by: Mapped[list[str]] = mapped_column(JSON, default=list)
    reports: Mapped[int] = mapped_column(default=0)
    objection: Mapped[Objection] = mapped_column(EnumText(Objection), default=Objection.NONE)
    queued_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class CommentStep(Municipal, Base):
    """A step of a comment's own history, for moderators: immutable. `words` are what the author was told, or said.

    `from_state` and `to_state` are those of the comment; `undoes` names the step that was taken back.
    """

    __tablename__ = "comment_step"
    __table_args__ = (Index("ix_comment_step_comment", "comment_id", "id"),)
    PERSONAL = ("words",)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    comment_id: Mapped[int] = mapped_column(Key, ForeignKey("comment.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    user_id: Mapped[int | None] = mapped_column(Key)
    act: Mapped[str]
    from_state: Mapped[CommentState] = mapped_column(EnumText(CommentState))
    to_state: Mapped[CommentState] = mapped_column(EnumText(CommentState))
    rule: Mapped[str] = mapped_column(default="")
    words: Mapped[str] = mapped_column(default="")
    undoes: Mapped[int | None] = mapped_column(Key)


class CommentReport(Municipal, Base):
    """Somebody's report of a comment, once per person; `closed_at` says that a moderator has dealt with it."""

    __tablename__ = "comment_report"
    __table_args__ = (UniqueConstraint("comment_id", "person"),)
    PERSONAL = ("person", "words")

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    comment_id: Mapped[int] = mapped_column(Key, ForeignKey("comment.id", ondelete="CASCADE"))
    person: Mapped[str]
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    rule: Mapped[str]
    words: Mapped[str] = mapped_column(default="")
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class CommentUseful(Municipal, Base):
    """Somebody found a comment useful: once per person."""

    __tablename__ = "comment_useful"
    __table_args__ = (UniqueConstraint("comment_id", "person"),)
    PERSONAL = ("person",)
    AUDITED = False

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    comment_id: Mapped[int] = mapped_column(Key, ForeignKey("comment.id", ondelete="CASCADE"))
    person: Mapped[str]
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Follow(Municipal, Base):
    """Somebody who wants to hear of each step; once per person, an account or a confirmed address."""

    __tablename__ = "follow"
    __table_args__ = (UniqueConstraint("kind", "object_id", "person"),)
    PERSONAL = ("person",)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[str]
    object_id: Mapped[int] = mapped_column(Key)
    person: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(Key, index=True)
    locale: Mapped[str]
    email_sealed: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    email = Sealed()


class Link(Base):
    """A tie between two things, across modules and municipalities: `role` says which."""

    __tablename__ = "link"
    __table_args__ = (
        UniqueConstraint("from_kind", "from_id", "to_kind", "to_id", "role"),
        Index("ix_link_to", "to_kind", "to_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    municipality_id: Mapped[int] = mapped_column(Key, ForeignKey("municipality.id"))
    from_kind: Mapped[str]
    from_id: Mapped[int] = mapped_column(Key)
    to_kind: Mapped[str]
    to_id: Mapped[int] = mapped_column(Key)
    role: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
