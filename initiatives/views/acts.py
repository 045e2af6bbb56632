"""Small form pages of one public case: support, follow, comment, report; and the author's own acts."""

from collections.abc import Callable
from typing import Any

from flask import g, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from initiatives import queries, rules, services
from initiatives.forms.filing import (
    AppealForm,
    CompleteForm,
    MergeAnswerForm,
    ReasonForm,
    ReportForm,
    ResultForm,
    ToggleForm,
    answers_for,
    asking,
)
from initiatives.models import Audience, Initiative, Place
from initiatives.services import Sent, What
from initiatives.views import filing
from portal.content import queries as content
from portal.content import services as content_services
from portal.core import actor as actors
from portal.core import tenancy
from portal.core.consent import WORDS, Purpose
from portal.core.errors import Conflict, Invalid, Missing, NotAllowed
from portal.core.i18n import current_locale
from portal.core.i18n import gettext as _
from portal.core.policy import Help, can
from portal.ui.pages import Link, page, say


def public_case(number: str) -> Initiative:
    """A case everybody may act on. Raises Missing."""
    case = queries.case_by_number(number, with_sheets=False)
    if not case.is_public or case.state == "withdrawn":
        raise Missing
    return case


def own_case(number: str) -> Initiative:
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
    """Its page, in whatever municipality it is."""
    slug = tenancy.town_by_id(case.municipality_id).slug
    return url_for("initiatives.detail", town=slug, number=(case.number or "").lower())


def _support_href(case: Initiative) -> str:
    slug = tenancy.town_by_id(case.municipality_id).slug
    return url_for("initiatives.support", town=slug, number=(case.number or "").lower())


def _back(case: Initiative) -> BaseResponse:
    return redirect(_href(case), 303)


def crumbs_of(case: Initiative, *more: Link) -> list[Link]:
    """The way from the front page down to a page below the case."""
    return [
        Link(_("Home"), url_for("pages.home")),
        Link(g.town.name, url_for("pages.town")),
        Link(_("Initiatives"), url_for("initiatives.listing")),
        Link(case.number or "", _href(case)),
        *more,
    ]


def form_page(template: str, case: Initiative, form: Any, title: str, **more: Any) -> BaseResponse:
    """The page of a small form below the case."""
    status = 422 if form.is_submitted() and form.problems else 200
    return page(
        f"initiatives/acts/{template}.html",
        status,
        title=title,
        crumbs=crumbs_of(case),
        case=case,
        form=form,
        back_href=_href(case),
        **more,
    )


def tried(form: Any, act: Callable[[], Any]) -> bool:
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
    case, actor = public_case(number), actors.current()
    already = queries.supports(case.id, content_services.person_of_user(actor.user_id or 0))
    if case.state == "merged" or services.goes_on_elsewhere(case):
        return _support_elsewhere(case, already=already)
    form = ToggleForm(wanted="off" if already else "on")
    if form.validate_on_submit():
        try:
            if form.is_on:
                services.support(actor, case.id)
                say(_("Thank you. Your support counts."))
            else:
                services.unsupport(actor, case.id)
                say(_("Your support was taken back."))
        except Conflict:
            return _support_over(case)
        return _back(case)
    if rules.support_is_over(case) and not already:
        return _support_over(case, 200)
    title = _("Take your support back?") if already else _("Support this initiative?")
    return form_page(
        "confirm",
        case,
        form,
        title,
        confirm_label=_("Take back") if already else _("Support"),
        kind="support",
    )


def _support_over(case: Initiative, status: int = 409) -> BaseResponse:
    """Support has ended: since when, and what one can still do."""
    return page(
        "initiatives/acts/support_over.html",
        status,
        title=_("Support has ended"),
        crumbs=crumbs_of(case),
        case=case,
        slug=(case.number or "").lower(),
        back_href=_href(case),
    )


def _support_elsewhere(case: Initiative, *, already: bool) -> BaseResponse:
    """Move the support to where the case goes on, or take it back; whoever supports it there already just goes there."""
    joint, actor = queries.goes_on_in(case), actors.current()
    goes_on = joint.id != case.id and joint.is_public and joint.state != "withdrawn"
    # Only what a button says: it may be one of the page as it was before the merge.
    form = ToggleForm(wanted="")
    if not already:
        if form.is_off or not goes_on:
            return _back(case)
        with tenancy.within(joint.municipality_id):
            there = queries.supports(joint.id, content_services.person_of_user(actor.user_id or 0))
        if form.is_on and there:
            return _back(joint)
        return redirect(_support_href(joint), 303)

    def act() -> None:
        if form.is_on:
            services.move_support(actor, case.id)
        else:
            services.unsupport(actor, case.id)

    if (form.is_off or (form.is_on and goes_on)) and tried(form, act):
        say(_("Your support counts on this page now.") if form.is_on else _("Your support was taken back."))
        return _back(joint if form.is_on else case)
    if not goes_on:  # Nothing is told of what is not public.
        form.wanted.data = "off"
        title, back = _("Take your support back?"), _("Take back")
        return form_page("confirm", case, form, title, confirm_label=back, kind="support")
    return form_page(
        "move_support",
        case,
        form,
        _("Where should your support count?"),
        joint=joint,
        joint_href=_href(joint),
        here_href=_support_href(case),
    )


def join(number: str, draft: str) -> BaseResponse:
    """Support and follow this one instead of filing the draft, which goes; nothing happens before the button."""
    case, mine = public_case(number), queries.draft_by_token(draft)
    form = ToggleForm(wanted="on")

    def act() -> None:
        services.join_instead(actors.current(), case.id, draft, current_locale())

    if tried(form, act):
        say(
            _(
                "Thank you. Your support counts, and you will hear of every important step. Your draft is gone."
            )
        )
        return _back(case)
    return form_page(
        "join",
        case,
        form,
        _("Join this one instead?"),
        confirm_label=_("Support and follow it"),
        draft_title=mine.title,
        draft_href=url_for("initiatives.new_what", draft=draft),
    )


def follow(number: str) -> BaseResponse:
    """Follow it, or stop."""
    case, actor = public_case(number), actors.current()
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
    return form_page(
        "confirm",
        case,
        form,
        title,
        confirm_label=_("Stop following") if already else _("Follow"),
        kind="follow",
    )


def report(number: str) -> BaseResponse:
    """Tell the team that something is wrong."""
    case, form = public_case(number), ReportForm()
    if tried(
        form,
        lambda: services.report(actors.current(), case.id, form.reason.data or "", form.form_key.data or ""),
    ):
        say(_("Thank you. The team looks at it."))
        return _back(case)
    return form_page("report", case, form, _("Report something that is not in order"))


def complete(number: str) -> BaseResponse:
    """Complete a returned case and send it again."""
    case = own_case(number)
    if request.method == "POST" and case.state not in ("returned", "lapsed"):
        return _too_late(case)
    if case.state == "submitted":  # Opened again: the case itself says where it stands.
        return _back(case)
    if case.state not in ("returned", "lapsed"):
        raise Missing
    form_class = asking(CompleteForm, case.category)
    form = form_class(
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
        **answers_for(form_class, case),
    )
    form.set_town(g.town, queries.districts_offered(case.district))
    files = [
        row for row in content.files(*case.about, public_only=False) if row.role in services.AUTHORS_FILES
    ]
    form.offer((row.id, f"{row.name}: {row.alt}" if row.alt else row.name) for row in files)

    def act() -> None:
        what = What(
            form.title.data or "",
            form.text.data or "",
            form.category.data or "",
            form.cost.data,
            form.language.data,
            form.answers(),
        )
        sent: list[Sent] = []
        hung: list[Sent] = []
        try:
            for field, role in filing.chosen(form):
                sent.append(filing.store(field, role, form.alt.data or ""))
            where, version = filing.where_of(form), form.made_from or 0
            drop = {row.id for row in files} & set(form.drop.data or ())
            hung = services.complete(actors.current(), case.id, what, where, version, sent, drop)
        finally:
            filing.forget(file for file in sent if file not in hung)

    if tried(form, act):
        say(_("Thank you. The monitoring team looks at it again."))
        return _back(case)
    due = content.open_deadlines(*case.about)
    return form_page(
        "complete",
        case,
        form,
        _("Complete your initiative"),
        defects=case.defects,
        due=due[0].due_on if due else None,
        currency=g.town.currency,
        files=files,
        slug=(case.number or "").lower(),
        photos_max=rules.PHOTOS_MAX,
        documents_max=rules.DOCUMENTS_MAX,
        map=filing.picker_map(),
        script_href=url_for("initiatives.map_script", picker=1),
    )


def _too_late(case: Initiative) -> BaseResponse:
    """It was sent meanwhile, or has gone on: nothing typed is lost, and it stands beside the text as it is now.

    The second post of a double click typed just what is there, and is led to the case.
    """
    form_class = asking(CompleteForm, case.category)
    form = form_class()
    typed = [((form.title.data or "").strip(), case.title), ((form.text.data or "").strip(), case.text)]
    if all(mine == theirs.strip() for mine, theirs in typed):
        return _back(case)
    joint = queries.joint_of(case) if case.state == "merged" else None
    if joint is not None and not joint.is_public:
        joint = None
    return page(
        "initiatives/acts/too_late.html",
        409,
        title=_("Your initiative has moved on meanwhile"),
        crumbs=crumbs_of(case),
        case=case,
        form=form,
        mine_title=form.title.data or "",
        mine_text=form.text.data or "",
        joint=joint,
        joint_href=_href(joint) if joint else "",
        back_href=_href(case),
    )


def merge(number: str) -> BaseResponse:
    """The author answers whether the case may be merged with another one."""
    case = own_case(number)
    proposal = queries.proposal(case)
    form = MergeAnswerForm(merge=str(proposal.merge.id if proposal else 0))
    agrees = form.agrees.data == "yes"
    if tried(
        form,
        lambda: services.answer_merge(
            actors.current(), case.id, form.read, form.note.data or "", agrees=agrees
        ),
    ):
        say(
            _("Thank you. The office and the other author will be told what came of it.")
            if agrees
            else _("Thank you. Your initiative goes on by itself.")
        )
        return _back(case)
    case = own_case(number)  # As it stands now: a refused answer may have come too late.
    proposal = queries.proposal(case)
    return form_page(
        "merge",
        case,
        form,
        _("May your initiative be merged with another one?"),
        proposal=proposal,
        other_href=url_for("initiatives.detail", number=proposal.number.lower()) if proposal else "",
        silent_yes=services.party(case, None).reach != "told",
        office_language=g.town.language if g.town.language != current_locale() else "",
        other_foreign=proposal.language if proposal and proposal.language != current_locale() else "",
    )


def withdraw(number: str) -> BaseResponse:
    """Take the case back."""
    case, form = own_case(number), ReasonForm()
    if "withdraw" not in {move.verb for move in case.WORKFLOW.moves_from(case.state)}:
        raise Missing
    if tried(form, lambda: services.withdraw(actors.current(), case.id, form.note.data or "")):
        say(_("Your initiative was withdrawn."))
        return _back(case)
    return form_page(
        "withdraw", case, form, _("Withdraw your initiative?"), danger=True, confirm_label=_("Withdraw")
    )


def name(number: str) -> BaseResponse:
    """Show the author's name with the initiative, or no longer; as easy one way as the other."""
    case = own_case(number)
    if case.author is None or not case.author.name or case.state == "withdrawn":
        raise Missing
    shown = case.author.shows_name
    form = ToggleForm(wanted="off" if shown else "on")
    if tried(form, lambda: services.show_name(actors.current(), case.id, shown=form.is_on)):
        say(_("Your name is shown.") if form.is_on else _("Your name is no longer shown."))
        return _back(case)
    return form_page(
        "confirm",
        case,
        form,
        _("Hide your name?") if shown else _("Show your name?"),
        confirm_label=_("Hide my name") if shown else WORDS[Purpose.NAME].text,
        kind="name",
        shown_name=case.author.name,
    )


def audience(number: str) -> BaseResponse:
    """Handle it without publication, or publish it after all; the author's wish either way."""
    case = own_case(number)
    if case.is_public or case.present.phase == "ended":
        raise Missing
    wants_public = case.audience is Audience.TEAM
    form = ToggleForm(wanted="on" if wants_public else "off")
    if tried(form, lambda: services.choose_audience(actors.current(), case.id, withheld=not form.is_on)):
        if not form.is_on:
            say(_("It is handled without publication. Only you and the team read it."))
        elif case.present.phase == "hidden":
            say(_("It will be published once the team has checked it."))
        else:
            say(_("The team reads it once more and publishes it then. You will be told."))
        return _back(case)
    return form_page(
        "confirm",
        case,
        form,
        _("Ask to publish it?") if wants_public else _("Handle it without publication?"),
        confirm_label=_("Ask to publish it") if wants_public else _("Do not publish it"),
        kind="audience",
        wants_public=wants_public,
    )


def appeal(number: str) -> BaseResponse:
    """Appeal against a refusal."""
    case, form = own_case(number), AppealForm()
    if case.state != "refused":
        raise Missing
    if tried(form, lambda: services.appeal(actors.current(), case.id, form.note.data or "")):
        say(_("Your appeal has arrived. Another person decides about it."))
        return _back(case)
    return form_page(
        "appeal",
        case,
        form,
        _("Appeal against the refusal"),
        refusal=rules.may_appeal(case),
        days=rules.APPEAL_DECISION_DAYS,
    )


def result(number: str) -> BaseResponse:
    """Say whether it helped."""
    case, form = own_case(number), ResultForm()
    if case.state not in ("done", "partly_done"):
        raise Missing
    if tried(
        form, lambda: services.judge(actors.current(), case.id, form.verdict.data or "", form.note.data or "")
    ):
        say(_("Thank you. Your answer stands in the history."))
        return _back(case)
    return form_page("result", case, form, _("Did it help?"))
