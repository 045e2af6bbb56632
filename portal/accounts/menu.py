"""The tabs of "My account". A module with a page of one's own things offers its tab when it starts:

    menu.offer(MenuItem("initiatives.mine", _l("My initiatives"), Place.PORTAL, "account.own", order=20))

and hands `menu.tabs()` to its template, which shows them by the macro `tabs` of `ui/macros/nav.html`.
"""

from flask import request, url_for

from portal.core.i18n import lazy_gettext as _l
from portal.core.registry import MenuItem, Place
from portal.ui.pages import Link

_items: dict[str, MenuItem] = {
    item.endpoint: item
    for item in (
        MenuItem("accounts.account", _l("Name and contact"), Place.PORTAL, "account.own", order=10),
        MenuItem("accounts.notifications", _l("Messages to me"), Place.PORTAL, "account.own", order=50),
        MenuItem("accounts.security", _l("Signing in"), Place.PORTAL, "account.own", order=60),
        MenuItem("accounts.sessions", _l("Signed-in devices"), Place.PORTAL, "account.own", order=70),
        MenuItem("accounts.data", _l("My data"), Place.PORTAL, "account.own", order=80),
    )
}


def offer(item: MenuItem) -> None:
    """Add a tab; the same endpoint again replaces it."""
    _items[item.endpoint] = item


def tabs() -> list[Link]:
    """The tabs in order; the one being read is marked."""
    ordered = sorted(_items.values(), key=lambda item: item.order)
    return [Link(item.label, url_for(item.endpoint), item.endpoint == request.endpoint) for item in ordered]
