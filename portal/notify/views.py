"""The demo's message viewer, with links that work; and the page of the link that stops messages."""

from dataclasses import dataclass
from typing import Any

from flask import current_app, request, url_for
from werkzeug.wrappers import Response

from portal.core import tenancy
from portal.core.actor import current
from portal.core.errors import Missing
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_gettext as _l
from portal.notify import outbox, queries, services
from portal.ui.pages import address, page


@dataclass(frozen=True, slots=True)
class TownChoice:
    """A municipality in the filter."""

    slug: str
    name: str
    selected: bool


def demo_messages() -> Response:
    """Every message sent, newest first; in demo and test mode only."""
    if not current_app.extensions["portal.settings"].shows_demo:
        raise Missing
    slug, contact = request.args.get("town", ""), request.args.get("to", "").strip()
    municipality_id = tenancy.town(slug).id if slug else None
    messages = queries.demo_messages(
        queries.cursor_of(request.args.get("page")), municipality_id=municipality_id, contact=contact
    )
    kept: dict[str, Any] = {name: value for name, value in (("town", slug), ("to", contact)) if value}
    towns = [TownChoice(town.slug, town.name, town.slug == slug) for town in tenancy.towns().values()]
    return page(
        "notify/demo_messages.html",
        title=_("Messages of the demonstration"),
        messages=messages.items,
        towns=towns,
        contact=contact,
        filtered=bool(kept),
        newer_href=url_for(".demo_messages", page=messages.newer, **kept) if messages.newer else "",
        older_href=url_for(".demo_messages", page=messages.older, **kept) if messages.older else "",
    )


def mute(token: str) -> Response:
    """The link in a message that stops messages like it. Opening it asks; only a post does it.

    Mail programs post on their own when their owner presses "unsubscribe" (RFC 8058), people press the button.
    """
    found = outbox.muted_by(token)
    if found is None:
        raise Missing(_l("This link no longer works. Choose in your account which messages you want."))
    user_id, categories = found
    if request.method == "POST":
        services.mute(current(), user_id, categories)
    return page(
        "notify/mute.html",
        title=_("No more of these messages"),
        categories="; ".join(str(category.title) for category in categories),
        stops_all=any(category.stops_all for category in categories),
        spares=any(not category.stops_all for category in categories),
        done=request.method == "POST",
        choose_href=address("accounts.notifications"),
    )
