"""The period that pages with figures are asked for, and how their files are handed out; for public pages and the desk."""

import csv
import io
from collections.abc import Iterable
from typing import Any

from flask import Response, g, request

from initiatives import charts_of, queries
from initiatives.charts_of import Entry, Period
from initiatives.formats.tabular import neutral
from portal.core import clock, tenancy
from portal.core.i18n import gettext as _
from portal.core.i18n import month_of
from portal.core.spreadsheet import XLSX_TYPE, workbook
from portal.ui.fragments import until_change
from portal.ui.pages import Link
from portal.ui.templating import url_for

PORTAL_ZONE = "Europe/Warsaw"


def asked_period(*, kept: bool = True) -> Period:
    """The period of this request; `kept` remembers the first month there is until something is published."""
    town: tenancy.Town | None = g.get("town")
    today = clock.today(town.zone if town else PORTAL_ZONE)
    begin = until_change("initiatives.first_month", queries.first_month) if kept else queries.first_month()
    return charts_of.period(request.args, today, begin)


def shortcuts(endpoint: str, period: Period) -> list[Link]:
    """The periods people ask for most."""
    newest, oldest = period.choices[0], period.choices[-1]
    year = max(newest.replace(month=1), oldest)
    usual = charts_of.period({}, newest, oldest)
    wanted = (
        (_("Last 12 months"), usual.first, newest),
        (_("This year"), year, newest),
        (_("From the beginning"), oldest, newest),
    )
    now = (period.first, period.last)
    return [
        Link(label, url_for(endpoint, **Period(first, last, ()).query), (first, last) == now)
        for label, first, last in wanted
    ]


def span(period: Period) -> str:
    """The period in words."""
    if period.first == period.last:
        return month_of(period.first)
    return _("%(first)s to %(last)s", first=month_of(period.first), last=month_of(period.last))


def table_file(
    parts: Iterable[tuple[str, Iterable[Entry]]], period: Period, name: str, ending: str
) -> Response:
    """Figures as a table: a workbook, or a CSV in UTF-8 with its mark, formulas disarmed."""
    rows = [charts_of.file_row(entry, town, period) for town, entries in parts for entry in entries]
    if ending == "xlsx":
        cells = ([row[column] for column in charts_of.COLUMNS] for row in rows)
        body = workbook(_("Initiatives in numbers"), charts_of.COLUMNS, cells)
        response = Response(body, content_type=XLSX_TYPE)
    else:
        response = Response(_csv(rows), content_type="text/csv; charset=utf-8")
    span_ = f"{period.first:%Y-%m}-{period.last:%Y-%m}"
    response.headers["Content-Disposition"] = (
        f'attachment; filename="initiatives-numbers-{name}-{span_}.{ending}"'
    )
    return response


def _csv(rows: Iterable[dict[str, Any]]) -> str:
    buffer = io.StringIO("\ufeff")
    buffer.seek(0, io.SEEK_END)
    writer = csv.DictWriter(buffer, charts_of.COLUMNS)
    writer.writeheader()
    for row in rows:
        writer.writerow({k: neutral(v) if isinstance(v, str) else v for k, v in row.items()})
    return buffer.getvalue()
