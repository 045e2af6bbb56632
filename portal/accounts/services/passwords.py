"""Choosing a new password: by a single-use link, which ends all sessions and does not sign in by itself (R6)."""

from portal.accounts import messages, queries, rules
from portal.accounts.models import User, Verification, VerificationKind
from portal.accounts.services.links import GONE, issue, use_up, withdraw
from portal.accounts.services.sign_in import hasher
from portal.accounts.session import end_sessions
from portal.core import audit, tenancy, throttle
from portal.core.actor import Actor
from portal.core.errors import Invalid
from portal.core.throttle import FORM_NETWORK, LINK_ADDRESS
from portal.core.usecase import once, use_case


def ask_reset(actor: Actor, email: str, form_key: str, network: str) -> None:
    """Send a link to choose a new password, if a member of a team has this address. Raises TooMany."""
    throttle.hit(FORM_NETWORK, "reset", network)
    throttle.hit(LINK_ADDRESS, "reset", queries.email_hash(email))
    _ask_reset(actor, email, form_key)


@use_case("account.enter", code="account.reset_asked")
def _ask_reset(actor: Actor, email: str, form_key: str) -> None:
    once("accounts.reset", form_key, lambda: _send_reset(email, actor.locale))


def _send_reset(email: str, locale: str) -> None:
    user = queries.by_email(email)
    if user is None:
        return
    if user.disabled_at is not None:
        messages.account_closed(user)
    elif user.password_hash is None:
        # A resident looking for a password that never was: the link to sign in is what they need.
        data = {"email": email, "next": None, "locale": locale}
        messages.sign_in_link(
            messages.recipient_of(user), issue(VerificationKind.LINK, data, rules.LINK_LIFE, user_id=user.id)
        )
    else:
        secret = issue(VerificationKind.RESET, {"email": email}, rules.RESET_LIFE, user_id=user.id)
        messages.reset_link(user, secret)


def reset(actor: Actor, secret: str, password: str) -> None:
    """Set the new password. Raises Invalid for a used link and for a password easy to guess."""
    link = queries.opened(secret, VerificationKind.RESET)
    if link is None or link.user_id is None:
        raise Invalid(GONE)
    check_password(password, queries.account(link.user_id))
    _reset(actor, secret, hasher().hash(password))


@use_case("account.enter", code="account.password_changed")
def _reset(_actor: Actor, secret: str, password_hash: str) -> None:
    link = use_up(secret, VerificationKind.RESET)
    user = queries.account(link.user_id or 0)
    user.password_hash = password_hash
    withdraw(Verification.user_id == user.id, Verification.kind == VerificationKind.RESET)
    end_sessions(user.id)
    audit.note(f"user:{user.id}")
    messages.account_changed(messages.recipient_of(user), "password")


def check_password(password: str, user: User | None = None, *, email: str = "", name: str = "") -> None:
    """Refuse a password that is short or easy to guess. Raises Invalid at the field `password`."""
    towns = [word for town in tenancy.towns().values() for word in (town.slug, *town.names.values())]
    own = [user.email or "", user.name or ""] if user else [email, name]
    problem = rules.password_problem(password, (*towns, *own))
    if problem is not None:
        raise Invalid(problem, {"password": problem})
