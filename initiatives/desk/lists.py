"""Work lists and the board: what to do, what waits for others, what is late. The filter stays in the address."""

from dataclasses import dataclass
from datetime import date
from itertools import islice

from flask import Response, g, request, url_for

from initiatives import queries, services
from initiatives.desk import entry, shortcuts
from initiatives.forms.verbs import move_of
from initiatives.queries import TABS, DeskFilter, DeskRow, desk_query
from initiatives.states import BULK, WORKFLOW
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
FIRST, COUNTED_TO = 100, 1000
"""How many cases a leader takes up at a time; where the counts of lists end."""
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

    id: int
    number: str
    title: str
    language: str
    href: str
    look: str
    state: Text
    category: Text
    lead: str
    due: Due | None
    withheld: bool


@dataclass(frozen=True, slots=True)
class Tab:
    """A work list with how many cases it holds; `late` marks the one that should be empty."""

    label: str
    href: str
    current: bool
    count: int | None
    late: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """The bar below a list that begins a bulk act: verbs, how many of the list, what the address keeps.

    `most` is how many cases the whole list can hand over, `total` how many it has where that is known.
    """

    verbs: list[tuple[str, Text]]
    keep: list[tuple[str, str]]
    first: int
    most: int
    total: int | None
    all_ticked_href: str
    recent_href: str


@dataclass(frozen=True, slots=True)
class Column:
    """A state on the board with its newest cases. `count` and `late` stop at 1,000."""

    key: str
    label: Text
    look: str
    count: int
    late: int
    rows: list[Row]
    href: str
    late_href: str


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
            id=row.id,
            number=row.number or "",
            title=row.title,
            language=row.language,
            href=url_for("initiatives.case", number=row.slug),
            look=row.present.look,
            state=row.present.label,
            category=queries.category_label(row.category) or row.category,
            lead=names.get(row.lead_user_id or 0, ""),
            due=due_of(row.due_on, today, town),
            withheld=row.withheld,
        )
        for row in found
    ]


def _cursor() -> Cursor | None:
    text = request.args.get("at")
    try:
        return decode(text) if text else None
    except ValueError:
        raise Missing from None


def _tabs(actor: actors.Actor, wanted: DeskFilter) -> list[Tab]:
    # What is done or everything only grows: its number costs much and says little.
    counted = ("todo", "waiting", "mentioned", "late", "silent", "imported")
    counts = dict(
        zip(counted, queries.work_counts(actor, [_of_tab(wanted, tab) for tab in counted]), strict=True)
    )
    return [
        Tab(
            str(queries.TAB_LABELS[tab]),
            url_for("initiatives.desk", **desk_query(wanted, tab=tab)),
            tab == wanted.tab,
            counts.get(tab),
            tab in ("late", "silent"),
        )
        for tab in TABS
        # Most municipalities never took anything over, and tell their news in time.
        if tab not in ("mentioned", "silent", "imported") or counts[tab] or wanted.tab == tab
    ]


def _of_tab(wanted: DeskFilter, tab: str) -> DeskFilter:
    return DeskFilter(tab, wanted.mine, wanted.state, wanted.category, wanted.text)


def ticked() -> list[int]:
    """Cases named in the address, each once; whatever is no number is left aside."""
    found = (text for text in request.args.getlist("case") if text.isascii() and text.isdigit())
    return list(dict.fromkeys(int(text) for text in found if len(text) < 19))[: services.BULK_MOST]


def _bar(wanted: DeskFilter, tabs: list[Tab]) -> Bar:
    """What leads from a list to a bulk act; the filter goes along, the place in the list too."""
    total = next((tab.count for tab in tabs if tab.current), None)
    keep = {name: value for name, value in desk_query(wanted).items() if value}
    at = request.args.get("at", "")
    return Bar(
        verbs=[(verb, move_of(verb).label) for verb in BULK],
        keep=[*keep.items(), *([("at", at)] if at else [])],
        first=FIRST,
        most=services.BULK_MOST,
        total=total if total is None or total < COUNTED_TO else None,
        all_ticked_href=url_for("initiatives.desk", **desk_query(wanted, ticked="all", at=at)),
        recent_href=url_for("initiatives.bulk"),
    )


def desk() -> Response:
    """The work lists of the team."""
    actor = actors.current()
    wanted = queries.desk_filter(request.args)
    found = queries.work_list(actor, wanted, _cursor())
    tabs, chosen = _tabs(actor, wanted), set(ticked())
    if request.args.get("ticked") == "all":
        chosen = {row.id for row in found.items}
    return page(
        "initiatives/desk/list.html",
        title=_("Initiatives"),
        crumbs=entry.crumbs()[:1],
        tabs=tabs,
        bar=_bar(wanted, tabs) if can(actor, "initiative.assign") else None,
        chosen=chosen,
        wanted=wanted,
        active=_active(wanted),
        rows=_rows(found.items),
        by_day=wanted.tab not in queries.BY_TOUCH,
        newer_href=url_for("initiatives.desk", **desk_query(wanted, at=found.newer)) if found.newer else "",
        older_href=url_for("initiatives.desk", **desk_query(wanted, at=found.older)) if found.older else "",
        here=url_for("initiatives.desk"),
        all_href=url_for("initiatives.desk", tab="all"),
        states=[(state.key, state.label) for state in WORKFLOW.states if state.key != "draft"],
        categories=queries.category_choices(),
        board_href=url_for("initiatives.board", **desk_query(wanted, tab="")),
        call_href=url_for("initiatives.call") if can(actor, "initiative.take") else "",
        has_team_list=_has_team_list(actor),
        saved=[
            Link(row.name, f"{url_for('initiatives.desk')}?{row.query}")
            for row in queries.saved_filters(actor.user_id, "desk")
        ],
        save_href=url_for("initiatives.filters_desk", **desk_query(wanted)),
        keys=shortcuts.for_list(),
    )


def board() -> Response:
    """Cases under way side by side by state, narrowed as the lists are; columns without a case are left out."""
    actor = actors.current()
    asked = queries.desk_filter(request.args)
    state = asked.state if asked.state in BOARD_STATES else ""
    wanted = DeskFilter("all", asked.mine, state, asked.category, asked.text)
    found = queries.board(actor, wanted, BOARD_STATES, BOARD_CARDS)
    rows = iter(_rows(tuple(row for column in found for row in column.rows)))
    return page(
        "initiatives/desk/board.html",
        title=_("Board of initiatives"),
        crumbs=entry.crumbs(),
        columns=[
            Column(
                column.state,
                WORKFLOW.state(column.state).label,
                WORKFLOW.state(column.state).look,
                column.count,
                column.late,
                list(islice(rows, len(column.rows))),
                url_for("initiatives.desk", **desk_query(wanted, state=column.state)),
                url_for("initiatives.desk", **desk_query(wanted, state=column.state, tab="late")),
            )
            for column in found
        ],
        wanted=wanted,
        active=_active(wanted),
        here=url_for("initiatives.board"),
        list_href=url_for("initiatives.desk", **desk_query(asked)),
        states=[(key, WORKFLOW.state(key).label) for key in BOARD_STATES],
        categories=queries.category_choices(),
        has_team_list=_has_team_list(actor),
        keys=shortcuts.for_list(),
    )


def _active(wanted: DeskFilter) -> int:
    """How many filters narrow a list."""
    return sum(map(bool, (wanted.mine, wanted.state, wanted.category, wanted.text)))


def _has_team_list(actor: actors.Actor) -> bool:
    return bool(actor.roles_in(actor.municipality_id) & {"reviewer", "leader"})
