"""What the pages of people have in common: where to go on to, links that are over, whose account it is."""

from dataclasses import dataclass
from typing import Any

import segno
from flask import Response, current_app, request, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.accounts import queries, rules
from portal.accounts.forms import on_to
from portal.accounts.models import User, VerificationKind
from portal.accounts.queries import Person
from portal.accounts.services import claims
from portal.core import clock, tenancy
from portal.core.actor import current
from portal.core.config import Settings
from portal.core.i18n import gettext as _
from portal.ui.pages import address, page, say


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


PENDING = "second_factor"
"""Key of the session that remembers whose password was right until the second factor is proved."""


def pending() -> dict[str, Any] | None:
    """Whose password was right within the last ten minutes: `user`, `next`, `source`."""
    begun: dict[str, Any] | None = session.get(PENDING)
    if begun and begun["until"] >= clock.now().timestamp():
        return begun
    session.pop(PENDING, None)
    return None


def begin_again() -> BaseResponse:
    """Back to the password: too much time has gone by."""
    say(_("Begin again with your password: the code was not typed in time."), "info")
    return on_to(url_for("accounts.sign_in_staff"))


SHOWN_CODES = "recovery_codes"
"""Key of the session that remembers which recovery codes are still to be shown, until when, and what follows."""


def show_codes(form_key: str, then: str) -> BaseResponse:
    """On to the page that shows the codes just made. The session keeps what they follow from, not the codes."""
    until = (clock.now() + rules.SHOWN_FOR).timestamp()
    session[SHOWN_CODES] = {"key": form_key, "until": until, "next": then}
    return on_to(url_for("accounts.codes"))


@dataclass(frozen=True, slots=True)
class App:
    """What connects an authenticator app: a picture, the address in it, the key in letters."""

    qr: str
    uri: str
    secret: str


def app_to_connect(factor: str, email: str) -> App:
    """The picture and the key of a second factor being set up."""
    uri = rules.factor_uri(factor, email, _("Residents’ Portal"))
    return App(
        qr=segno.make(uri, error="m").svg_data_uri(scale=5, border=3, dark="#000", light="#fff"),
        uri=uri,
        secret=" ".join(factor[i : i + 4] for i in range(0, len(factor), 4)),
    )


def sends_sms() -> bool:
    """Whether this portal can send SMS at all."""
    settings: Settings = current_app.extensions["portal.settings"]
    return bool(settings.sms_url) or settings.shows_demo


def first_page(user_id: int) -> str:
    """Where a resident begins who was not going anywhere: at the cases waiting for an owner, or the account."""
    offered = claims.offered(user_id)
    if not offered:
        return url_for("accounts.account")
    say(_("Cases were filed with your address before you had this account. Is one of them yours?"), "info")
    return url_for("accounts.claim")


def link_gone(kind: VerificationKind) -> Response:
    """A link that was used or is too old, with the way to a new one."""
    return page("accounts/link_gone.html", 410, title=_("This link no longer works"), kind=kind.value)


def me() -> User:
    """The account of whoever is signed in."""
    return queries.account(current().user_id or 0)
