"""Who may do what with accounts and members, asked of the real table."""

from dataclasses import dataclass, replace

import pytest

from portal.accounts.policy import PERMISSIONS
from portal.accounts.roles import Role
from portal.core.actor import PORTAL, Actor
from portal.core.policy import Help, can

pytestmark = pytest.mark.usefixtures("portal")
HOME, ABROAD = 1, 2


@dataclass
class Account:
    """An account, as the table sees one."""

    id: int


@dataclass
class Access:
    """An access of a portal operator to a municipality."""

    user_id: int
    municipality_id: int = HOME


@dataclass
class Member:
    """Somebody's membership."""

    user_id: int
    municipality_id: int = HOME


def somebody(role: str = "", *, place: int = HOME, fresh: bool = True) -> Actor:
    return Actor(
        user_id=7, municipality_id=HOME, roles={place: frozenset({role})} if role else {}, fresh=fresh
    )


def test_an_account_belongs_to_one_person() -> None:
    for key in ("account.own", "account.secure"):
        assert can(somebody(), key, Account(7))
        assert not can(somebody(), key, Account(8))
        assert not can(somebody("admin"), key, Account(8)), "not even to an administrator"


def test_weighty_acts_ask_for_a_fresh_sign_in() -> None:
    stale = somebody(fresh=False)
    assert can(stale, "account.own", Account(7))
    assert can(stale, "account.secure", Account(7)).would_help is Help.SIGN_IN_AGAIN
    assert can(somebody("admin", fresh=False), "member.manage", Member(8)).would_help is Help.SIGN_IN_AGAIN


def test_a_visitor_is_helped_by_signing_in() -> None:
    assert can(Actor(), "account.enter")
    assert can(Actor(), "account.own").would_help is Help.SIGN_IN


def test_nobody_gives_or_takes_their_own_role() -> None:
    """Source: roles table (product section 6)."""
    assert can(somebody("admin"), "member.manage", Member(8))
    assert not can(somebody("admin"), "member.manage", Member(7))


def test_members_are_the_business_of_the_administrator_here_alone() -> None:
    for role in Role:
        allowed = role is Role.ADMIN
        assert bool(can(somebody(role), "member.read")) is allowed, role
        assert bool(can(somebody(role), "member.manage", Member(8))) is allowed, role
    assert not can(somebody("admin", place=ABROAD), "member.read")


def test_the_installation_is_the_business_of_its_operator_alone() -> None:
    for role in Role:
        operates = role is Role.PORTAL_OPERATOR
        assert bool(can(somebody(role, place=PORTAL if operates else HOME), "portal.operate")) is operates, (
            role
        )


def test_access_is_asked_for_by_the_operator_and_watched_by_administrator_and_officer() -> None:
    for role in Role:
        here = PORTAL if role is Role.PORTAL_OPERATOR else HOME
        someone, watches = somebody(role, place=here), role in (Role.ADMIN, Role.DPO)
        assert bool(can(someone, "access.begin")) is (role is Role.PORTAL_OPERATOR), role
        assert bool(can(someone, "access.read")) is watches, role
        assert bool(can(someone, "access.end", Access(8))) is watches, role
    operator = somebody("portal_operator", place=PORTAL)
    assert can(operator, "access.end", Access(7)), "their own"
    assert can(replace(operator, fresh=False), "access.begin").would_help is Help.SIGN_IN_AGAIN
    assert not can(somebody("admin", place=ABROAD), "access.read")


def test_a_lent_role_neither_gives_roles_nor_watches_itself() -> None:
    lent = replace(somebody("portal_operator", place=PORTAL), lent={HOME: "admin"})
    assert can(lent, "member.read")
    assert not can(lent, "member.manage", Member(8))
    assert not can(lent, "access.read")
    assert not can(lent, "access.end", Access(8))


def test_every_row_is_asked_here() -> None:
    asked = {
        "access.begin",
        "access.end",
        "access.read",
        "account.enter",
        "account.forget",
        "account.own",
        "account.secure",
        "member.read",
        "member.manage",
        "portal.operate",
    }
    assert {permission.key for permission in PERMISSIONS} == asked
