"""Accounts nobody uses any more: warned twice, then erased; sessions, links, codes that are over. Product 9, no. 33."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, or_, select

from portal.accounts import messages
from portal.accounts.models import LoginSession, Membership, PhoneCode, User, Verification
from portal.accounts.rules import INACTIVE_DAYS, LAST_WARNING_DAYS, LIFETIMES, LINK_KEPT_DAYS, WARNING_DAYS
from portal.accounts.services.account import erase_everywhere
from portal.core import audit, clock
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.registry import registry
from portal.core.usecase import use_case

BATCH = 200


def _last_seen() -> ColumnElement[datetime]:
    return func.coalesce(User.last_sign_in_at, User.created_at)


def _unused(days: int) -> Select[int]:
    """Residents' accounts nobody signed in to for so many days; never those of staff."""
    return (
        select(User.id)
        .where(
            _last_seen() < clock.now() - timedelta(days=days),
            User.erased_at.is_(None),
            User.disabled_at.is_(None),
            User.password_hash.is_(None),
            ~exists().where(Membership.user_id == User.id),
        )
        .order_by(User.id)
    )


def _not_busy(ids: Sequence[int]) -> list[int]:
    """Without those of whom some module says that something still goes on."""
    asked = [part.is_busy for module in registry.modules for part in module.personal if part.is_busy]
    return [user_id for user_id in ids if not any(is_busy(user_id) for is_busy in asked)]


def to_erase() -> list[int]:
    """Accounts whose time is over and whose owners were warned a whole warning period ago."""
    warned = and_(User.warned_at > _last_seen(), User.warned_at <= clock.now() - timedelta(days=WARNING_DAYS))
    return _not_busy(db.session.scalars(_unused(INACTIVE_DAYS).where(warned)).all())


def erase_unused(limit: int) -> int:
    """Erase accounts like their owners would; how many."""
    ids = to_erase()[:limit]
    for user in db.session.scalars(select(User).where(User.id.in_(ids))):
        erase_everywhere(user)
    return len(ids)


def to_warn() -> list[int]:
    """Accounts that reach their end within the warning period and were not warned since they were last used."""
    never = or_(User.warned_at.is_(None), User.warned_at < _last_seen())
    return _not_busy(db.session.scalars(_unused(INACTIVE_DAYS - WARNING_DAYS).where(never)).all())


def to_warn_again() -> list[int]:
    """Accounts whose first warning is so old that the last one is due."""
    since = clock.now() - timedelta(days=WARNING_DAYS - LAST_WARNING_DAYS)
    warned = and_(User.warned_at > _last_seen(), User.warned_at <= since)
    return _not_busy(db.session.scalars(_unused(INACTIVE_DAYS - WARNING_DAYS).where(warned)).all())


@use_case("account.forget", code="account.warned")
def warn(_actor: Actor, user_ids: Sequence[int], *, last: bool) -> None:
    """Tell these people by message that their account is going to be erased, and how to keep it."""
    days = LAST_WARNING_DAYS if last else WARNING_DAYS
    for user in db.session.scalars(select(User).where(User.id.in_(user_ids))):
        if not last:
            user.warned_at = clock.now()
        end = (user.warned_at or clock.now()) + timedelta(days=WARNING_DAYS)
        messages.unused(user, end, days)
    audit.note(accounts=len(user_ids), days=days)


def over_sessions() -> ColumnElement[bool]:
    """Sessions nobody can use any more."""
    now = clock.now()
    return or_(
        *(
            and_(
                LoginSession.kind == kind,
                or_(LoginSession.seen_at < now - life.idle, LoginSession.created_at < now - life.absolute),
            )
            for kind, life in LIFETIMES.items()
        )
    )


def over_links() -> ColumnElement[bool]:
    """Single-use links that are long over."""
    return Verification.expires_at < clock.now() - timedelta(days=LINK_KEPT_DAYS)


def over_phone_codes() -> ColumnElement[bool]:
    """Codes by SMS that work no more."""
    return PhoneCode.expires_at < clock.now()


def count(model: Any, condition: ColumnElement[bool]) -> int:
    """How many rows fulfil a condition."""
    return db.session.scalar(select(func.count()).select_from(model).where(condition)) or 0


def end(model: Any, condition: ColumnElement[bool], limit: int) -> int:
    """Delete at most so many of them; how many."""
    ids = db.session.scalars(select(model.id).where(condition).limit(limit)).all()
    db.session.execute(delete(model).where(model.id.in_(ids)).execution_options(synchronize_session=False))
    return len(ids)
