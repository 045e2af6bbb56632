"""How long the portal keeps what guards its forms and what its work leaves behind."""

from portal.core import jobs, throttle
from portal.core.i18n import Filled
from portal.core.i18n import lazy_gettext as _l
from portal.core.registry import Retention

RETENTION = (
    Retention(
        "content.network",
        _l("The network address of your device"),
        Filled("%(n)s hours", {"n": throttle.KEPT_HOURS}),
        asked=_l("Never stored. A keyed fingerprint of it guards forms against floods."),
        seen=_l("Nobody"),
        due=throttle.count_old,
        erase=lambda _limit: throttle.purge(),
        everywhere=True,
        order=40,
    ),
    Retention(
        "content.job",
        _l("Work the portal has done, with what it needed for it"),
        Filled("%(n)s days", {"n": jobs.KEPT.days}),
        due=jobs.count_old,
        erase=lambda _limit: jobs.purge(),
        everywhere=True,
        order=41,
    ),
)
