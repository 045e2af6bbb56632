"""Record of pages and news."""

from pathlib import Path

from flask import url_for

from portal.articles import jobs, messages, queries, views
from portal.articles.api import OPERATIONS, SCHEMAS
from portal.articles.desk.work import WORK
from portal.articles.models import Article, NewsItem, Page, Spot
from portal.articles.policy import PERMISSIONS
from portal.articles.privacy import PERSONAL
from portal.articles.routes import ROUTES
from portal.articles.states import WORKFLOW
from portal.core import clock, tenancy
from portal.core.i18n import lazy_gettext as _l
from portal.core.i18n import lazy_pgettext as _p
from portal.core.registry import (
    Banner,
    ContentType,
    Front,
    JobKind,
    MenuEntry,
    MenuItem,
    Module,
    News,
    SetupTask,
    SitePage,
)
from portal.core.tenancy import town_by_id
from portal.ui.fragments import until_change


def _address(thing: Article) -> str:
    town = town_by_id(thing.municipality_id).slug
    if thing.spot is Spot.PAGE:
        return f"/{town}/{'pages' if thing.kind == 'page' else 'news'}/{thing.slug}"
    return f"/{town}/" if thing.spot is Spot.FRONT else "/"


def _menu() -> list[MenuEntry]:
    return [
        MenuEntry(leaf.title, url_for("articles.page", slug=leaf.slug), leaf.language)
        for leaf in queries.menu()
    ]


def _banners() -> list[Banner]:
    """Alerts that run now. They are read once per public change; the clock is asked each time."""
    town_id = tenancy.current_id()
    if town_id is None:
        return []
    first, now = town_by_id(town_id).language, clock.now()
    lines = until_change("articles.alerts", queries.coming_alerts)
    return [Banner(line.level.value, *line.text(first), line.link()) for line in lines if line.runs(now)]


def _sitemap() -> list[SitePage]:
    found = []
    for town in tenancy.towns().values():
        with tenancy.within(town.id):
            for one in queries.addresses():
                endpoint = "articles.page" if one.kind == "page" else "articles.news_item"
                found.append(SitePage(endpoint, {"town": town.slug, "slug": one.slug}, one.languages))
    return found


def _seed() -> None:
    from portal.articles import seed  # noqa: PLC0415 - it draws pictures, which no server needs

    seed.plant()


MODULE = Module(
    name="articles",
    title=_l("Pages and news"),
    routes=ROUTES,
    permissions=PERMISSIONS,
    workflows=(WORKFLOW,),
    content_types=(
        ContentType(
            "news", _l("News"), NewsItem, WORKFLOW, queries.news_item, _address, index=queries.search_text
        ),
        ContentType(
            "page", _p("content", "Pages"), Page, WORKFLOW, queries.page, _address, index=queries.search_text
        ),
    ),
    menu=(
        MenuItem("articles.news", _l("News"), order=40),
        MenuItem("articles.desk", _l("Pages and news"), permission="page.look", desk=True, order=60),
        MenuItem(
            "articles.translations", _l("Translations"), permission="page.translate", desk=True, order=62
        ),
        MenuItem("articles.alerts", _l("Alerts"), permission="alert.manage", desk=True, order=64),
    ),
    jobs=(
        JobKind("article.publish", jobs.publish),
        JobKind("article.expire", jobs.expire),
        JobKind("alert.turn", jobs.turn_alert),
    ),
    notices=messages.NOTICES,
    personal=(PERSONAL,),
    work=WORK,
    news=(News("news", _l("News"), queries.newest_news, "articles/_news_card.html", "articles.news"),),
    fronts=(Front("articles", "articles/_front.html", views.front),),
    banners=(_banners,),
    menus=(_menu,),
    sitemap=(_sitemap,),
    setup=(
        SetupTask(
            "first-page",
            _l("Your first page"),
            _l(
                "A page in your own words, such as who answers residents and how. We put contacts, questions and the newest of your municipality on it; you write the rest."
            ),
            "articles.new",
            "page.edit",
            _l("Write a page"),
            queries.first_page_standing,
            {"start": "office"},
        ),
    ),
    seed=_seed,
    templates=str(Path(__file__).parent / "templates"),
    reserved_slugs=("news", "pages"),
    api=OPERATIONS,
    api_schemas=SCHEMAS,
)
