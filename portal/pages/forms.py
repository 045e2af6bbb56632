"""Forms of the portal operator and of administrators: founding a municipality, its settings."""

from collections.abc import Mapping

from wtforms import HiddenField, RadioField, SelectField, StringField, TelField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, Regexp

from portal.core.i18n import LOCALES, Text
from portal.core.i18n import lazy_gettext as _l
from portal.core.i18n import lazy_pgettext as _pl
from portal.pages.kinds import Motif
from portal.pages.rules import COUNTRIES, TEXT_LENGTHS
from portal.ui.fields import DayField, chosen
from portal.ui.forms import BaseForm

_CENTRE = _l("Write latitude and longitude with points and a comma between them, such as 51.2465,22.5684.")


class MunicipalityForm(BaseForm):
    """A new municipality; what is left empty follows from its country and short name."""

    name = StringField(_l("Name in its own language"), [InputRequired(_l("Give the municipality a name."))])
    slug = StringField(
        _l("Short name for addresses"),
        [InputRequired(_l("Write the short name for addresses."))],
        description=_l(
            "Small letters, digits and hyphens, such as wodzislaw-slaski. It cannot be changed later."
        ),
    )
    country = SelectField(
        _l("Country"),
        [InputRequired(_l("Choose the country."))],
        choices=[SelectChoice(key, country.name) for key, country in COUNTRIES.items()],
    )
    centre = StringField(
        _l("Centre"),
        [
            InputRequired(_CENTRE),
            Regexp(r"-?\d{1,2}(\.\d+)?\s*,\s*-?\d{1,3}(\.\d+)?", message=_CENTRE),
        ],
        description=_l("Latitude and longitude in degrees, such as 51.2465,22.5684."),
    )
    code = StringField(
        _l("Code for case numbers"),
        [Optional()],
        description=_l("Three capital letters. Left empty, the first three of the short name are taken."),
    )


# Settings of a municipality ----------------------------------------------------------------------------------

MOTIF_NAMES: Mapping[str, Text] = {
    "": _pl("mark", "the letters of its code"),
    Motif.RIVER: _pl("mark", "a river"),
    Motif.TOWER: _pl("mark", "a tower"),
    Motif.TREE: _pl("mark", "a tree"),
    Motif.FIELDS: _pl("mark", "fields"),
    Motif.HILLS: _pl("mark", "hills"),
    Motif.BRIDGE: _pl("mark", "a bridge"),
    Motif.WHEEL: _pl("mark", "a wheel"),
    Motif.SUN: _pl("mark", "the sun"),
    Motif.CASTLE: _pl("mark", "a castle"),
    Motif.MINE: _pl("mark", "a mine"),
}
OTHER = "other"
COLOUR_NAMES: Mapping[str, Text] = {
    "spruce": _pl("colour", "spruce green"),
    "blue": _pl("colour", "blue"),
    "navy": _pl("colour", "navy blue"),
    "green": _pl("colour", "green"),
    "burgundy": _pl("colour", "burgundy"),
    "rust": _pl("colour", "rust"),
    "violet": _pl("colour", "violet"),
    "brown": _pl("colour", "brown"),
    OTHER: _pl("colour", "a colour of our own"),
}


class SettingsForm(BaseForm):
    """One page of settings; `version` marks what it was filled from."""

    version = HiddenField()


class NameForm(SettingsForm):
    """Name, tagline and introduction in each language: `name_pl`, `tagline_pl`, `intro_pl` and so on."""


class LookForm(SettingsForm):
    """Colours and mark. Of the four colours the ground is enough; the others follow from it."""

    ground = RadioField(
        _l("Main colour"),
        [chosen(_l("Choose a colour."))],
        choices=[SelectChoice(key, label) for key, label in COLOUR_NAMES.items()],
        validate_choice=False,
    )
    brand = StringField(
        _l("Number of your own colour"),
        description=_l("# and six hexadecimal digits, such as #8a2432, from your brand book."),
    )
    dark = StringField(_l("Links and headings"))
    ink = StringField(_l("Text on the main colour"))
    soft = StringField(_l("Pale ground"))
    mark = RadioField(
        _l("Mark beside the name"),
        choices=[SelectChoice(key, label) for key, label in MOTIF_NAMES.items()],
        validate_choice=False,
    )


class ContactForm(SettingsForm):
    """Where the office is reached; `office_pl`, `hours_pl`, `coordinator_pl`, `access_pl` and so on."""

    email = StringField(
        _l("E-mail of the office"), description=_l("Answers of residents to our messages go there.")
    )
    phone = TelField(_l("Phone"), description=_l("Such as +48 81 466 10 00."))
    address = StringField(_l("Address"), description=_l("Street, number, post code and place."))
    protection_email = StringField(
        _l("E-mail of the data-protection officer"),
        description=_l("Left empty, that of the office is shown."),
    )
    districts = TextAreaField(
        _l("Districts or villages"),
        description=_l(
            "One a line. Residents choose from them when they file; left empty, they are not asked."
        ),
    )


class DaysForm(SettingsForm):
    """Free days of the office, one a line, and the days of the accessibility statement."""

    closed = TextAreaField(
        _l("Days on which the office is closed"),
        description=_l(
            "One a line, such as 31.12.2026. Saturdays, Sundays and public holidays are known already; deadlines "
            "count working days only."
        ),
    )
    published = DayField(_l("The site was published on"))
    drawn_up = DayField(_l("The statement was drawn up on"))
    reviewed = DayField(_l("The statement was last reviewed on"))
    updated = DayField(_l("The site was last changed essentially on"))


_TEXTS: Mapping[type[BaseForm], Mapping[str, tuple[type[StringField], Text]]] = {
    NameForm: {
        "name": (StringField, _pl("municipality", "Name")),
        "tagline": (StringField, _l("One line about it")),
        "intro": (TextAreaField, _l("Two sentences on its front page")),
    },
    ContactForm: {
        "office": (StringField, _l("The office that answers")),
        "hours": (StringField, _l("Opening hours")),
        "coordinator": (StringField, _l("Who sees to accessibility")),
        "access": (TextAreaField, _l("How one gets into the building")),
    },
}
TEXTS_OF: Mapping[type[BaseForm], tuple[str, ...]] = {form: tuple(texts) for form, texts in _TEXTS.items()}
"""Which texts of a form stand in it once for each language, as `<text>_<locale>`."""
for _form, _texts in _TEXTS.items():
    for _key, (_kind, _label) in _texts.items():
        for _locale in LOCALES:
            setattr(_form, f"{_key}_{_locale}", _kind(_label, [Optional(), Length(max=TEXT_LENGTHS[_key])]))
