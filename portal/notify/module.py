"""Record of the messages."""

from pathlib import Path

from portal.core.i18n import lazy_gettext as _l
from portal.core.registry import Daily, JobKind, MenuItem, Module, NoticeKind, Place, WorkList
from portal.notify import jobs
from portal.notify.cli import messages_group
from portal.notify.delivery import BUDGET_NOTICE
from portal.notify.desk import lists
from portal.notify.kinds import TRIES
from portal.notify.policy import PERMISSIONS
from portal.notify.privacy import MESSAGES, READINGS, RETENTION
from portal.notify.routes import ROUTES

MODULE = Module(
    name="notify",
    title=_l("Messages"),
    routes=ROUTES,
    permissions=PERMISSIONS,
    menu=(
        MenuItem("notify.messages", _l("Messages"), permission="message.read", desk=True, order=70),
        MenuItem(
            "notify.settings", _l("How messages go out"), permission="message.settings", desk=True, order=75
        ),
        MenuItem("notify.portal_messages", _l("Ways out"), Place.PORTAL, "portal.operate", True, 35),
    ),
    notices=(
        NoticeKind(
            BUDGET_NOTICE,
            _l("Most of today’s SMS are used up"),
            "notify/mail/budget.txt",
            _l("SMS budget nearly used up"),
            example={"used": 800, "budget": 1_000, "whole": True},
        ),
        NoticeKind(
            "notify.digest",
            _l("Your daily summary"),
            "notify/mail/digest.txt",
            _l("Daily summary"),
            example={
                "entries": [
                    {
                        "subject": "LUB-I-2026-0042",
                        "title": "Nowe ławki",
                        "link": "/lublin/initiatives",
                        "more": 1,
                    }
                ],
                "choose": "/account/notifications",
            },
        ),
    ),
    commands=(messages_group,),
    jobs=(JobKind("notify.send", jobs.send, tries=TRIES), JobKind("notify.fan-out", jobs.fan_out)),
    daily=(Daily("notify.sweep", jobs.sweep, hour=4), Daily("notify.digest", jobs.digest, hour=7)),
    personal=(MESSAGES,),
    retention=RETENTION,
    readings=READINGS,
    work=(
        WorkList(
            "messages.undecided",
            _l("Calls in vain twice: decide how to go on"),
            "message.read",
            lists.count_undecided,
            lists.list_undecided,
            late=True,
        ),
        WorkList(
            "messages.letters",
            _l("Letters to post"),
            "message.read",
            lists.count_letters,
            lists.list_letters,
        ),
        WorkList(
            "messages.calls",
            _l("Calls to make"),
            "message.read",
            lists.count_calls,
            lists.list_calls,
        ),
        WorkList(
            "messages.dead",
            _l("Messages that did not arrive"),
            "message.read",
            lists.count_dead,
            lists.list_dead,
            late=True,
        ),
    ),
    templates=str(Path(__file__).parent / "templates"),
)
