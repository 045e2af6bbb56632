"""What people type about themselves and their team, and how a form is shown again when a service refuses it.

Shape only; `rules.py` and the services decide.
"""

from collections.abc import Iterator
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
    SelectMultipleField,
    StringField,
    TelField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from portal.accounts.roles import MUNICIPAL, TEXTS
from portal.accounts.rules import NAME_MAX, canonical_email
from portal.core.errors import Invalid, TooMany
from portal.core.i18n import LANGUAGE_NAMES, Text, ngettext
from portal.core.i18n import lazy_gettext as _l
from portal.ui.forms import BaseForm
from portal.ui.pages import page

LANGUAGES = [SelectChoice(code, name) for code, name in LANGUAGE_NAMES.items()]
ROLES = [SelectChoice(role.value, TEXTS[role].title) for role in MUNICIPAL]


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
        _l("E-mail address"), validators=[DataRequired(_l("Write your e-mail address.")), _is_email]
    )

    @property
    def address(self) -> str:
        """What the services take."""
        return canonical_email(self.email.data or "") or ""


class LinkForm(_WithEmail):
    """A resident asks for a link."""

    next = HiddenField()


class StaffForm(_WithEmail):
    """Staff: first step."""

    password = _password()
    next = HiddenField()


class CodeForm(BaseForm):
    """Staff: second step."""

    code = _code()


class EnterForm(BaseForm):
    """Using a link; the name is asked only of people who are new."""

    name = _name()


class ForgottenForm(_WithEmail):
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
    """The first administrator of a new municipality."""


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
