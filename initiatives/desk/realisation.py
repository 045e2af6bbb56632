"""The realisation of what was adopted: news, milestones, money, photos of before and after; and what people said of it."""

from typing import Any

from flask import Response, g, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from initiatives import queries, services
from initiatives.desk import entry
from initiatives.forms.desk import CostForm, MilestoneForm, NewsForm, WorkPhotoForm
from initiatives.models import Initiative
from initiatives.states import HELPED
from portal.accounts import queries as accounts
from portal.content import queries as content
from portal.content.models import FileRole
from portal.core import actor as actors
from portal.core import files
from portal.core.errors import Conflict, Invalid, Missing
from portal.core.i18n import gettext as _
from portal.ui.forms import BaseForm
from portal.ui.pages import page, say

FORMS: dict[str, type[BaseForm]] = {
    "news": NewsForm,
    "milestone": MilestoneForm,
    "cost": CostForm,
    "photo": WorkPhotoForm,
}
"""Forms of the page by what the address of their post says; each has its own names of fields."""


def realisation(number: str) -> BaseResponse:
    """All there is of the realisation, and the forms that add to it."""
    case = entry.opened(number, "initiative.realise")
    do = request.args.get("do", "")
    if request.method == "POST" and do == "reach":
        services.reach_milestone(actors.current(), case.id, _id_of(request.form.get("milestone", "")))
        say(_("The milestone is reached. Everybody who follows is told."))
        return _here(number)
    if request.method == "POST" and do == "remove":
        services.remove_work_photo(actors.current(), case.id, _id_of(request.form.get("photo", "")))
        say(_("The photo was removed."))
        return _here(number)
    forms = {name: _form(name, case, sent=name == do) for name in FORMS}
    if request.method != "POST":
        return _shown(case, forms)
    if do not in forms:  # A body no button of ours sends.
        return _shown(case, forms, 422)
    if not forms[do].validate():
        return _shown(case, forms, 422, do)
    try:
        _carry_out(case, do, forms[do])
    except Invalid as problem:
        forms[do].blame(problem.fields, problem.reason)
        return _shown(entry.opened(number, "initiative.realise"), forms, 422, do)
    except Conflict as problem:
        forms[do].blame({}, problem.reason)
        return _shown(entry.opened(number, "initiative.realise"), forms, 409, do)
    return _here(number)


def _id_of(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Missing
    return int(text)


def _here(number: str) -> BaseResponse:
    return redirect(url_for("initiatives.realisation", number=number), 303)


def _form(name: str, case: Initiative, *, sent: bool) -> Any:
    values: dict[str, Any] = {}
    if name == "cost":
        values = {
            "planned": None if case.planned_minor is None else case.planned_minor // 100,
            "spent": None if case.spent_minor is None else case.spent_minor // 100,
        }
    # Four forms on one page: only the one that was sent reads what was sent.
    given = {} if sent else {"formdata": None}
    return FORMS[name](prefix=f"{name}-", data=values, **given)


def _carry_out(case: Initiative, do: str, form: Any) -> None:
    actor, key = actors.current(), form.form_key.data or ""
    if do == "news":
        services.tell_news(actor, case.id, form.note.data or "", form.progress.data, key)
        say(_("The news is public. The author and everybody who follows are told."))
    elif do == "milestone":
        services.set_milestone(
            actor, case.id, form.title.data or "", form.planned_on.data, form.share.data or 0, key
        )
        say(_("The milestone is planned."))
    elif do == "cost":
        services.change_cost(actor, case.id, form.planned.data, form.spent.data, form.why.data or "", key)
        say(_("The sums are public."))
    else:
        _add_photo(case, form)
        say(_("The photo is public."))


def _add_photo(case: Initiative, form: WorkPhotoForm) -> None:
    role = {"before": FileRole.BEFORE, "after": FileRole.AFTER}.get(form.role.data or "")
    if role is None:
        raise Invalid(_("Choose one."), {"role": _("Choose one.")})
    if not form.photo.data:
        raise Invalid(_("Choose a photo."), {"photo": _("Choose a photo.")})
    raw, name = form.photo.data.read(files.MAX_BYTES + 1), form.photo.data.filename or ""
    try:
        files.count_day(len(raw), actors.current().user_id)
        stored = files.store_photo(raw, name)
    except Invalid as problem:
        if isinstance(problem, files.Infected):
            services.refuse_file(actors.current(), role)
        raise Invalid(problem.reason, {"photo": problem.reason}) from None
    hung = False
    try:
        hung = services.add_work_photo(actors.current(), case.id, stored, role, form.alt.data or "")
    finally:
        if not hung:
            files.forget(stored)


def _shown(case: Initiative, forms: dict[str, Any], status: int = 200, wrong: str = "") -> Response:
    shown = content.files(*case.about, public_only=False)
    changes = queries.cost_changes(case.id)
    said = queries.echo_counts(case.id, case.echo_round) if case.echo_round else None
    return page(
        "initiatives/desk/realisation.html",
        status,
        title=_("Realisation: %(number)s", number=case.number),
        heading=_("Realisation"),
        crumbs=entry.crumbs(case),
        case=case,
        forms=forms,
        wrong=forms.get(wrong),
        running=case.phase == "building",
        goes_on=case.phase == "building" or case.state in services.GOES_ON,
        rows=queries.milestones(case.id),
        today=case.local_today,
        changes=changes,
        names=accounts.names(change.user_id for change in changes if change.user_id),
        photos=[
            (heading, [file for file in shown if file.role is role])
            for heading, role in ((_("Before"), FileRole.BEFORE), (_("After"), FileRole.AFTER))
        ],
        said=said,
        helped=HELPED,
        words=queries.echo_words(case.id, case.echo_round) if said else [],
        currency=g.town.currency,
        here=url_for("initiatives.realisation", number=entry.slug_of(case)),
        slug=entry.slug_of(case),
        back_href=entry.href_of(case),
    )


def milestone(number: str, milestone_id: int) -> BaseResponse:
    """Word or date a milestone anew, or take it off the plan."""
    case = entry.opened(number, "initiative.realise")
    row = next((row for row in queries.milestones(case.id) if row.id == milestone_id), None)
    if row is None:
        raise Missing
    form = MilestoneForm(data={"title": row.title, "planned_on": row.planned_on, "share": row.share})
    drops = request.form.get("go") == "drop"
    if form.is_submitted() and (drops or form.validate()):
        try:
            if drops:
                services.drop_milestone(actors.current(), case.id, milestone_id)
            else:
                services.change_milestone(
                    actors.current(),
                    case.id,
                    milestone_id,
                    form.title.data or "",
                    form.planned_on.data,
                    form.share.data or 0,
                )
        except (Invalid, Conflict) as problem:
            form.blame(getattr(problem, "fields", {}), problem.reason)
        else:
            say(_("The milestone is off the plan.") if drops else _("The milestone is changed."))
            return _here(number)
    return page(
        "initiatives/desk/milestone.html",
        422 if form.problems else 200,
        title=_("Milestone: %(title)s", title=row.title),
        heading=_("Change a milestone"),
        crumbs=entry.crumbs(case),
        case=case,
        form=form,
        back_href=url_for("initiatives.realisation", number=entry.slug_of(case)),
    )
