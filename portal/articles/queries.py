"""Reading pages and news: one with its languages, public lists, menus, what waits for translators, alerts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, func, literal, select, tuple_
from sqlalchemy.orm import aliased

from portal.articles import rules
from portal.articles.formats import spoken
from portal.articles.kinds import Level, Shape, Standing
from portal.articles.models import (
    MODELS,
    Alert,
    Article,
    ArticleText,
    ArticleVersion,
    FormerAddress,
    NewsItem,
    Page,
    Spot,
)
from portal.content.models import Attachment
from portal.core import clock, tenancy
from portal.core.calendar import day_start
from portal.core.collate import fold
from portal.core.db import UtcDateTime, db
from portal.core.errors import Missing
from portal.core.i18n import LOCALES, current_locale, from_json, ngettext
from portal.core.i18n import gettext as _
from portal.core.paging import Cursor, Direction, page_of
from portal.core.paging import Page as Screen
from portal.core.registry import SearchText

PAGE_SIZE = 12
MENU_MOST = 6
"""Pages in a municipality's menu; more would push the rest of the frame off a phone."""
FEED_SIZE = 30


# ---- one ----


def article(article_id: int) -> Article:
    """A page or news item of the municipality in scope. Raises Missing."""
    found = db.session.scalar(select(Article).where(Article.id == article_id))
    if found is None:
        raise Missing
    return found


def public_by_slug(kind: str, slug: str) -> Article:
    """What everybody reads at an address. Raises Missing for what is not public."""
    found = db.session.scalar(select(MODELS[kind]).where(MODELS[kind].slug == slug.lower()))
    if found is None or not found.is_public:
        raise Missing
    return found


def moved_to(kind: str, slug: str) -> str:
    """The present short name of what everybody once read at this address. Raises Missing."""
    found = db.session.scalar(
        select(Article)
        .join(FormerAddress, FormerAddress.article_id == Article.id)
        .where(FormerAddress.kind == kind, FormerAddress.slug == slug.lower())
    )
    if found is None or not found.is_public:
        raise Missing
    return found.slug


def former_address(kind: str, slug: str) -> FormerAddress | None:
    """What keeps this address for a page that moved."""
    return db.session.scalar(
        select(FormerAddress).where(FormerAddress.kind == kind, FormerAddress.slug == slug)
    )


def page(article_id: int) -> Page:
    """A page by id. Raises Missing."""
    found: Page = _of_kind(Page, article_id)
    return found


def news_item(article_id: int) -> NewsItem:
    """A news item by id. Raises Missing."""
    found: NewsItem = _of_kind(NewsItem, article_id)
    return found


def _of_kind(model: type[Any], article_id: int) -> Any:
    found = db.session.scalar(select(model).where(model.id == article_id))
    if found is None:
        raise Missing
    return found


def texts(article_id: int) -> dict[str, ArticleText]:
    """The languages of an article that exist."""
    rows = db.session.scalars(select(ArticleText).where(ArticleText.article_id == article_id))
    return {row.language: row for row in rows}


def tongue(article_id: int, language: str) -> ArticleText | None:
    """One language of an article."""
    return db.session.scalar(
        select(ArticleText).where(ArticleText.article_id == article_id, ArticleText.language == language)
    )


def version(article_id: int, language: str, number: int) -> ArticleVersion:
    """One saved version. Raises Missing."""
    found = db.session.scalar(
        select(ArticleVersion).where(
            ArticleVersion.article_id == article_id,
            ArticleVersion.language == language,
            ArticleVersion.number == number,
        )
    )
    if found is None:
        raise Missing
    return found


def version_by_id(version_id: int) -> ArticleVersion:
    """One saved version. Raises Missing."""
    found = db.session.scalar(select(ArticleVersion).where(ArticleVersion.id == version_id))
    if found is None:
        raise Missing
    return found


def latest(article_id: int, language: str) -> ArticleVersion | None:
    """What the office works on in a language."""
    row = tongue(article_id, language)
    return version(article_id, language, row.latest) if row else None


def original(thing: Article) -> ArticleVersion:
    """What the office works on in the article's own language."""
    found = latest(thing.id, thing.language)
    if found is None:
        raise Missing
    return found


def versions(article_id: int, language: str) -> list[ArticleVersion]:
    """All saved versions of a language, newest first."""
    return list(
        db.session.scalars(
            select(ArticleVersion)
            .where(ArticleVersion.article_id == article_id, ArticleVersion.language == language)
            .order_by(ArticleVersion.number.desc())
        )
    )


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader gets: the version in their language, or the original when there is none."""

    version: ArticleVersion
    is_original: bool
    is_outdated: bool
    languages: tuple[str, ...]
    """Languages it can be read in."""


def reading(thing: Article, locale: str, *, want_original: bool = False) -> Reading:
    """The public version for a reader of this language. Raises Missing when nothing is public."""
    known = {language: row for language, row in texts(thing.id).items() if row.public is not None}
    own = known.get(thing.language)
    if own is None:
        raise Missing
    language = thing.language if want_original or locale not in known else locale
    found = version(thing.id, language, known[language].public or 0)
    return Reading(
        found,
        is_original=language == thing.language,
        is_outdated=language != thing.language and found.based_on < own.due,
        languages=tuple(code for code in LOCALES if code in known),
    )


def is_shown(found: ArticleVersion) -> bool:
    """Whether everybody can read this very version now."""
    row = tongue(found.article_id, found.language)
    return row is not None and row.public == found.number and article(found.article_id).is_public


def attachments(ids: Iterable[int]) -> dict[int, Attachment]:
    """Files by id."""
    wanted = set(ids)
    if not wanted:
        return {}
    rows = db.session.scalars(select(Attachment).where(Attachment.id.in_(wanted)))
    return {row.id: row for row in rows}


def file_ids_of(thing: Article) -> set[int]:
    """Every file that was hung on this article."""
    return set(
        db.session.scalars(
            select(Attachment.id).where(Attachment.kind == thing.KIND, Attachment.object_id == thing.id)
        )
    )


def public_file_ids(thing: Article) -> set[int]:
    """Files that the public versions name, in any language."""
    if not thing.is_public:
        return set()
    rows = db.session.scalars(
        select(ArticleVersion)
        .join(
            ArticleText,
            (ArticleText.article_id == ArticleVersion.article_id)
            & (ArticleText.language == ArticleVersion.language)
            & (ArticleText.public == ArticleVersion.number),
        )
        .where(ArticleVersion.article_id == thing.id)
    )
    return {number for row in rows for number in rules.file_ids(row.content.blocks)}


def search_text(thing: Article) -> SearchText | None:
    """How it stands in the search: the words of every public language under the title of the original."""
    if not thing.is_public or thing.spot is not Spot.PAGE or thing.published_at is None:
        return None
    rows = list(
        db.session.scalars(
            select(ArticleVersion)
            .join(
                ArticleText,
                (ArticleText.article_id == ArticleVersion.article_id)
                & (ArticleText.language == ArticleVersion.language)
                & (ArticleText.public == ArticleVersion.number),
            )
            .where(ArticleVersion.article_id == thing.id)
        )
    )
    own = next((row for row in rows if row.language == thing.language), None)
    if own is None:
        return None
    others = [row for row in rows if row is not own]
    body = [rules.plain(own.content)]
    body += [f"{row.title}\n{rules.plain(row.content)}" for row in others]
    return SearchText(
        title=own.title,
        body="\n".join(body),
        number="",
        public=True,
        at=thing.published_at,
        language=thing.language,
    )


# ---- public lists ----


@dataclass(frozen=True, slots=True)
class Card:
    """A news item in a list. `picture` is the id of its first picture."""

    id: int
    municipality_id: int
    slug: str
    title: str
    summary: str
    language: str
    published_at: datetime
    picture: int | None

    @property
    def town(self) -> tenancy.Town:
        """Whose news it is."""
        return tenancy.town_by_id(self.municipality_id)


def _spoken(kind: type[Article], locale: str) -> Select[Article, ArticleVersion]:
    """Public articles of a kind with the version each reader of this language gets."""
    own, foreign = aliased(ArticleText), aliased(ArticleText)
    language = func.coalesce(foreign.language, own.language)
    number = func.coalesce(foreign.public, own.public)
    return (
        select(kind, ArticleVersion)
        .join(own, (own.article_id == kind.id) & (own.language == kind.language))
        .outerjoin(
            foreign,
            (foreign.article_id == kind.id) & (foreign.language == locale) & foreign.public.is_not(None),
        )
        .join(
            ArticleVersion,
            (ArticleVersion.article_id == kind.id)
            & (ArticleVersion.language == language)
            & (ArticleVersion.number == number),
        )
        .where(kind.state.in_(kind.WORKFLOW.public_keys()))
    )


def _card(thing: Article, found: ArticleVersion) -> Card:
    content = found.content
    pictures = [
        int(value)
        for block in content.blocks
        for _place, field, value in block.parts()
        if field.shape is Shape.PICTURE and value.isdigit()
    ]
    return Card(
        thing.id,
        thing.municipality_id,
        thing.slug,
        found.title,
        found.summary,
        found.language,
        thing.published_at or thing.created_at,
        pictures[0] if pictures else None,
    )


def news(cursor: Cursor | None = None, year: int | None = None, size: int = PAGE_SIZE) -> Screen[Card]:
    """News of the municipality in scope, newest first; of one local year, or of all."""
    statement = _spoken(NewsItem, current_locale())
    if year is not None:
        start, end = _year(year)
        statement = statement.where(NewsItem.published_at >= start, NewsItem.published_at < end)
    here = tuple_(NewsItem.published_at, NewsItem.id)
    newest = statement.order_by(NewsItem.published_at.desc(), NewsItem.id.desc())
    if cursor is not None:
        there = tuple_(literal(cursor.at, UtcDateTime()), literal(cursor.id))
        if cursor.direction is Direction.OLDER:
            newest = newest.where(here < there)
        else:
            newest = statement.where(here > there).order_by(NewsItem.published_at, NewsItem.id)
    cards = [_card(*row) for row in db.session.execute(newest.limit(size + 1))]
    return page_of(cards, size, cursor, lambda card: (card.published_at, card.id))


def _year(year: int) -> tuple[datetime, datetime]:
    """The local year as two instants."""
    town_id = tenancy.current_id()
    zone = tenancy.town_by_id(town_id).zone if town_id else "Europe/Warsaw"
    first = datetime(year, 1, 1, tzinfo=UTC).date()
    return day_start(first, zone), day_start(first.replace(year=year + 1), zone)


def news_years() -> list[int]:
    """Years in which there is news to read, newest first."""
    first, last = db.session.execute(
        select(func.min(NewsItem.published_at), func.max(NewsItem.published_at)).where(
            NewsItem.state.in_(NewsItem.WORKFLOW.public_keys())
        )
    ).one()
    return [] if first is None or last is None else list(range(last.year, first.year - 1, -1))


def newest_news(limit: int) -> list[Card]:
    """The newest news in scope, for front pages."""
    statement = _spoken(NewsItem, current_locale()).order_by(NewsItem.published_at.desc(), NewsItem.id.desc())
    return [_card(*row) for row in db.session.execute(statement.limit(limit))]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A public page in the tree, in the reader's language."""

    id: int
    parent_id: int | None
    slug: str
    title: str
    language: str
    in_menu: bool


def leaves() -> list[Leaf]:
    """All public pages in the order of the menu."""
    statement = _spoken(Page, current_locale()).where(Page.spot == Spot.PAGE).order_by(Page.position, Page.id)
    return [
        Leaf(thing.id, thing.parent_id, thing.slug, found.title, found.language, thing.in_menu)
        for thing, found in db.session.execute(statement)
    ]


def above(thing: Article, known: Sequence[Leaf]) -> list[Leaf]:
    """The public pages above one, from the top down."""
    by_id = {leaf.id: leaf for leaf in known}
    found: list[Leaf] = []
    parent = thing.parent_id
    while parent in by_id and by_id[parent] not in found:
        found.insert(0, by_id[parent])
        parent = by_id[parent].parent_id
    return found


def below(article_id: int, known: Iterable[Leaf]) -> list[Leaf]:
    """The public pages directly below one."""
    return [leaf for leaf in known if leaf.parent_id == article_id]


def menu() -> list[Leaf]:
    """The pages of the municipality's menu."""
    return [leaf for leaf in leaves() if leaf.in_menu and leaf.parent_id is None][:MENU_MOST]


def at_spot(spot: Spot) -> Article | None:
    """What stands above a front page in the municipality in scope, public or not."""
    return db.session.scalar(select(Page).where(Page.spot == spot))


def first_page_standing() -> tuple[str, bool]:
    """How many pages of the municipality in scope residents can read, in words, and whether there is one."""
    public = db.session.scalar(
        select(func.count()).select_from(Page).where(Page.state.in_(Page.WORKFLOW.public_keys()))
    )
    if public:
        return ngettext("%(n)s page is public", "%(n)s pages are public", public), True
    return _("No page is public yet"), False


@dataclass(frozen=True, slots=True)
class Address:
    """A public page for the sitemap: where it is, and in which languages there is a text of it."""

    kind: str
    slug: str
    languages: tuple[str, ...]


def addresses() -> list[Address]:
    """Every public page and news item in scope."""
    rows = db.session.execute(
        select(Article.id, Article.kind, Article.slug, ArticleText.language)
        .join(ArticleText, ArticleText.article_id == Article.id)
        .where(
            Article.state.in_(Article.WORKFLOW.public_keys()),
            Article.spot == Spot.PAGE,
            ArticleText.public.is_not(None),
        )
        .order_by(Article.kind.desc(), Article.id)
    )
    found: dict[int, tuple[str, str, list[str]]] = {}
    for row in rows:
        found.setdefault(row.id, (row.kind, row.slug, []))[2].append(row.language)
    return [Address(kind, slug, tuple(languages)) for kind, slug, languages in found.values()]


# ---- the desk ----


@dataclass(frozen=True, slots=True)
class Line:
    """An article in a list of the desk, with the standing of each language."""

    id: int
    kind: str
    slug: str
    spot: Spot
    parent_id: int | None
    state: str
    title: str
    language: str
    standings: dict[str, Standing]
    has_changes: bool
    updated_at: datetime
    publish_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Tongue:
    """A language of an article as lists read it."""

    status: Standing
    latest: int
    public: int | None
    due: int
    based_on: int


def _titled(model: type[Article]) -> tuple[Select[Article, str], type[ArticleText]]:
    """Articles with the title the office works on, and the row of their own language to narrow by."""
    own = aliased(ArticleText)
    statement = (
        select(model, ArticleVersion.title)
        .join(own, (own.article_id == model.id) & (own.language == model.language))
        .join(
            ArticleVersion,
            (ArticleVersion.article_id == model.id)
            & (ArticleVersion.language == model.language)
            & (ArticleVersion.number == own.latest),
        )
    )
    return statement, own


def desk_list(kind: str, state: str = "", words: str = "") -> list[Line]:
    """Articles of a kind for the desk: pages in the order of the menu, news by its newest change."""
    model = MODELS[kind]
    statement, _own = _titled(model)
    if state:
        statement = statement.where(model.state == state)
    if kind == "page":
        statement = statement.order_by(model.position, model.id)
    else:
        statement = statement.order_by(model.updated_at.desc(), model.id.desc())
    rows = [row for row in db.session.execute(statement) if fold(words) in fold(row[1])]
    tongues = _tongues([thing.id for thing, _title in rows])
    return [_line(thing, title, tongues[thing.id]) for thing, title in rows]


def _tongues(ids: Sequence[int]) -> dict[int, dict[str, _Tongue]]:
    found: dict[int, dict[str, _Tongue]] = {id_: {} for id_ in ids}
    rows = db.session.execute(
        select(
            ArticleText.article_id,
            ArticleText.language,
            ArticleText.status,
            ArticleText.latest,
            ArticleText.public,
            ArticleText.due,
            ArticleText.based_on,
        ).where(ArticleText.article_id.in_(ids))
    )
    for row in rows:
        found[row.article_id][row.language] = _Tongue(*row[2:])
    return found


def _line(thing: Article, title: str, tongues: dict[str, _Tongue]) -> Line:
    return Line(
        thing.id,
        thing.kind,
        thing.slug,
        thing.spot,
        thing.parent_id,
        thing.state,
        title,
        thing.language,
        _standings(thing.language, tongues),
        thing.is_public and any(one.latest != one.public for one in tongues.values()),
        thing.updated_at,
        thing.publish_at,
    )


def _standings(language: str, tongues: dict[str, _Tongue]) -> dict[str, Standing]:
    own = tongues[language]
    due = own.due or own.latest
    return {
        code: Standing.ORIGINAL
        if code == language
        else rules.standing(
            tongues[code].status if code in tongues else None,
            tongues[code].based_on if code in tongues else 0,
            due,
        )
        for code in LOCALES
    }


def standings(thing: Article) -> dict[str, Standing]:
    """How each language of an article stands."""
    return _standings(thing.language, _tongues([thing.id])[thing.id])


@dataclass(frozen=True, slots=True)
class Wanted:
    """A translation somebody should write or renew."""

    article_id: int
    kind: str
    title: str
    state: str
    from_language: str
    to_language: str
    standing: Standing
    since: datetime


UNFINISHED = (Standing.OUTDATED, Standing.MACHINE, Standing.MISSING)
"""What a translator works on, the most misleading first."""


def translations(to_language: str = "", standing: str = "") -> list[Wanted]:
    """What translators have to do: outdated first, then machine drafts, then what is missing; newest first.

    With `standing` exactly those, finished ones included. Withdrawn articles wait for nobody.
    """
    statement, own = _titled(Article)
    wanted = statement.add_columns(own.updated_at).where(Article.state != "withdrawn")
    rows = list(db.session.execute(wanted))
    tongues = _tongues([thing.id for thing, _title, _at in rows])
    found = [
        Wanted(thing.id, thing.kind, title, thing.state, thing.language, code, how, at)
        for thing, title, at in rows
        for code, how in _standings(thing.language, tongues[thing.id]).items()
        if code != thing.language
        and (not to_language or code == to_language)
        and (how.value == standing if standing else how in UNFINISHED)
        and (how is not Standing.MISSING or code in thing.wanted)
    ]
    order = list(Standing)
    if not standing:
        order = [*UNFINISHED, *(one for one in Standing if one not in UNFINISHED)]
    return sorted(found, key=lambda one: (order.index(one.standing), -one.since.timestamp(), one.to_language))


def waiting() -> list[tuple[Article, str]]:
    """What waits for an editor's approval, oldest first, with its title."""
    statement, _own = _titled(Article)
    found = statement.where(Article.state == "pending").order_by(Article.updated_at, Article.id)
    return [(thing, title) for thing, title in db.session.execute(found)]


def changed() -> list[tuple[Article, str]]:
    """Public articles whose original was edited and not yet published again, oldest first, with the new title."""
    statement, own = _titled(Article)
    found = statement.where(Article.state == "published", own.latest != own.public).order_by(
        Article.updated_at, Article.id
    )
    return [(thing, title) for thing, title in db.session.execute(found)]


def slugs(kind: str) -> set[str]:
    """Short names that are taken, by what is there or by what moved away."""
    former = select(FormerAddress.slug).where(FormerAddress.kind == kind)
    return {*db.session.scalars(select(MODELS[kind].slug)), *db.session.scalars(former)}


def siblings(thing: Article) -> list[Article]:
    """Pages under the same parent in the order of the menu, the page itself among them."""
    same = Page.parent_id.is_(None) if thing.parent_id is None else Page.parent_id == thing.parent_id
    return list(
        db.session.scalars(select(Page).where(same, Page.spot == Spot.PAGE).order_by(Page.position, Page.id))
    )


def children_exist(article_id: int) -> bool:
    """Whether a page has pages below it."""
    return db.session.scalar(select(Page.id).where(Page.parent_id == article_id).limit(1)) is not None


def top_position() -> int:
    """The place after the last page."""
    return (db.session.scalar(select(func.max(Page.position))) or 0) + 1


# ---- alerts ----


@dataclass(frozen=True, slots=True)
class AlertLine:
    """An alert as pages read it; it outlives the session."""

    id: int
    level: Level
    texts: dict[str, str]
    href: str
    starts_at: datetime
    ends_at: datetime

    def text(self, first: str) -> tuple[str, str]:
        """Its words for the reader, and the language they are in."""
        locale = current_locale()
        found = from_json(self.texts, first=first)
        return found, next(
            (code for code in (locale, first, *LOCALES) if self.texts.get(code) == found), first
        )

    def link(self) -> str:
        """Where it leads, in the reader's language."""
        return spoken(self.href, current_locale())

    def runs(self, now: datetime) -> bool:
        """Whether it is shown at this moment."""
        return self.starts_at <= now < self.ends_at


def _alert_lines(statement: Select[Any]) -> list[AlertLine]:
    return [
        AlertLine(row.id, row.level, row.texts, row.href, row.starts_at, row.ends_at)
        for row in db.session.scalars(statement)
    ]


def coming_alerts() -> list[AlertLine]:
    """Alerts that run or will run, the loudest first."""
    loud = [Level.DANGER, Level.WARNING, Level.INFO]
    found = _alert_lines(select(Alert).where(Alert.ends_at > clock.now()).order_by(Alert.starts_at))
    return sorted(found, key=lambda line: loud.index(line.level))


def past_alerts(limit: int = 20) -> list[AlertLine]:
    """Alerts that are over, the last first."""
    return _alert_lines(
        select(Alert).where(Alert.ends_at <= clock.now()).order_by(Alert.ends_at.desc()).limit(limit)
    )


def alert(alert_id: int) -> Alert:
    """One alert. Raises Missing."""
    found = db.session.scalar(select(Alert).where(Alert.id == alert_id))
    if found is None:
        raise Missing
    return found
