"""Filing in five steps, each a page of its own that keeps what was typed: what, where, photos, you, preview.

The draft's address is unguessable and works for 60 days on any device; whoever holds it is the author.
"""

from dataclasses import dataclass
from typing import Any

from flask import Response, abort, g, redirect, request, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from initiatives import queries, rules, services
from initiatives.forms.filing import PhotoForm, SendForm, WhatForm, WhereForm, YouForm
from initiatives.models import Initiative, Place
from initiatives.services import What, Where, Who
from initiatives.states import CATEGORIES
from initiatives.views.browse import send_stored
from portal.accounts.session import network, open_case
from portal.content import queries as content
from portal.content.models import FileRole
from portal.core import actor as actors
from portal.core import clock, files, tenancy, throttle
from portal.core.errors import Conflict, Invalid, Missing
from portal.core.i18n import LANGUAGE_NAMES, Text, current_locale
from portal.core.i18n import gettext as _
from portal.core.policy import can
from portal.core.sealed import Unsealable, ring
from portal.maps.folium_map import Picker, render_map
from portal.maps.geo import Point
from portal.ui.pages import Link, page, say

STEPS = ("what", "where", "photos", "you", "preview")
RECEIPT_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class StepLink:
    """A step in the line of steps."""

    label: str
    href: str
    state: str


def _labels() -> dict[str, str]:
    return {
        "what": _("Your idea"),
        "where": _("Place"),
        "photos": _("Photos"),
        "you": _("Contact"),
        "preview": _("Check and send"),
    }


def steps(draft: str, here: str, case: Initiative | None) -> list[StepLink]:
    """Where the author is; steps already filled, and the next one, can be gone to."""
    at = STEPS.index(here)
    reached = len(STEPS) if case is not None and rules.can_be_sent(case) is None else at
    return [
        StepLink(
            _labels()[name],
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
    refused = 422 if form.is_submitted() and form.problems else 200
    return page(
        f"initiatives/new/{template}.html",
        more.pop("status", refused),
        title=more.pop("title", _labels()[step]),
        crumbs=_crumbs(),
        form=form,
        draft=draft,
        draft_days=rules.DRAFT_DAYS,
        case=case,
        steps=steps(draft, step, case),
        drop_href=url_for("initiatives.new_drop", draft=draft) if draft else "",
        **more,
    )


def _draft(token: str) -> Initiative:
    """The draft of a page. Who comes back to one they sent is led on to its receipt. Raises Missing."""
    found = queries.drafted(token)
    if found.state == "draft":
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
    )


def new() -> BaseResponse:
    """The first step, before there is a draft: nothing is stored until the author goes on."""
    form = WhatForm(language=current_locale())
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
    form = WhatForm(
        title=case.title,
        text=case.text,
        category=case.category,
        language=case.language,
        cost=None if case.cost_minor is None else case.cost_minor // 100,
        version=str(case.version),
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
    form.set_town(g.town, _districts())
    conflict: dict[str, Any] = {}
    if form.validate_on_submit():
        try:
            services.save_where(actors.current(), draft, where_of(form), form.made_from)
        except Conflict:
            case, conflict = _theirs(form, draft, _changed()), {"status": 409}
        else:
            return _next("where", draft)
    return _show(
        "where",
        form,
        draft,
        "where",
        case,
        title=_("Where is it?"),
        **conflict,
        map=picker_map(),
        script_href=url_for("initiatives.map_script", picker=1),
    )


def _districts() -> list[str]:
    named = [d["name"] for d in g.town.contact.get("districts", [])]
    return named or queries.districts()


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
    town: tenancy.Town = g.town
    return render_map(
        "place",
        Point(*town.centre),
        12,
        "/map/tiles/{z}/{x}/{y}.svg",
        _("Drawing of our own, not a survey map"),
        picker=Picker("#lat", "#lon", "#place-status"),
    )


def photos(draft: str) -> BaseResponse:
    """Photos and documents of a draft, one at a time, so that a slow phone loses nothing."""
    case = _draft(draft)
    form = PhotoForm()
    if form.validate_on_submit():
        chosen = [(form.photo, FileRole.PHOTO), (form.document, FileRole.DOCUMENT)]
        uploads = [(field, role) for field, role in chosen if field.data]
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


def _added(draft: str, form: PhotoForm, uploads: list[Any]) -> bool:
    """Store what was chosen; a refused file is told at its field and leaves nothing behind."""
    if not actors.current().signed_in:
        throttle.hit(throttle.UPLOAD_NETWORK, network())
    for field, role in uploads:
        raw, name = field.data.read(files.MAX_BYTES + 1), field.data.filename or ""
        stored, kept = None, False
        try:
            stored = (
                files.store_photo(raw, name) if role is FileRole.PHOTO else files.store_document(raw, name)
            )
            kept = services.add_file(actors.current(), draft, stored, role, form.alt.data or "")
        except Invalid as problem:
            form.blame({field.name: problem.reason})
            return False
        finally:
            if stored is not None and not kept:
                for key in (stored.key, stored.thumb_key, stored.original_key):
                    files.remove(key)
    return True


def photo(draft: str, file_id: int) -> BaseResponse:
    """A picture of the draft (GET), or its removal (POST)."""
    case = _draft(draft)
    row = content.attachment(*case.about, file_id)
    if request.method == "POST":
        services.remove_file(actors.current(), draft, file_id)
        say(_("The file was removed."))
        return redirect(url_for("initiatives.new_photos", draft=draft), 303)
    if row is None:
        raise Missing
    return send_stored(row.thumb_key or row.key, row.media_type, row.name, public=False)


def you(draft: str) -> BaseResponse:
    """How the author wants to be told."""
    case = _draft(draft)
    author = case.author
    form = YouForm(
        name=author.name if author else "",
        email=author.email if author else "",
        phone=author.phone if author else "",
        postal=author.postal if author else "",
        shows_name=author.shows_name if author else False,
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
        **conflict,
    )


def who_of(form: YouForm) -> Who:
    """What the form says of the author."""
    return Who(
        name=form.name.data or "",
        email=form.email.data or "",
        phone=form.phone.data or "",
        postal=form.postal.data or "",
        shows_name=bool(form.shows_name.data),
    )


def preview(draft: str) -> BaseResponse:
    """What the public will see, and the button that sends it."""
    form = SendForm()
    if form.validate_on_submit():
        return _sent(draft, form)
    case = _draft(draft)
    refusal = rules.can_be_sent(case)
    shown = content.files(*case.about, public_only=False)
    return _show(
        "preview",
        form,
        draft,
        "preview",
        case,
        title=_("Check and send"),
        refusal=refusal,
        category=CATEGORIES.get(case.category, ""),
        language=LANGUAGE_NAMES.get(case.language, case.language),
        files=shown,
        author=case.author,
        check_days=rules.CHECK_DAYS,
        reachable=bool(
            actors.current().signed_in
            or (case.author and (case.author.email or case.author.phone or case.author.postal))
        ),
    )


def _sent(draft: str, form: SendForm) -> BaseResponse:
    # The draft was counted when it was begun: counting its sending too would halve what a library may file.
    try:
        receipt = services.submit(actors.current(), draft, form.form_key.data or "")
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
