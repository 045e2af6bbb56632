"""How the demo comments go on: answers, useful marks, what the office put on top, reports, one hidden and objected to."""

from datetime import datetime
from typing import Any

from initiatives.models import Initiative
from initiatives.seed.neighbours import HELD, HIDDEN, language_of
from initiatives.seed.plots import Plot
from portal.content import services as content
from portal.content.models import (
    Comment,
    CommentReport,
    CommentState,
    CommentStep,
    CommentUseful,
    Objection,
    Stance,
)
from portal.core.db import db

ANSWERED = 0.35
"""Share of comments that somebody answers."""
BY_AUTHOR = 0.4
OBJECTED = HIDDEN[:1]
"""Cases whose hidden comment its author objects to; in the others one still may."""
USEFUL_MOST = 9
HIGHLIGHT_FROM = 4
"""So many comments there are where the office put one on top."""


def go_on(plot: Plot, case: Initiative, comments: list[Comment]) -> None:
    """Write what follows from the comments of a case, which have their ids; the chance is one of its own."""
    rng = plot.chance("talk")
    said = [row for row in comments if row.state is CommentState.VISIBLE and not row.official]
    for row in comments:
        if row.official:
            row.office = "reviewer"
    for row in said:
        if rng.random() < ANSWERED:
            _answer(plot, case, row, rng)
        _mark(plot, row, rng.randint(0, USEFUL_MOST))
    if len(said) >= HIGHLIGHT_FROM:
        best = max(said, key=lambda row: row.useful_count)
        best.highlighted_at = plot.between(best.at, plot.now)
        _step(plot, best, "highlight", best.highlighted_at)
    if plot.key in HELD:
        _hold(plot, comments)
        _report(plot, said)
    if plot.key in HIDDEN:
        _hide(plot, comments)


def _answer(plot: Plot, case: Initiative, row: Comment, rng: Any) -> None:
    author = plot.author is not None and rng.random() < BY_AUTHOR
    text = rng.choice(plot.words["author_answers" if author else "answers"])
    db.session.add(
        Comment(
            municipality_id=case.municipality_id,
            kind=case.KIND,
            object_id=case.id,
            at=plot.between(row.at, plot.now),
            stance=Stance.NEUTRAL,
            state=CommentState.VISIBLE,
            user_id=plot.author.user_id if author and plot.author else None,
            name="",
            text=text,
            language=language_of(text, plot),
            parent_id=row.id,
            by_author=author,
        )
    )
    row.answer_count += 1
    case.comment_count += 1


def _mark(plot: Plot, row: Comment, readers: int) -> None:
    for n in range(readers):
        db.session.add(
            CommentUseful(
                municipality_id=row.municipality_id,
                comment_id=row.id,
                person=content.person_of_email(f"reader{n}@{plot.town.slug}.example"),
                at=plot.between(row.at, plot.now),
            )
        )
    row.useful_count = readers


def _writer(plot: Plot) -> int | None:
    """A resident with an account who did not write the initiative."""
    return next((who.user_id for who in plot.residents if who != plot.author), None)


def _hold(plot: Plot, comments: list[Comment]) -> None:
    (row,) = (row for row in comments if row.state is CommentState.HELD)
    row.held_by, row.queued_at, row.user_id = ["link"], row.at, _writer(plot)
    _step(plot, row, "hold", row.at, user_id=row.user_id)


def _report(plot: Plot, said: list[Comment]) -> None:
    if not said:
        return
    row = said[0]
    row.queued_at = plot.between(row.at, plot.now)
    for n, rule in enumerate(("off-topic", "other")):
        db.session.add(
            CommentReport(
                municipality_id=row.municipality_id,
                comment_id=row.id,
                person=content.person_of_email(f"reader{n}@{plot.town.slug}.example"),
                at=row.queued_at,
                rule=rule,
                words=plot.words["report"] if rule == "other" else "",
            )
        )
        row.reports += 1


def _hide(plot: Plot, comments: list[Comment]) -> None:
    (row,) = (row for row in comments if row.state is CommentState.HIDDEN)
    at = plot.between(row.at, plot.now)
    row.hidden_rule, row.hidden_by, row.user_id = "personal", plot.study[0], _writer(plot)
    _step(plot, row, "hide", at, rule="personal", words=row.hidden_reason)
    if row.user_id is not None and plot.key in OBJECTED:
        row.objection, row.queued_at = Objection.OPEN, plot.between(at, plot.now)
        _step(plot, row, "object", row.queued_at, words=plot.words["objection"], user_id=row.user_id)


def _step(
    plot: Plot,
    row: Comment,
    act: str,
    at: datetime,
    *,
    rule: str = "",
    words: str = "",
    user_id: int | None = None,
) -> None:
    db.session.add(
        CommentStep(
            municipality_id=row.municipality_id,
            comment_id=row.id,
            at=at,
            user_id=user_id or plot.study[0],
            act=act,
            from_state=CommentState.VISIBLE if act == "hide" else row.state,
            to_state=row.state,
            rule=rule,
            words=words,
        )
    )
