"""Finding initiatives: filters, search without diacritics, the map by keyboard, another language."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.visitor import Visitor

pytestmark = pytest.mark.journey

MEADOW = "Łąka kwietna zamiast krótko strzyżonego trawnika"


def titles(visitor: Visitor) -> list[str]:
    """Of the cards of the list."""
    return visitor.main().locator(".card__title").all_inner_texts()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_search_needs_no_diacritics_and_filters_stand_in_the_address(visit: Visit, *, scripts: bool) -> None:
    someone = visit("pl", width=320, scripts=scripts)
    someone.go("/lublin/initiatives")
    everything = titles(someone)
    assert len(everything) > 10
    _open_filters(someone)
    someone.fill("Search", "laka kwietna")
    someone.press("Show", "button")
    assert MEADOW in titles(someone)
    assert "q=laka" in someone.page.url
    # On a phone what was found stands on the first screen, not under the folded-out form.
    if scripts:
        expect(someone.main().get_by_label(someone.t("Search"), exact=True)).to_be_hidden()
        expect(someone.main().locator(".card").first).to_be_in_viewport()
    _open_filters(someone)
    someone.follow("Clear filters")
    assert titles(someone) == everything

    _open_filters(someone)
    someone.choose("Where it stands", "carried out", "initiative phase")
    someone.choose("Category", "greenery and parks")
    someone.press("Show", "button")
    some = titles(someone)
    assert some
    assert set(some) < {*everything, *some}
    assert someone.page.url.count("=greenery") == 1
    # The same address gives the same list to whoever gets it.
    other = visit("pl")
    other.page.goto(someone.page.url)
    assert titles(other) == some

    # The number of a case is found as people write it down.
    number = _number_of(other)
    someone.go(f"/lublin/initiatives?q={number.replace('-', '').lower()}")
    assert titles(someone) == some[:1]


def _open_filters(visitor: Visitor) -> None:
    panel = visitor.main().locator("details.filters")
    if panel.get_attribute("open") is None:
        panel.locator("summary").click()


def _number_of(visitor: Visitor) -> str:
    visitor.main().locator(".card__link").first.click()
    visitor.page.wait_for_url("**/initiatives/lub-i-*")
    return visitor.path.rpartition("/")[2]


def test_nothing_found_shows_the_way_on(visit: Visit) -> None:
    someone = visit("cs")
    someone.go("/ostrava-jih/initiatives?q=nicetakoveho")
    someone.sees("Nothing fits these filters")
    someone.press("Clear filters")
    assert len(titles(someone)) > 10


def test_map_is_walked_by_keyboard_up_to_a_case(visit: Visit) -> None:
    someone = visit("pl")
    someone.go("/lublin/initiatives/map")
    keys = someone.page.keyboard
    field = someone.page.locator(".leaflet-container")
    expect(someone.page.locator(".leaflet-marker-icon").first).to_be_visible()
    field.focus()
    # Bunches open by Enter, until there is a single pin.
    for _ in range(8):
        pins = someone.page.locator(".leaflet-marker-icon.pin")
        if pins.count():
            break
        keys.press("Tab")
        _tab_to_marker(someone)
        keys.press("Enter")
        someone.page.wait_for_timeout(600)
    pin = someone.page.locator(".leaflet-marker-icon.pin").first
    expect(pin).to_be_visible()
    assert pin.get_attribute("title")
    pin.focus()
    keys.press("Enter")
    link = someone.page.locator(".leaflet-popup a[href*='/initiatives/']")
    expect(link).to_be_focused()
    keys.press("Escape")
    expect(pin).to_be_focused()
    keys.press("Enter")
    expect(link).to_be_focused()
    title = link.inner_text()
    keys.press("Enter")
    someone.page.wait_for_url("**/initiatives/lub-i-*")
    assert someone.heading() == title


def _tab_to_marker(visitor: Visitor) -> None:
    for _ in range(20):
        if visitor.page.evaluate("document.activeElement.classList.contains('leaflet-marker-icon')"):
            return
        visitor.page.keyboard.press("Tab")
    raise AssertionError("No marker can be reached by keyboard.")


def test_map_without_scripts_is_its_list(visit: Visit) -> None:
    someone = visit("en", scripts=False)
    someone.go("/lublin/initiatives/map?category=roads")
    assert titles(someone)
    for over in someone.main().locator("article .card__over").all_inner_texts():
        assert over.startswith(someone.t("roads and pavements"))


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/lublin/",
        "/lublin/initiatives?q=laka&sort=support",
        "/help",
        "/lublin/initiatives/map?category=roads",
    ],
)
def test_language_switch_keeps_the_page(visit: Visit, path: str) -> None:
    someone = visit("pl")
    someone.go(path)
    for lang in ("cs", "en", "pl"):
        someone.page.locator(f".languages a[hreflang={lang}]").click()
        someone.page.wait_for_url(re.compile(f"/{lang}/"))
        assert someone.page.url == f"{someone.portal}/{lang}{path}"
        assert someone.page.locator("html").get_attribute("lang") == lang


def test_first_visit_chooses_the_language_of_the_browser(visit: Visit) -> None:
    for lang in ("pl", "cs", "en"):
        someone = visit(lang)
        someone.open("/")
        assert someone.path == f"/{lang}/"
