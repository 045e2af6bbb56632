"""One page on which an operator writes down what somebody says on the phone, on paper or at a meeting.

It ends on a receipt with number and code in large letters, to be read out or printed: the caller needs no
e-mail address. The code is kept sealed in the operator's session for an hour and nowhere else.
"""

from typing import Any

from flask import Response, g, redirect, request, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from initiatives import queries, services
from initiatives.desk import entry
from initiatives.desk.moves import is_reachable
from initiatives.forms.desk import CallForm
from initiatives.forms.filing import asking, place_picker
from initiatives.services import Receipt
from portal.accounts.session import open_reading
from portal.content import queries as content
from portal.core import actor as actors
from portal.core import clock, tenancy
from portal.core.actor import Channel
from portal.core.errors import Invalid, Missing
from portal.core.i18n import gettext as _
from portal.core.sealed import Unsealable, ring
from portal.ui.pages import page

RECEIPT_SECONDS = 3600
KEPT = "call_receipt"


def call() -> BaseResponse:
    """Write it down and file it; likely doubles are shown once before."""
    if "receipt" in request.args:
        return _receipt(request.args["receipt"])
    town: tenancy.Town = g.town
    form = asking(CallForm, "")(channel=Channel.PHONE.value, language=town.language, locale=town.language)
    form.set_town(town, queries.districts_offered())
    alike: list[queries.Similar] = []
    if form.validate_on_submit():
        if request.form.get("go") != "anyway":
            alike = queries.similar(form.title.data or "", form.text.data or "", form.lat.data, form.lon.data)
        if not alike and (receipt := _filed(form)):
            _keep(receipt)
            open_reading(entry.KIND, receipt.initiative_id)  # They have just written it.
            return redirect(url_for("initiatives.call", receipt=receipt.number.lower()), 303)
    return page(
        "initiatives/desk/call.html",
        422 if form.is_submitted() else 200,
        title=_("File for a caller"),
        crumbs=entry.crumbs(),
        form=form,
        similar=alike,
        map=place_picker(town),
        script_href=url_for("initiatives.map_script", picker=1),
        currency=town.currency,
    )


def _filed(form: CallForm) -> Receipt | None:
    """The receipt; None when the service refused, which the form then tells."""
    try:
        return services.take_call(
            actors.current(),
            form.came_by,
            form.what(),
            form.where(),
            form.who(),
            form.locale.data,
            form.form_key.data or "",
        )
    except Invalid as problem:
        form.blame(problem.fields, problem.reason)
        return None


def _keep(receipt: Receipt) -> None:
    kept: dict[str, Any] = {"number": receipt.number, "at": clock.now().timestamp(), "code": ""}
    if receipt.code:
        kept["code"] = ring.seal(receipt.code, f"receipt|{receipt.number}")
    session[KEPT] = kept


def _code_of(number: str) -> str:
    """The code of the case just filed in this session; empty after an hour, and for any other case."""
    kept = session.get(KEPT) or {}
    if kept.get("number") != number or clock.now().timestamp() - kept["at"] > RECEIPT_SECONDS:
        return ""
    try:
        return ring.open(kept["code"], f"receipt|{number}") if kept["code"] else ""
    except Unsealable:
        return ""


def _receipt(number: str) -> Response:
    """What the operator reads out: number, code, what happens next and until when."""
    case = entry.opened(number)
    if case.taken_by_user_id != actors.current().user_id:
        raise Missing
    due = content.open_deadlines(*case.about)
    response = page(
        "initiatives/desk/receipt.html",
        title=_("It is filed"),
        crumbs=entry.crumbs(),
        case=case,
        code=_code_of(case.number or ""),
        due=due[0].due_on if due else None,
        check_days=queries.office().days["check"],
        told=is_reachable(case),
        case_href=entry.href_of(case),
        again_href=url_for("initiatives.call"),
        follow_href=url_for("initiatives.follow", _external=True),
    )
    response.headers["Cache-Control"] = "no-store"
    return response
