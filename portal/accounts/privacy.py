"""Personal data of accounts: what is kept, handed out and erased. Source: R33 (docs/security.md)."""

from typing import Any

from sqlalchemy import delete, select

from portal.accounts.models import (
    Identity,
    LoginSession,
    Membership,
    OperatorAccess,
    Passkey,
    PhoneCode,
    RecoveryCode,
    User,
    Verification,
)
from portal.accounts.rules import (
    INACTIVE_DAYS,
    LAST_WARNING_DAYS,
    LIFETIMES,
    LINK_KEPT_DAYS,
    PHONE_LIFE,
    WARNING_DAYS,
)
from portal.accounts.services import forgetting
from portal.accounts.session import end_sessions
from portal.core import clock
from portal.core.db import db
from portal.core.i18n import Filled, iso
from portal.core.i18n import lazy_gettext as _l
from portal.core.registry import PersonalData, Retention


def export(user_id: int) -> list[dict[str, Any]]:
    """The account, its roles and its sessions; of password, second factor and codes only that they are there: they are secrets."""
    user = db.session.scalar(select(User).where(User.id == user_id))
    if user is None:
        return []
    account = {
        "kind": "account",
        "email": user.email,
        "name": user.name,
        "phone": user.phone,
        "phone_confirmed_at": iso(user.phone_confirmed_at),
        "language": user.language,
        "shortcuts": user.shortcuts,
        "created_at": iso(user.created_at),
        "last_sign_in_at": iso(user.last_sign_in_at),
    }
    memberships = db.session.scalars(
        select(Membership).where(Membership.user_id == user_id).order_by(Membership.id)
    )
    sessions = db.session.scalars(
        select(LoginSession).where(LoginSession.user_id == user_id).order_by(LoginSession.id)
    )
    return [
        account,
        *(
            {"kind": "recovery_code", "made_at": iso(c.created_at), "used_at": iso(c.used_at)}
            for c in db.session.scalars(
                select(RecoveryCode).where(RecoveryCode.user_id == user_id).order_by(RecoveryCode.id)
            )
        ),
        *(
            {
                "kind": "passkey",
                "name": p.name,
                "made_at": iso(p.created_at),
                "last_used_at": iso(p.last_used_at),
            }
            for p in db.session.scalars(
                select(Passkey).where(Passkey.user_id == user_id).order_by(Passkey.id)
            )
        ),
        *(
            {
                "kind": "access",
                "reason": a.reason,
                "began_at": iso(a.began_at),
                "ended_at": iso(a.ended_at or a.ends_at),
            }
            for a in db.session.scalars(
                select(OperatorAccess).where(OperatorAccess.user_id == user_id).order_by(OperatorAccess.id)
            )
        ),
        *(
            {
                "kind": "identity",
                "issuer": i.issuer,
                "since": iso(i.created_at),
                "last_used_at": iso(i.last_used_at),
            }
            for i in db.session.scalars(
                select(Identity).where(Identity.user_id == user_id).order_by(Identity.id)
            )
        ),
        *({"kind": "role", "role": m.role.value, "since": iso(m.since)} for m in memberships),
        *(
            {
                "kind": "session",
                "device": s.agent,
                "began_at": iso(s.created_at),
                "last_used_at": iso(s.seen_at),
            }
            for s in sessions
        ),
    ]


def erase(user_id: int) -> int:
    """Erase contacts, name, secrets, roles, sessions and links; the number stays as a tombstone. How many rows."""
    user = db.session.scalar(select(User).where(User.id == user_id))
    if user is None:
        return 0
    rows = 1 + end_sessions(user_id)
    for model in (Membership, Verification, RecoveryCode, Passkey, PhoneCode, Identity):
        rows += int(db.session.execute(delete(model).where(model.user_id == user_id)).rowcount)  # type: ignore[attr-defined]
    user.phone_confirmed_at = None
    user.email = user.email_hash = user.phone = user.phone_hash = user.name = None
    user.password_hash = user.totp = user.totp_step = user.last_sign_in_at = user.warned_at = None
    user.erased_at = user.disabled_at = clock.now()
    return rows


PERSONAL = PersonalData(
    title=_l("Account"),
    columns={
        "user": (*User.PERSONAL, "language", "last_sign_in_at", "warned_at", "phone_confirmed_at"),
        "identity": ("user_id", "issuer", *Identity.PERSONAL, "last_used_at"),
        "phone_code": ("user_id", *PhoneCode.PERSONAL),
        "membership": ("user_id", "role", "since"),
        "login_session": ("user_id", *LoginSession.PERSONAL),
        "recovery_code": ("user_id", *RecoveryCode.PERSONAL, "used_at"),
        "passkey": ("user_id", *Passkey.PERSONAL, "last_used_at"),
        # Of the team only, and a record of what it did: it stays, as the audit log does.
        "operator_access": ("user_id", *OperatorAccess.PERSONAL),
        "verification": ("user_id", *Verification.PERSONAL),
    },
    export=export,
    erase=erase,
)

RETENTION = (
    Retention(
        "account.account",
        _l(
            "Your account: e-mail address, name, phone number, language, ways to sign in, choices about messages, when you signed in"
        ),
        Filled(
            "Until you erase it, or until nobody has signed in for %(n)s days; we warn you %(first)s and %(last)s days before",
            {"n": INACTIVE_DAYS, "first": WARNING_DAYS, "last": LAST_WARNING_DAYS},
        ),
        asked=_l("Only if you want an account"),
        seen=_l("You; the team sees the address in your own cases"),
        due=lambda: len(forgetting.to_erase()),
        erase=forgetting.erase_unused,
        everywhere=True,
        order=20,
    ),
    Retention(
        "account.session",
        _l("From what kind of device you are signed in"),
        Filled(
            "%(n)s hours at most, or until you sign out",
            {"n": int(max(life.absolute for life in LIFETIMES.values()).total_seconds()) // 3600},
        ),
        asked=_l("When you sign in or fill in a form"),
        seen=_l("You"),
        due=lambda: forgetting.count(LoginSession, forgetting.over_sessions()),
        erase=lambda limit: forgetting.end(LoginSession, forgetting.over_sessions(), limit),
        everywhere=True,
        order=21,
    ),
    Retention(
        "account.link",
        _l("Links to sign in or to confirm an address"),
        Filled("%(n)s days after they ceased to work", {"n": LINK_KEPT_DAYS}),
        asked=_l("When you ask for one"),
        seen=_l("Nobody"),
        due=lambda: forgetting.count(Verification, forgetting.over_links()),
        erase=lambda limit: forgetting.end(Verification, forgetting.over_links(), limit),
        everywhere=True,
        order=22,
    ),
    Retention(
        "account.phone_code",
        _l("Codes sent by SMS"),
        Filled("%(n)s minutes", {"n": PHONE_LIFE.seconds // 60}),
        asked=_l("When you sign in by phone or confirm your number"),
        seen=_l("Nobody"),
        due=lambda: forgetting.count(PhoneCode, forgetting.over_phone_codes()),
        erase=lambda limit: forgetting.end(PhoneCode, forgetting.over_phone_codes(), limit),
        everywhere=True,
        order=23,
    ),
)
