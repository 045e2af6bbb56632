"""THE list of modules, in the order their records are read. A new module is one line here."""

from initiatives.module import MODULE as INITIATIVES
from portal.accounts.module import MODULE as ACCOUNTS
from portal.api.module import MODULE as API
from portal.articles.module import MODULE as ARTICLES
from portal.content.module import MODULE as CONTENT
from portal.core.registry import Module
from portal.notify.module import MODULE as NOTIFY
from portal.pages.module import MODULE as PAGES
from portal.privacy.module import MODULE as PRIVACY
from portal.search.module import MODULE as SEARCH

MODULES: tuple[Module, ...] = (
    NOTIFY,
    ACCOUNTS,
    CONTENT,
    SEARCH,
    INITIATIVES,
    ARTICLES,
    PAGES,
    API,
    PRIVACY,
)
