"""Tables of people: accounts, roles held, sessions, and single-use links.

An account belongs to no municipality, and roles are read across all of them at every request; so none of
these tables is scoped by `core.tenancy`. Whoever lists members filters by municipality in the query.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.accounts.roles import Role
from portal.accounts.rules import SessionKind
from portal.core.db import Base, EnumText, Key, UtcDateTime
from portal.core.sealed import Sealed


class User(Base):
    """A person with an account. What identifies somebody is sealed and found by keyed hash (R40, R41).

    Staff have a password and a second factor, residents neither: the database refuses one without the
    other. `totp_step` is the last code used. A rising `session_version` makes every older session void.
    `disabled_at`: an administrator closed the account; `erased_at`: the person is gone, the number stays.
    `warned_at`: they were told that the account, unused for long, will be erased.
    """

    __tablename__ = "user"
    __table_args__ = (
        CheckConstraint("(password_hash IS NULL) = (totp_sealed IS NULL)", name="second_factor"),
        CheckConstraint("language IN ('pl', 'cs', 'en')", name="language"),
        CheckConstraint("erased_at IS NULL OR email_hash IS NULL", name="erased_has_no_address"),
    )
    PERSONAL: ClassVar[tuple[str, ...]] = (
        "email_sealed", "email_hash", "phone_sealed", "phone_hash", "name_sealed", "password_hash", "totp_sealed",
    )  # fmt: skip

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    email_sealed: Mapped[str | None]
    email_hash: Mapped[str | None] = mapped_column(unique=True)
    phone_sealed: Mapped[str | None]
    phone_hash: Mapped[str | None] = mapped_column(index=True)
    name_sealed: Mapped[str | None]
    language: Mapped[str]
    password_hash: Mapped[str | None]
    totp_sealed: Mapped[str | None]
    totp_step: Mapped[int | None] = mapped_column(Key)
    session_version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_sign_in_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    warned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    email = Sealed()
    phone = Sealed()
    name = Sealed()
    totp = Sealed()

    def __repr__(self) -> str:
        return f"<User {self.id}>"


class Membership(Base):
    """A role somebody holds: in a municipality, or for the installation (no municipality).

    `is_head` marks the decision-maker who heads the office and gets what escalates.
    """

    __tablename__ = "membership"
    __table_args__ = (
        UniqueConstraint("user_id", "municipality_id", "role"),
        CheckConstraint("(municipality_id IS NULL) = (role = 'portal_operator')", name="installation_role"),
        CheckConstraint("role = 'decision_maker' OR NOT is_head", name="head_decides"),
        Index("ix_membership_team", "municipality_id", "role"),
        # NULLs never collide in a unique constraint: the role of the installation needs an index of its own.
        Index(
            "uq_membership_installation",
            "user_id",
            unique=True,
            sqlite_where=text("municipality_id IS NULL"),
            postgresql_where=text("municipality_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    user_id: Mapped[int] = mapped_column(Key, ForeignKey("user.id"))
    municipality_id: Mapped[int | None] = mapped_column(Key, ForeignKey("municipality.id"))
    role: Mapped[Role] = mapped_column(EnumText(Role))
    is_head: Mapped[bool] = mapped_column(default=False)
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    given_by_id: Mapped[int | None] = mapped_column(Key, ForeignKey("user.id"))

    def __repr__(self) -> str:
        return f"<Membership {self.user_id} {self.role} in {self.municipality_id}>"


class LoginSession(Base):
    """A session as the server keeps it. Of its token only the SHA-256 is here; of its device only the family.

    `renew`: the person's roles changed, so the next request gets a new token (R8).
    """

    __tablename__ = "login_session"
    __table_args__ = (Index("ix_login_session_seen", "kind", "seen_at"),)
    AUDITED: ClassVar[bool] = False
    PERSONAL: ClassVar[tuple[str, ...]] = ("data", "agent")

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    digest: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[SessionKind] = mapped_column(EnumText(SessionKind))
    user_id: Mapped[int | None] = mapped_column(Key, ForeignKey("user.id"), index=True)
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    agent: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    renew: Mapped[bool] = mapped_column(default=False)

    def __repr__(self) -> str:
        return f"<LoginSession {self.id} {self.kind}>"


class VerificationKind(StrEnum):
    """What a single-use link is for."""

    LINK = "link"
    INVITATION = "invitation"
    RESET = "reset"
    EMAIL = "email"


class Verification(Base):
    """A single-use link: only the hash of its secret is kept, and what it carries is sealed (R6, R15).

    `data` is JSON: the address always; by kind also the path to go on to, roles, name and second factor.
    `municipality_id` is set for invitations, and before `data`, because it is bound into the seal.
    """

    __tablename__ = "verification"
    __table_args__ = (Index("ix_verification_open", "municipality_id", "kind", "expires_at"),)
    AUDITED: ClassVar[bool] = False
    PERSONAL: ClassVar[tuple[str, ...]] = ("data_sealed",)

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    kind: Mapped[VerificationKind] = mapped_column(EnumText(VerificationKind))
    digest: Mapped[str] = mapped_column(unique=True)
    municipality_id: Mapped[int | None] = mapped_column(Key, ForeignKey("municipality.id"))
    user_id: Mapped[int | None] = mapped_column(Key, ForeignKey("user.id"), index=True)
    by_user_id: Mapped[int | None] = mapped_column(Key, ForeignKey("user.id"))
    data_sealed: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    data = Sealed()

    def __repr__(self) -> str:
        return f"<Verification {self.id} {self.kind}>"
