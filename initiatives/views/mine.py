"""One's own cases: opened by number and code, by the link of a message, or listed in the account."""

from flask import redirect, url_for
from werkzeug.wrappers import Response as BaseResponse

from initiatives import queries, services
from initiatives.forms.filing import EchoForm, FollowForm
from initiatives.states import HELPED
from portal.accounts.session import network, open_case
from portal.core import actor as actors
from portal.core import tenancy, throttle, tokens
from portal.core.errors import Conflict, Invalid, Missing
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_gettext as _l
from portal.ui.pages import Link, page

LINK_SECONDS = 400 * 86400


def follow() -> BaseResponse:
    """Number and code open a case for fifteen minutes; every mistake gets the same answer."""
    form = FollowForm()
    if form.validate_on_submit():
        throttle.hit(throttle.CODE_NETWORK, network())
        throttle.hit(throttle.CODE_CASE, tokens.canonical_number(form.number.data or "") or form.number.data)
        try:
            case = services.open_by_code(form.number.data or "", form.code.data or "")
        except Missing as problem:
            form.blame({"code": problem.reason})
        else:
            return _opened(case.municipality_id, case.id, case.number or "")
    return page(
        "initiatives/follow.html",
        422 if form.is_submitted() else 200,
        title=_("Follow your case"),
        crumbs=[Link(_("Home"), url_for("pages.home"))],
        form=form,
    )


def follow_link(token: str) -> BaseResponse:
    """The link of a message: exchanged at once for an address without the secret (R13)."""
    opened = tokens.signer.open("initiative-follow", token, LINK_SECONDS)
    if not isinstance(opened, list) or len(opened) != 3:
        raise Missing(_l("This link no longer works. Use the number and the code of your case instead."))
    municipality_id, case_id, stamp = opened
    with tenancy.within(municipality_id):
        case = queries.case(case_id)
        known = (case.author.code_hash or "account")[:12] if case.author else ""
        if known != stamp:
            raise Missing(_l("This link no longer works. Use the number and the code of your case instead."))
        return _opened(case.municipality_id, case.id, case.number or "")


def echo(token: str) -> BaseResponse:
    """Did it help? One question to whoever was asked by this link, with or without an account."""
    municipality_id, echo_id = services.echo_place(token)
    form = EchoForm()
    with tenancy.within(municipality_id):
        row = queries.echo_by_id(echo_id)
        if row is None:
            raise Missing(_l("This link no longer works."))
        case = queries.case(row.initiative_id, with_sheets=False)
        over = row.round != case.echo_round or case.state not in services.ASKED_IN
        if row.answer is None and not over and form.validate_on_submit():
            try:
                services.answer_echo(actors.current(), token, form.answer.data or "", form.words.data or "")
            except (Invalid, Conflict) as problem:
                form.blame(getattr(problem, "fields", {}), problem.reason)
            else:
                return redirect(url_for("initiatives.echo", token=token), 303)
        town = tenancy.town_by_id(municipality_id)
        response = page(
            "initiatives/echo.html",
            422 if form.is_submitted() and form.problems else 200,
            title=_("Did it help?"),
            crumbs=[Link(_("Home"), url_for("pages.home"))],
            form=form,
            case=case,
            town_name=town.name,
            answer=HELPED[row.answer.value] if row.answer else "",
            over=over,
            case_href=url_for("initiatives.detail", town=town.slug, number=(case.number or "").lower()),
        )
    response.headers["Cache-Control"] = "no-store"
    return response


def _opened(municipality_id: int, case_id: int, number: str) -> BaseResponse:
    open_case("initiative", case_id)
    slug = tenancy.town_by_id(municipality_id).slug
    return redirect(url_for("initiatives.detail", town=slug, number=number.lower()), 303)


def initiatives() -> BaseResponse:
    """Everything this account filed, drafts too."""
    user_id = actors.current().user_id
    cards = queries.of_author(user_id) if user_id else []
    return page(
        "initiatives/mine.html",
        title=_("My initiatives"),
        crumbs=[Link(_("Home"), url_for("pages.home")), Link(_("My account"), url_for("accounts.account"))],
        cards=cards,
        drafts={card.id: queries.draft_token(card.id) for card in cards if card.state == "draft"},
    )
