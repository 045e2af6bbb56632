"""The two studies: one's own sheet, the sheets side by side, and the synthesis."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response, g, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from initiatives import queries, rules, services
from initiatives.desk import entry, merging
from initiatives.desk.actions import blocked_by
from initiatives.desk.sheets import TITLES, compared, may_compare, sheet_of
from initiatives.forms.desk import SynthesisForm
from initiatives.forms.studies import CitationForm, RemarkForm, StudyForm, sheet_form
from initiatives.forms.verbs import version_of
from initiatives.kinds import LONG_MAX, Criterion, theme_of, thread_of
from initiatives.models import Initiative, Sheet, StudyKind
from initiatives.states import STUDIES, WORKFLOW
from portal.core import actor as actors
from portal.core.errors import Conflict, Invalid, Missing, NotAllowed
from portal.core.i18n import Text
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_gettext as _l
from portal.core.registry import Evidence, EvidenceFor, registry
from portal.ui.pages import Link, page, say

MOVED_ON = _l("The case has moved on meanwhile. Look at its present state and decide again.")


@dataclass(frozen=True, slots=True)
class Row:
    """A criterion on the sheet: field of the words, field of what else is answered (or None), what an earlier
    wording was answered, and what was saved meanwhile (`saved`: words; `saved_given`: the other answer).
    """

    key: str
    words: Any
    answer: Any
    criterion: Criterion
    earlier: str = ""
    saved: str | None = None
    saved_given: str | None = None


def study(number: str, kind: str) -> BaseResponse:
    """One's own sheet of a study; below it the others', once one's own is finished."""
    chosen = _kind(kind)
    case = entry.opened(number, "initiative.assess")
    own = sheet_of(case, chosen, actors.current().user_id)
    form = _sheet_form(chosen, own)
    if not form.is_submitted():
        return _study_page(case, chosen, form, own)
    if own is not None and version_of(form) == own.version:
        merging.choose(form, own.parts)
    if not form.validate():
        return _study_page(case, chosen, form, own, 422)
    finished = request.form.get("go") == "finish"
    try:
        _save(case, chosen, form, finished=finished)
    except Invalid as problem:
        form.blame(_by_part(form, problem.fields), problem.reason)
        case = entry.opened(number, "initiative.assess")
        return _study_page(case, chosen, form, sheet_of(case, chosen, actors.current().user_id), 422)
    except Conflict:
        return _sheet_conflict(number, chosen, form, finished=finished)
    say(_("Your sheet is finished.") if finished else _("Your draft is saved."))
    return _to_study(number, chosen)


def _kind(kind: str) -> StudyKind:
    try:
        return StudyKind(kind)
    except ValueError:
        raise Missing from None


def _by_part(form: StudyForm, problems: Mapping[str, Text]) -> dict[str, Text]:
    """Each problem with the name of its part: a summary that says the same ten times tells nobody where."""
    known = {found.key for found in form.criteria}
    named = {}
    for name, text in problems.items():
        part = name.removesuffix("_score").removesuffix("_value")
        named[name] = f"{form[part].label.text}: {text}" if part in known else text
    return named


def _to_study(number: str, kind: StudyKind) -> BaseResponse:
    return redirect(url_for("initiatives.study", number=number, kind=kind.value), 303)


def _save(case: Initiative, kind: StudyKind, form: StudyForm, *, finished: bool) -> None:
    services.save_sheet(
        actors.current(),
        case.id,
        kind,
        form.words(),
        form.scores(),
        form.values_given(),
        version_of(form),
        finished=finished,
        why=form.why.data or "",
    )


def _sheet_form(kind: StudyKind, own: Sheet | None) -> StudyForm:
    return sheet_form(queries.office().asked_in(kind.value), own)


def _sheet_conflict(number: str, kind: StudyKind, form: StudyForm, *, finished: bool) -> BaseResponse:
    """The sheet was saved elsewhere meanwhile, or the study is over: both texts beside each other."""
    case = entry.opened(number, "initiative.assess")
    own = sheet_of(case, kind, actors.current().user_id)
    if own is not None and own.finished >= finished and not _differing(form, own):
        return _to_study(number, kind)  # The second post of a double click.
    form.version.data = str(own.version if own else 0)
    return _study_page(case, kind, form, own, 409)


def _differing(form: StudyForm, own: Sheet) -> set[str]:
    """Criteria that the form answers otherwise than the saved sheet."""
    words, given = form.words(), {**form.scores(), **form.values_given()}
    kept = {**own.scores, **own.values}
    return {
        found.key
        for found in form.criteria
        if words[found.key] != own.parts.get(found.key, "") or given.get(found.key) != kept.get(found.key)
    }


def _rows(case: Initiative, form: StudyForm, own: Sheet | None, *, changed: bool) -> list[Row]:
    rows = []
    other = _differing(form, own) if changed and own is not None else set()
    for found in form.criteria:
        saved = saved_given = None
        if found.key in other and own is not None:
            # An empty field is filled by taking the saved words; equal words need no choice.
            text = own.parts.get(found.key, "")
            saved = text if text != (form[found.key].data or "") else None
            saved_given = queries.given_text(found, own, case.currency) or "–"
        rows.append(
            Row(
                found.key,
                form[found.key],
                form.answer_to(found),
                found,
                _earlier(found, own),
                saved,
                saved_given,
            )
        )
    return rows


def _earlier(found: Criterion, own: Sheet | None) -> str:
    """What was written to an earlier wording, while nothing is written to this one."""
    if own is None or own.parts.get(found.key):
        return ""
    same = (text for key, text in own.parts.items() if key != found.key and thread_of(key) == found.thread)
    return next(filter(None, same), "")


def _study_page(
    case: Initiative, kind: StudyKind, form: StudyForm, own: Sheet | None, status: int = 200
) -> Response:
    running = case.state == f"{kind.value}_study"
    shows = may_compare(case, kind, actors.current().user_id)
    moves = [m for m in WORKFLOW.moves_from(case.state) if m.verb in ("start_feasibility", "recommend")]
    comparison = compared(case, kind) if shows else None
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
        writes=running or status != 200,
        changed=status == 409,
        own=own,
        rows=_rows(case, form, own, changed=status == 409),
        explains=own is not None and rules.is_compared(own, case.sheets),
        comparison=comparison,
        compare_href=_compare_href(case, kind) if comparison else "",
        hidden_count=0 if shows else sum(1 for s in case.sheets if s.kind is kind and s.finished),
        waits_for=next(filter(None, (blocked_by(case, move) for move in moves)), "") if running else "",
        currency=g.town.currency,
        back_href=entry.href_of(case),
        voice=queries.voice(case) if kind is StudyKind.PURPOSE else None,
        citations=queries.citations(case.id) if kind is StudyKind.PURPOSE else [],
        found_evidence=_found_evidence(case) if kind is StudyKind.PURPOSE else [],
        cite_href=url_for("initiatives.cite", number=entry.slug_of(case)),
        may_cite=case.state in STUDIES,
    )


def _compare_href(case: Initiative, kind: StudyKind) -> str:
    return url_for("initiatives.compare", number=entry.slug_of(case), kind=kind.value)


def _found_evidence(case: Initiative) -> list[Evidence]:
    """What other modules know of surveys on the matter."""
    wanted = EvidenceFor(theme_of(case.category), f"{case.title} {case.text}", case.district)
    return registry.evidence(wanted)


# ---- side by side ----


def compare(number: str, kind: str) -> BaseResponse:
    """The finished sheets beside each other, marked where views part, with what is said about that (POST)."""
    chosen = _kind(kind)
    case = entry.opened(number, "initiative.assess")
    if not may_compare(case, chosen, actors.current().user_id):
        raise NotAllowed(_("You see the others’ sheets when your own is finished."))
    on = request.args.get("part", "")
    form = RemarkForm(prefix=f"{on}-")
    if not form.is_submitted():
        return _compare_page(case, chosen, form)
    if not form.validate():
        return _compare_page(case, chosen, form, 422)
    try:
        services.discuss(
            actors.current(),
            case.id,
            chosen,
            on,
            form.text.data or "",
            form.form_key.data or "",
        )
    except Conflict as problem:
        form.blame({}, problem.reason)
        return _compare_page(entry.opened(number, "initiative.assess"), chosen, form, 409)
    say(_("Your words stand below the criterion. Only the team reads them."))
    return redirect(f"{_compare_href(case, chosen)}#part-{on}", 303)


def _compare_page(case: Initiative, kind: StudyKind, form: RemarkForm, status: int = 200) -> Response:
    found = compared(case, kind)
    own = sheet_of(case, kind, actors.current().user_id)
    typed = request.args.get("part", "") if form.is_submitted() else ""
    remarks = {}
    if found is not None and case.state in STUDIES:
        for part in found.parts:
            if part.differs or part.said or part.key == typed:
                remarks[part.key] = form if part.key == typed else RemarkForm(None, prefix=f"{part.key}-")
    return page(
        "initiatives/desk/compare.html",
        status,
        title=_("Side by side: %(study)s, %(number)s", study=TITLES[kind], number=case.number),
        heading=_("%(study)s side by side", study=TITLES[kind]),
        crumbs=[*entry.crumbs(case), Link(TITLES[kind], _study_href(case, kind))],
        case=case,
        form=form,
        comparison=found,
        remarks=remarks,
        own=own,
        sheet_href=_study_href(case, kind),
        may_change=own is not None and case.state == f"{kind.value}_study",
        back_href=entry.href_of(case),
    )


def _study_href(case: Initiative, kind: StudyKind) -> str:
    return url_for("initiatives.study", number=entry.slug_of(case), kind=kind.value)


# ---- citations of surveys ----


def cite(number: str) -> BaseResponse:
    """Cite a result of a survey, or take a citation away (POST with its number)."""
    case = entry.opened(number, "initiative.assess")
    gone = request.form.get("remove", "")
    if request.method == "POST" and gone.isascii() and gone.isdigit() and len(gone) < 19:
        services.remove_citation(actors.current(), case.id, int(gone))
        say(_("The citation is taken away."))
        return redirect(_study_href(case, StudyKind.PURPOSE) + "#surveys-cited", 303)
    form = CitationForm()
    if not form.validate_on_submit():
        return _cite_page(case, form, 422 if form.is_submitted() else 200)
    try:
        services.cite(
            actors.current(),
            case.id,
            form.survey.data or "",
            form.wave.data or "",
            form.held_on.data,
            form.question.data or "",
            form.result.data or "",
            form.link.data or "",
            form.form_key.data or "",
        )
    except (Invalid, Conflict) as problem:
        form.blame(problem.fields if isinstance(problem, Invalid) else {}, problem.reason)
        status = 422 if isinstance(problem, Invalid) else 409
        return _cite_page(entry.opened(number, "initiative.assess"), form, status)
    say(_("The result is cited."))
    return redirect(_study_href(case, StudyKind.PURPOSE) + "#surveys-cited", 303)


def _cite_page(case: Initiative, form: CitationForm, status: int) -> Response:
    return page(
        "initiatives/desk/cite.html",
        status,
        title=_("Cite a survey"),
        crumbs=[*entry.crumbs(case), Link(TITLES[StudyKind.PURPOSE], _study_href(case, StudyKind.PURPOSE))],
        case=case,
        form=form,
        back_href=_study_href(case, StudyKind.PURPOSE),
    )


# ---- synthesis ----


def synthesis(number: str) -> BaseResponse:
    """What residents want beside what law and money allow, the trade-off, the recommendation."""
    case = entry.opened(number, "initiative.recommend")
    now = _synthesis_of(case)
    prefilled = not any(now[name] for name in JOINED) and bool(case.sheets)
    form = SynthesisForm(data={**now, **_from_sheets(case)} if prefilled else now)
    if not form.is_submitted():
        if case.state not in STUDIES:
            raise Conflict(MOVED_ON)
        return _synthesis_page(
            case, form, prefilled=prefilled and bool(form.wanted.data or form.allowed.data)
        )
    if version_of(form) == case.version:
        merging.choose(form, {name: now[name] for name in JOINED})
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
        plan=(form.plan_time.data or "", form.plan_owner.data or "", form.plan_risks.data or ""),
    )


JOINED = ("wanted", "allowed", "tradeoff", "why", "plan_time", "plan_owner", "plan_risks")
"""Fields of words, which two people may have written at the same time."""
PLAN = {"time": "plan_time", "owner": "plan_owner", "risks": "plan_risks"}
"""Criteria of the feasibility study that have a place of their own in the synthesis."""


def _from_sheets(case: Initiative) -> dict[str, Any]:
    """A beginning of the synthesis: what the finished sheets say, by criterion, without the reviewers' names."""
    studies = {kind: queries.study_found(case, case.sheets, kind) for kind in StudyKind}
    values: dict[str, Any] = {}
    for kind, name in ((StudyKind.PURPOSE, "wanted"), (StudyKind.FEASIBILITY, "allowed")):
        found = studies[kind]
        lines = []
        for part in found.parts if found else []:
            said = " ".join(dict.fromkeys(part.texts))
            own = PLAN.get(thread_of(part.key)) if kind is StudyKind.FEASIBILITY else None
            if own and said:
                values[own] = said[:LONG_MAX]
            elif said or part.given:
                lines.append(f"{part.label}: {' / '.join(part.given)} {said}".replace(":  ", ": ").strip())
        values[name] = "\n".join(lines)[: rules.REASON_MAX]
        if found and kind is StudyKind.FEASIBILITY:
            costs = {"cost_once": found.cost_once, "cost_yearly": found.cost_yearly}
            values |= {key: None if cost is None else cost // 100 for key, cost in costs.items()}
    return values


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
        "plan_time": case.plan_time,
        "plan_owner": case.plan_owner,
        "plan_risks": case.plan_risks,
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


def _synthesis_page(
    case: Initiative, form: SynthesisForm, status: int = 200, *, prefilled: bool = False
) -> Response:
    now = _synthesis_of(case)
    return page(
        "initiatives/desk/synthesis.html",
        status,
        title=_("Synthesis: %(number)s", number=case.number),
        heading=_("Synthesis and recommendation"),
        crumbs=entry.crumbs(case),
        case=case,
        form=form,
        changed=status == 409,
        prefilled=prefilled,
        # Fields in which two people wrote otherwise, with what was saved meanwhile.
        theirs={name: now[name] for name in JOINED if status == 409 and now[name] != (form[name].data or "")},
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
