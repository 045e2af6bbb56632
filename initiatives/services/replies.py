"""Reply templates of an office: ready words for verbs of the desk, by state and category, in three languages.

Kept as the other settings are. What stands in braces is filled in for each case (`kinds.FILLED_IN`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from initiatives import kinds, queries
from initiatives.kinds import Office, Reply, Texts
from initiatives.models import Initiative
from initiatives.services import configuring
from initiatives.states import BESIDE, CHANGE_ANSWERS, WORDED, WORKFLOW, WORKING_DAYS, at_desk
from portal.content import queries as content
from portal.content.services import due_day
from portal.core import tenancy
from portal.core.actor import Actor
from portal.core.errors import Invalid, Missing
from portal.core.i18n import Filled, Text, day, speaking
from portal.core.i18n import lazy_gettext as _l
from portal.core.tenancy import Municipality
from portal.core.usecase import use_case
from portal.core.workflow import Lane

TEXT_MAX = 4000
"""A template leaves room for what is written to it."""


@dataclass(frozen=True, slots=True)
class ReplyAsked:
    """A reply template as somebody writes it."""

    name: str
    verbs: Sequence[str]
    texts: Texts
    states: Sequence[str] = ()
    categories: Sequence[str] = ()
    hidden: bool = False


@use_case("initiative.configure", code="initiative.configured", load=configuring.locked_row)
def save_reply(actor: Actor, row: Municipality, number: int | None, asked: ReplyAsked, mark: str) -> int:
    """Write a template, or change one; its number. Raises Conflict, Missing, Invalid for what is missing or unknown."""
    office = configuring.office_as_seen(row, "replies", mark)
    if number is not None and office.reply(number) is None:
        raise Missing
    if number is None and len(office.replies) >= kinds.REPLIES_MAX:
        raise Invalid(_l("There are enough templates. Rewrite one that is offered no more."))
    made = _checked(office, number, asked)
    if number is None:
        rows = [*office.replies, made]
    else:
        rows = [made if found.id == number else found for found in office.replies]
    configuring.keep(row, "replies", list(map(kinds.reply_row, rows)), made.name)
    return made.id


def _checked(office: Office, number: int | None, asked: ReplyAsked) -> Reply:
    name = " ".join(asked.name.split())
    wrong: dict[str, Text] = {}
    others = {found.name.casefold() for found in office.replies if found.id != number}
    if not name or len(name) > kinds.NAME_MAX:
        wrong["name"] = _l("Write a name of at most 80 characters.")
    elif name.casefold() in others:
        wrong["name"] = _l("Another template is called the same.")
    verbs = tuple(verb for verb in WORDED if verb in asked.verbs)
    if not verbs:
        wrong["verbs"] = _l("Tick at least one step it is made for.")
    texts = configuring.texts_of(asked.texts, TEXT_MAX)
    if not texts.get(office.language):
        wrong[f"text_{office.language}"] = _l("Write the text in the language of your office.")
    wrong |= {f"text_{locale}": problem for locale, text in texts.items() if (problem := _strange(text))}
    if wrong:
        raise Invalid(next(iter(wrong.values())), wrong)
    return Reply(
        id=number or max((found.id for found in office.replies), default=0) + 1,
        name=name,
        verbs=verbs,
        texts=texts,
        states=_of(asked.states, [state.key for state in WORKFLOW.states if state.key != "draft"]),
        categories=_of(asked.categories, [found.key for found in office.categories]),
        hidden=asked.hidden,
    )


def _of(wanted: Collection[str], known: Sequence[str]) -> tuple[str, ...]:
    return tuple(key for key in known if key in wanted)


def _strange(text: str) -> str:
    found = kinds.strange_placeholders(text)
    if not found:
        return ""
    offered = ", ".join(f"{{{name}}}" for name in kinds.FILLED_IN)
    return str(
        Filled(
            "%(found)s cannot be filled in. Use one of these, or take it out: %(offered)s",
            {"found": found[0], "offered": offered},
        )
    )


def language_of(case: Initiative, verb: str) -> str:
    """In which language the words of a verb go: to the author alone in theirs, in public in that of the office.

    The answer to a proposed change is public, but it answers the author, and says in which language it is.
    """
    if at_desk(verb).lane is Lane.AUTHOR or verb in CHANGE_ANSWERS:
        return queries.author_language(case)
    return tenancy.town_by_id(case.municipality_id).language


def values_of(case: Initiative, verb: str, locale: str) -> dict[str, str]:
    """What stands for the placeholders on a case, in a language; the due day is that after the step."""
    with speaking(locale):
        due = day(_due(case, verb))
    return {"number": case.number or "", "title": case.title, "due": due, "department": case.department}


def _due(case: Initiative, verb: str) -> date | None:
    """The last day of the clock that the step starts, or of the one that runs where the state stays.

    Nobody is promised a day that is over, nor the old one where a new one is being named, nor that of the answer itself.
    """
    if verb == "extend" or verb in CHANGE_ANSWERS:
        return None
    targets = () if verb in BESIDE else at_desk(verb).targets
    if len(targets) != 1:
        clocks = content.open_deadlines(*case.about)
        return next((row.due_on for row in clocks if row.due_on >= case.local_today), None)
    if targets[0] not in WORKING_DAYS:
        return None
    days = queries.office(case.municipality_id).days[WORKING_DAYS[targets[0]][0]]
    return due_day(case, days)


def for_each(case: Initiative, verb: str, values: Mapping[str, Any]) -> tuple[str, str]:
    """The words of one case of a bulk act, and their language where they began with a template: then they are filled in.

    `values["texts"]` holds the template's texts by language where nobody changed them, `values["department"]` the one
    the case is given. Raises Invalid where something is not known of this case: nobody could complete it.
    """
    if not values.get("template"):
        return str(values.get("note", "")), ""
    text, locale, known = _to_fill(case, verb, values)
    if kinds.lacking(text, known):
        raise Invalid(
            _l(
                "The text asks for something that is not known of this case. Take this step on the case itself."
            )
        )
    return kinds.fill_in(text, known), locale


def lacking_of(case: Initiative, verb: str, values: Mapping[str, Any]) -> list[str]:
    """Placeholders of the words of a bulk act for which this case has no value: `for_each` would refuse it."""
    words = (values.get("note", ""), *values.get("texts", {}).values())
    if not values.get("template") or not any("{" in text for text in words):
        return []  # Without asking each of five hundred cases for its language and its day.
    text, _locale, known = _to_fill(case, verb, values)
    return kinds.lacking(text, known)


def _to_fill(case: Initiative, verb: str, values: Mapping[str, Any]) -> tuple[str, str, dict[str, str]]:
    """The text for this case with its placeholders, its language, and the values there are."""
    locale = language_of(case, verb)
    own = values.get("texts", {}).get(locale)
    if not own:
        locale = tenancy.town_by_id(case.municipality_id).language
    known = values_of(case, verb, locale)
    known["department"] = values.get("department") or case.department
    return own or values.get("note", ""), locale, known
