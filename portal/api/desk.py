"""The administrator's pages: keys, webhooks and what became of their messages."""

from flask import Response, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.accounts.forms import form_page, on_to, refusals
from portal.accounts.roles import TEXTS, Role
from portal.api import queries, services
from portal.api.forms import KeyForm, WebhookForm
from portal.core.actor import current
from portal.core.errors import Missing
from portal.core.i18n import gettext as _
from portal.core.policy import permissions
from portal.ui.pages import Link, page, public_address, say


def _crumbs() -> list[Link]:
    return [Link(_("Desk"), url_for("pages.town_desk")), Link(_("Keys and webhooks"), url_for("api.keys"))]


def keys() -> Response:
    """The keys and webhooks of the municipality."""
    table = permissions()
    found = [
        {
            "id": row.id,
            "name": row.name,
            "tail": row.tail,
            "roles": [TEXTS[Role(role)].title for role in row.roles],
            "scopes": [table[scope].title for scope in row.scopes if scope in table],
            "expires_at": row.expires_at,
            "ended": queries.ended(row),
        }
        for row in queries.all_keys()
    ]
    return page(
        "api/keys.html",
        title=_("Keys and webhooks"),
        crumbs=_crumbs()[:1],
        keys=found,
        webhooks=queries.webhooks(),
        root=public_address("api.root"),
    )


def new_key() -> BaseResponse:
    """Make a key; its secret stands on the answer and nowhere else."""
    form = KeyForm()
    form.offer()
    if form.validate_on_submit():
        with refusals(form):
            secret = services.make_key(
                current(),
                form.name.data,
                form.roles.data or [],
                form.scopes.data or [],
                form.days.data,
                form.form_key.data,
            )
            return page("api/key_made.html", title=_("The key is made"), crumbs=_crumbs(), secret=secret)
    return form_page("api/new_key.html", form, _("Make a key"), crumbs=_crumbs())


def end_key(key_id: int) -> BaseResponse:
    """Ask, then end a key."""
    row = queries.key(key_id)
    if request.method == "POST":
        services.end_key(current(), key_id)
        say(_("The key “%(name)s” opens nothing any more.", name=row.name))
        return on_to(url_for("api.keys"))
    return page(
        "api/end_key.html", title=_("End the key “%(name)s”?", name=row.name), crumbs=_crumbs(), key=row
    )


def new_webhook() -> BaseResponse:
    """Tell an address of public changes."""
    form = WebhookForm()
    form.offer()
    if form.validate_on_submit():
        with refusals(form):
            made = services.make_webhook(
                current(), form.name.data, form.address.data, form.events.data or [], form.form_key.data
            )
            say(_("The webhook is set up. Try it now."))
            return on_to(url_for("api.webhook", webhook_id=made))
    return form_page("api/new_webhook.html", form, _("Set up a webhook"), crumbs=_crumbs())


def webhook(webhook_id: int) -> Response:
    """A webhook: its secret, and what became of its messages."""
    row = queries.webhook(webhook_id)
    return page(
        "api/webhook.html",
        title=row.name,
        crumbs=_crumbs(),
        hook=row,
        deliveries=queries.deliveries(webhook_id),
    )


ACTS = ("try", "stop", "start", "remove")


def webhook_act(webhook_id: int, act: str) -> BaseResponse:
    """Try, stop, start or remove a webhook; removing asks first."""
    row = queries.webhook(webhook_id)
    if act not in ACTS:
        raise Missing
    if request.method == "GET":
        if act != "remove":
            return on_to(url_for("api.webhook", webhook_id=webhook_id))
        title = _("Remove the webhook “%(name)s”?", name=row.name)
        return page("api/remove_webhook.html", title=title, crumbs=_crumbs(), hook=row)
    if act == "remove":
        services.remove_webhook(current(), webhook_id)
        say(_("The webhook is removed."))
        return on_to(url_for("api.keys"))
    if act == "try":
        services.try_webhook(current(), webhook_id)
        say(_("A message is on its way; the list below says what became of it."))
    else:
        services.switch_webhook(current(), webhook_id, on=act == "start")
        say(_("The webhook is told again.") if act == "start" else _("The webhook is not told any more."))
    return on_to(url_for("api.webhook", webhook_id=webhook_id))
