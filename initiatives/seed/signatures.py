"""Support of the demo initiatives beside the clicks: signatures on paper, thresholds reached, last days."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from initiatives import queries, rules, services
from initiatives.counting import ONLINE, PAPER
from initiatives.models import Initiative, SheetState, SignatureSheet
from initiatives.seed.histories import aside
from initiatives.seed.plots import Plot
from initiatives.seed.texts import offices
from initiatives.services import figures
from initiatives.services.signatures import counted_note
from initiatives.states import GONE
from portal.content.models import StateChange
from portal.core.db import db
from portal.core.workflow import Lane

COLLECTED = 0.3
"""Chance that somebody went from door to door, where an office counts on paper."""
SHEETS_MOST = 3
SHOWN = ("lub-045", "oji-003")
"""Cases that have a sheet of every state, so that each can be looked at."""
COLLECT_DAYS = 40


def set_support(plot: Plot, case: Initiative, persons: Mapping[str, int | None]) -> list[SignatureSheet]:
    """Count clicks and paper, set the last day and whether the threshold was reached; the sheets to be written."""
    case.support_count = len(persons)
    if plot.listed_at is None:
        return []
    days = queries.office(plot.town.id).support.days
    case.support_until = rules.support_end(plot.day(plot.listed_at), days)
    sheets = _sheets(plot, case)
    case.paper_count = sum(row.valid or 0 for row in sheets if row.state is SheetState.COUNTED)
    case.support_count += case.paper_count
    return sheets


def _sheets(plot: Plot, case: Initiative) -> list[SignatureSheet]:
    told = offices().get(plot.town.slug, {}).get("signatures")
    rng = plot.chance("signatures")
    shown = plot.key in SHOWN
    if told is None or case.state in GONE:
        return []
    if not shown and rng.random() > COLLECTED:
        return []
    states = (
        (SheetState.COUNTED, SheetState.STRUCK, SheetState.DIFFERS, SheetState.WAITING)
        if shown
        else (SheetState.COUNTED,) * rng.randint(1, SHEETS_MOST)
    )
    listed = plot.listed_at or plot.now
    until = min(plot.now, listed + timedelta(days=COLLECT_DAYS))
    found = []
    for serial, state in enumerate(states, start=1):
        at = listed + (until - listed) * (serial / (len(states) + 1))
        valid = rng.randint(6, rules.SHEET_ROWS)
        found.append(
            SignatureSheet(
                municipality_id=case.municipality_id,
                initiative_id=case.id,
                serial=serial,
                signed_on=plot.day(at),
                place=told["places"][(serial + len(plot.key)) % len(told["places"])],
                remark=told["remark"] if serial == 1 else "",
                state=state,
                first=valid,
                first_at=at,
                first_by=plot.team.operator,
                **_second(plot, state, valid, at, told["struck"]),
            )
        )
    return found


def _second(plot: Plot, state: SheetState, valid: int, at: datetime, why: str) -> dict[str, object]:
    """The second counting, and what follows from it."""
    if state is SheetState.WAITING:
        return {}
    again = min(plot.now, at + timedelta(hours=3))
    second: dict[str, object] = {
        "second": valid - 1 if state is SheetState.DIFFERS else valid,
        "second_at": again,
        "second_by": plot.team.leader,
    }
    if state is SheetState.DIFFERS:
        return second
    second |= {"valid": valid, "counted_at": again}
    if state is SheetState.STRUCK:
        second |= {"struck_at": again, "struck_by": plot.team.leader, "struck_why": why}
    return second


def mark_support(plot: Plot, case: Initiative, sheets: list[SignatureSheet]) -> list[StateChange]:
    """The steps that sheets and thresholds leave in the history; the figures and the end of support as well."""
    steps = []
    for row in sheets:
        if row.state is SheetState.COUNTED and row.counted_at is not None:
            note = counted_note(row.serial, row.valid or 0, plot.town.language)
            steps.append(aside(case, "sheet", row.counted_at, Lane.INTERNAL, "team", internal_note=note))
            figures.supported(case, PAPER, plot.day(row.counted_at), row.valid or 0)
        elif row.state is SheetState.STRUCK and row.struck_at is not None:
            steps.append(aside(case, "sheet_struck", row.struck_at, Lane.PUBLIC, "team", note=row.struck_why))
    if plot.listed_at is not None:
        figures.supported(case, ONLINE, plot.day(plot.listed_at), case.online_count)
    threshold = queries.office(plot.town.id).support.threshold
    open_phase = case.phase in rules.SUPPORT_PHASES and plot.listed_at is not None
    if threshold is not None and case.support_count >= threshold and open_phase:
        at = min(plot.now, (plot.listed_at or plot.now) + timedelta(days=COLLECT_DAYS))
        case.threshold_on = plot.day(at)
        steps.append(aside(case, "threshold", at, Lane.PUBLIC, "system", note=str(threshold)))
    if case.support_until is not None and case.support_until >= plot.day(plot.now):
        services.plan_end(case)
    db.session.flush()
    return steps
