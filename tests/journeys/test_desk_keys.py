"""A leader works through a list with keys alone, answers from a template at once, and turns the keys off."""

import pytest

from tests.journeys.conftest import Visit

pytestmark = pytest.mark.journey

DESK = "/lublin/desk/initiatives"


def test_keys_lead_through_list_and_case_until_they_are_turned_off(visit: Visit) -> None:
    leader = visit("pl", staff="leader@lublin.example")
    page = leader.page
    leader.go(f"{DESK}?tab=all&state=purpose_study")
    cases = [link.get_attribute("href") or "" for link in page.locator("a[data-case]").all()]
    keyboard = page.keyboard
    keyboard.press("j")
    keyboard.press("j")
    keyboard.press("k")
    assert page.evaluate("document.activeElement.getAttribute('href')") == cases[0]
    keyboard.press("o")
    page.wait_for_url(f"**{cases[0]}")
    keyboard.press("j")
    page.wait_for_url(f"**{cases[1]}")

    # In a field they are letters.
    keyboard.press("n")
    keyboard.type("jku?")
    assert page.locator("#text").input_value() == "jku?"
    page.locator("#text").fill("")
    page.locator("#text").blur()

    # A template stands in the text at once, and what was typed comes back.
    keyboard.press("r")
    page.wait_for_url("**/move/reply")
    page.locator("#note").fill("Napisane wcześniej")
    page.locator("#template").select_option(index=1)
    page.locator("button[value=put]").click()
    assert cases[1].rpartition("/")[2].upper() in page.locator("#note").input_value()
    assert page.locator("[data-shown]").inner_text() == "Napisane wcześniej"
    page.locator("button[value=back]").click()
    assert page.locator("#note").input_value() == "Napisane wcześniej"
    page.locator("#note").fill("")

    leader.go(DESK)
    keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    page.locator("#q").blur()
    keyboard.press("?")
    page.wait_for_url("**/shortcuts")
    page.get_by_label(leader.t("Single keys do something")).uncheck()
    leader.press("Save")
    leader.go(DESK)
    keyboard.press("?")
    keyboard.press("j")
    assert leader.path == f"/pl{DESK}"
    assert page.evaluate("document.activeElement.tagName") == "BODY"
