"""Six digits by SMS: a resident signs in with them, or proves that a number is theirs.

The code counts for ten minutes, five tries and the one browser that asked: the request has a secret of its
own in that browser's session, and the code is hashed together with it. Whatever number is typed, the answer
and the work are the same; an SMS goes only to a number that an account has confirmed. Members of a team never
get one: an SMS is no second factor. Source: R5, R55 (docs/security.md; ASVS 5.0.0 6.5.4, 6.5.5, 6.6.2, 6.6.3).
"""

import secrets

from sqlalchemy import select, update

from portal.accounts import messages, queries, rules
from portal.accounts.models import PhoneCode, User
from portal.core import audit, clock, throttle
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import Invalid
from portal.core.i18n import lazy_gettext as _l
from portal.core.sealed import ring
from portal.core.throttle import Limit
from portal.core.tokens import digest
from portal.core.usecase import use_case
from portal.notify.outbox import takes_sms

PHONE_MINUTE = Limit("phone-minute", 1, 60)
PHONE_DAY = Limit("phone-day", 5, 86_400)
PHONE_NETWORK = Limit("phone-network", 20, 3600)

WRONG = _l("This code is not right. Look at the newest SMS and type its six digits.")
OVER = _l("This code is over: it counts for ten minutes and five tries. Ask for a new one.")


def ask(actor: Actor, phone: str, form_key: str, network: str) -> str:
    """Send a code to a canonical number, if a resident's account has confirmed it; gives the request's secret.

    A repeated post gets the same request. Raises TooMany.
    """
    return _ask(actor, phone, form_key, network, user_id=None)


def ask_own(actor: Actor, user_id: int, form_key: str, network: str) -> str:
    """Send a code to the number in one's own account, to confirm it. Raises Invalid, TooMany."""
    phone = queries.account(user_id).phone
    if phone is None or not takes_sms(phone):
        raise Invalid(_l("Only a Polish or Czech mobile number gets an SMS. Change the number first."))
    return _ask(actor, phone, form_key, network, user_id=user_id)


def _ask(actor: Actor, phone: str, form_key: str, network: str, *, user_id: int | None) -> str:
    secret = ring.lookup("phone-request", f"{form_key}\x00{phone}\x00{user_id}")
    if _open(secret) is not None:
        return secret
    throttle.hit(PHONE_NETWORK, network)
    throttle.hit(PHONE_MINUTE, phone)
    throttle.hit(PHONE_DAY, phone)
    _send(actor, secret, phone, user_id)
    return secret


@use_case("account.enter", code="account.phone_code_asked")
def _send(actor: Actor, secret: str, phone: str, user_id: int | None) -> None:
    code = f"{secrets.randbelow(10**rules.PHONE_DIGITS):0{rules.PHONE_DIGITS}d}"
    user = queries.account(user_id) if user_id is not None else queries.by_phone(phone)
    if user is not None and user_id is None and (queries.is_staff(user.id) or not takes_sms(phone)):
        user = None
    now = clock.now()
    db.session.add(
        PhoneCode(
            digest=digest(secret),
            code_hash=_hash(secret, code),
            phone_hash=queries.phone_hash(phone),
            user_id=user.id if user else None,
            confirms=user_id is not None,
            tries=0,
            created_at=now,
            expires_at=now + rules.PHONE_LIFE,
        )
    )
    if user is not None:
        messages.phone_code(user, phone, code)


def _hash(secret: str, code: str) -> str:
    return ring.lookup("phone-code", f"{secret}\x00{code}")


def _open(secret: str) -> PhoneCode | None:
    return db.session.scalar(
        select(PhoneCode).where(
            PhoneCode.digest == digest(secret),
            PhoneCode.used_at.is_(None),
            PhoneCode.expires_at > clock.now(),
            PhoneCode.tries < rules.PHONE_TRIES,
        )
    )


def prove(actor: Actor, secret: str, typed: str, *, confirms: bool = False) -> int:
    """The account whose phone got this code, for the request of this secret. Raises Invalid."""
    found = _try(actor, secret, rules.canonical_code(typed), confirms)
    if found is None:
        refusal = WRONG if _open(secret) is not None else OVER
        raise Invalid(refusal, {"code": refusal})
    return found


@use_case("account.enter", code="account.phone_code_tried")
def _try(_actor: Actor, secret: str, code: str, confirms: bool) -> int | None:
    """Count the try, whatever it comes to, and use the code up when it is right."""
    row = _open(secret)
    if row is None or row.confirms != confirms:
        return None
    counted = (
        update(PhoneCode)
        .where(PhoneCode.id == row.id, PhoneCode.tries == row.tries, PhoneCode.used_at.is_(None))
        .values(tries=PhoneCode.tries + 1)
    )
    # The conditional update decides between two tries at the same instant: the later one is lost.
    if db.session.execute(counted).rowcount != 1:  # type: ignore[attr-defined]
        return None
    if row.user_id is None or row.code_hash != _hash(secret, code):
        audit.note(outcome="wrong")
        return None
    row.used_at = clock.now()
    return _use(row)


def _use(row: PhoneCode) -> int | None:
    user = db.session.scalar(select(User).where(User.id == row.user_id, User.disabled_at.is_(None)))
    if user is None or user.phone_hash != row.phone_hash:
        return None  # Closed meanwhile, or another number.
    if row.confirms:
        # A number belongs to whoever holds it now, also where somebody had it before.
        former = update(User).where(User.phone_hash == row.phone_hash, User.id != user.id)
        db.session.execute(former.values(phone_confirmed_at=None))
        user.phone_confirmed_at = clock.now()
        messages.account_changed(messages.recipient_of(user), "phone")
    elif user.phone_confirmed_at is None or queries.is_staff(user.id):
        return None
    else:
        user.last_sign_in_at = clock.now()
    audit.note(f"user:{user.id}", by="phone code")
    return user.id
