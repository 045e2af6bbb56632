"""What an office sets for its initiatives: categories, districts, extra questions, help texts, days of its clocks.

All of it lies in the municipality's row, so that every page reads it from the snapshot. `mark` says what a form was
filled from (`queries.settings_mark`); the row is locked, so of two who save at once the second gets a Conflict.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from sqlalchemy import select, update

from initiatives import kinds, queries, rules
from initiatives.kinds import Category, District, Kind, Office, Question, Texts
from initiatives.models import Initiative
from initiatives.states import CATEGORIES, DAYS
from portal.content import rules as talk_rules
from portal.core import audit, events, jobs, tenancy
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import Conflict, Invalid, Missing
from portal.core.i18n import LOCALES, Filled, Text
from portal.core.i18n import lazy_gettext as _l
from portal.core.tenancy import Municipality
from portal.core.usecase import use_case

T = TypeVar("T")
CHANGED = _l("Somebody else changed this meanwhile. Compare, then save again to keep yours.")


@dataclass(frozen=True, slots=True)
class Asked:
    """An extra question as somebody writes it; `choices` are lines by language."""

    kind: Kind
    words: Texts
    help: Texts = field(default_factory=dict)
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    category: str = ""
    required: bool = False
    public: bool = False


def locked_row(municipality_id: int) -> Municipality:
    """The row of the municipality in scope, locked. Raises Missing for any other."""
    if municipality_id != tenancy.current_id():
        raise Missing
    return db.session.scalars(
        select(Municipality).where(Municipality.id == municipality_id).with_for_update()
    ).one()


def office_as_seen(row: Municipality, part: str, mark: str) -> Office:
    """What holds now. Raises Conflict when it is not what `mark` stands for."""
    town = tenancy.snapshot(row)
    found = queries.office_in(town)
    if mark != queries.settings_mark(found, part):
        raise Conflict(CHANGED)
    return found


def keep(row: Municipality, part: str, value: Any, what: str = "") -> None:
    """Write one part; the audit log keeps which, and of what."""
    if part == "districts":
        row.contact = {**row.contact, "districts": value}
    else:
        row.settings = {
            **row.settings,
            "initiatives": {**row.settings.get("initiatives", {}), part: value},
        }
    db.session.flush()
    audit.note(f"municipality:{row.id}", part=part, **({"of": what} if what else {}))
    events.tell("municipality.changed", row)
    tenancy.forget_towns()


def texts_of(texts: Texts, limit: int) -> dict[str, str]:
    """Texts without the empty ones. Raises Invalid at the field of a language."""
    found = {locale: texts.get(locale, "").strip() for locale in LOCALES}
    too_long = {locale: text for locale, text in found.items() if len(text) > limit}
    if too_long:
        reason = Filled("Write at most %(n)s characters.", {"n": limit})
        raise Invalid(str(reason), {f"text_{locale}": str(reason) for locale in too_long})
    return {locale: text for locale, text in found.items() if text}


def explanations_of(texts: Texts) -> dict[str, str]:
    """Explanations without the empty ones. Raises Invalid at the field of a language."""
    found = {locale: text.strip() for locale, text in texts.items() if text.strip()}
    reason = _l("The explanation is too long. Shorten it.")
    wrong = {f"help_{locale}": reason for locale, text in found.items() if len(text) > kinds.HELP_MAX}
    if wrong:
        raise Invalid(reason, wrong)
    return found


def need_own(texts: Texts, language: str, reason: Text) -> None:
    """Raises Invalid when the text in the office's own language is missing."""
    if not texts.get(language):
        raise Invalid(reason, {f"text_{language}": reason})


# ---- categories ----


@use_case("initiative.configure", code="initiative.configured", load=locked_row)
def save_category(
    actor: Actor,
    row: Municipality,
    key: str,
    theme: str,
    names: Texts,
    hidden: bool,
    mark: str,
    *,
    town: str = "",
    body: str = "",
) -> str:
    """Change a category, or with an empty key make one of a theme; its key. Empty names are ours again.

    `town` (a slug) or `body` says whom its cases usually belong to. Raises Conflict, Missing for an unknown key,
    Invalid for names that are missing, too long or taken, and for both or a strange one of these two.
    """
    office = office_as_seen(row, "categories", mark)
    present = office.category(key)
    if key and present is None:
        raise Missing
    kept = texts_of(names, kinds.NAME_MAX)
    if present is None or present.key not in CATEGORIES:
        need_own(kept, office.language, _l("Write the name in the language of your office."))
    _free_names(office, key, kept)
    usual = {"town": town, "body": body.strip()}
    _sound_usual(row, **usual)
    if present is not None:
        changed = replace(present, names=kept, hidden=hidden, **usual)
        rows = [changed if found.key == key else found for found in office.categories]
    else:
        key = _new_key(office, theme)
        rows = [*office.categories, Category(key, kept, hidden, **usual)]
    if all(found.hidden for found in rows):
        reason = _l("At least one category must stay open: nobody could file without one.")
        raise Invalid(reason, {"hidden": reason})
    keep(row, "categories", list(map(_category_row, rows)), key)
    return key


def _new_key(office: Office, theme: str) -> str:
    if theme not in CATEGORIES:
        reason = _l("Choose the theme the category belongs to.")
        raise Invalid(reason, {"theme": reason})
    if len(office.categories) >= kinds.CATEGORIES_MAX:
        raise Invalid(_l("There are enough categories. Hide or rename one instead."))
    known = {found.key for found in office.categories}
    return next(key for number in range(2, 1000) if (key := f"{theme}-{number}") not in known)


def _free_names(office: Office, key: str, names: Texts) -> None:
    """Two categories of one name could not be told apart."""
    for other in office.categories:
        if other.key == key:
            continue
        for locale, name in names.items():
            if other.names.get(locale, "").casefold() == name.casefold():
                reason = _l("Another category is called the same.")
                raise Invalid(reason, {f"text_{locale}": reason})


def _sound_usual(row: Municipality, town: str, body: str) -> None:
    """One of both at most, and a municipality that is another one."""
    if town and body:
        reason: Text = _l("Choose a municipality or name another body, not both.")
        raise Invalid(reason, {"body": reason})
    if town and (town == row.slug or town not in tenancy.towns()):
        reason = _l("Choose another municipality of the list.")
        raise Invalid(reason, {"town": reason})
    if len(body) > kinds.SHORT_MAX:
        reason = str(Filled("Write at most %(n)s characters.", {"n": kinds.SHORT_MAX}))
        raise Invalid(reason, {"body": reason})


def _category_row(found: Category) -> dict[str, Any]:
    row: dict[str, Any] = {"key": found.key}
    if found.names:
        row["names"] = dict(found.names)
    if found.hidden:
        row["hidden"] = True
    if found.town:
        row["town"] = found.town
    if found.body:
        row["body"] = found.body
    return row


# ---- districts ----

INDEXED_AT_ONCE = 100
"""Cases that go into the search anew in one transaction, so that others can write in between."""


@use_case("initiative.configure", code="initiative.configured", load=locked_row)
def save_district(
    actor: Actor, row: Municipality, at: int | None, name: str, hidden: bool, mark: str
) -> None:
    """Rename or hide the district at a place of the list, or add one; cases go along with a new name.

    Raises Conflict, Missing for a place that is none, Invalid for a name that is missing, too long or taken.
    """
    office = office_as_seen(row, "districts", mark)
    if at is not None and not 0 <= at < len(office.districts):
        raise Missing
    name = " ".join(name.split())
    others = {found.name.casefold() for place, found in enumerate(office.districts) if place != at}
    wrong: Text | None = None
    if not name or len(name) > kinds.NAME_MAX:
        wrong = _l("Write the name of the district in at most 80 characters.")
    elif name.casefold() in others:
        wrong = _l("This district is there already.")
    elif at is None and len(office.districts) >= kinds.DISTRICTS_MAX:
        wrong = _l("There are enough districts.")
    if wrong:
        raise Invalid(wrong, {"name": wrong})
    rows = list(office.districts)
    if at is None:
        rows.append(District(name, hidden))
    else:
        if rows[at].name != name:
            _rename_in_cases(rows[at].name, name)
        rows[at] = District(name, hidden)
    keep(row, "districts", list(map(_district_row, rows)), name)


def _rename_in_cases(old: str, new: str) -> None:
    db.session.execute(
        update(Initiative)
        .where(Initiative.district == old)
        .values(district=new)
        .execution_options(synchronize_session=False)
    )
    # The search holds the name too; a district may have many thousands of cases, so the worker goes through them.
    jobs.enqueue("initiative.district", {"name": new, "after": 0})


@use_case("initiative.configure", code="initiative.district_indexed")
def index_district(actor: Actor, name: str, after: int) -> int | None:
    """Put some cases of a district into the search anew, those after this id; the id to go on from, if there are more."""
    statement = (
        select(Initiative)
        .where(Initiative.district == name, Initiative.id > after)
        .order_by(Initiative.id)
        .limit(INDEXED_AT_ONCE)
    )
    found = db.session.scalars(statement).all()
    for case in found:
        events.tell("content.changed", case, public=case.is_public)
    return found[-1].id if len(found) == INDEXED_AT_ONCE else None


def _district_row(found: District) -> dict[str, Any]:
    return {"name": found.name, "hidden": True} if found.hidden else {"name": found.name}


# ---- questions ----


@use_case("initiative.configure", code="initiative.configured", load=locked_row)
def save_question(actor: Actor, row: Municipality, number: int | None, asked: Asked, mark: str) -> int:
    """Ask something new, or change what is asked; the number of the wording that holds from now on.

    What a reader sees of a question is never changed: answers stay under the words they were given to.
    Raises Conflict, Missing for a number nobody asks now, Invalid for what is missing.
    """
    office = office_as_seen(row, "questions", mark)
    present = office.question(number) if number is not None else None
    if number is not None and (present is None or present.ended):
        raise Missing
    made = _checked(office, asked)
    if present is None:
        if len(office.open_questions) >= kinds.QUESTIONS_MAX:
            raise Invalid(
                _l("There are enough questions: nobody fills in a longer form. Take one away first.")
            )
        new = replace(made, id=_next(office))
        new = replace(new, thread=new.id)
        rows = [*office.questions, new]
    else:
        new = replace(made, id=_next(office), thread=present.thread)
        if _reads_alike(present, new):
            new = replace(present, category=new.category, required=new.required)
            rows = [new if found.id == present.id else found for found in office.questions]
        else:
            ended = replace(present, ended=True)
            rows = []
            for found in office.questions:
                rows += [ended, new] if found.id == present.id else [found]
    keep(row, "questions", list(map(kinds.row_of, rows)), str(new.id))
    return new.id


def _next(office: Office) -> int:
    return max((found.id for found in office.questions), default=0) + 1


def _reads_alike(one: Question, other: Question) -> bool:
    parts = ("kind", "words", "help", "choices", "public")
    return all(getattr(one, part) == getattr(other, part) for part in parts)


def _checked(office: Office, asked: Asked) -> Question:
    words = texts_of(asked.words, kinds.SHORT_MAX)
    need_own(words, office.language, _l("Write the question in the language of your office."))
    help_texts = explanations_of(asked.help)
    if asked.category and office.category(asked.category) is None:
        reason = _l("Choose one of the categories.")
        raise Invalid(reason, {"category": reason})
    choices = _choices(office, asked) if asked.kind is Kind.CHOICE else ()
    return Question(
        0, 0, asked.kind, words, help_texts, choices, asked.category, asked.required, asked.public
    )


def _choices(office: Office, asked: Asked) -> tuple[Texts, ...]:
    """The answers to choose from, line by line in each language."""
    lines = {
        locale: [" ".join(line.split()) for line in asked.choices.get(locale, ()) if line.strip()]
        for locale in LOCALES
    }
    own = lines[office.language]
    reason: Text
    if not 2 <= len(own) <= kinds.CHOICES_MAX or any(len(line) > kinds.SHORT_MAX for line in own):
        reason = _l("Write two to twenty answers, one a line, in the language of your office.")
        raise Invalid(reason, {f"choices_{office.language}": reason})
    if len({line.casefold() for line in own}) < len(own):
        reason = _l("Two answers are the same.")
        raise Invalid(reason, {f"choices_{office.language}": reason})
    for locale, found in lines.items():
        if found and len(found) != len(own):
            reason = _l(
                "Write as many answers as in the language of your office, in the same order, or none."
            )
            raise Invalid(reason, {f"choices_{locale}": reason})
    return tuple(
        {locale: found[place] for locale, found in lines.items() if found} for place in range(len(own))
    )


@use_case("initiative.configure", code="initiative.configured", load=locked_row)
def ask_question(actor: Actor, row: Municipality, number: int, asked: bool, mark: str) -> None:
    """Ask a question no more, or again in the words it had last. Raises Conflict, Missing, Invalid."""
    office = office_as_seen(row, "questions", mark)
    present = office.question(number)
    if present is None or (present.retired if not asked else not present.retired):
        raise Missing
    if not asked and present.ended:
        raise Missing
    if asked and len(office.open_questions) >= kinds.QUESTIONS_MAX:
        raise Invalid(_l("There are enough questions: nobody fills in a longer form. Take one away first."))
    changed = replace(present, ended=not asked, retired=not asked)
    rows = [changed if found.id == number else found for found in office.questions]
    keep(row, "questions", list(map(kinds.row_of, rows)), str(number))


# ---- order, help, days ----


@use_case("initiative.configure", code="initiative.configured", load=locked_row)
def move_setting(actor: Actor, row: Municipality, part: str, place: int, step: int, mark: str) -> None:
    """Change an entry of a list with its neighbour above (-1) or below (1). Raises Conflict, Missing."""
    office = office_as_seen(row, part, mark)
    if step not in (-1, 1):
        raise Missing
    if part == "categories":
        keep(row, part, list(map(_category_row, moved(office.categories, place, step))))
    elif part == "districts":
        keep(row, part, list(map(_district_row, moved(office.districts, place, step))))
    elif part == "questions":
        open_ones = moved(office.open_questions, place, step)
        ended = [found for found in office.questions if found.ended]
        # Ended wordings stand anywhere: answers to them are read by their number.
        keep(row, part, list(map(kinds.row_of, [*open_ones, *ended])))
    elif part == "replies":
        keep(row, part, list(map(kinds.reply_row, moved(office.replies, place, step))))
    else:
        raise Missing


def moved(rows: Sequence[T], place: int, step: int) -> list[T]:
    """The rows with one changed for its neighbour. Raises Missing at an end."""
    found = list(rows)
    other = place + step
    if not (0 <= place < len(found) and 0 <= other < len(found)):
        raise Missing
    found[place], found[other] = found[other], found[place]
    return found


@use_case("initiative.configure", code="initiative.configured", load=locked_row)
def save_help(actor: Actor, row: Municipality, step: str, texts: Texts, mark: str) -> None:
    """Write what stands above a step of filing; all empty takes it away. Raises Conflict, Missing, Invalid."""
    office = office_as_seen(row, "help", mark)
    if step not in kinds.STEPS:
        raise Missing
    kept = {name: dict(found) for name, found in office.help.items()} | {
        step: texts_of(texts, kinds.HELP_MAX)
    }
    keep(row, "help", {name: found for name, found in kept.items() if found}, step)


@use_case("initiative.configure", code="initiative.configured", load=locked_row)
def save_words(actor: Actor, row: Municipality, typed: Texts, mark: str) -> None:
    """Set the words that hold a comment back until the team has looked, by language. Raises Conflict, Invalid."""
    office_as_seen(row, "words", mark)
    keep(row, "words", {locale: found for locale, found in sound_words(typed).items() if found})


def sound_words(typed: Texts) -> dict[str, list[str]]:
    """Words by language as they are kept. Raises Invalid at the field of a language."""
    kept = {locale: talk_rules.word_list(typed.get(locale, "")) for locale in LOCALES}
    wrong: dict[str, Text] = {}
    for locale, words in kept.items():
        if len(words) > talk_rules.WORDS_MAX:
            wrong[f"text_{locale}"] = _l("Write at most 500 words.")
        elif any(len(word) > talk_rules.WORD_MAX or " " in word for word in words):
            wrong[f"text_{locale}"] = _l("Write single words, one a line, each of at most 40 characters.")
        elif any(len(word.strip("*")) < 3 for word in words):
            wrong[f"text_{locale}"] = _l(
                "Write words of at least three letters; shorter ones would hold too much."
            )
    if wrong:
        raise Invalid(next(iter(wrong.values())), wrong)
    return kept


@use_case("initiative.configure", code="initiative.configured", load=locked_row)
def save_support(
    actor: Actor,
    row: Municipality,
    threshold: int | None,
    promise: Texts,
    days: int | None,
    mark: str,
) -> None:
    """Set at how many supports the office promises what, and how many days support is open; None for neither.

    The threshold holds at once, the days for what is published from now on. Raises Conflict, Invalid.
    """
    office = office_as_seen(row, "support", mark)
    wrong: dict[str, Text] = {}
    for name, typed, (low, high) in (
        ("threshold", threshold, rules.THRESHOLD_BOUNDS),
        ("days", days, rules.OPEN_DAYS_BOUNDS),
    ):
        if typed is not None and not low <= typed <= high:
            reason = Filled("Write a number from %(low)s to %(high)s.", {"low": low, "high": high})
            wrong[name] = str(reason)
    if wrong:
        raise Invalid(_l("Nothing was changed."), wrong)
    kept = texts_of(promise, kinds.HELP_MAX)
    if threshold is not None:
        need_own(kept, office.language, _l("Write in the language of your office what happens then."))
    value = {"threshold": threshold, "promise": kept, "days": days}
    keep(row, "support", {name: found for name, found in value.items() if found})
    if threshold is not None and (office.support.threshold is None or threshold < office.support.threshold):
        jobs.enqueue("initiative.thresholds", {})


@use_case("initiative.configure", code="initiative.configured", load=locked_row)
def save_days(actor: Actor, row: Municipality, days: Mapping[str, int], mark: str) -> None:
    """Set how many working days each clock runs; clocks that run already keep their day. Raises Conflict, Invalid."""
    office_as_seen(row, "days", mark)
    wrong: dict[str, Text] = {}
    for key, (low, high) in rules.DAYS_BOUNDS.items():
        if not low <= days.get(key, DAYS[key]) <= high:
            wrong[key] = str(Filled("Write a number from %(low)s to %(high)s.", {"low": low, "high": high}))
    if wrong or not set(days) <= set(DAYS):
        raise Invalid(_l("Nothing was changed."), wrong)
    keep(row, "days", {key: n for key, n in days.items() if n != DAYS[key]})
