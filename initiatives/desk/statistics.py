"""Numbers for the office itself: what lies with whom, how old the queues are, and the public figures with nothing hidden."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Response, g, url_for

from initiatives import charts_of, queries
from initiatives.counting import Event
from initiatives.desk import entry
from initiatives.forms.period import asked_period, shortcuts, span, table_file
from initiatives.queries import AGES, Load, Queue
from initiatives.states import DEADLINES, WORKFLOW
from portal.accounts import queries as accounts
from portal.core import actor as actors
from portal.core.i18n import Text, month_of
from portal.core.i18n import gettext as _
from portal.core.policy import can
from portal.ui.pages import page

MOST_PEOPLE = 100
"""People whose load is shown; each takes four small counts of one statement."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A queue as the table shows it."""

    label: Text
    queue: Queue

    @property
    def since(self) -> date | None:
        """The day since which the oldest waits."""
        return self.queue.since


def _waiting() -> list[Waiting]:
    clocks = {queue.key: queue for queue in queries.clock_queues()}
    found = [Waiting(label, clocks[key]) for key, label in DEADLINES.items() if key in clocks]
    return found + [Waiting(WORKFLOW.state(q.key).label, q) for q in queries.waiting_queues()]


def _loads() -> list[tuple[str, Load]]:
    """What lies with whom, for those who work on cases themselves: guests of the steering group see no colleagues' load."""
    if not can(actors.current(), "initiative.note"):
        return []
    people = accounts.colleagues(g.town.id, "reviewer", "leader")[:MOST_PEOPLE]
    names = {person.user_id: person.name for person in people}
    return [(names[load.user_id], load) for load in queries.loads(list(names))]


def statistics() -> Response:
    """The numbers of the office."""
    period = asked_period()
    board = charts_of.board(period, whole=True, monthly=False)
    values: dict[str, Any] = {
        "period": period,
        "span": span(period),
        "here": url_for("initiatives.desk_statistics"),
        "shortcuts": shortcuts("initiatives.desk_statistics", period),
        "months": [(f"{month:%Y-%m}", month_of(month)) for month in period.choices],
        "names": charts_of.EVENTS,
        "ways": charts_of.WAYS,
        "events": tuple(Event),
    }
    return page(
        "initiatives/desk/statistics.html",
        title=_("Numbers"),
        crumbs=entry.crumbs(),
        board=board,
        queues=_waiting(),
        ages=AGES,
        loads=_loads(),
        most=queries.MOST_COUNTED,
        file_href=url_for("initiatives.desk_statistics_csv", **period.query),
        sheet_href=url_for("initiatives.desk_statistics_xlsx", **period.query),
        public_href=url_for("initiatives.statistics", **period.query),
        **values,
    )


def statistics_csv() -> Response:
    """Every number of the page; what lies with whom stands in it under the people's names."""
    return _file("csv")


def statistics_xlsx() -> Response:
    """The same as a workbook."""
    return _file("xlsx")


def _file(ending: str) -> Response:
    period = asked_period()
    slug: str = g.town.slug
    queues = [
        charts_of.Entry("queues", waiting.queue.key, str(waiting.label), measure, value)
        for waiting in _waiting()
        for measure, value in (
            ("count", waiting.queue.count),
            *((f"older_than_{days}_days", n) for days, n in zip(AGES, waiting.queue.older, strict=True)),
            ("late", waiting.queue.late),
        )
    ]
    loads = [
        charts_of.Entry("load", str(load.user_id), name, measure, value)
        for name, load in _loads()
        for measure, value in (
            ("leads", load.leads),
            ("late", load.late),
            ("studies", load.studies),
            ("sheets_to_write", load.unwritten),
        )
    ]
    own = charts_of.entries_of(charts_of.board(period, whole=True))
    parts = [(slug, queues), (slug, loads), (slug, own)]
    response = table_file(parts, period, f"desk-{slug}", ending)
    response.headers["Cache-Control"] = "no-store"
    return response
