"""Filing in five steps, each a page of its own that keeps what was typed: what, where, photos, you, preview.

The draft's address is unguessable and works for 60 days on any device; whoever holds it is the author.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import segno
from flask import Response, abort, g, redirect, request, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from initiatives import queries, rules, services
from initiatives.forms.filing import (
    STEP_LABELS,
    AltForm,
    FirstForm,
    LaterForm,
    PhotoForm,
    SendForm,
    WhatForm,
    WhereForm,
    YouForm,
    answers_for,
    asking,
    place_picker,
)
from initiatives.kinds import STEPS
from initiatives.models import Author, Initiative, Place
from initiatives.services import Sent, What, Where, Who
from portal.accounts import queries as accounts
from portal.accounts.session import network, open_case
from portal.content import queries as content
from portal.content.models import FileRole
from portal.core import actor as actors
from portal.core import clock, files, throttle
from portal.core.errors import Conflict, Invalid, Missing
from portal.core.i18n import LANGUAGE_NAMES, Text, current_locale
from portal.core.i18n import gettext as _
from portal.core.policy import can
from portal.core.sealed import Unsealable, ring
from portal.ui.pages import Link, page, public_address, say
from portal.ui.sending import send_stored

DRAFTS, DRAFTS_KEPT = "drafts", 10
"""Where a session keeps which drafts were opened in it, and how many of them."""
RECEIPT_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class StepLink:
    """A step in the line of steps."""

    label: str
    href: str
    state: str


def steps(draft: str, here: str, case: Initiative | None) -> list[StepLink]:
    """Where the author is; steps already filled, and the next one, can be gone to."""
    at = STEPS.index(here)
    reached = len(STEPS) if case is not None and rules.can_be_sent(case) is None else at
    return [
        StepLink(
            str(STEP_LABELS[name]),
            url_for(f"initiatives.new_{name}", draft=draft) if draft and i <= max(at, reached) else "",
            "here" if i == at else "past" if i < at else "ahead",
        )
        for i, name in enumerate(STEPS)
    ]


def _crumbs() -> list[Link]:
    return [
        Link(_("Home"), url_for("pages.home")),
        Link(g.town.name, url_for("pages.town")),
        Link(_("Initiatives"), url_for("initiatives.listing")),
    ]


def _show(template: str, form: Any, draft: str, step: str, case: Initiative | None, **more: Any) -> Response:
    again = form.problems or getattr(form, "has_more_questions", False)
    refused = 422 if form.is_submitted() and again else 200
    office = queries.office()
    return page(
        f"initiatives/new/{template}.html",
        more.pop("status", refused),
        title=more.pop("title", str(STEP_LABELS[step])),
        crumbs=_crumbs(),
        form=form,
        draft=draft,
        draft_days=rules.DRAFT_DAYS,
        case=case,
        steps=steps(draft, step, case),
        drop_href=url_for("initiatives.new_drop", draft=draft) if draft else "",
        office_help=office.say(office.help.get(step, {})),
        days=office.days,
        **more,
    )


def _draft(token: str) -> Initiative:
    """The draft of a page. Who comes back to one they sent is led on to its receipt. Raises Missing."""
    found = queries.drafted(token)
    if found.state == "draft":
        opened = session.get(DRAFTS, [])
        if found.id not in opened:
            session[DRAFTS] = [*opened, found.id][-DRAFTS_KEPT:]
        return found
    if can(actors.current(), "initiative.own", found):
        abort(redirect(url_for("initiatives.receipt", number=(found.number or "").lower()), 303))
    raise queries.already_sent()


def _theirs(form: Any, draft: str, reason: Text) -> Initiative:
    """Tell that another device changed the draft; saving once more keeps what stands in this form."""
    theirs = queries.draft_by_token(draft)
    form.version.data = str(theirs.version)
    form.blame({}, reason)
    return theirs


def _changed() -> str:
    return _(
        "This was changed meanwhile on another device. What you see here is yours: save again to keep it."
    )


def _next(step: str, draft: str) -> BaseResponse:
    """The step after, or the check when the author came back from it to mend something."""
    target = "preview" if request.args.get("back") == "preview" else STEPS[STEPS.index(step) + 1]
    return redirect(url_for(f"initiatives.new_{target}", draft=draft), 303)


def _what_of(form: WhatForm) -> What:
    return What(
        title=form.title.data or "",
        text=form.text.data or "",
        category=form.category.data or "",
        cost=form.cost.data,
        language=form.language.data or current_locale(),
        answers=form.answers(),
    )


def new() -> BaseResponse:
    """The first step, before there is a draft: nothing is stored until the author goes on."""
    form = asking(FirstForm, "")(language=current_locale())
    if form.validate_on_submit():
        if form.is_robot:
            raise Missing
        if not actors.current().signed_in:
            throttle.hit(throttle.FORM_NETWORK, network())
        actor = actors.current()
        draft = services.start_draft(actor, form.language.data or current_locale(), form.form_key.data or "")
        services.save_what(actor, draft, _what_of(form))
        return _after_what(draft, form)
    return _show("what", form, "", "what", None, title=_("What should change?"), currency=g.town.currency)


def _after_what(draft: str, form: WhatForm) -> BaseResponse:
    """Show similar ones once, before the author goes on."""
    alike = queries.similar(form.title.data or "", form.text.data or "", None, None)
    if alike and request.args.get("back") != "preview":
        return redirect(url_for("initiatives.new_what", draft=draft, similar=1), 303)
    return _next("what", draft)


def what(draft: str) -> BaseResponse:
    """The text of a draft."""
    case = _draft(draft)
    form_class = asking(WhatForm, case.category)
    form = form_class(
        title=case.title,
        text=case.text,
        category=case.category,
        language=case.language,
        cost=None if case.cost_minor is None else case.cost_minor // 100,
        version=str(case.version),
        **answers_for(form_class, case),
    )
    if form.validate_on_submit():
        try:
            services.save_what(actors.current(), draft, _what_of(form), form.made_from)
        except Conflict as problem:
            theirs = _theirs(form, draft, problem.reason)
            return _show(
                "what", form, draft, "what", theirs, status=409, theirs=theirs, currency=g.town.currency
            )
        if request.form.get("go") == "on" or request.args.get("similar"):
            return _next("what", draft)
        return _after_what(draft, form)
    alike = (
        queries.similar(case.title, case.text, case.lat, case.lon, case.id)
        if request.args.get("similar")
        else []
    )
    return _show(
        "what",
        form,
        draft,
        "what",
        case,
        title=_("What should change?"),
        similar=alike,
        currency=g.town.currency,
    )


def where(draft: str) -> BaseResponse:
    """The place of a draft."""
    case = _draft(draft)
    form = WhereForm(
        place=case.place.value if case.place else None,
        lat=case.lat,
        lon=case.lon,
        address=case.address,
        district=case.district,
        version=str(case.version),
    )
    form.set_town(g.town, queries.districts_offered(case.district))
    conflict: dict[str, Any] = {}
    if form.validate_on_submit():
        try:
            services.save_where(actors.current(), draft, where_of(form), form.made_from)
        except Conflict:
            case, conflict = _theirs(form, draft, _changed()), {"status": 409}
        else:
            if request.form.get("go") != "on" and _near(draft):
                return redirect(url_for("initiatives.new_where", draft=draft, similar=1), 303)
            return _next("where", draft)
    return _show(
        "where",
        form,
        draft,
        "where",
        case,
        title=_("Where is it?"),
        **conflict,
        similar=_near(draft) if request.args.get("similar") else [],
        map=picker_map(),
        script_href=url_for("initiatives.map_script", picker=1),
    )


def _near(draft: str) -> list[queries.Similar]:
    """Similar ones that only the place brought up; those of the text were shown with it."""
    case = queries.draft_by_token(draft)
    if case.lat is None or request.args.get("back") == "preview":
        return []
    shown = {found.number for found in queries.similar(case.title, case.text, None, None, case.id)}
    near = queries.similar(case.title, case.text, case.lat, case.lon, case.id)
    return [found for found in near if found.metres is not None and found.number not in shown]


def where_of(form: WhereForm) -> Where:
    """What the form says of the place."""
    place = Place(form.place.data)
    return Where(
        place,
        form.lat.data if place is not Place.WHOLE else None,
        form.lon.data if place is not Place.WHOLE and form.lat.data is not None else None,
        form.address.data or "",
        form.district.data or "",
    )


def picker_map() -> Any:
    """The skeleton of the location picker of this municipality."""
    return place_picker(g.town)


def photos(draft: str) -> BaseResponse:
    """Photos and documents of a draft, one at a time, so that a slow phone loses nothing."""
    case = _draft(draft)
    form = PhotoForm()
    if form.validate_on_submit():
        uploads = chosen(form)
        if not uploads and request.form.get("go") == "on":
            return _next("photos", draft)
        if not uploads:
            form.blame({"photo": _("Choose a file first, or go on without one.")})
        elif _added(draft, form, uploads):
            if request.form.get("go") == "on":
                return _next("photos", draft)
            say(_("The file was added."))
            return redirect(request.full_path, 303)
    return _show(
        "photos",
        form,
        draft,
        "photos",
        case,
        title=_("Photos and documents"),
        files=content.files(*case.about, public_only=False),
        photos_max=rules.PHOTOS_MAX,
        documents_max=rules.DOCUMENTS_MAX,
    )


def chosen(form: PhotoForm) -> list[tuple[Any, FileRole]]:
    """The fields of a form in which somebody chose a file. Without an account they are counted."""
    fields = [(form.photo, FileRole.PHOTO), (form.document, FileRole.DOCUMENT)]
    found = [(field, role) for field, role in fields if field.data]
    if found and not actors.current().signed_in:
        throttle.hit(throttle.UPLOAD_NETWORK, network())
    return found


def store(field: Any, role: FileRole, alt: str) -> Sent:
    """Clean and keep a chosen file. Raises Invalid at its field."""
    raw, name = field.data.read(files.MAX_BYTES + 1), field.data.filename or ""
    try:
        files.count_day(len(raw), actors.current().user_id or network())
        kept = files.store_photo(raw, name) if role.is_picture else files.store_document(raw, name)
    except Invalid as problem:
        if isinstance(problem, files.Infected):
            services.refuse_file(actors.current(), role)
        raise Invalid(problem.reason, {field.name: problem.reason}) from None
    return Sent(kept, role, alt)


def forget(sent: Iterable[Sent]) -> None:
    """Remove stored files that hang on nothing."""
    for file in sent:
        files.forget(file.stored)


def _added(draft: str, form: PhotoForm, uploads: list[tuple[Any, FileRole]]) -> bool:
    """Store what was chosen; a refused file is told at its field and leaves nothing behind."""
    for field, role in uploads:
        sent, hung = None, False
        try:
            sent = store(field, role, form.alt.data or "")
            hung = services.add_file(actors.current(), draft, sent.stored, role, sent.alt)
        except Invalid as problem:
            form.blame(problem.fields, problem.reason)
            return False
        finally:
            if sent is not None and not hung:
                forget([sent])
    return True


def photo(draft: str, file_id: int) -> BaseResponse:
    """A picture of the draft (GET), or its removal (POST).

    Its address alone shows nothing: only a session that opened a page of the draft sees its pictures (T10).
    """
    case = queries.draft_by_token(draft)
    row = content.attachment(*case.about, file_id)
    if request.method == "POST":
        services.remove_file(actors.current(), draft, file_id)
        say(_("The file was removed."))
        return redirect(url_for("initiatives.new_photos", draft=draft), 303)
    if (
        row is None
        or (row.waits and row.role is not FileRole.PHOTO)
        or case.id not in session.get(DRAFTS, ())
    ):
        raise Missing
    return send_stored(row.thumb_key or row.key, row.media_type, row.name, public=False)


def alt(draft: str, file_id: int) -> BaseResponse:
    """What a photo shows, or what a document is, in other words."""
    case = _draft(draft)
    row = content.attachment(*case.about, file_id)
    if row is None:
        raise Missing
    form = AltForm(alt=row.alt)
    back = url_for("initiatives.new_photos", draft=draft)
    if form.validate_on_submit():
        services.describe_file(actors.current(), draft, file_id, form.alt.data or "")
        say(_("The description was saved."))
        return redirect(back, 303)
    return _show(
        "alt",
        form,
        draft,
        "photos",
        case,
        title=_("Describe %(name)s", name=row.name),
        file=row,
        is_photo=row.role is FileRole.PHOTO,
        back_href=back,
    )


def you(draft: str) -> BaseResponse:
    """How the author wants to be told."""
    case = _draft(draft)
    author = case.author
    form = YouForm(
        name=_own_name(author),
        email=author.email if author else "",
        phone=author.phone if author else "",
        postal=author.postal if author else "",
        shows_name=author.shows_name if author else False,
        withheld=case.withheld,
        version=str(case.version),
    )
    conflict: dict[str, Any] = {}
    if form.validate_on_submit():
        try:
            services.save_who(actors.current(), draft, who_of(form), form.made_from)
        except Conflict:
            case, conflict = _theirs(form, draft, _changed()), {"status": 409}
        else:
            return _next("you", draft)
    return _show(
        "you",
        form,
        draft,
        "you",
        case,
        title=_("How should we tell you?"),
        actor=actors.current(),
        named=accounts.given_name(actors.current().user_id),
        **conflict,
    )


def _own_name(author: Author | None) -> str:
    """The name on the draft; for one begun before signing in that of the account, to be changed or cleared."""
    if author is None:
        return ""
    return author.name or (accounts.given_name(actors.current().user_id) if author.user_id is None else "")


def who_of(form: YouForm) -> Who:
    """What the form says of the author."""
    return Who(
        name=form.name.data or "",
        email=form.email.data or "",
        phone=form.phone.data or "",
        postal=form.postal.data or "",
        shows_name=bool(form.shows_name.data),
        withheld=bool(form.withheld.data),
    )


def preview(draft: str) -> BaseResponse:
    """What the public will see, and the button that sends it."""
    form = SendForm()
    if form.validate_on_submit():
        return _sent(draft, form)
    case = _draft(draft)
    refusal: Text | None = rules.can_be_sent(case)
    if not refusal and (open_ones := queries.unanswered(case)):
        refusal = queries.lacking(open_ones)
    shown = content.files(*case.about, public_only=False)
    return _show(
        "preview",
        form,
        draft,
        "preview",
        case,
        title=_("Check and send"),
        refusal=refusal,
        category=queries.category_label(case.category),
        language=LANGUAGE_NAMES.get(case.language, case.language),
        files=shown,
        author=case.author,
        answers=queries.answered(case, team=True),
        reachable=bool(
            actors.current().signed_in
            or (case.author and (case.author.email or case.author.phone or case.author.postal))
        ),
    )


def _sent(draft: str, form: SendForm) -> BaseResponse:
    # The draft was counted when it was begun: counting its sending too would halve what a library may file.
    try:
        receipt = services.submit(actors.current(), draft, form.form_key.data or "")
    except Missing:
        _draft(draft)  # Sent from another tab: leads on to the receipt there.
        raise
    except Invalid as problem:
        say(problem.reason, "error")
        return redirect(url_for("initiatives.new_preview", draft=draft), 303)
    keep_receipt(receipt)
    return redirect(url_for("initiatives.receipt", number=receipt.number.lower()), 303)


def keep_receipt(receipt: services.Receipt) -> None:
    """Hold the code for the next page, sealed; it is stored nowhere else."""
    open_case("initiative", receipt.initiative_id, filed_here=True)
    session["receipt"] = {
        "number": receipt.number,
        "code": ring.seal(receipt.code, f"receipt|{receipt.number}") if receipt.code else "",
        "at": clock.now().timestamp(),
    }


def receipt(number: str) -> Response:
    """Number and code, to keep; the code is shown for an hour in this browser only."""
    case = queries.case_by_number(number)
    if not can(actors.current(), "initiative.own", case):
        raise Missing
    kept = session.get("receipt") or {}
    code = ""
    if kept.get("number") == case.number and clock.now().timestamp() - kept.get("at", 0) < RECEIPT_SECONDS:
        try:
            code = ring.open(kept["code"], f"receipt|{case.number}") if kept["code"] else ""
        except Unsealable:
            code = ""
    due = content.open_deadlines(*case.about)
    response = page(
        "initiatives/new/receipt.html",
        title=_("Thank you, it has arrived"),
        crumbs=_crumbs(),
        case=case,
        code=code,
        due=due[0].due_on if due else None,
        slug=(case.number or "").lower(),
        told=bool(
            case.author
            and (case.author.email or case.author.phone or case.author.postal or case.author.user_id)
        ),
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def later(draft: str) -> BaseResponse:
    """The way back to the draft: a link to keep, a picture for the phone, or both by e-mail."""
    _draft(draft)
    form = LaterForm()
    if form.validate_on_submit():
        email = form.email.data or ""
        throttle.hit(throttle.FORM_NETWORK, network())
        throttle.hit(throttle.LINK_ADDRESS, "draft", accounts.email_hash(email))
        services.send_draft_link(actors.current(), draft, email, current_locale(), form.form_key.data or "")
        say(_("The link is on its way to %(email)s.", email=email))
        return redirect(url_for("initiatives.new_later", draft=draft), 303)
    link = public_address("initiatives.new_what", lang=current_locale(), town=g.town.slug, draft=draft)
    response = page(
        "initiatives/new/later.html",
        422 if form.is_submitted() else 200,
        title=_("Go on later"),
        crumbs=_crumbs(),
        form=form,
        link=link,
        qr=segno.make(link, error="m").svg_data_uri(scale=4, border=3, dark="#000", light="#fff"),
        draft_days=rules.DRAFT_DAYS,
        back_href=url_for("initiatives.new_what", draft=draft),
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def drop(draft: str) -> BaseResponse:
    """Throw the draft away after asking."""
    queries.draft_by_token(draft)
    form = SendForm()
    if form.validate_on_submit():
        services.drop_draft(actors.current(), draft)
        say(_("The draft was thrown away. Nothing of it is kept."))
        return redirect(url_for("initiatives.listing"), 303)
    return page(
        "initiatives/new/drop.html",
        422 if form.is_submitted() else 200,
        title=_("Throw the draft away?"),
        crumbs=_crumbs(),
        form=form,
        confirm_label=_("Throw away"),
        danger=True,
        back_href=url_for("initiatives.new_what", draft=draft),
    )
