"""Record of data protection."""

from pathlib import Path

from portal.accounts import menu as account
from portal.core import events
from portal.core.i18n import lazy_gettext as _l
from portal.core.registry import Daily, MenuItem, Module, Place, WorkList
from portal.privacy import desk, jobs
from portal.privacy.cli import privacy_group
from portal.privacy.messages import NOTICES
from portal.privacy.policy import PERMISSIONS
from portal.privacy.privacy import CONSENTS, PERSONAL, RETENTION
from portal.privacy.routes import ROUTES
from portal.privacy.services import again


def _start() -> None:
    account.offer(MenuItem("privacy.consents", _l("My consents"), Place.PORTAL, "account.own", order=75))
    events.listen("account.erasing", again.account_erasing)


def _seed() -> None:
    from portal.privacy import seed  # noqa: PLC0415 - only a demonstration needs it

    seed.plant()


MODULE = Module(
    name="privacy",
    title=_l("Data protection"),
    routes=ROUTES,
    permissions=PERMISSIONS,
    menu=(
        MenuItem("privacy.retention", _l("Data protection"), permission="privacy.read", desk=True, order=85),
        MenuItem("privacy.requests", _l("Requests of people"), permission="privacy.act", desk=True, order=86),
    ),
    daily=(
        Daily("privacy.retention", jobs.end_what_is_over, hour=2),
        Daily("privacy.anchor", jobs.anchor, hour=4),
        Daily("privacy.watch", jobs.watch_readings, hour=6),
    ),
    notices=NOTICES,
    personal=(PERSONAL, CONSENTS),
    retention=RETENTION,
    work=(
        WorkList(
            "privacy.requests", _l("Requests of people"), "privacy.read", desk.count_open, desk.list_open
        ),
    ),
    commands=(privacy_group,),
    seed=_seed,
    templates=str(Path(__file__).parent / "templates"),
    start=_start,
)
