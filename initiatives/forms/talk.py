"""Forms of the talk under an initiative: saying, answering, mending, reporting, objecting; and the office's judgement."""

from wtforms import BooleanField, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional

from portal.content import rules
from portal.content.models import Stance
from portal.core.consent import WORDS, Purpose
from portal.core.i18n import lazy_gettext as _l
from portal.core.i18n import lazy_pgettext as _p
from portal.ui.fields import chosen, needed
from portal.ui.forms import BaseForm

LONG = _l("Write at most 2,000 characters.")
SHORT = _l("Write at most 1,000 characters.")


class AnswerForm(BaseForm):
    """An answer to a comment."""

    text = TextAreaField(
        _l("Your answer"),
        [needed(_l("Write an answer.")), Length(max=rules.COMMENT_MAX, message=LONG)],
    )
    shows_name = BooleanField(WORDS[Purpose.COMMENT_NAME].text)


class CommentForm(BaseForm):
    """A comment."""

    stance = RadioField(
        _l("What do you say to it?"),
        [chosen(_l("Choose one."))],
        validate_choice=False,
        choices=[
            SelectChoice(Stance.FOR.value, _p("stance", "For")),
            SelectChoice(Stance.AGAINST.value, _p("stance", "Against")),
            SelectChoice(Stance.NEUTRAL.value, _p("stance", "A remark")),
        ],
    )
    text = TextAreaField(
        _l("Comment"), [needed(_l("Write a comment.")), Length(max=rules.COMMENT_MAX, message=LONG)]
    )
    shows_name = BooleanField(WORDS[Purpose.COMMENT_NAME].text)


class MendForm(BaseForm):
    """One's own comment, changed; `seen` marks what the form was filled from."""

    seen = HiddenField()
    text = TextAreaField(
        _l("Comment"), [needed(_l("Write a comment.")), Length(max=rules.COMMENT_MAX, message=LONG)]
    )


class TakeBackForm(BaseForm):
    """A button that takes one's comment back."""


class UsefulForm(BaseForm):
    """Useful, or no longer; it says what its button said. `back`, `sort` and `at` lead back to the page it stood on."""

    wanted = HiddenField()
    back = HiddenField()
    sort = HiddenField()
    at = HiddenField()


class CommentReportForm(BaseForm):
    """What is wrong with a comment."""

    rule = RadioField(
        _l("What is wrong with it?"),
        [chosen(_l("Choose what is wrong."))],
        validate_choice=False,
        choices=[SelectChoice(*row) for row in rules.REASONS.items()],
    )
    words = TextAreaField(
        _l("In your words"),
        [Optional(), Length(max=rules.REPORT_MAX, message=SHORT)],
        description=_l("Needed only if nothing of the list fits."),
    )


class ObjectForm(BaseForm):
    """An objection to being hidden."""

    words = TextAreaField(
        _l("Why should it be shown?"),
        [needed(_l("Say why it should be shown.")), Length(max=rules.REPORT_MAX, message=SHORT)],
    )


class SpeakForm(BaseForm):
    """Words of the office."""

    text = TextAreaField(
        _l("What the office says"),
        [needed(_l("Write a comment.")), Length(max=rules.COMMENT_MAX, message=LONG)],
    )


class JudgeForm(BaseForm):
    """What a moderator does to a comment; `step` is the one an undo takes back, `back` where the button stood."""

    # Not hidden: the button that is pressed brings its value.
    act = StringField()
    step = HiddenField()
    back = HiddenField()
    rule = SelectField(
        _l("Which rule does it break?"),
        choices=[SelectChoice("", _l("Choose…")), *(SelectChoice(*row) for row in rules.REASONS.items())],
        validate_choice=False,
    )
    words = TextAreaField(
        _l("In your words, to its author"),
        [Optional(), Length(max=rules.REPORT_MAX, message=SHORT)],
    )
