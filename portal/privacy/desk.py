"""The officer's pages: how long data are kept, who read them, and what people ask about theirs."""

import json
from datetime import timedelta
from typing import Any

from flask import Response, g, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.accounts import queries as accounts
from portal.accounts.copies import readable
from portal.core import clock, tenancy
from portal.core.actor import Actor, current
from portal.core.errors import Invalid, Missing, NotAllowed, TooMany
from portal.core.i18n import gettext as _
from portal.core.policy import Help, can
from portal.core.registry import WorkItem
from portal.core.tokens import canonical_number
from portal.privacy import queries
from portal.privacy.forms import PROOFS, AskedForm, CopyForm, EraseForm
from portal.privacy.models import DataRequest
from portal.privacy.rules import ANSWER_DAYS, IDENTITY_DAYS
from portal.privacy.services import asked as services
from portal.ui.pages import Link, page, say

LARGEST = 2**62


def retention() -> Response:
    """What is kept of people and how long, what is due now, what the last run ended."""
    return page(
        "privacy/retention.html",
        title=_("Data protection"),
        tabs=_tabs(),
        kept=queries.kept(),
        last_run=queries.last_run(),
    )


def readings() -> Response:
    """Who read what, when and why; of one person, or of one case; and what stands out."""
    who = _whole("who")
    number = request.args.get("case", "").strip()[:40]
    found = queries.readings(who, canonical_number(number) or number, _whole("before"))
    keep: dict[str, Any] = {key: value for key, value in (("who", who), ("case", number)) if value}
    older = url_for("privacy.readings", **keep, before=found.older) if found.older else ""
    town: tenancy.Town = g.town
    return page(
        "privacy/readings.html",
        title=_("Who read what"),
        tabs=_tabs(),
        rows=found.rows,
        older_href=older,
        newer_href=url_for("privacy.readings", **keep) if request.args.get("before") else "",
        readers=queries.readers(),
        who=who,
        case_number=number,
        unusual=queries.unusual(clock.today(town.zone), town.zone),
    )


def _whole(name: str) -> int | None:
    """A whole number of the address; anything else names nothing."""
    text = request.args.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) < LARGEST):
        raise Missing
    return int(text)


def _tabs() -> list[Link]:
    places = (
        ("privacy.retention", _("What is kept")),
        ("privacy.readings", _("Who read what")),
        ("privacy.requests", _("Requests of people")),
    )
    actor = current()
    seen = [
        (endpoint, label)
        for endpoint, label in places
        if endpoint == "privacy.requests" or can(actor, "privacy.read")
    ]
    return [Link(label, url_for(endpoint), endpoint == request.endpoint) for endpoint, label in seen]


# ---- requests of people ----


def requests() -> BaseResponse:
    """The requests so far, and the form for a new one."""
    form = AskedForm()
    status = 200
    if form.validate_on_submit():
        try:
            new = services.open_request(current(), form.known, form.proof.data, form.form_key.data)
        except Invalid as problem:
            form.blame(problem.fields, problem.reason)
        except TooMany as problem:
            form.blame({"code": problem.reason})
            status = 429
        else:
            return redirect(url_for("privacy.request", request_id=new), 303)
    found = queries.requests()
    people = {row.created_by_id for row in found} | {row.erased_by_id for row in found}
    return page(
        "privacy/requests.html",
        status if status == 429 else 422 if form.is_submitted() else 200,
        title=_("Requests of people"),
        tabs=_tabs(),
        form=form,
        rows=found,
        names=accounts.names(person for person in people if person),
        proofs=PROOFS,
        days=IDENTITY_DAYS,
    )


def count_open(_actor: Actor) -> int:
    """Requests nobody has answered, for the desk's first page."""
    return len(queries.open_requests())


def list_open(_actor: Actor, limit: int) -> list[WorkItem]:
    """The oldest of them, with the day by which the law wants an answer."""
    today = clock.today(g.town.zone)
    items = []
    for row in queries.open_requests()[:limit]:
        due = (row.created_at + timedelta(days=ANSWER_DAYS)).date()
        state = _("waits for a second person") if row.waits_for_second else _("open")
        href = url_for("privacy.request", request_id=row.id)
        items.append(WorkItem(_("Request of a person"), href, state, due_day=due, late=due < today))
    return items


def request_page(request_id: int) -> Response:
    """One request: who, what is kept of them here, what can be done."""
    return _shown(queries.request(request_id))


def _shown(found: DataRequest) -> Response:
    parts = [] if found.is_over else queries.kept_of(queries.whom_of(found))
    people = (found.created_by_id, found.copied_by_id, found.erasure_asked_by_id, found.erased_by_id)
    response = page(
        "privacy/request.html",
        title=_("Request of a person"),
        crumbs=_crumbs(),
        asked=found,
        who=json.loads(found.who or "[]"),
        proof=PROOFS.get(found.proof, found.proof),
        parts=[(part.title, len(part.records)) for part in parts],
        erased=queries.counted(found.counts),
        names=accounts.names(person for person in people if person),
        form=CopyForm(),
        may_confirm=_may_confirm(found),
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def _may_confirm(found: DataRequest) -> bool:
    verdict = can(current(), "privacy.confirm", found)
    return not found.waits_for_second or bool(verdict) or verdict.would_help is Help.SIGN_IN_AGAIN


def copy(request_id: int) -> BaseResponse:
    """Everything kept of the person here: as a file, or as a page to print. A reading that is logged."""
    found = queries.request(request_id)
    if request.method == "GET":  # After signing in, or in another language: the button is pressed anew.
        return redirect(url_for("privacy.request", request_id=found.id), 303)
    if not CopyForm().validate_on_submit():
        return _shown(found)
    try:
        parts = services.copy(current(), found.id)
    except Invalid as problem:
        say(problem.reason, "error")
        return redirect(url_for("privacy.request", request_id=found.id), 303)
    response: Response
    if request.form.get("as") == "page":
        response = page(
            "privacy/copy.html",
            title=_("What is kept of you"),
            parts=parts,
            readable=readable,
            crumbs=_crumbs(found),
            town=g.town,
            at=clock.now(),
        )
    else:
        plain: Any = services.as_plain(parts)
        response = Response(
            json.dumps(plain, ensure_ascii=False, indent=2, default=str), mimetype="application/json"
        )
        response.headers["Content-Disposition"] = 'attachment; filename="data.json"'
    response.headers["Cache-Control"] = "no-store"
    return response


def erase(request_id: int) -> BaseResponse:
    """Erase the person here, or confirm what a colleague asked for."""
    found = queries.request(request_id)
    if found.is_over:
        return redirect(url_for("privacy.request", request_id=found.id), 303)
    if not _may_confirm(found):
        verdict = can(current(), "privacy.confirm", found)
        raise NotAllowed(verdict.reason, verdict.would_help)
    form = EraseForm()
    if form.validate_on_submit():
        done = services.erase(current(), found.id)
        if done:
            say(_("Erased. Counts and what is public stay, without the person."))
        else:
            say(
                _("Very much hangs on this person. A second officer or administrator has to confirm it."),
                "info",
            )
        return redirect(url_for("privacy.request", request_id=found.id), 303)
    return page(
        "privacy/erase.html",
        422 if form.is_submitted() else 200,
        title=_("Confirm the erasure") if found.waits_for_second else _("Erase this person"),
        crumbs=_crumbs(found),
        form=form,
        confirm_label=_("Erase for good"),
        back_href=url_for("privacy.request", request_id=found.id),
        danger=True,
    )


def _crumbs(found: DataRequest | None = None) -> list[Link]:
    crumbs = [Link(_("Requests of people"), url_for("privacy.requests"))]
    if found is not None:
        crumbs.append(Link(_("Request of a person"), url_for("privacy.request", request_id=found.id)))
    return crumbs
