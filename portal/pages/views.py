"""Pages that everybody reads: home, municipalities, and the texts a public site must have."""

from dataclasses import dataclass

from flask import Response as FlaskResponse
from flask import current_app, g, jsonify, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.core.errors import Missing
from portal.core.i18n import Text, current_locale
from portal.core.i18n import gettext as _
from portal.core.registry import registry
from portal.core.tenancy import Town
from portal.maps.folium_map import MapParts, render_map
from portal.maps.geo import Point
from portal.pages import queries
from portal.pages.rules import StatementDates, statement_dates
from portal.ui import structured
from portal.ui.pages import Link, TownFrame, address, page, public_address, town_frame

MAP_ID = "towns"
MAP_ZOOM = 7
MIDDLE = (50.5, 19.5)
"""Between Poland and Czechia, while there is no municipality to look at."""
OWN_TILES = "/map/tiles/{z}/{x}/{y}.svg"


def root() -> BaseResponse:
    """Choose the language the browser asks for, else Polish, and go on; every visitor anew."""
    response = redirect(url_for("pages.home", lang=current_locale()))
    response.headers["Cache-Control"] = "no-store"
    response.headers["Vary"] = "Accept-Language"
    return response


@dataclass(frozen=True, slots=True)
class Tile:
    """Something people come for."""

    href: str
    icon: str
    title: str
    text: str


def home() -> FlaskResponse:
    """The front page: the five things people come for, what is new, the municipalities."""
    tiles = (
        Tile(
            url_for("pages.municipalities", to="file"),
            "initiative",
            _("File an initiative"),
            _("Say what should change where you live. No account is needed."),
        ),
        Tile(
            address("initiatives.everywhere"),
            "map",
            _("See what others proposed"),
            _("Read, support and comment on the initiatives of your neighbours."),
        ),
        Tile(
            address("initiatives.follow"),
            "follow",
            _("Follow your case"),
            _("See where it stands and who has the next step, by its number and code."),
        ),
        Tile(
            url_for("pages.municipalities"),
            "office",
            _("Find your municipality"),
            _("What you can do there, what it has decided, and how to reach its team."),
        ),
        Tile(
            address("accounts.sign_in"),
            "person",
            _("Sign in"),
            _("Residents find all their cases in one place, staff find their desk."),
        ),
    )
    return page(
        "pages/home.html",
        title=_("What should change where you live?"),
        fronts=queries.fronts(),
        tiles=[tile for tile in tiles if tile.href],
        search_href=address("search.results"),
        news=queries.news(),
        towns=_cards(),
        meta=_portal_meta(),
    )


def _portal_meta() -> structured.Meta:
    """The portal as a site with a search of its own."""
    words = _(
        "Residents propose what should change where they live, and see every step of the office in public."
    )
    find = f"{public_address('search.results')}?q={{words}}"
    site = {
        "@type": "WebSite",
        "name": _("Residents’ Portal"),
        "url": public_address("pages.home"),
        "inLanguage": current_locale(),
        "potentialAction": {
            "@type": "SearchAction",
            "target": {"@type": "EntryPoint", "urlTemplate": find},
            "query-input": "required name=words",
        },
    }
    return structured.meta(words, site)


@dataclass(frozen=True, slots=True)
class TownCard:
    """A municipality in a list: its frame, where its card leads, how many people live there."""

    frame: TownFrame
    href: str
    population: int | None


def _cards(endpoint: str = "pages.town") -> list[TownCard]:
    return [
        TownCard(
            town_frame(town),
            address(endpoint, town=town.slug) or url_for("pages.town", town=town.slug),
            town.population,
        )
        for town in queries.towns_in_order()
    ]


def municipalities() -> FlaskResponse:
    """All municipalities as a list and a map; with `to=file` each leads straight to filing."""
    to_file = request.args.get("to") == "file"
    return page(
        "pages/municipalities.html",
        title=_("Which municipality is it about?") if to_file else _("Municipalities"),
        to_file=to_file,
        towns=_cards("initiatives.new" if to_file else "pages.town"),
        map=_map(),
        map_script_href=url_for("pages.municipalities_map"),
    )


def _map() -> MapParts:
    centres = [town.centre for town in queries.towns_in_order()] or [MIDDLE]
    lats, lons = [lat for lat, _lon in centres], [lon for _lat, lon in centres]
    return render_map(
        MAP_ID,
        Point((min(lats) + max(lats)) / 2, (min(lons) + max(lons)) / 2),
        MAP_ZOOM,
        OWN_TILES,
        _("Map drawn for this portal"),
        points_url=url_for("pages.municipalities_points"),
    )


def municipalities_map() -> FlaskResponse:
    """The script of the map of municipalities."""
    response = FlaskResponse(_map().script, mimetype="text/javascript")
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


def municipalities_points() -> FlaskResponse:
    """Pins of the municipalities, and the card of one of them (`?card=id`), in the shape map.js reads."""
    towns = queries.towns_in_order()
    wanted = request.args.get("card")
    if wanted is not None:
        town = next((town for town in towns if str(town.id) == wanted), None)
        if town is None:
            raise Missing
        answer = jsonify(
            title=town.name, href=url_for("pages.town", town=town.slug), state="", category=town.tagline
        )
    else:
        # There are few of them: whatever box is asked for, all come.
        answer = jsonify(
            cells=[],
            points=[[town.id, town.name, town.centre[0], town.centre[1], "", "chosen"] for town in towns],
        )
    answer.headers["Cache-Control"] = "public, max-age=60"
    return answer


def town() -> FlaskResponse:
    """The page of a municipality: what one can do, what is new, figures, team and contact."""
    town: Town = g.town
    tiles = (
        Tile(
            address("initiatives.new"),
            "initiative",
            _("File an initiative"),
            _("Say what should change here. No account is needed."),
        ),
        Tile(
            address("initiatives.listing"),
            "list",
            _("Read the initiatives"),
            _("Support, follow and comment on what your neighbours filed."),
        ),
        Tile(
            address("initiatives.map"),
            "map",
            _("See them on the map"),
            _("What is proposed, decided and built in your street."),
        ),
    )
    return page(
        "pages/town.html",
        title=town.name,
        town=town,
        fronts=queries.fronts(),
        tiles=[tile for tile in tiles if tile.href],
        search_href=address("search.town_results"),
        news=queries.news(),
        numbers=queries.numbers(),
        contact=queries.contact_of(town),
        meta=structured.meta(
            town.intro or _("Say what should change here, and see what the office makes of it."),
            structured.office(town),
        ),
    )


def about() -> FlaskResponse:
    """What the portal is and who makes it."""
    return page("pages/about.html", title=_("About the portal"), towns=queries.towns_in_order())


def help_() -> FlaskResponse:
    """How to file, follow and read a case; the keyboard; where the programme's documents disagree."""
    return page("pages/help.html", title=_("Help"), follow_href=address("initiatives.follow"))


def contact() -> FlaskResponse:
    """Whom to write to: each municipality for its cases."""
    offices = [(town, queries.contact_of(town)) for town in queries.towns_in_order()]
    return page("pages/contact.html", title=_("Contact"), offices=offices)


def open_data() -> FlaskResponse:
    """What may be taken away and used, in which formats and on which terms."""
    return page(
        "pages/open_data.html",
        title=_("Open data"),
        towns=queries.towns_in_order(),
        base_url=_base_url(),
        dataset_href=address("initiatives.codebook"),
        figures_href=address("initiatives.statistics_everywhere"),
    )


@dataclass(frozen=True, slots=True)
class Statement:
    """What an accessibility statement names. `country` decides on the law behind it: PL or CZ."""

    body: str
    url: str
    country: str
    contact: queries.Contact | None
    dates: StatementDates


def accessibility() -> FlaskResponse:
    """The accessibility statement of the shared pages; the leading partner answers for it."""
    leading = queries.leading_town()
    statement = Statement(
        body=leading.name if leading else _("Residents’ Portal"),
        url=_base_url() + url_for("pages.home"),
        country=leading.country if leading else "PL",
        contact=queries.contact_of(leading) if leading else None,
        dates=statement_dates(leading.contact.get("statement", {}) if leading else {}),
    )
    return page("pages/accessibility.html", title=_("Accessibility statement"), statement=statement)


def privacy() -> FlaskResponse:
    """What the portal does with personal data wherever one is; each municipality is controller of its own."""
    return page(
        "pages/privacy.html",
        title=_("Privacy"),
        towns=queries.towns_in_order(),
        kept=_kept(),
    )


def _kept() -> list[tuple[Text, Text, Text, str]]:
    """Data, when asked, who sees it, how long: from the records that also end it, so both say the same."""
    return [(row.title, row.asked, row.seen, str(row.period)) for row in registry.retentions() if row.asked]


def town_accessibility() -> FlaskResponse:
    """The accessibility statement of a municipality's pages."""
    town: Town = g.town
    statement = Statement(
        body=town.name,
        url=_base_url() + url_for("pages.town"),
        country=town.country,
        contact=queries.contact_of(town),
        dates=statement_dates(town.contact.get("statement", {})),
    )
    return page(
        "pages/accessibility.html",
        title=_("Accessibility statement"),
        statement=statement,
        crumbs=_town_crumbs(town),
    )


def town_privacy() -> FlaskResponse:
    """The privacy notice of a municipality, controller of everything filed with it."""
    town: Town = g.town
    return page(
        "pages/town_privacy.html",
        title=_("Privacy notice"),
        kept=_kept(),
        town=town,
        contact=queries.contact_of(town),
        crumbs=_town_crumbs(town),
    )


def town_contact() -> FlaskResponse:
    """How to reach the team of a municipality."""
    town: Town = g.town
    return page(
        "pages/town_contact.html",
        title=_("Contact"),
        town=town,
        contact=queries.contact_of(town),
        crumbs=_town_crumbs(town),
    )


def _town_crumbs(town: Town) -> tuple[Link, ...]:
    label: Text = town.name
    return (Link(label, url_for("pages.town")),)


def _base_url() -> str:
    base: str = current_app.extensions["portal.settings"].base_url
    return base
