"""Record of the messages."""

from pathlib import Path

from portal.core.i18n import lazy_gettext as _l
from portal.core.registry import Daily, JobKind, MenuItem, Module, WorkList
from portal.notify import desk, jobs
from portal.notify.delivery import TRIES
from portal.notify.policy import PERMISSIONS
from portal.notify.privacy import MESSAGES, READINGS, RETENTION
from portal.notify.routes import ROUTES

MODULE = Module(
    name="notify",
    title=_l("Messages"),
    routes=ROUTES,
    permissions=PERMISSIONS,
    menu=(MenuItem("notify.messages", _l("Messages"), permission="message.read", desk=True, order=70),),
    jobs=(JobKind("notify.send", jobs.send, tries=TRIES), JobKind("notify.fan-out", jobs.fan_out)),
    daily=(Daily("notify.sweep", jobs.sweep, hour=4),),
    personal=(MESSAGES,),
    retention=RETENTION,
    readings=READINGS,
    work=(
        WorkList(
            "messages.tasks",
            _l("Letters to post and calls to make"),
            "message.read",
            desk.count_tasks,
            desk.list_tasks,
        ),
        WorkList(
            "messages.dead",
            _l("Messages that did not arrive"),
            "message.read",
            desk.count_dead,
            desk.list_dead,
            late=True,
        ),
    ),
    templates=str(Path(__file__).parent / "templates"),
)
