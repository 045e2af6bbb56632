"""Coming in: the choice, the link, password and code, confirming, a new password. Thin: forms in, services, pages out."""

from flask import Response, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.accounts import queries, rules
from portal.accounts import session as sessions
from portal.accounts.forms import (
    ActForm,
    CodeForm,
    ConfirmForm,
    EnterForm,
    ForgottenForm,
    LinkForm,
    PasswordForm,
    StaffForm,
    form_page,
    on_to,
    refusals,
)
from portal.accounts.models import VerificationKind
from portal.accounts.services import oidc, passkeys, passwords
from portal.accounts.services import sign_in as entering
from portal.accounts.views.shared import (
    PENDING,
    begin_again,
    first_page,
    landing,
    link_gone,
    me,
    pending,
    sends_sms,
    wanted,
)
from portal.core import clock
from portal.core.actor import current
from portal.core.i18n import gettext as _
from portal.ui.pages import address, page, say


def sign_in() -> Response | BaseResponse:
    """The choice: a link for residents, password and code for staff."""
    if current().signed_in:
        return on_to(wanted() or url_for("accounts.account"))
    form = LinkForm(next=wanted())
    if form.validate_on_submit():
        with refusals(form):
            if not form.is_robot:
                entering.ask_link(current(), form.address, wanted(), form.form_key.data, sessions.network())
            return on_to(url_for("accounts.link_sent"))
    return form_page(
        "accounts/sign_in.html",
        form,
        _("Sign in"),
        next=wanted() or "",
        by_phone=sends_sms(),
        oidc_name=oidc.name_of(oidc.RESIDENTS),
    )


def link_sent() -> Response:
    """A message is on its way: the same page for every address."""
    return page(
        "accounts/link_sent.html", title=_("Look into your mailbox"), messages=address("notify.demo_messages")
    )


def use_link(token: str) -> Response | BaseResponse:
    """The link of the message. Only the button uses it up, so programs that read mail in advance do not."""
    link = queries.opened(token, VerificationKind.LINK)
    if link is None:
        return link_gone(VerificationKind.LINK)
    form = EnterForm()
    if form.validate_on_submit():
        with refusals(form):
            user_id, target = entering.use_link(current(), token, form.name.data)
            sessions.sign_in(user_id, strong=False)
            say(_("You are signed in."))
            return on_to(target or first_page(user_id))
    is_new = queries.by_email(link.data["email"]) is None
    return form_page("accounts/enter.html", form, _("Sign in"), email=link.data["email"], is_new=is_new)


def sign_in_staff() -> Response | BaseResponse:
    """Staff: address and password."""
    if current().signed_in and sessions.is_strong():
        return on_to(wanted() or url_for("accounts.account"))
    form = StaffForm(next=wanted())
    if form.validate_on_submit():
        with refusals(form):
            device = sessions.known_device(queries.email_hash(form.address))
            source = device or sessions.network()
            user_id = entering.prove_password(form.address, form.password.data, source, known=bool(device))
            until = clock.now() + rules.SECOND_FACTOR_WITHIN
            session.pop("oidc_by", None)
            session[PENDING] = {
                "user": user_id,
                "until": until.timestamp(),
                "next": wanted(),
                "source": source,
            }
            return on_to(url_for("accounts.second_factor"))
    return form_page(
        "accounts/sign_in_staff.html",
        form,
        _("Sign in to your desk"),
        oidc_name=oidc.name_of(oidc.STAFF),
    )


def second_factor() -> Response | BaseResponse:
    """Staff: the code of the app. Only then is anybody signed in."""
    begun = pending()
    if begun is None:
        return begin_again()
    form = CodeForm()
    if form.validate_on_submit():
        with refusals(form):
            email = entering.prove_code(current(), begun["user"], form.code.data, begun["source"])
            by = session.get("oidc_by")
            person = sessions.sign_in(begun["user"], strong=True)
            if by:
                session["oidc_by"] = by
            response = on_to(rules.own_path(begun["next"]) or landing(person))
            sessions.remember_device(response, queries.email_hash(email))
            return response
    return form_page(
        "accounts/second_factor.html", form, _("Your code"), has_passkey=passkeys.has(begun["user"])
    )


def sign_out() -> BaseResponse:
    """Out, for good: the server forgets the session."""
    by = session.get("oidc_by")
    sessions.sign_out()
    if by:
        # Our content policy lets no form lead to another host, so the provider is a link on a page of ours.
        return on_to(url_for("accounts.signed_out", by=by))
    say(_("You are signed out."))
    return on_to(url_for("pages.home"))


def confirm() -> Response | BaseResponse:
    """Before something weighty: staff type password and code again, residents open a new link (R12)."""
    target = wanted() or url_for("accounts.account")
    if current().fresh:
        return on_to(target)
    passkey_href = ""
    if passkeys.has(current().user_id or 0):
        passkey_href = url_for("accounts.confirm_passkey", next=target)
    if not sessions.is_strong():
        return _confirm_by_link(target, passkey_href)
    form = ConfirmForm(next=target)
    if form.validate_on_submit():
        with refusals(form):
            user_id = current().user_id or 0
            entering.prove_again(current(), user_id, form.password.data, form.code.data, sessions.network())
            sessions.confirm()
            return on_to(target)
    return form_page(
        "accounts/confirm.html", form, _("Confirm that it is you"), email="", passkey_href=passkey_href
    )


def _confirm_by_link(target: str, passkey_href: str) -> Response | BaseResponse:
    form = ActForm(next=target)
    email = me().email or ""
    if form.validate_on_submit():
        with refusals(form):
            entering.ask_link(current(), email, target, form.form_key.data, sessions.network())
            return on_to(url_for("accounts.link_sent"))
    return form_page(
        "accounts/confirm.html", form, _("Confirm that it is you"), email=email, passkey_href=passkey_href
    )


def password() -> Response | BaseResponse:
    """Ask for a link to a new password."""
    form = ForgottenForm(email=me().email if current().signed_in else None)
    if form.validate_on_submit():
        with refusals(form):
            if not form.is_robot:
                passwords.ask_reset(current(), form.address, form.form_key.data, sessions.network())
            return on_to(url_for("accounts.link_sent"))
    return form_page("accounts/password.html", form, _("Choose a new password"))


def new_password(token: str) -> Response | BaseResponse:
    """The link of the message: a new password, after which one signs in with it and the code."""
    if queries.opened(token, VerificationKind.RESET) is None:
        return link_gone(VerificationKind.RESET)
    form = PasswordForm()
    if form.validate_on_submit():
        with refusals(form):
            passwords.reset(current(), token, form.password.data)
            sessions.sign_out()
            say(_("Your password is changed and every device is signed out. Sign in with the new password."))
            return on_to(url_for("accounts.sign_in_staff"))
    return form_page("accounts/new_password.html", form, _("Choose a new password"))
