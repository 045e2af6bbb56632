"""What officers type: whom a request is about, and that they are sure."""

from typing import Any

from wtforms import BooleanField, EmailField, RadioField, StringField, TelField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from portal.accounts.rules import canonical_email, canonical_phone
from portal.core import tenancy
from portal.core.i18n import Text
from portal.core.i18n import lazy_gettext as _l
from portal.core.tokens import canonical_code, canonical_number
from portal.privacy.queries import Known
from portal.ui.fields import chosen
from portal.ui.forms import BaseForm

PROOFS: dict[str, Text] = {
    "document": _l("They came in person with a document"),
    "code": _l("They named the secret code of their case"),
    "answer": _l("They answered from the address or number that we have"),
    "signature": _l("They signed electronically (trusted profile, bank identity, qualified signature)"),
}
"""How an office may be sure who asks, best first."""
_SHORT = Length(max=254, message=_l("This text is too long. Shorten it."))


class AskedForm(BaseForm):
    """Somebody asks what is kept of them: whom to look for, and how they proved who they are."""

    email = EmailField(_l("E-mail address"), validators=[_SHORT])
    phone = TelField(_l("Phone number"), validators=[_SHORT])
    number = StringField(_l("Number of a case"), validators=[_SHORT])
    code = StringField(_l("Secret code of that case"), validators=[_SHORT])
    proof = RadioField(
        _l("How do you know that it is them?"),
        choices=[SelectChoice(key, label) for key, label in PROOFS.items()],
        validate_choice=False,
        validators=[chosen(_l("Choose how they proved who they are."))],
    )

    @property
    def known(self) -> Known:
        """What the services take."""
        return Known(
            self.email.data or "", self.phone.data or "", self.number.data or "", self.code.data or ""
        )

    def validate(self, extra_validators: Any = None) -> bool:
        """Something must be known of them, and what is typed must be able to exist."""
        fine = bool(super().validate(extra_validators))
        wrong: dict[str, Text] = {}
        country = tenancy.town_by_id(tenancy.current_id() or 0).country
        if self.email.data and canonical_email(self.email.data) is None:
            wrong["email"] = _l("Write the whole address, such as name@example.org.")
        if self.phone.data and canonical_phone(self.phone.data, country) is None:
            wrong["phone"] = _l("Write a Polish or Czech number, such as +48 600 000 000.")
        if self.number.data and canonical_number(self.number.data) is None:
            wrong["number"] = _l("Write the number as on the receipt, such as LUB-I-2026-0042.")
        if self.number.data and canonical_code(self.code.data or "") is None:
            wrong["code"] = _l("Write the sixteen signs of the code that belongs to this number.")
        if not (self.email.data or self.phone.data or self.number.data):
            wrong["email"] = _l("Write an e-mail address, a phone number, or the number and code of a case.")
        self.blame(wrong)
        return fine and not wrong


class CopyForm(BaseForm):
    """Only buttons: a file for the person, or a page to print."""


class EraseForm(BaseForm):
    """Erasing a person for good."""

    sure = BooleanField(
        _l("Yes, erase what is kept of this person here"),
        validators=[DataRequired(_l("Tick the box if you are sure."))],
    )
