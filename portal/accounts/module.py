"""What accounts hand to the house."""

from pathlib import Path

from flask import Flask, current_app

from portal.accounts import jobs, session
from portal.accounts.cli import accounts_group, demo_accounts
from portal.accounts.messages import NOTICES, alarmed
from portal.accounts.policy import PERMISSIONS
from portal.accounts.privacy import PERSONAL, RETENTION
from portal.accounts.routes import ROUTES
from portal.accounts.views.access import note_visit
from portal.core.i18n import lazy_gettext as _l
from portal.core.registry import Daily, MenuItem, Module, Place
from portal.notify import outbox
from portal.notify.delivery import ALARMED


def start() -> None:
    """Sessions, the actor of each request, and who is told when messages need a look."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    session.install(app)
    app.before_request(note_visit)
    outbox.provide(ALARMED, alarmed)


MODULE = Module(
    name="accounts",
    title=_l("People"),
    routes=ROUTES,
    permissions=PERMISSIONS,
    menu=(
        MenuItem("accounts.members", _l("Members"), permission="member.read", desk=True, order=80),
        MenuItem("accounts.accesses", _l("Portal operator"), permission="access.read", desk=True, order=85),
        MenuItem(
            "accounts.operator_access",
            _l("Access to municipalities"),
            place=Place.PORTAL,
            permission="portal.operate",
            desk=True,
            order=25,
        ),
    ),
    daily=(Daily("accounts.warn", jobs.warn, hour=10),),
    notices=NOTICES,
    personal=(PERSONAL,),
    retention=RETENTION,
    commands=(accounts_group, demo_accounts),
    templates=str(Path(__file__).parent / "templates"),
    start=start,
    reserved_slugs=(
        "sign-in",
        "sign-out",
        "signed-out",
        "confirm",
        "invitation",
        "password",
        "account",
        "demo",
    ),
)
