"""Which messages somebody wants, when and how: their choice for each category."""

from collections.abc import Mapping

from portal.accounts import queries
from portal.accounts.models import User
from portal.core import audit
from portal.core.actor import Actor
from portal.core.errors import Invalid
from portal.core.i18n import lazy_gettext as _l
from portal.core.registry import NoticeCategory, registry
from portal.core.usecase import use_case
from portal.notify import choices, rules
from portal.notify.kinds import Channel, Choice


def categories(user_id: int) -> list[NoticeCategory]:
    """What this person may choose about, in the order of the modules; those of teams only for their members."""
    is_staff = queries.is_staff(user_id)
    return [category for category in registry.categories.values() if is_staff or not category.staff]


@use_case("account.own", code="account.notifications_chosen", load=queries.account)
def choose(_actor: Actor, user: User, by_mail: Mapping[str, str], by_sms: Mapping[str, bool]) -> None:
    """Keep the choices by category. What is not offered to this person is refused. Raises Invalid."""
    for category in categories(user.id):
        wanted = by_mail.get(category.key, "")
        if wanted not in rules.choices(category):
            raise Invalid(_l("Choose one of the answers in each part."))
        choices.choose(user.id, category.key, Channel.MAIL, Choice(wanted))
        sms = Choice.AT_ONCE if by_sms.get(category.key) and user.phone_confirmed_at else Choice.NEVER
        choices.choose(user.id, category.key, Channel.SMS, sms)
    audit.note(f"user:{user.id}")
