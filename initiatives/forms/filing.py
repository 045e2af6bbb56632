"""Residents' forms: the steps of filing, and the small forms of supporting, commenting and the author's acts."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from flask import g, has_request_context, request
from wtforms import (
    BooleanField,
    EmailField,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TelField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional, StopValidation, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from initiatives import queries, rules
from initiatives.kinds import Answer, Kind, Question, read_answer
from initiatives.models import Initiative, Place
from initiatives.states import CHANGE_OF, HELPED
from portal.accounts.rules import canonical_email, canonical_phone
from portal.core.consent import WORDS, Purpose
from portal.core.i18n import LANGUAGE_NAMES, LOCALES, Text
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_gettext as _l
from portal.core.i18n import lazy_pgettext as _p
from portal.core.tenancy import Town
from portal.maps.folium_map import MapParts, Picker, render_map
from portal.maps.geo import Point
from portal.ui.fields import DegreesField, FileField, MoneyField, chosen, needed
from portal.ui.forms import BaseForm, ProvenForm

STEP_LABELS: dict[str, Text] = {
    "what": _l("Your idea"),
    "where": _l("Place"),
    "photos": _l("Photos"),
    "you": _l("Contact"),
    "preview": _l("Check and send"),
}
LANGUAGE_CHOICES = [SelectChoice(code, LANGUAGE_NAMES[code]) for code in LOCALES]


def _between(low: int, high: int, text: Text) -> Length:
    return Length(min=low, max=high, message=text)


class DraftForm(BaseForm):
    """A step of a draft: knows the version it was made from."""

    version = HiddenField()

    @property
    def made_from(self) -> int | None:
        """The version, or None before there is a draft."""
        typed = self.version.data or ""
        return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else None


class WhatForm(DraftForm):
    """What somebody proposes."""

    title = StringField(
        _l("Title"),
        [
            needed(_l("Write a title.")),
            _between(rules.TITLE_MIN, rules.TITLE_MAX, _l("The title must have 5 to 120 characters.")),
        ],
        description=_l("In a few words: what should change?"),
    )
    text = TextAreaField(
        _l("Your idea"),
        [
            needed(_l("Describe your idea.")),
            _between(rules.TEXT_MIN, rules.TEXT_MAX, _l("Describe your idea in 30 to 8,000 characters.")),
        ],
        description=_l(
            "What is wrong now, what do you propose, whom does it help? "
            "Do not write names, phone numbers or anything about other people's health."
        ),
    )
    category = SelectField(
        _l("Category"),
        [needed(_l("Choose a category."))],
        choices=[],
    )
    cost = MoneyField(
        _l("Rough cost"), rules.COST_MAX, description=_l("Only if you know. The office works it out later.")
    )
    language = SelectField(_l("Language of your text"), choices=LANGUAGE_CHOICES)
    asked = HiddenField()
    """Numbers of the questions that stood on the page: with the category they may change."""

    questions: tuple[Question, ...] = ()
    has_more_questions = False

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        offered = category_choices(str(values.get("category") or ""))
        self.category.choices = [SelectChoice("", _l("Choose…")), *offered]
        if not self.is_submitted():
            self.asked.data = ",".join(str(found.id) for found in self.questions)

    def validate(self, extra_validators: Any = None) -> bool:
        """Besides each field, that nobody is sent on past questions that the chosen category brings."""
        seen = set((self.asked.data or "").split(","))
        unseen = [found for found in self.questions if str(found.id) not in seen]
        self.asked.data = ",".join(str(found.id) for found in self.questions)
        sound = super().validate(extra_validators)
        for question in unseen:
            # Nobody left open what they were not shown.
            self[field_of(question)].errors = []
        self.has_more_questions = bool(unseen)
        return not unseen and sound

    def answers(self) -> dict[int, Answer]:
        """What was answered, by the number of the question."""
        found = {asked.id: read_answer(asked, self[field_of(asked)].data or "") for asked in self.questions}
        return {number: value for number, value in found.items() if value is not None}


def category_choices(keep: str = "") -> list[SelectChoice]:
    """The categories one may choose here; a hidden one only where it stands already."""
    return [
        SelectChoice(found.key, queries.category_label(found.key)) for found in queries.office().offered(keep)
    ]


def district_choices(names: Iterable[str]) -> list[SelectChoice]:
    """These districts to choose from, or none."""
    return [SelectChoice("", _l("Not known")), *map(SelectChoice, names)]


def field_of(question: Question) -> str:
    """The name of a question's field."""
    return f"q{question.id}"


F = TypeVar("F", bound=WhatForm)


class FirstForm(ProvenForm, WhatForm):
    """The first step, before there is a draft: whoever has no account proves some work for it, once for the whole filing."""


def asking(form: type[F], category: str) -> type[F]:
    """A form of filing with the questions that go with the category sent, else with this one."""
    sent = request.form.get("category", category) if has_request_context() else category
    return with_questions(form, queries.office().asked(sent))


def with_questions(form: type[F], questions: Sequence[Question]) -> type[F]:
    """A form of filing with a field for each question."""
    fields = {field_of(question): _question_field(question) for question in questions}
    if not fields:
        return form
    return type(form.__name__, (form,), {"__doc__": form.__doc__, "questions": tuple(questions), **fields})


def answers_for(form: type[WhatForm], case: Initiative) -> dict[str, str]:
    """Values of the fields of questions, from what was answered in this case; also to an earlier wording."""
    office, kept = queries.office(), queries.kept_answers(case)
    found = {field_of(asked): office.answer_to(asked, kept) for asked in form.questions}
    return {name: typed(value) for name, value in found.items() if value is not None}


def asked_by(category: str, answers: Mapping[str, Answer]) -> dict[str, str]:
    """Values of the fields of questions, as a program sends its answers."""
    questions = queries.office().asked(category)
    given = {field_of(asked): typed(answers.get(str(asked.id), "")) for asked in questions}
    return {**given, "asked": ",".join(str(asked.id) for asked in questions)}


def typed(value: Answer) -> str:
    """An answer as it stands in a field."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _question_field(question: Question) -> Any:
    office = queries.office()
    readers = (
        _l("Everybody can read your answer.") if question.public else _l("Only the office reads your answer.")
    )
    label, hint = (
        office.say(question.words),
        " ".join(filter(None, (office.say(question.help), str(readers)))),
    )
    checks = [_readable(question)]
    match question.kind:
        case Kind.LONG:
            return TextAreaField(label, checks, description=hint)
        case Kind.YES_NO:
            answers = [SelectChoice("yes", _p("answer", "Yes")), SelectChoice("no", _p("answer", "No"))]
        case Kind.CHOICE:
            texts = enumerate(question.choices, start=1)
            answers = [SelectChoice(str(number), office.say(text)) for number, text in texts]
        case _:
            return StringField(label, checks, description=hint)
    if not question.required:
        answers.append(SelectChoice("", _l("No answer")))
    return RadioField(label, checks, choices=answers, validate_choice=False, description=hint, default="")


def _readable(question: Question) -> Any:
    """A validator: an answer that has to be given is there, and reads as one of its kind."""

    def check(_form: Any, field: Any) -> None:
        try:
            value = read_answer(question, field.data or "")
        except ValueError as problem:
            raise StopValidation(problem.args[0]) from None
        if value is None and question.required:
            raise StopValidation(_l("Answer this question."))

    if question.required:
        check.field_flags = {"required": True}  # type: ignore[attr-defined]
    return check


class WhereForm(DraftForm):
    """Where: a point, an address, or the whole municipality."""

    place = RadioField(
        _l("Where does it concern?"),
        [chosen(_l("Say where: mark a place or choose the whole municipality."))],
        validate_choice=False,
        choices=[
            SelectChoice(Place.POINT.value, _l("A place on the map")),
            SelectChoice(Place.ADDRESS.value, _l("An address or a description")),
            SelectChoice(Place.WHOLE.value, _l("The whole municipality")),
        ],
    )
    lat = DegreesField(_l("Latitude"), 90)
    lon = DegreesField(_l("Longitude"), 180)
    address = StringField(
        _l("Address or description of the place"),
        [Optional(), _between(0, 200, _l("Write at most 200 characters."))],
        description=_l("A street with a number, a park, a crossing."),
    )
    district = SelectField(_l("District"), choices=[], validate_choice=False)
    box: tuple[float, float, float, float] = (-180, -90, 180, 90)
    """West, south, east, north of the municipality."""

    def set_town(self, town: Town, names: Sequence[str]) -> None:
        """Take places in this municipality, and offer its districts."""
        self.box = town.box
        self.district.choices = district_choices(names)
        if self.district.data not in names:
            self.district.data = ""

    def validate_place(self, field: RadioField) -> None:
        """A point needs degrees near the municipality, an address needs words."""
        if field.data == Place.POINT and not (self.lat.process_errors or self.lon.process_errors):
            if self.lat.data is None or self.lon.data is None:
                raise ValidationError(_l("Mark the place on the map or write its latitude and longitude."))
            if not rules.lies_near(self.box, self.lat.data, self.lon.data):
                raise ValidationError(rules.FAR_OFF)
        if field.data == Place.ADDRESS and not self.address.data:
            raise ValidationError(_l("Write the address or describe the place."))


class PhotoForm(BaseForm):
    """One more photo or document."""

    photo = FileField(_l("Photo"), description=_l("JPEG, PNG or WebP, up to 10 MB."))
    alt = StringField(
        _l("What does the photo show?"),
        [Optional(), _between(0, 200, _l("Write at most 200 characters."))],
        description=_l("For people who cannot see it."),
    )
    document = FileField(_l("Document"), description=_l("PDF, up to 10 MB."))


class AltForm(BaseForm):
    """What a photo shows, or what a document is."""

    alt = StringField(_l("What does it show?"), [_between(0, 200, _l("Write at most 200 characters."))])


class YouForm(DraftForm):
    """How the author wants to be told; everything is optional."""

    name = StringField(_l("Name"), [Optional(), _between(0, 120, _l("Write at most 120 characters."))])
    shows_name = BooleanField(WORDS[Purpose.NAME].text)
    withheld = BooleanField(_l("Do not publish it: let only the office read it"))
    email = EmailField(_l("E-mail address"))
    phone = TelField(_l("Phone number"), description=_l("Polish or Czech; a mobile gets text messages."))
    postal = TextAreaField(
        _l("Postal address"),
        [Optional(), _between(0, 400, _l("Write at most 400 characters."))],
        description=_l("Only if you want letters."),
    )

    def validate_email(self, field: EmailField) -> None:
        """Refuse what cannot be an address; keep the canonical form."""
        if field.data:
            canonical = canonical_email(field.data)
            if canonical is None:
                raise ValidationError(_l("Write an e-mail address such as name@example.org."))
            field.data = canonical

    def validate_phone(self, field: TelField) -> None:
        """Refuse what cannot be a number; keep the international form."""
        if field.data:
            canonical = canonical_phone(field.data, g.town.country)
            if canonical is None:
                raise ValidationError(_l("Write a Polish or Czech phone number such as +48 600 100 200."))
            field.data = canonical

    def validate_shows_name(self, field: BooleanField) -> None:
        """There must be a name to show."""
        if field.data and not self.name.data:
            raise ValidationError(_l("Write your name if it should be shown."))


class SendForm(BaseForm):
    """The last step: send."""


class LaterForm(ProvenForm):
    """Where the link of a draft is sent, so that its author goes on later or on another device."""

    email = EmailField(_l("E-mail address"), [needed(_l("Write the address the link is to go to."))])

    def validate_email(self, field: EmailField) -> None:
        """Refuse what cannot be an address; keep the canonical form."""
        canonical = canonical_email(field.data or "")
        if canonical is None:
            raise ValidationError(_l("Write an e-mail address such as name@example.org."))
        field.data = canonical


class ToggleForm(BaseForm):
    """Support or follow, or stop: says what its button said, so that a double click does not undo itself."""

    wanted = HiddenField()

    @property
    def is_on(self) -> bool:
        """Whether the button was the one that begins it."""
        return bool(self.wanted.data == "on")

    @property
    def is_off(self) -> bool:
        """Whether it was the one that stops it; a button that did not say is neither."""
        return bool(self.wanted.data == "off")


class ReportForm(BaseForm):
    """Something is not in order."""

    reason = TextAreaField(
        _l("What is wrong?"),
        [needed(_l("Say what is wrong.")), _between(1, 2000, _l("Write at most 2,000 characters."))],
        description=_l("For instance personal data of somebody, an insult, advertising."),
    )


class ReasonForm(BaseForm):
    """Words that go with an act of the author."""

    note = TextAreaField(_l("Your words"), [Optional(), _between(0, rules.REASON_MAX, _l("Write less."))])


class AppealForm(BaseForm):
    """An appeal needs its reasons."""

    note = TextAreaField(
        _l("Why do you appeal?"),
        [needed(_l("Write why you do not agree.")), _between(1, rules.REASON_MAX, _l("Write less."))],
    )


class ChangeForm(BaseForm):
    """What should change of what was decided, and why."""

    of = RadioField(
        _l("What should change?"),
        [chosen(_l("Choose one."))],
        validate_choice=False,
        choices=[SelectChoice(key, label) for key, label in CHANGE_OF.items()],
    )
    wanted = TextAreaField(
        _l("What should be different?"),
        [
            needed(_l("Write what should change.")),
            _between(1, rules.CHANGE_MAX, _l("Write at most 2,000 characters.")),
        ],
        description=_l("Say how it is now and how you want it."),
    )
    why = TextAreaField(
        _l("Why should it change?"),
        [
            needed(_l("Write why it should change.")),
            _between(1, rules.CHANGE_MAX, _l("Write at most 2,000 characters.")),
        ],
    )

    def validate_of(self, field: RadioField) -> None:
        """One of those offered."""
        if field.data not in CHANGE_OF:
            raise ValidationError(_l("Choose one."))


class ChangeWithdrawForm(BaseForm):
    """A proposed change is taken back; `change` says which one was seen."""

    change = HiddenField()

    @property
    def read(self) -> int:
        """Id of the proposal that was seen; 0 for anything else than a number."""
        return _whole_id(self.change.data)


class MergeAnswerForm(BaseForm):
    """The author answers a proposal to merge; `merge` says which one was read."""

    agrees = RadioField(
        _l("Do you agree?"),
        [chosen(_l("Choose one."))],
        validate_choice=False,
        choices=[
            SelectChoice("yes", _l("Yes, let them go on together")),
            SelectChoice("no", _l("No, mine shall go on by itself")),
        ],
    )
    note = TextAreaField(
        _l("Your words"),
        [Optional(), _between(0, 2000, _l("Write at most 2,000 characters."))],
        description=_l("If you say no, tell the office in one sentence why. The public does not read it."),
    )
    merge = HiddenField()

    @property
    def read(self) -> int:
        """Id of the proposal that was read; 0 for anything else than a number."""
        return _whole_id(self.merge.data)

    def validate_note(self, field: TextAreaField) -> None:
        """A no needs a sentence."""
        if self.agrees.data == "no" and not (field.data or "").strip():
            raise ValidationError(_l("Say in one sentence why not."))


class ResultForm(BaseForm):
    """The author judges the result."""

    verdict = RadioField(
        _l("Did it help?"),
        [chosen(_l("Choose one."))],
        validate_choice=False,
        choices=[
            SelectChoice("confirm", HELPED["yes"]),
            SelectChoice("partly", HELPED["partly"]),
            SelectChoice("dispute", HELPED["no"]),
        ],
    )
    note = TextAreaField(
        _l("Your words"),
        [Optional(), _between(0, 2000, _l("Write at most 2,000 characters."))],
        description=_l("If it did not help, say in one sentence what is missing."),
    )

    def validate_note(self, field: TextAreaField) -> None:
        """A dispute needs a sentence."""
        if self.verdict.data == "dispute" and not field.data:
            raise ValidationError(_l("Say in one sentence what is missing."))


class EchoForm(BaseForm):
    """Whether it helped, said by the link of a message."""

    answer = RadioField(
        _l("Did it help?"),
        [chosen(_l("Choose one."))],
        validate_choice=False,
        choices=[SelectChoice(key, label) for key, label in HELPED.items()],
    )
    words = TextAreaField(
        _l("Your words"),
        [Optional(), _between(0, 2000, _l("Write at most 2,000 characters."))],
        description=_l(
            "The office reads them, the public does not. If it did not help, say in one sentence what is missing."
        ),
    )

    def validate_words(self, field: TextAreaField) -> None:
        """A no needs a sentence."""
        if self.answer.data == "no" and not field.data:
            raise ValidationError(_l("Say in one sentence what is missing."))


def _whole_id(value: Any) -> int:
    """An id that was sent; 0 for anything else."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


class CompleteForm(WhatForm, WhereForm, PhotoForm):
    """A returned case, completed: text, place, files to take off, and one more photo or document on one page."""

    drop = SelectMultipleField(
        _l("Take these files off"),
        description=_l(
            "They go when you send it. So you can replace one: tick it, and choose another below."
        ),
        coerce=_whole_id,
        choices=[],
        validate_choice=False,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )

    def offer(self, files: Iterable[tuple[int, str]]) -> None:
        """Offer these files, by id and name."""
        self.drop.choices = [SelectChoice(file_id, name) for file_id, name in files]


class FollowForm(BaseForm):
    """Number and code of a case."""

    number = StringField(
        _l("Case number"), [needed(_l("Write the number of your case."))], description="LUB-I-2026-0042"
    )
    code = StringField(
        _l("Secret code"),
        [needed(_l("Write the secret code from your receipt."))],
        description=_l("Sixteen characters such as 7QK2-M9XD-R4TH-B8WN. Capital letters do not matter."),
    )


def place_picker(town: Town) -> MapParts:
    """The skeleton of the picker that fills in the point of a form; its script is a route of the public pages."""
    return render_map(
        "place",
        Point(*town.centre),
        12,
        "/map/tiles/{z}/{x}/{y}.svg",
        _("Drawing of our own, not a survey map"),
        picker=Picker("#lat", "#lon", "#place-status"),
    )
