"""Base of all forms: CSRF, clean text, a form key against double posts, and errors in the right language.

A form checks shape; `rules.py` of its module decides meaning; the service decides permission.
"""

import re
import secrets
import unicodedata
from collections.abc import Mapping
from typing import Any

from flask import g, request
from flask_wtf import FlaskForm
from werkzeug.datastructures import CombinedMultiDict, MultiDict
from wtforms import Field, FileField, HiddenField, StringField, TextAreaField
from wtforms.validators import ValidationError

from portal.core import proof
from portal.core.actor import current
from portal.core.i18n import Text, current_locale, ngettext
from portal.core.i18n import lazy_gettext as _l
from portal.core.network import network as network_of

_UNWANTED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_UNWANTED_IN_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_TURNING = re.compile(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_FORM_KEY = re.compile(r"[A-Za-z0-9_-]{16,64}")
WTFORMS_LOCALES = {"pl": "pl", "cs": "cs_CZ", "en": "en"}


def clean(value: Any) -> Any:
    """Normalise to NFC, drop surrounding space and carriage returns (R42); a sum or a degree passes as it is."""
    if not isinstance(value, str):
        return value
    return unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n")).strip()


def unturned(value: Any) -> Any:
    """Drop the signs that turn the text of a line.

    Phones and address books put them around numbers and names that are copied from them. Nobody sees them, so
    nobody could take them out when asked to.
    """
    return _TURNING.sub("", value) if isinstance(value, str) else value


def no_controls(form: Any, field: Field) -> None:
    """Refuse NUL, control signs and lone surrogates."""
    text = field.data
    if not isinstance(text, str):
        return
    unwanted = _UNWANTED if isinstance(field, TextAreaField) else _UNWANTED_IN_LINE
    if unwanted.search(text):
        raise ValidationError(_l("Remove the invisible control characters from this text."))


def unguessable(key: str | None) -> str:
    """The form key as sent, or a fresh one for what no page of ours holds.

    A repeated post gets the answer of the first, so two people who both send an empty key, or a short one,
    would be shown each other's.
    """
    return key if key and _FORM_KEY.fullmatch(key) else secrets.token_urlsafe(16)


STALE = _l(
    "This page was open for too long, or you signed in or out meanwhile. Nothing was sent yet: "
    "check what you wrote and send it again. Files must be chosen again."
)


class BaseForm(FlaskForm):  # type: ignore[misc]
    """Every form of the portal. `form_key` makes a repeated post harmless; `website` is for robots only."""

    form_errors: list[Text]
    form_key = HiddenField(filters=[unguessable])
    website = StringField(_l("Leave this field empty"))

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        """Cleans every text field and speaks the language of the page."""

        @property
        def locales(self) -> list[str]:
            """Language of WTForms' own messages."""
            return [WTFORMS_LOCALES[current_locale()]]

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """A file sent under the name of a text field is no text: only fields of files are shown files.

            JSON is no form: its numbers and lists would stand where a field expects words. It counts as one left empty;
            what a view hands over by itself is taken.
            """
            given = formdata is None or isinstance(formdata, MultiDict)
            if not given and request.is_json and form.is_submitted():
                return MultiDict()
            sent = super().wrap_formdata(form, formdata)
            if not isinstance(sent, CombinedMultiDict):
                return sent
            names = {field.name for field in form if isinstance(field, FileField)}
            kept = [(name, file) for name, file in request.files.items(multi=True) if name in names]
            return CombinedMultiDict([MultiDict(kept), request.form])

        def bind_field(self, form: Any, unbound_field: Any, options: Mapping[str, Any]) -> Field:
            """Hang the cleaning filter and the control-sign check on each text field."""
            field = super().bind_field(form, unbound_field, options)
            if isinstance(field, StringField):
                lines = [] if isinstance(field, TextAreaField) else [unturned]
                field.filters = [*lines, *field.filters, clean]
                field.validators = [*field.validators, no_controls]
            return field

    @property
    def is_robot(self) -> bool:
        """Whether the trap field was filled: people never see it."""
        return bool(self.website.data)

    def blame(self, fields: Mapping[str, Text], reason: Text = "") -> None:
        """Show what a service refused at the fields it concerns; the rest at the top."""
        for name, text in fields.items():
            field = self._fields.get(name)
            if field is None:
                reason = reason or text
            else:
                field.errors = [*field.errors, text]
        if reason and not any(field.errors for field in self):
            self.form_errors = [*self.form_errors, reason]

    pause_seconds = 0
    """How long to wait before the button is pressed again, where a form asks for that in place of a proof."""

    @property
    def problems(self) -> list[tuple[str, Text]]:
        """(field id, what to do) for the summary at the top; an empty id belongs to the whole form."""
        found: list[tuple[str, Text]] = [("", text) for text in self.form_errors]
        for field in self:
            errors = field.errors
            if errors and field.short_name == "csrf_token":
                found.insert(0, ("", STALE))
                continue
            if isinstance(errors, dict):
                errors = [text for texts in errors.values() for text in texts]
            found += [(field.id, text) for text in errors if isinstance(text, Text)]
        return found


class ProvenForm(BaseForm):
    """A form that visitors prove some work for, so that robots cannot send thousands (`core/proof.py`, ADR 23).

    Our script fills `solution` in, unseen. Without it the form comes back once with everything kept, and is taken when
    its button is pressed again after a short pause. Signed-in people are asked for neither.
    """

    proof = HiddenField()
    solution = HiddenField()
    pause = HiddenField()

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        self.asks_proof = proof.is_asked() and not current().signed_in
        if self.asks_proof and not proof.is_fresh(self.proof.data or "", *self._bound):
            self.proof.data, self.solution.data = proof.challenge(*self._bound), ""

    @property
    def proof_bits(self) -> int:
        """How much work the script is asked for."""
        return proof.bits()

    @property
    def _bound(self) -> tuple[str, str]:
        """What proof and pause hold for: this form, at this address, in whatever language."""
        town = g.town.slug if "town" in g else ""
        return self.form_key.data or "", f"{request.endpoint}:{town}"

    def validate(self, extra_validators: Any = None) -> bool:
        """First what was typed, so that nobody waits for a form that comes back anyway; then the proof, or the pause."""
        return bool(super().validate(extra_validators)) and (not self.asks_proof or self._is_proven())

    def _is_proven(self) -> bool:
        if proof.is_solved(self.proof.data or "", self.solution.data or "", *self._bound):
            return True
        network = network_of(request.remote_addr)
        left = proof.pause_left(self.pause.data or "", *self._bound, network)
        if left == 0:
            left = proof.use_pause(network)
            if not left:
                return True
        if left is None:
            self.pause.data = proof.begin_pause(*self._bound)
            left = proof.pause_left(self.pause.data, *self._bound, network) or 0
        self.pause_seconds = max(1, left)
        self.form_errors = [*self.form_errors, _pause_text(self.pause_seconds)]
        return False


def _pause_text(seconds: int) -> str:
    return ngettext(
        "A short pause keeps robots away. Everything you wrote is still here. Wait %(n)s second, then press the button again.",
        "A short pause keeps robots away. Everything you wrote is still here. Wait %(n)s seconds, then press the button again.",
        seconds,
    )
