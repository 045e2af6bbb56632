"""Forms of the message desk."""

from wtforms import TextAreaField
from wtforms.validators import Length

from portal.core.i18n import lazy_gettext as _l
from portal.ui.forms import BaseForm

NOTE_LENGTH = 500


class ResendForm(BaseForm):
    """Only a button."""


class DoneForm(BaseForm):
    """A letter posted or a call made."""

    note = TextAreaField(_l("Note for colleagues"), validators=[Length(max=NOTE_LENGTH)])
