"""Searching everything: suggestions by keyboard, slips of the keyboard, parts of what was found."""

import os

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.visitor import Visitor

pytestmark = pytest.mark.journey


def write(visitor: Visitor, words: str) -> None:
    """As somebody writes: letter by letter, into the field of the page."""
    visitor.main().locator('form[role="search"] input').first.click()
    field = visitor.main().locator('form[role="search"] input[role="combobox"]')
    expect(field).to_be_focused()
    field.press_sequentially(words)


@pytest.mark.parametrize(("lang", "width"), [("pl", 320), ("cs", 1280)])
def test_a_suggestion_is_chosen_by_keyboard_alone(visit: Visit, lang: str, width: int) -> None:
    someone = visit(lang, width=width)
    someone.go("/lublin/")
    write(someone, "laka kwie")
    options = someone.main().get_by_role("option")
    expect(options.first).to_contain_text("Łąka kwietna")
    if folder := os.environ.get("PORTAL_LOOK"):
        someone.page.screenshot(path=f"{folder}/suggest-{lang}-{width}.png")
    someone.page.keyboard.press("ArrowDown")
    expect(options.first).to_be_focused()
    someone.page.keyboard.press("Enter")
    someone.page.wait_for_url("**/initiatives/lub-i-*")
    assert "kwietna" in (someone.main().locator("h1").inner_text())


def test_enter_searches_while_suggestions_are_open(visit: Visit) -> None:
    someone = visit("en")
    someone.go("/")
    write(someone, "laka kwie")
    expect(someone.main().get_by_role("option").first).to_be_visible()
    someone.page.keyboard.press("Enter")
    someone.page.wait_for_url("**/search?q=laka+kwie")
    assert someone.main().locator(".card__title").count() > 0


def test_escape_closes_the_suggestions_and_keeps_the_words(visit: Visit) -> None:
    someone = visit("en", width=320)
    someone.go("/lublin/search")
    write(someone, "laka")
    expect(someone.main().get_by_role("option").first).to_be_visible()
    someone.page.keyboard.press("Escape")
    expect(someone.main().get_by_role("option").first).to_be_hidden()
    expect(someone.main().get_by_role("combobox")).to_have_value("laka")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_slip_of_the_keyboard_still_finds(visit: Visit, *, scripts: bool) -> None:
    someone = visit("pl", width=320, scripts=scripts)
    someone.go("/search?q=trawnikk")
    better = someone.main().locator('p[role="status"]').first
    expect(better).to_contain_text("„trawnikk”")
    expect(better).to_contain_text("„trawnik”")
    assert someone.main().locator(".card__title").count() > 0
    if folder := os.environ.get("PORTAL_LOOK"):
        someone.page.screenshot(path=f"{folder}/better-{scripts}.png", full_page=True)


def test_hits_divide_into_kinds(visit: Visit) -> None:
    someone = visit("pl")
    someone.go("/search?q=park")
    tabs = someone.main().get_by_role("navigation", name=someone.t("Kinds of hits"))
    tabs.get_by_role("link", name=someone.t("News")).click()
    someone.page.wait_for_url("**kind=news")
    kinds = someone.main().locator(".card__over > span:first-child").all_inner_texts()
    assert set(kinds) == {someone.t("News")}
