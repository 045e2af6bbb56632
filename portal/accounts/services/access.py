"""The portal operator's access to a municipality: for a reason, for a while, in one role, before everybody's eyes.

The operator has no power in any town by default. An access lends one role there for two hours at most and ends
by itself, because every request compares it with the clock. Its beginning, every page opened and every act
stand in the audit log of the town; administrators and data-protection officers are told, see all of it and
can end it. A lent role gives no roles to anybody, so nothing outlives the access. Source: roles table
(docs/product.md, section 6: portal staff have no power by default).
"""

from datetime import timedelta

from portal.accounts import messages, queries, rules
from portal.accounts.models import OperatorAccess
from portal.accounts.roles import LENDABLE, Role
from portal.core import audit, clock, tenancy
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import Invalid
from portal.core.i18n import Text
from portal.core.i18n import lazy_gettext as _l
from portal.core.usecase import once, use_case


def begin(actor: Actor, slug: str, role: str, minutes: int, reason: str, form_key: str) -> None:
    """Lend the operator a role in a municipality. Raises Invalid; Missing for a town that is not there."""
    town = tenancy.town(slug)
    problems: dict[str, Text] = {}
    if role not in LENDABLE:
        problems["role"] = _l("Choose what you need in order to help.")
    if minutes not in rules.ACCESS_MINUTES:
        problems["minutes"] = _l("Choose how long you need it, at most two hours.")
    if len(reason) < rules.ACCESS_REASON_MIN:
        problems["reason"] = _l("Say in a sentence why: the municipality reads it.")
    if len(reason) > rules.ACCESS_REASON_MAX:
        problems["reason"] = _l("Use at most 500 characters.")
    if problems:
        raise Invalid(fields=problems)
    with tenancy.within(town.id):
        _begin(actor, town.id, Role(role), minutes, reason, form_key)


@use_case("access.begin", code="access.begun")
def _begin(actor: Actor, town_id: int, role: Role, minutes: int, reason: str, form_key: str) -> None:
    if actor.roles.get(town_id) or any(
        a.municipality_id == town_id for a in queries.accesses(actor.user_id or 0)
    ):
        raise Invalid(_l("You have a role in this municipality already."))

    def act() -> None:
        now = clock.now()
        row = OperatorAccess(
            user_id=actor.user_id or 0,
            municipality_id=town_id,
            role=role,
            reason=reason,
            began_at=now,
            ends_at=now + timedelta(minutes=minutes),
        )
        db.session.add(row)
        db.session.flush()  # Its number is told below.
        audit.note(f"access:{row.id}", role=role.value, minutes=minutes, reason=reason)
        messages.access_begun(town_id, actor.name, role, row.ends_at)

    once("accounts.access", form_key, act)


@use_case("access.end", code="access.ended", load=queries.access_here)
def end(actor: Actor, access: OperatorAccess) -> None:
    """End an access before its time; harmless when it is over. Officers of the town may, and the operator."""
    now = clock.now()
    if access.ended_at is None and access.ends_at > now:
        access.ended_at, access.ended_by_id = now, actor.user_id
    audit.note(f"access:{access.id}")


@use_case("portal.operate", code="access.page_opened")
def note_page(_actor: Actor, method: str, path: str) -> None:
    """Write down a page the operator opens by a lent role; addresses hold numbers, never names."""
    audit.note(path[: rules.ACCESS_PATH_MAX], method=method)
