"""The roles people hold in a municipality, with the names and one-line duties shown to them.

A role is a word in the permission tables and nothing more: what it may do stands in each module's policy.
"Visitor" and "resident" are not given: everybody is the one, everybody with an account the other.
"""

from dataclasses import dataclass
from enum import StrEnum

from portal.core.i18n import Text, lazy_pgettext
from portal.core.i18n import lazy_gettext as _l


class Role(StrEnum):
    """A role as stored. A later module adds its own here."""

    OPERATOR = "operator"
    REVIEWER = "reviewer"
    LEADER = "leader"
    DECISION_MAKER = "decision_maker"
    STEERING = "steering"
    EXPERT = "expert"
    EDITOR = "editor"
    TRANSLATOR = "translator"
    ADMIN = "admin"
    DPO = "dpo"
    PORTAL_OPERATOR = "portal_operator"


@dataclass(frozen=True, slots=True)
class RoleText:
    """What a role is called and what it is for."""

    title: Text
    duty: Text


TEXTS: dict[Role, RoleText] = {
    Role.OPERATOR: RoleText(
        lazy_pgettext("role", "Contact operator"),
        _l("Files initiatives for people who call, write on paper or come to a meeting."),
    ),
    Role.REVIEWER: RoleText(
        lazy_pgettext("role", "Reviewer"),
        _l("Checks and publishes initiatives and writes the studies."),
    ),
    Role.LEADER: RoleText(
        lazy_pgettext("role", "Team leader"),
        _l("Assigns the work of the monitoring team and recommends decisions."),
    ),
    Role.DECISION_MAKER: RoleText(
        lazy_pgettext("role", "Decision-maker"),
        _l("Adopts, defers or refuses initiatives and gives the reasons."),
    ),
    Role.STEERING: RoleText(
        lazy_pgettext("role", "Steering group"),
        _l("Reads the cases that await a decision, with their studies."),
    ),
    Role.EXPERT: RoleText(
        lazy_pgettext("role", "Citizens’ expert group"),
        _l("Reads the cases that await a decision, with their studies."),
    ),
    Role.EDITOR: RoleText(
        lazy_pgettext("role", "Editor"),
        _l("Writes and publishes pages, news and alerts."),
    ),
    Role.TRANSLATOR: RoleText(
        lazy_pgettext("role", "Translator"),
        _l("Translates pages and news."),
    ),
    Role.ADMIN: RoleText(
        lazy_pgettext("role", "Municipality administrator"),
        _l("Invites members, gives roles and keeps the settings."),
    ),
    Role.DPO: RoleText(
        lazy_pgettext("role", "Data-protection officer"),
        _l("Sees who read what, exports and erases personal data."),
    ),
    Role.PORTAL_OPERATOR: RoleText(
        lazy_pgettext("role", "Portal operator"),
        _l("Adds municipalities and watches over the health of the installation."),
    ),
}

RESIDENT_TITLE = lazy_pgettext("role", "Resident")

MUNICIPAL: tuple[Role, ...] = tuple(role for role in Role if role is not Role.PORTAL_OPERATOR)
"""Roles an administrator may give in a municipality; the portal operator is made on the command line."""


LENDABLE: tuple[Role, ...] = (Role.ADMIN, Role.LEADER, Role.EDITOR)
"""What a portal operator can be lent for a while: settings, cases and messages, pages. Never a decision."""


def in_order(roles: frozenset[Role] | set[Role]) -> tuple[Role, ...]:
    """Roles in the order of the table."""
    return tuple(role for role in Role if role in roles)
