"""Batches of decisions under embargo: prepare, look through, time, publish. For decision-makers only."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import Response, g, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from initiatives import messages, queries, rules, services
from initiatives.desk import entry
from initiatives.forms.batches import BatchForm, EmbargoForm, PreparedForm
from initiatives.forms.desk import VERDICT_LABELS
from initiatives.forms.verbs import version_of
from initiatives.models import Batch, BatchItem, BatchState, Done, Initiative
from portal.accounts import queries as accounts
from portal.core import actor as actors
from portal.core.calendar import to_local
from portal.core.errors import Conflict, Invalid
from portal.core.i18n import Text, moment
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_gettext as _l
from portal.core.i18n import lazy_pgettext as _p
from portal.notify.values import unpack
from portal.ui.pages import Link, page, say

WORK_SECONDS = 1.5
STATES: dict[BatchState, tuple[str, Text]] = {
    BatchState.OPEN: ("draft", _p("batch", "being prepared")),
    BatchState.TIMED: ("decision", _p("batch", "under embargo")),
    BatchState.RUNNING: ("building", _p("batch", "being published")),
    BatchState.PUBLISHED: ("built", _p("batch", "published")),
    BatchState.CANCELLED: ("ended", _p("batch", "cancelled")),
}
LOGGED: dict[str, Text] = {
    "begun": _l("Batch begun"),
    "timed": _l("Embargo set"),
    "moved": _l("Embargo moved"),
    "untimed": _l("Embargo lifted without publishing"),
    "released": _l("Published by hand"),
    "cancelled": _l("Batch cancelled"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A batch in the list."""

    batch: Batch
    decisions: int
    look: str
    state: Text
    href: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """A prepared decision: what it says, by whom, and how it fared or why it will not hold."""

    item: BatchItem
    case: Initiative
    verdict: Text
    by: str
    told: int
    stale: bool
    why: str
    href: str
    case_href: str


def batches() -> BaseResponse:
    """The batches, the newest first, and a new one."""
    form = BatchForm()
    if form.validate_on_submit():
        try:
            made = services.start_batch(actors.current(), form.name.data or "", form.form_key.data or "")
        except Invalid as problem:
            form.blame(problem.fields, problem.reason)
        else:
            return redirect(url_for("initiatives.batch", batch_id=made), 303)
    lines = [
        Line(batch, n, *STATES[batch.state], url_for("initiatives.batch", batch_id=batch.id))
        for batch, n in queries.batches()
    ]
    return page(
        "initiatives/desk/batches.html",
        422 if form.is_submitted() else 200,
        title=_("Batches of decisions"),
        crumbs=entry.crumbs(),
        form=form,
        lines=lines,
    )


def batch(batch_id: int) -> BaseResponse:
    """One batch: its decisions with who will be told, the embargo, the buttons (POST)."""
    found = queries.batch(batch_id)
    go = request.form.get("go", "")
    timing = _timing(found, sent=go == "time")
    if request.method != "POST":
        return _batch_page(found, timing)
    if (not go and not request.form.get("drop")) or (go == "time" and not timing.validate()):
        return _batch_page(found, timing, 422)
    try:
        _carry_out(found, go, timing)
    except Invalid as problem:
        timing.blame(problem.fields, problem.reason)
        return _batch_page(queries.batch(batch_id), timing, 422)
    except Conflict as problem:
        timing.version.data = str(queries.batch(batch_id).version)
        timing.blame({}, problem.reason)
        return _batch_page(queries.batch(batch_id), timing, 409)
    return redirect(url_for("initiatives.batch", batch_id=batch_id), 303)


def _timing(found: Batch, *, sent: bool) -> EmbargoForm:
    local = to_local(found.publish_at, g.town.zone) if found.publish_at else None
    return EmbargoForm(
        request.form if sent else None,
        data={
            "day": local.date() if local else None,
            "hour": f"{local:%H:%M}" if local else "12:00",
            "version": str(found.version),
        },
    )


def _carry_out(found: Batch, go: str, timing: EmbargoForm) -> None:
    actor = actors.current()
    typed = request.form.get("version", "")
    version = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0
    if go == "time":
        at = timing.moment(g.town.zone)
        services.time_batch(actor, found.id, at, version)
        say(
            _(
                "The decisions are published on %(moment)s. Until then nobody else knows of them.",
                moment=moment(at),
            )
        )
    elif go == "untime":
        services.time_batch(actor, found.id, None, version)
        say(_("The embargo has no end now: the decisions wait until you publish them."))
    elif go == "cancel":
        services.cancel_batch(actor, found.id, version)
        say(_("The batch is cancelled. Its cases wait for a decision as before."))
    elif go == "publish":
        services.release_batch(actor, found.id, version)
        finished = services.work_batch(found.id, WORK_SECONDS)
        say(_("The decisions are published.") if finished else _("The decisions are being published."))
    else:
        drop = request.form.get("drop", "")
        if drop.isascii() and drop.isdigit() and len(drop) < 19:
            services.drop_decision(actor, found.id, int(drop))
            say(_("The decision is taken out; the case waits as before."))


def _batch_page(found: Batch, timing: EmbargoForm, status: int = 200) -> Response:
    pairs = queries.batch_items(found.id)
    names = accounts.names(
        {item.user_id for item, _case in pairs} | {row["user"] for row in found.log if row["user"]}
    )
    prepared = [_prepared(found, item, case, names) for item, case in pairs]
    changeable = found.state in (BatchState.OPEN, BatchState.TIMED)
    waiting = queries.awaiting_decision(actors.current()) if changeable else []
    response = page(
        "initiatives/desk/batch.html",
        status,
        title=found.name,
        crumbs=[*entry.crumbs(), Link(_("Batches of decisions"), url_for("initiatives.batches"))],
        batch=found,
        look=STATES[found.state],
        changeable=changeable,
        prepared=prepared,
        verdicts=_verdict_counts(prepared),
        told=sum(one.told for one in prepared if one.item.outcome is Done.WAITING and not one.stale),
        waiting=[(case, due, _prepare_href(found, case)) for case, due in waiting],
        form=timing,
        log=[_logged(row, names) for row in found.log],
        here=url_for("initiatives.batch", batch_id=found.id),
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def _prepare_href(found: Batch, case: Initiative) -> str:
    return url_for("initiatives.prepare", batch_id=found.id, number=entry.slug_of(case))


def _prepared(found: Batch, item: BatchItem, case: Initiative, names: dict[int, str]) -> Prepared:
    stale = item.outcome is Done.WAITING and (case.version != item.seen or case.state != "recommendation")
    told = 0
    if item.outcome is Done.WAITING:
        told = sum(messages.reckon([case], "initiative.decided", in_public=True).values())
    why = str(unpack(item.why).get("why", "")) if item.why else ""
    return Prepared(
        item,
        case,
        VERDICT_LABELS[item.verdict],
        names.get(item.user_id) or _("a former member"),
        told,
        stale,
        why,
        _prepare_href(found, case),
        entry.href_of(case),
    )


def _verdict_counts(prepared: list[Prepared]) -> list[tuple[Text, int]]:
    counts = Counter(one.item.verdict for one in prepared)
    return [(VERDICT_LABELS[key], counts[key]) for key in VERDICT_LABELS if counts[key]]


def _logged(row: dict[str, Any], names: dict[int, str]) -> tuple[datetime, str]:
    """A line of the log: when, and what was done by whom."""
    parts = [str(LOGGED.get(row["what"], row["what"])), names.get(row["user"] or 0) or _("a former member")]
    before, after = (row.get(key) for key in ("before", "after"))
    if after:
        parts.append(_("to %(moment)s", moment=moment(datetime.fromisoformat(after))))
    if before:
        parts.append(_("before: %(moment)s", moment=moment(datetime.fromisoformat(before))))
    return datetime.fromisoformat(row["at"]), ", ".join(parts)


# ---- one prepared decision ----


def prepare(batch_id: int, number: str) -> BaseResponse:
    """The decision on one case, as it will be published with the batch."""
    found = queries.batch(batch_id)
    case = entry.opened(number, "initiative.decide")
    item = next((row for row, one in queries.batch_items(batch_id) if one.id == case.id), None)
    form = PreparedForm(data=_values(case, item))
    if not form.is_submitted():
        return _prepare_page(found, case, form, item)
    if not form.validate():
        return _prepare_page(found, case, form, item, 422)
    try:
        services.prepare_decision(
            actors.current(),
            case.id,
            batch_id,
            form.verdict.data,
            form.note.data or "",
            form.left_out.data or "",
            form.returns_on.data,
            version=version_of(form),
            item_version=_number(form.item_version.data),
        )
    except Invalid as problem:
        form.blame(problem.fields, problem.reason)
        return _prepare_page(found, case, form, item, 422)
    except Conflict as problem:
        return _prepare_conflict(batch_id, number, form, problem)
    say(_("The decision on %(number)s is prepared.", number=case.number))
    return redirect(url_for("initiatives.batch", batch_id=batch_id), 303)


def _number(typed: str | None) -> int:
    return int(typed) if typed and typed.isascii() and typed.isdigit() and len(typed) < 10 else 0


def _values(case: Initiative, item: BatchItem | None) -> dict[str, Any]:
    values: dict[str, Any] = {"version": str(case.version), "item_version": str(item.version if item else 0)}
    if item is None:
        return values | {"verdict": case.recommended}
    return values | {
        "verdict": item.verdict,
        "note": item.reasons,
        "left_out": item.left_out,
        "returns_on": item.returns_on,
    }


def _prepare_conflict(batch_id: int, number: str, form: PreparedForm, problem: Conflict) -> BaseResponse:
    """The second of two decision-makers: what the first prepared beside what was typed."""
    case = entry.opened(number, "initiative.decide")
    item = next((row for row, one in queries.batch_items(batch_id) if one.id == case.id), None)
    mine: tuple[Any, ...] = (form.verdict.data, form.note.data, form.left_out.data or "", _day(form))
    if item is not None and (item.verdict, item.reasons, item.left_out, item.returns_on) == mine:
        return redirect(
            url_for("initiatives.batch", batch_id=batch_id), 303
        )  # The second post of a double click.
    form.version.data = str(case.version)
    form.item_version.data = str(item.version if item else 0)
    form.blame({}, problem.reason)
    return _prepare_page(queries.batch(batch_id), case, form, item, 409)


def _day(form: PreparedForm) -> date | None:
    found: date | None = form.returns_on.data if form.verdict.data == "deferred" else None
    return found


def _prepare_page(
    found: Batch, case: Initiative, form: PreparedForm, item: BatchItem | None, status: int = 200
) -> Response:
    names = accounts.names([item.user_id]) if item else {}
    response = page(
        "initiatives/desk/prepare.html",
        status,
        title=_("Prepare the decision: %(number)s", number=case.number),
        heading=_("Prepare the decision"),
        crumbs=[*entry.crumbs(), Link(found.name, url_for("initiatives.batch", batch_id=found.id))],
        batch=found,
        case=case,
        form=form,
        theirs=item if status == 409 else None,
        theirs_by=names.get(item.user_id) or _("a former member") if item else "",
        theirs_verdict=VERDICT_LABELS[item.verdict] if item else "",
        blocked=rules.study_complete(case) or "",
        recommended=VERDICT_LABELS.get(case.recommended or "", ""),
        opinions=[row for row in queries.opinions(case.id) if row.opinion],
        back_href=url_for("initiatives.batch", batch_id=found.id),
    )
    response.headers["Cache-Control"] = "no-store"
    return response
