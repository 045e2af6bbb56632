"""Record of what content types share."""

from portal.content.jobs import age_pages, deadline_reached, recount_uploads, scan_waiting
from portal.content.privacy import RETENTION
from portal.core import events, jobs, usecase
from portal.core.db import writing
from portal.core.i18n import lazy_gettext as _l
from portal.core.policy import Permission
from portal.core.registry import Daily, JobKind, Module


def _start() -> None:
    for code in ("content.changed", "content.counted", "content.arrived", "municipality.changed"):
        events.listen(code, age_pages)


def _tidy() -> None:
    """Drop answers of forms that nobody will send again."""
    with writing():
        usecase.purge_form_results()


MODULE = Module(
    name="content",
    title=_l("Content"),
    permissions=(Permission("file.check", _l("Check files that waited for the virus scanner"), ()),),
    jobs=(
        JobKind("content.deadline", deadline_reached),
        # About a week: a scanner that is away for so long is missing to the operator, who revives the work then.
        JobKind("content.scan", scan_waiting, tries=180),
        JobKind("daily", jobs.run_daily),
    ),
    daily=(Daily("content.tidy", _tidy, hour=3), Daily("content.recount", recount_uploads, hour=3)),
    retention=RETENTION,
    start=_start,
)
