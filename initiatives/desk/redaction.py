"""Making parts of photos unrecognisable: the photos of a case, one of them with its parts, the picture without them."""

from dataclasses import dataclass
from typing import Any

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from initiatives import services
from initiatives.desk import entry
from initiatives.forms.redaction import EDGES, RedactForm, field_names
from initiatives.models import Initiative
from portal.content import queries as content
from portal.content.models import Attachment
from portal.core import actor as actors
from portal.core.errors import Conflict, Invalid
from portal.core.i18n import gettext as _
from portal.ui.pages import page, say
from portal.ui.sending import send_stored


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo of the list."""

    row: content.FileRow
    small_href: str
    href: str


def redact(number: str) -> Response:
    """Choose one of the photos of a case."""
    found = entry.opened(number, "initiative.moderate")
    slug = entry.slug_of(found)
    return page(
        "initiatives/desk/redact.html",
        title=_("Black out parts of a photo"),
        crumbs=entry.crumbs(found),
        case=found,
        photos=[
            Photo(
                row,
                url_for("initiatives.case_file", number=slug, file_id=row.id, size="small"),
                url_for("initiatives.redact_photo", number=slug, file_id=row.id),
            )
            for row in content.files(*found.about, public_only=False)
            if row.role.is_picture
        ],
        back_href=entry.href_of(found),
    )


def photo(number: str, file_id: int) -> BaseResponse:
    """Mark parts of one photo, look at them, and black them out; or take that back."""
    found = entry.opened(number, "initiative.moderate")
    row = content.attachment(*found.about, file_id)
    if row is None or not row.role.is_picture:
        say(_("Somebody changed this photo meanwhile. Look at it again."))
        return redirect(url_for("initiatives.redact", number=entry.slug_of(found)), 303)
    form = RedactForm(data=_filled(row))
    if request.form.get("go") == "preview" and form.is_submitted():
        form.validate()
        form.note.errors = []
        return _shown(found, row, form, 422 if form.problems else 200)
    if not form.validate_on_submit():
        return _shown(found, row, form, 422 if form.is_submitted() else 200)
    undo = request.form.get("go") == "undo"
    boxes = [] if undo else form.boxes()
    try:
        services.redact_photo(actors.current(), found.id, file_id, boxes, form.note.data or "")
    except (Invalid, Conflict) as problem:
        form.blame(getattr(problem, "fields", {}), problem.reason)
        return _shown(entry.opened(number), row, form, 422)
    say(
        _("The photo is shown in full again.")
        if undo
        else _("The parts are blacked out wherever the photo is shown.")
    )
    return redirect(url_for("initiatives.redact", number=entry.slug_of(found)), 303)


def plain(number: str, file_id: int) -> Response:
    """The photo without its blacked out parts, or as it came in (`?as=sent`); each opening is logged."""
    found = entry.opened(number, "initiative.moderate")
    as_sent = request.args.get("as") == "sent"
    key, row = services.open_plain(actors.current(), found.id, file_id, as_sent=as_sent)
    return send_stored(key, f"image/{key.rpartition('.')[2]}", row.name, public=False)


def _filled(row: Attachment) -> dict[str, Any]:
    """The parts of a photo as values of the form."""
    return {
        name: value
        for names, box in zip(field_names(), row.boxes, strict=False)
        for name, value in zip(names, box, strict=True)
    }


def _shown(found: Initiative, row: Attachment, form: Any, status: int) -> Response:
    slug = entry.slug_of(found)
    plain_href = url_for("initiatives.plain_photo", number=slug, file_id=row.id)
    return page(
        "initiatives/desk/redact_photo.html",
        status,
        title=_("Black out parts of this photo"),
        crumbs=entry.crumbs(found),
        case=found,
        row=row,
        form=form,
        parts=list(enumerate(field_names(), start=1)),
        edges=EDGES,
        boxes=form.boxes(),
        plain_href=plain_href,
        sent_href=f"{plain_href}?as=sent" if row.original_key else "",
        back_href=url_for("initiatives.redact", number=slug),
    )
