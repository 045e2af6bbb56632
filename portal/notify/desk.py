"""Staff pages: what was sent from this municipality, what failed, which letters and calls are to be done."""

from dataclasses import dataclass, replace

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.core import actor as actors
from portal.core.actor import Actor
from portal.core.errors import Missing
from portal.core.i18n import Text, current_locale
from portal.core.i18n import gettext as _
from portal.core.registry import WorkItem
from portal.notify import queries, services
from portal.notify.forms import DoneForm, ResendForm
from portal.notify.queries import Box
from portal.ui.pages import Link, page, say
from portal.ui.reading import ReasonForm

WHY = "why-"


@dataclass(frozen=True, slots=True)
class Tab:
    """A box of the desk, with how much is to be done in it."""

    label: Text
    href: str
    current: bool
    count: int | None
    late: bool


def messages() -> Response:
    """The list, by box."""
    try:
        box = Box(request.args.get("box", Box.ALL))
    except ValueError:
        raise Missing from None
    counts = queries.box_counts()
    found = queries.in_box(box, queries.cursor_of(request.args.get("page")))
    tabs = [
        Tab(
            each.label,
            url_for("notify.messages", box=each.value),
            each is box,
            counts.get(each),
            each is Box.DEAD,
        )
        for each in Box
    ]
    return page(
        "notify/desk/messages.html",
        title=_("Messages"),
        tabs=tabs,
        box=box,
        lines=[replace(line, to=masked(line.to)) for line in found.items],
        newer_href=url_for("notify.messages", box=box.value, page=found.newer) if found.newer else "",
        older_href=url_for("notify.messages", box=box.value, page=found.older) if found.older else "",
    )


def masked(contact: str) -> str:
    """An address or a number in a list: enough to tell rows apart. The whole of it stands on a page of its own."""
    name, at, domain = contact.rpartition("@")
    if at:
        return f"{name[:1]}…@{domain}"
    return f"…{contact[-3:]}" if contact[-3:].isdigit() else f"{contact[:1]}…" if contact else ""


def message(notice_id: int) -> Response:
    """One message: what it says, how it fared, what can be done; whom it goes to shows only in part."""
    return _shown(notice_id)


def address(notice_id: int) -> BaseResponse:
    """The same with the whole address, once it is said why; that leaves an audit entry (R35)."""
    if request.method == "GET":  # After signing in, or in another language: the button is pressed anew.
        return redirect(url_for("notify.message", notice_id=notice_id), 303)
    form = ReasonForm(prefix=WHY)
    if not form.validate_on_submit():
        return _shown(notice_id, reason_form=form)
    services.note_reading(actors.current(), notice_id, form.why)
    return _shown(notice_id, whole=True)


def resend(notice_id: int) -> BaseResponse:
    """Try again what did not arrive."""
    form = ResendForm()
    if not form.validate_on_submit():
        return _shown(notice_id, resend_form=form)
    services.resend(actors.current(), notice_id)
    say(_("The message is back in the queue."))
    return redirect(url_for("notify.message", notice_id=notice_id), 303)


def done(notice_id: int) -> BaseResponse:
    """Tick off a letter or a call."""
    form = DoneForm()
    if not form.validate_on_submit():
        return _shown(notice_id, done_form=form)
    services.tick_off(actors.current(), notice_id, form.note.data or "")
    say(_("Ticked off."))
    return redirect(url_for("notify.message", notice_id=notice_id), 303)


def _shown(
    notice_id: int,
    *,
    resend_form: ResendForm | None = None,
    done_form: DoneForm | None = None,
    reason_form: ReasonForm | None = None,
    whole: bool = False,
) -> Response:
    found = queries.opened(notice_id, whole=whole)
    response = page(
        "notify/desk/message.html",
        status=422 if resend_form or done_form or reason_form else 200,
        title=found.line.subject,
        crumbs=[Link(_("Messages"), url_for("notify.messages"))],
        message=found,
        case_href=f"/{current_locale()}{found.case_href}" if found.case_href else "",
        resend_form=(resend_form or ResendForm()) if found.may_be_resent else None,
        done_form=(done_form or DoneForm()) if found.is_open_task else None,
        whole=whole,
        to=masked(found.line.to),
        reason_form=reason_form or ReasonForm(formdata=None, prefix=WHY),
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def count_tasks(_actor: Actor) -> int:
    """Letters and calls to do, for the desk's first page."""
    return queries.count(Box.LETTERS) + queries.count(Box.CALLS)


def list_tasks(_actor: Actor, limit: int) -> list[WorkItem]:
    """The newest of them."""
    return [*_items(Box.LETTERS, limit), *_items(Box.CALLS, limit)][:limit]


def count_dead(_actor: Actor) -> int:
    """Messages that did not arrive."""
    return queries.count(Box.DEAD)


def list_dead(_actor: Actor, limit: int) -> list[WorkItem]:
    """The newest of them."""
    return _items(Box.DEAD, limit)


def _items(box: Box, limit: int) -> list[WorkItem]:
    return [
        WorkItem(
            title=line.subject,
            href=url_for("notify.message", notice_id=line.id),
            state=line.state.label if box is Box.DEAD else line.channel,
            late=box is Box.DEAD,
            note=masked(line.to),
        )
        for line in queries.in_box(box, size=limit).items
    ]
