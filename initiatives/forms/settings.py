"""Forms of an office's settings for initiatives; texts have a field for each language: `text_pl`, `text_cs`, `text_en`."""

from collections.abc import Iterable, Mapping
from typing import Any

from wtforms import (
    BooleanField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import StopValidation
from wtforms.widgets import CheckboxInput, ListWidget

from initiatives import queries, rules
from initiatives.forms.desk import town_choices
from initiatives.forms.verbs import move_of
from initiatives.kinds import HELP_MAX, NAME_MAX, SHORT_MAX, Kind
from initiatives.states import CATEGORIES, DEADLINES, WORDED, WORKFLOW
from portal.core.i18n import LANGUAGE_NAMES, LOCALES, Filled, Text
from portal.core.i18n import lazy_gettext as _l
from portal.core.i18n import lazy_pgettext as _p
from portal.core.tenancy import Town
from portal.ui.fields import chosen, needed
from portal.ui.forms import BaseForm

KIND_LABELS: dict[Kind, Text] = {
    Kind.SHORT: _p("question", "A few words"),
    Kind.LONG: _p("question", "Several sentences"),
    Kind.CHOICE: _p("question", "One of several answers"),
    Kind.NUMBER: _p("question", "A number"),
    Kind.YES_NO: _p("question", "Yes or no"),
}


class SettingsForm(BaseForm):
    """A form that knows what it was filled from."""

    mark = HiddenField()
    save_waits = False
    """Whether its button asked for a look at something instead of saving."""

    def texts(self, name: str = "text") -> dict[str, str]:
        """The texts of one kind by language."""
        return {locale: self[f"{name}_{locale}"].data or "" for locale in LOCALES}


def in_languages(name: str, texts: Mapping[str, str]) -> dict[str, str]:
    """Values of those fields."""
    return {f"{name}_{locale}": texts.get(locale, "") for locale in LOCALES}


class MoveForm(SettingsForm):
    """A button that moves an entry up or down."""

    place = HiddenField()
    step = HiddenField()


class CategoryForm(SettingsForm):
    """A category: its names, and whether one may choose it. A new one says to which of ours it belongs."""

    theme = SelectField(
        _l("Theme"),
        choices=[SelectChoice("", _l("Choose…")), *(SelectChoice(*row) for row in CATEGORIES.items())],
        validate_choice=False,
        description=_l(
            "Numbers of several municipalities are compared by theme. It cannot be changed later."
        ),
    )
    text_pl = StringField(LANGUAGE_NAMES["pl"])
    text_cs = StringField(LANGUAGE_NAMES["cs"])
    text_en = StringField(LANGUAGE_NAMES["en"])
    hidden = BooleanField(
        _l("Offer it no more"),
        description=_l("Cases that are in it already stay there, and one can still filter by it."),
    )
    town = SelectField(_l("A municipality of the portal"), choices=[], validate_choice=False)
    body = StringField(
        _l("Another body"),
        description=_l("Such as the county road authority. The team leader may change it."),
    )
    most = NAME_MAX

    def offer(self, near: Iterable[Town], far: Iterable[Town]) -> None:
        """Offer these municipalities."""
        self.town.choices = town_choices(_p("municipality", "None"), near, far)


class DistrictForm(SettingsForm):
    """A district, housing estate or village."""

    name = StringField(_p("thing", "Name"), [needed(_l("Write the name of the district."))])
    hidden = BooleanField(
        _l("Offer it no more"),
        description=_l("Cases that are in it already stay there, and one can still filter by it."),
    )


class QuestionForm(SettingsForm):
    """An extra question; `text_…` are its words, `help_…` an explanation, `choices_…` the answers line by line."""

    text_pl = StringField(LANGUAGE_NAMES["pl"])
    text_cs = StringField(LANGUAGE_NAMES["cs"])
    text_en = StringField(LANGUAGE_NAMES["en"])
    help_pl = TextAreaField(_l("Explanation"))
    help_cs = TextAreaField(_l("Explanation"))
    help_en = TextAreaField(_l("Explanation"))
    kind = RadioField(
        _l("How is it answered?"),
        [chosen(_l("Choose how it is answered."))],
        choices=[SelectChoice(key.value, label) for key, label in KIND_LABELS.items()],
        validate_choice=False,
    )
    choices_pl = TextAreaField(_l("Answers to choose from, one a line"))
    choices_cs = TextAreaField(_l("Answers to choose from, one a line"))
    choices_en = TextAreaField(_l("Answers to choose from, one a line"))
    category = SelectField(_l("In which category is it asked?"), choices=[], validate_choice=False)
    required = BooleanField(_l("It has to be answered"))
    public = BooleanField(
        _l("Everybody can read the answer"),
        description=_l(
            "Otherwise only the team reads it, and it is erased with the author’s contact data. "
            "Never ask in public for anything about a person."
        ),
    )
    most = SHORT_MAX

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        offered = queries.office().categories
        self.category.choices = [
            SelectChoice("", _l("In every category")),
            *(SelectChoice(found.key, queries.category_label(found.key)) for found in offered),
        ]

    def lines(self) -> dict[str, list[str]]:
        """Answers to choose from by language."""
        return {locale: text.splitlines() for locale, text in self.texts("choices").items()}


class AskForm(SettingsForm):
    """Ask a question no more, or again."""


class HelpForm(SettingsForm):
    """What stands above a step of filing."""

    text_pl = TextAreaField(LANGUAGE_NAMES["pl"])
    text_cs = TextAreaField(LANGUAGE_NAMES["cs"])
    text_en = TextAreaField(LANGUAGE_NAMES["en"])
    most = HELP_MAX


class WordsForm(SettingsForm):
    """Words that hold a comment back; a button tries them instead of saving."""

    text_pl = TextAreaField(LANGUAGE_NAMES["pl"])
    text_cs = TextAreaField(LANGUAGE_NAMES["cs"])
    text_en = TextAreaField(LANGUAGE_NAMES["en"])
    # Not hidden: the button that is pressed brings its value.
    preview = StringField()
    most = 0


class _CountField(IntegerField):  # type: ignore[misc]
    """A whole number or none; what is no number is told."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed: blanks between thousands are fine. Raises ValueError with what to do."""
        typed = "".join(valuelist[0].split()) if valuelist else ""
        self.data = None
        if not typed:
            return
        if not (typed.isascii() and typed.isdigit() and len(typed) < 10):
            raise ValueError(_l("Write a whole number, or leave it empty."))
        self.data = int(typed)


class SupportForm(SettingsForm):
    """At how many supports what is promised, and how many days support is open."""

    threshold = _CountField(_l("At how many supports does something happen?"))
    text_pl = TextAreaField(LANGUAGE_NAMES["pl"])
    text_cs = TextAreaField(LANGUAGE_NAMES["cs"])
    text_en = TextAreaField(LANGUAGE_NAMES["en"])
    days = _CountField(_l("How many days is support open?"))
    most = HELP_MAX


def _ticks(label: Text) -> SelectMultipleField:
    return SelectMultipleField(
        label,
        choices=[],
        validate_choice=False,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )


class ReplyForm(SettingsForm):
    """A reply template: what it is called, where it is offered, its text in three languages."""

    name = StringField(
        _p("thing", "Name"),
        [needed(_l("Write a name of at most 80 characters."))],
        description=_l("Only the team reads it: in the list to choose from, and in the history."),
    )
    verbs = _ticks(_l("For which steps is it offered?"))
    states = _ticks(_l("Only in these states"))
    categories = _ticks(_l("Only in these categories"))
    text_pl = TextAreaField(LANGUAGE_NAMES["pl"])
    text_cs = TextAreaField(LANGUAGE_NAMES["cs"])
    text_en = TextAreaField(LANGUAGE_NAMES["en"])
    hidden = BooleanField(_l("Offer it no more"), description=_l("What was written with it stays as it is."))
    most = 0

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        self.verbs.choices = [SelectChoice(verb, move_of(verb).label) for verb in WORDED]
        self.states.choices = [
            SelectChoice(state.key, state.label) for state in WORKFLOW.states if state.key != "draft"
        ]
        self.categories.choices = [
            SelectChoice(found.key, queries.category_label(found.key))
            for found in queries.office().categories
        ]


class DaysForm(SettingsForm):
    """Working days of each clock."""

    def days(self) -> dict[str, int]:
        """Days by clock."""
        return {key: self[key].data for key in rules.DAYS_BOUNDS}


def _days_form() -> type[DaysForm]:
    fields: dict[str, Any] = {"__doc__": DaysForm.__doc__}
    for key, (low, high) in rules.DAYS_BOUNDS.items():
        fields[key] = _DaysField(DEADLINES[key], low, high)
    return type("DaysForm", (DaysForm,), fields)


class _DaysField(IntegerField):  # type: ignore[misc]
    """Working days within the bounds of a clock; what is out of them is told with both."""

    def __init__(self, label: Text, low: int, high: int, **kwargs: Any) -> None:
        super().__init__(label, [self._within], **kwargs)
        self.low, self.high = low, high
        self.flags.required = True

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed; anything but a number is none, which `_within` tells."""
        typed = valuelist[0].strip() if valuelist else ""
        self.data = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 5 else None

    @staticmethod
    def _within(_form: Any, field: Any) -> None:
        if field.data is None or not field.low <= field.data <= field.high:
            raise StopValidation(
                str(
                    Filled("Write a number from %(low)s to %(high)s.", {"low": field.low, "high": field.high})
                )
            )


DEADLINES_FORM = _days_form()
