"""Who may open a desk. What waits there is decided by the permissions of each work list."""

from typing import Any

from portal.core.actor import Actor
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


def stands_here(actor: Actor, municipality: Any) -> bool:
    """The municipality whose pages one is on, and no other."""
    return bool(actor.municipality_id == municipality.id)


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
    Permission(
        "municipality.edit",
        _l("Change the name, look, contacts and free days of a municipality"),
        # Whoever founds one goes through its set-up, so that its first page is fit to be seen.
        (Grant("admin", stands_here), Grant("portal_operator", stands_here)),
        _l("Only an administrator of this municipality can change its settings."),
    ),
)
