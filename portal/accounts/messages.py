"""What people are told about their accounts. Links are built on the configured base address only, never on
the Host header of a request (a poisoned one would carry the secret away, T12 in docs/security.md).
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime

from flask import current_app

from portal.accounts import queries
from portal.accounts.models import User
from portal.accounts.roles import TEXTS, Role
from portal.accounts.rules import INVITATION_LIFE, LINK_LIFE, PHONE_LIFE, RESET_LIFE
from portal.core import tenancy
from portal.core.config import Settings
from portal.core.i18n import lazy_gettext as _l
from portal.core.registry import NoticeKind
from portal.notify import outbox
from portal.notify.outbox import Recipient
from portal.notify.values import Value

_KINDS: tuple[NoticeKind, ...] = (
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
    NoticeKind(
        "account.setup",
        _l("Set up your sign-in anew"),
        "accounts/mail/setup.txt",
        _l("New set-up of a sign-in"),
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
    NoticeKind(
        "account.recovery",
        _l("A recovery code of your account was used"),
        "accounts/mail/recovery.txt",
        _l("Recovery code used"),
    ),
    NoticeKind(
        "account.phone_code",
        _l("Your code to sign in"),
        "accounts/mail/phone_code.txt",
        _l("Code by SMS"),
    ),
    NoticeKind(
        "account.access",
        _l("The portal operator has access to your municipality"),
        "accounts/mail/access.txt",
        _l("Access of the portal operator"),
    ),
)


_EXAMPLE = {
    "link": "https://portal.example/xxxxxxxxxxxxxxxx",
    "reset": "https://portal.example/password",
    "minutes": 30,
    "hours": 24,
    "what": "password",
    "end": date(2027, 9, 1),
    "left": 9,
    "code": "482 915",
    "name": "Anna Nowak",
    "role": "–",
    "until": datetime(2027, 9, 1, 12, tzinfo=UTC),
}
NOTICES = tuple(replace(kind, example=_EXAMPLE) for kind in _KINDS)


def alarmed(about: tuple[str, int]) -> list[Recipient]:
    """Who hears that something of a municipality needs a look: its administrators and the portal operators."""
    people = queries.caretakers(about[1])
    return [Recipient(locale=p.language, email=p.email, name=p.name, user_id=p.user_id) for p in people]


def address(path: str, locale: str) -> str:
    """The absolute address of one of our pages in a language; `path` without the language."""
    settings: Settings = current_app.extensions["portal.settings"]
    return f"{settings.base_url}/{locale}{path}"


def recipient_of(user: User) -> Recipient:
    """Somebody with an account, reached in the language and by the contact of the account.

    A number that nobody has confirmed may be a stranger's, so it gets no SMS.
    """
    phone = user.phone if user.phone_confirmed_at else None
    return Recipient(locale=user.language, email=user.email, phone=phone, name=user.name, user_id=user.id)


def recipients(user_ids: Iterable[int]) -> list[Recipient]:
    """Open accounts as recipients, in the order given; closed ones are left out."""
    found = {user.id: recipient_of(user) for user in queries.open_accounts(user_ids)}
    return [found[user_id] for user_id in user_ids if user_id in found]


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
    """The link to join a team."""
    outbox.send("account.invitation", to, _joining(to, token), secret=("link",))


def setup(to: Recipient, token: str) -> None:
    """The link for a member who lost the phone; who sent it is no news of an invitation, and must not look like one."""
    outbox.send("account.setup", to, _joining(to, token), secret=("link",))


def _joining(to: Recipient, token: str) -> dict[str, Value]:
    hours = int(INVITATION_LIFE.total_seconds()) // 3600
    return {"link": address(f"/invitation/{token}", to.locale), "hours": hours}


def confirm_address(to: Recipient, token: str) -> None:
    """The link that confirms a new address, sent to it."""
    values = {"link": address(f"/account/email/{token}", to.locale), "minutes": LINK_LIFE.seconds // 60}
    outbox.send("account.email", to, values, secret=("link",))


def account_changed(to: Recipient, what: str) -> None:
    """Tell the owner of an account of a change that matters; `what` as in mail/changed.txt."""
    outbox.send("account.changed", to, {"what": what, "link": address("/contact", to.locale)})


def unused(user: User, end: datetime, days: int) -> None:
    """Warn the owner of an account nobody uses, `days` before its end; a second run writes no second message."""
    began = user.warned_at or end
    values = {"link": address("/sign-in", user.language), "end": end.date()}
    dedupe = f"account.unused:{user.id}:{began.date().isoformat()}:{days}"
    outbox.send("account.unused", recipient_of(user), values, dedupe=dedupe)


def recovery_used(user: User, left: int) -> None:
    """Tell the owner that a recovery code was used, and how many are left."""
    link = address("/account/security", user.language)
    outbox.send("account.recovery", recipient_of(user), {"left": left, "link": link})


def access_begun(municipality_id: int, name: str, role: Role, until: datetime) -> None:
    """Tell administrators and data-protection officers that a portal operator has access, and where to see it."""
    team = queries.colleagues(municipality_id, Role.ADMIN, Role.DPO)
    slug = tenancy.town_by_id(municipality_id).slug
    values: dict[str, Value] = {"name": name, "role": TEXTS[role].title, "until": until}
    for to in recipients([colleague.user_id for colleague in team]):
        outbox.send("account.access", to, {**values, "link": address(f"/{slug}/desk/access", to.locale)})


def phone_code(user: User, phone: str, code: str) -> None:
    """The six digits, by SMS and no other way."""
    to = Recipient(locale=user.language, phone=phone, user_id=user.id)
    minutes = PHONE_LIFE.seconds // 60
    outbox.send("account.phone_code", to, {"code": code, "minutes": minutes}, secret=("code",))
