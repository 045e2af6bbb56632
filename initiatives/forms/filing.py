"""Residents' forms: the steps of filing, and the small forms of supporting, commenting and the author's acts."""

from collections.abc import Sequence

from flask import g
from wtforms import (
    BooleanField,
    EmailField,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TelField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional, ValidationError

from initiatives import rules
from initiatives.models import Place
from initiatives.states import CATEGORIES
from portal.accounts.rules import canonical_email, canonical_phone
from portal.content.models import Stance
from portal.core.consent import WORDS, Purpose
from portal.core.i18n import LANGUAGE_NAMES, LOCALES, Text
from portal.core.i18n import lazy_gettext as _l
from portal.core.i18n import lazy_pgettext as _p
from portal.core.tenancy import Town
from portal.ui.fields import DegreesField, FileField, MoneyField, chosen, needed
from portal.ui.forms import BaseForm

CATEGORY_CHOICES = [SelectChoice(key, label) for key, label in CATEGORIES.items()]
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
        choices=[SelectChoice("", _l("Choose…")), *CATEGORY_CHOICES],
    )
    cost = MoneyField(
        _l("Rough cost"), rules.COST_MAX, description=_l("Only if you know. The office works it out later.")
    )
    language = SelectField(_l("Language of your text"), choices=LANGUAGE_CHOICES)


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
        self.district.choices = [SelectChoice("", _l("Not known")), *map(SelectChoice, names)]
        if self.district.data not in names:
            self.district.data = ""

    def validate_place(self, field: RadioField) -> None:
        """A point needs degrees near the municipality, an address needs words."""
        if field.data == Place.POINT and not (self.lat.process_errors or self.lon.process_errors):
            if self.lat.data is None or self.lon.data is None:
                raise ValidationError(_l("Mark the place on the map or write its latitude and longitude."))
            west, south, east, north = self.box
            if not (
                south - rules.NEAR_DEGREES <= self.lat.data <= north + rules.NEAR_DEGREES
                and west - rules.NEAR_DEGREES <= self.lon.data <= east + rules.NEAR_DEGREES
            ):
                raise ValidationError(
                    _l("This place is far outside the municipality. Are latitude and longitude exchanged?")
                )
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


class YouForm(DraftForm):
    """How the author wants to be told; everything is optional."""

    name = StringField(_l("Name"), [Optional(), _between(0, 120, _l("Write at most 120 characters."))])
    shows_name = BooleanField(WORDS[Purpose.NAME].text)
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


class ToggleForm(BaseForm):
    """Support or follow, or stop: says what its button said, so that a double click does not undo itself."""

    wanted = HiddenField()

    @property
    def is_on(self) -> bool:
        """Whether the button was the one that begins it."""
        return bool(self.wanted.data == "on")


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
        _l("Comment"),
        [
            needed(_l("Write a comment.")),
            _between(1, rules.COMMENT_MAX, _l("Write at most 2,000 characters.")),
        ],
    )
    shows_name = BooleanField(WORDS[Purpose.COMMENT_NAME].text)


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


class ResultForm(BaseForm):
    """The author judges the result."""

    verdict = RadioField(
        _l("Did it help?"),
        [chosen(_l("Choose one."))],
        validate_choice=False,
        choices=[
            SelectChoice("confirm", _l("Yes, it helped")),
            SelectChoice("dispute", _l("No, it is not done as promised")),
        ],
    )
    note = TextAreaField(
        _l("Your words"),
        [Optional(), _between(0, 2000, _l("Write at most 2,000 characters."))],
        description=_l("If it is not done, say in one sentence what is missing."),
    )

    def validate_note(self, field: TextAreaField) -> None:
        """A dispute needs a sentence."""
        if self.verdict.data == "dispute" and not field.data:
            raise ValidationError(_l("Say in one sentence what is missing."))


class CompleteForm(WhatForm, WhereForm):
    """A returned case, completed: text and place on one page."""


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
