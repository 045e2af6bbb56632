"""Pages and news of the office in a list, one of them with all its languages, and what is not its text."""

from dataclasses import dataclass, replace
from typing import Any

from flask import Response, g, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse
from wtforms.fields.choices import SelectChoice

from portal.accounts import queries as accounts
from portal.articles import queries, rules, services
from portal.articles.desk import entry
from portal.articles.forms import NewForm, SettingsForm, SureForm
from portal.articles.kinds import STANDING_LABELS, STANDING_LOOKS
from portal.articles.models import Article, Spot
from portal.articles.services.writing import Settings
from portal.articles.states import STATES, WORKFLOW
from portal.content import queries as content
from portal.core import actor as actors
from portal.core import tenancy
from portal.core.errors import Conflict, Invalid, Missing
from portal.core.i18n import LANGUAGE_NAMES, LOCALES, Text, current_locale
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_gettext as _l
from portal.core.policy import can
from portal.core.workflow import Lane
from portal.ui.pages import Link, page, say

SPOTS: dict[Spot, Text] = {
    Spot.FRONT: _l("Front page of the municipality"),
    Spot.HOME: _l("Front page of the portal"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list. `depth` is how far below the menu's top a page stands.

    `goes_up`, `goes_down`: whether it has a neighbour there to change places with.
    """

    line: queries.Line
    depth: int
    state: Text
    look: str
    spot: Text
    languages: list[tuple[str, Text, str]]
    href: str
    goes_up: bool = False
    goes_down: bool = False


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab of the list."""

    label: str
    href: str
    current: bool


def desk() -> Response:
    """All pages, or all news, with state and languages; filters stand in the address."""
    kind = "news" if request.args.get("kind") == "news" else "page"
    state, words = request.args.get("state", ""), request.args.get("q", "")[: rules.TITLE_MAX]
    if state not in WORKFLOW.keys():  # noqa: SIM118 - a method of the table
        state = ""
    lines = queries.desk_list(kind, state, words)
    narrowed = bool(state or words)
    may_edit = bool(can(actors.current(), "page.edit"))
    return page(
        "articles/desk/list.html",
        title=_("Pages and news"),
        tabs=[
            Tab(_("Pages"), url_for("articles.desk", kind="page"), kind == "page"),
            Tab(_("News"), url_for("articles.desk", kind="news"), kind == "news"),
        ],
        kind=kind,
        rows=_rows(lines) if kind == "page" and not narrowed else [_row(line, 0) for line in lines],
        is_tree=kind == "page" and not narrowed,
        states=[(one.key, one.label) for one in STATES],
        state=state,
        words=words,
        active=bool(state) + bool(words),
        here=url_for("articles.desk"),
        new_href=url_for("articles.new", kind=kind) if may_edit else "",
        fronts=_free_fronts() if kind == "page" and may_edit else [],
        may_edit=may_edit,
    )


def _free_fronts() -> list[Link]:
    """Front pages that have no text of the office yet."""
    found = []
    for spot, label in SPOTS.items():
        if _has_spot(spot) and queries.at_spot(spot) is None:
            found.append(Link(label, url_for("articles.new", kind="page", spot=spot.value)))
    return found


def _has_spot(spot: Spot) -> bool:
    """The municipality founded first, the leading partner, answers for the shared front page."""
    town: tenancy.Town = g.town
    return spot is not Spot.HOME or town.id == min(one.id for one in tenancy.towns().values())


def _rows(lines: list[queries.Line], parent: int | None = None, depth: int = 0) -> list[Row]:
    known = {line.id for line in lines}
    found = []
    for line in lines:
        if line.parent_id == parent or (parent is None and line.parent_id not in known):
            beside = [one.id for one in lines if one.parent_id == line.parent_id and one.spot is Spot.PAGE]
            up, down = line.id in beside[1:], line.id in beside[:-1]
            found.append(replace(_row(line, depth), goes_up=up, goes_down=down))
            found += _rows(lines, line.id, depth + 1)
    return found


def _row(line: queries.Line, depth: int) -> Row:
    state = WORKFLOW.state(line.state)
    return Row(
        line,
        depth,
        state.label,
        state.look,
        SPOTS.get(line.spot, ""),
        [
            (code, STANDING_LABELS[line.standings[code]], STANDING_LOOKS[line.standings[code]])
            for code in LOCALES
        ],
        url_for("articles.one", article_id=line.id),
    )


def new() -> BaseResponse:
    """Begin a page, a news item, or the text of a front page."""
    kind = "news" if request.args.get("kind") == "news" else "page"
    spot = _spot(request.args.get("spot", ""))
    town: tenancy.Town = g.town
    start = request.args.get("start", "")
    form = NewForm(language=town.language, title=str(SPOTS.get(spot, "")), start=start)
    if kind != "page" or spot is not Spot.PAGE:
        del form.start
    if form.validate_on_submit():
        try:
            made = services.create(
                actors.current(),
                kind,
                form.title.data or "",
                form.language.data or "",
                form.form_key.data or "",
                spot=spot,
                start=(form.start.data if "start" in form else "") or "",
            )
        except Conflict as problem:
            form.blame({}, problem.reason)
        else:
            return redirect(url_for("articles.edit", article_id=made), 303)
    title = SPOTS.get(spot) or (_("New news item") if kind == "news" else _("New page"))
    return page(
        "articles/desk/new.html",
        422 if form.is_submitted() else 200,
        title=title,
        crumbs=entry.crumbs(),
        form=form,
        spot=spot.value,
        back_href=url_for("articles.desk", kind=kind),
    )


def _spot(text: str) -> Spot:
    if not text:
        return Spot.PAGE
    found = next((spot for spot in SPOTS if spot.value == text), None)
    if found is None or not _has_spot(found):
        raise Missing
    return found


# ---- one ----


@dataclass(frozen=True, slots=True)
class Tongue:
    """A language of an article on its page of the desk."""

    code: str
    name: str
    standing: Text
    look: str
    is_public: bool
    has_changes: bool
    by: str
    at: Any
    links: list[Link]


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the history."""

    title: str
    phase: str
    at: Any
    who: str
    note: str
    internal: bool = False


def one(article_id: int) -> Response:
    """One page or news item: where it stands, what can be done, its languages, its history."""
    thing = entry.opened(article_id)
    found = queries.original(thing)
    actor = actors.current()
    row = queries.texts(thing.id)[thing.language]
    lacks = rules.lacks(found.content) if thing.state != "published" or row.latest != row.public else []
    return page(
        "articles/desk/one.html",
        title=found.title,
        crumbs=[*entry.crumbs()[:-1], Link(_("Pages and news"), url_for("articles.desk", kind=thing.kind))],
        thing=thing,
        state=thing.present,
        kind_label=SPOTS.get(thing.spot) or (_("Page") if thing.kind == "page" else _("News item")),
        lacks=lacks,
        has_changes=thing.is_public and row.latest != row.public,
        actions=_actions(thing, has_changes=row.latest != row.public),
        tongues=_tongues(thing),
        public_href=_public_href(thing),
        edit_href=url_for("articles.edit", article_id=thing.id) if can(actor, "page.edit", thing) else "",
        preview_href=url_for("articles.preview", article_id=thing.id, language=thing.language),
        settings_href=url_for("articles.settings", article_id=thing.id)
        if can(actor, "page.edit", thing)
        else "",
        drop_href=url_for("articles.drop", article_id=thing.id)
        if can(actor, "page.edit", thing) and thing.published_at is None and thing.state == "private"
        else "",
        steps=_steps(thing),
    )


def _public_href(thing: Article) -> str:
    if not thing.is_public:
        return ""
    if thing.spot is not Spot.PAGE:
        return url_for("pages.home" if thing.spot is Spot.HOME else "pages.town")
    return url_for("articles.page" if thing.kind == "page" else "articles.news_item", slug=thing.slug)


def _actions(thing: Article, *, has_changes: bool) -> list[Link]:
    """What this person may do next; the most usual first and marked."""
    actor = actors.current()
    found: list[Link] = []
    if thing.is_public and has_changes and can(actor, "page.publish", thing):
        found.append(_action(thing, "publish", _("Publish the changes"), main=True))
    for move in WORKFLOW.moves_from(thing.state):
        if can(actor, move.permission, thing):
            found.append(
                _action(thing, move.verb, str(move.label), main=move.verb == "publish" and not found)
            )
    if found and not any(link.current for link in found) and thing.state == "private":
        found[0] = _action(thing, "submit", found[0].label, main=True)
    publishes = [link for link in found if link.current]
    return [*publishes, *(link for link in found if not link.current)]


def _action(thing: Article, verb: str, label: Text, *, main: bool) -> Link:
    return Link(label, url_for("articles.move", article_id=thing.id, verb=verb), current=main)


def _tongues(thing: Article) -> list[Tongue]:
    actor = actors.current()
    rows, standings = queries.texts(thing.id), queries.standings(thing)
    latest = {code: queries.version(thing.id, code, row.latest) for code, row in rows.items()}
    names = accounts.names(found.user_id for found in latest.values() if found.user_id)
    translates = bool(can(actor, "page.translate", thing))
    made = []
    for code in (thing.language, *(code for code in LOCALES if code != thing.language)):
        row, found = rows.get(code), latest.get(code)
        links = []
        if code != thing.language and translates:
            label = _("Translate") if row is None else _("Work on the translation")
            links.append(Link(label, url_for("articles.translate", article_id=thing.id, language=code)))
        if row is not None:
            links += [
                Link(_("Preview"), url_for("articles.preview", article_id=thing.id, language=code)),
                Link(_("Versions"), url_for("articles.versions", article_id=thing.id, language=code)),
            ]
        made.append(
            Tongue(
                code,
                LANGUAGE_NAMES[code],
                STANDING_LABELS[standings[code]],
                STANDING_LOOKS[standings[code]],
                is_public=thing.is_public and row is not None and row.public is not None,
                has_changes=row is not None and row.public is not None and row.latest != row.public,
                by=names.get(found.user_id or 0, "") if found else "",
                at=found.at if found else None,
                links=links,
            )
        )
    return made


def _steps(thing: Article) -> list[Step]:
    found = []
    for step in reversed(content.history(*thing.about, tuple(Lane))):
        state = WORKFLOW.state(step.to_state)
        title = (
            _("Changes published") if step.from_state == step.to_state == "published" else str(state.label)
        )
        found.append(
            Step(
                title[:1].upper() + title[1:],
                state.look,
                step.at,
                str(entry.WHO.get(step.who, "")),
                step.note,
            )
        )
    return found


def settings(article_id: int) -> BaseResponse:
    """Address, place in the menu, languages it should exist in."""
    thing = entry.opened(article_id, "page.edit")
    form = SettingsForm(
        slug=thing.slug,
        parent=str(thing.parent_id or ""),
        in_menu=thing.in_menu,
        wanted=list(thing.wanted),
        version=str(thing.version),
    )
    lines = [line for line in queries.desk_list("page") if line.id != thing.id and line.spot is Spot.PAGE]
    form.parent.choices = [
        SelectChoice("", _("The top level")),
        *(SelectChoice(str(line.id), line.title) for line in lines),
    ]
    form.wanted.choices = [
        SelectChoice(code, LANGUAGE_NAMES[code]) for code in LOCALES if code != thing.language
    ]
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        try:
            services.change_settings(
                actors.current(), thing.id, _settings(form, lines), entry.number_of(form.version.data)
            )
        except Invalid as problem:
            form.blame(problem.fields, problem.reason)
        except Conflict as problem:
            status = 409
            form.version.data = str(queries.article(article_id).version)
            form.blame({}, problem.reason)
        else:
            say(_("The settings were changed."))
            return redirect(url_for("articles.one", article_id=article_id), 303)
        thing = queries.article(article_id)
    return page(
        "articles/desk/settings.html",
        status,
        title=_("Settings"),
        crumbs=entry.crumbs(thing),
        form=form,
        thing=thing,
        has_address=thing.spot is Spot.PAGE,
        was_public=thing.published_at is not None,
        is_page=thing.kind == "page" and thing.spot is Spot.PAGE,
        prefix=f"/{current_locale()}/{g.town.slug}/{'pages' if thing.kind == 'page' else 'news'}/",
        back_href=url_for("articles.one", article_id=thing.id),
    )


def _settings(form: SettingsForm, lines: list[queries.Line]) -> Settings:
    parent = entry.number_of(form.parent.data)
    return Settings(
        slug=(form.slug.data or "").lower(),
        parent_id=parent if parent in {line.id for line in lines} else None,
        in_menu=bool(form.in_menu.data),
        wanted=form.wanted.data or [],
    )


def arrange(article_id: int) -> BaseResponse:
    """Move a page up or down among its neighbours; the page is found again at its new place."""
    thing = queries.page(article_id)
    services.arrange(actors.current(), thing.id, -1 if request.form.get("step") == "up" else 1)
    return redirect(url_for("articles.desk", kind="page", _anchor=f"page-{article_id}"), 303)


def drop(article_id: int) -> BaseResponse:
    """Throw a draft away, after asking."""
    thing = entry.opened(article_id, "page.edit")
    form = SureForm()
    if form.validate_on_submit():
        kind = thing.kind
        try:
            services.drop(actors.current(), thing.id)
        except Conflict as problem:
            form.blame({}, problem.reason)
        else:
            say(_("The draft was thrown away."))
            return redirect(url_for("articles.desk", kind=kind), 303)
        thing = queries.article(article_id)
    return page(
        "articles/desk/confirm.html",
        422 if form.is_submitted() else 200,
        title=_("Throw this draft away?"),
        crumbs=entry.crumbs(thing),
        form=form,
        words=_("All its versions and files go. This cannot be undone."),
        confirm_label=_("Throw it away"),
        back_href=url_for("articles.one", article_id=thing.id),
        danger=True,
    )
