"""Writing: a new page, its versions, its files, its place in the menu. Nothing here makes anything public."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete

from portal.articles import queries, rules, starters
from portal.articles.kinds import Content, Standing
from portal.articles.models import MODELS, Article, ArticleText, ArticleVersion, FormerAddress, Page, Spot
from portal.content import move
from portal.content import services as content_services
from portal.content.models import FileRole
from portal.core import audit, clock, events, files
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import Conflict, Invalid
from portal.core.i18n import LOCALES, Text
from portal.core.i18n import lazy_gettext as _l
from portal.core.policy import need
from portal.core.usecase import once, use_case

MOST_FILES = 200
"""Files one article may hold in all its versions."""


@use_case("page.edit", code="article.created")
def create(
    actor: Actor,
    kind: str,
    title: str,
    language: str,
    key: str,
    spot: Spot = Spot.PAGE,
    parent: int | None = None,
    start: str = starters.EMPTY,
) -> int:
    """Begin a page or news item whose first version holds the blocks of a starter, else none; its id. A repeated post gives the first answer.

    Raises Conflict when the front page has its text already.
    """

    def act() -> int:
        return _created(actor, kind, title, language, spot, parent, start).id

    return int(once("article.new", key, act))


def _created(
    actor: Actor, kind: str, title: str, language: str, spot: Spot, parent: int | None, start: str
) -> Article:
    if spot is not Spot.PAGE and queries.at_spot(spot) is not None:
        raise Conflict(_l("This front page has its text already. Open it in the list."))
    now = clock.now()
    thing = MODELS[kind](
        slug=spot.value if spot is not Spot.PAGE else rules.slug_from(title, {*queries.slugs(kind), *Spot}),
        spot=spot,
        parent_id=queries.page(parent).id if parent is not None else None,
        position=queries.top_position() if kind == "page" else 0,
        language=language,
        wanted=[code for code in LOCALES if code != language],
        author_user_id=actor.user_id,
        created_at=now,
        updated_at=now,
    )
    move.begin(thing)
    db.session.add(thing)
    db.session.flush()  # Text and version name it.
    add_version(actor, thing, language, Content(title, "", starters.blocks_of(start, language)), 0, note="")
    audit.note(f"{thing.KIND}:{thing.id}")
    return thing


def add_version(
    actor: Actor,
    thing: Article,
    language: str,
    content: Content,
    number: int,
    *,
    note: str,
    status: Standing = Standing.ORIGINAL,
    based_on: int = 0,
) -> int:
    """Write what was made from version `number` (0: none) as the next one; its number.

    Raises Conflict carrying the latest version when somebody else saved meanwhile. What does not differ from the
    latest version makes no new one.
    """
    row = queries.tongue(thing.id, language)
    if (row.latest if row else 0) != number:
        raise Conflict(
            _l("Somebody else changed this meanwhile. Compare both texts and save again."),
            theirs=queries.latest(thing.id, language),
        )
    now = clock.now()
    if row is None:
        row = ArticleText(article_id=thing.id, language=language, status=status, latest=0, updated_at=now)
        db.session.add(row)
    elif row.based_on == based_on and queries.version(thing.id, language, number).content == content:
        row.status = status
        return number
    db.session.add(
        ArticleVersion(
            article_id=thing.id,
            language=language,
            number=number + 1,
            title=content.title,
            summary=content.summary,
            blocks=rules.packed(content.blocks),
            based_on=based_on,
            at=now,
            user_id=actor.user_id,
            note=note,
        )
    )
    row.latest, row.status, row.based_on, row.updated_at = number + 1, status, based_on, now
    thing.updated_at = now
    db.session.flush()  # The next question reads it.
    return number + 1


@use_case("page.edit", code="article.saved", load=queries.article)
def save(actor: Actor, thing: Article, content: Content, number: int, note: str = "") -> int:
    """Keep what was written as a new version of the original; its number. Raises Conflict, Invalid."""
    _check_size(content)
    known = queries.file_ids_of(thing)
    tidy = Content(content.title, content.summary, rules.own_files(rules.tidy(content.blocks), known))
    audit.note(f"{thing.KIND}:{thing.id}")
    return add_version(actor, thing, thing.language, tidy, number, note=note)


def _check_size(content: Content) -> None:
    if len(content.blocks) > rules.MOST_BLOCKS:
        raise Invalid(_l("A page holds 60 blocks at most. Make a second page and link to it."))
    if not content.title.strip():
        raise Invalid("", {"title": _l("The page needs a title.")})


def add_file(actor: Actor, article_id: int, raw: bytes, name: str, *, picture: bool) -> int:
    """Store a picture or a PDF for this article; its id. Raises Invalid with what to do.

    Nobody waits for the scanner or the store with the database taken.
    """
    need(actor, "page.edit", queries.article(article_id))
    files.count_day(len(raw), actor.user_id)
    try:
        stored = files.store_photo(raw, name) if picture else files.store_document(raw, name)
    except files.Infected:
        refuse_file(actor, article_id)
        raise
    try:
        return hang_file(actor, article_id, stored, FileRole.PHOTO if picture else FileRole.DOCUMENT)
    except BaseException:
        files.forget(stored)
        raise


@use_case("page.edit", code="article.file_refused", load=queries.article)
def refuse_file(actor: Actor, thing: Article) -> None:
    """Log that the virus scanner found something; nothing of the file, not even its name, is kept."""
    audit.note(f"{thing.KIND}:{thing.id}")


@use_case("page.edit", code="article.file_added", load=queries.article)
def hang_file(actor: Actor, thing: Article, stored: files.Stored, role: FileRole) -> int:
    """Hang a stored file on this article; its id. Raises Invalid when there are enough."""
    if len(queries.file_ids_of(thing)) >= MOST_FILES:
        raise Invalid(_l("This page holds 200 files already. Make a second page."))
    row = content_services.attach(thing, stored, role)
    db.session.flush()  # The form names it.
    audit.note(f"{thing.KIND}:{thing.id}", file=row.id)
    return row.id


@use_case("page.look", code="article.restored", load=queries.article)
def restore(actor: Actor, thing: Article, language: str, number: int, latest: int) -> int:
    """Make an older version the newest one again, by a copy; nothing is lost and nothing becomes public.

    `latest` is the newest version the reader saw. Raises Conflict when there is a newer one, NotAllowed.
    """
    need(actor, "page.edit" if language == thing.language else "page.translate", thing)
    old = queries.version(thing.id, language, number)
    row = queries.tongue(thing.id, language)
    audit.note(f"{thing.KIND}:{thing.id}", language=language, number=number)
    return add_version(
        actor,
        thing,
        language,
        old.content,
        latest,
        note=f"↺ {number}",
        status=row.status if row else Standing.HUMAN,
        based_on=old.based_on,
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """What of a page is not its text."""

    slug: str
    parent_id: int | None
    in_menu: bool
    wanted: Sequence[str]


@use_case("page.edit", code="article.settings_changed", load=queries.article)
def change_settings(actor: Actor, thing: Article, settings: Settings, version: int) -> None:
    """Change address, place in the menu and wanted languages. Raises Invalid, Conflict."""
    content_services.need_version(thing, version)
    wrong = _settings_problems(thing, settings)
    if wrong:
        raise Invalid("", wrong)
    if thing.spot is Spot.PAGE and settings.slug != thing.slug:
        _readdress(thing, settings.slug)
    if thing.kind == "page" and thing.spot is Spot.PAGE:
        thing.parent_id, thing.in_menu = settings.parent_id, settings.in_menu
    thing.wanted = [code for code in LOCALES if code in settings.wanted and code != thing.language]
    thing.version += 1
    thing.updated_at = clock.now()
    audit.note(f"{thing.KIND}:{thing.id}")
    events.tell("content.changed", thing, public=thing.is_public)


def _had(thing: Article, slug: str) -> bool:
    """Whether an address is one this very article once had."""
    former = queries.former_address(thing.kind, slug)
    return former is not None and former.article_id == thing.id


def _readdress(thing: Article, slug: str) -> None:
    """Move to another address; one that was public leads on to the new one."""
    former = queries.former_address(thing.kind, slug)
    if former is not None:  # Back where it was.
        db.session.delete(former)
    if thing.published_at is not None:
        db.session.add(FormerAddress(article_id=thing.id, kind=thing.kind, slug=thing.slug))
    thing.slug = slug


def _settings_problems(thing: Article, settings: Settings) -> dict[str, Text]:
    wrong: dict[str, Text] = {}
    if settings.slug != thing.slug and thing.spot is Spot.PAGE:
        if not rules.SLUG.fullmatch(settings.slug) or len(settings.slug) > rules.SLUG_MAX:
            wrong["slug"] = _l("Small letters a to z, digits and single hyphens, 60 signs at most.")
        elif settings.slug in {*queries.slugs(thing.kind), *Spot} and not _had(thing, settings.slug):
            wrong["slug"] = _l("Another page has this address. Choose a different one.")
    if settings.parent_id is not None and thing.kind == "page":
        above = _ids_above(settings.parent_id)
        if thing.id in above:
            wrong["parent"] = _l("A page cannot stand below itself.")
        elif len(above) > 2:
            wrong["parent"] = _l("Pages stand three levels deep at most.")
    return wrong


def _ids_above(page_id: int) -> list[int]:
    """A page and the pages above it."""
    found: list[int] = []
    here: int | None = page_id
    while here is not None and here not in found:
        found.append(here)
        here = queries.page(here).parent_id
    return found


@use_case("page.edit", code="article.arranged", load=queries.page)
def arrange(actor: Actor, thing: Page, step: int) -> None:
    """Move a page a place up (-1) or down (1) among those under the same parent."""
    row = queries.siblings(thing)
    by_id = {str(one.id): one for one in row}
    places = sorted(one.position for one in row)
    if len(set(places)) != len(places):  # Two pages made at the same instant may share one.
        places = list(range(places[0], places[0] + len(places)))
    for place, key in zip(places, rules.moved(list(by_id), str(thing.id), step), strict=True):
        by_id[key].position = place
    audit.note(f"{thing.KIND}:{thing.id}", step=step)
    events.tell("content.changed", thing, public=True)


@use_case("page.edit", code="article.dropped", load=queries.article)
def drop(actor: Actor, thing: Article) -> None:
    """Throw away what was never public. Raises Conflict for anything else."""
    if thing.published_at is not None or thing.state != "private":
        raise Conflict(_l("Only what was never public can be thrown away. Withdraw it instead."))
    if queries.children_exist(thing.id):
        raise Conflict(_l("There are pages below this one. Move them first."))
    for row in queries.attachments(queries.file_ids_of(thing)).values():
        db.session.delete(row)
    for table in (ArticleVersion, ArticleText):
        db.session.execute(delete(table).where(table.article_id == thing.id))
    db.session.delete(thing)
    audit.note(f"{thing.KIND}:{thing.id}")
    events.tell("content.removed", thing)
