"""Who may do what with accounts and members. What roles may do with cases stands in the modules' own tables.

`account.enter` is everybody's, or nobody could come in; throttles and secrets guard it, not roles.
"""

from typing import Any

from portal.accounts.roles import Role
from portal.core.actor import Actor
from portal.core.i18n import lazy_gettext as _l
from portal.core.policy import Grant, Permission


def own(actor: Actor, account: Any) -> bool:
    """An account is handled by the person it belongs to."""
    return bool(actor.user_id == account.id)


def of_oneself(actor: Actor, access: Any) -> bool:
    """An operator ends their own access."""
    return bool(actor.user_id == access.user_id)


def not_oneself(actor: Actor, member: Any) -> bool:
    """Nobody gives a role to himself, nor takes his own away. Source: roles table (docs/product.md, section 6)."""
    return bool(actor.user_id != member.user_id)


PERMISSIONS: tuple[Permission, ...] = (
    Permission("account.enter", _l("Sign in, ask for a link, accept an invitation"), (Grant("visitor"),)),
    Permission(
        "account.own",
        _l("Read and change one’s own account"),
        (Grant("resident", own),),
        denied=_l("Sign in to see your account."),
    ),
    Permission(
        "account.secure",
        _l("Change one’s own address, export or erase one’s own data"),
        (Grant("resident", own, fresh=True),),
        denied=_l("Sign in to see your account."),
    ),
    Permission("member.read", _l("See who belongs to the municipality’s team"), (Grant(Role.ADMIN),)),
    Permission(
        "member.manage",
        _l("Invite members, give and take roles, close accounts"),
        (Grant(Role.ADMIN, not_oneself, fresh=True, lent=False),),
        denied=_l("Only another administrator of the municipality can do this."),
    ),
    Permission(
        "access.begin",
        _l("Ask for access to a municipality, for a reason and a while"),
        (Grant(Role.PORTAL_OPERATOR, fresh=True),),
    ),
    Permission(
        "access.read",
        _l("See what the portal operator did in the municipality"),
        (Grant(Role.ADMIN, lent=False), Grant(Role.DPO)),
    ),
    Permission(
        "access.end",
        _l("End an access of the portal operator"),
        (Grant(Role.ADMIN, lent=False), Grant(Role.DPO), Grant(Role.PORTAL_OPERATOR, of_oneself)),
    ),
    # Nobody's: only the daily work of the portal does it.
    Permission("account.forget", _l("Warn owners of unused accounts"), ()),
    Permission("portal.operate", _l("Run the installation"), (Grant(Role.PORTAL_OPERATOR),)),
)
