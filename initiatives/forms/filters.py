"""Forms of saved filters."""

from wtforms import StringField
from wtforms.validators import Length

from portal.core.i18n import lazy_gettext as _l
from portal.core.i18n import lazy_pgettext as _p
from portal.ui.fields import needed
from portal.ui.forms import BaseForm

NAME_MAX = 60


class FilterForm(BaseForm):
    """What a saved filter is called."""

    name = StringField(
        _p("thing", "Name"),
        [
            needed(_l("Write a name of at most 60 characters.")),
            Length(max=NAME_MAX, message=_l("Write a name of at most 60 characters.")),
        ],
    )
