"""What the pages of people have in common: where to go on to, links that are over, whose account it is."""

from flask import Response, request, url_for

from portal.accounts import queries, rules
from portal.accounts.models import User, VerificationKind
from portal.accounts.queries import Person
from portal.core import tenancy
from portal.core.actor import current
from portal.core.i18n import gettext as _
from portal.ui.pages import address, page


def wanted() -> str | None:
    """Where the person was going: a path of our own, from the address or the form."""
    return rules.own_path(request.values.get("next"))


def landing(person: Person) -> str:
    """Where somebody begins who was not going anywhere: the desk, or the account."""
    places = [place for place in person.roles if place]
    desk = ""
    if len(places) == 1:
        desk = address("pages.town_desk", town=tenancy.town_by_id(places[0]).slug)
    elif person.roles:
        desk = address("pages.desk")
    return desk or url_for("accounts.account")


def link_gone(kind: VerificationKind) -> Response:
    """A link that was used or is too old, with the way to a new one."""
    return page("accounts/link_gone.html", 410, title=_("This link no longer works"), kind=kind.value)


def me() -> User:
    """The account of whoever is signed in."""
    return queries.account(current().user_id or 0)
