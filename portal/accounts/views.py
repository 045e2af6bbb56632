"""The pages on which people come in, and those of their own account. Thin: forms in, services, pages out."""

import json
from typing import Any

import segno
from flask import Response, current_app, request, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.accounts import menu, queries, rules
from portal.accounts import session as sessions
from portal.accounts.forms import (
    ActForm,
    CodeForm,
    ConfirmForm,
    EmailForm,
    EnterForm,
    EraseForm,
    ForgottenForm,
    JoinForm,
    LinkForm,
    PasswordForm,
    ProfileForm,
    StaffForm,
    form_page,
    on_to,
    refusals,
)
from portal.accounts.models import User, VerificationKind
from portal.accounts.queries import DemoAccount, Opened, Person
from portal.accounts.roles import RESIDENT_TITLE, TEXTS
from portal.accounts.services import account as own
from portal.accounts.services import invitations, passwords
from portal.accounts.services import sign_in as entering
from portal.core import clock, tenancy
from portal.core.actor import current
from portal.core.config import Settings
from portal.core.errors import Missing
from portal.core.i18n import LANGUAGE_NAMES, Text, day, moment, ngettext
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_gettext as _l
from portal.ui.forms import BaseForm
from portal.ui.pages import Link, address, page, say

PENDING = "second_factor"
"""Key of the session that remembers whose password was right until the code is typed."""


# Answering ---------------------------------------------------------------------------------------------------


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


# Coming in ---------------------------------------------------------------------------------------------------


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
    return form_page("accounts/sign_in.html", form, _("Sign in"), next=wanted() or "")


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
            return on_to(target or url_for("accounts.account"))
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
            session[PENDING] = {
                "user": user_id,
                "until": until.timestamp(),
                "next": wanted(),
                "source": source,
            }
            return on_to(url_for("accounts.second_factor"))
    return form_page("accounts/sign_in_staff.html", form, _("Sign in to your desk"))


def second_factor() -> Response | BaseResponse:
    """Staff: the code of the app. Only then is anybody signed in."""
    pending = session.get(PENDING)
    if not pending or pending["until"] < clock.now().timestamp():
        session.pop(PENDING, None)
        say(_("Begin again with your password: the code was not typed in time."), "info")
        return on_to(url_for("accounts.sign_in_staff"))
    form = CodeForm()
    if form.validate_on_submit():
        with refusals(form):
            email = entering.prove_code(current(), pending["user"], form.code.data, pending["source"])
            person = sessions.sign_in(pending["user"], strong=True)
            response = on_to(rules.own_path(pending["next"]) or landing(person))
            sessions.remember_device(response, queries.email_hash(email))
            return response
    return form_page("accounts/second_factor.html", form, _("Your code"))


def sign_out() -> BaseResponse:
    """Out, for good: the server forgets the session."""
    sessions.sign_out()
    say(_("You are signed out."))
    return on_to(url_for("pages.home"))


def confirm() -> Response | BaseResponse:
    """Before something weighty: staff type password and code again, residents open a new link (R12)."""
    target = wanted() or url_for("accounts.account")
    if current().fresh:
        return on_to(target)
    if not sessions.is_strong():
        return _confirm_by_link(target)
    form = ConfirmForm(next=target)
    if form.validate_on_submit():
        with refusals(form):
            user_id = current().user_id or 0
            entering.prove_again(current(), user_id, form.password.data, form.code.data, sessions.network())
            sessions.confirm()
            return on_to(target)
    return form_page("accounts/confirm.html", form, _("Confirm that it is you"), email="")


def _confirm_by_link(target: str) -> Response | BaseResponse:
    form = ActForm(next=target)
    email = _me().email or ""
    if form.validate_on_submit():
        with refusals(form):
            entering.ask_link(current(), email, target, form.form_key.data, sessions.network())
            return on_to(url_for("accounts.link_sent"))
    return form_page("accounts/confirm.html", form, _("Confirm that it is you"), email=email)


# Passwords and invitations -----------------------------------------------------------------------------------


def password() -> Response | BaseResponse:
    """Ask for a link to a new password."""
    form = ForgottenForm(email=_me().email if current().signed_in else None)
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


def invitation(token: str) -> Response | BaseResponse:
    """Join a team: name, password and authenticator app; or one button with an account that has them."""
    link = queries.opened(token, VerificationKind.INVITATION)
    if link is None:
        return link_gone(VerificationKind.INVITATION)
    if invitations.keeps_factor(link):
        return _accept_as_member(token, link)
    user = invitations.invitee(link)
    form = JoinForm(name=user.name if user else None)
    if form.validate_on_submit():
        with refusals(form):
            user_id = invitations.accept(current(), token, form.name.data, form.password.data, form.code.data)
            person = sessions.sign_in(user_id, strong=True)
            say(_("Welcome to the team. You are signed in."))
            return on_to(landing(person))
    secret = link.data["factor"]
    uri = rules.factor_uri(secret, link.data["email"], _("Residents’ Portal"))
    return form_page(
        "accounts/invitation.html",
        form,
        _("Join the team"),
        link=_invitation_facts(link),
        qr=segno.make(uri, error="m").svg_data_uri(scale=5, border=3, dark="#000", light="#fff"),
        secret=" ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
        uri=uri,
    )


def _accept_as_member(token: str, link: Opened) -> Response | BaseResponse:
    form = ActForm()
    user = invitations.invitee(link)
    mine = user is not None and user.id == current().user_id and sessions.is_strong()
    if mine and form.validate_on_submit():
        with refusals(form):
            invitations.accept_as_member(current(), token)
            say(_("Welcome to the team."))
            return on_to(url_for("accounts.account"))
    return form_page(
        "accounts/invitation_member.html",
        form,
        _("Join the team"),
        link=_invitation_facts(link),
        mine=mine,
        sign_in_href=url_for("accounts.sign_in_staff", next=request.path),
    )


def _invitation_facts(link: Opened) -> dict[str, Any]:
    town = tenancy.town_by_id(link.municipality_id).name if link.municipality_id else _("Residents’ Portal")
    titles = [TEXTS[role].title for role in TEXTS if role in link.data["roles"]]
    return {
        "email": link.data["email"],
        "town": town,
        "roles": titles,
        "again": link.data.get("again", False),
    }


# One's own account -------------------------------------------------------------------------------------------


def _me() -> User:
    return queries.account(current().user_id or 0)


def _account_page(template: str, title: Text, form: BaseForm | None = None, **context: Any) -> Response:
    context |= {"tabs": menu.tabs()}
    if form is None:
        return page(template, title=title, **context)
    return form_page(template, form, title, **context)


def account() -> Response | BaseResponse:
    """Name, language and phone; the way to everything else of one's own."""
    user = _me()
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
    )


def email() -> Response | BaseResponse:
    """Ask for a new address; it counts once the link sent there is opened."""
    user = _me()
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
    """Everything kept about the person, readable."""
    parts = own.export(current(), current().user_id or 0)
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


# Demonstration -----------------------------------------------------------------------------------------------


def demo() -> Response:
    """Whom one can sign in as. Exists in demo and test mode only."""
    settings: Settings = current_app.extensions["portal.settings"]
    if not settings.shows_demo:
        raise Missing
    accounts = queries.demo_accounts()
    groups: dict[str, list[dict[str, Any]]] = {}
    for found in accounts:
        groups.setdefault(_group(found), []).append(
            {
                "name": found.name,
                "email": found.email,
                "code": found.code,
                "roles": [TEXTS[role].title for role in found.roles] or [RESIDENT_TITLE],
            }
        )
    left = rules.CODE_SECONDS - int(clock.now().timestamp()) % rules.CODE_SECONDS
    return page(
        "accounts/demo.html",
        title=_("Try it out"),
        groups=groups,
        password=rules.DEMO_PASSWORD,
        left=left,
        messages=address("notify.demo_messages"),
        languages=LANGUAGE_NAMES,
    )


def _group(found: DemoAccount) -> str:
    if found.municipality_id:
        return tenancy.town_by_id(found.municipality_id).name
    return _("Running the installation") if found.roles else _("Residents")
