"""The page on which somebody chooses which messages come, when, and by which way."""

from flask import Response, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.accounts import menu
from portal.accounts.forms import form_page, notifications_form, on_to, refusals
from portal.accounts.services import notifications as service
from portal.accounts.views.shared import me
from portal.core.actor import current
from portal.core.i18n import gettext as _
from portal.notify import choices, rules
from portal.notify.kinds import Channel, Choice
from portal.ui.pages import say


def notifications() -> Response | BaseResponse:
    """One choice for each category of messages."""
    user = me()
    offered = service.categories(user.id)
    chosen = choices.of(user.id)
    form = notifications_form(offered, with_sms=bool(user.phone_confirmed_at))
    if not form.is_submitted():
        for number, category in enumerate(offered):
            present = chosen.get(category.key, {})
            form[f"mail{number}"].data = rules.by_mail(category, present).value
            if user.phone_confirmed_at:
                form[f"sms{number}"].data = present.get(Channel.SMS) is Choice.AT_ONCE
    if form.validate_on_submit():
        with refusals(form):
            by_mail = {c.key: form[f"mail{n}"].data for n, c in enumerate(offered)}
            by_sms = (
                {c.key: form[f"sms{n}"].data for n, c in enumerate(offered)}
                if user.phone_confirmed_at
                else {}
            )
            service.choose(current(), user.id, by_mail, by_sms)
            say(_("Your choice is saved and counts from now on."))
            return on_to(url_for("accounts.notifications"))
    return form_page(
        "accounts/notifications.html",
        form,
        _("Messages to me"),
        tabs=menu.tabs(),
        groups=[
            {
                "id": f"category-{number}",
                "title": category.title,
                "help": category.help,
                "mail": form[f"mail{number}"],
                "sms": form[f"sms{number}"] if user.phone_confirmed_at else None,
            }
            for number, category in enumerate(offered)
        ],
    )
