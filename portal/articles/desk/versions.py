"""All saved versions of a language, two of them side by side, and an older one made the newest again."""

from dataclasses import dataclass
from typing import Any

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.accounts import queries as accounts
from portal.articles import queries, rules, services
from portal.articles.desk import entry
from portal.articles.forms import SureForm
from portal.articles.models import Article
from portal.core import actor as actors
from portal.core.errors import Conflict, Missing
from portal.core.i18n import LANGUAGE_NAMES
from portal.core.i18n import gettext as _
from portal.core.policy import can, need
from portal.ui.pages import page, say


@dataclass(frozen=True, slots=True)
class Line:
    """A version in the list."""

    number: int
    title: str
    at: Any
    by: str
    note: str
    is_latest: bool
    is_public: bool
    restore_href: str


def versions(article_id: int, language: str) -> Response:
    """The versions of a language, newest first."""
    thing = entry.opened(article_id)
    found = queries.versions(thing.id, entry.language_of(language))
    if not found:
        raise Missing
    row = queries.tongue(thing.id, language)
    names = accounts.names(one.user_id for one in found if one.user_id)
    edits = can(actors.current(), _permission(thing, language), thing)
    return page(
        "articles/desk/versions.html",
        title=_("Versions: %(language)s", language=LANGUAGE_NAMES[language]),
        crumbs=entry.crumbs(thing),
        thing=thing,
        language=language,
        lines=[
            Line(
                one.number,
                one.title,
                one.at,
                names.get(one.user_id or 0, ""),
                one.note,
                one.number == found[0].number,
                thing.is_public and row is not None and one.number == row.public,
                _restore_href(thing, language, one.number) if edits and one.number != found[0].number else "",
            )
            for one in found
        ],
        compare_href=url_for("articles.compare", article_id=thing.id, language=language),
    )


def _permission(thing: Article, language: str) -> str:
    return "page.edit" if language == thing.language else "page.translate"


def _restore_href(thing: Article, language: str, number: int) -> str:
    return url_for("articles.restore", article_id=thing.id, language=language, version=number)


def compare(article_id: int, language: str) -> Response:
    """Two versions of a language, the older one left; without numbers what is public beside the newest."""
    thing = entry.opened(article_id)
    row = queries.tongue(thing.id, entry.language_of(language))
    if row is None:
        raise Missing
    newest = entry.number_of(request.args.get("new")) or row.latest
    older = entry.number_of(request.args.get("old")) or row.public or max(row.latest - 1, 1)
    old, new = (queries.version(thing.id, language, number) for number in sorted((older, newest)))
    return page(
        "articles/desk/compare.html",
        title=_("Version %(old)s and version %(new)s", old=old.number, new=new.number),
        crumbs=entry.crumbs(thing),
        thing=thing,
        language=language,
        old=old,
        new=new,
        comparison=rules.compare(old.content, new.content),
        versions_href=url_for("articles.versions", article_id=thing.id, language=language),
        restore_href=_restore_href(thing, language, old.number)
        if old.number != row.latest and can(actors.current(), _permission(thing, language), thing)
        else "",
    )


def restore(article_id: int, language: str, version: int) -> BaseResponse:
    """Make an older version the newest again, after showing what changes by it."""
    thing = entry.opened(article_id)
    need(actors.current(), _permission(thing, entry.language_of(language)), thing)
    old, now = queries.version(thing.id, language, version), queries.latest(thing.id, language)
    if now is None:
        raise Missing
    form = SureForm(number=str(now.number))
    if form.validate_on_submit():
        try:
            services.restore(actors.current(), thing.id, language, version, entry.number_of(form.number.data))
        except Conflict as problem:
            form.blame({}, problem.reason)
            # Next time it is taken back over what the page now shows.
            now = queries.latest(article_id, language) or now
            old = queries.version(article_id, language, version)
            form.number.data = str(now.number)
        else:
            say(_("Version %(number)s is the newest one again. It is not public yet.", number=version))
            return redirect(url_for("articles.one", article_id=article_id), 303)
        thing = queries.article(article_id)
    return page(
        "articles/desk/restore.html",
        422 if form.is_submitted() else 200,
        title=_("Restore version %(number)s?", number=version),
        crumbs=entry.crumbs(thing),
        form=form,
        language=language,
        comparison=rules.compare(now.content, old.content),
        confirm_label=_("Restore"),
        back_href=url_for("articles.versions", article_id=article_id, language=language),
    )
