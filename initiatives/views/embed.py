"""Initiatives inside pages of others: a light page for a frame, and the page that gives the code for it.

Only these may be framed (`g.framed`). They hold no form, no script and nothing of who reads them.
"""

from flask import Response, g, request
from markupsafe import escape

from initiatives import queries, services
from initiatives.models import Initiative
from initiatives.views import browse
from portal.content import queries as content
from portal.core.errors import Missing
from portal.core.i18n import current_locale, foreign
from portal.core.i18n import gettext as _
from portal.ui.pages import Link, page, public_address
from portal.ui.templating import url_for

SHOWN = 5
HEIGHT_ONE, HEIGHT_LIST = 300, 560
"""Pixels at which the usual text fits; a longer one scrolls inside the frame."""


def _public(number: str) -> Initiative:
    case = queries.case_by_number(number, with_sheets=False)
    if not case.is_public:
        raise Missing
    return case


def one(number: str) -> Response:
    """One initiative for a frame: what it is called, where it stands, who acts next and until when."""
    case = _public(number)
    g.framed = True
    due = content.open_deadlines(*case.about) if case.state in services.TIMED else []
    return page(
        "initiatives/embed.html",
        title=case.title,
        foreign=foreign(case.language),
        case=case,
        category=queries.category_label(case.category),
        due=due[0].due_on if due else None,
        href=public_address("initiatives.detail", number=(case.number or "").lower()),
    )


def several() -> Response:
    """The first few of a list for a frame, under the filters of the address."""
    g.framed = True
    wanted = queries.wanted_from(request.args)
    found = queries.listing(wanted, None, SHOWN)
    return page(
        "initiatives/embed_list.html",
        title=_("Initiatives: %(town)s", town=g.town.name),
        cards=[(card, public_address("initiatives.detail", number=card.slug)) for card in found.items],
        locale=current_locale(),
        href=public_address("initiatives.listing", **browse.filters_of(wanted)),
    )


def code(number: str) -> Response:
    """The code that shows one initiative on another site."""
    case = _public(number)
    slug = (case.number or "").lower()
    return _code(
        _("Show “%(title)s” on your site", title=case.title),
        public_address("initiatives.embed", number=slug),
        case.title,
        HEIGHT_ONE,
        Link(case.number or "", url_for("initiatives.detail", number=slug)),
    )


def list_code() -> Response:
    """The code that shows a list on another site, with the filters it was come from."""
    wanted = queries.wanted_from(request.args)
    filters = browse.filters_of(wanted)
    return _code(
        _("Show this list on your site"),
        public_address("initiatives.embed_list", **filters),
        _("Initiatives: %(town)s", town=g.town.name),
        HEIGHT_LIST,
        Link(_("Initiatives"), url_for("initiatives.listing", **filters)),
    )


def _code(title: str, address: str, label: str, height: int, back: Link) -> Response:
    frame = f'<iframe src="{escape(address)}" title="{escape(label)}" width="100%" height="{height}" loading="lazy"></iframe>'
    return page(
        "initiatives/embed_code.html",
        title=title,
        crumbs=[Link(_("Home"), url_for("pages.home")), Link(g.town.name, url_for("pages.town")), back],
        code=frame,
        address=address,
    )
