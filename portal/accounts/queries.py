"""Reading people. Names and addresses are opened only here and only for whoever the caller checked.

None of these tables is scoped to a municipality (see models.py), so every list names it.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select

from portal.accounts.models import (
    LoginSession,
    Membership,
    OperatorAccess,
    User,
    Verification,
    VerificationKind,
)
from portal.accounts.roles import Role, in_order
from portal.accounts.rules import alive, canonical_phone, code_at, demo_factor, step_at
from portal.core import clock, tenancy
from portal.core.actor import PORTAL, Actor
from portal.core.audit import AuditEntry
from portal.core.collate import sort_key
from portal.core.db import db
from portal.core.errors import Missing
from portal.core.i18n import current_locale
from portal.core.sealed import ring
from portal.core.tokens import digest


@dataclass(frozen=True, slots=True)
class Person:
    """An account in use, with its roles by municipality (PORTAL for the installation)."""

    id: int
    version: int
    name: str
    email: str
    language: str
    roles: dict[int, frozenset[str]]
    shortcuts: bool = True


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of a municipality's team. `since` is the day the first of the present roles was given."""

    user_id: int
    municipality_id: int
    name: str
    email: str
    language: str
    roles: tuple[Role, ...]
    is_head: bool
    since: datetime
    last_sign_in_at: datetime | None
    disabled: bool
    elsewhere: bool


@dataclass(frozen=True, slots=True)
class Colleague:
    """A member as other modules need one: to assign work, to write to."""

    user_id: int
    name: str
    email: str | None
    phone: str | None
    language: str
    is_head: bool


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation nobody has accepted yet."""

    id: int
    email: str
    roles: tuple[Role, ...]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Opened:
    """What a valid single-use link carries."""

    id: int
    kind: VerificationKind
    user_id: int | None
    municipality_id: int | None
    by_user_id: int | None
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """An account of the demo data: where it works, as what, and its second-factor code at this instant.

    Residents have neither municipality nor roles nor code: they come in by a link.
    """

    municipality_id: int | None
    roles: tuple[Role, ...]
    name: str
    email: str
    code: str


@dataclass(frozen=True, slots=True)
class Device:
    """A session of one's own, for the list of devices."""

    id: int
    agent: str
    created_at: datetime
    seen_at: datetime
    current: bool


def email_hash(email: str) -> str:
    """The keyed hash under which a canonical address is found."""
    return ring.lookup("email", email)


def phone_hash(phone: str) -> str:
    """The same of a canonical number."""
    return ring.lookup("phone", phone)


def phone_key(phone: str, country: str) -> str:
    """The same of a number as it was typed in a municipality of this country."""
    return phone_hash(canonical_phone(phone, country) or phone)


def by_email(email: str) -> User | None:
    """The account of a canonical address."""
    return db.session.scalar(select(User).where(User.email_hash == email_hash(email)))


def by_phone(phone: str) -> User | None:
    """The open account that confirmed a canonical number."""
    return db.session.scalar(
        select(User).where(
            User.phone_hash == phone_hash(phone),
            User.phone_confirmed_at.is_not(None),
            User.disabled_at.is_(None),
        )
    )


def account(user_id: int) -> User:
    """An account that is open. Raises Missing."""
    found = db.session.scalar(select(User).where(User.id == user_id, User.disabled_at.is_(None)))
    if found is None:
        raise Missing
    return found


def open_accounts(user_ids: Iterable[int]) -> list[User]:
    """Those of these accounts that are open."""
    wanted = set(user_ids)
    if not wanted:
        return []
    return list(db.session.scalars(select(User).where(User.id.in_(wanted), User.disabled_at.is_(None))))


PERSON = (
    User.id,
    User.session_version,
    User.name_sealed,
    User.email_sealed,
    User.language,
    User.shortcuts,
    Membership.municipality_id,
    Membership.role,
)
"""The columns `person_of` reads, one row for each role."""


def person(user_id: int) -> Person | None:
    """Who this is and what roles they hold, in one statement. None for closed accounts."""
    rows = db.session.execute(
        select(*PERSON)
        .select_from(User)
        .outerjoin(Membership, Membership.user_id == User.id)
        .where(User.id == user_id, User.disabled_at.is_(None))
    ).all()
    return person_of(rows) if rows else None


def person_of(rows: Sequence[Any]) -> Person:
    """The account of rows that hold `PERSON`."""
    user = rows[0]
    roles: dict[int, set[str]] = {}
    for row in rows:
        if row.role is not None:
            roles.setdefault(row.municipality_id or PORTAL, set()).add(row.role.value)
    email = User.email.open(user.email_sealed, user.id) or ""
    return Person(
        user.id,
        user.session_version,
        User.name.open(user.name_sealed, user.id) or email,
        email,
        user.language,
        {place: frozenset(held) for place, held in roles.items()},
        user.shortcuts,
    )


def actor_of(user_id: int, municipality_id: int) -> Actor | None:
    """Somebody as they may act here now, for a job that goes on with what they began; None for closed accounts.

    They proved who they are when they began it; where that would have to be fresh, it is not.
    """
    who = person(user_id)
    if who is None:
        return None
    lends = Role.PORTAL_OPERATOR in who.roles.get(PORTAL, ())
    lent = {found.municipality_id: found.role.value for found in accesses(user_id)} if lends else {}
    return Actor(
        user_id=who.id,
        name=who.name,
        municipality_id=municipality_id,
        roles=who.roles,
        lent=lent,
        locale=who.language,
    )


def is_staff(user_id: int) -> bool:
    """Whether somebody holds a role anywhere, and so needs the second factor."""
    return db.session.scalar(select(Membership.id).where(Membership.user_id == user_id).limit(1)) is not None


@dataclass(frozen=True, slots=True)
class Access:
    """A role lent to a portal operator. `until` is when it ended or will; `acts` what the audit log has of it.

    `ended_by`: who ended it before its time; empty where nobody did.
    """

    id: int
    user_id: int
    municipality_id: int
    name: str
    role: Role
    reason: str
    began_at: datetime
    until: datetime
    runs: bool
    acts: int
    ended_by: str


def accesses(user_id: int) -> list[OperatorAccess]:
    """What runs of an operator's accesses at this instant: half-open, the last second is not in it."""
    now = clock.now()
    return list(
        db.session.scalars(
            select(OperatorAccess).where(
                OperatorAccess.user_id == user_id,
                OperatorAccess.ends_at > now,
                OperatorAccess.ended_at.is_(None),
            )
        )
    )


def access_here(access_id: int) -> OperatorAccess:
    """An access to the municipality in scope; what use cases load. Raises Missing."""
    found = db.session.scalar(
        select(OperatorAccess).where(
            OperatorAccess.id == access_id, OperatorAccess.municipality_id == tenancy.current_id()
        )
    )
    if found is None:
        raise Missing
    return found


ACCESSES_SHOWN = 200


def accesses_of(user_id: int) -> list[Access]:
    """An operator's own accesses, newest first."""
    return _accesses(OperatorAccess.user_id == user_id)


def accesses_to(municipality_id: int) -> list[Access]:
    """Everybody's accesses to a municipality, newest first."""
    return _accesses(OperatorAccess.municipality_id == municipality_id)


def access_to(municipality_id: int, access_id: int) -> Access:
    """One of them. Raises Missing, also for those to other municipalities."""
    found = _accesses(OperatorAccess.municipality_id == municipality_id, OperatorAccess.id == access_id)
    if not found:
        raise Missing
    return found[0]


def _accesses(*conditions: Any) -> list[Access]:
    until = func.coalesce(OperatorAccess.ended_at, OperatorAccess.ends_at)
    acts = (
        select(func.count(AuditEntry.id))
        .where(
            AuditEntry.chain == OperatorAccess.municipality_id,
            AuditEntry.user_id == OperatorAccess.user_id,
            AuditEntry.at >= OperatorAccess.began_at,
            AuditEntry.at <= until,
        )
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(OperatorAccess, acts)
        .where(*conditions)
        .order_by(OperatorAccess.began_at.desc(), OperatorAccess.id.desc())
        .limit(ACCESSES_SHOWN)
    ).all()
    called = names(who for row, _count in rows for who in (row.user_id, row.ended_by_id) if who)
    now = clock.now()
    return [
        Access(
            id=row.id,
            user_id=row.user_id,
            municipality_id=row.municipality_id,
            name=called.get(row.user_id, ""),
            role=row.role,
            reason=row.reason,
            began_at=row.began_at,
            until=row.ended_at or row.ends_at,
            runs=row.ended_at is None and row.ends_at > now,
            acts=count,
            ended_by=called.get(row.ended_by_id or 0, ""),
        )
        for row, count in rows
    ]


def acts_of_access(access: Access) -> list[AuditEntry]:
    """What the audit log of the municipality has of an access, oldest first; its end too, by whomever."""
    done = (
        AuditEntry.user_id == access.user_id,
        AuditEntry.at >= access.began_at,
        AuditEntry.at <= access.until,
    )
    ended = (AuditEntry.code == "access.ended", AuditEntry.subject == f"access:{access.id}")
    return list(
        db.session.scalars(
            select(AuditEntry)
            .where(AuditEntry.chain == access.municipality_id, or_(and_(*done), and_(*ended)))
            .order_by(AuditEntry.seq)
            .limit(1000)
        )
    )


def names(user_ids: Iterable[int]) -> dict[int, str]:
    """Names by account, for histories and lists; erased accounts are left out."""
    wanted = set(user_ids)
    if not wanted:
        return {}
    users = db.session.scalars(select(User).where(User.id.in_(wanted), User.erased_at.is_(None)))
    return {user.id: user.name or user.email or "" for user in users}


def given_name(user_id: int | None) -> str:
    """The name somebody gave their account; empty without one, never the address that stands in for it."""
    user = db.session.get(User, user_id) if user_id is not None else None
    return (user.name or "") if user else ""


def colleagues(municipality_id: int, *roles: str, heads: bool = False) -> list[Colleague]:
    """Open accounts that hold any of `roles` here (any role without them), by name; `heads`: only the head."""
    statement = (
        select(User, Membership.is_head)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.municipality_id == municipality_id, User.disabled_at.is_(None))
    )
    if roles:
        statement = statement.where(Membership.role.in_([Role(role) for role in roles]))
    if heads:
        statement = statement.where(Membership.is_head)
    head: dict[User, bool] = {}
    for user, is_head in db.session.execute(statement):
        head[user] = head.get(user, False) or is_head
    found = [
        Colleague(user.id, user.name or user.email or "", user.email, user.phone, user.language, is_head)
        for user, is_head in head.items()
    ]
    return sorted(found, key=lambda colleague: sort_key(colleague.name, current_locale()))


def caretakers(municipality_id: int) -> list[Colleague]:
    """Open accounts of administrators of a municipality and of the portal operators, each once; 0 for the latter alone."""
    mine = or_(
        and_(Membership.municipality_id == municipality_id, Membership.role == Role.ADMIN),
        Membership.role == Role.PORTAL_OPERATOR,
    )
    statement = (
        select(User).join(Membership, Membership.user_id == User.id).where(mine, User.disabled_at.is_(None))
    )
    return [
        Colleague(user.id, user.name or "", user.email, user.phone, user.language, is_head=False)
        for user in db.session.scalars(statement.distinct())
    ]


def members(municipality_id: int) -> list[Member]:
    """The team of a municipality, closed accounts included, by name."""
    found = _members(municipality_id)
    return sorted(found, key=lambda member: sort_key(member.name, current_locale()))


def member(municipality_id: int, user_id: int) -> Member:
    """One member of this municipality. Raises Missing, also for members of other ones."""
    found = _members(municipality_id, user_id)
    if not found:
        raise Missing
    return found[0]


def member_here(user_id: int) -> Member:
    """One member of the municipality in scope; what use cases load. Raises Missing."""
    return member(tenancy.current_id() or PORTAL, user_id)


def _members(municipality_id: int, user_id: int | None = None) -> list[Member]:
    here = select(Membership.user_id).where(Membership.municipality_id == municipality_id)
    if user_id is not None:
        here = here.where(Membership.user_id == user_id)
    held: dict[User, list[Membership]] = {}
    rows = db.session.execute(
        select(User, Membership).join(Membership, Membership.user_id == User.id).where(User.id.in_(here))
    )
    for user, membership in rows:
        held.setdefault(user, []).append(membership)
    return [_member(user, municipality_id, memberships) for user, memberships in held.items()]


def _member(user: User, municipality_id: int, memberships: list[Membership]) -> Member:
    ours = [m for m in memberships if m.municipality_id == municipality_id]
    return Member(
        user_id=user.id,
        municipality_id=municipality_id,
        name=user.name or user.email or "",
        email=user.email or "",
        language=user.language,
        roles=in_order({m.role for m in ours}),
        is_head=any(m.is_head for m in ours),
        since=min(m.since for m in ours),
        last_sign_in_at=user.last_sign_in_at,
        disabled=user.disabled_at is not None,
        elsewhere=len(ours) < len(memberships),
    )


def invited(municipality_id: int) -> list[Invited]:
    """Invitations to this municipality that still wait, newest first."""
    rows = db.session.scalars(
        select(Verification)
        .where(
            Verification.municipality_id == municipality_id,
            Verification.kind == VerificationKind.INVITATION,
            Verification.used_at.is_(None),
            Verification.expires_at > clock.now(),
        )
        .order_by(Verification.expires_at.desc(), Verification.id)
    )
    found = []
    for row in rows:
        data = json.loads(row.data or "{}")
        found.append(Invited(row.id, data["email"], tuple(Role(r) for r in data["roles"]), row.expires_at))
    return found


def opened(secret: str, *kinds: VerificationKind) -> Opened | None:
    """What a link carries, or None when it is unknown, of another kind, used or expired. Uses nothing up."""
    row = db.session.scalar(
        select(Verification).where(
            Verification.digest == digest(secret),
            Verification.kind.in_(kinds),
            Verification.used_at.is_(None),
            Verification.expires_at > clock.now(),
        )
    )
    if row is None:
        return None
    data = json.loads(row.data or "{}")
    return Opened(row.id, row.kind, row.user_id, row.municipality_id, row.by_user_id, data)


def devices(user_id: int, current_digest: str | None) -> list[Device]:
    """The sessions of one person that still live, the present one first, then by last use."""
    rows = db.session.scalars(select(LoginSession).where(LoginSession.user_id == user_id))
    now = clock.now()
    found = [
        Device(row.id, row.agent, row.created_at, row.seen_at, row.digest == current_digest)
        for row in rows
        if alive(row.kind, row.created_at, row.seen_at, now)
    ]
    return sorted(found, key=lambda device: (not device.current, -device.seen_at.timestamp()))


def demo_accounts() -> list[DemoAccount]:
    """Whom one can sign in as in a demonstration: by municipality, then by role, residents last.

    Told apart from accounts people made themselves by their second factor, which follows from the address.
    """
    held: dict[User, list[Membership]] = {}
    # An outer join: residents have no membership, which the types of SQLAlchemy do not say.
    rows: Iterable[Any] = db.session.execute(
        select(User, Membership)
        .outerjoin(Membership, Membership.user_id == User.id)
        .where(User.disabled_at.is_(None))
        .order_by(Membership.municipality_id, Membership.id)
    )
    for user, membership in rows:
        held.setdefault(user, []).extend([membership] if membership is not None else [])
    staff, residents = [], []
    step = step_at(clock.now())
    for user, memberships in held.items():
        email = user.email or ""
        if not memberships and user.totp is None and email.endswith(".example"):
            residents.append(DemoAccount(None, (), user.name or "", email, ""))
        elif user.totp == demo_factor(email):
            for place in dict.fromkeys(m.municipality_id for m in memberships):
                roles = in_order({m.role for m in memberships if m.municipality_id == place})
                staff.append(DemoAccount(place, roles, user.name or "", email, code_at(user.totp, step)))
    staff.sort(key=lambda a: (a.municipality_id or 0, [list(Role).index(r) for r in a.roles], a.email))
    return staff + sorted(residents, key=lambda account: account.email)
