"""Who may open a desk. What waits there is decided by the permissions of each work list."""

from portal.core.i18n import lazy_gettext as _l
from portal.core.policy import Grant, Permission

STAFF = (
    "operator",
    "reviewer",
    "leader",
    "decision_maker",
    "steering",
    "expert",
    "editor",
    "translator",
    "admin",
    "dpo",
)
"""Roles of people who work for a municipality."""

PERMISSIONS = (
    Permission(
        "desk.open",
        _l("Open the desk of a municipality"),
        tuple(Grant(role) for role in STAFF),
        _l("The desk is for people who work for this municipality."),
    ),
    Permission(
        "desk.choose",
        _l("See in which municipalities one works"),
        # Roles belong to municipalities, and this page stands above them: whoever is signed in may ask.
        (Grant("resident"),),
        _l("Sign in to see your desks."),
    ),
)
