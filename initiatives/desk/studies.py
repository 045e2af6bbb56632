"""The two studies: one's own sheet, the sheets side by side, the synthesis; and the milestones of what was adopted."""

from typing import Any

from flask import Response, g, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from initiatives import queries, rules, services
from initiatives.desk import entry
from initiatives.desk.actions import blocked_by
from initiatives.desk.sheets import PARTS_OF, TITLES, compared, may_compare, sheet_of
from initiatives.forms.desk import SHEET_FORMS, MilestoneForm, StudyForm, SynthesisForm
from initiatives.forms.verbs import version_of
from initiatives.models import Initiative, Sheet, StudyKind
from initiatives.states import STUDIES, WORKFLOW
from portal.core import actor as actors
from portal.core.errors import Conflict, Invalid, Missing
from portal.core.i18n import Text
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_gettext as _l
from portal.ui.pages import page, say

MOVED_ON = _l("The case has moved on meanwhile. Look at its present state and decide again.")


def study(number: str, kind: str) -> BaseResponse:
    """One's own sheet of a study; below it the others', once one's own is finished."""
    try:
        chosen = StudyKind(kind)
    except ValueError:
        raise Missing from None
    case = entry.opened(number, "initiative.assess")
    own = sheet_of(case, chosen, actors.current().user_id)
    form = _sheet_form(chosen, own)
    if not form.is_submitted():
        return _study_page(case, chosen, form, own)
    if not form.validate():
        return _study_page(case, chosen, form, own, 422)
    finished = request.form.get("go") == "finish"
    try:
        _save(case, chosen, form, finished=finished)
    except Invalid as problem:
        form.blame(problem.fields, problem.reason)
        case = entry.opened(number, "initiative.assess")
        return _study_page(case, chosen, form, sheet_of(case, chosen, actors.current().user_id), 422)
    except Conflict:
        return _sheet_conflict(number, chosen, form, finished=finished)
    say(_("Your sheet is finished.") if finished else _("Your draft is saved."))
    return _to_study(number, chosen)


def _to_study(number: str, kind: StudyKind) -> BaseResponse:
    return redirect(url_for("initiatives.study", number=number, kind=kind.value), 303)


def _save(case: Initiative, kind: StudyKind, form: StudyForm, *, finished: bool) -> None:
    costs = (form.cost_once.data, form.cost_yearly.data) if "cost_once" in form else (None, None)
    services.save_sheet(
        actors.current(),
        case.id,
        kind,
        form.words(),
        form.scores(),
        costs,
        version_of(form),
        finished=finished,
    )


def _sheet_form(kind: StudyKind, own: Sheet | None) -> StudyForm:
    values: dict[str, Any] = {"version": str(own.version if own else 0)}
    if own is not None:
        values |= own.parts
        values |= {f"{part}_score": str(score) for part, score in own.scores.items()}
        values["cost_once"] = None if own.cost_once_minor is None else own.cost_once_minor // 100
        values["cost_yearly"] = None if own.cost_yearly_minor is None else own.cost_yearly_minor // 100
    return SHEET_FORMS[kind](data=values)


def _sheet_conflict(number: str, kind: StudyKind, form: StudyForm, *, finished: bool) -> BaseResponse:
    """The sheet was saved elsewhere meanwhile, or the study is over: both texts beside each other."""
    case = entry.opened(number, "initiative.assess")
    own = sheet_of(case, kind, actors.current().user_id)
    same = own is not None and own.parts == form.words() and own.scores == form.scores()
    if own is not None and same and own.finished >= finished:  # The second post of a double click.
        return _to_study(number, kind)
    form.version.data = str(own.version if own else 0)
    return _study_page(case, kind, form, own, 409)


def _study_page(
    case: Initiative, kind: StudyKind, form: StudyForm, own: Sheet | None, status: int = 200
) -> Response:
    running = case.state == f"{kind.value}_study"
    user_id = actors.current().user_id
    shows = may_compare(case, kind, user_id)
    fixed = own is not None and rules.is_compared(own, case.sheets)
    moves = [m for m in WORKFLOW.moves_from(case.state) if m.verb in ("start_feasibility", "recommend")]
    return page(
        "initiatives/desk/study.html",
        status,
        title=f"{TITLES[kind]}: {case.number}",
        heading=TITLES[kind],
        crumbs=entry.crumbs(case),
        case=case,
        form=form,
        running=running,
        # What was typed must not get lost when the study ended meanwhile.
        writes=(running and not fixed) or status != 200,
        changed=status == 409,
        saved=own if status == 409 else None,
        own=own,
        parts=[(form[part], form[f"{part}_score"], part) for part in PARTS_OF[kind]],
        has_costs="cost_once" in form,
        comparison=compared(case, kind) if shows else None,
        hidden_count=0 if shows else sum(1 for s in case.sheets if s.kind is kind and s.finished),
        waits_for=next(filter(None, (blocked_by(case, move) for move in moves)), "") if running else "",
        currency=g.town.currency,
        back_href=entry.href_of(case),
    )


# ---- synthesis ----


def synthesis(number: str) -> BaseResponse:
    """What residents want beside what law and money allow, the trade-off, the recommendation."""
    case = entry.opened(number, "initiative.recommend")
    form = SynthesisForm(data=_synthesis_of(case))
    if not form.is_submitted():
        if case.state not in STUDIES:
            raise Conflict(MOVED_ON)
        return _synthesis_page(case, form)
    send = request.form.get("go") == "send"
    if not (form.validate_to_send() if send else form.validate()):
        return _synthesis_page(case, form, 422)
    try:
        _recommend(case, form, send=send)
    except Invalid as problem:
        form.blame(problem.fields, problem.reason)
        return _synthesis_page(entry.opened(number, "initiative.recommend"), form, 422)
    except Conflict:
        return _synthesis_conflict(number, form, send=send)
    if send:
        say(_("The recommendation is with the decision-maker."))
        return entry.back_to(case)
    say(_("The synthesis is saved."))
    return redirect(url_for("initiatives.synthesis", number=number), 303)


def _recommend(case: Initiative, form: SynthesisForm, *, send: bool) -> None:
    services.recommend(
        actors.current(),
        case.id,
        form.wanted.data or "",
        form.allowed.data or "",
        form.tradeoff.data or "",
        form.recommended.data or "",
        form.why.data or "",
        (form.cost_once.data, form.cost_yearly.data),
        form.source.data or "",
        version_of(form),
        send=send,
    )


def _synthesis_of(case: Initiative) -> dict[str, Any]:
    """The synthesis as the fields of its form."""
    return {
        "wanted": case.wanted,
        "allowed": case.allowed,
        "tradeoff": case.tradeoff,
        "recommended": case.recommended,
        "why": case.recommended_why,
        "cost_once": None if case.cost_once_minor is None else case.cost_once_minor // 100,
        "cost_yearly": None if case.cost_yearly_minor is None else case.cost_yearly_minor // 100,
        "source": case.cost_source,
        "version": str(case.version),
    }


def _synthesis_conflict(number: str, form: SynthesisForm, *, send: bool) -> BaseResponse:
    case = entry.opened(number, "initiative.recommend")
    now = _synthesis_of(case)
    same = all(
        (form[name].data or None) == (value or None) for name, value in now.items() if name != "version"
    )
    if same and (case.state == "recommendation" or not send):  # The second post of a double click.
        return entry.back_to(case)
    form.version.data = str(case.version)
    return _synthesis_page(case, form, 409)


def _synthesis_page(case: Initiative, form: SynthesisForm, status: int = 200) -> Response:
    return page(
        "initiatives/desk/synthesis.html",
        status,
        title=_("Synthesis: %(number)s", number=case.number),
        heading=_("Synthesis and recommendation"),
        crumbs=entry.crumbs(case),
        case=case,
        form=form,
        changed=status == 409,
        comparisons=[found for kind in StudyKind if (found := compared(case, kind))],
        waits_for=_needed_before(case),
        currency=g.town.currency,
        back_href=entry.href_of(case),
    )


def _needed_before(case: Initiative) -> Text:
    """What is missing before the recommendation may be sent; the synthesis itself is on this page."""
    if case.state != "feasibility_study":
        return _("It can be sent when the feasibility study runs and two reviewers have finished it.")
    return WORKFLOW.move("recommend").guards[0](case) or ""


# ---- milestones ----


def milestones(number: str) -> BaseResponse:
    """Milestones of the realisation: plan one, or mark one as reached."""
    case = entry.opened(number, "initiative.realise")
    reached = request.form.get("milestone", "")
    if request.method == "POST" and reached.isascii() and reached.isdigit() and len(reached) < 19:
        services.reach_milestone(actors.current(), case.id, int(reached))
        say(_("The milestone is reached. Everybody who follows is told."))
        return redirect(url_for("initiatives.milestones", number=number), 303)
    form = MilestoneForm()
    if not form.validate_on_submit():
        return _milestones_page(case, form, 422 if form.is_submitted() else 200)
    try:
        services.set_milestone(
            actors.current(),
            case.id,
            form.title.data or "",
            form.planned_on.data,
            form.share.data or 0,
            form.form_key.data or "",
        )
    except Conflict as problem:
        form.blame({}, problem.reason)
        return _milestones_page(entry.opened(number, "initiative.realise"), form, 409)
    say(_("The milestone is planned."))
    return redirect(url_for("initiatives.milestones", number=number), 303)


def _milestones_page(case: Initiative, form: MilestoneForm, status: int) -> Response:
    return page(
        "initiatives/desk/milestones.html",
        status,
        title=_("Milestones: %(number)s", number=case.number),
        heading=_("Milestones"),
        crumbs=entry.crumbs(case),
        case=case,
        form=form,
        running=case.phase == "building",
        rows=queries.milestones(case.id),
        here=url_for("initiatives.milestones", number=entry.slug_of(case)),
        back_href=entry.href_of(case),
    )
