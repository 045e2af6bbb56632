"""The buttons of the case desk: what the present person can do now, and what has to happen before."""

from dataclasses import dataclass

from flask import url_for

from initiatives.desk import entry
from initiatives.forms.verbs import PAGES
from initiatives.models import Audience, Initiative
from initiatives.states import (
    ACCEPT_CHANGE,
    DECLINE_CHANGE,
    DROP_MERGE,
    EXTEND,
    OPEN,
    PROPOSE,
    REPLY,
    WORKFLOW,
    WORKING_DAYS,
)
from portal.content import queries as content
from portal.core.actor import Actor
from portal.core.i18n import Text
from portal.core.i18n import gettext as _
from portal.core.policy import can
from portal.core.workflow import Move

FIRST = ("publish", "assign", "start_purpose", "start_feasibility", "recommend", "decide", "reverse", "plan",
         "start", "finish", "answer", "resume_work", "split", "resume")  # fmt: skip
"""Verbs that lead a case on; the first one open to somebody is the main button."""
ASKED_IN_FORM = ("assign", "merge", "recommend")
"""Moves whose form brings what their guards look for, so the guards are not asked before."""


@dataclass(frozen=True, slots=True)
class Action:
    """A button of the case desk. `blocked` says what has to happen before; then there is no button."""

    label: Text
    href: str
    main: bool = False
    blocked: Text = ""


def actions(actor: Actor, case: Initiative) -> list[Action]:
    """What this person can do with the case now, what leads it on first; the first of these is the main one."""
    moves = [move for move in _moves_from(case) if can(actor, move.permission, case)]
    moves.sort(key=lambda move: (not _leads_on(case, move), move.verb == "correct"))
    found = []
    has_main = False
    for move in moves:
        blocked = blocked_by(case, move)
        main = not has_main and not blocked and _leads_on(case, move)
        has_main = has_main or main
        found.append(_action(case, move, main=main, blocked=blocked))
    return found


def _moves_from(case: Initiative) -> list[Move]:
    found = [m for m in WORKFLOW.moves_from(case.state) if m.verb in PAGES or m.verb == "recommend"]
    merge = next((m for m in found if m.verb == "merge"), None)
    if merge is not None:
        found.remove(merge)
    if merge is not None and case.merge_id is None and not case.withheld:
        found.append(PROPOSE)
    if case.merge_id is not None:
        found.append(DROP_MERGE)
    if case.change_id is not None:
        found += [ACCEPT_CHANGE, DECLINE_CHANGE]
    if case.state in EXTEND.sources and may_extend(case):
        found.append(EXTEND)
    if case.audience is Audience.ASKED:
        found.append(OPEN)
    if case.author is not None and case.state in REPLY.sources:
        found.append(REPLY)
    return found


def may_extend(case: Initiative) -> bool:
    """Whether the running deadline has not been extended yet."""
    key = WORKING_DAYS[case.state][0]
    return any(row.key == key and not row.extended for row in content.open_deadlines(*case.about))


def _leads_on(case: Initiative, move: Move) -> bool:
    # To assign an assigned case anew is a mending, not a step.
    return move.verb in FIRST and (move.verb, case.state) != ("assign", "assigned")


def blocked_by(case: Initiative, move: Move) -> Text:
    """What has to happen before the move, or nothing."""
    if move.verb in ASKED_IN_FORM:
        return ""
    return next(filter(None, (guard(case) for guard in move.guards)), "")


def _action(case: Initiative, move: Move, *, main: bool, blocked: Text) -> Action:
    slug = entry.slug_of(case)
    if move.verb == "recommend":
        return Action(_("Write the synthesis"), url_for("initiatives.synthesis", number=slug), main)
    href = url_for("initiatives.move", number=slug, verb=move.verb.replace("_", "-"))
    return Action(case.move_told(move).label, href, main, blocked)
