"""Staff pages: what was sent from this municipality, what failed, which letters and calls are to be done."""

from dataclasses import dataclass, replace

from flask import Response, g, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.core import actor as actors
from portal.core.actor import Actor
from portal.core.errors import Missing
from portal.core.i18n import Text, current_locale, ngettext
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_gettext as _l
from portal.core.registry import WorkItem
from portal.notify import queries, rules, services, sms
from portal.notify.forms import DoneForm, GiveUpForm, PlanForm, ResendForm, StartForm, UnreachedForm
from portal.notify.kinds import Channel
from portal.notify.queries import Box
from portal.ui.forms import BaseForm
from portal.ui.pages import Link, page, say
from portal.ui.reading import ReasonForm

WHY = "why-"
"""Prefix of the form that asks for a reason, beside others on one page."""


@dataclass(frozen=True, slots=True)
class Tab:
    """A box of the desk, with how much is to be done in it."""

    label: Text
    href: str
    current: bool
    count: int | None
    late: bool


WORK_LISTS = (
    (Box.LETTERS, _l("Print and post letters"), "notify.letters"),
    (Box.CALLS, _l("Work through the calls"), "notify.calls"),
)
"""Boxes of tasks, and where one works through them."""


def messages() -> Response:
    """The list, by box."""
    try:
        box = Box(request.args.get("box", Box.ALL))
    except ValueError:
        raise Missing from None
    counts = queries.box_counts()
    work = next((Link(label, url_for(name)) for of, label, name in WORK_LISTS if of is box), None)
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
        work=work,
        stopped=queries.count_stopped() if box is Box.DEAD else 0,
        sms_stopped=sms.is_stopped(g.town.id),
        lines=[replace(line, to=masked(line.to)) for line in found.items],
        newer_href=url_for("notify.messages", box=box.value, page=found.newer) if found.newer else "",
        older_href=url_for("notify.messages", box=box.value, page=found.older) if found.older else "",
    )


def masked(contact: str) -> str:
    """An address or a number in a list: enough to tell rows apart. The whole of it stands on a page of its own."""
    name, at, domain = contact.rpartition("@")
    if at:
        return f"{name[:1]}…@{domain}"
    contact = contact.replace(" ", "") if contact.startswith("+") else contact
    return f"…{contact[-3:]}" if contact[-3:].isdigit() else f"{contact[:1]}…" if contact else ""


def message(notice_id: int) -> Response:
    """One message: what it says, how it fared, what can be done; whom it goes to shows only in part."""
    return shown(notice_id)


def address(notice_id: int) -> BaseResponse:
    """The same with the whole address, once it is said why; that leaves an audit entry (R35)."""
    if request.method == "GET":  # After signing in, or in another language: the button is pressed anew.
        return redirect(url_for("notify.message", notice_id=notice_id), 303)
    form = ReasonForm(prefix=WHY)
    if not form.validate_on_submit():
        return shown(notice_id, reason_form=form)
    services.note_reading(actors.current(), notice_id, form.why)
    return shown(notice_id, whole=True)


def resend(notice_id: int) -> BaseResponse:
    """Try again what did not arrive."""
    form = ResendForm()
    if not form.validate_on_submit():
        return shown(notice_id, resend_form=form)
    services.resend(actors.current(), notice_id)
    say(_("The message is back in the queue."))
    return redirect(url_for("notify.message", notice_id=notice_id), 303)


def resend_stopped() -> BaseResponse:
    """Try again everything an outage left behind."""
    if ResendForm().validate_on_submit():
        count = services.resend_stopped(actors.current())
        say(ngettext("%(n)s message is back in the queue.", "%(n)s messages are back in the queue.", count))
    return redirect(url_for("notify.messages", box=Box.DEAD.value), 303)


def done(notice_id: int) -> BaseResponse:
    """Tick off a letter or a call."""
    form = DoneForm()
    if not form.validate_on_submit():
        return shown(notice_id, done_form=form)
    services.tick_off(actors.current(), notice_id, form.note.data or "")
    say(_("Ticked off."))
    return redirect(url_for("notify.message", notice_id=notice_id), 303)


def shown(notice_id: int, *, whole: bool = False, **forms: BaseForm) -> Response:
    """The page of a message, `forms` being those that come back with what is to be mended: `done_form` and so on.

    `whole` shows the address and the secrets of a task: only after `services.note_reading`.
    """
    found = queries.opened(notice_id, whole=whole)
    asked = {name: form for name, form in _forms(found).items() if form is not None} | forms
    wrong = [form for form in forms.values() if form.problems]
    response = page(
        "notify/desk/message.html",
        status=422 if forms else 200,
        title=found.line.subject,
        crumbs=[Link(_("Messages"), url_for("notify.messages"))],
        message=found,
        undecided=found.unreached >= rules.UNREACHED_TWICE,
        case_href=f"/{current_locale()}{found.case_href}" if found.case_href else "",
        wrong=wrong[0] if wrong else None,
        whole=whole,
        to=masked(found.line.to),
        **{name: asked.get(name) for name in FORMS},
    )
    response.headers["Cache-Control"] = "no-store"
    return response


FORMS = (
    "reason_form",
    "resend_form",
    "done_form",
    "unreached_form",
    "plan_form",
    "letter_form",
    "give_up_form",
)


def _forms(found: queries.Opened) -> dict[str, BaseForm | None]:
    """What can be done about a message as it stands."""
    is_call = found.is_open_task and found.channel is Channel.PHONE
    undecided = is_call and found.unreached >= rules.UNREACHED_TWICE
    unreached = UnreachedForm(formdata=None, data={"unreached": str(found.unreached)})
    return {
        "reason_form": ReasonForm(formdata=None, prefix=WHY),
        "resend_form": ResendForm(formdata=None) if found.may_be_resent else None,
        "done_form": DoneForm(formdata=None) if found.is_open_task else None,
        "unreached_form": unreached if is_call and not undecided else None,
        "plan_form": PlanForm(formdata=None) if is_call else None,
        "letter_form": StartForm(formdata=None) if is_call and found.postal else None,
        "give_up_form": GiveUpForm(formdata=None) if found.is_open_task else None,
    }


def count_letters(_actor: Actor) -> int:
    """Letters to print and post, for the desk's first page."""
    return queries.count(Box.LETTERS)


def list_letters(_actor: Actor, limit: int) -> list[WorkItem]:
    """The newest of them."""
    return _items(Box.LETTERS, limit)


def count_calls(_actor: Actor) -> int:
    """Calls to make, those of another day included."""
    return queries.count(Box.CALLS)


def list_calls(_actor: Actor, limit: int) -> list[WorkItem]:
    """The newest of them."""
    return _items(Box.CALLS, limit)


def count_undecided(_actor: Actor) -> int:
    """Calls that were in vain twice: somebody has to decide."""
    return queries.count_undecided()


def list_undecided(_actor: Actor, limit: int) -> list[WorkItem]:
    """Those that have waited longest."""
    return [
        WorkItem(
            title=call.subject,
            href=url_for("notify.message", notice_id=call.id),
            state=Channel.PHONE.label,
            late=True,
            note=masked(call.to),
        )
        for call in queries.undecided(limit)
    ]


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
