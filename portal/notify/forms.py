"""Forms of the message desk."""

from wtforms import BooleanField, HiddenField, IntegerField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange

from portal.core.i18n import lazy_gettext as _l
from portal.notify.rules import MOST_PARTS_A_DAY
from portal.ui.forms import BaseForm

NOTE_LENGTH = 500
REASON_LENGTH = 200


class ResendForm(BaseForm):
    """Only a button."""


class DoneForm(BaseForm):
    """A letter posted or a call made."""

    note = TextAreaField(_l("Note for colleagues"), validators=[Length(max=NOTE_LENGTH)])


class StopForm(BaseForm):
    """Why SMS are stopped: whoever wonders reads it."""

    reason = StringField(
        _l("Why are they stopped?"),
        validators=[
            DataRequired(_l("Write a reason: your colleagues will ask.")),
            Length(max=REASON_LENGTH, message=_l("Use at most 200 characters.")),
        ],
    )


class StartForm(BaseForm):
    """Only a button."""


class FoldingForm(BaseForm):
    """Letters with or without their marks."""

    folds = BooleanField(_l("Send SMS without the marks of letters"))
    version = HiddenField()


class BudgetForm(BaseForm):
    """How much a day of SMS may cost."""

    parts = IntegerField(
        _l("SMS parts a day at most"),
        validators=[
            InputRequired(_l("Write a whole number from 0 to 100,000.")),
            NumberRange(0, MOST_PARTS_A_DAY, _l("Write a whole number from 0 to 100,000.")),
        ],
    )
    version = HiddenField()
