"""Permissions: one table per module, one question. Pure: no database, no Flask.

`can(actor, "initiative.decide", case)` answers with a Verdict that says why not and what would help.
Without a thing it answers for the door: could this actor do it to anything here at all?
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from portal.core.actor import Actor
from portal.core.errors import NotAllowed
from portal.core.i18n import Text
from portal.core.i18n import lazy_gettext as _l


class Help(StrEnum):
    """What would turn a refusal into a yes."""

    SIGN_IN = "sign-in"
    SIGN_IN_AGAIN = "sign-in-again"
    CONFIRM = "confirm"
    OPEN_CASE = "open-case"


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer; truthy when allowed."""

    allowed: bool
    reason: Text = ""
    would_help: Help | None = None

    def __bool__(self) -> bool:
        return self.allowed


YES = Verdict(allowed=True)
Guard = Callable[[Actor, Any], bool]


@dataclass(frozen=True, slots=True)
class Grant:
    """One role may, if `when` holds for the thing. `fresh` asks for signing in again first (R12).

    Without `lent` the role must be one's own, not lent to a portal operator for a while.
    """

    role: str
    when: Guard | None = None
    fresh: bool = False
    lent: bool = True


DENIED = _l("You do not have the rights for this.")


@dataclass(frozen=True, slots=True)
class Permission:
    """A row of the table: `noun.verb`, what it means, and who holds it."""

    key: str
    title: Text
    grants: tuple[Grant, ...]
    denied: Text = DENIED


_table: dict[str, Permission] = {}


def register(permissions: Iterable[Permission]) -> None:
    """Add a module's rows. A key given twice is an error at start."""
    for permission in permissions:
        if permission.key in _table and _table[permission.key] is not permission:
            raise ValueError(f"Permission {permission.key} is defined twice.")
        _table[permission.key] = permission


def permissions() -> dict[str, Permission]:
    """All rows by key."""
    return dict(_table)


def can(actor: Actor, key: str, thing: Any = None) -> Verdict:
    """May `actor` do `key` (to `thing`)? Raises KeyError for a permission nobody defined."""
    permission = _table[key]
    if actor.is_system:
        return YES
    place = getattr(thing, "municipality_id", None) or actor.municipality_id
    roles = actor.roles_in(place)
    if (closed := _closed(actor, key, thing)) is not None:
        return closed
    stale = False
    for grant in permission.grants:
        if grant.role not in roles or not (grant.lent or _is_own(actor, place, grant.role)):
            continue
        if thing is not None and grant.when is not None and not grant.when(actor, thing):
            continue
        if grant.fresh and not actor.fresh:
            stale = True
            continue
        return YES
    if stale:
        return Verdict(
            allowed=False,
            reason=_l("Sign in once more to confirm that it is you."),
            would_help=Help.SIGN_IN_AGAIN,
        )
    is_somebody = actor.signed_in or actor.key_id is not None
    would_help = None if is_somebody or not permission.grants else Help.SIGN_IN
    # The permission's own words tell of one thing; where none is named they would mislead.
    reason = permission.denied if thing is not None else DENIED
    return Verdict(allowed=False, reason=reason, would_help=would_help)


def _closed(actor: Actor, key: str, thing: Any) -> Verdict | None:
    """What shuts a permission whatever the roles: the state of the thing, the scopes of a key."""
    closed: frozenset[str] = getattr(thing, "closed_permissions", frozenset())
    if key in closed:
        return Verdict(allowed=False, reason=_l("This is not possible in the present state of the case."))
    if actor.scopes is not None and key not in actor.scopes:
        return Verdict(allowed=False, reason=_l("The key was not given this permission."))
    return None


def _is_own(actor: Actor, place: int | None, role: str) -> bool:
    return place is None or actor.lent.get(place) != role or role in actor.roles.get(place, frozenset())


def need(actor: Actor, key: str, thing: Any = None) -> None:
    """Like `can`, but raises NotAllowed."""
    verdict = can(actor, key, thing)
    if not verdict:
        raise NotAllowed(verdict.reason, verdict.would_help)


def holders(key: str) -> frozenset[str]:
    """Roles named in a permission's grants."""
    return frozenset(grant.role for grant in _table[key].grants)
