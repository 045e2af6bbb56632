"""Signing in by a code on the phone, and confirming the number of one's account by such a code."""

from typing import Any

from flask import Response, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.accounts import rules
from portal.accounts import session as sessions
from portal.accounts.forms import ActForm, PhoneForm, SmsCodeForm, form_page, on_to, refusals
from portal.accounts.services import phone as service
from portal.accounts.views.shared import first_page, me, sends_sms, wanted
from portal.core import clock
from portal.core.actor import current
from portal.core.errors import Missing
from portal.core.i18n import current_locale
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_gettext as _l
from portal.ui.pages import Link, address, say

ASKED = "phone_code"
"""Key of the session that remembers the request: its secret, until when, what it is for."""


def _remember(secret: str, purpose: str, number: str, target: str | None = None) -> None:
    until = (clock.now() + rules.PHONE_LIFE).timestamp()
    hint = rules.phone_hint(number)
    session[ASKED] = {"secret": secret, "for": purpose, "until": until, "next": target, "to": hint}


def _asked(purpose: str) -> dict[str, Any] | None:
    kept: dict[str, Any] | None = session.get(ASKED)
    return kept if kept and kept["for"] == purpose and kept["until"] > clock.now().timestamp() else None


def sign_in_phone() -> Response | BaseResponse:
    """A resident's number; the next page is the same whatever was typed."""
    if not sends_sms():
        raise Missing
    if current().signed_in:
        return on_to(wanted() or url_for("accounts.account"))
    form = PhoneForm(next=wanted())
    if form.validate_on_submit():
        number = rules.canonical_phone(form.phone.data, "CZ" if current_locale() == "cs" else "PL")
        if number is None:
            form.blame({"phone": _l("Write a Polish or Czech number, such as +48 600 000 000.")})
        else:
            with refusals(form):
                secret = ""
                if not form.is_robot:
                    secret = service.ask(current(), number, form.form_key.data, sessions.network())
                _remember(secret, "enter", number, wanted())
                return on_to(url_for("accounts.phone_code"))
    return form_page("accounts/sign_in_phone.html", form, _("Sign in by a code on your phone"))


def phone_code() -> Response | BaseResponse:
    """The six digits of the SMS."""
    kept = _asked("enter")
    if kept is None:
        return on_to(url_for("accounts.sign_in_phone"))
    form = SmsCodeForm()
    if form.validate_on_submit():
        with refusals(form):
            user_id = service.prove(current(), kept["secret"], form.code.data)
            session.pop(ASKED, None)
            sessions.sign_in(user_id, strong=False)
            say(_("You are signed in."))
            return on_to(rules.own_path(kept["next"]) or first_page(user_id))
    return form_page(
        "accounts/phone_code.html",
        form,
        _("Code from the SMS"),
        again_href=url_for("accounts.sign_in_phone"),
        messages=address("notify.demo_messages"),
        signs_in=True,
        phone=kept["to"],
    )


def _crumbs() -> list[Link]:
    return [Link(_l("My account"), url_for("accounts.account"))]


def confirm_phone() -> Response | BaseResponse:
    """Ask for a code to the number of the account."""
    user = me()
    if not sends_sms() or not user.phone:
        raise Missing
    form = ActForm()
    if form.validate_on_submit():
        with refusals(form):
            secret = service.ask_own(current(), user.id, form.form_key.data, sessions.network())
            _remember(secret, "confirm", user.phone)
            return on_to(url_for("accounts.confirm_phone_code"))
    return form_page(
        "accounts/confirm_phone.html",
        form,
        _("Confirm your phone number"),
        phone=user.phone,
        crumbs=_crumbs(),
        confirm_label=_("Send me a code"),
        back_href=url_for("accounts.account"),
    )


def confirm_phone_code() -> Response | BaseResponse:
    """The code that came to the number of the account."""
    kept = _asked("confirm")
    if kept is None:
        return on_to(url_for("accounts.account"))
    form = SmsCodeForm()
    if form.validate_on_submit():
        with refusals(form):
            service.prove(current(), kept["secret"], form.code.data, confirms=True)
            session.pop(ASKED, None)
            say(_("The number is confirmed. You can sign in with it and get messages by SMS."))
            return on_to(url_for("accounts.account"))
    return form_page(
        "accounts/phone_code.html",
        form,
        _("Code from the SMS"),
        again_href=url_for("accounts.confirm_phone"),
        messages=address("notify.demo_messages"),
        signs_in=False,
        phone=kept["to"],
        crumbs=_crumbs(),
    )
