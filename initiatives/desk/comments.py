"""The one queue of comments that wait for a decision, the page of one comment, the office's own words, the file of a talk."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, g, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from initiatives import queries, services
from initiatives.desk import entry
from initiatives.formats.tabular import neutral
from initiatives.forms.talk import JudgeForm, SpeakForm
from initiatives.models import Initiative
from initiatives.queries import COMMENT_TABS, QueuedComment
from initiatives.states import WHO
from portal.accounts import queries as accounts
from portal.content import rules, talk
from portal.content.models import CommentReport, CommentState, CommentStep, Objection
from portal.content.talk import Record
from portal.core import actor as actors
from portal.core.db import db
from portal.core.errors import Conflict, Invalid, Missing, NotAllowed
from portal.core.i18n import Text, iso
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_gettext as _l
from portal.core.i18n import lazy_pgettext as _p
from portal.core.policy import can
from portal.search.queries import cursor_of
from portal.ui.pages import Link, page, say

STEP_LABELS: dict[str, Text] = {
    "hold": _l("Held by the rules"),
    "publish": _l("Shown"),
    "hide": _p("comment", "Hidden"),
    "highlight": _p("comment", "Highlighted"),
    "unhighlight": _l("No longer highlighted"),
    "dismiss": _l("Reports dismissed"),
    "object": _l("Its author objects"),
    "restore": _l("Objection accepted: shown again"),
    "uphold": _l("Objection not accepted: stays hidden"),
    "undo": _l("The last decision was taken back"),
    "take_back": _l("Taken back by its author"),
}
DONE: dict[str, Text] = {
    "publish": _l("The comment is shown, and its author is told."),
    "hide": _l("The comment is hidden. Its author is told why, and how to object."),
    "highlight": _l("The comment stands on top now."),
    "unhighlight": _l("The comment no longer stands on top."),
    "dismiss": _l("The reports are dismissed. The comment stays."),
    "undo": _l("The decision was taken back."),
    "restore": _l("The comment is shown again, and its author is told."),
    "uphold": _l("The comment stays hidden, and its author is told."),
}
CASE_MOST = 20
COLUMNS = (
    "id",
    "answers",
    "at",
    "state",
    "stance",
    "official",
    "by_author",
    "useful",
    "highlighted",
    "language",
    "name",
    "text",
    "rule",
)
"""Columns of the file of a talk."""


@dataclass(frozen=True, slots=True)
class StepLine:
    """A step of a comment's history."""

    label: Text
    at: Any
    who: str
    reason: Text
    words: str


@dataclass(frozen=True, slots=True)
class CommentView:
    """A comment as a moderator sees it: context, rules, reports, its writer's record, and what this person may do."""

    found: QueuedComment
    record: Record | None
    held_by: list[Text]
    reports: list[CommentReport]
    objected: str
    href: str
    case_href: str
    public_href: str
    acts: frozenset[str]
    must_wait: bool
    form: JudgeForm


def queue() -> Response:
    """Comments that wait for somebody, the longest wait first; under the last tab those that were judged."""
    actor = actors.current()
    tab = request.args.get("tab", "waiting")
    if tab not in COMMENT_TABS:
        raise Missing
    found = queries.queued_comments(actor, tab, cursor_of(request.args.get("at")))
    counted = COMMENT_TABS[:-1]
    counts = dict(zip(counted, queries.queued_counts(actor, counted), strict=True))
    labels = {
        "waiting": _("All that wait"),
        "held": _("Held by the rules"),
        "reported": _("Reported"),
        "objected": _("Objections"),
        "judged": _("Decided"),
    }
    return _fresh(
        page(
            "initiatives/desk/comments.html",
            title=_("Comments to look at"),
            crumbs=entry.crumbs(),
            tabs=[Tab(labels[key], _tab_href(key), key == tab, counts.get(key)) for key in COMMENT_TABS],
            views=_views([(row, None) for row in found.items], back=tab),
            reasons=rules.REASONS,
            offices=WHO,
            newer=_tab_href(tab, at=found.newer) if found.newer else "",
            older=_tab_href(tab, at=found.older) if found.older else "",
        )
    )


@dataclass(frozen=True, slots=True)
class Tab:
    """A part of the queue."""

    label: str
    href: str
    current: bool
    count: int | None


def _tab_href(tab: str, **more: str) -> str:
    kept: dict[str, Any] = more if tab == "waiting" else {"tab": tab, **more}
    return url_for("initiatives.comments_desk", **kept)


def _fresh(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


def _views(
    rows: Iterable[tuple[QueuedComment, Initiative | None]], *, back: str, judged: JudgeForm | None = None
) -> list[CommentView]:
    """The views of many with a few statements. What a case alone can tell is asked when something is done."""
    pairs = list(rows)
    ids = [found.row.id for found, _case in pairs]
    records = talk.records_of({found.row.user_id for found, _case in pairs if found.row.user_id})
    reports = talk.open_reports([found.row.id for found, _case in pairs if found.row.reports])
    objected = talk.objections(ids)
    return [
        _view(found, case, records, reports.get(found.row.id, []), objected, back, judged)
        for found, case in pairs
    ]


def _view(
    found: QueuedComment,
    case: Initiative | None,
    records: dict[int, Record],
    reports: list[CommentReport],
    objected: dict[int, str],
    back: str,
    judged: JudgeForm | None,
) -> CommentView:
    actor, row = actors.current(), found.row
    acts = set()
    # The queue holds only cases this person may work on, so the roles decide.
    if can(actor, "initiative.moderate", case) and row.objection is not Objection.OPEN:
        acts = {act for act, states in services.JUDGED_FROM.items() if row.state in states}
        if not row.reports:
            acts.discard("dismiss")
        acts.discard("unhighlight" if row.highlighted_at is None else "highlight")
        if row.parent_id is not None:
            acts -= {"highlight", "unhighlight"}
    must_wait = False
    if row.objection is Objection.OPEN and can(actor, "initiative.hear", case):
        if row.hidden_by == actor.user_id:
            must_wait = not services.may_hear(
                actor.user_id, case or queries.case(row.object_id), row.hidden_by
            )
        acts |= set() if must_wait else {"restore", "uphold"}
    where: dict[str, Any] = {"number": found.slug, "comment_id": row.id}
    return CommentView(
        found=found,
        record=records.get(row.user_id or 0) if not row.official else None,
        held_by=[rules.RULES[rule] for rule in row.held_by if rule in rules.RULES],
        reports=reports,
        objected=objected.get(row.id, ""),
        href=url_for("initiatives.case_comment", **where),
        case_href=url_for("initiatives.case", number=found.slug),
        public_href=f"{url_for('initiatives.comment_one', **where)}#comment-{row.id}"
        if row.state is CommentState.VISIBLE
        else "",
        acts=frozenset(acts),
        must_wait=must_wait,
        form=judged or JudgeForm(formdata=None, prefix=_prefix(row.id), back=back),
    )


def views_of_case(found: Initiative) -> list[CommentView]:
    """The newest comments of a case for its desk page, those that wait first."""
    return _views([(row, found) for row in queries.comments_of_case(found, CASE_MOST)], back="case")


def _prefix(comment_id: int) -> str:
    return f"comment-{comment_id}-"


def one(number: str, comment_id: int) -> BaseResponse:
    """One comment with its history; a button there, in the queue or on the case desk does something to it (POST)."""
    found = entry.opened(number, "initiative.hear")
    if request.method == "GET":
        return _page(found, comment_id, None)
    form = JudgeForm(prefix=_prefix(comment_id))
    if form.validate_on_submit():
        try:
            _act(found, comment_id, form)
        except Invalid as problem:
            form.blame(problem.fields, problem.reason)
        except (Conflict, NotAllowed) as problem:
            say(problem.reason, "error")
            return redirect(_back(found, comment_id, form), 303)
        else:
            say(DONE[form.act.data or ""])
            return redirect(_back(found, comment_id, form), 303)
    return _page(entry.opened(number, "initiative.hear"), comment_id, form)


def _act(found: Initiative, comment_id: int, form: JudgeForm) -> None:
    actor, act = actors.current(), form.act.data or ""
    words = form.words.data or ""
    if act in services.ACTS:
        services.moderate(actor, found.id, comment_id, act, form.rule.data or "", words)
    elif act in ("restore", "uphold"):
        services.decide_objection(actor, found.id, comment_id, words, restore=act == "restore")
    elif act == "undo":
        step = form.step.data or ""
        if not (step.isascii() and step.isdigit() and len(step) < 19):
            raise Missing
        services.undo_judgement(actor, found.id, comment_id, int(step))
    else:
        raise Missing


def _back(found: Initiative, comment_id: int, form: JudgeForm) -> str:
    if form.back.data == "case":
        return f"{entry.href_of(found)}#comments"
    if form.back.data in COMMENT_TABS:
        return _tab_href(form.back.data)
    return url_for("initiatives.case_comment", number=entry.slug_of(found), comment_id=comment_id)


def _page(found: Initiative, comment_id: int, form: JudgeForm | None) -> Response:
    row = queries.comment_to_judge(found, comment_id)
    steps = talk.steps(comment_id)
    (view,) = _views([(row, found)], back="", judged=form)
    last = steps[-1] if steps else None
    undo = last.id if last and _may_undo(found, last, row) else None
    return _fresh(
        page(
            "initiatives/desk/comment.html",
            422 if form is not None else 200,
            title=_("Comment on %(number)s", number=found.number),
            crumbs=[*entry.crumbs(found), Link(_("Comments to look at"), _tab_href("waiting"))],
            case=found,
            wrong=form,
            view=view,
            steps=_lines(steps),
            undo=undo,
            undo_form=JudgeForm(formdata=None, prefix=_prefix(comment_id), step=str(undo or "")),
            speak_href=url_for("initiatives.case_speak", number=entry.slug_of(found), answers=comment_id)
            if can(actors.current(), "initiative.speak", found)
            and row.row.parent_id is None
            and row.row.state is CommentState.VISIBLE
            else "",
            reasons=rules.REASONS,
            offices=WHO,
        )
    )


def _may_undo(found: Initiative, last: CommentStep, row: QueuedComment) -> bool:
    if last.act not in services.UNDOABLE or not can(actors.current(), "initiative.moderate", found):
        return False
    heard = last.act in ("restore", "uphold")
    return not heard or services.may_hear(actors.current().user_id, found, row.row.hidden_by)


def _lines(steps: Sequence[CommentStep]) -> list[StepLine]:
    """The history, newest first; members of the office by their name, its author not."""
    names = accounts.names({step.user_id for step in steps if step.user_id} - {0})
    private = ("hold", "object", "take_back")
    return [
        StepLine(
            STEP_LABELS[step.act],
            step.at,
            _("Author of the comment") if step.act in private else names.get(step.user_id or 0, ""),
            rules.REASONS.get(step.rule, ""),
            step.words,
        )
        for step in reversed(steps)
    ]


def speak(number: str) -> BaseResponse:
    """Say something for the office, or answer a comment (`?answers=`)."""
    found = entry.opened(number, "initiative.speak")
    if not found.is_public or found.state == "withdrawn":
        raise Missing
    text = request.args.get("answers", "")
    if text and not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Missing
    above = talk.one(*found.about, int(text)) if text else None
    if text and (above is None or above.parent_id is not None or not above.is_seen):
        raise Missing
    form = SpeakForm()
    if form.validate_on_submit():
        try:
            said = services.speak(
                actors.current(),
                found.id,
                form.text.data or "",
                form.form_key.data or "",
                answers=above.id if above else None,
            )
        except Invalid as problem:
            form.blame(problem.fields, problem.reason)
        else:
            say(_("What the office says is public now."))
            where: dict[str, Any] = {"number": entry.slug_of(found), "comment_id": said}
            return redirect(f"{url_for('initiatives.comment_one', **where)}#comment-{said}", 303)
    return page(
        "initiatives/desk/speak.html",
        422 if form.is_submitted() else 200,
        title=_("Answer a comment for the office") if above else _("Comment for the office"),
        crumbs=entry.crumbs(found),
        case=found,
        form=form,
        above=above,
        role=WHO[services.speaks_as(actors.current(), found.municipality_id)],
        language=g.town.language,
        back_href=entry.href_of(found),
    )


def file(number: str) -> Response:
    """Every comment of a case as a CSV file for the office: no names of accounts, hidden ones with their reason."""
    found = entry.opened(number, "initiative.hear")
    out = io.StringIO()
    sheet = csv.writer(out, lineterminator="\r\n")
    sheet.writerow(COLUMNS)
    for row in db.session.execute(talk.everything(*found.about)):
        said = talk.Said(*row)
        sheet.writerow(
            (
                said.id,
                said.parent_id or "",
                iso(said.at),
                said.state.value,
                said.stance.value,
                int(said.official),
                int(said.by_author),
                said.useful_count,
                int(said.highlighted_at is not None),
                said.language,
                neutral(said.name),
                neutral(said.text),
                said.hidden_rule if said.state is CommentState.HIDDEN else "",
            )
        )
    response = Response("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{entry.slug_of(found)}-comments.csv"'
    return _fresh(response)
