"""Record of the search."""

from pathlib import Path

from portal.core.i18n import lazy_gettext as _l
from portal.core.registry import Daily, Module
from portal.search import index, services
from portal.search.cli import search_group
from portal.search.routes import ROUTES

MODULE = Module(
    name="search",
    title=_l("Search"),
    routes=ROUTES,
    commands=(search_group,),
    daily=(Daily("search.words", services.forget_words, hour=4),),
    templates=str(Path(__file__).parent / "templates"),
    start=index.start,
)
