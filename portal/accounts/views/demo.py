"""Whom one can sign in as in a demonstration, with the codes of this moment."""

from typing import Any

from flask import Response, current_app

from portal.accounts import queries, rules
from portal.accounts.queries import DemoAccount
from portal.accounts.roles import RESIDENT_TITLE, TEXTS
from portal.core import clock, tenancy
from portal.core.config import Settings
from portal.core.errors import Missing
from portal.core.i18n import gettext as _
from portal.ui.pages import address, page


def demo() -> Response:
    """Whom one can sign in as. Exists in demo and test mode only."""
    settings: Settings = current_app.extensions["portal.settings"]
    if not settings.shows_demo:
        raise Missing
    accounts = queries.demo_accounts()
    groups: dict[str, list[dict[str, Any]]] = {}
    for found in accounts:
        groups.setdefault(_group(found), []).append(
            {
                "name": found.name,
                "email": found.email,
                "code": found.code,
                "roles": [TEXTS[role].title for role in found.roles] or [RESIDENT_TITLE],
            }
        )
    left = rules.CODE_SECONDS - int(clock.now().timestamp()) % rules.CODE_SECONDS
    return page(
        "accounts/demo.html",
        title=_("Try it out"),
        groups=groups,
        password=rules.DEMO_PASSWORD,
        left=left,
        messages=address("notify.demo_messages"),
    )


def _group(found: DemoAccount) -> str:
    if found.municipality_id:
        return tenancy.town_by_id(found.municipality_id).name
    return _("Running the installation") if found.roles else _("Residents")
