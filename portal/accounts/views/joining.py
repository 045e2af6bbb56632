"""Accepting an invitation: with a new password and app, or by signing in with those one has."""

from typing import Any

from flask import Response, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.accounts import queries
from portal.accounts import session as sessions
from portal.accounts.forms import ActForm, JoinForm, form_page, on_to, refusals
from portal.accounts.models import VerificationKind
from portal.accounts.queries import Opened
from portal.accounts.roles import TEXTS
from portal.accounts.services import invitations
from portal.accounts.views.shared import app_to_connect, landing, link_gone, show_codes
from portal.core import tenancy
from portal.core.actor import current
from portal.core.i18n import gettext as _
from portal.ui.pages import say


def invitation(token: str) -> Response | BaseResponse:
    """Join a team: name, password and authenticator app; or one button with an account that has them."""
    link = queries.opened(token, VerificationKind.INVITATION)
    if link is None:
        return link_gone(VerificationKind.INVITATION)
    if invitations.keeps_factor(link):
        return _accept_as_member(token, link)
    user = invitations.invitee(link)
    title, done = _("Join the team"), _("Welcome to the team. You are signed in.")
    if link.data.get("again"):
        title, done = _("Set up your sign-in anew"), _("Your sign-in is set up anew. You are signed in.")
    form = JoinForm(name=user.name if user else None)
    if form.validate_on_submit():
        with refusals(form):
            user_id = invitations.accept(
                current(), token, form.name.data, form.password.data, form.code.data, form.form_key.data
            )
            person = sessions.sign_in(user_id, strong=True)
            say(done)
            return show_codes(form.form_key.data, landing(person))
    return form_page(
        "accounts/invitation.html",
        form,
        title,
        link=_invitation_facts(link),
        app=app_to_connect(link.data["factor"], link.data["email"]),
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
