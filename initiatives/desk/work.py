"""What of initiatives stands on the desk's first page: what waits for me, what is late, the week's figures."""

from collections.abc import Callable

from flask import url_for

from initiatives import queries
from initiatives.queries import DeskFilter
from portal.content.models import Comment, CommentState, Objection
from portal.core import clock, tenancy
from portal.core.actor import Actor
from portal.core.i18n import Text
from portal.core.i18n import lazy_gettext as _l
from portal.core.registry import Fact, WorkItem, WorkList


def _count(tab: str) -> Callable[[Actor], int]:
    return lambda actor: queries.work_counts(actor, [DeskFilter(tab=tab)])[0]


def _items(tab: str) -> Callable[[Actor, int], list[WorkItem]]:
    def items(actor: Actor, limit: int) -> list[WorkItem]:
        today = clock.today(tenancy.town_by_id(tenancy.current_id() or 0).zone)
        return [
            WorkItem(
                title=row.title,
                href=url_for("initiatives.case", number=row.slug),
                state=row.present.label,
                due_day=row.due_on,
                late=row.due_on is not None and row.due_on < today,
                note=row.number or "",
            )
            for row in queries.work_list(actor, DeskFilter(tab=tab), None, limit).items
        ]

    return items


def _comments(actor: Actor, limit: int) -> list[WorkItem]:
    return [
        WorkItem(
            title=found.title,
            href=url_for("initiatives.case_comment", number=found.slug, comment_id=found.row.id),
            state=_why(found.row),
            note=found.number,
        )
        for found in queries.queued_comments(actor, "waiting", None, limit).items
    ]


def _why(row: Comment) -> Text:
    if row.objection is Objection.OPEN:
        return _l("its author objects to hiding it")
    return (
        _l("a comment held by the rules")
        if row.state is CommentState.HELD
        else _l("a comment that was reported")
    )


WORK = (
    WorkList(
        "initiative.todo",
        _l("Initiatives that wait for me"),
        "initiative.desk",
        _count("todo"),
        _items("todo"),
    ),
    WorkList(
        "initiative.late",
        _l("Initiatives that are late"),
        "initiative.desk",
        _count("late"),
        _items("late"),
        late=True,
    ),
    WorkList(
        "initiative.mentioned",
        _l("Initiatives in which a colleague named me"),
        "initiative.note",
        _count("mentioned"),
        _items("mentioned"),
    ),
    WorkList(
        "initiative.comments",
        _l("Comments to look at"),
        "initiative.hear",
        lambda actor: queries.queued_counts(actor)[0],
        _comments,
    ),
)

FACTS = (
    # Worded so that they suit any number.
    Fact(_l("filed in the last seven days"), queries.filed_this_week),
    Fact(_l("published in the last seven days"), queries.published_this_week),
    Fact(_l("decided in the last seven days"), queries.decided_this_week),
)
