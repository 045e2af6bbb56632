"""How one signs in: the authenticator app, the recovery codes, and signing in with one of them."""

from typing import Any

from flask import Response, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.accounts import menu, queries, rules
from portal.accounts import session as sessions
from portal.accounts.forms import ActForm, CodeForm, RecoveryForm, form_page, on_to, refusals
from portal.accounts.services import oidc, passkeys, recovery
from portal.accounts.views.shared import (
    SHOWN_CODES,
    app_to_connect,
    begin_again,
    me,
    pending,
    show_codes,
)
from portal.core import clock
from portal.core.actor import current
from portal.core.errors import Missing
from portal.core.i18n import day, ngettext
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_gettext as _l
from portal.core.sealed import Unsealable, ring
from portal.ui.pages import Link, page, say

NEW_APP = "new_app"
"""Key of the session that holds the sealed secret of an app being connected."""


def security() -> Response:
    """The ways one signs in, and what to do when one of them is lost."""
    user = me()
    return page(
        "accounts/security.html",
        title=_("Signing in"),
        tabs=menu.tabs(),
        has_app=user.totp is not None,
        left=recovery.left(user.id),
        services=_services(user.id),
        passkeys=[
            {
                "name": found.name,
                "made": day(found.created_at),
                "used": day(found.last_used_at) if found.last_used_at else _("never"),
                "synced": found.synced,
                "href": url_for("accounts.passkey", passkey_id=found.id),
                "remove_href": url_for("accounts.remove_passkey", passkey_id=found.id),
            }
            for found in passkeys.of(user.id)
        ],
    )


def _services(user_id: int) -> list[dict[str, Any]]:
    """The providers this person may sign in with, connected or not."""
    groups = [oidc.STAFF] if queries.is_staff(user_id) else [oidc.RESIDENTS]
    return [
        {
            "name": oidc.name_of(group),
            "connected": bool(oidc.of(user_id, group)),
            "connect_href": url_for("accounts.oidc_connect", group=group),
            "disconnect_href": url_for("accounts.oidc_disconnect", group=group),
        }
        for group in groups
        if oidc.name_of(group)
    ]


def _crumbs() -> list[Link]:
    return [Link(_l("Signing in"), url_for("accounts.security"))]


def new_app() -> Response | BaseResponse:
    """Connect another authenticator app in place of the present one."""
    user = me()
    if user.totp is None:
        raise Missing
    bound = f"new-app|{user.id}"
    factor = _opened(session.get(NEW_APP, ""), bound)
    if factor is None:
        factor = rules.new_factor()
        session[NEW_APP] = ring.seal(factor, bound)
    form = CodeForm()
    if form.validate_on_submit():
        with refusals(form):
            recovery.connect_app(current(), user.id, factor, form.code.data)
            session.pop(NEW_APP, None)
            say(_("The new app is connected. The former one no longer works."))
            return on_to(url_for("accounts.security"))
    return form_page(
        "accounts/new_app.html",
        form,
        _("Connect a new app"),
        app=app_to_connect(factor, user.email or ""),
        crumbs=_crumbs(),
        back_href=url_for("accounts.security"),
    )


def _opened(cell: str, bound: str) -> str | None:
    try:
        return ring.open(cell, bound) if cell else None
    except Unsealable:
        return None


def new_codes() -> Response | BaseResponse:
    """Make new recovery codes in place of the present ones."""
    user = me()
    if user.totp is None:
        raise Missing
    form = ActForm()
    if form.validate_on_submit():
        with refusals(form):
            recovery.renew(current(), user.id, form.form_key.data)
            return show_codes(form.form_key.data, url_for("accounts.security"))
    return form_page(
        "accounts/new_codes.html",
        form,
        _("New recovery codes"),
        left=recovery.left(user.id),
        crumbs=_crumbs(),
        confirm_label=_("Make new codes"),
        back_href=url_for("accounts.security"),
    )


def codes() -> Response | BaseResponse:
    """The codes just made: shown until the person says they are kept, and at most for ten minutes."""
    shown = session.get(SHOWN_CODES)
    if not shown or shown["until"] < clock.now().timestamp():
        session.pop(SHOWN_CODES, None)
        say(_("Recovery codes are shown once only. If you did not keep them, make new ones."), "info")
        return on_to(url_for("accounts.security"))
    form = ActForm()
    if form.validate_on_submit():
        session.pop(SHOWN_CODES, None)
        return on_to(rules.own_path(shown["next"]) or url_for("accounts.account"))
    user = me()
    return form_page(
        "accounts/codes.html",
        form,
        _("Your recovery codes"),
        codes=recovery.codes_of(shown["key"], user.id),
        email=user.email or "",
        today=day(clock.now()),
    )


def recover() -> Response | BaseResponse:
    """Staff whose phone is lost: a recovery code in place of the code of the app."""
    begun = pending()
    if begun is None:
        return begin_again()
    form = RecoveryForm()
    if form.validate_on_submit():
        with refusals(form):
            email, rest = recovery.prove(current(), begun["user"], form.code.data, begun["source"])
            sessions.sign_in(begun["user"], strong=True)
            say(
                ngettext(
                    "You are signed in. %(n)s recovery code is left.",
                    "You are signed in. %(n)s recovery codes are left.",
                    rest,
                )
            )
            # Whoever comes this way has no app at hand: that is what they need next.
            response = on_to(rules.own_path(begun["next"]) or url_for("accounts.security"))
            sessions.remember_device(response, queries.email_hash(email))
            return response
    return form_page("accounts/recover.html", form, _("Your recovery code"))
