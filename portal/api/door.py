"""Who asks: a key, or nobody. A cookie means nothing here, so nothing has to be guarded against forged forms."""

from flask import Flask, current_app, g, request

from portal.accounts.session import network
from portal.api import queries
from portal.api.rates import Rates
from portal.core import actor as actors
from portal.core import tenancy
from portal.core.actor import Actor, Channel
from portal.core.errors import NotAllowed, TooMany
from portal.core.i18n import LOCALES, current_locale, speak
from portal.core.i18n import lazy_gettext as _l
from portal.core.policy import Help
from portal.ui import georeport
from portal.ui.api import ROOT


def install(app: Flask) -> None:
    """Ask before each request below the root of the API; called when the module starts."""
    app.extensions["portal.rates"] = Rates(app.extensions["portal.settings"].redis_url)
    app.before_request(_enter)


def _enter() -> None:
    standard = georeport.is_asked()
    if request.path != ROOT and not request.path.startswith(f"{ROOT}/") and not standard:
        return
    if standard and (slug := request.values.get("jurisdiction_id", "")):
        g.town = tenancy.town(slug.lower())
        tenancy.enter(g.town.id)
        speak(current_locale(), g.town.zone)
    town = g.get("town")
    if (wanted := request.args.get("lang")) in LOCALES:
        speak(wanted, town.zone if town else None)
    actors.become(
        Actor(municipality_id=town.id if town else None, channel=Channel.API, locale=current_locale())
    )
    header = request.headers.get("Authorization")
    if standard and request.values.get("api_key"):
        header = f"Bearer {request.values['api_key']}"  # As the standard sends it.
    if header is None:
        _count(f"network:{network()}", "visitor")
        return
    kind, _, secret = header.partition(" ")
    found = queries.bearer(secret.strip()) if kind.lower() == "bearer" and secret.strip() else None
    if found is None:
        _count(f"network:{network()}", "stranger")
        raise NotAllowed(_l("The key is not known, or it has ended."), Help.SIGN_IN)
    _count(f"key:{found.id}", "key")
    actors.become(
        Actor(
            name=found.name,
            municipality_id=town.id if town else None,
            roles={found.municipality_id: found.roles},
            channel=Channel.API,
            locale=current_locale(),
            key_id=found.id,
            scopes=found.scopes,
        )
    )


def _count(who: str, kind: str) -> None:
    wait = current_app.extensions["portal.rates"].hit(kind, who)
    if wait:
        raise TooMany(_l("Too many requests. Wait a little and try again."), retry_after=wait)
