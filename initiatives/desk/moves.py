"""One page for each move of a case: what it means, who will be told, the words it needs.

A post made from an older version of the case is shown again with everything typed (409); the second post of
a double click is taken for what it is.
"""

from dataclasses import dataclass
from typing import Any

from flask import Response, g, redirect, url_for
from werkzeug.wrappers import Response as BaseResponse

from initiatives import messages, queries, rules
from initiatives.desk import entry, replies
from initiatives.desk.actions import blocked_by, may_extend
from initiatives.forms import desk as forms
from initiatives.forms.filing import place_picker
from initiatives.forms.verbs import PAGES, move_of, version_of, words_of
from initiatives.models import Change, Initiative
from initiatives.states import (
    AUTHOR_WHO,
    BESIDE,
    CHANGE_ANSWERS,
    CHANGE_OF,
    CORRECTIONS,
    WORKFLOW,
    WORKING_DAYS,
)
from portal.content import queries as content
from portal.content.move import worded_from
from portal.core import actor as actors
from portal.core import tenancy
from portal.core.actor import Actor
from portal.core.errors import Conflict, Invalid
from portal.core.i18n import day, ngettext
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_gettext as _l
from portal.core.policy import need
from portal.core.workflow import Lane, Move
from portal.ui.pages import page, say

DECIDING = ("decide", "uphold", "reverse")


OF_TWO = ("merge", "drop_merge")
"""Verbs whose messages go to the authors of two cases; their help says so."""


@dataclass(frozen=True, slots=True)
class Told:
    """Who hears of a move, counted before it is made."""

    author: bool
    followers: int

    @property
    def total(self) -> int:
        """How many messages go out."""
        return self.followers + int(self.author)


@dataclass(frozen=True, slots=True)
class Consequences:
    """What follows from a move, in words; `told` is None where it concerns two cases, of which only one is known yet."""

    told: Told | None
    sentences: list[str]


def move(number: str, verb: str) -> BaseResponse:
    """One move: what it means, who is told, its words; then it is done."""
    verb = verb.replace("-", "_")
    case = entry.opened(number)
    if verb == "recommend":
        return redirect(url_for("initiatives.synthesis", number=entry.slug_of(case)))
    chosen = move_of(verb)
    need(actors.current(), chosen.permission, case)
    form = _form(case, verb)
    if form.is_submitted():
        return _sent(case, chosen, form)
    if _is_past(case, chosen):
        raise Conflict(_l("The case has moved on meanwhile. Look at its present state and decide again."))
    if verb == "extend" and not may_extend(case):
        raise Conflict(_l("This deadline was extended once already, or has ended."))
    return _shown(case, chosen, form)


def _sent(case: Initiative, chosen: Move, form: forms.MoveForm) -> BaseResponse:
    actor, stale = actors.current(), version_of(form) != case.version
    if form.fill.data and "note" in form:
        filled = replies.fill(form, replies.for_case(case, chosen.verb))
        return _shown(case, chosen, form, 200 if filled else 422)
    # Twice the same post: the first one did it.
    if stale and _was_just_done(actor, case, chosen.verb, form):
        return _done(case, chosen.verb)
    if _is_past(case, chosen):
        return _moved_on(case, chosen, form)
    if not form.validate():
        return _shown(case, chosen, form, 422)
    return _shown(case, chosen, _renewed(form, case), 409) if stale else _tried(actor, case, chosen, form)


def _tried(actor: Actor, case: Initiative, chosen: Move, form: forms.MoveForm) -> BaseResponse:
    number = case.number or ""
    try:
        with worded_from(case.about, *replies.noted(form, case, chosen.verb)):
            PAGES[chosen.verb].run(actor, case.id, form)
    except Invalid as problem:
        form.blame(problem.fields, problem.reason)
        return _shown(entry.opened(number), chosen, form, 422)
    except Conflict as problem:
        now = queries.case_by_number(number)
        if _was_just_done(actor, now, chosen.verb, form):
            return _done(now, chosen.verb)
        if _is_past(now, chosen):
            return _moved_on(now, chosen, form)
        form.blame({}, problem.reason)
        return _shown(now, chosen, _renewed(form, now), 409)
    return _done(queries.case_by_number(number), chosen.verb)


def _is_past(case: Initiative, chosen: Move) -> bool:
    """Whether the case has left where the verb begins, or what the verb answers is over."""
    answered = chosen.verb in CHANGE_ANSWERS and case.change_id is None
    return answered or case.state not in chosen.sources


def _done(case: Initiative, verb: str) -> BaseResponse:
    proposal = queries.proposal(case) if verb == "merge" else None
    if proposal is not None:
        say(_("Both authors are asked. They have until %(day)s to answer.", day=day(proposal.merge.until)))
        return entry.back_to(case)
    if verb in CHANGE_ANSWERS:
        say(_("Your answer stands on the page of the case, and the author is told."))
        return entry.back_to(case)
    say(_("Done. The case is now: %(state)s.", state=case.present.label))
    return entry.back_to(case)


def _form(case: Initiative, verb: str) -> forms.MoveForm:
    values: dict[str, Any] = {"version": str(case.version)}
    if verb == "assign":
        values |= {
            "department": case.department,
            "lead": case.lead_user_id,
            "reviewers": list(case.reviewer_ids),
        }
    elif verb in ("start", "resume_work"):
        values["progress"] = case.progress
    elif verb == "accept_change":
        values |= {name: getattr(case, name) for name in ("title", "text", "address", "lat", "lon")}
    elif verb == "transfer" and (usual := queries.usually_of(case)) is not None:
        values |= {"town": usual.slug, "to": "" if usual.slug else usual.name}
    form = PAGES[verb].form(data=values)
    if isinstance(form, forms.AssignForm):
        form.offer(queries.team_without_stake(case))
    elif isinstance(form, forms.TransferForm):
        form.offer(*queries.towns_to_refer(case.municipality_id, queries.points_of([case])))
    return form


def _renewed(form: forms.MoveForm, case: Initiative) -> forms.MoveForm:
    """The same words again, made from the present version."""
    form.version.data = str(case.version)
    return form


def _was_just_done(actor: Actor, case: Initiative, verb: str, form: Any) -> bool:
    """Whether the newest step of the history is this very one: a double click, not a conflict.

    Who went back, named another department and sent it again is no double click: they must not read "Done".
    """
    tells = PAGES[verb].done
    if tells is not None:
        return tells(case, form)
    steps = content.history(*case.about, tuple(Lane))
    if not steps or actor.user_id is None:
        return False
    last = steps[-1]
    same_words = "note" not in form or last.note == words_of(form)
    return last.verb == verb and last.user_id == actor.user_id and same_words and PAGES[verb].same(case, form)


def _shown(case: Initiative, chosen: Move, form: forms.MoveForm, status: int = 200) -> Response:
    chosen = case.move_told(chosen)
    label = str(chosen.label)
    shows_text = chosen.verb in ("publish", "open")
    return page(
        "initiatives/desk/move.html",
        status,
        title=f"{label}: {case.number}",
        heading=label,
        crumbs=entry.crumbs(case),
        case=case,
        move=chosen,
        form=form,
        has_words="note" in form,
        replies=replies.for_case(case, chosen.verb) if "note" in form else [],
        consequences=_consequences(case, chosen, form),
        blocked=blocked_by(case, chosen),
        changed=status == 409 and not form.problems,
        danger=PAGES[chosen.verb].danger,
        back_href=entry.href_of(case),
        category=queries.category_label(case.category),
        usual=queries.usually_of(case) if chosen.verb == "transfer" else None,
        opinions=[item for item in queries.opinions(case.id) if item.opinion]
        if chosen.verb in DECIDING
        else [],
        contested=_contested(case) if "appealed" in chosen.sources else [],
        recommended=forms.VERDICT_LABELS.get(case.recommended or "", ""),
        hints=rules.personal_hints(case.title, case.text, case.address) if shows_text else [],
        photos=content.files(*case.about) if shows_text else [],
        shows_text=shows_text,
        edit_href=url_for("initiatives.case_edit", number=entry.slug_of(case)),
        change=_change(case) if chosen.verb in CHANGE_ANSWERS else None,
        change_of=CHANGE_OF,
        rewrites=bool({"title", "text", "address", "lat", "lon"} & form.errors.keys()),
        map=place_picker(g.town) if chosen.verb == "accept_change" else None,
        script_href=url_for("initiatives.map_script", picker=1),
    )


def _change(case: Initiative) -> Change | None:
    """The open proposal of a change that is answered."""
    return next((row for row in queries.changes(case.id) if row.id == case.change_id), None)


def _contested(case: Initiative) -> list[tuple[str, str, str]]:
    """What an appeal is about: the refusal and the appeal, each with its title, words and language."""
    steps = {
        step.to_state: step
        for step in content.history(*case.about, tuple(Lane))
        if step.to_state in ("refused", "appealed") and step.from_state != step.to_state
    }
    office = tenancy.town_by_id(case.municipality_id).language
    return [
        (queries.step_title(case, step), step.note, case.language if step.who in AUTHOR_WHO else office)
        for step in steps.values()
    ]


def _moved_on(case: Initiative, chosen: Move, form: Any) -> Response:
    """Too late: where the case stands now beside the words that were typed."""
    return page(
        "initiatives/desk/moved_on.html",
        409,
        title=_("The case has moved on"),
        crumbs=entry.crumbs(case),
        case=case,
        wanted=chosen.label,
        typed=words_of(form),
        steps=queries.timeline(case, tuple(Lane))[:1],
        back_href=entry.href_of(case),
    )


def told(case: Initiative, chosen: Move) -> Told:
    """Who will be told of a move: the author as far as reachable, and followers where the case stays public."""
    if chosen.notice is None:
        return Told(author=False, followers=0)
    stays = not case.withheld and any(WORKFLOW.state(target).public for target in _targets(case, chosen))
    followers = queries.follower_count(case.id) if chosen.notice in messages.FOLLOWED and stays else 0
    if case.joined_count and chosen.notice in messages.SHARED:
        followers += sum(is_reachable(one) for one in queries.joined_to([case.id]))
    return Told(is_reachable(case), followers)


def is_reachable(case: Initiative) -> bool:
    """Whether the author left any way to be told. Looks at no address, only whether there is one."""
    author = case.author
    return author is not None and bool(
        author.user_id or author.email_sealed or author.phone_sealed or author.postal_sealed
    )


def _targets(case: Initiative, chosen: Move) -> tuple[str, ...]:
    if chosen.verb == "correct":
        return (CORRECTIONS[case.state],) if case.state in CORRECTIONS else ()
    return (case.state,) if chosen.verb in BESIDE else chosen.targets


def _consequences(case: Initiative, chosen: Move, form: forms.MoveForm) -> Consequences:
    found: list[str] = []
    targets = _targets(case, chosen)
    if chosen.verb not in BESIDE and len(targets) == 1 and targets[0] != case.state:
        found.append(_("The case becomes: %(state)s.", state=case.state_told(targets[0]).label))
        if targets[0] in WORKING_DAYS:
            days = queries.office(case.municipality_id).days[WORKING_DAYS[targets[0]][0]]
            found.append(
                ngettext(
                    "The next step is due within %(n)s working day.",
                    "The next step is due within %(n)s working days.",
                    days,
                )
            )
    if case.withheld and chosen.verb != "open":
        found.append(_("It is handled without publication: only the author and the team read any of this."))
    elif "note" in form and chosen.lane is Lane.PUBLIC:
        found.append(_("What you write here is public."))
        if chosen.verb == "accept_change" and told(case, chosen).followers:
            found.append(
                _("Those who follow it read of it in their next summary, unless they chose otherwise.")
            )
        if chosen.verb == "decide" and (lies := queries.waiting_in_batch(case.id)) is not None:
            found.append(
                _(
                    "A decision on it lies in the batch “%(name)s”; this one is published at once.",
                    name=lies[0].name,
                )
            )
    elif "note" in form:
        found.append(_("What you write here is read by the author and the team only."))
    found += _of_referral(case, chosen)
    return Consequences(None if chosen.verb in OF_TWO else told(case, chosen), found)


def _of_referral(case: Initiative, chosen: Move) -> list[str]:
    """What referring a case within the portal brings with it, and what taking it back does."""
    if chosen.verb == "correct" and case.referred_to_id is not None:
        return [
            _(
                "In %(town)s it ends and its page leads here. That is possible only while nothing has happened to it "
                "there since: no step, no comment, no support.",
                town=tenancy.town_by_id(case.referred_to_id).name,
            )
        ]
    if chosen.verb != "transfer":
        return []
    found = [
        _(
            "In a municipality of the portal it is published at once under the same number, with text, files, author and "
            "contact. Here its page stays and leads there."
        ),
    ]
    asked = queries.count_supporters_of(case.id) if case.is_public else 0
    found += entry.told_to_move(asked)
    found.append(_("You can take it back by a correction while nothing has happened to it there."))
    return found
