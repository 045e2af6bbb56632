"""The editor of a page in its own language: one form, whose buttons add, move and remove blocks, and the preview.

Nothing of it needs a script. Every button sends the whole form, so whatever was typed comes back; only "save" keeps
it, as a new version.
"""

from dataclasses import dataclass

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.articles import blocks, queries, rules, services
from portal.articles.desk import entry
from portal.articles.forms import BlockPart, ContentForm, PartForm
from portal.articles.kinds import BY_KEY, KINDS, Content, Field, Shape, new_id
from portal.articles.models import Article, ArticleVersion, Spot
from portal.content.models import Attachment
from portal.core import actor as actors
from portal.core.errors import Conflict, Invalid
from portal.core.i18n import LANGUAGE_NAMES, pgettext
from portal.core.i18n import gettext as _
from portal.core.policy import can
from portal.ui.pages import Link, page, say


def edit(article_id: int) -> BaseResponse:
    """The editor."""
    thing = entry.opened(article_id, "page.edit")
    found = queries.original(thing)
    types = tuple(blocks.listed_types())
    if request.method == "GET":
        form = ContentForm(title=found.title, summary=found.summary, version=str(found.number), types=types)
        form.show(found.content.blocks)
        return _page(thing, form)
    form = ContentForm(types=types)
    form.read()
    act, _colon, where = request.form.get("do", "save").partition(":")
    good = form.validate()
    if not form.csrf_token.errors:
        _take_files(thing.id, form)
    if act not in ("save", "look"):
        _rearrange(form, act, where)
        return _page(
            thing, form, 200 if not form.csrf_token.errors else 422, quiet=not form.csrf_token.errors
        )
    if not good or any(form.problems):
        return _page(thing, form, 422)
    return _save(thing, form, act)


def _save(thing: Article, form: ContentForm, act: str) -> BaseResponse:
    content = Content(form.title.data or "", form.summary.data or "", form.blocks())
    number = entry.number_of(form.version.data)
    try:
        services.save(actors.current(), thing.id, content, number, form.note.data or "")
    except Invalid as problem:
        form.blame(problem.fields, problem.reason)
        return _page(queries.article(thing.id), form, 422)
    except Conflict:
        now = queries.original(queries.article(thing.id))
        form.version.data = str(now.number)
        return _page(queries.article(thing.id), form, 409, theirs=now, mine=content)
    if act == "look":
        return redirect(url_for("articles.preview", article_id=thing.id, language=thing.language), 303)
    say(_("Saved. The public does not see it until it is published."))
    return redirect(url_for("articles.one", article_id=thing.id), 303)


def _take_files(article_id: int, form: ContentForm) -> None:
    """Store the files that came with the form, whatever its button was: a browser does not send them again."""
    for part in form.parts:
        _take_of(article_id, part.form, part.kind.fields)
        for item in part.items:
            _take_of(article_id, item.form, part.kind.items)


def _take_of(article_id: int, form: PartForm, fields: tuple[Field, ...]) -> None:
    for field in fields:
        if field.shape not in (Shape.PICTURE, Shape.DOCUMENT):
            continue
        sent = form[f"{field.name}_new"]
        if not sent.data or not getattr(sent.data, "filename", ""):
            continue
        is_picture = field.shape is Shape.PICTURE
        try:
            added = services.add_file(
                actors.current(), article_id, sent.data.read(), sent.data.filename, picture=is_picture
            )
        except Invalid as problem:
            sent.errors = [*sent.errors, problem.reason]
            continue
        before = form[field.name].data or ""
        # A document keeps its older versions behind the newest one.
        form[field.name].data = str(added) if is_picture or not before else f"{added},{before}"


def _label(row: Attachment) -> str:
    return f"{row.name} ({pgettext('file', 'being checked')})" if row.waits else row.name


def _rearrange(form: ContentForm, act: str, where: str) -> None:
    """Carry out a button other than save. What names nothing changes nothing."""
    if act == "add":
        kind, _colon, place = where.partition(":")
        at = entry.number_of(place or request.form.get("place"))
        if kind in BY_KEY and len(form.parts) < rules.MOST_BLOCKS:
            id_ = request.form.get("next_block", "")
            taken = {part.id for part in form.parts}
            form.add(
                kind, id_ if rules.ID.fullmatch(id_) and id_ not in taken else new_id(), _place(form, at)
            )
        return
    block, _dot, item = where.partition(".")
    part = next((one for one in form.parts if one.id == block), None)
    if part is None:
        return
    if item or act == "grow":
        _rearrange_items(part, act, item)
        return
    by_id = {one.id: one for one in form.parts}
    if act in ("up", "down"):
        form.parts = [by_id[one] for one in rules.moved(list(by_id), block, -1 if act == "up" else 1)]
    elif act == "remove":
        form.parts.remove(part)


def _place(form: ContentForm, at: int) -> int:
    """Where a new block goes: before block number `at`, at the end without one."""
    return at - 1 if 0 < at <= len(form.parts) else len(form.parts)


def _rearrange_items(part: BlockPart, act: str, item: str) -> None:
    if act == "grow":
        if part.may_grow:
            id_ = request.form.get("next_item", "")
            taken = {one.id for one in part.items}
            part.add_item(id_ if rules.ID.fullmatch(id_) and id_ not in taken else new_id("i"))
        return
    by_id = {one.id: one for one in part.items}
    if item not in by_id:
        return
    if act == "remove":
        part.items.remove(by_id[item])
    elif act in ("up", "down"):
        part.items = [by_id[one] for one in rules.moved(list(by_id), item, -1 if act == "up" else 1)]


@dataclass(frozen=True, slots=True)
class Theirs:
    """What somebody else saved meanwhile, beside what is in the form."""

    comparison: list[rules.Comparison]
    at: object


def _page(
    thing: Article,
    form: ContentForm,
    status: int = 200,
    *,
    quiet: bool = False,
    theirs: ArticleVersion | None = None,
    mine: Content | None = None,
) -> Response:
    if quiet:
        _hush(form)
    files = queries.attachments(rules.file_ids(form.blocks()))
    return page(
        "articles/desk/edit.html",
        status,
        title=_("Edit: %(title)s", title=form.title.data or ""),
        crumbs=entry.crumbs(thing),
        thing=thing,
        form=form,
        kinds=KINDS,
        next_block=new_id(),
        next_item=new_id("i"),
        files={
            str(row.id): Link(_label(row), url_for("articles.file", article_id=thing.id, file_id=row.id))
            for row in files.values()
            if (row.kind, row.object_id) == thing.about
        },
        language=LANGUAGE_NAMES[thing.language],
        theirs=Theirs(rules.compare(theirs.content, mine), theirs.at) if theirs and mine else None,
        is_full=len(form.parts) >= rules.MOST_BLOCKS,
        back_href=url_for("articles.one", article_id=thing.id),
    )


def _hush(form: ContentForm) -> None:
    """Errors wait for "save": whoever only moves a block is not told what is missing. Files that failed are."""
    for field in form:
        field.errors = []
    for part in form.parts:
        for one in part.forms():
            for field in one:
                if not field.name.endswith("_new"):
                    field.errors = []


def preview(article_id: int, language: str) -> Response:
    """The newest version of a language, as it will look."""
    thing = entry.opened(article_id)
    found = queries.latest(thing.id, entry.language_of(language))
    if found is None:
        found = queries.original(thing)
    actor = actors.current()
    is_own = found.language == thing.language
    permission = "page.edit" if is_own else "page.translate"
    edit_href = ""
    if can(actor, permission, thing):
        edit_href = (
            url_for("articles.edit", article_id=thing.id)
            if is_own
            else url_for("articles.translate", article_id=thing.id, language=found.language)
        )
    return page(
        "articles/desk/preview.html",
        title=found.title,
        crumbs=entry.crumbs(thing),
        thing=thing,
        version=found,
        lang=found.language,
        language=LANGUAGE_NAMES[found.language],
        is_front=thing.spot is not Spot.PAGE,
        blocks=blocks.shown(thing, found),
        edit_href=edit_href,
        back_href=url_for("articles.one", article_id=thing.id),
    )
