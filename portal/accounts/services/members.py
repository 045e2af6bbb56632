"""The team of a municipality, as its administrator keeps it: roles, the head, leaving, closed accounts.

Nobody touches their own roles (policy.not_oneself), so there is always an administrator left.
"""

from collections.abc import Iterable

from sqlalchemy import delete, select, update

from portal.accounts import messages, queries
from portal.accounts.models import Membership, User, Verification, VerificationKind
from portal.accounts.queries import Member
from portal.accounts.roles import MUNICIPAL, Role, in_order
from portal.accounts.services.links import withdraw
from portal.accounts.session import end_sessions, renew_sessions
from portal.core import audit, clock
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import Invalid
from portal.core.i18n import lazy_gettext as _l
from portal.core.usecase import use_case


@use_case("member.manage", code="member.roles_changed", load=queries.member_here)
def set_roles(actor: Actor, member: Member, roles: Iterable[str], *, is_head: bool) -> None:
    """Give a member exactly these roles from the next request on. `is_head`: heads the office, instead of others.

    Raises Invalid when no role is left (that is `remove`) or a head who does not decide.
    """
    wanted = in_order({Role(role) for role in roles if role in MUNICIPAL})
    if not wanted:
        raise Invalid(fields={"roles": _l("Choose at least one role, or remove the person from the team.")})
    if is_head and Role.DECISION_MAKER not in wanted:
        raise Invalid(fields={"is_head": _l("The head of the office must be a decision-maker.")})
    rows = _rows(member)
    for role, row in rows.items():
        if role not in wanted:
            db.session.delete(row)
    for role in wanted:
        row = rows.get(role) or _new(actor, member, role)
        row.is_head = is_head and role is Role.DECISION_MAKER
    if is_head:
        _only_head(member)
    renew_sessions(member.user_id)
    audit.note(f"user:{member.user_id}", roles=list(wanted), head=is_head)
    messages.account_changed(messages.recipient_of(_user(member)), "roles")


def _rows(member: Member) -> dict[Role, Membership]:
    rows = db.session.scalars(
        select(Membership)
        .where(Membership.user_id == member.user_id, Membership.municipality_id == member.municipality_id)
        .with_for_update()
    )
    return {row.role: row for row in rows}


def _new(actor: Actor, member: Member, role: Role) -> Membership:
    row = Membership(
        user_id=member.user_id,
        municipality_id=member.municipality_id,
        role=role,
        since=clock.now(),
        given_by_id=actor.user_id,
    )
    db.session.add(row)
    return row


def _only_head(member: Member) -> None:
    db.session.execute(
        update(Membership)
        .where(Membership.municipality_id == member.municipality_id, Membership.user_id != member.user_id)
        .values(is_head=False)
    )


def _user(member: Member) -> User:
    """The member's account, closed or not."""
    return db.session.scalars(select(User).where(User.id == member.user_id)).one()


@use_case("member.manage", code="member.removed", load=queries.member_here)
def remove(_actor: Actor, member: Member) -> None:
    """End every role here and every session at once (T20). The account stays the person's own."""
    db.session.execute(
        delete(Membership).where(
            Membership.user_id == member.user_id, Membership.municipality_id == member.municipality_id
        )
    )
    _cut_off(member)
    messages.account_changed(messages.recipient_of(_user(member)), "roles")


@use_case("member.manage", code="member.closed", load=queries.member_here)
def close(_actor: Actor, member: Member) -> None:
    """Close an account for good or for a while. Raises Invalid when the person also works elsewhere."""
    if member.elsewhere:
        raise Invalid(
            _l("This person also works for another municipality. Remove them from your team instead."),
        )
    user = _user(member)
    messages.account_changed(messages.recipient_of(user), "closed")
    user.disabled_at = clock.now()
    withdraw(Verification.user_id == user.id)
    _cut_off(member)


@use_case("member.manage", code="member.reopened", load=queries.member_here)
def reopen(_actor: Actor, member: Member) -> None:
    """Open a closed account again, with the roles it had."""
    _user(member).disabled_at = None
    audit.note(f"user:{member.user_id}")


def _cut_off(member: Member) -> None:
    """End the sessions, and the invitations this person sent: nobody new comes in through them."""
    end_sessions(member.user_id)
    withdraw(
        Verification.by_user_id == member.user_id,
        Verification.municipality_id == member.municipality_id,
        Verification.kind == VerificationKind.INVITATION,
    )
    audit.note(f"user:{member.user_id}", roles_before=list(member.roles))
