"""Who hands out keys and webhooks: the administrator of the municipality, freshly signed in."""

from portal.accounts.roles import Role
from portal.core.i18n import lazy_gettext as _l
from portal.core.policy import Grant, Permission

PERMISSIONS = (
    Permission("api.read", _l("See keys and webhooks"), (Grant("admin"),)),
    # Not by a lent role: what it made would outlive it.
    Permission("api.manage", _l("Make and end keys and webhooks"), (Grant("admin", fresh=True, lent=False),)),
)

KEY_ROLES = (Role.OPERATOR, Role.REVIEWER, Role.LEADER, Role.EDITOR, Role.TRANSLATOR)
"""Roles a key may act in. Decisions, members and personal data of others stay with people."""
