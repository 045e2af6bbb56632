"""The administrator's pages: who belongs to the team, invitations, roles, leaving.

Each weighty act has a page of its own whose door already asks for a fresh sign-in (R12), so nothing typed
is lost to that question.
"""

from typing import Any

from flask import Response, g, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.accounts import queries
from portal.accounts.forms import ActForm, InviteForm, RolesForm, form_page, on_to, refusals
from portal.accounts.queries import Member
from portal.accounts.roles import MUNICIPAL, TEXTS
from portal.accounts.services import invitations
from portal.accounts.services import members as team
from portal.core.actor import current
from portal.core.i18n import Text, day, moment
from portal.core.i18n import gettext as _
from portal.core.policy import need
from portal.ui.pages import Link, page, say


def members() -> Response:
    """Everybody of the team, and who is invited."""
    found = queries.members(g.town.id)
    waiting = [
        {
            "id": invited.id,
            "email": invited.email,
            "roles": [TEXTS[role].title for role in invited.roles],
            "until": moment(invited.expires_at),
        }
        for invited in queries.invited(g.town.id)
    ]
    return page(
        "accounts/members.html",
        title=_("Members"),
        members=[_row(member) for member in found],
        invited=waiting,
    )


def _row(member: Member) -> dict[str, Any]:
    return {
        "name": member.name,
        "email": member.email,
        "href": url_for("accounts.member", user_id=member.user_id),
        "roles": [TEXTS[role].title for role in member.roles],
        "is_head": member.is_head,
        "since": day(member.since),
        "last_sign_in": day(member.last_sign_in_at) if member.last_sign_in_at else _("never"),
        "disabled": member.disabled,
        "is_me": member.user_id == current().user_id,
        "elsewhere": member.elsewhere,
    }


def member(user_id: int) -> Response:
    """One member: what they are, and what an administrator can do."""
    found = queries.member(g.town.id, user_id)
    return page(
        "accounts/member.html", title=found.name, member=_row(found), user_id=user_id, crumbs=_crumbs()
    )


def invite() -> Response | BaseResponse:
    """Invite somebody by e-mail."""
    form = InviteForm(language=g.town.language)
    if form.validate_on_submit():
        with refusals(form):
            invitations.invite(
                current(), form.address, form.roles.data, form.language.data, form.form_key.data
            )
            say(_("The invitation is on its way to %(email)s.", email=form.address))
            return on_to(url_for("accounts.members"))
    return form_page("accounts/invite.html", form, _("Invite a member"), duties=_duties(), crumbs=_crumbs())


def roles(user_id: int) -> Response | BaseResponse:
    """Give and take roles."""
    found = _touched(user_id)
    form = RolesForm(roles=[role.value for role in found.roles], is_head=found.is_head)
    if form.validate_on_submit():
        with refusals(form):
            team.set_roles(current(), user_id, form.roles.data, is_head=form.is_head.data)
            say(_("The roles are saved and count from the next click on."))
            return on_to(url_for("accounts.member", user_id=user_id))
    return form_page(
        "accounts/member_roles.html", form, _("Roles of a member"), duties=_duties(), name=found.name,
        crumbs=_crumbs(found),
    )  # fmt: skip


def remove(user_id: int) -> Response | BaseResponse:
    """End somebody's membership."""
    found = _touched(user_id)
    form = ActForm()
    if form.validate_on_submit():
        team.remove(current(), user_id)
        say(_("The person no longer belongs to the team and is signed out everywhere."))
        return on_to(url_for("accounts.members"))
    return _question(form, found, "remove", _("Remove from the team"), danger=True)


def close(user_id: int) -> Response | BaseResponse:
    """Close somebody's account."""
    found = _touched(user_id)
    form = ActForm()
    if form.validate_on_submit():
        with refusals(form):
            team.close(current(), user_id)
            say(_("The account is closed and signed out everywhere."))
            return on_to(url_for("accounts.members"))
    return _question(form, found, "close", _("Close the account"), danger=True)


def reopen(user_id: int) -> Response | BaseResponse:
    """Open a closed account again."""
    found = _touched(user_id)
    form = ActForm()
    if form.validate_on_submit():
        team.reopen(current(), user_id)
        say(_("The account is open again."))
        return on_to(url_for("accounts.member", user_id=user_id))
    return _question(form, found, "reopen", _("Open the account again"))


def setup(user_id: int) -> Response | BaseResponse:
    """Send a link to set up password and second factor anew."""
    found = _touched(user_id)
    form = ActForm()
    if form.validate_on_submit():
        with refusals(form):
            invitations.send_setup(current(), user_id)
            say(_("The link is on its way to %(email)s.", email=found.email))
            return on_to(url_for("accounts.member", user_id=user_id))
    return _question(form, found, "setup", _("Send a new set-up link"))


def withdraw(invitation_id: int) -> BaseResponse:
    """Withdraw an invitation nobody has accepted."""
    invitations.withdraw_invitation(current(), invitation_id)
    say(_("The invitation no longer works."))
    return on_to(url_for("accounts.members"))


def _touched(user_id: int) -> Member:
    """The member a weighty page is about; asked here already, so that nobody fills in a form in vain."""
    found = queries.member(g.town.id, user_id)
    need(current(), "member.manage", found)
    return found


def _question(form: ActForm, found: Member, act: str, label: str, *, danger: bool = False) -> Response:
    return form_page(
        "accounts/member_act.html",
        form,
        label,
        act=act,
        member=_row(found),
        confirm_label=label,
        back_href=url_for("accounts.member", user_id=found.user_id),
        danger=danger,
        crumbs=_crumbs(found),
    )


def _crumbs(found: Member | None = None) -> list[Link]:
    crumbs = [Link(_("Members"), url_for("accounts.members"))]
    if found is not None and request.endpoint != "accounts.member":
        crumbs.append(Link(found.name, url_for("accounts.member", user_id=found.user_id)))
    return crumbs


def _duties() -> dict[str, Text]:
    return {role.value: TEXTS[role].duty for role in MUNICIPAL}
