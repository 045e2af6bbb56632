"""The pages of one's own account: contact, address, devices, data."""

import json
from typing import Any

from flask import Response, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.accounts import copies, menu, queries
from portal.accounts import session as sessions
from portal.accounts.forms import ActForm, EmailForm, EraseForm, ProfileForm, form_page, on_to, refusals
from portal.accounts.models import VerificationKind
from portal.accounts.roles import TEXTS
from portal.accounts.services import account as own
from portal.accounts.views.shared import link_gone, me, sends_sms
from portal.core import tenancy
from portal.core.actor import current
from portal.core.errors import Missing
from portal.core.i18n import Text, day, moment, ngettext
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_gettext as _l
from portal.ui.forms import BaseForm
from portal.ui.pages import Link, address, page, say


def _account_page(template: str, title: Text, form: BaseForm | None = None, **context: Any) -> Response:
    context |= {"tabs": menu.tabs()}
    if form is None:
        return page(template, title=title, **context)
    return form_page(template, form, title, **context)


def account() -> Response | BaseResponse:
    """Name, language and phone; the way to everything else of one's own."""
    user = me()
    form = ProfileForm(name=user.name, language=user.language, phone=user.phone)
    if form.validate_on_submit():
        with refusals(form):
            own.update_profile(current(), user.id, form.name.data, form.language.data, form.phone.data)
            say(_("Your account is saved."))
            return on_to(url_for("accounts.account"))
    person = queries.person(user.id)
    places = [
        {
            "name": tenancy.town_by_id(place).name if place else _("Residents’ Portal"),
            "roles": [TEXTS[role].title for role in TEXTS if role in held],
            "href": address("pages.town_desk", town=tenancy.town_by_id(place).slug) if place else "",
        }
        for place, held in (person.roles.items() if person and sessions.is_strong() else ())
    ]
    return _account_page(
        "accounts/account.html",
        _("My account"),
        form,
        email=user.email or "",
        since=day(user.created_at),
        places=places,
        has_password=user.password_hash is not None,
        phone_state=""
        if not user.phone or not sends_sms()
        else "confirmed"
        if user.phone_confirmed_at
        else "open",
    )


def email() -> Response | BaseResponse:
    """Ask for a new address; it counts once the link sent there is opened."""
    user = me()
    form = EmailForm()
    if form.validate_on_submit():
        with refusals(form):
            own.ask_new_email(current(), user.id, form.address, form.form_key.data)
            say(_("Open the link we sent to the new address. Until then the present one stays."), "info")
            return on_to(url_for("accounts.account"))
    return _account_page("accounts/email.html", _("Change the address"), form, email=user.email or "")


def new_email(token: str) -> Response | BaseResponse:
    """The link sent to a new address."""
    link = queries.opened(token, VerificationKind.EMAIL)
    if link is None:
        return link_gone(VerificationKind.EMAIL)
    form = ActForm()
    if form.validate_on_submit():
        with refusals(form):
            own.confirm_new_email(current(), token, sessions.current_digest())
            say(_("The new address is saved."))
            return on_to(url_for("accounts.account" if current().signed_in else "accounts.sign_in"))
    return form_page("accounts/new_email.html", form, _("Confirm your new address"), email=link.data["email"])


def devices() -> Response | BaseResponse:
    """Where one is signed in; end one session, or all others."""
    form = ActForm()
    if form.validate_on_submit():
        return _end_devices()
    found = [
        {
            "id": device.id,
            "agent": device.agent or _("Unknown device"),
            "began": moment(device.created_at),
            "seen": moment(device.seen_at),
            "current": device.current,
        }
        for device in queries.devices(current().user_id or 0, sessions.current_digest())
    ]
    return _account_page("accounts/sessions.html", _("Signed-in devices"), form, devices=found)


def _end_devices() -> BaseResponse:
    actor = current()
    chosen = request.form.get("device", "")
    if chosen == "others":
        count = own.end_other_sessions(actor, actor.user_id or 0, sessions.current_digest())
        say(ngettext("%(n)s other device was signed out.", "%(n)s other devices were signed out.", count))
    elif chosen.isascii() and chosen.isdigit() and len(chosen) < 19:
        own.end_one_session(actor, actor.user_id or 0, int(chosen))
        say(_("The device is signed out."))
    else:
        raise Missing
    return on_to(url_for("accounts.sessions"))


def data() -> Response:
    """What one may do with one's data: read it, take it along, erase it."""
    return _account_page(
        "accounts/data.html", _("My data"), is_staff=queries.is_staff(current().user_id or 0)
    )


def data_all() -> Response:
    """Everything kept about the person, readable: named, with instants as days and hours of the reader."""
    parts = {
        title: [copies.readable(record) for record in records]
        for title, records in own.export(current(), current().user_id or 0).items()
    }
    return _account_page("accounts/data_all.html", _("Everything we keep about you"), parts=parts)


def data_file() -> Response:
    """The same as a file."""
    parts = own.export(current(), current().user_id or 0)
    body = json.dumps(parts, ensure_ascii=False, indent=2, default=str)
    response = Response(body, mimetype="application/json")
    response.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    response.headers["Cache-Control"] = "no-store"
    return response


def erase() -> Response | BaseResponse:
    """Erase account and personal data at once."""
    form = EraseForm()
    if form.validate_on_submit():
        with refusals(form):
            own.erase(current(), current().user_id or 0)
            sessions.sign_out()
            say(_("Your account and your personal data are erased."))
            return on_to(url_for("pages.home"))
    return form_page(
        "accounts/erase.html",
        form,
        _("Erase my account"),
        crumbs=[Link(_l("My data"), url_for("accounts.data"))],
        confirm_label=_("Erase for good"),
        back_href=url_for("accounts.data"),
        danger=True,
    )
