"""Taking over what one filed before one had an account."""

from flask import Response, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.accounts import session as sessions
from portal.accounts.forms import ClaimForm, form_page, on_to, refusals
from portal.accounts.services import claims
from portal.accounts.views.shared import me
from portal.core import tenancy
from portal.core.actor import current
from portal.core.errors import Missing
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_gettext as _l
from portal.core.i18n import ngettext
from portal.ui.pages import Link, address, say


def claim() -> Response | BaseResponse:
    """What was filed with one's own address, to be ticked; and number and code of anything else."""
    user = me()
    offered = claims.offered(user.id)
    form = ClaimForm()
    form.cases.choices = [
        (
            f"{key}:{found.id}",
            f"{found.number} – {found.title} ({tenancy.town_by_id(found.municipality_id).name})",
        )
        for key, found in offered
    ]
    if form.validate_on_submit():
        with refusals(form):
            count = claims.take(current(), user.id, form.cases.data or ())
            if form.number.data:
                try:
                    claims.by_code(current(), form.number.data, form.code.data, sessions.network())
                except Missing as problem:
                    form.blame({"code": problem.reason})
                else:
                    count += 1
            if not form.problems:
                say(
                    ngettext(
                        "%(n)s case now belongs to your account.",
                        "%(n)s cases now belong to your account.",
                        count,
                    )
                )
                return on_to(address("initiatives.mine") or url_for("accounts.account"))
    return form_page(
        "accounts/claim.html",
        form,
        _("Cases filed without an account"),
        has_offers=bool(offered),
        email=user.email or "",
        crumbs=[Link(_l("My account"), url_for("accounts.account"))],
    )
