"""Pages that everybody reads: status, language, one heading, and what the law asks of them."""

import re
from html.parser import HTMLParser

import pytest
from flask import Flask

from portal.core import tenancy
from portal.core.config import Settings
from portal.core.registry import Module, News, registry
from portal.core.tenancy import Town
from portal.pages import views
from portal.pages.rules import RELEASED
from portal.pages.views import TownCard
from tests.factories.browser import Browser
from tests.factories.towns import make_town

PORTAL_PATHS = (
    "",
    "municipalities",
    "municipalities?to=file",
    "about",
    "help",
    "accessibility",
    "privacy",
    "contact",
    "open-data",
)
TOWN_PATHS = ("", "accessibility", "privacy", "contact")
STATEMENT_IDS = {
    "a11y-wstep",
    "a11y-podmiot",
    "a11y-url",
    "a11y-data-publikacja",
    "a11y-data-aktualizacja",
    "a11y-status",
    "a11y-data-sporzadzenie",
    "a11y-data-przeglad",
    "a11y-kontakt",
    "a11y-osoba",
    "a11y-email",
    "a11y-telefon",
    "a11y-procedura",
    "a11y-architektura",
}


class Elements(HTMLParser):
    """The elements of a page that carry an id: id → (tag, attributes, text inside)."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.by_id: dict[str, tuple[str, dict[str, str]]] = {}
        self.text: dict[str, str] = {}
        self.doubles: list[str] = []
        self._open: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.tags.append((tag, values))
        id_ = values.get("id", "")
        if id_:
            if id_ in self.by_id:
                self.doubles.append(id_)
            self.by_id[id_] = (tag, values)
            self.text[id_] = ""
        if tag not in ("meta", "link", "input", "img", "br", "hr", "use", "path"):
            self._open.append((tag, id_))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        for _tag, id_ in self._open:
            if id_:
                self.text[id_] += data


def read(client: Browser, path: str) -> Elements:
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status)
    return Elements(answer.text)


@pytest.mark.parametrize("lang", ["pl", "cs", "en"])
@pytest.mark.parametrize("path", [*PORTAL_PATHS, *(f"lublin/{path}" for path in TOWN_PATHS)])
def test_every_page_has_one_heading_and_its_language(
    client: Browser, town: Town, lang: str, path: str
) -> None:
    page = read(client, f"/{lang}/{path}")
    tags = [tag for tag, _ in page.tags]
    assert tags.count("h1") == 1
    assert tags.count("main") == 1
    assert dict(page.tags)["html"]["lang"] == lang
    assert not page.doubles


@pytest.mark.parametrize("path", [*PORTAL_PATHS, *(f"lublin/{path}" for path in TOWN_PATHS)])
def test_public_pages_start_no_session_and_hold_no_token(client: Browser, town: Town, path: str) -> None:
    answer = client.get(f"/pl/{path}")
    assert "Set-Cookie" not in answer.headers
    assert "csrf_token" not in answer.text
    assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", PORTAL_PATHS)
def test_an_empty_installation_has_pages_too(client: Browser, path: str) -> None:
    read(client, f"/en/{path}")


@pytest.mark.parametrize("path", TOWN_PATHS)
def test_a_town_without_contacts_has_pages_too(client: Browser, path: str) -> None:
    make_town("swidnik", contact={}, colours={}, population=None)
    page = read(client, f"/pl/swidnik/{path}")
    assert not [
        values for tag, values in page.tags if tag == "a" and values.get("href") in ("mailto:", "tel:")
    ]


@pytest.mark.parametrize(
    ("asked", "language"),
    [("cs", "cs"), ("en-GB,en;q=0.9,pl;q=0.2", "en"), ("de,fr", "pl"), ("", "pl"), ("sk,cs;q=0.7", "cs")],
)
def test_the_front_door_leads_to_the_readers_language(client: Browser, asked: str, language: str) -> None:
    answer = client.get("/", headers={"Accept-Language": asked} if asked else {})
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/{language}/"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Accept-Language" in answer.headers["Vary"]


def test_an_unknown_language_or_town_is_missing(client: Browser, town: Town) -> None:
    assert client.get("/de/").status_code == 404
    assert client.get("/pl/atlantis/").status_code == 404


def test_home_names_every_town_and_what_people_come_for(
    client: Browser, town: Town, other_town: Town
) -> None:
    text = client.get("/en/").text
    for href in (
        "/en/lublin/",
        "/en/ostrava-jih/",
        "/en/municipalities?to=file",
        "/en/search",
        "/en/sign-in",
    ):
        assert f'href="{href}"' in text or f'action="{href}"' in text, href
    assert "Ostrava-South" in text


def test_what_is_new_comes_from_the_modules(
    client: Browser, town: Town, other_town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int | None] = []

    def newest(limit: int) -> list[TownCard]:
        asked.append(tenancy.current_id())
        return views._cards()[:limit]

    menus = tuple(Module(name=m.name, title=m.title, menu=m.menu) for m in registry.modules)
    fresh = News("towns", "Fresh things", newest, "ui/macros/icon.html", "initiatives.listing")
    silent = News("silent", "Nothing of this", lambda _: [], "ui/macros/icon.html", "initiatives.listing")
    monkeypatch.setattr(
        registry, "modules", (*menus, Module(name="stub", title="Stub", news=(fresh, silent)))
    )
    home, page = client.get("/en/").text, client.get("/en/lublin/").text
    assert asked == [None, town.id]
    assert "Fresh things" in home
    assert "Fresh things" in page
    assert "Nothing of this" not in home + page
    assert 'href="/en/lublin/initiatives">See all' in page
    assert "Nothing has been published here yet" not in page


def test_towns_stand_in_the_order_of_the_language(client: Browser) -> None:
    for slug, name in (("zary", "Żary"), ("chelm", "Chełm"), ("cesky", "Český Těšín"), ("hlucin", "Hlučín")):
        make_town(slug, code=slug[:3].upper(), name={"pl": name})
    found = re.findall(r'class="card__link" href="/cs/([a-z]+)/"', client.get("/cs/municipalities").text)
    assert found == ["cesky", "hlucin", "chelm", "zary"]


def test_to_file_leads_straight_to_filing(client: Browser, town: Town) -> None:
    text = client.get("/pl/municipalities?to=file").text
    assert 'href="/pl/lublin/initiatives/new"' in text
    assert "data-map-open" not in text


def test_the_map_of_towns_asks_only_us(client: Browser, town: Town) -> None:
    script = client.get("/pl/municipalities/map.js")
    assert script.mimetype == "text/javascript"
    assert "/map/tiles/" in script.text
    assert "/pl/municipalities/points.json" in script.text
    assert "://" not in script.text


def test_points_and_cards_of_the_map(client: Browser, town: Town) -> None:
    rows = client.get("/pl/municipalities/points.json?box=1,2,3,4&zoom=7").get_json()
    assert rows == {"cells": [], "points": [[town.id, "Lublin", *town.centre, "", "chosen"]]}
    card = client.get(f"/pl/municipalities/points.json?card={town.id}").get_json()
    assert card == {"title": "Lublin", "href": "/pl/lublin/", "state": "", "category": ""}
    assert client.get("/pl/municipalities/points.json?card=999").status_code == 404


@pytest.mark.parametrize(
    "path", ["/pl/accessibility", "/pl/lublin/accessibility", "/cs/ostrava-jih/accessibility"]
)
def test_the_statement_has_each_id_once_where_validators_look(
    client: Browser, town: Town, other_town: Town, path: str
) -> None:
    page = read(client, path)
    assert {id_ for id_ in page.by_id if id_.startswith("a11y-")} == STATEMENT_IDS
    assert not page.doubles
    for id_ in ("publikacja", "aktualizacja", "sporzadzenie", "przeglad"):
        tag, values = page.by_id[f"a11y-data-{id_}"]
        assert (tag, values["datetime"]) == ("time", RELEASED.isoformat())
    assert page.by_id["a11y-url"][1]["href"] == page.text["a11y-url"]
    assert page.by_id["a11y-email"][1]["href"].startswith("mailto:")
    assert page.by_id["a11y-telefon"][1]["href"] == "tel:+48000000001"
    assert all(page.text[id_].strip() for id_ in STATEMENT_IDS)


def test_the_statement_is_of_the_town_and_its_country(client: Browser, town: Town, other_town: Town) -> None:
    polish, czech = (read(client, f"/en/{slug}/accessibility") for slug in ("lublin", "ostrava-jih"))
    assert polish.text["a11y-podmiot"] == "Lublin"
    assert polish.text["a11y-url"].endswith("/en/lublin/")
    assert "4 April 2019" in polish.text["a11y-status"]
    assert "partially conformant" in polish.text["a11y-status"]
    assert "7 days" in polish.text["a11y-procedura"]
    assert czech.text["a11y-podmiot"] == "Ostrava-South"
    assert "99/2019" in czech.text["a11y-status"]
    assert "Digital and Information Agency" in czech.text["a11y-procedura"]


def test_a_town_states_its_own_dates_and_access(client: Browser) -> None:
    make_town(
        "swidnik",
        contact={
            "email": "a@swidnik.example",
            "phone": "1",
            "coordinator": "Biuro Dostępności",
            "access": {"pl": "Winda w holu."},
            "statement": {"reviewed": "2027-03-30"},
        },
    )
    page = read(client, "/pl/swidnik/accessibility")
    assert page.by_id["a11y-data-przeglad"][1]["datetime"] == "2027-03-30"
    assert page.text["a11y-osoba"] == "Biuro Dostępności"
    assert "Winda w holu." in page.text["a11y-architektura"]


def test_the_privacy_notice_names_controller_officer_and_authority(client: Browser, other_town: Town) -> None:
    make_town("swidnik", contact={"protection_email": "iod@swidnik.example"})
    polish, czech = client.get("/en/swidnik/privacy").text, client.get("/en/ostrava-jih/privacy").text
    assert "<strong>Swidnik</strong>" in polish
    assert "mailto:iod@swidnik.example" in polish
    assert "uodo.gov.pl" in polish
    assert "uoou.gov.cz" in czech
    for text in (polish, czech):
        assert "Article 6(1)(e)" in text
        assert "12 months after the case has ended" in text


def test_what_a_town_writes_of_itself_is_escaped(client: Browser) -> None:
    evil = '<script>alert(1)</script>"'
    make_town(
        "swidnik",
        name={"pl": evil},
        tagline={"pl": evil},
        intro={"pl": evil},
        contact=dict.fromkeys(
            ("office", "email", "phone", "address", "access", "hours", "protection_email"), evil
        ),
    )
    for path in (
        "/pl/",
        "/pl/about",
        "/pl/contact",
        "/pl/municipalities",
        *(f"/pl/swidnik/{p}" for p in TOWN_PATHS),
    ):
        assert "<script>alert" not in client.get(path).text, path


def test_help_says_where_the_sources_disagree(client: Browser) -> None:
    page = read(client, "/en/help")
    assert {"file", "follow", "way", "others", "keyboard", "sources"} <= set(page.by_id)


def test_open_data_names_addresses_in_the_readers_language(client: Browser, town: Town) -> None:
    assert "/cs/lublin/initiatives.geojson" in client.get("/cs/open-data").text


def test_pages_over_all_towns_read_only_what_is_asked(app: Flask, client: Browser, town: Town) -> None:
    settings: Settings = app.extensions["portal.settings"]
    assert views._base_url() == settings.base_url
    # Two in a row are the same bytes: nothing of the reader is in them.
    assert client.get("/pl/").text == client.get("/pl/").text
