"""Forms of the sheets with signatures: what one carried, counting it again, striking it out."""

from typing import Any

from wtforms import HiddenField, IntegerField, StringField, TextAreaField

from portal.core.i18n import lazy_gettext as _l
from portal.ui.fields import DayField, needed
from portal.ui.forms import BaseForm


class WholeField(IntegerField):  # type: ignore[misc]
    """A whole number of a few digits; `data` is None for anything else, which the service tells."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.flags.required = True

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed."""
        typed = valuelist[0].strip() if valuelist else ""
        self.data = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 6 else None


class SheetForm(BaseForm):
    """A sheet as it is entered first."""

    valid = WholeField(
        _l("How many valid signatures does it carry?"),
        description=_l(
            "Count rows with name, area and signature. Struck rows and a second row of one person do not count."
        ),
    )
    signed_on = DayField(
        _l("Day of the last signature"), validators=[needed(_l("Write the day like 31.12.2027."))]
    )
    place = StringField(
        _l("Where was it collected?"), description=_l("Such as: library, market, parish fair.")
    )
    remark = TextAreaField(_l("Remark"), description=_l("For your office alone. Never write a name here."))


class CountForm(BaseForm):
    """Counting a sheet again."""

    valid = WholeField(_l("How many valid signatures do you count?"))
    version = HiddenField()


class StrikeForm(BaseForm):
    """Striking a sheet out."""

    why = TextAreaField(
        _l("Why is it struck out?"),
        [needed(_l("Give a reason."))],
        description=_l(
            "If it counted already, everybody reads this in the history. Never write a name here."
        ),
    )
    version = HiddenField()


class NumberForm(BaseForm):
    """Which case a sheet belongs to."""

    number = StringField(_l("Case number"), description=_l("It stands on the sheet."))


def version_of(form: Any) -> int:
    """The version a form was made from; none matches anything else."""
    typed = form.version.data or ""
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else -1
