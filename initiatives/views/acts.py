"""Small form pages of one public case: support, follow, comment, report; and the author's own acts."""

from collections.abc import Callable
from typing import Any

from flask import g, redirect, url_for
from werkzeug.wrappers import Response as BaseResponse

from initiatives import queries, rules, services
from initiatives.forms.filing import (
    AppealForm,
    CommentForm,
    CompleteForm,
    ReasonForm,
    ReportForm,
    ResultForm,
    ToggleForm,
)
from initiatives.models import Initiative, Place
from initiatives.services import What
from initiatives.views import filing
from portal.content import queries as content
from portal.content import services as content_services
from portal.content.models import Stance
from portal.core import actor as actors
from portal.core.consent import WORDS, Purpose
from portal.core.errors import Conflict, Invalid, Missing, NotAllowed
from portal.core.i18n import current_locale
from portal.core.i18n import gettext as _
from portal.core.policy import Help, can
from portal.ui.pages import Link, page, say


def _public(number: str) -> Initiative:
    case = queries.case_by_number(number)
    if not case.is_public or case.state == "withdrawn":
        raise Missing
    return case


def _own(number: str) -> Initiative:
    """A case of the present author; for everybody else there is none, or it is not theirs."""
    try:
        case = queries.case_by_number(number)
    except Missing:
        raise Missing(would_help=Help.OPEN_CASE) from None
    verdict = can(actors.current(), "initiative.own", case)
    if verdict:
        return case
    if not case.is_public:
        raise Missing(would_help=Help.OPEN_CASE)
    raise NotAllowed(verdict.reason, verdict.would_help and Help.OPEN_CASE)


def _href(case: Initiative) -> str:
    return url_for("initiatives.detail", number=(case.number or "").lower())


def _back(case: Initiative) -> BaseResponse:
    return redirect(_href(case), 303)


def _form_page(template: str, case: Initiative, form: Any, title: str, **more: Any) -> BaseResponse:
    crumbs = [
        Link(_("Home"), url_for("pages.home")),
        Link(g.town.name, url_for("pages.town")),
        Link(_("Initiatives"), url_for("initiatives.listing")),
        Link(case.number or "", _href(case)),
    ]
    status = 422 if form.is_submitted() and form.problems else 200
    return page(
        f"initiatives/acts/{template}.html",
        status,
        title=title,
        crumbs=crumbs,
        case=case,
        form=form,
        back_href=_href(case),
        **more,
    )


def _tried(form: Any, act: Callable[[], Any]) -> bool:
    """Run the act of a valid form; what the service refuses is shown at the form."""
    if not form.validate_on_submit():
        return False
    try:
        act()
    except (Invalid, Conflict) as problem:
        form.blame(getattr(problem, "fields", {}), problem.reason)
        return False
    return True


def support(number: str) -> BaseResponse:
    """Support it, or take the support back."""
    case, actor = _public(number), actors.current()
    already = queries.supports(case.id, content_services.person_of_user(actor.user_id or 0))
    form = ToggleForm(wanted="off" if already else "on")
    if form.validate_on_submit():
        if form.is_on:
            services.support(actor, case.id)
            say(_("Thank you. Your support counts."))
        else:
            services.unsupport(actor, case.id)
            say(_("Your support was taken back."))
        return _back(case)
    title = _("Take your support back?") if already else _("Support this initiative?")
    return _form_page(
        "confirm",
        case,
        form,
        title,
        confirm_label=_("Take back") if already else _("Support"),
        kind="support",
    )


def follow(number: str) -> BaseResponse:
    """Follow it, or stop."""
    case, actor = _public(number), actors.current()
    already = content.follows(*case.about, content_services.person_of_user(actor.user_id or 0))
    form = ToggleForm(wanted="off" if already else "on")
    if form.validate_on_submit():
        if form.is_on:
            services.follow(actor, case.id, current_locale())
            say(_("You will hear of every important step."))
        else:
            services.unfollow(actor, case.id)
            say(_("You will hear no more of it."))
        return _back(case)
    title = _("Stop following?") if already else _("Follow this initiative?")
    return _form_page(
        "confirm",
        case,
        form,
        title,
        confirm_label=_("Stop following") if already else _("Follow"),
        kind="follow",
    )


def comment(number: str) -> BaseResponse:
    """Say something to it."""
    case, actor, form = _public(number), actors.current(), CommentForm()

    held = False

    def act() -> None:
        nonlocal held
        held = services.comment(
            actor,
            case.id,
            Stance(form.stance.data),
            form.text.data or "",
            current_locale(),
            form.form_key.data or "",
            shows_name=bool(form.shows_name.data),
        )

    if _tried(form, act):
        if held:
            say(
                _(
                    "Thank you for your comment. It holds a link, so the team looks at it before others see it."
                ),
                "info",
            )
        else:
            say(_("Thank you for your comment."))
        return _back(case)
    return _form_page("comment", case, form, _("Comment on this initiative"), name=actor.name)


def report(number: str) -> BaseResponse:
    """Tell the team that something is wrong."""
    case, form = _public(number), ReportForm()
    if _tried(
        form,
        lambda: services.report(actors.current(), case.id, form.reason.data or "", form.form_key.data or ""),
    ):
        say(_("Thank you. The team looks at it."))
        return _back(case)
    return _form_page("report", case, form, _("Report something that is not in order"))


def complete(number: str) -> BaseResponse:
    """Complete a returned case and send it again."""
    case = _own(number)
    if case.state not in ("returned", "lapsed"):
        raise Missing
    form = CompleteForm(
        title=case.title,
        text=case.text,
        category=case.category,
        language=case.language,
        cost=None if case.cost_minor is None else case.cost_minor // 100,
        place=(case.place or Place.WHOLE).value,
        lat=case.lat,
        lon=case.lon,
        address=case.address,
        district=case.district,
        version=str(case.version),
    )
    form.set_town(g.town, filing._districts())

    def act() -> None:
        what = What(
            form.title.data or "",
            form.text.data or "",
            form.category.data or "",
            form.cost.data,
            form.language.data,
        )
        services.complete(actors.current(), case.id, what, filing.where_of(form), form.made_from or 0)

    if _tried(form, act):
        say(_("Thank you. The monitoring team looks at it again."))
        return _back(case)
    due = content.open_deadlines(*case.about)
    return _form_page(
        "complete",
        case,
        form,
        _("Complete your initiative"),
        defects=case.defects,
        due=due[0].due_on if due else None,
        currency=g.town.currency,
        map=filing.picker_map(),
        script_href=url_for("initiatives.map_script", picker=1),
    )


def withdraw(number: str) -> BaseResponse:
    """Take the case back."""
    case, form = _own(number), ReasonForm()
    if "withdraw" not in {move.verb for move in case.WORKFLOW.moves_from(case.state)}:
        raise Missing
    if _tried(form, lambda: services.withdraw(actors.current(), case.id, form.note.data or "")):
        say(_("Your initiative was withdrawn."))
        return redirect(url_for("initiatives.listing"), 303)
    return _form_page(
        "withdraw", case, form, _("Withdraw your initiative?"), danger=True, confirm_label=_("Withdraw")
    )


def name(number: str) -> BaseResponse:
    """Show the author's name with the initiative, or no longer; as easy one way as the other."""
    case = _own(number)
    if case.author is None or not case.author.name or case.state == "withdrawn":
        raise Missing
    shown = case.author.shows_name
    form = ToggleForm(wanted="off" if shown else "on")
    if _tried(form, lambda: services.show_name(actors.current(), case.id, shown=form.is_on)):
        say(_("Your name is shown.") if form.is_on else _("Your name is no longer shown."))
        return _back(case)
    return _form_page(
        "confirm",
        case,
        form,
        _("Hide your name?") if shown else _("Show your name?"),
        confirm_label=_("Hide my name") if shown else WORDS[Purpose.NAME].text,
        kind="name",
        shown_name=case.author.name,
    )


def appeal(number: str) -> BaseResponse:
    """Appeal against a refusal."""
    case, form = _own(number), AppealForm()
    if case.state != "refused":
        raise Missing
    if _tried(form, lambda: services.appeal(actors.current(), case.id, form.note.data or "")):
        say(_("Your appeal has arrived. Another person decides about it."))
        return _back(case)
    return _form_page(
        "appeal",
        case,
        form,
        _("Appeal against the refusal"),
        refusal=rules.may_appeal(case),
        days=rules.APPEAL_DECISION_DAYS,
    )


def result(number: str) -> BaseResponse:
    """Say whether it helped."""
    case, form = _own(number), ResultForm()
    if case.state not in ("done", "partly_done"):
        raise Missing
    if _tried(
        form, lambda: services.judge(actors.current(), case.id, form.verdict.data or "", form.note.data or "")
    ):
        say(_("Thank you. Your answer stands in the history."))
        return _back(case)
    return _form_page("result", case, form, _("Did it help?"))
