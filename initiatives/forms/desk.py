"""Forms of the monitoring team: one per move of a case, the study sheets, the synthesis, the call.

They check shape only. Names of fields are those by which the services name what they refuse.
"""

from collections.abc import Iterable
from typing import Any

from wtforms import (
    BooleanField,
    FileField,
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

from initiatives import queries, rules
from initiatives.forms.filing import (
    LANGUAGE_CHOICES,
    WhatForm,
    WhereForm,
    YouForm,
    category_choices,
    district_choices,
)
from initiatives.kinds import LONG_MAX, Kind
from initiatives.models import Initiative, Place
from initiatives.services import Rewritten, What, Where, Who
from initiatives.states import CHANNELS as WAYS_IN
from portal.core.actor import Channel
from portal.core.i18n import Text
from portal.core.i18n import lazy_gettext as _l
from portal.core.i18n import lazy_pgettext as _p
from portal.core.tenancy import Town
from portal.ui.fields import DayField, DegreesField, MoneyField, chosen, needed
from portal.ui.forms import BaseForm

SHORT_MAX = 200
CHANNELS = tuple(
    SelectChoice(channel.value, WAYS_IN[channel.value])
    for channel in (Channel.PHONE, Channel.PAPER, Channel.MEETING, Channel.EMAIL)
)
VERDICT_LABELS = {
    "adopted": _p("verdict", "Adopt"),
    "partly_adopted": _p("verdict", "Adopt in part"),
    "deferred": _p("verdict", "Put off to a later day"),
    "refused": _p("verdict", "Refuse"),
}
VERDICT_CHOICES = tuple(SelectChoice(key, label) for key, label in VERDICT_LABELS.items())


def _at_most(limit: int) -> Length:
    return Length(max=limit, message=_l("This text is too long. Shorten it."))


def town_choices(nothing: Text, near: Iterable[Town], far: Iterable[Town]) -> list[SelectChoice]:
    """Municipalities of the portal to choose from, neighbours first; `nothing` is the empty choice."""
    groups = ((_l("Neighbours"), near), (_l("Other municipalities"), far))
    return [
        SelectChoice("", nothing),
        *(SelectChoice(town.slug, town.name, optgroup=label) for label, towns in groups for town in towns),
    ]


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
    """An internal note; `people` are colleagues it is meant for, beside those it names with `@`."""

    text = TextAreaField(_l("Internal note"), [needed(_l("Write the note.")), _at_most(rules.REASON_MAX)])
    people = SelectMultipleField(
        _l("Whom to tell of it"),
        choices=[],
        coerce=_whole_id,
        validate_choice=False,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )

    def offer(self, people: Iterable[tuple[int, str]]) -> None:
        """Offer these colleagues."""
        self.people.choices = [SelectChoice(value, name) for value, name in people]


class ShortcutsForm(BaseForm):
    """Whether keys of the desk do something."""

    on = BooleanField(
        _l("Single keys do something"),
        description=_l(
            "Turn this off if you dictate, or if the keys get in your way. It holds for your account alone."
        ),
    )


class EditForm(BaseForm):
    """Taking personal data out of a text, or another category or district."""

    title = StringField(_l("Title"), [needed(_l("Write a title.")), _at_most(rules.TITLE_MAX)])
    text = TextAreaField(_l("Text"), [_at_most(rules.TEXT_MAX)])
    address = StringField(_l("Address or description of the place"), [_at_most(200)])
    category = SelectField(
        _l("Category"), [chosen(_l("Choose a category."))], choices=[], validate_choice=False
    )
    district = SelectField(_l("District"), choices=[], validate_choice=False)
    note = _reasons(_l("What did you change, and why?"), _l("Say what you changed: the author reads it."))
    version = HiddenField()

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        self.category.choices = category_choices(str(values.get("category") or ""))
        present = str(values.get("district") or "")
        names = queries.districts_offered(present)
        self.district.choices = district_choices(names)
        if self.district.data not in ("", *names):
            self.district.data = present

    edited: tuple[str, ...] = ()
    """Fields of what was answered in words and in public."""

    def answers(self) -> dict[int, str]:
        """The words of public answers by the number of the question, as they should stand."""
        return {int(name[1:]): self[name].data or "" for name in self.edited}


def public_texts(case: Initiative) -> dict[int, str]:
    """Public answers in words, by the number of the question."""
    kinds = (Kind.SHORT, Kind.LONG)
    return {said.question.id: said.text for said in queries.answered(case) if said.question.kind in kinds}


def editing(case: Initiative) -> type[EditForm]:
    """The form with a field for each public answer in words."""
    words = {said.question.id: said.words for said in queries.answered(case)}
    names = {f"q{number}": words[number] for number in public_texts(case)}
    fields = {name: TextAreaField(label, [_at_most(LONG_MAX)]) for name, label in names.items()}
    if not fields:
        return EditForm
    return type("EditForm", (EditForm,), {"__doc__": EditForm.__doc__, "edited": tuple(fields), **fields})


def answers_to_edit(case: Initiative) -> dict[str, str]:
    """Values of those fields."""
    return {f"q{number}": text for number, text in public_texts(case).items()}


# ---- moves ----


def _without(form: BaseForm, lacks: dict[str, Text]) -> bool:
    """Blame what is missing at its fields, unless they are blamed already; whether nothing is."""
    form.blame({name: text for name, text in lacks.items() if not form[name].errors})
    return not lacks


class MoveForm(BaseForm):
    """A move that needs no words. `version` is the one of the case that the page showed.

    Where there are words, they may begin with a reply template: `template` is the one chosen, `fill` the button that
    puts it in (`put`) or brings back what was written before (`back`), `used` the one the words began with.
    """

    version = HiddenField()
    template = StringField()
    fill = StringField()
    used = HiddenField()
    # Of several lines, so no hidden field: those refuse line breaks.
    before = TextAreaField()


class RemarkForm(MoveForm):
    """A move that may carry words."""

    note = _remark()


def _why() -> TextAreaField:
    return _reasons(_p("field", "Reasons"), _l("Write the reason; it is kept in the history."))


class ReasonForm(MoveForm):
    """A move that needs its reasons. Who asks for more before them names them anew below: mistakes are told in order."""

    note = _why()


class ReplyForm(MoveForm):
    """Words to the author; the case stays where it is."""

    note = _reasons(_l("Message to the author"), _l("Write the message."))


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


class DeclineChangeForm(ReasonForm):
    """Why what the author proposes is not changed."""

    hide = BooleanField(
        _l("Hide the author’s words from the public"),
        description=_l("Only if they name somebody, insult, or advertise."),
    )

    @property
    def shown(self) -> bool:
        """Whether the author’s words stay public."""
        return not self.hide.data


class AcceptChangeForm(DeclineChangeForm):
    """What changes, and why; title, text and place may be written anew, what is left empty stays."""

    changes = TextAreaField(_l("What changes"), [needed(_l("Say what changes.")), _at_most(rules.REASON_MAX)])
    note = _why()
    title = StringField(_l("Title"), [_at_most(rules.TITLE_MAX)])
    text = TextAreaField(_l("Text"), [_at_most(rules.TEXT_MAX)])
    address = StringField(_l("Address or description of the place"), [_at_most(200)])
    lat = DegreesField(_l("Latitude"), 90)
    lon = DegreesField(_l("Longitude"), 180)

    def validate_lon(self, field: DegreesField) -> None:
        """A point has both."""
        if (field.data is None) is not (self.lat.data is None) and not self.lat.process_errors:
            raise ValidationError(_l("Mark the place on the map or write its latitude and longitude."))

    def new(self) -> Rewritten:
        """What is written anew."""
        lat, lon = self.lat.data, self.lon.data
        return Rewritten(
            self.title.data or "",
            self.text.data or "",
            self.address.data or "",
            None if lat is None or lon is None else (lat, lon),
        )


class TransferForm(ReasonForm):
    """Whom it goes to: a municipality of the portal, or another body; the view offers the former."""

    town = SelectField(_l("A municipality of the portal"), choices=[], validate_choice=False)
    to = StringField(_l("Another body"), [_at_most(SHORT_MAX)])
    note = _why()

    def offer(self, near: Iterable[Town], far: Iterable[Town]) -> None:
        """Offer these municipalities."""
        self.town.choices = town_choices(_p("municipality", "None"), near, far)

    def validate(self, extra_validators: Any = None) -> bool:
        """One of both."""
        sound = super().validate(extra_validators)
        lacks: dict[str, Text] = {}
        if self.town.data and self.to.data:
            lacks["to"] = _l("Choose a municipality or name another body, not both.")
        elif not self.town.data and not self.to.data:
            lacks["town"] = _l("Choose a municipality, or name the body it goes to.")
        return _without(self, lacks) and sound


class MergeForm(ReasonForm):
    """Which initiative it goes on with."""

    into = StringField(
        _l("Number of the other initiative"), [needed(_l("Write the number.")), _at_most(SHORT_MAX)]
    )


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
    plan_time = TextAreaField(_p("study", "Time"), [_at_most(LONG_MAX)])
    plan_owner = TextAreaField(_p("study", "Owner"), [_at_most(LONG_MAX)])
    plan_risks = TextAreaField(_p("study", "Risks"), [_at_most(LONG_MAX)])
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


class NewsForm(BaseForm):
    """How the work goes on."""

    note = _reasons(_l("News in words"), _l("Write the news."))
    progress = IntegerField(
        _l("Share done, in per cent"),
        [Optional(), NumberRange(0, 100, _l("Write a number from 0 to 100."))],
    )


class CostForm(BaseForm):
    """What the work is planned to cost and has cost so far."""

    planned = MoneyField(_l("Planned cost"), rules.COST_MAX)
    spent = MoneyField(_l("Spent so far"), rules.COST_MAX)
    why = StringField(_l("Why did it change?"), [needed(_l("Say in a few words why.")), _at_most(SHORT_MAX)])


class WorkPhotoForm(BaseForm):
    """A photo of the place, before or after."""

    role = RadioField(
        _l("When was it taken?"),
        [chosen(_l("Choose one."))],
        choices=[
            SelectChoice("before", _l("Before the work")),
            SelectChoice("after", _l("After the work")),
        ],
        validate_choice=False,
    )
    photo = FileField(_l("Photo"), description=_l("JPEG, PNG or WebP, up to 10 MB."))
    alt = StringField(
        _l("What does the photo show?"),
        [needed(_l("Say what the photo shows.")), _at_most(SHORT_MAX)],
        description=_l("Everybody reads it below the photo."),
    )


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
    # Said to whoever writes it down, not to the author.
    text = TextAreaField(
        _l("What they say"),
        [
            needed(_l("Write down what they propose.")),
            Length(
                min=rules.TEXT_MIN,
                max=rules.TEXT_MAX,
                message=_l("Write down what they propose in 30 to 8,000 characters."),
            ),
        ],
    )

    def validate_shows_name(self, field: BooleanField) -> None:
        """There must be a name to show."""
        if field.data and not self.name.data:
            raise ValidationError(_l("Write their name if it should be shown."))

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
            answers=self.answers(),
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
            withheld=bool(self.withheld.data),
        )


class AppForm(CallForm):
    """What another program sends for somebody."""

    channel = HiddenField()

    @property
    def came_by(self) -> Channel:
        """By a program."""
        return Channel.API
