"""Support on paper: the sheet to print, what collected sheets carried, counting them twice, striking one out."""

from dataclasses import dataclass
from typing import Any

from flask import Response, g, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from initiatives import queries, rules, services
from initiatives.desk import entry
from initiatives.formats.signatures import signatures_pdf
from initiatives.forms.signatures import CountForm, NumberForm, SheetForm, StrikeForm, version_of
from initiatives.models import Initiative, SheetState, SignatureSheet
from initiatives.services import Counted
from portal.accounts import queries as accounts
from portal.core import actor as actors
from portal.core.errors import Conflict, Invalid, Missing
from portal.core.i18n import Text, day, from_json, ngettext, speaking
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_pgettext as _p
from portal.core.policy import can
from portal.core.tokens import canonical_number
from portal.ui.pages import Link, page, public_address, say

STATES: dict[SheetState, tuple[str, Text]] = {
    SheetState.WAITING: ("study", _p("sheet", "waits for the second counting")),
    SheetState.DIFFERS: ("decision", _p("sheet", "countings differ")),
    SheetState.COUNTED: ("built", _p("sheet", "counts")),
    SheetState.STRUCK: ("ended", _p("sheet", "struck out")),
}
"""Look and label of how far a sheet has come."""
TEXT_MOST = 420
"""Signs of the text on a printed sheet: enough to know what one signs, and it stays one page."""


@dataclass(frozen=True, slots=True)
class Row:
    """A sheet in a list."""

    sheet: SignatureSheet
    look: str
    state: Text
    number: str
    href: str
    title: str = ""
    language: str = ""
    strike_href: str = ""


def _row(sheet: SignatureSheet, number: str, title: str = "", language: str = "") -> Row:
    look, label = STATES[sheet.state]
    where: dict[str, Any] = {"number": number.lower(), "sheet_id": sheet.id}
    opens = sheet.state in (SheetState.WAITING, SheetState.DIFFERS)
    return Row(
        sheet,
        look,
        label,
        number,
        url_for("initiatives.signature_sheet", **where) if opens else "",
        title,
        language,
        url_for("initiatives.signature_strike", **where) if sheet.state is not SheetState.STRUCK else "",
    )


def _crumbs(case: Initiative | None = None) -> list[Link]:
    # Not through the case desk, which is closed to most operators.
    found = [
        Link(_("Desk"), url_for("pages.town_desk")),
        Link(_("Signature sheets"), url_for("initiatives.signatures_desk")),
    ]
    return [*found, Link(case.number or "", _href(case))] if case is not None else found


def _href(case: Initiative) -> str:
    return url_for("initiatives.signatures", number=entry.slug_of(case))


def desk() -> BaseResponse:
    """What has to be counted again, and the way to the sheets of a case."""
    typed = request.args.get("number", "").strip()
    wrong = ""
    if typed:
        number = canonical_number(typed)
        try:
            case = queries.case_by_number(number or "", with_sheets=False)
        except Missing:
            case = None
        if case is not None and can(actors.current(), "initiative.count", case):
            return redirect(_href(case), 303)
        wrong = _(
            "There is no public initiative of this number here whose signatures you may count. Check the number."
        )
    form = NumberForm(formdata=None, number=typed)
    if wrong:
        form.blame({"number": wrong})
    return page(
        "initiatives/desk/signatures_desk.html",
        422 if wrong else 200,
        title=_("Signature sheets"),
        crumbs=_crumbs()[:1],
        form=form,
        here=url_for("initiatives.signatures_desk"),
        rows=[_row(*found) for found in queries.open_sheets(actors.current())],
    )


def signatures(number: str) -> BaseResponse:
    """The sheets of a case, and the form to enter one."""
    case = entry.opened(number, "initiative.count")
    form = SheetForm()
    if form.validate_on_submit():
        counted = Counted(form.valid.data, form.signed_on.data, form.place.data or "", form.remark.data or "")
        try:
            serial = services.enter_sheet(actors.current(), case.id, counted, form.form_key.data or "")
        except Invalid as problem:
            form.blame(problem.fields, problem.reason)
        else:
            say(
                _(
                    "The sheet has number %(n)s: write it on the paper. It counts once somebody has counted it a second time.",
                    n=serial,
                )
            )
            return redirect(_href(case), 303)
    sheets = queries.signature_sheets(case.id)
    return page(
        "initiatives/desk/signatures.html",
        422 if form.is_submitted() else 200,
        title=_("Signatures: %(number)s", number=case.number),
        heading=_("Signatures on paper"),
        crumbs=_crumbs(),
        case=case,
        form=form,
        rows=[_row(sheet, case.number or "") for sheet in sheets],
        names=accounts.names(
            who
            for sheet in sheets
            for who in (sheet.first_by, sheet.second_by, sheet.struck_by)
            if who is not None
        ),
        last_day=case.support_until,
        over=rules.support_is_over(case),
        pdf_href=url_for("initiatives.signatures_pdf", number=entry.slug_of(case)),
        public_href=url_for("initiatives.detail", number=entry.slug_of(case)),
    )


def sheet(number: str, sheet_id: int) -> BaseResponse:
    """Count a sheet again; the first number is not shown, unless two countings differ."""
    case = entry.opened(number, "initiative.count")
    row = queries.signature_sheet(case.id, sheet_id)
    form = CountForm(version=str(row.version))
    status = 200
    if form.validate_on_submit():
        actor = actors.current()
        try:
            agrees = services.count_again(actor, case.id, sheet_id, form.valid.data, version_of(form))
        except Invalid as problem:
            form.blame(problem.fields, problem.reason)
        except Conflict as problem:
            now = queries.signature_sheet(case.id, sheet_id)
            # The second post of a double click: the first one has said what came of it.
            if (now.second_by, now.second) != (actor.user_id, form.valid.data):
                say(problem.reason, "error")
            return redirect(_href(case), 303)
        else:
            if agrees:
                say(
                    ngettext(
                        "Both countings agree: %(n)s signature counts now.",
                        "Both countings agree: %(n)s signatures count now.",
                        form.valid.data or 0,
                    )
                )
                return redirect(_href(case), 303)
            say(
                _("The countings differ, so the sheet does not count yet. Look at the numbers below."),
                "error",
            )
            return redirect(url_for("initiatives.signature_sheet", number=number, sheet_id=sheet_id), 303)
        status = 422
    if row.state not in (SheetState.WAITING, SheetState.DIFFERS):
        return redirect(_href(case), 303)
    return page(
        "initiatives/desk/signature_sheet.html",
        422 if form.problems else status,
        title=_("Count sheet %(n)s again", n=row.serial),
        crumbs=_crumbs(case),
        case=case,
        sheet=row,
        form=form,
        differs=row.state is SheetState.DIFFERS,
        own=row.first_by is not None and row.first_by == actors.current().user_id and row.second is None,
        names=accounts.names(who for who in (row.first_by, row.second_by) if who is not None),
        strike_href=url_for("initiatives.signature_strike", number=number, sheet_id=sheet_id),
        back_href=_href(case),
    )


def strike(number: str, sheet_id: int) -> BaseResponse:
    """Strike a sheet out with a reason."""
    case = entry.opened(number, "initiative.count")
    row = queries.signature_sheet(case.id, sheet_id)
    if row.state is SheetState.STRUCK:
        return redirect(_href(case), 303)
    form = StrikeForm(version=str(row.version))
    if form.validate_on_submit():
        try:
            services.strike_sheet(actors.current(), case.id, sheet_id, form.why.data or "", version_of(form))
        except Invalid as problem:
            form.blame(problem.fields, problem.reason)
        except Conflict as problem:
            say(problem.reason, "error")
            return redirect(_href(case), 303)
        else:
            say(_("The sheet is struck out."))
            return redirect(_href(case), 303)
    return page(
        "initiatives/desk/signature_strike.html",
        422 if form.is_submitted() else 200,
        title=_("Strike sheet %(n)s out?", n=row.serial),
        crumbs=_crumbs(case),
        case=case,
        sheet=row,
        form=form,
        danger=True,
        confirm_label=_("Strike it out"),
        back_href=_href(case),
    )


def blank(number: str) -> Response:
    """The empty sheet to print, in the language of the town."""
    case = entry.opened(number, "initiative.count")
    import segno  # noqa: PLC0415 - needed for paper alone

    slug = entry.slug_of(case)
    with speaking(g.town.language):
        href = public_address("initiatives.detail", lang=g.town.language, number=slug)
        data = _printed(case, href, segno.make(href, error="m").svg_inline())
    response = Response(signatures_pdf(data), mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="signatures-{slug}.pdf"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _printed(case: Initiative, href: str, qr: str) -> dict[str, Any]:
    town = from_json(g.town.names)
    terms = queries.office().support
    lead = [
        _(
            "With your signature you support this initiative. Sign once only, and not if you support it in the portal."
        )
    ]
    if terms.threshold is not None:
        lead.append(
            _(
                "At %(n)s supports: %(promise)s",
                n=terms.threshold,
                promise=queries.office().say(terms.promise),
            )
        )
    if case.support_until is not None:
        lead.append(_("Support is open until %(day)s.", day=day(case.support_until)))
    return {
        "lang": g.town.language,
        "spoken": case.language,
        "town": town,
        "over": " · ".join((town, case.number or "")),
        "heading": _("Signatures for an initiative"),
        "title": case.title,
        "text": shortened(case.text).split("\n"),
        "qr": qr,
        "alt": _("QR code with the address of this page"),
        "href": href,
        "short": _("Read all of it here"),
        "lead": " ".join(lead),
        "rows": rules.SHEET_ROWS,
        "columns": [
            _("No."),
            _("First name and surname"),
            _("Part of the town or village"),
            _("Signature"),
        ],
        "office": [_("Number of the sheet"), _("Collected where"), _("Valid signatures")],
        "note_title": _("What becomes of your data."),
        "note": _(
            "Controller: %(town)s. The office needs your name, the part where you live and your signature only to count "
            "how many residents support the initiative (task in the public interest, Article 6(1)(e) GDPR). It writes "
            "down the number and no name. The sheet is kept locked and destroyed 30 days after the case has ended. Until "
            "then you may ask to see your row or to have it struck out. Signing is up to you. Data-protection officer "
            "and complaints: see the privacy notice at the address above.",
            town=town,
        ),
    }


def shortened(text: str) -> str:
    """The beginning of a text, up to a whole word."""
    text = "\n".join(line.strip() for line in text.splitlines() if line.strip())
    if len(text) <= TEXT_MOST:
        return text
    cut = text[: TEXT_MOST - 1]
    return (cut.rpartition(" ")[0] or cut).rstrip(" ,;:-–\n") + "…"
