"""Reply templates above the words of a step: which are offered, and putting one in without losing what was typed."""

from collections.abc import Sequence
from dataclasses import dataclass

from initiatives import kinds, queries, services
from initiatives.forms import desk as forms
from initiatives.kinds import Reply
from initiatives.models import Initiative
from portal.core.i18n import LANGUAGE_NAMES
from portal.core.i18n import gettext as _


@dataclass(frozen=True, slots=True)
class Offered:
    """A template as it would stand in the field. `remark` says what to look at: its language, what is not known."""

    id: int
    name: str
    text: str
    remark: str


def for_case(case: Initiative, verb: str) -> list[Offered]:
    """The templates for a step of a case, filled in."""
    office = queries.office(case.municipality_id)
    found = office.replies_for(verb, case.state, case.category)
    if not found:
        return []
    wanted = services.language_of(case, verb)
    made = []
    for row in found:
        text, locale = row.in_language(wanted, office.language)
        filled = kinds.fill_in(text, services.values_of(case, verb, locale))
        made.append(Offered(row.id, row.name, filled, _remark(filled, locale, wanted)))
    return made


def _remark(text: str, locale: str, wanted: str) -> str:
    found = []
    if locale != wanted:
        found.append(
            _(
                "There is no text in this language: %(wanted)s. It is in this one: %(language)s.",
                wanted=LANGUAGE_NAMES[wanted],
                language=LANGUAGE_NAMES[locale],
            )
        )
    if kinds.UNKNOWN in text:
        found.append(_("Something is not known here: write it where “…” stands."))
    return " ".join(found)


def for_many(cases: Sequence[Initiative], verb: str) -> list[Offered]:
    """The templates that suit each of these cases, in the office's language and not filled in yet."""
    office = queries.office()
    lines = {(case.state, case.category) for case in cases}
    return [
        Offered(row.id, row.name, row.in_language(office.language)[0], "")
        for row in office.replies
        if lines and all(row.suits(verb, state, category) for state, category in lines)
    ]


def fill(form: forms.MoveForm, offered: Sequence[Offered]) -> bool:
    """Put the chosen template into the words, or what was there before; whether there was anything to put.

    What somebody typed is kept in `before`, below what is kept there already; a template that nobody changed is not
    worth keeping.
    """
    words = form["note"]
    if form.fill.data == "back":
        words.data, form.before.data, form.used.data = form.before.data, words.data, ""
        return True
    chosen = next((found for found in offered if str(found.id) == form.template.data), None)
    if chosen is None:
        form.blame({"template": _("Choose a template.")}, _("Choose a template."))
        return False
    unchanged = {found.text for found in offered}
    typed, kept = words.data or "", form.before.data or ""
    if kept in unchanged:
        kept = ""
    if typed not in unchanged and typed not in kept:
        form.before.data = f"{kept}\n\n{typed}" if kept else typed
    words.data, form.used.data = chosen.text, str(chosen.id)
    return True


def used(form: forms.MoveForm) -> Reply | None:
    """The template the words of a form began with."""
    number = form.used.data or ""
    plain = number.isascii() and number.isdigit() and len(number) < 6
    return queries.office().reply(int(number)) if plain else None


def noted(form: forms.MoveForm, case: Initiative, verb: str) -> tuple[str, str]:
    """What it is called and in which language it was offered, for the history; empty without one."""
    found = used(form)
    if found is None:
        return "", ""
    office = queries.office(case.municipality_id)
    return found.name, found.in_language(services.language_of(case, verb), office.language)[1]
