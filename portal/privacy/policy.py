"""Who may look after personal data. Source: roles table (product plan, section 6)."""

from typing import Any

from portal.accounts.roles import Role
from portal.core.actor import Actor
from portal.core.i18n import lazy_gettext as _l
from portal.core.policy import Grant, Permission


def another_asked(actor: Actor, request: Any) -> bool:
    """A mass erasure is confirmed by somebody else than who asked for it (R26)."""
    return bool(actor.user_id != request.erasure_asked_by_id)


PERMISSIONS = (
    Permission("privacy.read", _l("See how long data are kept and who read them"), (Grant(Role.DPO),)),
    Permission(
        "privacy.act",
        _l("Hand out and erase what is kept of a person"),
        (Grant(Role.DPO, fresh=True), Grant(Role.ADMIN, fresh=True, lent=False)),
    ),
    Permission(
        "privacy.confirm",
        _l("Confirm the erasure of many cases at once"),
        (
            Grant(Role.DPO, another_asked, fresh=True),
            Grant(Role.ADMIN, another_asked, fresh=True, lent=False),
        ),
        denied=_l("Another person than the one who asked for it has to confirm this erasure."),
    ),
    # Nobody's: the daily work of the portal and the command line do it.
    Permission("privacy.run", _l("End what has had its time, seal anew, erase again after a restore"), ()),
)
