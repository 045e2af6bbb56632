"""Forms of the portal operator: founding a municipality."""

from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Optional, Regexp

from portal.core.i18n import lazy_gettext as _l
from portal.pages.rules import COUNTRIES
from portal.ui.forms import BaseForm

_NEEDED = _l("Fill in this field.")


class MunicipalityForm(BaseForm):
    """A new municipality; what is left empty follows from its country and short name."""

    name = StringField(_l("Name in its own language"), [InputRequired(_NEEDED)])
    slug = StringField(
        _l("Short name for addresses"),
        [InputRequired(_NEEDED)],
        description=_l(
            "Small letters, digits and hyphens, such as wodzislaw-slaski. It cannot be changed later."
        ),
    )
    country = SelectField(
        _l("Country"),
        [InputRequired(_NEEDED)],
        choices=[SelectChoice(key, country.name) for key, country in COUNTRIES.items()],
    )
    centre = StringField(
        _l("Centre"),
        [
            InputRequired(_NEEDED),
            Regexp(
                r"-?\d{1,2}(\.\d+)?\s*,\s*-?\d{1,3}(\.\d+)?",
                message=_l(
                    "Write latitude and longitude with points and a comma between them, such as 51.2465,22.5684."
                ),
            ),
        ],
        description=_l("Latitude and longitude in degrees, such as 51.2465,22.5684."),
    )
    code = StringField(
        _l("Code for case numbers"),
        [Optional()],
        description=_l("Three capital letters. Left empty, the first three of the short name are taken."),
    )
