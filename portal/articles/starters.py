"""Texts to begin with: blocks that a new page holds before its writer has typed a word.

They are written in the language of the page from what the municipality has set, and are the writer's from then on.
"""

from collections.abc import Callable, Mapping

from portal.articles.kinds import Block, Item, new_id
from portal.core import tenancy
from portal.core.i18n import Text, from_json, speaking
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_gettext as _l
from portal.core.registry import registry

EMPTY = ""
OFFICE = "office"
LABELS: Mapping[str, Text] = {
    EMPTY: _l("An empty page"),
    OFFICE: _l("Who answers residents: greeting, contacts, questions and answers, what is new"),
}


def blocks_of(start: str, language: str) -> tuple[Block, ...]:
    """The blocks of a starter for the municipality in scope; none for an empty page and for what is no starter."""
    make = _MAKERS.get(start)
    if make is None:
        return ()
    with speaking(language):
        return make(tenancy.town_by_id(tenancy.current_id() or 0))


def _said(town: tenancy.Town, name: str) -> str:
    """A text of the contacts, which may be kept as {locale: text} or plain."""
    value = town.contact.get(name, "")
    return from_json(value, first=town.language) if isinstance(value, dict) else str(value)


def _office(town: tenancy.Town) -> tuple[Block, ...]:
    contact = town.contact
    person = {
        "name": _said(town, "office") or town.name,
        "role": _("Answers residents"),
        "phone": contact.get("phone", ""),
        "email": contact.get("email", ""),
        "text": ", ".join(filter(None, (contact.get("address", ""), _said(town, "hours"))))[:250],
    }
    questions = (
        (
            _("How do I tell you what should change?"),
            _("Write it on this portal, call us or come by. You need no account and no e-mail address."),
        ),
        (
            _("When do I get an answer?"),
            _("Each step has its day, which stands on the page of your case. Whoever is late says so there."),
        ),
        (
            _("I cannot come to the office. Who helps me?"),
            _("Call us: we write down for you whatever you could write here yourself."),
        ),
    )
    greeting = from_json(town.intros, first=town.language) or _(
        "Welcome. Here you read who answers you, and when."
    )
    found = [
        Block(new_id(), "text", {"body": greeting}),
        Block(new_id(), "people", {"title": _("Whom to ask")}, (Item(new_id("i"), person),)),
        Block(
            new_id(),
            "accordion",
            {"title": _("Questions and answers")},
            tuple(Item(new_id("i"), {"question": asked, "answer": told}) for asked, told in questions),
        ),
    ]
    kind = next(iter(registry.content_types), "")
    if kind:
        found.append(Block(new_id(), "listing", {"title": _("What is new"), "type": kind, "count": "3"}))
    return tuple(found)


_MAKERS: Mapping[str, Callable[[tenancy.Town], tuple[Block, ...]]] = {OFFICE: _office}
