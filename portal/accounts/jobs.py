"""Daily tidying: sessions nobody can use any more, and links that are long over."""

from datetime import timedelta

from sqlalchemy import and_, delete, or_

from portal.accounts.models import LoginSession, PhoneCode, Verification
from portal.accounts.rules import LIFETIMES
from portal.core import clock
from portal.core.db import db, writing

LINKS_KEPT = timedelta(days=7)


def purge() -> None:
    """Delete expired sessions and links a week past their end."""
    now = clock.now()
    over = [
        and_(
            LoginSession.kind == kind,
            or_(LoginSession.seen_at < now - life.idle, LoginSession.created_at < now - life.absolute),
        )
        for kind, life in LIFETIMES.items()
    ]
    with writing():
        db.session.execute(delete(LoginSession).where(or_(*over)))
        db.session.execute(delete(PhoneCode).where(PhoneCode.expires_at < now))
        db.session.execute(delete(Verification).where(Verification.expires_at < now - LINKS_KEPT))
