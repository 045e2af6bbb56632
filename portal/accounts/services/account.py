"""One's own account: name and language, a new address, devices, export and erasure of one's data."""

from typing import Any

from sqlalchemy import delete

from portal.accounts import messages, queries, rules
from portal.accounts.models import LoginSession, User, VerificationKind
from portal.accounts.services.links import issue, use_up
from portal.accounts.session import end_sessions
from portal.core import audit, events, tenancy, throttle
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import Invalid, Missing
from portal.core.i18n import lazy_gettext as _l
from portal.core.registry import registry
from portal.core.throttle import LINK_ADDRESS
from portal.core.usecase import once, use_case


@use_case("account.own", code="account.changed", load=queries.account)
def update_profile(_actor: Actor, user: User, name: str, language: str, phone: str) -> None:
    """Set name, language and phone (as typed). Raises Invalid for a number nobody here could ring."""
    number = rules.canonical_phone(phone, "CZ" if language == "cs" else "PL") if phone else None
    if phone and number is None:
        raise Invalid(fields={"phone": _l("Write a Polish or Czech number, such as +48 600 000 000.")})
    user.name = name or None
    user.language = language
    if user.phone_hash != (queries.phone_hash(number) if number else None):
        user.phone_confirmed_at = None
    user.phone = number
    user.phone_hash = queries.phone_hash(number) if number else None
    audit.note(f"user:{user.id}")


@use_case("account.own", code="account.shortcuts_set", load=queries.account)
def set_shortcuts(_actor: Actor, user: User, *, wanted: bool) -> None:
    """Turn the keys of the desk on or off for somebody."""
    user.shortcuts = wanted
    audit.note(f"user:{user.id}", shortcuts=wanted)


def ask_new_email(actor: Actor, user_id: int, email: str, form_key: str) -> None:
    """Send a link to a new canonical address; until it is opened nothing changes. Raises Invalid, TooMany."""
    throttle.hit(LINK_ADDRESS, queries.email_hash(email))
    _ask_new_email(actor, user_id, email, form_key)


@use_case("account.secure", code="account.email_asked", load=queries.account)
def _ask_new_email(_actor: Actor, user: User, email: str, form_key: str) -> None:
    if email == user.email:
        raise Invalid(fields={"email": _l("This is your present address already.")})
    # Whether the address belongs to another account shows only to whoever can open its mail.
    once("accounts.email", form_key, lambda: _send_confirmation(user, email))
    audit.note(f"user:{user.id}")


def _send_confirmation(user: User, email: str) -> None:
    secret = issue(VerificationKind.EMAIL, {"email": email}, rules.LINK_LIFE, user_id=user.id)
    messages.confirm_address(messages.to_address(email, user.language), secret)


@use_case("account.enter", code="account.email_changed")
def confirm_new_email(_actor: Actor, secret: str, this_session: str | None) -> None:
    """Take over the new address, tell the old one, sign out the other devices. Raises Invalid."""
    link = use_up(secret, VerificationKind.EMAIL)
    user = queries.account(link.user_id or 0)
    email = link.data["email"]
    if queries.by_email(email) is not None:
        raise Invalid(
            _l("This address belongs to another account. Sign in with it, or choose a different one.")
        )
    before = messages.recipient_of(user)
    user.email, user.email_hash = email, queries.email_hash(email)
    end_sessions(user.id, besides=this_session or "none")
    audit.note(f"user:{user.id}")
    messages.account_changed(before, "address")


@use_case("account.own", code="account.session_ended", load=queries.account)
def end_one_session(_actor: Actor, user: User, session_id: int) -> None:
    """Sign one of one's own devices out. Raises Missing for anybody else's."""
    statement = delete(LoginSession).where(LoginSession.id == session_id, LoginSession.user_id == user.id)
    if not db.session.execute(statement).rowcount:  # type: ignore[attr-defined]
        raise Missing
    audit.note(f"user:{user.id}")


@use_case("account.own", code="account.sessions_ended", load=queries.account)
def end_other_sessions(_actor: Actor, user: User, this_session: str | None) -> int:
    """Sign all one's other devices out; how many."""
    audit.note(f"user:{user.id}")
    return end_sessions(user.id, besides=this_session or "none")


@use_case("account.secure", code="account.exported", load=queries.account)
def export(_actor: Actor, user: User) -> dict[str, list[dict[str, Any]]]:
    """Everything the modules keep of a person: title of the part → records. A reading that is logged (R33)."""
    audit.note(f"user:{user.id}")
    with tenancy.unscoped("one's own data lies in every municipality one wrote to"):
        return {
            str(part.title): part.export(user.id) for module in registry.modules for part in module.personal
        }


@use_case("account.secure", code="account.erased", load=queries.account)
def erase(_actor: Actor, user: User) -> None:
    """Erase one's own data in every module at once. Raises Invalid for members of a team."""
    if queries.is_staff(user.id):
        raise Invalid(_l("You are a member of a team. Ask its administrator to remove you first."))
    erase_everywhere(user)


def erase_everywhere(user: User) -> None:
    """Erase what every module keeps of an account, in the transaction at hand."""
    audit.note(f"user:{user.id}")
    # Before it is done: whoever listens has to know of whom this was.
    events.tell("account.erasing", user)
    with tenancy.unscoped("one's own data lies in every municipality one wrote to"):
        for module in registry.modules:
            for part in module.personal:
                part.erase(user.id)
        db.session.flush()  # Inside the wider scope, or the wall between municipalities refuses the rows.
