"""What the staff pages of one article share: opening it, crumbs, what a language or version in an address means."""

from flask import url_for

from portal.articles import queries
from portal.articles.models import Article
from portal.core import actor as actors
from portal.core.errors import Missing
from portal.core.i18n import LOCALES, Text
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_pgettext as _p
from portal.core.policy import need
from portal.ui.pages import Link

WHO: dict[str, Text] = {
    "author": _p("who", "author"),
    "editor": _p("who", "editor"),
    "clock": _p("who", "by itself, as planned"),
}


def opened(article_id: int, permission: str = "page.look") -> Article:
    """An article that this person may do `permission` to. Raises Missing, NotAllowed."""
    thing = queries.article(article_id)
    need(actors.current(), permission, thing)
    return thing


def language_of(text: str) -> str:
    """A language of an address. Raises Missing."""
    if text not in LOCALES:
        raise Missing
    return text


def crumbs(thing: Article | None = None) -> list[Link]:
    """From the list down to the article."""
    found = [Link(_("Desk"), url_for("pages.town_desk"))]
    kind = thing.kind if thing else "page"
    found.append(
        Link(_("Pages and news"), url_for("articles.desk", kind=kind) if thing else url_for("articles.desk"))
    )
    if thing is not None:
        title = queries.original(thing).title
        found.append(Link(title, url_for("articles.one", article_id=thing.id), lang=thing.language))
    return found


def number_of(text: str | None) -> int:
    """A number that a form or address carries; 0 for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0
