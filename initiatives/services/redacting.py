"""Parts of a photo made unrecognisable: faces, number plates, papers. The picture without it stays with the staff."""

from collections.abc import Sequence

from initiatives import queries
from initiatives.models import Initiative
from initiatives.services import referring
from portal.content import move
from portal.content import queries as content_queries
from portal.content import services as content
from portal.content.models import Attachment
from portal.core import audit, clock, events
from portal.core.actor import Actor
from portal.core.errors import Conflict, Invalid, Missing
from portal.core.files import Box
from portal.core.i18n import lazy_gettext as _l
from portal.core.usecase import use_case
from portal.core.workflow import Lane

BOXES_MOST = 6
"""Parts of one photo that can be blacked out."""
CHANGED = _l("Somebody changed this photo meanwhile. Look at it again.")


@use_case("initiative.moderate", code="initiative.photo_redacted", load=queries.case)
def redact_photo(actor: Actor, case: Initiative, file_id: int, boxes: Sequence[Box], note: str) -> int:
    """Black these parts of a photo out in all its public sizes, or take that back with none; id of the new file.

    Raises Conflict when the photo was changed or removed meanwhile: every change has another id.
    """
    row = content_queries.attachment(*case.about, file_id)
    if row is None or not row.role.is_picture:
        raise Conflict(CHANGED)
    if row.waits:
        raise Invalid(_l("The photo is still being checked for viruses. Try again in a few minutes."))
    if not note.strip():
        raise Invalid(_l("Give a reason."), {"note": _l("Say what you changed: the author reads it.")})
    if not boxes and not row.plain_key:
        raise Invalid(_l("Mark at least one part of the photo."))
    verb = "redact" if boxes else "unredact"
    looks = referring.looks(row)
    new = content.redact(row, boxes)
    move.record(actor, case, verb, lane=Lane.AUTHOR, note=note, who="reviewer")
    case.updated_at = clock.now()
    audit.note(f"initiative:{case.id}", file=new.id, parts=len(boxes))
    events.tell("content.changed", case, public=case.is_public)
    if boxes:
        referring.redact_photos(actor, case, looks, boxes, note)
    return new.id


@use_case("initiative.moderate", code="initiative.photo_opened", load=queries.case)
def open_plain(actor: Actor, case: Initiative, file_id: int, *, as_sent: bool) -> tuple[str, Attachment]:
    """Key of a photo without its blacked out parts, or as it came in; that it was opened stays in the audit log."""
    row = content_queries.attachment(*case.about, file_id)
    if row is None or not row.role.is_picture or (row.waits and as_sent):
        raise Missing
    audit.note(f"initiative:{case.id}", file=row.id, number=case.number, as_sent=as_sent)
    return (row.original_key if as_sent else None) or row.plain_key or row.key, row
