"""The sheet of a study, made of what the office asks; discussion, citations of surveys, and criteria of the settings.

A criterion `need` has a field `need` for its words, and `need_score` or `need_value` for what else is answered.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from wtforms import BooleanField, HiddenField, IntegerField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional, ValidationError

from initiatives import queries, rules
from initiatives.forms.settings import SettingsForm
from initiatives.kinds import ANSWERS, HELP_MAX, NAME_MAX, WEIGHED, WEIGHT_MAX, Criterion, Measure
from initiatives.models import Sheet
from initiatives.states import ANSWER_LABELS
from portal.core.i18n import LANGUAGE_NAMES, Filled, Text
from portal.core.i18n import lazy_gettext as _l
from portal.core.i18n import lazy_pgettext as _p
from portal.ui.fields import DayField, MoneyField, chosen, needed
from portal.ui.forms import BaseForm

SHORT_MAX, NOTE_MAX = 200, 2000
SCORE_CHOICES = (
    SelectChoice("0", _l("0 – rules it out")),
    SelectChoice("1", _l("1 – speaks clearly against it")),
    SelectChoice("2", _l("2 – rather against it")),
    SelectChoice("3", _l("3 – neither for nor against")),
    SelectChoice("4", _l("4 – rather for it")),
    SelectChoice("5", _l("5 – speaks clearly for it")),
)
MEASURE_LABELS: dict[Measure, Text] = {
    Measure.SCORE: _p("criterion", "A score from 0 to 5 with words"),
    Measure.YES_NO: _p("criterion", "Yes, no or unclear, with words"),
    Measure.MONEY: _p("criterion", "A sum of money"),
    Measure.TEXT: _p("criterion", "Words alone"),
    Measure.DATE: _p("criterion", "A day"),
}


def _at_most(limit: int) -> Length:
    return Length(max=limit, message=_l("This text is too long. Shorten it."))


class StudyForm(BaseForm):
    """One reviewer's sheet; the fields of its criteria are added by `sheet_form`."""

    criteria: Sequence[Criterion] = ()
    version = HiddenField()
    why = TextAreaField(
        _l("Why do you change it?"),
        [_at_most(NOTE_MAX)],
        description=_l("You have seen your colleagues’ sheets, so the change is marked with this reason."),
    )

    def words(self) -> dict[str, str]:
        """Words by criterion."""
        return {found.key: self[found.key].data or "" for found in self.criteria}

    def scores(self) -> dict[str, int]:
        """Score by criterion, of those that were chosen."""
        found = {
            row.key: self[f"{row.key}_score"].data for row in self.criteria if row.measure is Measure.SCORE
        }
        return {key: int(score) for key, score in found.items() if score}

    def values_given(self) -> dict[str, str | int]:
        """Other answers by criterion, as they are kept."""
        found: dict[str, str | int] = {}
        for row in self.criteria:
            if row.measure in (Measure.SCORE, Measure.TEXT):
                continue
            given = self[f"{row.key}_value"].data
            if given in (None, ""):
                continue
            if row.measure is Measure.MONEY:
                found[row.key] = given * 100
            else:
                found[row.key] = given.isoformat() if isinstance(given, date) else given
        return found

    def answer_to(self, found: Criterion) -> Any:
        """The field of what is answered besides the words; None where words are all."""
        if found.measure is Measure.TEXT:
            return None
        return self[f"{found.key}_{'score' if found.measure is Measure.SCORE else 'value'}"]


def _one_of(allowed: Sequence[str], reason: Text) -> Any:
    def check(_form: Any, field: Any) -> None:
        # A draft may leave it open; what was not offered is no answer.
        if field.data and field.data not in allowed:
            raise ValidationError(reason)

    return check


def _answer_field(found: Criterion) -> dict[str, Any]:
    if found.measure is Measure.SCORE:
        check = _one_of([choice.value for choice in SCORE_CHOICES], _l("Choose a score."))
        made = RadioField(_p("study", "Score"), [check], choices=SCORE_CHOICES, validate_choice=False)
        return {f"{found.key}_score": made}
    if found.measure is Measure.YES_NO:
        check = _one_of(ANSWERS, _l("Choose one of the answers."))
        choices = [SelectChoice(key, ANSWER_LABELS[key]) for key in ANSWERS]
        made = RadioField(_p("study", "Answer"), [check], choices=choices, validate_choice=False)
        return {f"{found.key}_value": made}
    if found.measure is Measure.MONEY:
        return {f"{found.key}_value": MoneyField(queries.criterion_label(found), rules.COST_MAX)}
    if found.measure is Measure.DATE:
        return {f"{found.key}_value": DayField(queries.criterion_label(found), validators=[Optional()])}
    return {}


def sheet_form(criteria: Sequence[Criterion], own: Sheet | None) -> StudyForm:
    """The sheet with what was written so far, or is sent now."""
    fields: dict[str, Any] = {"criteria": tuple(criteria), "__doc__": StudyForm.__doc__}
    values: dict[str, Any] = {"version": str(own.version if own else 0)}
    for found in criteria:
        label = queries.criterion_label(found)
        fields[found.key] = TextAreaField(
            label, [_at_most(rules.REASON_MAX)], description=queries.criterion_help(found)
        )
        fields |= _answer_field(found)
        if own is not None:
            values[found.key] = own.parts.get(found.key, "")
            values |= _given(found, own)
    form: StudyForm = type("SheetForm", (StudyForm,), fields)(data=values)
    return form


def _given(found: Criterion, own: Sheet) -> dict[str, Any]:
    if found.measure is Measure.SCORE:
        return {f"{found.key}_score": str(own.scores.get(found.key, ""))}
    value = own.values.get(found.key)
    if value is None or found.measure is Measure.TEXT:
        return {}
    if found.measure is Measure.MONEY:
        return {f"{found.key}_value": int(value) // 100}
    if found.measure is Measure.DATE:
        return {f"{found.key}_value": date.fromisoformat(str(value))}
    return {f"{found.key}_value": value}


class RemarkForm(BaseForm):
    """What somebody says about a criterion on which views part."""

    text = TextAreaField(
        _l("What do you say to it?"), [needed(_l("Write what you say to it.")), _at_most(NOTE_MAX)]
    )


class CitationForm(BaseForm):
    """A result of a survey that speaks for or against the case."""

    survey = StringField(_l("Survey"), [needed(_l("Name the survey.")), _at_most(SHORT_MAX)])
    wave = StringField(
        _l("Wave"), [_at_most(SHORT_MAX)], description=_l("The year or round, if there were several.")
    )
    held_on = DayField(_l("Day or end of the survey"), validators=[Optional()])
    question = StringField(_l("Question"), [_at_most(SHORT_MAX)])
    result = TextAreaField(
        _l("Result"),
        [needed(_l("Write what came out.")), _at_most(NOTE_MAX)],
        description=_l("In figures where there are any: how many said what, of how many asked."),
    )
    link = StringField(
        _l("Address of the results"),
        [_at_most(500)],
        description=_l("Where one can read them up; it begins with https://."),
    )

    def validate_link(self, field: StringField) -> None:
        """An address that a page may link: nothing that could run."""
        if field.data and not field.data.lower().startswith(("https://", "http://")):
            raise ValidationError(_l("Write an address that begins with https://."))


# ---- settings ----


class CriterionForm(SettingsForm):
    """A criterion of a study: its name and guiding text in each language, how it is answered, how much it counts."""

    text_pl = StringField(LANGUAGE_NAMES["pl"])
    text_cs = StringField(LANGUAGE_NAMES["cs"])
    text_en = StringField(LANGUAGE_NAMES["en"])
    help_pl = TextAreaField(_l("Guiding text"))
    help_cs = TextAreaField(_l("Guiding text"))
    help_en = TextAreaField(_l("Guiding text"))
    measure = RadioField(
        _l("How is it answered?"),
        [chosen(_l("Choose how it is answered."))],
        choices=[SelectChoice(key.value, label) for key, label in MEASURE_LABELS.items()],
        validate_choice=False,
    )
    weight = IntegerField(
        _l("Weight, from 1 to 10"),
        description=_l(
            "How much its points count against the others. Only scores and yes or no have points."
        ),
    )
    required = BooleanField(_l("A sheet cannot be finished without it"))
    hidden = BooleanField(
        _l("Ask it no more"), description=_l("What was answered to it stays readable on its case.")
    )
    most, help_most = NAME_MAX, HELP_MAX

    def validate_weight(self, field: IntegerField) -> None:
        """Within the bounds, where it counts at all."""
        counts = self.measure.data in {measure.value for measure in WEIGHED}
        if counts and not (field.data is not None and 1 <= field.data <= WEIGHT_MAX):
            raise ValidationError(
                str(Filled("Write a number from %(low)s to %(high)s.", {"low": 1, "high": WEIGHT_MAX}))
            )
