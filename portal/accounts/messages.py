"""What people are told about their accounts. Links are built on the configured base address only, never on
the Host header of a request (a poisoned one would carry the secret away, T12 in docs/security.md).
"""

from datetime import datetime

from flask import current_app

from portal.accounts.models import User
from portal.accounts.rules import INVITATION_LIFE, LINK_LIFE, RESET_LIFE
from portal.core.config import Settings
from portal.core.i18n import lazy_gettext as _l
from portal.core.registry import NoticeKind
from portal.notify import outbox
from portal.notify.outbox import Recipient

NOTICES: tuple[NoticeKind, ...] = (
    NoticeKind("account.link", _l("Your link to sign in"), "accounts/mail/link.txt", _l("Link to sign in")),
    NoticeKind(
        "account.staff",
        _l("Sign in with your password"),
        "accounts/mail/staff.txt",
        _l("Staff asked for a link"),
    ),
    NoticeKind(
        "account.closed", _l("Your account is closed"), "accounts/mail/closed.txt", _l("Closed account")
    ),
    NoticeKind("account.reset", _l("Choose a new password"), "accounts/mail/reset.txt", _l("New password")),
    NoticeKind(
        "account.invitation",
        _l("You are invited to the team"),
        "accounts/mail/invitation.txt",
        _l("Invitation"),
    ),
    NoticeKind("account.email", _l("Confirm your new address"), "accounts/mail/email.txt", _l("New address")),
    NoticeKind(
        "account.changed",
        _l("Your account was changed"),
        "accounts/mail/changed.txt",
        _l("Change of an account"),
    ),
    NoticeKind(
        "account.unused",
        _l("Your account will be erased"),
        "accounts/mail/unused.txt",
        _l("Warning before an unused account is erased"),
    ),
)


def address(path: str, locale: str) -> str:
    """The absolute address of one of our pages in a language; `path` without the language."""
    settings: Settings = current_app.extensions["portal.settings"]
    return f"{settings.base_url}/{locale}{path}"


def recipient_of(user: User) -> Recipient:
    """Somebody with an account, reached in the language and by the contact of the account."""
    return Recipient(
        locale=user.language, email=user.email, phone=user.phone, name=user.name, user_id=user.id
    )


def to_address(email: str, locale: str) -> Recipient:
    """An address nobody has confirmed yet; nothing but fixed text goes there (T14)."""
    return Recipient(locale=locale, email=email)


def sign_in_link(to: Recipient, token: str) -> None:
    """The link that signs a resident in."""
    values = {"link": address(f"/sign-in/link/{token}", to.locale), "minutes": LINK_LIFE.seconds // 60}
    outbox.send("account.link", to, values, secret=("link",))


def staff_has_password(user: User) -> None:
    """Somebody asked for a link to an account that needs password and code."""
    link, reset = address("/sign-in/staff", user.language), address("/password", user.language)
    outbox.send("account.staff", recipient_of(user), {"link": link, "reset": reset})


def account_closed(user: User) -> None:
    """Somebody tried to enter an account that an administrator closed."""
    outbox.send("account.closed", recipient_of(user), {"link": address("/contact", user.language)})


def reset_link(user: User, token: str) -> None:
    """The link to choose a new password."""
    values = {"link": address(f"/password/{token}", user.language), "minutes": RESET_LIFE.seconds // 60}
    outbox.send("account.reset", recipient_of(user), values, secret=("link",))


def invitation(to: Recipient, token: str) -> None:
    """The link to join a team, or to set up the sign-in anew."""
    hours = int(INVITATION_LIFE.total_seconds()) // 3600
    values = {"link": address(f"/invitation/{token}", to.locale), "hours": hours}
    outbox.send("account.invitation", to, values, secret=("link",))


def confirm_address(to: Recipient, token: str) -> None:
    """The link that confirms a new address, sent to it."""
    values = {"link": address(f"/account/email/{token}", to.locale), "minutes": LINK_LIFE.seconds // 60}
    outbox.send("account.email", to, values, secret=("link",))


def account_changed(to: Recipient, what: str) -> None:
    """Tell the owner of an account of a change that matters; `what`: password, address, factor, roles, closed."""
    outbox.send("account.changed", to, {"what": what, "link": address("/contact", to.locale)})


def unused(user: User, end: datetime, days: int) -> None:
    """Warn the owner of an account nobody uses, `days` before its end; a second run writes no second message."""
    began = user.warned_at or end
    values = {"link": address("/sign-in", user.language), "end": end.date()}
    dedupe = f"account.unused:{user.id}:{began.date().isoformat()}:{days}"
    outbox.send("account.unused", recipient_of(user), values, dedupe=dedupe)
