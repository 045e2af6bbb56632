"""The public figures: of one municipality, and of all side by side. Every figure can be taken away as a file."""

from typing import Any

from flask import Response, g

from initiatives import charts_of, queries
from initiatives.charts_of import Period
from initiatives.counting import Event
from initiatives.forms.period import asked_period, shortcuts, span, table_file
from initiatives.states import OUTCOMES
from portal.core.disclosure import THRESHOLD
from portal.core.i18n import gettext as _
from portal.core.i18n import month_of
from portal.ui.pages import Link, page
from portal.ui.templating import url_for


def statistics() -> Response:
    """The figures of a municipality."""
    period = asked_period()
    board = charts_of.board(period)
    return page(
        "initiatives/statistics.html",
        title=_("Initiatives in numbers: %(town)s", town=g.town.name),
        crumbs=[
            Link(_("Home"), url_for("pages.home")),
            Link(g.town.name, url_for("pages.town")),
            Link(_("Initiatives"), url_for("initiatives.listing")),
        ],
        board=board,
        drawing=charts_of.drawing(board.flows),
        today=charts_of.today(queries.present_counts()),
        outcomes=OUTCOMES,
        late_now=queries.late_now(),
        file_href=url_for("initiatives.statistics_csv", **period.query),
        sheet_href=url_for("initiatives.statistics_xlsx", **period.query),
        all_href=url_for("initiatives.statistics_everywhere", **period.query),
        **_frame("initiatives.statistics", period),
    )


def _frame(endpoint: str, period: Period) -> dict[str, Any]:
    """What both pages need around their figures."""
    return {
        "period": period,
        "span": span(period),
        "here": url_for(endpoint),
        "shortcuts": shortcuts(endpoint, period),
        "months": [(f"{month:%Y-%m}", month_of(month)) for month in period.choices],
        "names": charts_of.EVENTS,
        "ways": charts_of.WAYS,
        "events": tuple(Event),
        "threshold": THRESHOLD,
        "month_of": month_of,
    }


def everywhere() -> Response:
    """All municipalities side by side."""
    period = asked_period(kept=False)
    return page(
        "initiatives/comparison.html",
        title=_("Initiatives in numbers: all municipalities"),
        crumbs=[
            Link(_("Home"), url_for("pages.home")),
            Link(_("Initiatives"), url_for("initiatives.everywhere")),
        ],
        lines=charts_of.comparison(period),
        file_href=url_for("initiatives.statistics_everywhere_csv", **period.query),
        sheet_href=url_for("initiatives.statistics_everywhere_xlsx", **period.query),
        **_frame("initiatives.statistics_everywhere", period)
        # What came from one another stands in the file: side by side each case counts where it was filed.
        | {"events": tuple(event for event in Event if event is not Event.ARRIVED)},
    )


def statistics_csv() -> Response:
    """Every figure of the page, one a line, each with its meaning."""
    return _file("csv")


def statistics_xlsx() -> Response:
    """The same as a workbook."""
    return _file("xlsx")


def _file(ending: str) -> Response:
    period = asked_period()
    entries = [
        *charts_of.entries_of(charts_of.board(period)),
        *charts_of.entries_of_today(charts_of.today(queries.present_counts())),
    ]
    return table_file([(g.town.slug, entries)], period, g.town.slug, ending)


def everywhere_csv() -> Response:
    """Every figure of the comparison."""
    return _file_everywhere("csv")


def everywhere_xlsx() -> Response:
    """The same as a workbook."""
    return _file_everywhere("xlsx")


def _file_everywhere(ending: str) -> Response:
    period = asked_period(kept=False)
    parts = [(line.town.slug, charts_of.entries_of_town(line)) for line in charts_of.comparison(period)]
    return table_file(parts, period, "all", ending)
