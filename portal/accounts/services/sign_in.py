"""Coming in: a link for residents, password and code for staff; slow for those who guess, the same for all.

What is typed is counted before it is looked at, known address or not, and the password of an unknown
account is checked against a hash of nothing, so neither text nor time tells who has an account (R4, R5).
Nothing here holds a writing transaction while a password is hashed.
"""

from dataclasses import replace
from functools import lru_cache

import structlog
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import current_app
from sqlalchemy import or_, update

from portal.accounts import messages, queries, rules
from portal.accounts.models import User, VerificationKind
from portal.accounts.services.links import issue, use_up
from portal.core import audit, clock, throttle
from portal.core.actor import Actor
from portal.core.config import Mode, Settings
from portal.core.db import db
from portal.core.errors import Invalid
from portal.core.i18n import lazy_gettext as _l
from portal.core.sealed import new_row_id
from portal.core.throttle import FORM_NETWORK, LINK_ADDRESS, SIGN_IN_NETWORK, Limit
from portal.core.tokens import new_secret, pseudonym
from portal.core.usecase import once, use_case

log = structlog.get_logger(__name__)

# The delay grows with each step. The first three count one source (a network, or a browser that signed in
# before), the last all unknown sources together; so a stranger never locks out the owner's own browser (R4).
STEPS = (
    Limit("sign-in-1", 5, 60),
    Limit("sign-in-2", 10, 900),
    Limit("sign-in-3", 20, 4 * 3600),
)
STRANGERS = Limit("sign-in-strangers", 60, 3600)
CODE_STEPS = (Limit("code-1", 5, 60), Limit("code-2", 15, 3600))

NO_MATCH = _l("The address and the password do not belong together. Check both, or choose a new password.")
WRONG_CODE = _l("This code is not right or was used already. Wait for the next one in your app and type it.")


def hasher() -> PasswordHasher:
    """Argon2id with the library's present parameters (0.14 s); next to nothing in tests."""
    settings: Settings = current_app.extensions["portal.settings"]
    return _hasher(cheap=settings.mode is Mode.TEST)


@lru_cache(maxsize=2)
def _hasher(*, cheap: bool) -> PasswordHasher:
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1) if cheap else PasswordHasher()


@lru_cache(maxsize=2)
def _hash_of_nothing(*, cheap: bool) -> str:
    return _hasher(cheap=cheap).hash(new_secret())


# Residents: a link by e-mail ---------------------------------------------------------------------------------


def ask_link(actor: Actor, email: str, next_path: str | None, form_key: str, network: str) -> None:
    """Send a link to a canonical address, whether it has an account or not. Raises TooMany."""
    throttle.hit(FORM_NETWORK, "sign-in-link", network)
    throttle.hit(LINK_ADDRESS, queries.email_hash(email))
    _ask_link(actor, email, next_path, form_key)


@use_case("account.enter", code="account.link_asked")
def _ask_link(actor: Actor, email: str, next_path: str | None, form_key: str) -> None:
    once("accounts.link", form_key, lambda: _send_link(email, next_path, actor.locale))


def _send_link(email: str, next_path: str | None, locale: str) -> None:
    user = queries.by_email(email)
    if user is not None and user.disabled_at is not None:
        messages.account_closed(user)
    elif user is not None and queries.is_staff(user.id):
        messages.staff_has_password(user)
    else:
        data = {"email": email, "next": next_path, "locale": locale}
        secret = issue(VerificationKind.LINK, data, rules.LINK_LIFE, user_id=user.id if user else None)
        to = messages.recipient_of(user) if user else messages.to_address(email, locale)
        messages.sign_in_link(to, secret)


@use_case("account.enter", code="account.signed_in")
def use_link(_actor: Actor, secret: str, name: str | None) -> tuple[int, str | None]:
    """Use up a link: the account (made at its first use) and the path to go on to. Raises Invalid."""
    link = use_up(secret, VerificationKind.LINK)
    user = queries.by_email(link.data["email"])
    if user is None:
        user = new_user(link.data["email"], link.data["locale"], name)
        db.session.add(user)
    elif user.disabled_at is not None or queries.is_staff(user.id):
        # Between asking and using, an administrator closed the account or gave it a role.
        raise Invalid(_l("This account cannot be opened by a link. Sign in with your password."))
    user.last_sign_in_at = clock.now()
    audit.note(f"user:{user.id}", by="link")
    return user.id, rules.own_path(link.data["next"])


def new_user(email: str, language: str, name: str | None) -> User:
    """A fresh account for a canonical address nobody has yet."""
    user = User(id=new_row_id(), language=language, created_at=clock.now(), session_version=1)
    user.email, user.email_hash = email, queries.email_hash(email)
    user.name = name or None
    return user


# Staff: password, then code ----------------------------------------------------------------------------------


def prove_password(email: str | None, password: str, source: str, *, known: bool) -> int:
    """The account whose password this is. Raises Invalid for anything else, TooMany when guessing.

    `source` names the network, or with `known` the browser on which this account signed in before.
    """
    account_hash = queries.email_hash(email or "")
    throttle.hit(SIGN_IN_NETWORK, source)
    for limit in STEPS:
        throttle.hit(limit, account_hash, source)
    if not known:
        throttle.hit(STRANGERS, account_hash)
    user = queries.by_email(email) if email else None
    right = _is_password(user, password)
    if user is None or not right or user.disabled_at is not None:
        log.info("sign-in refused", step="password", account=pseudonym("log", account_hash)[:12])
        raise Invalid(NO_MATCH)
    if hasher().check_needs_rehash(user.password_hash or ""):
        _renew_hash(Actor(user_id=user.id), user.id, hasher().hash(password))
    return user.id


def _is_password(user: User | None, password: str) -> bool:
    settings: Settings = current_app.extensions["portal.settings"]
    stored = user.password_hash if user else None
    try:
        # A hash of nothing takes the same time.
        hasher().verify(stored or _hash_of_nothing(cheap=settings.mode is Mode.TEST), password)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


@use_case("account.enter", code="account.password_rehashed")
def _renew_hash(_actor: Actor, user_id: int, password_hash: str) -> None:
    """Store the same password under the present parameters (R2)."""
    queries.account(user_id).password_hash = password_hash


def prove_code(actor: Actor, user_id: int, code: str, source: str) -> str:
    """Take the second factor of somebody whose password was right; gives their address. Raises Invalid, TooMany."""
    for limit in CODE_STEPS:
        throttle.hit(limit, user_id)
    try:
        email = _prove_code(replace(actor, user_id=user_id), user_id, code)
    except Invalid:
        log.info("sign-in refused", step="code", account=pseudonym("log", user_id)[:12])
        raise
    forgive_attempts(email, user_id, source)
    return email


def forgive_attempts(email: str, user_id: int, source: str) -> None:
    """Forget the attempts of somebody who has proved who they are."""
    account_hash = queries.email_hash(email)
    for limit in STEPS:
        throttle.forgive(limit, account_hash, source)
    for limit in CODE_STEPS:
        throttle.forgive(limit, user_id)


@use_case("account.enter", code="account.signed_in")
def _prove_code(_actor: Actor, user_id: int, code: str) -> str:
    user = queries.account(user_id)
    take_code(user, code)
    user.last_sign_in_at = clock.now()
    audit.note(f"user:{user.id}", by="password and code")
    return user.email or ""


def take_code(user: User, code: str) -> None:
    """Use up a code, in the transaction at hand: each works once (R3). Raises Invalid at the field `code`."""
    step = rules.matching_step(user.totp or "", code, clock.now()) if user.totp else None
    if step is None:
        raise Invalid(WRONG_CODE, {"code": WRONG_CODE})
    statement = (
        update(User)
        .where(User.id == user.id, or_(User.totp_step.is_(None), User.totp_step < step))
        .values(totp_step=step)
    )
    if db.session.execute(statement).rowcount != 1:  # type: ignore[attr-defined]
        raise Invalid(WRONG_CODE, {"code": WRONG_CODE})


def prove_again(actor: Actor, user_id: int, password: str, code: str, source: str) -> None:
    """Password and code once more before something weighty (R12). Raises Invalid, TooMany."""
    email = queries.account(user_id).email
    try:
        prove_password(email, password, source, known=True)
    except Invalid:
        wrong = _l("This is not your password.")
        raise Invalid(wrong, {"password": wrong}) from None
    prove_code(actor, user_id, code, source)
