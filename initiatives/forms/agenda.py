"""Forms of the steering group's agenda: the day of the meeting, the opinion of the group with its votes."""

from wtforms import HiddenField, IntegerField, TextAreaField
from wtforms.validators import Optional

from initiatives.forms.studies import NOTE_MAX, _at_most
from portal.core.i18n import lazy_gettext as _l
from portal.core.i18n import lazy_pgettext as _p
from portal.ui.fields import DayField, needed
from portal.ui.forms import BaseForm


class SessionForm(BaseForm):
    """On which meeting's agenda a case stands."""

    session_on = DayField(_l("Day of the meeting"), validators=[needed(_l("Choose the day of the meeting."))])
    version = HiddenField()


class OpinionForm(BaseForm):
    """What the group thought."""

    opinion = TextAreaField(
        _l("Opinion of the group"),
        [needed(_l("Write what the group thought of it.")), _at_most(NOTE_MAX)],
        description=_l("From the minutes, in a few sentences. Whoever decides reads it; it is not public."),
    )
    votes_for = IntegerField(_p("votes", "For"), [Optional()])
    votes_against = IntegerField(_p("votes", "Against"), [Optional()])
    votes_abstained = IntegerField(_p("votes", "Abstained"), [Optional()])
    version = HiddenField()
