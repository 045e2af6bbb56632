"""Recovery codes: ten single-use codes on paper for the day the phone is lost, and a new app in its place.

The codes follow from the key of the form that asked for them and from the secret of the portal, so a repeated
post shows the same ones and nobody stores them; the table keeps keyed hashes alone.
"""

from dataclasses import replace

import structlog
from sqlalchemy import delete, func, select, update

from portal.accounts import messages, queries, rules
from portal.accounts.models import RecoveryCode, User
from portal.accounts.services.sign_in import CODE_STEPS, WRONG_CODE, forgive_attempts
from portal.core import audit, clock, throttle
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import Invalid
from portal.core.i18n import lazy_gettext as _l
from portal.core.sealed import ring
from portal.core.tokens import canonical_code, pseudonym, spelled
from portal.core.usecase import once, use_case

log = structlog.get_logger(__name__)

WRONG_RECOVERY_CODE = _l(
    "This is none of your recovery codes, or it was used already. Each works once: try the next one."
)


def codes_of(form_key: str, user_id: int) -> list[str]:
    """The ten codes of one form key, as they are shown: `7QK2-M9XD-R4TH`."""
    keyed = (
        ring.lookup("recovery-codes", f"{form_key}\x00{user_id}\x00{n}") for n in range(rules.RECOVERY_CODES)
    )
    return [spelled(int(hexadecimal, 16), rules.RECOVERY_SIGNS) for hexadecimal in keyed]


def code_hash(user_id: int, typed: str) -> str:
    """The keyed hash a code of this account is kept under; of anything else a hash that fits nothing."""
    return ring.lookup(
        "recovery", f"{user_id}\x00{canonical_code(typed, rules.RECOVERY_SIGNS) or f'no-code:{typed}'}"
    )


@use_case("account.secure", code="account.recovery_renewed", load=queries.account)
def renew(_actor: Actor, user: User, form_key: str) -> None:
    """Make ten new codes; the former ones no longer work. Raises Invalid for an account without a second factor."""
    if user.totp is None:
        raise Invalid(_l("Recovery codes stand in for an authenticator app; this account has none."))

    def act() -> None:
        write_codes(user.id, form_key)
        messages.account_changed(messages.recipient_of(user), "recovery")

    once(f"accounts.recovery:{user.id}", form_key, act)
    audit.note(f"user:{user.id}")


def write_codes(user_id: int, form_key: str) -> None:
    """Put the codes of a form key in the place of all former ones, in the transaction at hand."""
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    now = clock.now()
    for code in codes_of(form_key, user_id):
        db.session.add(RecoveryCode(user_id=user_id, code_hash=code_hash(user_id, code), created_at=now))


def left(user_id: int) -> int:
    """How many codes still work."""
    unused = select(func.count()).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return int(db.session.scalar(unused) or 0)


def prove(actor: Actor, user_id: int, typed: str, source: str) -> tuple[str, int]:
    """Take a recovery code of somebody whose password was right: their address, and how many codes are left.

    Counted together with the codes of the app. Raises Invalid, TooMany.
    """
    for limit in CODE_STEPS:
        throttle.hit(limit, user_id)
    try:
        email, rest = _prove(replace(actor, user_id=user_id), user_id, typed)
    except Invalid:
        log.info("sign-in refused", step="recovery", account=pseudonym("log", user_id)[:12])
        raise
    forgive_attempts(email, user_id, source)
    return email, rest


@use_case("account.enter", code="account.recovery_used")
def _prove(_actor: Actor, user_id: int, typed: str) -> tuple[str, int]:
    user = queries.account(user_id)
    taken = (
        update(RecoveryCode)
        .where(RecoveryCode.code_hash == code_hash(user.id, typed), RecoveryCode.used_at.is_(None))
        .values(used_at=clock.now())
    )
    # The conditional update decides between two posts at the same instant.
    if db.session.execute(taken).rowcount != 1:  # type: ignore[attr-defined]
        raise Invalid(WRONG_RECOVERY_CODE, {"code": WRONG_RECOVERY_CODE})
    user.last_sign_in_at = clock.now()
    rest = left(user.id)
    audit.note(f"user:{user.id}", by="password and recovery code", left=rest)
    messages.recovery_used(user, rest)
    return user.email or "", rest


@use_case("account.secure", code="account.app_changed", load=queries.account)
def connect_app(_actor: Actor, user: User, factor: str, typed: str) -> None:
    """Let another authenticator app make the codes from now on; its first code proves that it works.

    Raises Invalid for a wrong code and for an account without a second factor.
    """
    if user.totp is None:
        raise Invalid(_l("Only members of a team sign in with an authenticator app."))
    step = rules.matching_step(factor, typed, clock.now())
    if step is None:
        raise Invalid(WRONG_CODE, {"code": WRONG_CODE})
    user.totp, user.totp_step = factor, step
    audit.note(f"user:{user.id}")
    messages.account_changed(messages.recipient_of(user), "app")
