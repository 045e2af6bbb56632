"""Who may do what to pages and news: the one table.

A team leader proposes and an editor publishes; a translator touches nothing but translations. In a small office
one person holds several roles.
"""

from portal.core.i18n import lazy_gettext as _l
from portal.core.policy import Grant, Permission

PERMISSIONS = (
    Permission(
        "page.look",
        _l("See pages and news that are not public yet"),
        (Grant("editor"), Grant("translator"), Grant("leader"), Grant("admin")),
    ),
    Permission(
        "page.edit",
        _l("Write pages and news and ask for their approval"),
        (Grant("editor"), Grant("leader"), Grant("admin")),
    ),
    Permission(
        "page.publish",
        _l("Publish, schedule and withdraw pages and news"),
        (Grant("editor"), Grant("admin")),
    ),
    Permission(
        "page.translate",
        _l("Translate pages and news and publish the translations"),
        (Grant("translator"), Grant("editor"), Grant("admin")),
    ),
    Permission(
        "alert.manage",
        _l("Put up and take down alerts"),
        (Grant("editor"), Grant("admin")),
    ),
)
