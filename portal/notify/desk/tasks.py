"""Letters and calls of people without e-mail: batches to print and post, the list of calls, what to do about each."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response, g, make_response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.core import actor as actors
from portal.core import clock
from portal.core.errors import Invalid
from portal.core.i18n import current_locale, ngettext, speaking
from portal.core.i18n import day as day_text
from portal.core.i18n import gettext as _
from portal.core.tenancy import Town
from portal.notify import formats, queries, services, sms
from portal.notify.desk.lists import WHY, masked, shown
from portal.notify.forms import GiveUpForm, LettersForm, PlanForm, StartForm, UnreachedForm
from portal.notify.queries import Sheet, Task
from portal.ui.pages import Link, page, say
from portal.ui.reading import ReasonForm


@dataclass(frozen=True, slots=True)
class BatchLine:
    """A batch that was printed and not yet posted."""

    href: str
    made_at: datetime
    letters: int


def letters() -> BaseResponse:
    """Letters to print: tick them, make a batch."""
    form = LettersForm()
    waiting = queries.free_letters()
    form.offer((letter.id, _words(letter)) for letter in waiting)
    status = 200
    if form.validate_on_submit():
        try:
            batch_id = services.make_batch(actors.current(), form.chosen, form.form_key.data)
        except Invalid as problem:
            form.blame({"letters": problem.reason}, problem.reason)
            status = 422
        else:
            say(_("The letters are ready to be printed."))
            return redirect(url_for("notify.letter_batch", batch_id=batch_id), 303)
    elif form.is_submitted():
        status = 422
    return page(
        "notify/desk/letters.html",
        status=status,
        title=_("Letters to post"),
        crumbs=[Link(_("Messages"), url_for("notify.messages"))],
        form=form,
        waiting=waiting,
        batches=[
            BatchLine(url_for("notify.letter_batch", batch_id=row.id), row.made_at, row.letters)
            for row in queries.open_batches()
        ],
    )


def letter_batch(batch_id: int) -> BaseResponse:
    """One batch: print it, then say which letters were posted."""
    form = LettersForm()
    form.offer((letter.id, _words(letter)) for letter in queries.letters_of(batch_id))
    if form.validate_on_submit():
        posted = services.settle_batch(actors.current(), batch_id, form.chosen)
        say(ngettext("%(n)s letter is ticked off.", "%(n)s letters are ticked off.", posted))
        return redirect(url_for("notify.letters"), 303)
    return _batch(batch_id, form, status=422 if form.is_submitted() else 200)


def _batch(
    batch_id: int, form: LettersForm | None = None, *, reason: ReasonForm | None = None, status: int = 200
) -> Response:
    row, left = queries.batch(batch_id), queries.letters_of(batch_id)
    if form is None:
        form = LettersForm(formdata=None)
        form.offer((letter.id, _words(letter)) for letter in left)
    return page(
        "notify/desk/letter_batch.html",
        status=status,
        title=_("Batch of letters"),
        crumbs=[
            Link(_("Messages"), url_for("notify.messages")),
            Link(_("Letters to post"), url_for("notify.letters")),
        ],
        form=form,
        reason_form=reason or ReasonForm(formdata=None, prefix=WHY),
        batch=row,
        left=left,
    )


def letter_pages(batch_id: int) -> BaseResponse:
    """The pages of a batch, one letter each, once it is said why; that leaves an audit entry (R35)."""
    there = redirect(url_for("notify.letter_batch", batch_id=queries.batch(batch_id).id), 303)
    if request.method == "GET":  # After signing in, or in another language: the button is pressed anew.
        return there
    form = ReasonForm(prefix=WHY)
    if not form.validate_on_submit():
        return _batch(batch_id, reason=form, status=422)
    if not queries.letters_of(batch_id):
        say(_("All letters of this batch are posted already."), "info")
        return there
    services.read_batch(actors.current(), batch_id, form.why)
    sheets = queries.sheets_of(batch_id)
    town: Town = g.town
    pdf = formats.letters_pdf(
        [_sheet(sheet, town) for sheet in sheets],
        title=_("Letters to post"),
        lang=current_locale(),
        footer=" · ".join(filter(None, (town.contact.get("phone"), town.contact.get("email")))),
        window_left=sms.rule_of(town.id).window_left,
    )
    response = make_response(pdf)
    response.headers["Content-Type"] = "application/pdf"
    response.headers["Content-Disposition"] = f'inline; filename="letters-{batch_id}.pdf"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "no-store"
    return response


def _sheet(sheet: Sheet, town: Town) -> formats.LetterSheet:
    """A letter in its reader's language."""
    named = sheet.name and sheet.name not in sheet.postal
    with speaking(sheet.lang, town.zone):
        return formats.LetterSheet(
            lang=sheet.lang,
            sender=town.name,
            sender_lines=tuple(part.strip() for part in str(town.contact.get("address", "")).split(",")),
            recipient=((sheet.name, *sheet.postal) if named else sheet.postal),
            place_and_day=day_text(clock.today(town.zone)),
            number=_("Case number: %(number)s", number=sheet.case_number) if sheet.case_number else "",
            subject=sheet.subject,
            paragraphs=tuple(filter(None, sheet.text.split("\n\n"))),
        )


def _words(task: Task) -> str:
    """A letter in a list of ticks: what, about which case, to whom as far as a list may say."""
    return " – ".join(filter(None, (task.case_number, task.subject, masked(task.name or task.to))))


def calls() -> Response:
    """Calls to make now, to decide about, and for another day."""
    town: Town = g.town
    return page(
        "notify/desk/calls.html",
        title=_("Calls to make"),
        crumbs=[Link(_("Messages"), url_for("notify.messages"))],
        calls=queries.calls(clock.today(town.zone)),
        masked=masked,
    )


def unreached(notice_id: int) -> BaseResponse:
    """Nobody answered."""
    form = UnreachedForm()
    if not form.validate_on_submit():
        return shown(notice_id, unreached_form=form)
    before = form.unreached.data or ""
    count = int(before) if before.isdecimal() and len(before) < 4 else -1
    if services.not_reached(actors.current(), notice_id, count, form.note.data or ""):
        say(
            _("Nobody was reached twice. Decide how to go on: another day, a letter, or giving up."),
            "warning",
        )
        return _back(notice_id)
    say(_("Noted. The call comes back on the next working day."))
    return redirect(url_for("notify.calls"), 303)


def plan_call(notice_id: int) -> BaseResponse:
    """Another day."""
    form = PlanForm()
    if not form.validate_on_submit():
        return shown(notice_id, plan_form=form)
    day: Any = form.due_on.data
    try:
        services.plan_call(actors.current(), notice_id, day, form.note.data or "")
    except Invalid as problem:
        form.blame(problem.fields, problem.reason)
        return shown(notice_id, plan_form=form)
    say(_("The call is planned."))
    return redirect(url_for("notify.calls"), 303)


def by_letter(notice_id: int) -> BaseResponse:
    """A letter instead."""
    if StartForm().validate_on_submit():
        services.by_letter(actors.current(), notice_id)
        say(_("It stands among the letters to post now."))
    return _back(notice_id)


def give_up(notice_id: int) -> BaseResponse:
    """Nobody can be told."""
    form = GiveUpForm()
    if not form.validate_on_submit():
        return shown(notice_id, give_up_form=form)
    services.give_up(actors.current(), notice_id, form.reason.data)
    say(_("The message counts as not delivered."), "warning")
    return _back(notice_id)


def _back(notice_id: int) -> BaseResponse:
    return redirect(url_for("notify.message", notice_id=notice_id), 303)
