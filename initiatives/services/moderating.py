"""The office's judgement of comments: publish, hide with a reason, highlight, dismiss reports, decide objections; each undone by one step.

Whoever wrote is told of every decision on what they said, with the rule and the words. Each step stands in the
comment's own history for good.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select, update

from initiatives import messages, queries
from initiatives.models import Initiative
from initiatives.services.talking import close_reports, comment_of, put, settle_queue, step
from portal.content import rules, talk
from portal.content.models import Comment, CommentReport, CommentState, CommentStep, Objection
from portal.core import events
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import Conflict, Invalid, NotAllowed
from portal.core.i18n import Text
from portal.core.i18n import lazy_gettext as _l
from portal.core.usecase import use_case

HIGHLIGHTS = 5
"""Comments on top at most: more of them stand out no longer."""
MOVED_ON = _l("Somebody else has judged this comment meanwhile. Look at it again.")
ANOTHER = _l("Somebody else of the office decides about an objection than the one who hid the comment.")
SAY_WHY = _l("Give a reason.")
JUDGED_FROM: Mapping[str, tuple[CommentState, ...]] = {
    "publish": (CommentState.HELD, CommentState.HIDDEN),
    "hide": (CommentState.VISIBLE, CommentState.HELD),
    "highlight": (CommentState.VISIBLE,),
    "unhighlight": (CommentState.VISIBLE,),
    "dismiss": (CommentState.VISIBLE, CommentState.HELD),
}
ACTS = tuple(JUDGED_FROM)
UNDOABLE = (*ACTS, "restore", "uphold")


@use_case("initiative.moderate", code="initiative.comment_judged", load=queries.case)
def moderate(
    actor: Actor, case: Initiative, comment_id: int, act: str, rule: str = "", words: str = ""
) -> None:
    """Do one of ACTS to a comment. Raises Conflict when it stands otherwise by now, Invalid for a missing reason."""
    row = comment_of(case, comment_id)
    if row.state not in JUDGED_FROM[act] or row.objection is Objection.OPEN:
        raise Conflict(MOVED_ON)
    words = words.strip()
    if act == "publish":
        step(actor, row, act, CommentState.VISIBLE, words=words)
        put(case, row, CommentState.VISIBLE)
        messages.comment_published(case, row)
    elif act == "hide":
        _need_reason(rule, words)
        made = step(actor, row, act, CommentState.HIDDEN, rule=rule, words=words)
        put(case, row, CommentState.HIDDEN)
        row.hidden_rule, row.hidden_reason, row.hidden_by = rule, words, actor.user_id
        row.highlighted_at, row.objection = None, Objection.NONE
        close_reports(row, made.at)
        messages.comment_hidden(case, row)
    elif act == "dismiss":
        if not row.reports:
            raise Conflict(MOVED_ON)
        made = step(actor, row, act, row.state, words=words)
        close_reports(row, made.at)
    else:
        _highlight(actor, case, row, on=act == "highlight")
    settle_queue(row)
    events.tell("content.counted", case)


def _need_reason(rule: str, words: str) -> None:
    wrong: dict[str, Text] = {}
    if rule not in rules.REASONS:
        wrong["rule"] = _l("Choose the rule it breaks.")
    if rule == "other" and not words:
        wrong["words"] = _l("Say what is wrong.")
    if wrong:
        raise Invalid(SAY_WHY, wrong)


def _highlight(actor: Actor, case: Initiative, row: Comment, *, on: bool) -> None:
    if (row.highlighted_at is not None) is on or row.parent_id is not None:
        raise Conflict(MOVED_ON)
    if on:
        standing = select(func.count(Comment.id)).where(
            Comment.kind == case.KIND, Comment.object_id == case.id, Comment.highlighted_at.is_not(None)
        )
        if (db.session.scalar(standing) or 0) >= HIGHLIGHTS:
            raise Invalid(_l("Five comments are highlighted already. Take one of them down first."))
    made = step(actor, row, "highlight" if on else "unhighlight", row.state)
    row.highlighted_at = made.at if on else None


@use_case("initiative.hear", code="initiative.comment_heard", load=queries.case)
def decide_objection(actor: Actor, case: Initiative, comment_id: int, words: str, *, restore: bool) -> None:
    """Show a hidden comment after all, or leave it hidden, with words to its author.

    Raises NotAllowed for the one who hid it, as long as there is anybody else; Conflict, Invalid.
    """
    row = comment_of(case, comment_id)
    if row.objection is not Objection.OPEN or row.state is not CommentState.HIDDEN:
        raise Conflict(MOVED_ON)
    need_another(actor, case, row)
    words = words.strip()
    if not words:
        raise Invalid(SAY_WHY, {"words": SAY_WHY})
    to = CommentState.VISIBLE if restore else CommentState.HIDDEN
    step(actor, row, "restore" if restore else "uphold", to, words=words)
    row.objection = Objection.DECIDED
    if restore:
        put(case, row, to)
    settle_queue(row)
    messages.comment_objection(case, row, words, restored=restore, alone=actor.user_id == row.hidden_by)


def need_another(actor: Actor, case: Initiative, row: Comment) -> None:
    """Somebody else than who hid it, unless the office has nobody else. Raises NotAllowed."""
    if not may_hear(actor.user_id, case, row.hidden_by):
        raise NotAllowed(ANOTHER)


def may_hear(user_id: int | None, case: Initiative, hidden_by: int | None) -> bool:
    """Whether this person may decide an objection: another one than who hid it, or the only one there is."""
    return user_id != hidden_by or not queries.others_to_hear(case, user_id)


@use_case("initiative.moderate", code="initiative.comment_undone", load=queries.case)
def undo_judgement(actor: Actor, case: Initiative, comment_id: int, step_id: int) -> None:
    """Take the last decision on a comment back, as it stood before; the step stays. Raises Conflict when it is not the last."""
    row = comment_of(case, comment_id)
    last = talk.steps(row.id)[-1:]
    if not last or last[0].id != step_id or last[0].act not in UNDOABLE:
        raise Conflict(MOVED_ON)
    taken = last[0]
    if taken.act in ("restore", "uphold"):
        need_another(actor, case, row)
        row.objection = Objection.OPEN
    step(actor, row, "undo", taken.from_state, undoes=taken.id)
    if taken.act in ("hide", "dismiss"):
        _reopen(row, taken)
    if taken.act == "hide":
        row.highlighted_at = _highlighted_before(talk.steps(row.id), taken)
    if taken.act in ("highlight", "unhighlight"):
        row.highlighted_at = taken.at if taken.act == "unhighlight" else None
    if taken.from_state is not row.state:
        put(case, row, taken.from_state)
        _tell_of_undone(case, row)
    settle_queue(row)
    events.tell("content.counted", case)


def _reopen(row: Comment, taken: CommentStep) -> None:
    """Let the reports that a step dealt with wait again: they carry its instant."""
    reopened = db.session.execute(
        update(CommentReport)
        .where(CommentReport.comment_id == row.id, CommentReport.closed_at == taken.at)
        .values(closed_at=None)
        .execution_options(synchronize_session=False)
    )
    row.reports = int(reopened.rowcount)  # type: ignore[attr-defined]


def _highlighted_before(steps: Sequence[CommentStep], taken: CommentStep) -> datetime | None:
    """Since when it stood on top when it was hidden."""
    acts = [
        one for one in steps if one.id < taken.id and one.act in ("highlight", "unhighlight", "hide", "undo")
    ]
    return acts[-1].at if acts and acts[-1].act == "highlight" else None


def _tell_of_undone(case: Initiative, row: Comment) -> None:
    if row.state is CommentState.VISIBLE:
        messages.comment_published(case, row)
    elif row.state is CommentState.HIDDEN:
        messages.comment_hidden(case, row)
    else:
        messages.comment_held(case, row)
