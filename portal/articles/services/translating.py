"""Translating: the words of one language beside the original, and their standing."""

from dataclasses import dataclass

from portal.articles import queries, rules
from portal.articles.kinds import Content, Standing
from portal.articles.models import Article
from portal.articles.services.writing import add_version
from portal.core import audit, events
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import Invalid, Missing
from portal.core.i18n import LOCALES
from portal.core.i18n import lazy_gettext as _l
from portal.core.usecase import use_case


@dataclass(frozen=True, slots=True)
class Translation:
    """What a translator sends. `number` is the version it was made from (0: none yet), `based_on` the original's."""

    title: str
    summary: str
    words: dict[str, str]
    status: Standing
    number: int
    based_on: int


@use_case("page.translate", code="article.translated", load=queries.article)
def translate(actor: Actor, thing: Article, language: str, made: Translation, *, show: bool) -> int:
    """Keep a translation; with `show` everybody gets it from now on (as soon as the original is public).

    Raises Conflict when somebody else saved it meanwhile, Invalid when something is missing, or nobody but a
    machine, or nobody but the translator, has read it.
    """
    if language == thing.language or language not in LOCALES:
        raise Missing
    source = queries.version(thing.id, thing.language, made.based_on)
    content = Content(made.title, made.summary, rules.translated(source.content.blocks, made.words))
    _check(actor, thing, language, made, content)
    if show:
        _check_finished(source.content, content, made.status)
    number = add_version(
        actor, thing, language, content, made.number, note="", status=made.status, based_on=made.based_on
    )
    row = queries.tongue(thing.id, language)
    if show and row is not None:
        row.public = number
        db.session.flush()  # The search reads what is public now.
        events.tell("content.changed", thing, public=thing.is_public)
    audit.note(f"{thing.KIND}:{thing.id}", language=language, number=number)
    return number


def _check(actor: Actor, thing: Article, language: str, made: Translation, content: Content) -> None:
    if not made.title.strip():
        raise Invalid("", {"title": _l("The page needs a title.")})
    if made.status is not Standing.REVIEWED:
        return
    before = queries.latest(thing.id, language)
    if before is None or before.user_id == actor.user_id or before.content != content:
        raise Invalid(
            "",
            {
                "status": _l(
                    "Somebody else than the translator reviews, and a reviewed text is not changed in the same step."
                )
            },
        )


def _check_finished(source: Content, content: Content, status: Standing) -> None:
    if status is Standing.MACHINE:
        raise Invalid("", {"status": _l("A machine draft is not published. Read and correct it first.")})
    missing = rules.unspoken_lacks(source, content)
    if missing:
        raise Invalid(missing[0].text)
