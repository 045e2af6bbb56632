"""Record of the API module."""

from pathlib import Path

from flask import current_app

from portal.api import door, jobs, rules, services
from portal.api.api import OPERATIONS, SCHEMAS
from portal.api.policy import PERMISSIONS
from portal.api.privacy import PERSONAL
from portal.api.routes import ROUTES
from portal.core import events
from portal.core.db import writing
from portal.core.i18n import lazy_gettext as _l
from portal.core.registry import Daily, JobKind, MenuItem, Module


def _start() -> None:
    door.install(current_app._get_current_object())  # type: ignore[attr-defined]
    events.listen("*", services.tell_webhooks)


def _seed() -> None:
    from portal.api import seed  # noqa: PLC0415 - no server needs it

    seed.plant()


def _tidy() -> None:
    with writing():
        services.purge()


MODULE = Module(
    name="api",
    title=_l("Keys and webhooks"),
    routes=ROUTES,
    permissions=PERMISSIONS,
    menu=(MenuItem("api.keys", _l("Keys and webhooks"), permission="api.read", desk=True, order=80),),
    jobs=(JobKind("webhook.deliver", jobs.deliver, tries=rules.TRIES),),
    daily=(Daily("api.tidy", _tidy, hour=3),),
    personal=(PERSONAL,),
    templates=str(Path(__file__).parent / "templates"),
    seed=_seed,
    start=_start,
    reserved_slugs=("api",),
    api=OPERATIONS,
    api_schemas=SCHEMAS,
)
