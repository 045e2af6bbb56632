"""The question why, asked before sensitive data open."""

from typing import Any

from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, ValidationError

from portal.core.i18n import lazy_gettext as _l
from portal.core.readings import REASONS, SAY_WHAT_FOR, WORDS_MAX, Reason, Why
from portal.ui.fields import chosen
from portal.ui.forms import BaseForm

CHOOSE = SelectChoice("", _l("Choose a reason"))


def _offered(*left_out: Reason) -> list[SelectChoice]:
    reasons = (SelectChoice(key.value, label) for key, label in REASONS.items() if key not in left_out)
    return [CHOOSE, *reasons]


class ReasonForm(BaseForm):
    """Why one reads, with words where no reason of the list fits."""

    reason = SelectField(
        _l("Why do you need it?"),
        # Work on a case as such needs no address.
        choices=_offered(Reason.WORK),
        validate_choice=False,
        validators=[chosen(_l("Choose why you need it."))],
    )
    words = StringField(
        _l("In your words"),
        validators=[Length(max=WORDS_MAX, message=_l("Use at most 200 characters."))],
    )

    def validate_words(self, field: Any) -> None:
        """Where the list does not fit, words are asked."""
        if self.reason.data == Reason.OTHER and not field.data:
            raise ValidationError(SAY_WHAT_FOR)

    @property
    def why(self) -> Why:
        """What the services take, once the form is valid."""
        return Why(Reason(self.reason.data), self.words.data or "")


class CaseReasonForm(ReasonForm):
    """Why one opens a case that is not public."""

    reason = SelectField(
        _l("What do you open it for?"),
        choices=_offered(Reason.CONTACT, Reason.TASK, Reason.FAULT),
        validate_choice=False,
        validators=[chosen(_l("Choose what you open it for."))],
    )
