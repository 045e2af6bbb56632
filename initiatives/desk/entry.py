"""The way into a case for every staff page: found, allowed, with its address and the crumbs above it."""

from flask import redirect, url_for
from werkzeug.wrappers import Response as BaseResponse

from initiatives import queries, services
from initiatives.models import Initiative
from initiatives.policy import impartial
from portal.accounts.session import is_reading, open_reading
from portal.core import actor as actors
from portal.core.errors import Missing, NotAllowed, Unexplained
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_gettext as _l
from portal.core.i18n import ngettext
from portal.core.policy import can
from portal.core.readings import Why
from portal.ui.pages import Link

KIND = "initiative"


def opened(number: str, permission: str = "initiative.desk") -> Initiative:
    """The case of a number, if the present member of the staff may do this to it.

    One that is handled without publication opens once it is said what for (R35); the page that asks comes first.
    Raises Missing for what is not there or hidden from them, NotAllowed with the reason where they know
    that the case exists: it is public, they took part in it, or they see it on their desk.
    """
    case = found(number, permission)
    if is_shut(case):
        ask_href = url_for("initiatives.why", number=slug_of(case))
        raise Unexplained(_l("Say what you open the case for, then send it"), ask_href)
    return case


def is_shut(case: Initiative) -> bool:
    """Whether it must be said first what a case is opened for."""
    return case.withheld and not is_reading(KIND, case.id)


def read(case: Initiative, why: Why) -> None:
    """Log why a case is read, and open it for as long as the person stays signed in."""
    services.read_withheld(actors.current(), case.id, why)
    open_reading(KIND, case.id)


def found(number: str, permission: str = "initiative.desk") -> Initiative:
    """Like `opened`, for pages that show nothing of the case."""
    case = queries.case_by_number(number)
    actor = actors.current()
    verdict = can(actor, permission, case)
    if verdict:
        return case
    known = case.is_public or not impartial(actor, case) or can(actor, "initiative.desk", case)
    if not known or case.state == "draft":
        raise Missing
    raise NotAllowed(verdict.reason, verdict.would_help)


def slug_of(case: Initiative) -> str:
    """Its number as it stands in addresses."""
    return (case.number or "").lower()


def href_of(case: Initiative) -> str:
    """Address of the case desk."""
    return url_for("initiatives.case", number=slug_of(case))


def back_to(case: Initiative) -> BaseResponse:
    """To the case desk, after something was done."""
    return redirect(href_of(case), 303)


def crumbs(case: Initiative | None = None) -> list[Link]:
    """The way down to a page of the list, or of one case."""
    found = [
        Link(_("Desk"), url_for("pages.town_desk")),
        Link(_("Initiatives"), url_for("initiatives.desk")),
    ]
    return [*found, Link(case.number or "", href_of(case))] if case is not None else found


def told_to_move(supporters: int) -> list[str]:
    """What it means for so many supporters that a case goes on in another municipality of the portal."""
    if not supporters:
        return []
    return [
        ngettext(
            "There, %(n)s supporter who does not follow it is asked whether to move their support.",
            "There, %(n)s supporters who do not follow it are asked whether to move their support.",
            supporters,
        )
    ]
