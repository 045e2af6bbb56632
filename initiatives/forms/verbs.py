"""What each verb of the desk asks for and carries out: one row a verb, form and service."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from initiatives import queries, services
from initiatives.forms import desk as forms
from initiatives.models import Initiative
from initiatives.states import at_desk
from portal.content import queries as content
from portal.core import tenancy
from portal.core.actor import Actor
from portal.core.errors import Invalid, Missing
from portal.core.i18n import lazy_gettext as _l
from portal.core.tokens import canonical_number
from portal.core.workflow import Move

Run = Callable[[Actor, int, Any], None]
Same = Callable[[Initiative, Any], bool]


@dataclass(frozen=True, slots=True)
class Page:
    """How a verb is asked for: its form, what carries it out, and whether its button warns.

    `same` tells the second post of a double click from one that wants something else, such as another
    department: whether the case holds what the form says besides its words. `done` tells it alone, where the
    newest step of the history does not.
    """

    form: type[forms.MoveForm]
    run: Run
    danger: bool = False
    same: Same = lambda _case, _form: True
    done: Same | None = None


def _study(verb: str) -> Run:
    return lambda actor, case_id, _form: services.start_study(actor, case_id, verb)


def _work(verb: str) -> Run:
    def run(actor: Actor, case_id: int, form: Any) -> None:
        services.realise(
            actor,
            case_id,
            verb,
            words_of(form),
            target=form.target.data if "target" in form else None,
            progress=form.progress.data if "progress" in form else None,
            outcome=form.outcome.data if "outcome" in form else "",
        )

    return run


def _assign(actor: Actor, case_id: int, form: Any) -> None:
    services.assign(
        actor,
        case_id,
        form.department.data or "",
        form.lead.data,
        list(form.reviewers.data),
        words_of(form),
        version=version_of(form),
    )


def _is_assigned_so(case: Initiative, form: Any) -> bool:
    return (case.department, case.lead_user_id, set(case.reviewer_ids)) == (
        form.department.data or "",
        form.lead.data,
        set(form.reviewers.data or ()),
    )


def _is_decided_so(case: Initiative, form: Any) -> bool:
    return case.state == form.verdict.data and (
        case.state != "deferred" or case.returns_on == form.returns_on.data
    )


def _is_due_so(case: Initiative, form: Any) -> bool:
    return any(clock.due_on == form.due.data for clock in content.open_deadlines(*case.about))


def _decide(actor: Actor, case_id: int, form: Any) -> None:
    services.decide(
        actor, case_id, form.verdict.data, words_of(form), form.left_out.data or "", form.returns_on.data
    )


def _reverse(actor: Actor, case_id: int, form: Any) -> None:
    services.decide_appeal(
        actor, case_id, form.verdict.data, words_of(form), form.left_out.data or "", form.returns_on.data
    )


def _merge(actor: Actor, case_id: int, form: Any) -> None:
    try:
        services.propose_merge(actor, case_id, form.into.data, words_of(form))
    except Missing as problem:
        raise Invalid(_l("There is no such initiative here."), {"into": _l("Check the number.")}) from problem


def _is_merged_so(case: Initiative, form: Any) -> bool:
    """Whether that proposal stands, or was carried out at once as there was nobody to ask."""
    proposal = queries.proposal(case)
    number = proposal.number if proposal else queries.number_of(case.merged_into_id or 0)
    return number is not None and number == canonical_number(form.into.data or "")


def _accept_change(actor: Actor, case_id: int, form: Any) -> None:
    services.accept_change(
        actor,
        case_id,
        form.changes.data or "",
        words_of(form),
        version_of(form),
        form.new(),
        shown=form.shown,
    )


def _is_answered_so(outcome: str) -> Same:
    """Whether the newest proposal of a change was answered by this very form."""

    def same(case: Initiative, form: Any) -> bool:
        found = queries.changes(case.id)
        wanted = (outcome, words_of(form), (form.changes.data or "") if "changes" in form else "")
        return bool(found) and (found[0].outcome, found[0].reasons, found[0].changes) == wanted

    return same


def _is_referred_so(case: Initiative, form: Any) -> bool:
    if case.referred_to_id is None:
        return not form.town.data and bool(case.transferred_to == form.to.data)
    return bool(tenancy.town_by_id(case.referred_to_id).slug == form.town.data)


PAGES: dict[str, Page] = {
    "publish": Page(forms.RemarkForm, lambda a, i, f: services.publish(a, i, words_of(f))),
    "send_back": Page(forms.DefectsForm, lambda a, i, f: services.send_back(a, i, words_of(f))),
    "hold": Page(forms.ReasonForm, lambda a, i, f: services.hold(a, i, words_of(f)), danger=True),
    "assign": Page(forms.AssignForm, _assign, same=_is_assigned_so),
    "start_purpose": Page(forms.MoveForm, _study("start_purpose")),
    "start_feasibility": Page(forms.MoveForm, _study("start_feasibility")),
    "resume": Page(forms.MoveForm, lambda a, i, _f: services.resume(a, i)),
    "decide": Page(forms.DecideForm, _decide, same=_is_decided_so),
    "uphold": Page(
        forms.ReasonForm, lambda a, i, f: services.decide_appeal(a, i, "refused", words_of(f)), danger=True
    ),
    "reverse": Page(forms.ReverseForm, _reverse, same=_is_decided_so),
    "plan": Page(forms.ReasonForm, _work("plan")),
    "start": Page(forms.ProgressForm, _work("start")),
    "finish": Page(forms.FinishForm, _work("finish"), same=lambda case, form: case.state == form.target.data),
    "answer": Page(forms.FinishForm, _work("answer"), same=lambda case, form: case.state == form.target.data),
    "abandon": Page(forms.AbandonForm, _work("abandon"), danger=True),
    "resume_work": Page(forms.ProgressForm, _work("resume_work")),
    "merge": Page(forms.MergeForm, _merge, done=_is_merged_so),
    "drop_merge": Page(forms.ReasonForm, lambda a, i, f: services.drop_merge(a, i, words_of(f))),
    "accept_change": Page(forms.AcceptChangeForm, _accept_change, done=_is_answered_so("accepted")),
    "decline_change": Page(
        forms.DeclineChangeForm,
        lambda a, i, f: services.decline_change(a, i, words_of(f), version_of(f), shown=f.shown),
        done=_is_answered_so("declined"),
    ),
    "split": Page(forms.ReasonForm, lambda a, i, f: services.split(a, i, words_of(f))),
    "transfer": Page(
        forms.TransferForm,
        lambda a, i, f: services.transfer(a, i, f.to.data or "", words_of(f), f.town.data or ""),
        danger=True,
        same=_is_referred_so,
    ),
    "extend": Page(
        forms.ExtendForm,
        lambda a, i, f: services.extend(a, i, f.due.data, words_of(f)),
        same=_is_due_so,
    ),
    "reply": Page(forms.ReplyForm, lambda a, i, f: services.reply(a, i, words_of(f), version=version_of(f))),
    "open": Page(forms.RemarkForm, lambda a, i, f: services.publish_withheld(a, i, words_of(f))),
    "correct": Page(
        forms.ReasonForm, lambda a, i, f: services.correct(a, i, words_of(f), version=version_of(f))
    ),
}
"""Verbs done by hand at the desk. `recommend` has its page in the synthesis; a case lapses by its clock;
what authors do they do on the public page, also through an operator."""


def move_of(verb: str) -> Move:
    """The row of a verb that has a page. Raises Missing."""
    if verb not in PAGES:
        raise Missing
    return at_desk(verb)


def words_of(form: Any) -> str:
    """What was written as reasons or remark; empty where the verb asks for none."""
    return (form.note.data or "") if "note" in form else ""


def version_of(form: Any) -> int:
    """The version of the case the form was made from; 0 for anything else than a number."""
    typed = form.version.data or ""
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0
