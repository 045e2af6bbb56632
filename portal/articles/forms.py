"""Forms of editors and translators: they check shape, `rules.py` decides meaning.

A page is one form. Each block is a small form of its own inside it, made from the record of its kind, so that
adding, moving and removing a block are buttons of the same form: whatever was typed travels along.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from flask import request
from wtforms import (
    BooleanField,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from portal.articles import rules, starters
from portal.articles.kinds import (
    BY_KEY,
    FILES,
    LEVEL_LABELS,
    STANDING_LABELS,
    Block,
    BlockKind,
    Field,
    Item,
    Level,
    Shape,
    Standing,
    new_id,
)
from portal.core.calendar import ClockGapError, to_utc
from portal.core.i18n import LANGUAGE_NAMES, LOCALES, Text
from portal.core.i18n import lazy_gettext as _l
from portal.ui.fields import DayField, FileField, chosen, needed
from portal.ui.forms import BaseForm

TOO_LONG = _l("This text is too long. Shorten it.")
MOST_ITEMS = 40
STARTS = [SelectChoice(key, label) for key, label in starters.LABELS.items()]
LANGUAGES = [SelectChoice(code, LANGUAGE_NAMES[code]) for code in LOCALES]


def _at_most(limit: int) -> Length:
    return Length(max=limit, message=TOO_LONG)


# ---- blocks ----


class PartForm(BaseForm):
    """The fields of one block or entry; token and form key belong to the form around it."""

    form_key = None
    website = None

    class Meta(BaseForm.Meta):
        """No token of its own."""

        csrf = False


def _shape_check(shape: Shape) -> Any:
    def check(_form: Any, field: Any) -> None:
        if field.data and (problem := rules.value_problem(shape, field.data)):
            raise ValidationError(problem)

    return check


def _made(field: Field, choices: Sequence[tuple[str, Text]]) -> dict[str, Any]:
    """The form fields of one value: its name → field; a file has two."""
    # What is missing is asked for when the page is published: a draft may be left half finished.
    checks = [_at_most(field.limit), _shape_check(field.shape)]
    if field.shape in FILES:
        return {
            field.name: HiddenField(validators=[_at_most(field.limit)]),
            f"{field.name}_new": FileField(field.label, description=field.hint),
        }
    if field.shape is Shape.CHOICE:
        offered = [SelectChoice(value, label) for value, label in (field.choices.items() or choices)]
        return {
            field.name: SelectField(
                field.label, choices=offered, description=field.hint, validate_choice=False
            )
        }
    kind = TextAreaField if field.shape in (Shape.MARKDOWN, Shape.TEXT) else StringField
    return {field.name: kind(field.label, checks, description=field.hint)}


@lru_cache(maxsize=256)
def _form_of(
    fields: tuple[str, ...], key: str, inner: bool, choices: tuple[tuple[str, Text], ...]
) -> type[PartForm]:
    record = BY_KEY[key]
    known = {field.name: field for field in (record.items if inner else record.fields)}
    members: dict[str, Any] = {}
    for name in fields:
        members |= _made(known[name], choices)
    return type(f"{key.title()}Form", (PartForm,), members)


@dataclass
class ItemPart:
    """An entry inside the form."""

    id: str
    form: PartForm


class BlockPart:
    """A block inside the form: its own fields and those of its entries."""

    def __init__(
        self, kind: BlockKind, id_: str, types: Sequence[tuple[str, Text]], *, only_spoken: bool
    ) -> None:
        self.kind = kind
        self.id = id_
        self.items: list[ItemPart] = []
        self._types = tuple(types)
        self._only_spoken = only_spoken
        self.form = self._make(kind.fields, "", inner=False, values=None, sent=True)

    def _make(
        self, fields: Iterable[Field], item: str, *, inner: bool, values: Mapping[str, str] | None, sent: bool
    ) -> PartForm:
        names = tuple(field.name for field in fields if field.spoken or not self._only_spoken)
        choices = self._types if self.kind.key == "listing" else ()
        prefix = f"{self.id}-{item}-" if item else f"{self.id}-"
        form_class = _form_of(names, self.kind.key, inner, () if inner else _choices_of(self.kind, choices))
        return form_class(prefix=prefix, data=values, **({} if sent else {"formdata": None}))

    def fill(self, block: Block, *, sent: bool = False) -> "BlockPart":
        """With what a block holds; with `sent`, what was typed in this request goes first."""
        self.form = self._make(self.kind.fields, "", inner=False, values=block.values, sent=sent)
        self.items = [
            ItemPart(item.id, self._make(self.kind.items, item.id, inner=True, values=item.values, sent=sent))
            for item in block.items
        ]
        return self

    def read_items(self, ids: Iterable[str]) -> None:
        """With the entries that were sent."""
        self.items = [
            ItemPart(one, self._make(self.kind.items, one, inner=True, values=None, sent=True)) for one in ids
        ]

    def add_item(self, id_: str) -> None:
        """An empty entry at the end."""
        first = {field.name: field.first for field in self.kind.items}
        self.items.append(
            ItemPart(id_, self._make(self.kind.items, id_, inner=True, values=first, sent=False))
        )

    @property
    def may_grow(self) -> bool:
        """Whether another entry fits in."""
        return bool(self.kind.items) and len(self.items) < self.kind.most_items

    def forms(self) -> list[PartForm]:
        """All its forms in the order of the page."""
        return [self.form, *(item.form for item in self.items)]

    def block(self) -> Block:
        """What was typed, as a block."""
        return Block(
            self.id,
            self.kind.key,
            _typed(self.form, self.kind.fields),
            tuple(Item(item.id, _typed(item.form, self.kind.items)) for item in self.items),
        )

    def words(self) -> dict[str, str]:
        """What was typed, by place."""
        found = {f"{self.id}-{name}": value for name, value in _typed(self.form, self.kind.fields).items()}
        for item in self.items:
            typed = _typed(item.form, self.kind.items)
            found |= {f"{self.id}-{item.id}-{name}": value for name, value in typed.items()}
        return found


def _choices_of(kind: BlockKind, types: Sequence[tuple[str, Text]]) -> tuple[tuple[str, Text], ...]:
    return tuple(types) if kind.key == "listing" else ()


def _typed(form: PartForm, fields: Iterable[Field]) -> dict[str, str]:
    return {field.name: form[field.name].data or "" for field in fields if field.name in form}


def _ids(name: str) -> list[str]:
    """Ids that a hidden field holds in the order of the page, each once; anything else is left out."""
    return list(filter(rules.ID.fullmatch, dict.fromkeys(request.form.get(name, "").split())))


class ContentForm(BaseForm):
    """A page in its own language: head, blocks, and what changed."""

    title = StringField(_l("Title"), [needed(_l("The page needs a title.")), _at_most(rules.TITLE_MAX)])
    summary = TextAreaField(
        _l("Summary"),
        [_at_most(rules.SUMMARY_MAX)],
        description=_l("One or two sentences; lists and search results show them."),
    )
    note = StringField(
        _l("What you changed"),
        [_at_most(rules.NOTE_MAX)],
        description=_l("Stands beside the version, for colleagues."),
    )
    version = HiddenField()

    only_spoken = False

    def __init__(self, *args: Any, types: Sequence[tuple[str, Text]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.types = tuple(types)
        self.parts: list[BlockPart] = []

    def show(self, blocks: Iterable[Block]) -> None:
        """Fill with a version."""
        self.parts = [self._part(block.kind, block.id).fill(block) for block in blocks]

    def read(self) -> None:
        """Fill with what was sent, in the order it was sent. Ids and kinds that are none are left out."""
        ids = _ids("blocks")
        for one in ids[: rules.MOST_BLOCKS]:
            kind = request.form.get(f"{one}-kind", "")
            if kind not in BY_KEY:
                continue
            part = self._part(kind, one)
            part.read_items(_ids(f"{one}-items")[:MOST_ITEMS])
            self.parts.append(part)

    def _part(self, kind: str, id_: str) -> BlockPart:
        return BlockPart(BY_KEY[kind], id_, self.types, only_spoken=self.only_spoken)

    def add(self, kind: str, id_: str, place: int) -> None:
        """A new block of this kind before the one at `place`."""
        record = BY_KEY[kind]
        values = {field.name: field.first for field in record.fields}
        items = (Item(new_id("i"), {}),) if record.items else ()
        self.parts.insert(place, self._part(kind, id_).fill(Block(id_, kind, values, items)))

    def blocks(self) -> tuple[Block, ...]:
        """What was typed."""
        return tuple(part.block() for part in self.parts)

    def validate(self, **kwargs: Any) -> bool:
        """Check the head and every block, all of them, so that all is said at once."""
        good: bool = super().validate(**kwargs)
        return all([good, *(form.validate() for part in self.parts for form in part.forms())])

    @property
    def problems(self) -> list[tuple[str, Text]]:
        """Those of the blocks too, with the name of the block before each."""
        found = list(super().problems)
        for number, part in enumerate(self.parts, 1):
            found += [
                (id_, f"{number}. {part.kind.label}: {text}")
                for form in part.forms()
                for id_, text in form.problems
            ]
        return found


TRANSLATED = (Standing.HUMAN, Standing.MACHINE, Standing.REVIEWED)


class TranslationForm(ContentForm):
    """The words of another language beside the original; its blocks are the original's."""

    only_spoken = True
    note = None
    status = RadioField(
        _l("How it was made"),
        [chosen(_l("Say how the translation was made."))],
        choices=[SelectChoice(one.value, STANDING_LABELS[one]) for one in TRANSLATED],
        validate_choice=False,
    )
    based_on = HiddenField()

    def show_beside(self, original: Iterable[Block], translation: Iterable[Block], *, sent: bool) -> None:
        """One part for each block of the original, with the words there are; what was typed goes first."""
        words = rules.spoken_words(translation)
        for block in rules.translated(tuple(original), words):
            self.parts.append(self._part(block.kind, block.id).fill(block, sent=sent))

    def words(self) -> dict[str, str]:
        """What was typed, by place."""
        found: dict[str, str] = {}
        for part in self.parts:
            found |= part.words()
        return found


# ---- the small forms ----


class NewForm(BaseForm):
    """A new page or news item."""

    title = StringField(_l("Title"), [needed(_l("Write a title.")), _at_most(rules.TITLE_MAX)])
    language = SelectField(
        _l("Language you write it in"),
        [chosen(_l("Choose a language."))],
        choices=LANGUAGES,
        validate_choice=False,
    )
    start = RadioField(_l("Begin with"), choices=STARTS, default=starters.EMPTY, validate_choice=False)


class SureForm(BaseForm):
    """Only a button."""

    number = HiddenField()


class NoteForm(SureForm):
    """A button and words for the history."""

    note = TextAreaField(_l("Reason"), [_at_most(rules.REASON_MAX)])


def _clock_time(_form: Any, field: Any) -> None:
    if field.data and time_of(field.data) is None:
        raise ValidationError(_l("Write the time like 08:30."))


def time_of(text: str) -> time | None:
    """A time of day as typed: 8:30, 08:30 or 8.30."""
    try:
        return time.fromisoformat(text.strip().replace(".", ":").zfill(5))
    except ValueError:
        return None


class PlanForm(SureForm):
    """When something begins and ends, in the municipality's time."""

    start_day = DayField(_l("Public from"))
    start_time = StringField(_l("at"), [_clock_time])
    end_day = DayField(_l("Public until"), description=_l("Left empty, it stays until you withdraw it."))
    end_time = StringField(_l("at"), [_clock_time])

    def moment(self, name: str, zone: str) -> datetime | None:
        """An end of the plan as an instant; None when no day was given.

        Without a time a day counts as a whole: it begins with its first minute and ends with its last.
        """
        day = self[f"{name}_day"].data
        if day is None:
            return None
        at = time_of(self[f"{name}_time"].data or "")
        if at is None:
            at = time(23, 59) if name == "end" else time(0)
        try:
            return to_utc(datetime.combine(day, at), zone, later=False)
        except ClockGapError:
            # The night when the clock goes forward: an hour later is the same distance from midnight.
            return to_utc(datetime.combine(day, at.replace(hour=at.hour + 1)), zone, later=False)

    def put(self, name: str, at: datetime | None, zone: str) -> None:
        """Show an instant."""
        if at is not None:
            local = at.astimezone(ZoneInfo(zone))
            self[f"{name}_day"].data, self[f"{name}_time"].data = local.date(), f"{local:%H:%M}"


class PublishForm(PlanForm):
    """Publish at once."""

    start_day = None  # type: ignore[assignment]
    start_time = None
    minor = BooleanField(_l("Only a small correction"), description=_l("The translations stay up to date."))


class ScheduleForm(PlanForm):
    """Publish later."""

    start_day = DayField(_l("Public from"), validators=[needed(_l("Choose a day."))])


class SettingsForm(BaseForm):
    """Address, place in the menu, languages."""

    slug = StringField(_l("Address"), [needed(_l("Write a short name for the address."))])
    parent = SelectField(_l("Below"), validate_choice=False)
    in_menu = BooleanField(
        _l("Show it in the menu"), description=_l("The menu has room for six pages of the top level.")
    )
    wanted = SelectMultipleField(
        _l("Languages it should exist in"),
        choices=LANGUAGES,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
        validate_choice=False,
        description=_l("Translators find on their list what is missing."),
    )
    version = HiddenField()


class AlertForm(PlanForm):
    """An alert in three languages."""

    level = RadioField(
        _l("How serious it is"),
        [chosen(_l("Choose how serious it is."))],
        choices=[SelectChoice(level.value, LEVEL_LABELS[level]) for level in Level],
        validate_choice=False,
    )
    text_pl = TextAreaField("Polski", [_at_most(rules.ALERT_MAX)])
    text_cs = TextAreaField("Čeština", [_at_most(rules.ALERT_MAX)])
    text_en = TextAreaField("English", [_at_most(rules.ALERT_MAX)])
    href = StringField(_l("Address to read more"), [_at_most(500), _shape_check(Shape.LINK)])
    start_day = DayField(_l("Shown from"), validators=[needed(_l("Choose the day from which it is shown."))])
    end_day = DayField(_l("Shown until"), validators=[needed(_l("Choose the day until which it is shown."))])
    version = HiddenField()
