"""What people type about themselves and their team, and how a form is shown again when a service refuses it.

Shape only; `rules.py` and the services decide.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from flask import Response, g, redirect
from werkzeug.wrappers import Response as BaseResponse
from wtforms import (
    BooleanField,
    EmailField,
    HiddenField,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TelField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from portal.accounts.roles import LENDABLE, MUNICIPAL, TEXTS, Role
from portal.accounts.rules import ACCESS_MINUTES, ACCESS_REASON_MAX, NAME_MAX, canonical_email, is_phone_code
from portal.core.errors import Invalid, TooMany
from portal.core.i18n import LANGUAGE_NAMES, Text, ngettext
from portal.core.i18n import lazy_gettext as _l
from portal.core.registry import NoticeCategory
from portal.notify import rules
from portal.ui.forms import BaseForm, ProvenForm
from portal.ui.pages import page

LANGUAGES = [SelectChoice(code, name) for code, name in LANGUAGE_NAMES.items()]
ROLES = [SelectChoice(role.value, TEXTS[role].title) for role in MUNICIPAL]


_MINUTES = {
    15: _l("A quarter of an hour"),
    30: _l("Half an hour"),
    60: _l("One hour"),
    120: _l("Two hours"),
}


def _is_email(_form: Any, field: Any) -> None:
    if canonical_email(field.data or "") is None:
        raise ValidationError(_l("Write the whole address, such as name@example.org."))


def _name(*, needed: bool = False) -> StringField:
    """The field of one's own name."""
    first = DataRequired(_l("Write your name as your colleagues know it.")) if needed else Optional()
    return StringField(
        _l("Your name"), validators=[first, Length(max=NAME_MAX, message=_l("Use at most 100 characters."))]
    )


def _password() -> PasswordField:
    """The field of the present password."""
    return PasswordField(_l("Password"), validators=[DataRequired(_l("Write your password."))])


def _new_password() -> PasswordField:
    """The field of a password being chosen."""
    return PasswordField(_l("New password"), validators=[DataRequired(_l("Write a new password."))])


def _code() -> StringField:
    """The field of the second factor."""
    return StringField(_l("Six-digit code"), validators=[DataRequired(_l("Write the code your app shows."))])


class _WithEmail(BaseForm):
    """A form that asks for an address; `address` is its canonical spelling once the form is valid."""

    email = EmailField(
        _l("E-mail address"), validators=[DataRequired(_l("Write the e-mail address.")), _is_email]
    )

    @property
    def address(self) -> str:
        """What the services take."""
        return canonical_email(self.email.data or "") or ""


class LinkForm(ProvenForm, _WithEmail):
    """A resident asks for a link."""

    next = HiddenField()


class StaffForm(_WithEmail):
    """Staff: first step."""

    password = _password()
    next = HiddenField()


class CodeForm(BaseForm):
    """Staff: second step."""

    code = _code()


class RecoveryForm(BaseForm):
    """Staff: a recovery code in place of the second step."""

    code = StringField(
        _l("Recovery code"), validators=[DataRequired(_l("Write one of your recovery codes."))]
    )


class PasskeyForm(BaseForm):
    """What the browser answered for a passkey; our script fills it in."""

    answer = HiddenField(validators=[DataRequired(_l("Press the button to use your passkey."))])
    next = HiddenField()


class PasskeyNameForm(BaseForm):
    """What its owner calls a passkey."""

    name = StringField(
        _l("Name of the passkey"),
        validators=[
            DataRequired(_l("Give the passkey a name, such as “My phone”.")),
            Length(max=NAME_MAX, message=_l("Use at most 100 characters.")),
        ],
    )


class NewPasskeyForm(PasskeyNameForm):
    """A passkey just made, and its name."""

    answer = HiddenField(validators=[DataRequired(_l("Press the button to make a passkey."))])


class PhoneForm(ProvenForm):
    """A resident asks for a code by SMS."""

    phone = TelField(
        _l("Mobile number"), validators=[DataRequired(_l("Write your mobile number.")), Length(max=30)]
    )
    next = HiddenField()


class SmsCodeForm(BaseForm):
    """The code of the SMS."""

    code = StringField(_l("Six-digit code"), validators=[DataRequired(_l("Write the code from the SMS."))])

    def validate_code(self, field: StringField) -> None:
        """A slip of the finger is no try: of those there are five."""
        if not is_phone_code(field.data):
            raise ValidationError(_l("The code has six digits. Write all of them and nothing else."))


class EnterForm(BaseForm):
    """Using a link; the name is asked only of people who are new."""

    name = _name()


class ForgottenForm(ProvenForm, _WithEmail):
    """Asking for a link to a new password."""


class PasswordForm(BaseForm):
    """Choosing a new password."""

    password = _new_password()


class JoinForm(BaseForm):
    """Accepting an invitation: name, password, and the first code of the app."""

    name = _name(needed=True)
    password = _new_password()
    code = _code()


class ConfirmForm(BaseForm):
    """Password and code once more."""

    password = _password()
    code = _code()
    next = HiddenField()


class ActForm(BaseForm):
    """A button: nothing to fill in."""

    next = HiddenField()


class ProfileForm(BaseForm):
    """Name, language and phone."""

    name = _name()
    language = RadioField(_l("Language of messages"), choices=LANGUAGES)
    phone = TelField(_l("Phone"), validators=[Optional(), Length(max=30)])


def notifications_form(categories: Sequence[NoticeCategory], *, with_sms: bool) -> BaseForm:
    """A choice for each category: `mail0` when e-mail comes, `sms0` whether an SMS comes as well."""
    fields: dict[str, Any] = {}
    for number, category in enumerate(categories):
        offered = [SelectChoice(choice.value, choice.label) for choice in rules.choices(category)]
        fields[f"mail{number}"] = RadioField(_l("By e-mail"), choices=offered)
        if with_sms:
            fields[f"sms{number}"] = BooleanField(_l("An SMS at once as well"))
    form: BaseForm = type("NotificationsForm", (BaseForm,), fields)()
    return form


class ClaimForm(BaseForm):
    """Cases to take over: those offered, or one by number and code."""

    cases = SelectMultipleField(
        _l("Take over these"), widget=ListWidget(prefix_label=False), option_widget=CheckboxInput()
    )
    number = StringField(
        _l("Case number"), validators=[Length(max=100, message=_l("Use at most 100 characters."))]
    )
    code = StringField(_l("Secret code"))

    def validate(self, extra_validators: Any = None) -> bool:
        """Something must be chosen, and a number needs its code."""
        sound = bool(super().validate(extra_validators))
        if sound and self.number.data and not self.code.data:
            self.blame({"code": _l("Write the secret code from your receipt.")})
            return False
        if sound and self.code.data and not self.number.data:
            self.blame({"number": _l("Write the number of your case.")})
            return False
        if sound and not self.cases.data and not self.number.data:
            self.blame({"number": _l("Tick a case, or write number and code of one.")})
            return False
        return sound


class AccessForm(BaseForm):
    """A portal operator asks for access to a municipality."""

    town = SelectField(_l("Municipality"), validators=[DataRequired(_l("Choose a municipality."))])
    role = RadioField(
        _l("Role"),
        choices=[SelectChoice(role.value, TEXTS[role].title) for role in LENDABLE],
        validators=[DataRequired(_l("Choose what you need in order to help."))],
    )
    minutes = RadioField(
        _l("For how long"),
        choices=[SelectChoice(n, _MINUTES[n]) for n in ACCESS_MINUTES],
        coerce=int,
        default=ACCESS_MINUTES[0],
    )
    reason = TextAreaField(
        _l("Why"),
        validators=[
            DataRequired(_l("Say in a sentence why: the municipality reads it.")),
            Length(max=ACCESS_REASON_MAX, message=_l("Use at most 500 characters.")),
        ],
    )


class EmailForm(_WithEmail):
    """A new address for the account."""


class EraseForm(BaseForm):
    """Erasing one's account for good."""

    sure = BooleanField(
        _l("Yes, erase my account and my personal data"),
        validators=[DataRequired(_l("Tick the box if you are sure."))],
    )


class _WithRoles(BaseForm):
    """A form that gives roles of a municipality."""

    roles = SelectMultipleField(
        _l("Roles"), widget=ListWidget(prefix_label=False), option_widget=CheckboxInput(), choices=ROLES
    )


class InviteForm(_WithEmail, _WithRoles):
    """Inviting somebody into the team."""

    language = RadioField(_l("Language of the invitation"), choices=LANGUAGES)


class FirstAdminForm(_WithEmail):
    """The first administrator of a new municipality, who in a small office does other work too."""

    roles = SelectMultipleField(
        _l("What else this person does"),
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
        choices=[choice for choice in ROLES if choice.value != Role.ADMIN],
    )


class RolesForm(_WithRoles):
    """The roles of a member."""

    is_head = BooleanField(_l("Heads the office: overdue cases are reported to this person"))


# Showing a form ----------------------------------------------------------------------------------------------


@contextmanager
def refusals(form: BaseForm) -> Iterator[None]:
    """Show what a service refuses in the form; what was typed stays."""
    try:
        yield
    except Invalid as problem:
        form.blame(problem.fields, problem.reason)
    except TooMany as problem:
        g.retry_after = problem.retry_after
        minutes = -(-problem.retry_after // 60)
        form.blame(
            {},
            ngettext(
                "That was too often. Try again in %(n)s minute.",
                "That was too often. Try again in %(n)s minutes.",
                minutes,
            ),
        )


def form_page(template: str, form: BaseForm, title: Text, **context: Any) -> Response:
    """A form, empty or refused (422; 429 when it came too often)."""
    retry = g.get("retry_after")
    status = 429 if retry else 422 if form.is_submitted() else 200
    response = page(template, status, form=form, title=title, **context)
    if retry:
        response.headers["Retry-After"] = str(retry)
    return response


def on_to(target: str) -> BaseResponse:
    """Post, redirect, get."""
    return redirect(target, 303)
