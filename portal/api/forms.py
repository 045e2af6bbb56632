"""Forms of keys and webhooks."""

from wtforms import RadioField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length
from wtforms.widgets import CheckboxInput, ListWidget

from portal.accounts.roles import TEXTS
from portal.api import queries, services
from portal.api.policy import KEY_ROLES
from portal.api.rules import KEY_DAYS
from portal.core.i18n import lazy_gettext as _l
from portal.core.i18n import ngettext
from portal.core.registry import registry
from portal.ui.fields import chosen, needed
from portal.ui.forms import BaseForm

NAME_MAX, ADDRESS_MAX = 80, 300


class _Ticks(SelectMultipleField):  # type: ignore[misc]
    """Several of a few, as boxes to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class KeyForm(BaseForm):
    """What a key is for and how far it goes."""

    name = StringField(
        _l("What is the key for?"),
        [
            needed(_l("Say what the key is for.")),
            Length(max=NAME_MAX, message=_l("Write at most 80 characters.")),
        ],
        description=_l("Such as the program and the office that use it."),
    )
    roles = _Ticks(_l("Acts as"), validate_choice=False)
    scopes = _Ticks(
        _l("May do"),
        validate_choice=False,
        description=_l("It does only what one of its roles may do as well."),
    )
    days = RadioField(
        _l("Lives for"), [chosen(_l("Choose how long the key lives."))], coerce=int, validate_choice=False
    )

    def offer(self) -> None:
        """Fill the choices in; the permissions are those of the installed modules."""
        self.roles.choices = [SelectChoice(role, TEXTS[role].title) for role in KEY_ROLES]
        self.scopes.choices = [SelectChoice(key, title) for key, title in queries.scopes_offered()]
        self.days.choices = [SelectChoice(n, ngettext("%(n)s day", "%(n)s days", n)) for n in KEY_DAYS]


class WebhookForm(BaseForm):
    """Who is told of what."""

    name = StringField(
        _l("Who is told?"),
        [needed(_l("Say who is told.")), Length(max=NAME_MAX, message=_l("Write at most 80 characters."))],
    )
    address = StringField(
        _l("Address"),
        [
            needed(_l("Write a whole address, such as https://example.org/hook.")),
            Length(max=ADDRESS_MAX, message=_l("Write at most 300 characters.")),
        ],
        description=_l("It begins with https:// and lies in the public network."),
    )
    events = _Ticks(_l("Told of every public step of"), validate_choice=False)

    def offer(self) -> None:
        """Fill the choices in: the kinds of content of the installed modules."""
        kinds = registry.content_types
        self.events.choices = [SelectChoice(key, kinds[key].title) for key in services.kinds_offered()]


class ActForm(BaseForm):
    """Nothing to fill in: a button with a question before it."""
