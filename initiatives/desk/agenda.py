"""The month's list of the steering group: cases that await a decision, printable and as PDF; what the group thought."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Response, g, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from initiatives import queries, services
from initiatives.desk import entry
from initiatives.formats.agenda import agenda_pdf
from initiatives.forms.agenda import OpinionForm, SessionForm
from initiatives.forms.desk import VERDICT_LABELS
from initiatives.forms.verbs import version_of
from initiatives.models import AgendaItem, Initiative, Place
from initiatives.queries import AgendaRow
from portal.core import actor as actors
from portal.core import clock
from portal.core.errors import Conflict, Invalid, Missing
from portal.core.i18n import current_locale, day, from_json, money, month_of, ngettext, number, pgettext
from portal.core.i18n import gettext as _
from portal.core.policy import can
from portal.ui.pages import Link, page, say

MONTH = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Entry:
    """A case of the list as it is shown and printed."""

    row: AgendaRow
    case: Initiative
    place: str
    facts: list[str]
    result: str
    href: str
    mark_href: str

    @property
    def item(self) -> AgendaItem | None:
        """The mark for a meeting."""
        return self.row.item


def agenda() -> BaseResponse:
    """To the present month."""
    return redirect(url_for("initiatives.agenda_month", month=f"{clock.today(g.town.zone):%Y-%m}"))


def agenda_month(month: str) -> Response:
    """The list of a month."""
    first, last = _days(month)
    entries = _entries(first, last)
    before, after = first - timedelta(days=1), last + timedelta(days=1)
    return page(
        "initiatives/desk/agenda.html",
        title=_("Agenda of the steering group: %(month)s", month=_month_name(first)),
        crumbs=entry.crumbs(),
        entries=entries,
        totals=_totals(entries),
        full=len(entries) >= queries.AGENDA_MOST,
        earlier=Link(_month_name(before), _href(before)),
        later=Link(_month_name(after), _href(after)),
        pdf_href=url_for("initiatives.agenda_pdf", month=month),
        currency=g.town.currency,
    )


def agenda_file(month: str) -> Response:
    """The same on paper."""
    first, last = _days(month)
    entries = _entries(first, last)
    name = _month_name(first)
    data: dict[str, Any] = {
        "title": _("Agenda of the steering group: %(month)s", month=name),
        "lang": current_locale(),
        "lead": from_json(g.town.names),
        "wanted": _("What residents want"),
        "allowed": _("What law and money allow"),
        "tradeoff": _("The trade-off"),
        "votes": [pgettext("votes", "For"), pgettext("votes", "Against"), pgettext("votes", "Abstained")],
        "totals": " ".join(_totals(entries)),
        "rows": [
            {
                "number": one.case.number or "",
                "title": one.case.title,
                "place": one.place,
                "due": _("due on %(day)s", day=day(one.row.due_on)) if one.row.due_on else "",
                "wanted": one.case.wanted,
                "allowed": one.case.allowed,
                "tradeoff": one.case.tradeoff,
                "facts": [*one.facts, *([one.result] if one.result else [])],
            }
            for one in entries
        ],
    }
    response = Response(agenda_pdf(data), mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="agenda-{month}.pdf"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _days(text: str) -> tuple[date, date]:
    """First and last day of a month of an address. Raises Missing."""
    found = MONTH.fullmatch(text)
    if found is None:
        raise Missing
    first = date(int(found[1]), int(found[2]), 1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _month_name(inside: date) -> str:
    return month_of(inside)


def _href(inside: date) -> str:
    return url_for("initiatives.agenda_month", month=f"{inside:%Y-%m}")


def _entries(first: date, last: date) -> list[Entry]:
    actor = actors.current()
    may_mark = bool(can(actor, "initiative.recommend"))
    return [_entry(row, may_mark=may_mark) for row in queries.agenda(actor, first, last)]


def _entry(row: AgendaRow, *, may_mark: bool) -> Entry:
    case = row.case
    place = _("The whole municipality") if case.place is Place.WHOLE else case.address or case.district
    slug = entry.slug_of(case)
    may_open = can(actors.current(), "initiative.desk", case)
    return Entry(
        row,
        case,
        place,
        _facts(row),
        "" if case.state == "recommendation" else _("Meanwhile: %(state)s", state=case.present.label),
        url_for("initiatives.case" if may_open else "initiatives.detail", number=slug),
        url_for("initiatives.case_agenda", number=slug) if may_mark else "",
    )


def _facts(row: AgendaRow) -> list[str]:
    case = row.case
    found = [ngettext("%(n)s supporter", "%(n)s supporters", case.support_count)]
    if case.paper_count:
        found.append(_("%(n)s of them on paper", n=number(case.paper_count)))
    for label, score in ((_("Purpose study"), row.purpose), (_("Feasibility study"), row.feasibility)):
        if score is not None:
            found.append(_("%(study)s: %(score)s of 5", study=label, score=number(score, "0.0")))
    for label, cost in (
        (_("Cost, once"), case.cost_once_minor),
        (_("Running cost per year"), case.cost_yearly_minor),
    ):
        if cost is not None:
            found.append(f"{label}: {money(cost, case.currency)}")
    if case.cost_source:
        found.append(_("Where the money comes from: %(source)s", source=case.cost_source))
    if case.recommended:
        verdict = VERDICT_LABELS[case.recommended]
        found.append(
            _("Recommendation: %(verdict)s", verdict=verdict)
            + (f" – {case.recommended_why}" if case.recommended_why else "")
        )
    return found


def _totals(entries: list[Entry]) -> list[str]:
    once = sum(one.case.cost_once_minor or 0 for one in entries)
    yearly = sum(one.case.cost_yearly_minor or 0 for one in entries)
    currency = g.town.currency
    return [
        ngettext("%(n)s case.", "%(n)s cases.", len(entries)),
        _(
            "Together once %(once)s, per year %(yearly)s.",
            once=money(once, currency),
            yearly=money(yearly, currency),
        ),
    ]


# ---- one case ----


def case_agenda(number: str) -> BaseResponse:
    """The day of the meeting a case is talked about at; afterwards what the group thought."""
    case = entry.opened(number, "initiative.recommend")
    items = queries.opinions(case.id)
    latest = items[0] if items else None
    go = request.form.get("go", "")
    version = latest.version if latest else 0
    session = SessionForm(
        None if go == "opinion" else request.form if request.method == "POST" else None,
        data={"version": str(version), "session_on": None if latest is None else latest.session_on},
    )
    opinion = OpinionForm(
        request.form if go == "opinion" else None,
        prefix="opinion-",  # Two forms of one page, whose fields need ids of their own.
        data={
            "version": str(version),
            "opinion": latest.opinion if latest else "",
            "votes_for": latest.votes_for if latest else None,
            "votes_against": latest.votes_against if latest else None,
            "votes_abstained": latest.votes_abstained if latest else None,
        },
    )
    if request.method != "POST":
        return _case_page(case, items, session, opinion)
    form: Any = opinion if go == "opinion" else session
    if go != "remove" and not form.validate():
        return _case_page(case, items, session, opinion, 422)
    try:
        _carry_out(case, go, form)
    except Invalid as problem:
        form.blame(problem.fields, problem.reason)
        return _case_page(entry.opened(number, "initiative.recommend"), items, session, opinion, 422)
    except Conflict as problem:
        now = queries.opinions(case.id)
        form.version.data = str(now[0].version if now else 0)
        form.blame({}, problem.reason)
        return _case_page(entry.opened(number, "initiative.recommend"), now, session, opinion, 409)
    return redirect(url_for("initiatives.case_agenda", number=number), 303)


def _carry_out(case: Initiative, go: str, form: Any) -> None:
    actor = actors.current()
    if go == "opinion":
        votes = (form.votes_for.data, form.votes_against.data, form.votes_abstained.data)
        services.note_opinion(actor, case.id, form.opinion.data or "", votes, version_of(form))
        say(_("The opinion stands with the case. Whoever decides reads it."))
    elif go == "remove":
        services.take_off_agenda(actor, case.id, version_of(form))
        say(_("The case is off the agenda."))
    else:
        services.put_on_agenda(actor, case.id, form.session_on.data, version_of(form))
        say(_("The case is on the agenda of %(day)s.", day=day(form.session_on.data)))


def _case_page(
    case: Initiative, items: list[AgendaItem], session: SessionForm, opinion: OpinionForm, status: int = 200
) -> Response:
    latest = items[0] if items else None
    held = latest is not None and latest.session_on <= case.local_today
    return page(
        "initiatives/desk/case_agenda.html",
        status,
        title=_("Agenda: %(number)s", number=case.number),
        heading=_("Agenda of the steering group"),
        crumbs=entry.crumbs(case),
        case=case,
        items=items,
        latest=latest,
        session=session,
        opinion=opinion,
        form=opinion if opinion.problems else session,
        may_mark=case.state == "recommendation",
        may_note=held,
        may_remove=latest is not None and not latest.opinion,
        agenda_href=_href(latest.session_on) if latest else url_for("initiatives.agenda"),
        back_href=entry.href_of(case),
    )
