"""Joining a team: an invitation by e-mail, accepted with a password and an authenticator app.

Roles begin when the invitation is accepted, not before. Whoever has a second factor already accepts by
signing in with it; an invitation never replaces one, unless an administrator sends a new set-up on purpose.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from sqlalchemy import delete, select

from portal.accounts import messages, queries, rules
from portal.accounts.models import Membership, Passkey, User, Verification, VerificationKind
from portal.accounts.queries import Member, Opened
from portal.accounts.roles import MUNICIPAL, Role, in_order
from portal.accounts.services.links import GONE, issue, use_up, withdraw
from portal.accounts.services.passwords import check_password
from portal.accounts.services.recovery import write_codes
from portal.accounts.services.sign_in import CODE_STEPS, WRONG_CODE, hasher, new_user
from portal.accounts.session import end_sessions, renew_sessions
from portal.core import audit, clock, tenancy, throttle
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import Conflict, Invalid
from portal.core.i18n import Text
from portal.core.i18n import lazy_gettext as _l
from portal.core.usecase import once, use_case

INVITATION = VerificationKind.INVITATION


@use_case("member.manage", code="member.invited")
def invite(actor: Actor, email: str, roles: Iterable[str], language: str, form_key: str) -> None:
    """Invite a canonical address into the municipality in scope. Raises Invalid with what to do instead."""
    wanted = in_order({Role(role) for role in roles if role in MUNICIPAL})
    if not wanted:
        raise Invalid(fields={"roles": _l("Choose at least one role.")})
    _not_a_member(actor, email)
    once("accounts.invite", form_key, lambda: _send_invitation(actor, email, wanted, language))


def _not_a_member(actor: Actor, email: str) -> None:
    user = queries.by_email(email)
    if user is None:
        return
    if user.id == actor.user_id:
        raise Invalid(
            fields={"email": _l("Nobody can give a role to themselves: ask another administrator.")}
        )
    if any(member.user_id == user.id for member in queries.members(tenancy.current_id() or 0)):
        raise Invalid(
            fields={"email": _l("This person belongs to the team already. Change the roles on their page.")}
        )


def _send_invitation(actor: Actor, email: str, roles: tuple[Role, ...], language: str) -> None:
    secret = issue_invitation(actor, email, roles, language)
    user = queries.by_email(email)
    messages.invitation(messages.recipient_of(user) if user else messages.to_address(email, language), secret)


def issue_invitation(actor: Actor, email: str, roles: tuple[Role, ...], language: str) -> str:
    """Write an invitation, in the transaction at hand; an earlier one to the same address becomes void."""
    place = tenancy.current_id()
    if place is not None:
        earlier = [i.id for i in queries.invited(place) if i.email == email]
        withdraw(Verification.id.in_(earlier))
    data = {"email": email, "roles": list(roles), "language": language, "factor": rules.new_factor()}
    audit.note(roles=list(roles))
    return issue(INVITATION, data, rules.INVITATION_LIFE, municipality_id=place, by_user_id=actor.user_id)


@use_case("member.manage", code="member.setup_sent", load=queries.member_here)
def send_setup(actor: Actor, member: Member) -> None:
    """Let a member set up password and second factor anew: the phone is lost. The old ones hold until then."""
    user = queries.account(member.user_id)
    data: dict[str, Any] = {"email": user.email, "roles": [], "language": user.language, "again": True}
    data["factor"] = rules.new_factor()
    secret = issue(
        INVITATION,
        data,
        rules.INVITATION_LIFE,
        user_id=user.id,
        municipality_id=member.municipality_id,
        by_user_id=actor.user_id,
    )
    audit.note(f"user:{user.id}")
    messages.setup(messages.recipient_of(user), secret)


@use_case("member.manage", code="member.invitation_withdrawn")
def withdraw_invitation(_actor: Actor, invitation_id: int) -> None:
    """Make an invitation to the municipality in scope void."""
    withdraw(
        Verification.id == invitation_id,
        Verification.municipality_id == tenancy.current_id(),
        Verification.kind == INVITATION,
    )
    audit.note(f"invitation:{invitation_id}")


@use_case("portal.operate", code="member.invited")
def invite_by_command(actor: Actor, email: str, roles: tuple[Role, ...], language: str) -> str:
    """An invitation whose secret is shown on the command line: the first administrator, portal operators (R7)."""
    return issue_invitation(actor, email, roles, language)


@use_case("portal.operate", code="member.invited")
def invite_first_admin(
    actor: Actor, email: str, language: str, others: Iterable[str] = ()
) -> tuple[str, int]:
    """The secret for the first administrator of the municipality in scope, and how many earlier ones it replaced.

    `others`: roles held beside it, since nobody gives a role to themselves later. A link that was lost, or went to a mistyped address, must not open the door as well. Raises Conflict once an
    administrator can sign in.
    """
    place = tenancy.current_id() or 0
    if queries.colleagues(place, Role.ADMIN):
        raise Conflict(_l("This municipality has an administrator already."))
    earlier = [waiting.id for waiting in queries.invited(place) if Role.ADMIN in waiting.roles]
    withdraw(Verification.id.in_(earlier))
    audit.note(withdrawn=len(earlier))
    roles = in_order({Role.ADMIN, *(Role(role) for role in others if role in MUNICIPAL)})
    return issue_invitation(actor, email, roles, language), len(earlier)


@use_case("portal.operate", code="member.invited")
def send_first_admin(
    actor: Actor, email: str, language: str, form_key: str, others: Iterable[str] = ()
) -> None:
    """Send the first administrator of the municipality in scope an invitation. Raises Conflict as above."""

    def send() -> None:
        secret, _ = invite_first_admin(actor, email, language, others)
        messages.invitation(messages.to_address(email, language), secret)

    once("accounts.first_admin", form_key, send)


def invitee(link: Opened) -> User | None:
    """The account an invitation is for, if there is one."""
    return queries.account(link.user_id) if link.user_id else queries.by_email(link.data["email"])


def keeps_factor(link: Opened) -> bool:
    """Whether the invitation is accepted by signing in, because the account has a second factor."""
    user = invitee(link)
    return user is not None and user.password_hash is not None and not link.data.get("again")


def accept(actor: Actor, secret: str, name: str, password: str, code: str, form_key: str) -> int:
    """Join with a new password and authenticator app: the account. Its recovery codes follow from `form_key`.

    Raises Invalid, TooMany.
    """
    link = queries.opened(secret, INVITATION)
    if link is None or keeps_factor(link):
        raise Invalid(GONE)
    for limit in CODE_STEPS:
        throttle.hit(limit, link.id)
    problems: dict[str, Text] = {}
    try:
        check_password(password, email=link.data["email"], name=name)
    except Invalid as weak:
        problems |= weak.fields
    step = rules.matching_step(link.data["factor"], code, clock.now())
    if step is None:
        problems["code"] = WRONG_CODE
    if problems:
        raise Invalid(fields=problems)
    with _place(link):
        return _join(actor, secret, name, hasher().hash(password), step or 0, form_key)


@use_case("account.enter", code="member.joined")
def _join(_actor: Actor, secret: str, name: str, password_hash: str, step: int, form_key: str) -> int:
    link = use_up(secret, INVITATION)
    user = invitee(link)
    if user is None:
        user = new_user(link.data["email"], link.data["language"], name)
        db.session.add(user)
        db.session.flush()  # The roles below point to it.
    elif user.disabled_at is not None:
        raise Invalid(GONE)
    user.name = name
    user.password_hash, user.totp, user.totp_step = password_hash, link.data["factor"], step
    user.last_sign_in_at = clock.now()
    write_codes(user.id, form_key)
    # Whoever came in by a link before has to come in again, now with the second factor.
    end_sessions(user.id)
    _give(user, link)
    if link.data.get("again"):
        # The lost phone may hold a passkey, too.
        db.session.execute(delete(Passkey).where(Passkey.user_id == user.id))
        messages.account_changed(messages.recipient_of(user), "factor")
    return user.id


def accept_as_member(actor: Actor, secret: str) -> None:
    """Join with the account one is signed in to, which has its second factor. Raises Invalid."""
    link = queries.opened(secret, INVITATION)
    if link is None:
        raise Invalid(GONE)
    with _place(link):
        _join_as_member(actor, secret)


@use_case("account.own", code="member.joined")
def _join_as_member(actor: Actor, secret: str) -> None:
    link = use_up(secret, INVITATION)
    user = invitee(link)
    if user is None or user.id != actor.user_id or not keeps_factor(link):
        raise Invalid(_l("Sign in with the account this invitation was sent to."))
    _give(user, link)
    renew_sessions(user.id)


def _give(user: User, link: Opened) -> None:
    """Add the roles of an invitation that are not held yet."""
    held = set(
        db.session.scalars(
            select(Membership.role).where(
                Membership.user_id == user.id, Membership.municipality_id == link.municipality_id
            )
        )
    )
    wanted = in_order({Role(role) for role in link.data["roles"]} - held)
    for role in wanted:
        db.session.add(
            Membership(
                user_id=user.id,
                municipality_id=link.municipality_id,
                role=role,
                since=clock.now(),
                given_by_id=link.by_user_id,
            )
        )
    audit.note(f"user:{user.id}", roles=list(wanted))


def _place(link: Opened) -> AbstractContextManager[None]:
    """The scope whose audit log tells of it: the municipality's, or the installation's."""
    return tenancy.within(link.municipality_id) if link.municipality_id else nullcontext()
