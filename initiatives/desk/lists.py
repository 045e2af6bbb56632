"""Work lists and the board: what to do, what waits for others, what is late. The filter stays in the address."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Response, g, request, url_for

from initiatives import queries
from initiatives.desk import entry
from initiatives.queries import TABS, DeskFilter, DeskRow
from initiatives.states import CATEGORIES, WORKFLOW
from portal.accounts import queries as accounts
from portal.core import actor as actors
from portal.core import clock, tenancy
from portal.core.calendar import working_days_between
from portal.core.errors import Missing
from portal.core.i18n import Text
from portal.core.i18n import gettext as _
from portal.core.paging import Cursor, decode
from portal.core.policy import can
from portal.ui.pages import Link, page

BOARD_CARDS = 8
BOARD_STATES = tuple(
    state.key
    for state in WORKFLOW.states
    if state.key == "disputed" or (state.phase not in ("draft", "built", "ended") and state.key != "lapsed")
)
"""Columns of the board in the order of the road; ended cases are in the list."""


@dataclass(frozen=True, slots=True)
class Due:
    """Nearness of a clock as its badge shows it: kind late, soon or ok; `days` are working days."""

    kind: str
    days: int
    day: date


@dataclass(frozen=True, slots=True)
class Row:
    """A case in a work list or on the board."""

    number: str
    title: str
    language: str
    href: str
    look: str
    state: Text
    category: Text
    lead: str
    due: Due | None


@dataclass(frozen=True, slots=True)
class Tab:
    """A work list with how many cases it holds; `late` marks the one that should be empty."""

    label: str
    href: str
    current: bool
    count: int | None
    late: bool


@dataclass(frozen=True, slots=True)
class Column:
    """A state on the board with its newest cases. `count` stops at 1,000."""

    key: str
    label: Text
    count: int
    rows: list[Row]
    href: str


def due_of(due_on: date | None, today: date, town: tenancy.Town) -> Due | None:
    """The badge of a clock; none without one."""
    if due_on is None:
        return None
    closures = frozenset(date.fromisoformat(text) for text in town.closures)
    days = working_days_between(today, due_on, town.country, closures)
    # On the free days after its end a clock is late although no working day has passed.
    if due_on < today:
        return Due("late", min(days, -1), due_on)
    return Due("soon" if days <= 2 else "ok", days, due_on)


def _rows(found: tuple[DeskRow, ...]) -> list[Row]:
    town: tenancy.Town = g.town
    today = clock.today(town.zone)
    names = accounts.names(row.lead_user_id for row in found if row.lead_user_id)
    return [
        Row(
            number=row.number or "",
            title=row.title,
            language=row.language,
            href=url_for("initiatives.case", number=row.slug),
            look=row.present.look,
            state=row.present.label,
            category=CATEGORIES.get(row.category, row.category),
            lead=names.get(row.lead_user_id or 0, ""),
            due=due_of(row.due_on, today, town),
        )
        for row in found
    ]


def _query(wanted: DeskFilter, **changes: str) -> dict[str, Any]:
    """The filter as query values, changed; what is not asked falls away."""
    values = {
        "tab": wanted.tab,
        "mine": "1" if wanted.mine else "",
        "state": wanted.state,
        "category": wanted.category,
        "q": wanted.text,
        **changes,
    }
    return {name: value for name, value in values.items() if value and (name, value) != ("tab", "todo")}


def _cursor() -> Cursor | None:
    text = request.args.get("at")
    try:
        return decode(text) if text else None
    except ValueError:
        raise Missing from None


def _tabs(actor: actors.Actor, wanted: DeskFilter) -> list[Tab]:
    labels = {
        "todo": _("To do"),
        "waiting": _("Waiting for others"),
        "late": _("Late"),
        "imported": _("Taken over"),
        "done": _("Done"),
        "all": _("All"),
    }
    # What is done or everything only grows: its number costs much and says little.
    counted = ("todo", "waiting", "late", "imported")
    counts = dict(
        zip(counted, queries.work_counts(actor, [_of_tab(wanted, tab) for tab in counted]), strict=True)
    )
    return [
        Tab(
            labels[tab],
            url_for("initiatives.desk", **_query(wanted, tab=tab)),
            tab == wanted.tab,
            counts.get(tab),
            tab == "late",
        )
        for tab in TABS
        # Most municipalities never took anything over.
        if tab != "imported" or counts[tab] or wanted.tab == tab
    ]


def _of_tab(wanted: DeskFilter, tab: str) -> DeskFilter:
    return DeskFilter(tab, wanted.mine, wanted.state, wanted.category, wanted.text)


def desk() -> Response:
    """The work lists of the team."""
    actor = actors.current()
    wanted = queries.desk_filter(request.args)
    found = queries.work_list(actor, wanted, _cursor())
    return page(
        "initiatives/desk/list.html",
        title=_("Initiatives"),
        crumbs=entry.crumbs()[:1],
        tabs=_tabs(actor, wanted),
        wanted=wanted,
        active=sum(map(bool, (wanted.mine, wanted.state, wanted.category, wanted.text))),
        rows=_rows(found.items),
        newer_href=url_for("initiatives.desk", **_query(wanted, at=found.newer)) if found.newer else "",
        older_href=url_for("initiatives.desk", **_query(wanted, at=found.older)) if found.older else "",
        here=url_for("initiatives.desk"),
        all_href=url_for("initiatives.desk", tab="all"),
        states=[(state.key, state.label) for state in WORKFLOW.states if state.key != "draft"],
        categories=list(CATEGORIES.items()),
        board_href=url_for("initiatives.board"),
        call_href=url_for("initiatives.call") if can(actor, "initiative.take") else "",
        has_team_list=bool(actor.roles_in(actor.municipality_id) & {"reviewer", "leader"}),
    )


def board() -> Response:
    """Cases side by side by state; columns without a case are left out."""
    actor = actors.current()
    mine = request.args.get("mine") == "1"
    columns = []
    for key in BOARD_STATES:
        wanted = DeskFilter(tab="all", mine=mine, state=key)
        found = queries.work_list(actor, wanted, None, size=BOARD_CARDS)
        if not found.items:
            continue
        count = queries.work_counts(actor, [wanted])[0] if found.older else len(found.items)
        href = url_for("initiatives.desk", **_query(wanted))
        columns.append(Column(key, WORKFLOW.state(key).label, count, _rows(found.items), href))
    return page(
        "initiatives/desk/board.html",
        title=_("Board of initiatives"),
        crumbs=entry.crumbs(),
        columns=columns,
        tabs=[
            Link(_("The team’s"), url_for("initiatives.board"), not mine),
            Link(_("Assigned to me"), url_for("initiatives.board", mine="1"), mine),
        ],
    )
