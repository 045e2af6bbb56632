"""The only render calls: `page()`, and `say()` for a notice on the next page.

Also builds `site`, the record every template reads for its frame: town, languages, menus, person.
"""

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from zlib import crc32

from flask import (
    Response,
    current_app,
    flash,
    g,
    get_flashed_messages,
    make_response,
    render_template,
    request,
    session,
    url_for,
)
from markupsafe import Markup
from werkzeug.routing import BuildError

from portal.core import actor as actors
from portal.core import taking
from portal.core.i18n import LANGUAGE_NAMES, LOCALES, Text, current_locale, for_templates, gettext, hour
from portal.core.policy import Help, can
from portal.core.registry import PUBLIC, Banner, MenuItem, Place, registry
from portal.core.tenancy import Town
from portal.ui.fragments import fragment, until_change

STATIC = Path(__file__).resolve().parent / "static"


@dataclass(frozen=True, slots=True)
class Link:
    """A labelled address; `current` marks where the reader is, `lang` the label's language if somebody wrote it."""

    label: Text
    href: str
    current: bool = False
    lang: str = ""


@dataclass(frozen=True, slots=True)
class Language:
    """A language of the switch: the same page in it."""

    code: str
    label: str
    href: str
    current: bool


@dataclass(frozen=True, slots=True)
class TownFrame:
    """What the frame shows of a municipality."""

    slug: str
    name: str
    code: str
    tagline: str
    email: str
    phone: str
    address: str
    href: str
    theme_href: str
    mark_href: str


@dataclass(frozen=True, slots=True)
class Person:
    """Who is signed in, as the frame shows it."""

    name: str
    is_staff: bool
    desk_href: str
    account_href: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A message carried over from the last act; kind: success, info, warning or error."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Site:
    """The frame of a page."""

    locale: str
    languages: tuple[Language, ...]
    municipality: TownFrame | None
    menu: tuple[Link, ...]
    desk_menu: tuple[Link, ...]
    person: Person | None
    demo: bool
    home_href: str
    sign_in_href: str
    sign_out_href: str
    follow_href: str
    foot: Markup
    notices: tuple[Notice, ...]
    banners: tuple[Banner, ...]
    accessibility_href: str
    closed: str
    lent_href: str


def page(template: str, /, status: int = 200, **context: Any) -> Response:
    """Render a page. `context` holds ready records; texts and frame are added here."""
    locale = current_locale()
    response = make_response(
        render_template(template, **for_templates(locale), site=site(), **context), status
    )
    response.headers["Content-Language"] = locale
    return response


def say(text: Text, kind: str = "success") -> None:
    """Show `text` on the next page; kind: success, info, warning or error."""
    flash(str(text), kind)


def address(endpoint: str, /, **values: Any) -> str:
    """`url_for`, or an empty string while no module offers this page."""
    if endpoint not in current_app.view_functions:
        return ""
    try:
        return url_for(endpoint, **values)
    except BuildError:
        return ""


def public_address(endpoint: str, /, **values: Any) -> str:
    """`url_for` for readers elsewhere: in files, feeds and on paper, where a path alone leads nowhere.

    Under the portal's own name, whatever name and port the request used: such a page may be kept (R17).
    """
    base: str = current_app.extensions["portal.settings"].base_url
    return base + url_for(endpoint, **values)


def site() -> Site:
    """The frame of the page being rendered."""
    if "site" in g:
        kept: Site = g.site
        return kept
    town: Town | None = g.get("town")
    locale = current_locale()
    actor = actors.current()
    standing = _standing_of(town, locale)
    made = g.site = Site(
        locale=locale,
        languages=_languages(locale),
        municipality=standing.municipality,
        menu=_menu(standing.menu, _written(town, locale)),
        desk_menu=_menu(standing.desk_menu) if g.get("on_desk") else (),
        person=_person(actor, town),
        demo=g.get("shows_demo", False),
        home_href=standing.home_href,
        sign_in_href=standing.sign_in_href,
        sign_out_href=standing.sign_out_href,
        follow_href=standing.follow_href,
        foot=standing.foot,
        notices=_notices(),
        banners=_banners(town),
        accessibility_href=standing.accessibility_href,
        closed=_closed(actor),
        lent_href=address("accounts.operator_access") if town and town.id in actor.lent else "",
    )
    return made


def _closed(actor: actors.Actor) -> str:
    """What stands above every page while forms are not taken; empty otherwise."""
    takes = taking.now()
    if takes.read_only_until is not None:
        return gettext(
            "The portal is being updated: everything can be read, and forms open again by themselves at about %(hour)s.",
            hour=hour(takes.read_only_until),
        )
    if not takes.forms and not actor.is_staff:
        return gettext("We cannot take forms just now. Everything can be read.")
    return ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What of the frame municipality and language decide alone; menus with the address of each entry."""

    municipality: TownFrame | None
    menu: tuple[tuple[MenuItem, str], ...]
    desk_menu: tuple[tuple[MenuItem, str], ...]
    home_href: str
    sign_in_href: str
    sign_out_href: str
    follow_href: str
    foot: Markup
    accessibility_href: str


_standings: dict[tuple[str, str, str], tuple[Town | None, Standing]] = {}


def _standing_of(town: Town | None, locale: str) -> Standing:
    """Made once per municipality and language: twenty addresses would be a tenth of a page's time."""
    key = (request.script_root, locale, town.slug if town else "")
    kept = _standings.get(key)
    if kept is not None and kept[0] == town:
        return kept[1]
    frame = town_frame(town) if town else None
    follow_href = address("initiatives.follow")
    made = Standing(
        municipality=frame,
        menu=_entries(town, desk=False),
        desk_menu=_entries(town, desk=True),
        home_href=url_for("pages.home"),
        sign_in_href=address("accounts.sign_in"),
        sign_out_href=address("accounts.sign_out"),
        follow_href=follow_href,
        foot=fragment(
            "ui/_foot.html",
            frame,
            follow_href,
            municipality=frame,
            links=_footer(town),
            follow_href=follow_href,
        ),
        accessibility_href=address("pages.town_accessibility" if town else "pages.accessibility"),
    )
    _standings[key] = (town, made)
    return made


def look_version(town: Town) -> str:
    """Which colours and mark a municipality has; part of the addresses under which browsers keep them for a year."""
    # The same in every process and after every start, unlike `hash`, or browsers would fetch it anew each time.
    return f"{crc32(repr((sorted(town.colours.items()), town.mark, town.code)).encode()):x}"


def town_frame(town: Town) -> TownFrame:
    """What the frame and the town cards show of a municipality."""
    version = look_version(town)
    return TownFrame(
        slug=town.slug,
        name=town.name,
        code=town.code,
        tagline=town.tagline,
        email=town.contact.get("email", ""),
        phone=town.contact.get("phone", ""),
        address=town.contact.get("address", ""),
        href=url_for("pages.town", town=town.slug),
        theme_href=url_for("pages.theme", slug=town.slug, v=version),
        mark_href=url_for("pages.mark", slug=town.slug, v=version),
    )


def _languages(locale: str) -> tuple[Language, ...]:
    """The same page in each language; the front page where there is no page."""
    before = f"{request.script_root}/"
    if request.endpoint and "lang" in g.get("address_values", {}):
        # The language is the first part of every address that has one.
        rest = quote(request.path.removeprefix(f"/{locale}"))
        if request.method == "GET" and request.args:
            rest += "?" + urlencode(list(request.args.items(multi=True)))
    else:
        rest = url_for("pages.home", lang=locale)[len(before) + len(locale) :]
    return tuple(
        Language(code, LANGUAGE_NAMES[code], f"{before}{code}{rest}", code == locale) for code in LOCALES
    )


def _entries(town: Town | None, *, desk: bool) -> tuple[tuple[MenuItem, str], ...]:
    """Every entry of a menu with its address, whoever may see it."""
    place = Place.TOWN if town else Place.PORTAL
    items = [
        item
        for module in registry.modules
        for item in module.menu
        if item.place is place and item.desk is desk
    ]
    return tuple((item, url_for(item.endpoint)) for item in sorted(items, key=lambda item: item.order))


def _menu(
    entries: tuple[tuple[MenuItem, str], ...], written: tuple[tuple[int, Link], ...] = ()
) -> tuple[Link, ...]:
    """The entries this reader may use, those that an office wrote among them."""
    actor = actors.current()
    known = [(item.order, Link(item.label, href)) for item, href in entries if _may_see(actor, item)]
    seen = (
        [link for _order, link in sorted([*known, *written], key=lambda pair: pair[0])]
        if written
        else [link for _order, link in known]
    )
    # Of entries whose addresses begin alike, the longest is where the reader is.
    here = max((link.href for link in seen if _is_here(link.href)), key=len, default="")
    return tuple(replace(link, current=True) if link.href == here else link for link in seen)


def _written(town: Town | None, locale: str) -> tuple[tuple[int, Link], ...]:
    """Entries of the municipality's menu that modules read from the database, kept until something changes."""
    if town is None or not _may_ask():
        return ()

    def read() -> tuple[tuple[int, Link], ...]:
        return tuple(
            (
                entry.order,
                Link(entry.label, entry.href, lang="" if entry.language == locale else entry.language),
            )
            for module in registry.modules
            for menu in module.menus
            for entry in menu()
        )

    return until_change(f"menu:{locale}", read)


def _banners(town: Town | None) -> tuple[Banner, ...]:
    if town is None or not _may_ask():
        return ()
    return tuple(banner for module in registry.modules for banners in module.banners for banner in banners())


def _may_ask() -> bool:
    """The frame of an error page is drawn without the database, which may be what failed."""
    return not g.get("failed", False)


def _may_see(actor: actors.Actor, item: MenuItem) -> bool:
    if item.permission == PUBLIC:
        return True
    verdict = can(actor, item.permission)
    # Who only has to sign in once more still finds the entry.
    return bool(verdict) or verdict.would_help is Help.SIGN_IN_AGAIN


def _is_here(href: str) -> bool:
    path = request.path
    return path == href or (
        href.count("/") > 2 and path.startswith(href.rstrip("/") + "/") and not href.endswith(("/", "/desk"))
    )


def _person(actor: actors.Actor, town: Town | None) -> Person | None:
    if not actor.signed_in:
        return None
    in_town = bool(town and actor.roles.get(town.id))
    desk = url_for("pages.town_desk") if in_town else address("pages.desk") if actor.is_staff else ""
    return Person(actor.name, actor.is_staff, desk, address("accounts.account"))


def _footer(town: Town | None) -> tuple[Link, ...]:
    prefix = "pages.town_" if town else "pages."
    return (
        Link(gettext("Accessibility statement"), address(prefix + "accessibility")),
        Link(gettext("Privacy"), address(prefix + "privacy")),
        Link(gettext("Contact"), address(prefix + "contact")),
        Link(gettext("Help"), address("pages.help")),
        Link(gettext("Open data"), address("pages.open_data")),
        Link(gettext("About the portal"), address("pages.about")),
    )


def _notices() -> tuple[Notice, ...]:
    # Asking for flashes would start a session for every visitor; only a session that is there holds some.
    if "_flashes" not in session:
        return ()
    told: Any = get_flashed_messages(with_categories=True)
    return tuple(Notice(kind, text) for kind, text in told)


@lru_cache(maxsize=1)
def manifest() -> dict[str, str]:
    """Logical name → hashed file of the built front end; empty before the first build."""
    path = STATIC / "manifest.json"
    return dict(json.loads(path.read_text())) if path.exists() else {}


def asset(name: str) -> str:
    """Address of a built front-end file."""
    return f"/static/{manifest().get(name, name)}"
