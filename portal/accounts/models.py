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
    `shortcuts`: whether keys of the desk do something; who dictates turns them off (WCAG 2.1.4).
    `warned_at`: they were told that the account, unused for long, will be erased.
    """

    __tablename__ = "user"
    __table_args__ = (
        CheckConstraint("(password_hash IS NULL) = (totp_sealed IS NULL)", name="second_factor"),
        CheckConstraint("language IN ('pl', 'cs', 'en')", name="language"),
        CheckConstraint("erased_at IS NULL OR email_hash IS NULL", name="erased_has_no_address"),
        CheckConstraint("phone_confirmed_at IS NULL OR phone_hash IS NOT NULL", name="confirmed_has_phone"),
        # Anybody may write any number; confirmed it is one account's.
        Index(
            "uq_user_confirmed_phone",
            "phone_hash",
            unique=True,
            sqlite_where=text("phone_confirmed_at IS NOT NULL"),
            postgresql_where=text("phone_confirmed_at IS NOT NULL"),
        ),
    )
    PERSONAL: ClassVar[tuple[str, ...]] = (
        "email_sealed", "email_hash", "phone_sealed", "phone_hash", "name_sealed", "password_hash", "totp_sealed",
    )  # fmt: skip

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    email_sealed: Mapped[str | None]
    email_hash: Mapped[str | None] = mapped_column(unique=True)
    phone_sealed: Mapped[str | None]
    phone_hash: Mapped[str | None] = mapped_column(index=True)
    phone_confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    name_sealed: Mapped[str | None]
    language: Mapped[str]
    shortcuts: Mapped[bool] = mapped_column(default=True)
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


class RecoveryCode(Base):
    """A single-use code that stands in for the second factor of somebody who lost the phone.

    Only a keyed hash is kept, bound to the account: with the key outside the database a copy of the table
    opens nothing. New codes take the place of all former ones.
    """

    __tablename__ = "recovery_code"
    AUDITED: ClassVar[bool] = False
    PERSONAL: ClassVar[tuple[str, ...]] = ("code_hash",)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    user_id: Mapped[int] = mapped_column(Key, ForeignKey("user.id"), index=True)
    code_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    def __repr__(self) -> str:
        return f"<RecoveryCode {self.id}>"


class Passkey(Base):
    """A passkey: the public half of a key pair, whose other half never leaves the owner's device.

    `credential_id` and `public_key` are URL-safe base64 without padding. `sign_count` is the counter of the
    key at its last use, 0 where it has none; `synced` says that the owner's devices share it.
    """

    __tablename__ = "passkey"
    PERSONAL: ClassVar[tuple[str, ...]] = ("credential_id", "public_key", "name_sealed")

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    user_id: Mapped[int] = mapped_column(Key, ForeignKey("user.id"), index=True)
    credential_id: Mapped[str] = mapped_column(unique=True)
    public_key: Mapped[str]
    sign_count: Mapped[int] = mapped_column(Key)
    synced: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    name_sealed: Mapped[str]

    name = Sealed()

    def __repr__(self) -> str:
        return f"<Passkey {self.id}>"


class OperatorAccess(Base):
    """A role lent to a portal operator in one municipality, for a reason and a while.

    It runs from `began_at` until `ends_at`, or until somebody ended it. Rows stay: they are the record.
    """

    __tablename__ = "operator_access"
    __table_args__ = (
        CheckConstraint("ends_at > began_at", name="in_order"),
        Index("ix_operator_access_user", "user_id", "ends_at"),
        Index("ix_operator_access_town", "municipality_id", "began_at"),
    )
    PERSONAL: ClassVar[tuple[str, ...]] = ("reason",)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    user_id: Mapped[int] = mapped_column(Key, ForeignKey("user.id"))
    municipality_id: Mapped[int] = mapped_column(Key, ForeignKey("municipality.id"))
    role: Mapped[Role] = mapped_column(EnumText(Role))
    reason: Mapped[str]
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_by_id: Mapped[int | None] = mapped_column(Key, ForeignKey("user.id"))

    def __repr__(self) -> str:
        return f"<OperatorAccess {self.id} of {self.user_id} to {self.municipality_id}>"


class PhoneCode(Base):
    """A request for six digits by SMS. Of its secret and of the code only hashes are kept, bound together.

    A request for a number that no account has confirmed has no `user_id`: it looks the same and opens nothing.
    `confirms`: the code proves the number of an account instead of signing in.
    """

    __tablename__ = "phone_code"
    AUDITED: ClassVar[bool] = False
    PERSONAL: ClassVar[tuple[str, ...]] = ("phone_hash",)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    digest: Mapped[str] = mapped_column(unique=True)
    code_hash: Mapped[str]
    phone_hash: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(Key, ForeignKey("user.id"), index=True)
    confirms: Mapped[bool]
    tries: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    def __repr__(self) -> str:
        return f"<PhoneCode {self.id}>"


class Identity(Base):
    """Somebody's identity at an OpenID Connect provider, known by issuer and a keyed hash of the subject."""

    __tablename__ = "identity"
    __table_args__ = (UniqueConstraint("issuer", "subject_hash"),)
    PERSONAL: ClassVar[tuple[str, ...]] = ("subject_hash",)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    user_id: Mapped[int] = mapped_column(Key, ForeignKey("user.id"), index=True)
    issuer: Mapped[str]
    subject_hash: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime] = mapped_column(UtcDateTime)

    def __repr__(self) -> str:
        return f"<Identity {self.id}>"


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
