"""Forms of the monitoring team: one per move of a case, the study sheets, the synthesis, the call.

They check shape only. Names of fields are those by which the services name what they refuse.
"""

from collections.abc import Iterable
from typing import Any

from wtforms import (
    BooleanField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, NumberRange, Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from initiatives import rules
from initiatives.forms.filing import CATEGORY_CHOICES, LANGUAGE_CHOICES, WhatForm, WhereForm, YouForm
from initiatives.models import Place, StudyKind
from initiatives.services import What, Where, Who
from initiatives.states import PARTS
from portal.core.actor import Channel
from portal.core.i18n import Text
from portal.core.i18n import lazy_gettext as _l
from portal.core.i18n import lazy_pgettext as _p
from portal.ui.fields import DayField, MoneyField, chosen, needed
from portal.ui.forms import BaseForm

SHORT_MAX = 200
CHANNEL_LABELS = {
    Channel.PHONE.value: _p("channel", "Phone call"),
    Channel.PAPER.value: _p("channel", "Paper or letter"),
    Channel.MEETING.value: _p("channel", "Meeting"),
    Channel.EMAIL.value: _p("channel", "E-mail"),
}
CHANNELS = tuple(SelectChoice(key, label) for key, label in CHANNEL_LABELS.items())
VERDICT_LABELS = {
    "adopted": _p("verdict", "Adopt"),
    "partly_adopted": _p("verdict", "Adopt in part"),
    "deferred": _p("verdict", "Put off to a later day"),
    "refused": _p("verdict", "Refuse"),
}
VERDICT_CHOICES = tuple(SelectChoice(key, label) for key, label in VERDICT_LABELS.items())
SCORE_CHOICES = (
    SelectChoice("1", _l("1 – speaks clearly against it")),
    SelectChoice("2", _l("2 – rather against it")),
    SelectChoice("3", _l("3 – neither for nor against")),
    SelectChoice("4", _l("4 – rather for it")),
    SelectChoice("5", _l("5 – speaks clearly for it")),
)


def _at_most(limit: int) -> Length:
    return Length(max=limit, message=_l("This text is too long. Shorten it."))


def _whole_id(value: Any) -> int:
    """An id of a choice; anything else is none."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0


def _reasons(label: Text, needs: Text) -> TextAreaField:
    return TextAreaField(label, [needed(needs), _at_most(rules.REASON_MAX)])


def _remark() -> TextAreaField:
    return TextAreaField(_l("Remark for the history"), [_at_most(rules.REASON_MAX)])


# ---- the case ----


class NoteForm(BaseForm):
    """An internal note."""

    text = TextAreaField(_l("Internal note"), [needed(_l("Write the note.")), _at_most(rules.REASON_MAX)])


class EditForm(BaseForm):
    """Taking personal data out of a text, or another category."""

    title = StringField(_l("Title"), [needed(_l("Write a title.")), _at_most(rules.TITLE_MAX)])
    text = TextAreaField(_l("Text"), [_at_most(rules.TEXT_MAX)])
    address = StringField(_l("Address or description of the place"), [_at_most(200)])
    category = SelectField(
        _l("Category"), [chosen(_l("Choose a category."))], choices=CATEGORY_CHOICES, validate_choice=False
    )
    note = _reasons(_l("What did you change, and why?"), _l("Say what you changed: the author reads it."))
    version = HiddenField()


class JudgeForm(BaseForm):
    """Showing a comment, or hiding it with a reason."""

    # Not hidden: the button that is pressed brings its value.
    visible = StringField()
    reason = TextAreaField(_l("Why is it hidden?"), [_at_most(rules.COMMENT_MAX)])


# ---- moves ----


def _without(form: BaseForm, lacks: dict[str, Text]) -> bool:
    """Blame what is missing at its fields, unless they are blamed already; whether nothing is."""
    form.blame({name: text for name, text in lacks.items() if not form[name].errors})
    return not lacks


class MoveForm(BaseForm):
    """A move that needs no words. `version` is the one of the case that the page showed."""

    version = HiddenField()


class RemarkForm(MoveForm):
    """A move that may carry words."""

    note = _remark()


class ReasonForm(MoveForm):
    """A move that needs its reasons."""

    note = _reasons(_p("field", "Reasons"), _l("Write the reason; it is kept in the history."))


class DefectsForm(MoveForm):
    """What an author has to complete."""

    note = _reasons(
        _l("What is missing, one point a line"), _l("Write at least one point that has to be completed.")
    )


class AssignForm(RemarkForm):
    """Department, lead and reviewers; the view offers the people."""

    department = StringField(_l("Department"), [needed(_l("Name the department.")), _at_most(SHORT_MAX)])
    lead = SelectField(
        _l("Who leads the case"),
        [chosen(_l("Choose who leads the case."))],
        coerce=_whole_id,
        validate_choice=False,
    )
    reviewers = SelectMultipleField(
        _l("Reviewers"),
        coerce=_whole_id,
        validate_choice=False,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )

    def offer(self, people: Iterable[tuple[int, str]]) -> None:
        """Offer these members of the team."""
        found = [SelectChoice(value, name) for value, name in people]
        self.reviewers.choices = found
        self.lead.choices = [SelectChoice(0, _l("Choose…")), *found]

    def validate_reviewers(self, field: SelectMultipleField) -> None:
        """Studies are written by at least two people of the team."""
        offered = {choice.value for choice in field.choices}
        if len(set(field.data or ()) & offered) < rules.REVIEWERS_MIN:
            raise ValidationError(_l("Tick at least two reviewers."))


class DecideForm(MoveForm):
    """A decision with its reasons."""

    verdict = RadioField(
        _p("field", "Decision"),
        [chosen(_l("Choose the decision."))],
        choices=VERDICT_CHOICES,
        validate_choice=False,
    )
    note = _reasons(_p("field", "Reasons"), _l("Write the reasons; they are published."))
    left_out = TextAreaField(_l("What is left out, and why?"), [_at_most(rules.REASON_MAX)])
    returns_on = DayField(_l("On which day does it return?"), validators=[Optional()])

    def validate(self, extra_validators: Any = None) -> bool:
        """Besides each field what the chosen verdict asks for, so that one answer names all that is missing."""
        sound = super().validate(extra_validators)
        has_day = self.returns_on.data is not None
        lacks = rules.verdict_lacks(self.verdict.data or "", self.left_out.data or "", has_day)
        return _without(self, lacks) and sound


class ReverseForm(DecideForm):
    """An appeal that was right: anything but a refusal."""

    verdict = RadioField(
        _p("field", "New decision"),
        [chosen(_l("Choose the decision."))],
        choices=VERDICT_CHOICES[:-1],
        validate_choice=False,
    )


class TransferForm(ReasonForm):
    """Which body it goes to."""

    to = StringField(
        _l("Body it goes to"),
        [needed(_l("Name the municipality or body it goes to.")), _at_most(SHORT_MAX)],
    )


class MergeForm(ReasonForm):
    """Which initiative it goes on with."""

    into = StringField(
        _l("Number of the other initiative"), [needed(_l("Write the number.")), _at_most(SHORT_MAX)]
    )
    consented = BooleanField(_l("The authors of both have agreed"))

    def validate_consented(self, field: BooleanField) -> None:
        """Nobody's initiative is merged against their will."""
        if not field.data:
            raise ValidationError(_l("Ask the authors first; without their consent it cannot be merged."))


class ExtendForm(ReasonForm):
    """A new day for the running study or decision."""

    due = DayField(_l("New day"), validators=[needed(_l("Choose a day after today."))])


class ProgressForm(RemarkForm):
    """Work goes on; how far it is."""

    progress = IntegerField(
        _l("Share done, in per cent"),
        [Optional(), NumberRange(0, 100, _l("Write a number from 0 to 100."))],
    )


class FinishForm(ReasonForm):
    """What was built."""

    target = RadioField(
        _l("What is the result?"),
        [chosen(_l("Choose the result."))],
        choices=[
            SelectChoice("done", _l("It is done")),
            SelectChoice("partly_done", _l("A part of it is done")),
        ],
        validate_choice=False,
    )


class AbandonForm(ReasonForm):
    """Why it is given up."""

    outcome = RadioField(
        _l("What became of it?"),
        [chosen(_l("Choose one."))],
        choices=[
            SelectChoice("unneeded", _l("It is no longer needed")),
            SelectChoice("refused", _l("The office will not do it")),
        ],
        validate_choice=False,
    )


# ---- studies ----


class StudyForm(BaseForm):
    """One reviewer's sheet; the fields of its parts are added below, a text and a score each."""

    parts: tuple[str, ...] = ()
    version = HiddenField()

    def words(self) -> dict[str, str]:
        """Text by part."""
        return {part: self[part].data or "" for part in self.parts}

    def scores(self) -> dict[str, int]:
        """Score by part, of those that were chosen."""
        found = {part: self[f"{part}_score"].data for part in self.parts}
        return {part: int(score) for part, score in found.items() if score}


def _some_score(_form: Any, field: Any) -> None:
    # A draft may leave it open; what is not on the scale is no score.
    if field.data and field.data not in {choice.value for choice in SCORE_CHOICES}:
        raise ValidationError(_l("Choose a score."))


def _sheet_form(name: str, parts: tuple[str, ...], more: dict[str, Any]) -> type[StudyForm]:
    """A form with a text and a score for each part of a study."""
    fields: dict[str, Any] = {"parts": parts, "__doc__": StudyForm.__doc__}
    for part in parts:
        label, question = PARTS[part]
        fields[part] = TextAreaField(label, [_at_most(rules.REASON_MAX)], description=question)
        fields[f"{part}_score"] = RadioField(
            _p("study", "Score"), [_some_score], choices=SCORE_CHOICES, validate_choice=False
        )
    return type(name, (StudyForm,), {**fields, **more})


SHEET_FORMS: dict[StudyKind, type[StudyForm]] = {
    StudyKind.PURPOSE: _sheet_form("PurposeForm", rules.PURPOSE_PARTS, {}),
    StudyKind.FEASIBILITY: _sheet_form(
        "FeasibilityForm",
        rules.FEASIBILITY_PARTS,
        {
            "cost_once": MoneyField(_l("Cost, once"), rules.COST_MAX),
            "cost_yearly": MoneyField(_l("Running cost per year"), rules.COST_MAX),
        },
    ),
}


class SynthesisForm(BaseForm):
    """What residents want beside what law and money allow, and what the team recommends."""

    wanted = TextAreaField(_l("What residents want"), [_at_most(rules.REASON_MAX)])
    allowed = TextAreaField(_l("What law and money allow"), [_at_most(rules.REASON_MAX)])
    tradeoff = TextAreaField(_l("The trade-off"), [_at_most(rules.REASON_MAX)])
    recommended = RadioField(_p("field", "Recommendation"), choices=VERDICT_CHOICES, validate_choice=False)
    why = TextAreaField(_l("Why do you recommend this?"), [_at_most(rules.REASON_MAX)])
    cost_once = MoneyField(_l("Cost, once"), rules.COST_MAX)
    cost_yearly = MoneyField(_l("Running cost per year"), rules.COST_MAX)
    source = StringField(_l("Where the money comes from"), [_at_most(SHORT_MAX)])
    version = HiddenField()

    def validate_to_send(self) -> bool:
        """The fields, and everything that a recommendation must not lack."""
        sound = self.validate()
        lacks = rules.synthesis_lacks(
            self.wanted.data or "",
            self.allowed.data or "",
            self.tradeoff.data or "",
            self.recommended.data or "",
            self.why.data or "",
            self.cost_once.data,
            self.source.data or "",
        )
        return _without(self, lacks) and sound


class MilestoneForm(BaseForm):
    """A step of the realisation."""

    title = StringField(_l("Milestone"), [needed(_l("Name the milestone.")), _at_most(SHORT_MAX)])
    planned_on = DayField(_l("Planned for"), validators=[Optional()])
    share = IntegerField(
        _l("Share of the whole done by then, in per cent"),
        [Optional(), NumberRange(0, 100, _l("Write a number from 0 to 100."))],
    )


# ---- the call ----


class CallForm(WhatForm, WhereForm, YouForm):
    """What somebody says on the phone or on paper: one page for all of it."""

    channel = RadioField(
        _l("How did it reach you?"),
        [chosen(_l("Choose one."))],
        choices=CHANNELS,
        validate_choice=False,
    )
    locale = SelectField(_l("Language for messages"), choices=LANGUAGE_CHOICES)

    @property
    def came_by(self) -> Channel:
        """How it reached the office."""
        return Channel(self.channel.data)

    def what(self) -> What:
        """What is proposed."""
        return What(
            title=self.title.data or "",
            text=self.text.data or "",
            category=self.category.data or "",
            cost=self.cost.data,
            language=self.language.data,
        )

    def where(self) -> Where:
        """Where; a point only if that was chosen."""
        place = Place(self.place.data)
        has_point = place is Place.POINT and self.lat.data is not None
        return Where(
            place,
            self.lat.data if has_point else None,
            self.lon.data if has_point else None,
            self.address.data or "",
            self.district.data or "",
        )

    def who(self) -> Who:
        """Who says it, as far as they want to tell."""
        return Who(
            name=self.name.data or "",
            email=self.email.data or "",
            phone=self.phone.data or "",
            postal=self.postal.data or "",
            shows_name=bool(self.shows_name.data),
        )
