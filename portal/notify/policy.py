"""Who may see what was sent and put things right."""

from portal.core.i18n import lazy_gettext as _l
from portal.core.policy import Grant, Permission

PERMISSIONS = (
    # The link in the message is the authority; it can stop one category and nothing else.
    Permission("message.mute", _l("Stop messages by the link in one of them"), (Grant("visitor"),)),
    Permission(
        "message.read",
        _l("See what was sent and how it fared, send again"),
        tuple(Grant(role) for role in ("operator", "reviewer", "leader", "decision_maker")),
    ),
    Permission(
        "message.settings",
        _l("Decide how the municipality’s messages go out"),
        (Grant("admin"),),
        _l("Only an administrator of the municipality can do this."),
    ),
)
