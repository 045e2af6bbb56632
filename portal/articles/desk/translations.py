"""The translator's list, and the translation side by side with its original."""

from dataclasses import dataclass

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.articles import queries, rules, services
from portal.articles.desk import entry
from portal.articles.forms import TRANSLATED, BlockPart, TranslationForm
from portal.articles.kinds import STANDING_LABELS, STANDING_LOOKS, Content, Standing
from portal.articles.models import Article, ArticleVersion
from portal.articles.services.translating import Translation
from portal.articles.states import WORKFLOW
from portal.core import actor as actors
from portal.core.errors import Conflict, Invalid, Missing
from portal.core.i18n import LANGUAGE_NAMES, LOCALES, Text
from portal.core.i18n import gettext as _
from portal.ui.pages import page, say

LIST_MOST = 200


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the translator's list."""

    wanted: queries.Wanted
    kind: str
    state: Text
    look: str
    standing: Text
    standing_look: str
    languages: str
    href: str


@dataclass(frozen=True, slots=True)
class Choice:
    """An answer of a filter."""

    value: str
    label: Text


def listing() -> Response:
    """What is outdated, drafted by a machine or missing; filters stand in the address."""
    to, how = request.args.get("to", ""), request.args.get("standing", "")
    to = to if to in LOCALES else ""
    how = how if how in {one.value for one in Standing} else ""
    found = queries.translations(to, how)
    return page(
        "articles/desk/translations.html",
        title=_("Translations"),
        rows=[_row(one) for one in found[:LIST_MOST]],
        total=len(found),
        to=to,
        standing=how,
        targets=[Choice(code, LANGUAGE_NAMES[code]) for code in LOCALES],
        standings=[
            Choice(one.value, STANDING_LABELS[one]) for one in Standing if one is not Standing.ORIGINAL
        ],
        active=bool(to) + bool(how),
        here=url_for("articles.translations"),
    )


def _row(one: queries.Wanted) -> Row:
    state = WORKFLOW.state(one.state)
    return Row(
        one,
        _("Page") if one.kind == "page" else _("News item"),
        state.label,
        state.look,
        STANDING_LABELS[one.standing],
        STANDING_LOOKS[one.standing],
        f"{LANGUAGE_NAMES[one.from_language]} → {LANGUAGE_NAMES[one.to_language]}",
        url_for("articles.translate", article_id=one.article_id, language=one.to_language),
    )


def translate(article_id: int, language: str) -> BaseResponse:
    """The translation beside its original, block by block."""
    thing = entry.opened(article_id, "page.translate")
    if entry.language_of(language) == thing.language:
        raise Missing
    before = queries.latest(thing.id, language)
    source = _source(thing)
    form = _form(source, before)
    if request.method == "GET":
        return _page(thing, language, form, source, before)
    if not form.validate():
        return _page(thing, language, form, source, before, 422)
    show = request.form.get("do") == "publish"
    made = Translation(
        form.title.data or "",
        form.summary.data or "",
        form.words(),
        Standing(form.status.data),
        entry.number_of(form.version.data),
        source.number,
    )
    try:
        services.translate(actors.current(), thing.id, language, made, show=show)
    except Invalid as problem:
        form.blame(problem.fields, problem.reason)
        return _page(queries.article(article_id), language, form, source, before, 422)
    except Conflict:
        now = queries.latest(article_id, language)
        form.version.data = str(now.number if now else 0)
        return _page(queries.article(article_id), language, form, source, now, 409, made=made)
    after = queries.article(article_id)
    say(_said(after, show=show))
    if queries.original(after).number != source.number:
        say(
            _(
                "The original changed while you translated. Open the translation again: it shows what changed."
            ),
            "info",
        )
    return redirect(url_for("articles.one", article_id=article_id), 303)


def _said(thing: Article, *, show: bool) -> str:
    if not show:
        return _("Saved. The public does not see it until it is published.")
    if thing.is_public:
        return _("The translation is public now.")
    return _("The translation becomes public together with its original.")


def _source(thing: Article) -> ArticleVersion:
    """The original a translator follows: the newest version, or the one the form was made from."""
    number = entry.number_of(request.form.get("based_on")) if request.method == "POST" else 0
    return queries.version(thing.id, thing.language, number) if number else queries.original(thing)


def _form(source: ArticleVersion, before: ArticleVersion | None) -> TranslationForm:
    row = queries.tongue(before.article_id, before.language) if before else None
    form = TranslationForm(
        title=before.title if before else "",
        summary=before.summary if before else "",
        status=row.status.value if row and row.status in TRANSLATED else Standing.HUMAN.value,
        version=str(before.number if before else 0),
        based_on=str(source.number),
    )
    form.show_beside(
        source.content.blocks, before.content.blocks if before else (), sent=request.method == "POST"
    )
    return form


@dataclass(frozen=True, slots=True)
class Pair:
    """A block of the original beside the fields of its translation; `changed` since it was translated."""

    part: BlockPart
    number: int
    original: dict[str, str]
    changed: rules.Comparison | None


def _page(
    thing: Article,
    language: str,
    form: TranslationForm,
    source: ArticleVersion,
    before: ArticleVersion | None,
    status: int = 200,
    *,
    made: Translation | None = None,
) -> Response:
    base = queries.version(thing.id, thing.language, before.based_on) if before and before.based_on else None
    changes = _changes(base, source)
    words = rules.spoken_words(source.content.blocks)
    theirs = None
    if made is not None and before is not None:
        mine = Content(made.title, made.summary, rules.translated(source.content.blocks, made.words))
        theirs = rules.compare(before.content, mine)
    return page(
        "articles/desk/translate.html",
        status,
        title=_("%(title)s: %(language)s", title=source.title, language=LANGUAGE_NAMES[language]),
        crumbs=entry.crumbs(thing),
        thing=thing,
        form=form,
        source=source,
        language=language,
        language_name=LANGUAGE_NAMES[language],
        original_name=LANGUAGE_NAMES[thing.language],
        pairs=[Pair(part, number, words, changes.get(part.id)) for number, part in enumerate(form.parts, 1)],
        head_changed=changes.get("") if base else None,
        is_outdated=bool(base and base.number < source.number),
        theirs=theirs,
        back_href=url_for("articles.one", article_id=thing.id),
        list_href=url_for("articles.translations"),
    )


def _changes(base: ArticleVersion | None, source: ArticleVersion) -> dict[str, rules.Comparison]:
    """What changed in the original since it was translated, by block; the head under an empty id."""
    if base is None or base.number == source.number:
        return {}
    found = rules.compare(base.content, source.content)
    ids = ["", *(block.id for block in source.content.blocks)]
    return {
        id_: comparison
        for id_, comparison in zip(ids, found, strict=False)
        if comparison.change in ("changed", "new")
    }
