"""What an office sets for itself: categories, districts, extra questions, criteria of studies, help texts, days.

Pure records, read from the settings of a municipality; `Municipality.settings["initiatives"]` holds what was changed,
everything else is as we ship it. Texts are {locale: text}.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from portal.core.i18n import from_json
from portal.core.i18n import lazy_gettext as _l

Texts = Mapping[str, str]
Answer = str | int | float | bool
"""What is kept of an answer: words, the key of a choice, a number, yes or no."""

SHORT_MAX, LONG_MAX, NAME_MAX, HELP_MAX = 200, 2000, 80, 600
QUESTIONS_MAX, CHOICES_MAX, CATEGORIES_MAX, DISTRICTS_MAX = 12, 20, 40, 200
CRITERIA_MAX, WEIGHT_MAX, REPLIES_MAX = 20, 10, 100
"""How many of each a municipality may have in use: a form with more of them nobody fills in."""
STEPS = ("what", "where", "photos", "you", "preview")
"""Steps of filing that an office may help with in its own words."""
_OWN_KEY = re.compile(r"([a-z]+)-\d{1,3}")


def theme_of(key: str) -> str:
    """The theme a category belongs to: those of an office are called after theirs, `roads-2` after `roads`."""
    found = _OWN_KEY.fullmatch(key)
    return found[1] if found else key


@dataclass(frozen=True, slots=True)
class Category:
    """A category as an office wants it; without names of its own it is called as we call it.

    `town` or `body` says whom its cases usually belong to instead of this office: a municipality of the portal by its
    slug, or another body by its name.
    """

    key: str
    names: Texts = field(default_factory=dict)
    hidden: bool = False
    town: str = ""
    body: str = ""

    @property
    def theme(self) -> str:
        """The category of ours it belongs to for good."""
        return theme_of(self.key)


@dataclass(frozen=True, slots=True)
class District:
    """A part of the municipality; a hidden one is offered no more, but stays on old cases."""

    name: str
    hidden: bool = False


class Kind(StrEnum):
    """How a question is answered."""

    SHORT = "short"
    LONG = "long"
    CHOICE = "choice"
    NUMBER = "number"
    YES_NO = "yes-no"


@dataclass(frozen=True, slots=True)
class Question:
    """One wording of an extra question. Whatever a reader sees is never changed: a changed question is a new row of
    the same `thread`, and the old one ends, so that an answer stays under the words it was given to.

    `category`: asked for it alone, or for all. `choices`: by number, from 1. `retired`: ended without a successor.
    """

    id: int
    thread: int
    kind: Kind
    words: Texts
    help: Texts = field(default_factory=dict)
    choices: tuple[Texts, ...] = ()
    category: str = ""
    required: bool = False
    public: bool = False
    ended: bool = False
    retired: bool = False

    def is_asked_for(self, category: str) -> bool:
        """Whether somebody who files in a category is asked this."""
        return not self.ended and self.category in ("", category)


class Measure(StrEnum):
    """How a criterion of a study is answered, beside the words."""

    SCORE = "score"
    YES_NO = "yes-no"
    MONEY = "money"
    TEXT = "text"
    DATE = "date"


WEIGHED = (Measure.SCORE, Measure.YES_NO)
"""What counts for the score of a sheet."""
ANSWERS = ("yes", "unclear", "no")


def thread_of(key: str) -> str:
    """The criterion a wording belongs to: `need-2` is the second wording of `need`."""
    found = re.fullmatch(r"(.+?)-\d{1,3}", key)
    return found[1] if found else key


@dataclass(frozen=True, slots=True)
class Criterion:
    """One wording of a criterion. As with questions, what a reviewer reads is never changed: another wording is a
    row with a key of its own (`need`, `need-2`), and the former ends, so that an answer keeps its meaning.

    Without names of its own it is called as we call it. A hidden one is asked no more, and may be again.
    """

    key: str
    study: str
    measure: Measure = Measure.SCORE
    names: Texts = field(default_factory=dict)
    help: Texts = field(default_factory=dict)
    weight: int = 1
    required: bool = True
    hidden: bool = False
    ended: bool = False

    @property
    def thread(self) -> str:
        """What all its wordings have in common."""
        return thread_of(self.key)

    @property
    def is_asked(self) -> bool:
        """Whether it stands on a sheet that is written now."""
        return not self.ended and not self.hidden


CRITERIA = (
    Criterion("need", "purpose", weight=3),
    Criterion("reach", "purpose", weight=2),
    Criterion("equity", "purpose", weight=2),
    Criterion("evidence", "purpose"),
    Criterion("voice", "purpose", weight=2),
    Criterion("law", "feasibility", weight=3),
    Criterion("land", "feasibility", weight=2),
    Criterion("technique", "feasibility", weight=2),
    Criterion("cost-once", "feasibility", Measure.MONEY, required=False),
    Criterion("cost-yearly", "feasibility", Measure.MONEY, required=False),
    Criterion("time", "feasibility"),
    Criterion("owner", "feasibility"),
    Criterion("risks", "feasibility", weight=2),
)
"""What both studies ask as we ship them."""


FILLED_IN = ("number", "title", "due", "department")
"""Placeholders of a reply template: `{number}` stands for the number of the case, and so on. No others exist."""
_PLACEHOLDER = re.compile(r"\{([^{}\n]*)\}")
UNKNOWN = "…"
"""What stands where the portal knows no value; whoever sends the text completes it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply template: ready words for some verbs, perhaps only in some states or categories; none named means all."""

    id: int
    name: str
    verbs: tuple[str, ...]
    texts: Texts
    states: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    hidden: bool = False

    def suits(self, verb: str, state: str, category: str) -> bool:
        """Whether it is offered for this verb on a case like this."""
        return (
            not self.hidden
            and verb in self.verbs
            and (not self.states or state in self.states)
            and (not self.categories or category in self.categories)
        )

    def in_language(self, *wanted: str) -> tuple[str, str]:
        """Its text in the first of these languages that it has, else in any; with the language."""
        locale = next((found for found in (*wanted, *self.texts) if self.texts.get(found)), "")
        return self.texts.get(locale, ""), locale


def fill_in(text: str, values: Mapping[str, str]) -> str:
    """Put values in place of placeholders, once over: a title with braces stays as it is."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], "") or UNKNOWN, text)


def lacking(text: str, values: Mapping[str, str]) -> list[str]:
    """Its placeholders for which there is no value, each once."""
    return list(dict.fromkeys(name for name in _PLACEHOLDER.findall(text) if not values.get(name)))


def strange_placeholders(text: str) -> list[str]:
    """What stands in braces and is no placeholder; `{` or `}` for a brace without its other half."""
    found = [name for name in _PLACEHOLDER.findall(text) if name not in FILLED_IN]
    rest = _PLACEHOLDER.sub("", text)
    return [*(f"{{{name}}}" for name in found), *(sign for sign in "{}" if sign in rest)]


@dataclass(frozen=True, slots=True)
class Terms:
    """What an office says of support: at how many it promises something, what that is, and how many days support is open.

    None: no threshold, or no end.
    """

    threshold: int | None = None
    promise: Texts = field(default_factory=dict)
    days: int | None = None


@dataclass(frozen=True, slots=True)
class Office:
    """All an office has set; `language` is its own, read where a text is missing in the reader's."""

    language: str
    categories: tuple[Category, ...]
    districts: tuple[District, ...]
    questions: tuple[Question, ...]
    help: Mapping[str, Texts]
    days: Mapping[str, int]
    criteria: tuple[Criterion, ...] = CRITERIA
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Words by language that hold a comment back until the team has looked."""
    support: Terms = field(default_factory=Terms)
    replies: tuple[Reply, ...] = ()

    def reply(self, number: int) -> Reply | None:
        """A reply template, also one that is offered no more."""
        return next((found for found in self.replies if found.id == number), None)

    def replies_for(self, verb: str, state: str, category: str) -> list[Reply]:
        """Those offered for a verb on a case like this, in the office's order."""
        return [found for found in self.replies if found.suits(verb, state, category)]

    def words_for(self, language: str) -> list[str]:
        """Words that hold a comment written in a language: those of it, and those of the office's own."""
        return [
            word for code in dict.fromkeys((language, self.language)) for word in self.words.get(code, ())
        ]

    def say(self, texts: Texts) -> str:
        """A text in the language being spoken, else in the office's."""
        return from_json(dict(texts), first=self.language)

    def category(self, key: str) -> Category | None:
        """The category of a key."""
        return next((found for found in self.categories if found.key == key), None)

    def offered(self, keep: str = "") -> list[Category]:
        """Categories one may choose; a hidden one only where it stands already."""
        return [found for found in self.categories if not found.hidden or found.key == keep]

    def districts_offered(self, keep: str = "") -> list[str]:
        """Districts one may choose, likewise."""
        return [found.name for found in self.districts if not found.hidden or found.name == keep]

    def question(self, number: int) -> Question | None:
        """A question of whatever time."""
        return next((found for found in self.questions if found.id == number), None)

    @property
    def purpose(self) -> list[Criterion]:
        """The criteria of the purpose study in order, hidden ones and earlier wordings too."""
        return self.criteria_of("purpose")

    @property
    def feasibility(self) -> list[Criterion]:
        """Those of the feasibility study."""
        return self.criteria_of("feasibility")

    def criteria_of(self, study: str) -> list[Criterion]:
        """All wordings of a study in order."""
        return [found for found in self.criteria if found.study == study]

    def asked_in(self, study: str) -> list[Criterion]:
        """What a sheet of a study asks now."""
        return [found for found in self.criteria_of(study) if found.is_asked]

    def criterion(self, key: str) -> Criterion | None:
        """A wording of whatever time."""
        return next((found for found in self.criteria if found.key == key), None)

    @property
    def open_questions(self) -> list[Question]:
        """What is asked now, in its order."""
        return [found for found in self.questions if not found.ended]

    @property
    def retired_questions(self) -> list[Question]:
        """What is asked no more and may be asked again."""
        return [found for found in self.questions if found.retired]

    def asked(self, category: str) -> list[Question]:
        """What somebody who files in a category is asked."""
        return [found for found in self.questions if found.is_asked_for(category)]

    def answer_to(self, question: Question, answers: Mapping[int, Answer]) -> Answer | None:
        """What was answered to a question, or to an earlier wording of it that is answered in the same way."""
        if question.id in answers:
            return answers[question.id]
        for number, value in answers.items():
            before = self.question(number)
            alike = before is not None and before.thread == question.thread and before.kind is question.kind
            if alike and (before.choices == question.choices if before else False):
                return value
        return None

    def unanswered(self, category: str, answers: Mapping[int, Answer]) -> list[Question]:
        """Required questions nobody has answered in any wording."""
        threads = {found.thread for found in map(self.question, answers) if found is not None}
        return [found for found in self.asked(category) if found.required and found.thread not in threads]


def read_answer(question: Question, typed: str) -> Answer | None:
    """An answer as it is kept; None for an empty one. Raises ValueError with what to do."""
    typed = typed.strip()
    return _READERS[question.kind](question, typed) if typed else None


def _read_words(question: Question, typed: str) -> str:
    if question.kind is Kind.SHORT and len(typed) > SHORT_MAX:
        raise ValueError(_l("Write at most 200 characters."))
    if len(typed) > LONG_MAX:
        raise ValueError(_l("Write at most 2,000 characters."))
    return typed


def _read_choice(question: Question, typed: str) -> str:
    if typed not in {str(number) for number in range(1, len(question.choices) + 1)}:
        raise ValueError(_l("Choose one of the answers."))
    return typed


def _read_yes_no(_question: Question, typed: str) -> bool:
    if typed not in ("yes", "no"):
        raise ValueError(_l("Choose one of the answers."))
    return typed == "yes"


def _read_number(_question: Question, typed: str) -> int | float:
    """A number as people write it: blanks between thousands, a decimal comma."""
    bare = re.sub(r"[\s\u00a0\u202f]", "", typed).replace(",", ".").replace("\u2212", "-")
    # Python's digits are more than ours: Arabic ones would pass `\d`.
    if not re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,6})?", bare):
        raise ValueError(_l("Write a number, such as 12 or 3.5."))
    return float(bare) if "." in bare else int(bare)


_READERS: Mapping[Kind, Callable[[Question, str], Answer]] = {
    Kind.SHORT: _read_words,
    Kind.LONG: _read_words,
    Kind.CHOICE: _read_choice,
    Kind.NUMBER: _read_number,
    Kind.YES_NO: _read_yes_no,
}


def office_of(
    settings: Mapping[str, Any],
    districts: Sequence[Mapping[str, Any]],
    language: str,
    themes: Sequence[str],
    days: Mapping[str, int],
) -> Office:
    """What an office set, over what we ship: `themes` are our categories in order, `days` those of our clocks."""
    kept = settings.get("categories") or [{"key": key} for key in themes]
    categories = [
        Category(
            row["key"],
            row.get("names", {}),
            row.get("hidden", False),
            row.get("town", ""),
            row.get("body", ""),
        )
        for row in kept
    ]
    # A category that joins ours with a release stands at the end until the office has placed it.
    known = {found.key for found in categories}
    categories += [Category(key) for key in themes if key not in known]
    return Office(
        language=language,
        categories=tuple(categories),
        districts=tuple(District(row["name"], bool(row.get("hidden"))) for row in districts),
        questions=tuple(map(_question_of, settings.get("questions", ()))),
        help=settings.get("help", {}),
        days={**days, **settings.get("days", {})},
        criteria=tuple(map(_criterion_of, settings["criteria"])) if "criteria" in settings else CRITERIA,
        words=settings.get("words", {}),
        support=Terms(**settings.get("support", {})),
        replies=tuple(map(_reply_of, settings.get("replies", ()))),
    )


def _reply_of(row: Mapping[str, Any]) -> Reply:
    lists = {name: tuple(row.get(name, ())) for name in ("verbs", "states", "categories")}
    return Reply(row["id"], row["name"], texts=row["texts"], hidden=row.get("hidden", False), **lists)


def reply_row(found: Reply) -> dict[str, Any]:
    """A reply template as it is kept."""
    return {
        "id": found.id,
        "name": found.name,
        "verbs": list(found.verbs),
        "texts": dict(found.texts),
        "states": list(found.states),
        "categories": list(found.categories),
        "hidden": found.hidden,
    }


def _question_of(row: Mapping[str, Any]) -> Question:
    values = {**row, "kind": Kind(row["kind"]), "choices": tuple(row.get("choices", ()))}
    return Question(**values)


def row_of(question: Question) -> dict[str, Any]:
    """A question as it is kept."""
    return {
        "id": question.id,
        "thread": question.thread,
        "kind": question.kind.value,
        "words": dict(question.words),
        "help": dict(question.help),
        "choices": [dict(texts) for texts in question.choices],
        "category": question.category,
        "required": question.required,
        "public": question.public,
        "ended": question.ended,
        "retired": question.retired,
    }


def _criterion_of(row: Mapping[str, Any]) -> Criterion:
    return Criterion(**{**row, "measure": Measure(row["measure"])})


def criterion_row(found: Criterion) -> dict[str, Any]:
    """A criterion as it is kept."""
    return {
        "key": found.key,
        "study": found.study,
        "measure": found.measure.value,
        "names": dict(found.names),
        "help": dict(found.help),
        "weight": found.weight,
        "required": found.required,
        "hidden": found.hidden,
        "ended": found.ended,
    }
