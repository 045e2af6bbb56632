"""The record of the module: addresses, desk permissions, menu entries, commands."""

from pathlib import Path

from portal.core import events
from portal.core.i18n import lazy_gettext as _l
from portal.core.i18n import lazy_pgettext as _pl
from portal.core.registry import MenuItem, Module, Place
from portal.pages.cli import doctor, municipalities
from portal.pages.policy import PERMISSIONS
from portal.pages.routes import ROUTES
from portal.pages.seed import towns_described


def _start() -> None:
    events.listen("demo.towns_described", towns_described)


MODULE = Module(
    name="pages",
    title=_l("Pages"),
    routes=ROUTES,
    permissions=PERMISSIONS,
    menu=(
        MenuItem("pages.home", _pl("menu", "Home"), Place.PORTAL, order=0),
        MenuItem("pages.municipalities", _l("Municipalities"), Place.PORTAL, order=20),
        MenuItem("pages.about", _l("About the portal"), Place.PORTAL, order=80),
        MenuItem("pages.help", _l("Help"), Place.PORTAL, order=90),
        MenuItem("pages.town", _pl("menu", "Home"), order=0),
        MenuItem("pages.town_contact", _l("Contact"), order=90),
        MenuItem("pages.desk", _l("My desks"), Place.PORTAL, "desk.choose", desk=True, order=0),
        MenuItem("pages.portal", _l("The installation"), Place.PORTAL, "portal.operate", desk=True, order=10),
        MenuItem(
            "pages.portal_municipalities", _l("Municipalities"), Place.PORTAL, "portal.operate", True, 20
        ),
        MenuItem("pages.portal_health", _l("Health"), Place.PORTAL, "portal.operate", desk=True, order=30),
        MenuItem("pages.portal_jobs", _l("Due work"), Place.PORTAL, "portal.operate", desk=True, order=40),
        MenuItem("pages.town_desk", _l("Desk"), Place.TOWN, "desk.open", desk=True, order=0),
        MenuItem("pages.settings", _l("Settings"), Place.TOWN, "municipality.edit", desk=True, order=95),
    ),
    commands=(municipalities, doctor),
    templates=str(Path(__file__).parent / "templates"),
    start=_start,
)
