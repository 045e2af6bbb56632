"""The way to an OpenID Connect provider and back, and signing out there as well.

All of it are links, not forms: our content policy lets no form lead to another host.
"""

from flask import Response, g, redirect, request, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.accounts import queries, rules
from portal.accounts import session as sessions
from portal.accounts.forms import ActForm, form_page, on_to
from portal.accounts.services import oidc as service
from portal.accounts.services.oidc import RESIDENTS, STAFF, Errand, Person
from portal.accounts.views.shared import PENDING, first_page, landing, wanted
from portal.core import clock, i18n, throttle
from portal.core.actor import current
from portal.core.errors import Invalid, Missing, TooMany
from portal.core.i18n import current_locale
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_gettext as _l
from portal.core.throttle import SIGN_IN_NETWORK
from portal.ui.pages import Link, page, say

WENT = "oidc"
"""Key of the session: the errand to the provider, what it is for and where to go on to."""
BY = "oidc_by"
"""Key of the session: which provider signed somebody in, so that they can sign out there as well."""


def go(group: str) -> BaseResponse:
    """Off to the provider, to sign in."""
    return _off(group, "enter", wanted(), url_for("accounts.sign_in"))


def go_to_connect(group: str) -> BaseResponse:
    """Off to the provider, to connect one's account with it; asked for after a fresh sign-in."""
    if group == STAFF and not queries.is_staff(current().user_id or 0):
        raise Missing
    here = url_for("accounts.security")
    return _off(group, "connect", here, here)


def _off(group: str, purpose: str, target: str | None, otherwise: str) -> BaseResponse:
    try:
        errand = service.errand(group, current_locale())
    except Invalid as problem:
        say(problem.reason, "error")
        return on_to(otherwise)
    session[WENT] = {
        "group": group,
        "for": purpose,
        "state": errand.state,
        "nonce": errand.nonce,
        "verifier": errand.verifier,
        "until": (clock.now() + rules.SECOND_FACTOR_WITHIN).timestamp(),
        "next": target,
        "lang": current_locale(),
    }
    return redirect(errand.url, 302)


def back(group: str) -> BaseResponse:
    """Back from the provider. Its answer counts once, in the browser that went there, for ten minutes."""
    went = session.pop(WENT, None)
    if not went or went["group"] != group or went["until"] < clock.now().timestamp():
        say(_("That took too long. Begin again."), "info")
        return on_to(url_for("accounts.sign_in"))
    # The one address registered with the provider names a language; the reader's is that of the way there.
    i18n.speak(went["lang"])
    g.address_values = {**g.address_values, "lang": went["lang"]}
    try:
        throttle.hit(SIGN_IN_NETWORK, sessions.network())
        found = service.person(
            group, request.args.to_dict(), Errand("", went["state"], went["nonce"], went["verifier"])
        )
        if went["for"] == "connect":
            return _connect(found)
        return _enter_staff(found, went) if group == STAFF else _enter_resident(found, went)
    except (Invalid, TooMany) as problem:
        say(problem.reason, "error")
        here = "accounts.sign_in_staff" if group == STAFF else "accounts.sign_in"
        if went["for"] == "connect":
            here = "accounts.security"
        return on_to(url_for(here))


def _connect(found: Person) -> BaseResponse:
    service.connect(current(), current().user_id or 0, found)
    say(_("The service is connected. From now on you can sign in with it."))
    return on_to(url_for("accounts.security"))


def _enter_resident(found: Person, went: dict[str, str]) -> BaseResponse:
    user_id = service.resident(current(), found, went["lang"])
    sessions.sign_in(user_id, strong=False)
    session[BY] = RESIDENTS
    say(_("You are signed in."))
    return on_to(rules.own_path(went["next"]) or first_page(user_id))


def _enter_staff(found: Person, went: dict[str, str]) -> BaseResponse:
    user_id = service.staff_member(current(), found)
    if found.several_factors:
        person = sessions.sign_in(user_id, strong=True)
        session[BY] = STAFF
        return on_to(rules.own_path(went["next"]) or landing(person))
    # The provider stands in for the password; the second factor is still ours to ask.
    session[PENDING] = {
        "user": user_id,
        "until": (clock.now() + rules.SECOND_FACTOR_WITHIN).timestamp(),
        "next": went["next"],
        "source": sessions.network(),
    }
    session[BY] = STAFF
    return on_to(url_for("accounts.second_factor"))


def disconnect(group: str) -> Response | BaseResponse:
    """Let a provider open one's account no more."""
    name = service.provider(group).name
    form = ActForm()
    if form.validate_on_submit():
        service.disconnect(current(), current().user_id or 0, group)
        say(_("The service is no longer connected."))
        return on_to(url_for("accounts.security"))
    return form_page(
        "accounts/disconnect.html",
        form,
        _("Disconnect %(name)s", name=name),
        name=name,
        confirm_label=_("Disconnect"),
        back_href=url_for("accounts.security"),
        crumbs=[Link(_l("Signing in"), url_for("accounts.security"))],
    )


def signed_out() -> Response:
    """Signed out here; whoever came through a provider may sign out there, too."""
    group = request.args.get("by", "")
    return page(
        "accounts/signed_out.html",
        title=_("You are signed out"),
        name=service.name_of(group),
        end_href=service.end_address(group),
    )
