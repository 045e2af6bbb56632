"""Field makers that several forms share: degrees, sums of money, e-mail, phone, files."""

from typing import Any

from flask_wtf.file import FileField, MultipleFileField
from wtforms import DateField, StringField
from wtforms.validators import StopValidation

from portal.core.i18n import Text
from portal.core.i18n import lazy_gettext as _l
from portal.core.money import Currency, parse_money

__all__ = ["DayField", "DegreesField", "FileField", "MoneyField", "MultipleFileField", "chosen", "needed"]

DEGREE_DIGITS = 6


def needed(text: Text) -> Any:
    """A validator that refuses an empty field with what to do; the field is marked as required.

    It ends the checks of its field: who left it empty need not read how long it should be.
    """

    def check(_form: Any, field: Any) -> None:
        if not field.data:
            raise StopValidation(text)

    check.field_flags = {"required": True}  # type: ignore[attr-defined]
    return check


def chosen(text: Text) -> Any:
    """A validator that wants one of the offered answers, else `text` says what to do; “Choose…” is none.

    For fields made with `validate_choice=False`: the stock check would add its own message to this one.
    """

    def check(_form: Any, field: Any) -> None:
        if not field.data or field.data not in {choice.value for choice in field.choices}:
            raise StopValidation(text)

    check.field_flags = {"required": True}  # type: ignore[attr-defined]
    return check


_POLE = 90
"""Degrees of latitude end here; those of longitude at 180."""


class DegreesField(StringField):  # type: ignore[misc]
    """Degrees of latitude or longitude; a decimal comma is fine. `data` is a float or None."""

    def __init__(self, label: Text, limit: float, **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self.limit = limit

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else str(round(self.data, DEGREE_DIGITS))

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed. Raises ValueError with what to do."""
        typed = valuelist[0].strip().replace(",", ".").replace("\u2212", "-") if valuelist else ""
        self.data = None
        if not typed:
            return
        try:
            value = float(typed)
        except ValueError:
            value = self.limit + 1
        if not -self.limit <= value <= self.limit:
            # Both stand in one summary: each names itself.
            raise ValueError(
                _l("Write the latitude as a number of degrees, such as 51.2465.")
                if self.limit <= _POLE
                else _l("Write the longitude as a number of degrees, such as 22.5684.")
            )
        self.data = round(value, DEGREE_DIGITS)


class MoneyField(StringField):  # type: ignore[misc]
    """A sum in whole currency as people write it ("12 500 zł"); `data` is whole units or None."""

    def __init__(self, label: Text, limit: int, **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self.limit = limit

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else str(self.data)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed. Raises ValueError with what to do."""
        typed = valuelist[0].strip() if valuelist else ""
        self.data = None
        if not typed:
            return
        try:
            units, rest = divmod(parse_money(typed, Currency.PLN).minor, 100)
        except ValueError:
            units, rest = -1, 0
        if rest or not 0 <= units <= self.limit:
            raise ValueError(_l("Write the amount as a whole number, such as 12500."))
        self.data = units


class DayField(DateField):  # type: ignore[misc]
    """A calendar day; browsers send ISO, people also type 2.12.2026."""

    def __init__(self, label: Text, **kwargs: Any) -> None:
        super().__init__(label, format=["%Y-%m-%d", "%d.%m.%Y", "%d. %m. %Y"], **kwargs)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed; empty is no day. Raises ValueError with what to do."""
        if not valuelist or not valuelist[0].strip():
            self.data = None
            return
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(_l("Write the day like 31.12.2027.")) from None
