"""Pages of passkeys: make, name and remove them in the account; sign in with one, alone or after the password.

The browser's part needs our script (`frontend/js/passkey.js`); each page says what to do without it. The
challenge lies in the session of the server, is bound to what the page is for and is taken by the first post.
"""

from flask import Response, request, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.accounts import queries, rules
from portal.accounts import session as sessions
from portal.accounts.forms import (
    ActForm,
    NewPasskeyForm,
    PasskeyForm,
    PasskeyNameForm,
    form_page,
    on_to,
    refusals,
)
from portal.accounts.services import passkeys
from portal.accounts.services.passkeys import Party, Proved
from portal.accounts.services.sign_in import forgive_attempts
from portal.accounts.views.shared import begin_again, landing, me, pending, wanted
from portal.core import clock
from portal.core.actor import current
from portal.core.errors import Invalid
from portal.core.i18n import Text
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_gettext as _l
from portal.core.tokens import new_secret
from portal.ui.pages import Link, say

CHALLENGE = "passkey"
"""Key of the session: the challenge, what it is for, until when."""


def _new_challenge(purpose: str) -> str:
    challenge = new_secret()
    until = (clock.now() + rules.PASSKEY_WITHIN).timestamp()
    session[CHALLENGE] = {"challenge": challenge, "for": purpose, "until": until}
    return challenge


def _take_challenge(purpose: str) -> str:
    """The challenge of the page just sent; good once. Raises Invalid when it is over or of another page."""
    kept = session.pop(CHALLENGE, None)
    if not kept or kept["for"] != purpose or kept["until"] < clock.now().timestamp():
        raise Invalid(_l("That took too long. Press the button again."))
    return str(kept["challenge"])


def _us() -> Party | None:
    return passkeys.party(request.host)


def _crumbs() -> list[Link]:
    return [Link(_l("Signing in"), url_for("accounts.security"))]


def new_passkey() -> Response | BaseResponse:
    """Make a passkey on this device, or on a phone or security key at hand."""
    user, us = me(), _us()
    form = NewPasskeyForm(name=rules.agent_family(request.user_agent.string) or _("My device"))
    if us and form.validate_on_submit():
        with refusals(form):
            challenge = _take_challenge("new")
            passkeys.add(current(), user.id, form.answer.data, challenge, us, form.name.data)
            say(_("The passkey is saved. From now on you can sign in with it."))
            return on_to(url_for("accounts.security"))
    form.answer.data = ""
    return form_page(
        "accounts/new_passkey.html",
        form,
        _("Add a passkey"),
        options=passkeys.creation_options(user, _new_challenge("new"), us) if us else "",
        has_password=user.password_hash is not None,
        crumbs=_crumbs(),
        back_href=url_for("accounts.security"),
    )


def passkey(passkey_id: int) -> Response | BaseResponse:
    """Call one of one's passkeys by another name."""
    found = passkeys.own(current().user_id or 0, passkey_id)
    form = PasskeyNameForm(name=found.name)
    if form.validate_on_submit():
        with refusals(form):
            passkeys.rename(current(), current().user_id or 0, passkey_id, form.name.data)
            say(_("The new name is saved."))
            return on_to(url_for("accounts.security"))
    return form_page("accounts/passkey_name.html", form, _("Name of a passkey"), crumbs=_crumbs())


def remove_passkey(passkey_id: int) -> Response | BaseResponse:
    """Remove one of one's passkeys."""
    found = passkeys.own(current().user_id or 0, passkey_id)
    form = ActForm()
    if form.validate_on_submit():
        passkeys.remove(current(), current().user_id or 0, passkey_id)
        say(_("The passkey is removed. It opens nothing any more."))
        return on_to(url_for("accounts.security"))
    return form_page(
        "accounts/remove_passkey.html",
        form,
        _("Remove a passkey"),
        name=found.name,
        confirm_label=_("Remove the passkey"),
        back_href=url_for("accounts.security"),
        danger=True,
        crumbs=_crumbs(),
    )


def sign_in_passkey() -> Response | BaseResponse:
    """Sign in with a passkey and nothing else."""
    if current().signed_in:
        return on_to(wanted() or url_for("accounts.account"))
    form, proved = _proved("enter", None, sessions.network())
    if proved:
        return _enter(proved, wanted())
    return _page(form, "enter", None, _("Sign in with a passkey"), next=wanted() or "")


def second_factor_passkey() -> Response | BaseResponse:
    """Staff: a passkey in place of the code, after the password."""
    begun = pending()
    if begun is None:
        return begin_again()
    form, proved = _proved("factor", begun["user"], begun["source"])
    if proved:
        forgive_attempts(proved.email, proved.user_id, begun["source"])
        return _enter(proved, begun["next"])
    return _page(form, "factor", begun["user"], _("Your passkey"))


def confirm_passkey() -> Response | BaseResponse:
    """Before something weighty: the passkey once more (R12)."""
    target = wanted() or url_for("accounts.account")
    if current().fresh:
        return on_to(target)
    form, proved = _proved("confirm", current().user_id, sessions.network())
    if proved:
        sessions.confirm()
        return on_to(target)
    return _page(form, "confirm", current().user_id, _("Confirm that it is you"), next=target)


def _proved(purpose: str, user_id: int | None, source: str) -> tuple[PasskeyForm, Proved | None]:
    """The form as sent, and who it proved to be; nobody while it is only shown, or when it is refused."""
    form, us = PasskeyForm(next=wanted()), _us()
    proved = None
    if us and form.validate_on_submit():
        with refusals(form):
            proved = passkeys.prove(
                current(), form.answer.data, _take_challenge(purpose), us, source, user_id
            )
    form.answer.data = ""
    return form, proved


def _page(form: PasskeyForm, purpose: str, user_id: int | None, title: Text, **context: str) -> Response:
    us = _us()
    options = passkeys.request_options(_new_challenge(purpose), us, user_id) if us else ""
    return form_page("accounts/passkey.html", form, title, options=options, purpose=purpose, **context)


def _enter(proved: Proved, target: str | None) -> BaseResponse:
    person = sessions.sign_in(proved.user_id, strong=proved.strong)
    response = on_to(rules.own_path(target) or landing(person))
    sessions.remember_device(response, queries.email_hash(proved.email))
    return response
