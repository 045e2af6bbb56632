"""Pictures and documents of demo initiatives, drawn and set by us when the demo data is made."""

from initiatives.models import Initiative
from initiatives.seed.documents import document
from initiatives.seed.pictures import draw
from initiatives.seed.plots import Plot
from portal.content import services as content
from portal.content.models import FileRole
from portal.core import files
from portal.core.db import db

BLACKED_OUT: dict[str, list[files.Box]] = {"lub-013": [(72, 61, 7, 22)]}
"""Parts of a demo photo that the team blacked out, in per cent."""


def attach_files(plot: Plot, case: Initiative) -> None:
    """Hang on the case what its text says it came with."""
    scene, title = plot.record.get("picture"), plot.record.get("document")
    if scene:
        stored = files.store_photo(draw(scene, plot.key), f"{plot.words['photo_names'][scene]}.jpg")
        row = content.attach(case, stored, FileRole.PHOTO, plot.words["alt"][scene])
        row.created_at = case.created_at
        if plot.key in BLACKED_OUT:
            db.session.flush()  # The row that takes its place names it.
            content.redact(row, BLACKED_OUT[plot.key])
    if title:
        stored = files.store_document(document(plot, title), f"{title}.pdf")
        row = content.attach(case, stored, FileRole.DOCUMENT)
        row.created_at = case.created_at
