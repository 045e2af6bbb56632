"""The author proposes a change after the decision, and takes it back."""

from flask import redirect, url_for
from werkzeug.wrappers import Response as BaseResponse

from initiatives import queries, services
from initiatives.forms.filing import ChangeForm, ChangeWithdrawForm
from initiatives.models import ChangeOf, Initiative
from initiatives.services import ChangeAsked
from initiatives.states import CHANGE_CLOCK, CHANGEABLE
from initiatives.views.acts import form_page, own_case, tried
from portal.core import actor as actors
from portal.core.i18n import gettext as _
from portal.ui.pages import say


def change(number: str) -> BaseResponse:
    """Propose to change what was decided."""
    case, form = own_case(number), ChangeForm()

    def act() -> None:
        asked = ChangeAsked(ChangeOf(form.of.data), form.wanted.data or "", form.why.data or "")
        services.propose_change(actors.current(), case.id, asked, form.form_key.data or "")

    if tried(form, act):
        say(_("Your proposal has arrived. The team leader answers it with reasons."))
        return _back(case)
    case = own_case(number)  # As it stands now: it may have moved on while this was written.
    return form_page(
        "change",
        case,
        form,
        _("Propose a change"),
        fits=case.state in CHANGEABLE and case.change_id is None,
        waiting=case.change_id is not None,
        days=queries.office(case.municipality_id).days[CHANGE_CLOCK],
    )


def withdraw(number: str) -> BaseResponse:
    """Take the open proposal back, after a question."""
    case = own_case(number)
    form = ChangeWithdrawForm(change=str(case.change_id or 0))
    if tried(form, lambda: services.withdraw_change(actors.current(), case.id, form.read)):
        say(_("Your proposal was taken back. Everything stays as it was decided."))
        return _back(case)
    case = own_case(number)
    return form_page(
        "change_withdraw",
        case,
        form,
        _("Take your proposal back?"),
        row=next((row for row in queries.changes(case.id) if row.id == case.change_id), None),
        confirm_label=_("Take it back"),
    )


def _back(case: Initiative) -> BaseResponse:
    return redirect(url_for("initiatives.detail", number=(case.number or "").lower()), 303)
