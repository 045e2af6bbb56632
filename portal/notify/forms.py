"""Forms of the message desk."""

from collections.abc import Iterable
from typing import Any

from wtforms import (
    BooleanField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange
from wtforms.widgets import CheckboxInput, ListWidget

from portal.core.i18n import lazy_gettext as _l
from portal.core.i18n import lazy_pgettext as _pl
from portal.notify.rules import MOST_PARTS_A_DAY, TEXT_LENGTHS
from portal.ui.fields import DayField, needed
from portal.ui.forms import BaseForm

NOTE_LENGTH = 500
REASON_LENGTH = 200


def _at_most(part: str) -> Length:
    return Length(
        max=TEXT_LENGTHS[part], message=_l("This is too long. Shorten it to what the counter allows.")
    )


class OneOfMany(BaseForm):
    """A form beside others on a page: `PREFIX` keeps the names and ids of its fields apart from theirs."""

    PREFIX = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, prefix=self.PREFIX, **kwargs)


class ResendForm(BaseForm):
    """Only a button."""


class DoneForm(BaseForm):
    """A letter posted or a call made."""

    note = TextAreaField(_l("Note for colleagues"), validators=[Length(max=NOTE_LENGTH)])


class UnreachedForm(OneOfMany):
    """Nobody answered; `unreached` is how often the page showed it before."""

    PREFIX = "unreached"

    note = TextAreaField(_l("Note for colleagues"), validators=[Length(max=NOTE_LENGTH)])
    unreached = HiddenField()


class PlanForm(OneOfMany):
    """Another day for a call."""

    PREFIX = "plan"

    due_on = DayField(_l("Call again on"), validators=[needed(_l("Choose a day."))])
    note = TextAreaField(_l("Note for colleagues"), validators=[Length(max=NOTE_LENGTH)])


class GiveUpForm(OneOfMany):
    """Why nobody can be told."""

    PREFIX = "give-up"

    reason = StringField(
        _l("Why can nobody be told?"),
        validators=[
            DataRequired(_l("Write why: it stays with the message.")),
            Length(max=REASON_LENGTH, message=_l("Use at most 200 characters.")),
        ],
    )


class LettersForm(BaseForm):
    """Letters to take, by their ids; which ones there are the service asks again."""

    letters = SelectMultipleField(
        _l("Letters"),
        coerce=str,
        validate_choice=False,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )

    def offer(self, letters: Iterable[tuple[int, str]]) -> None:
        """Offer these; all of them are ticked until somebody has said otherwise."""
        self.letters.choices = [SelectChoice(str(value), label) for value, label in letters]
        if not self.is_submitted():
            self.letters.data = [choice.value for choice in self.letters.choices]

    @property
    def chosen(self) -> list[int]:
        """The ids that were ticked; what is no number is none."""
        return [int(value) for value in self.letters.data or () if value.isdecimal() and len(value) < 20]


class TextForm(BaseForm):
    """An office's own words for a kind of message; an empty field leaves ours."""

    subject = StringField(_l("Subject"), validators=[_at_most("subject")])
    extra = TextAreaField(_l("Paragraph after the text"), validators=[_at_most("extra")])
    signature = TextAreaField(_l("Signature"), validators=[_at_most("signature")])
    body = TextAreaField(_l("Whole text instead of ours"), validators=[_at_most("body")])
    sms = TextAreaField(_l("SMS"), validators=[_at_most("sms")])
    version = HiddenField()


class VersionForm(OneOfMany):
    """Only a button, of the page made from this version."""

    PREFIX = "drop"
    version = HiddenField()


class StopForm(OneOfMany):
    """Why SMS are stopped: whoever wonders reads it."""

    PREFIX = "stop"

    reason = StringField(
        _l("Why are they stopped?"),
        validators=[
            DataRequired(_l("Write a reason: your colleagues will ask.")),
            Length(max=REASON_LENGTH, message=_l("Use at most 200 characters.")),
        ],
    )


class StartForm(OneOfMany):
    """Only a button."""

    PREFIX = "start"


class WaysForm(BaseForm):
    """How SMS and letters look."""

    folds = BooleanField(_l("Send SMS without the marks of letters"))
    window = RadioField(
        _l("Window of your envelopes"),
        choices=[
            SelectChoice("right", _pl("envelope window", "on the right")),
            SelectChoice("left", _pl("envelope window", "on the left")),
        ],
    )
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
