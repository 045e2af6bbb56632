"""Single-use links: made, looked into, used up exactly once (R6, R15)."""

import json
from datetime import timedelta
from typing import Any

from sqlalchemy import update

from portal.accounts.models import Verification, VerificationKind
from portal.accounts.queries import Opened, opened
from portal.core import clock
from portal.core.db import db
from portal.core.errors import Invalid
from portal.core.i18n import lazy_gettext as _l
from portal.core.sealed import new_row_id
from portal.core.tokens import digest, new_secret

GONE = _l("This link was used already or is too old. Ask for a new one.")


def issue(
    kind: VerificationKind,
    data: dict[str, Any],
    life: timedelta,
    *,
    user_id: int | None = None,
    municipality_id: int | None = None,
    by_user_id: int | None = None,
) -> str:
    """Write a link into the transaction at hand; its secret is returned once and never stored."""
    secret = new_secret()
    now = clock.now()
    # The municipality first: it is bound into the seal of the data.
    row = Verification(
        id=new_row_id(),
        kind=kind,
        digest=digest(secret),
        municipality_id=municipality_id,
        user_id=user_id,
        by_user_id=by_user_id,
        created_at=now,
        expires_at=now + life,
    )
    row.data = json.dumps(data)
    db.session.add(row)
    return secret


def use_up(secret: str, *kinds: VerificationKind) -> Opened:
    """Take a link, in the transaction at hand. Raises Invalid when it is used, expired or unknown.

    The conditional update decides between two posts at the same instant.
    """
    link = opened(secret, *kinds)
    if link is None:
        raise Invalid(GONE)
    now = clock.now()
    statement = update(Verification).where(
        Verification.id == link.id, Verification.used_at.is_(None), Verification.expires_at > now
    )
    if db.session.execute(statement.values(used_at=now)).rowcount != 1:  # type: ignore[attr-defined]
        raise Invalid(GONE)
    return link


def withdraw(*conditions: Any) -> None:
    """Make open links void, in the transaction at hand."""
    db.session.execute(
        update(Verification).where(Verification.used_at.is_(None), *conditions).values(expires_at=clock.now())
    )
