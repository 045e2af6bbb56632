"""Residents file without an account: on a phone, without scripts, by keyboard alone, on two devices."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys import acts
from tests.journeys.acts import TEXT, TITLE
from tests.journeys.conftest import Visit
from tests.journeys.visitor import Visitor

pytestmark = pytest.mark.journey

NUMBER = re.compile(r"LUB-I-\d{4}-\d{4}")
CODE = re.compile(r"([0-9A-Z]{4}-){3}[0-9A-Z]{4}")


def test_phone_user_files_with_a_photo_and_a_point_and_follows_by_code(visit: Visit) -> None:
    someone = visit("pl", width=390)
    someone.go("/")
    someone.follow_named(someone.t("File an initiative"))
    someone.follow_named("Lublin")
    assert someone.path == "/pl/lublin/initiatives/new"

    someone.fill("Title", TITLE)
    someone.fill("Your idea", TEXT)
    someone.choose("Category", "greenery and parks")
    someone.press("Save and go on")
    if "similar" in someone.page.url:
        someone.press("Save and go on")

    someone.tick("A place on the map")
    someone.press("Choose on the map")
    field = someone.page.locator("[data-map] .leaflet-container")
    field.scroll_into_view_if_needed()
    field.click(position={"x": 120, "y": 90})
    expect(someone.page.locator("#place-status")).to_contain_text(re.compile(r"\d,\d{6}"))
    expect(someone.control("Latitude")).to_have_value(re.compile(r"^51,\d{6}$"))
    someone.press("Save and go on")

    someone.upload("Photo", "plac.jpg", "image/jpeg", acts.photo())
    someone.fill("What does the photo show?", "Pusty plac zabaw w pełnym słońcu")
    someone.press("Add the file")
    someone.sees("The file was added.")
    shown = someone.main().get_by_role("img", name="Pusty plac zabaw w pełnym słońcu")
    expect(shown).to_be_visible()
    someone.press("Go on")
    someone.press("Save and go on")

    someone.reads(TITLE)
    expect(shown).to_be_visible()
    someone.sees("Your name is not shown.")
    someone.press("Send to the office")
    kept = acts.receipt(someone, "lublin")
    assert NUMBER.fullmatch(kept.number)
    assert CODE.fullmatch(kept.code)

    # At home, on another machine, in another language, with the code typed as people type.
    later = visit("cs")
    later.go(kept.path, status=404)
    later.go("/follow")
    later.fill("Case number", kept.number.lower().replace("-", " "))
    later.fill("Secret code", kept.code.lower().replace("-", ""))
    later.press("Open my case")
    assert later.path == f"/cs{kept.path}"
    later.sees("Only you and the team see this page.")
    later.reads(TITLE)


def test_everything_works_without_scripts_on_a_small_phone(visit: Visit) -> None:
    someone = visit("en", width=320, scripts=False)
    acts.begin(someone, "swidnik", "A crossing near the school", "Children cross between parked cars. " * 2)
    someone.tick("A place on the map")
    someone.fill("Latitude", "51,2195")
    someone.fill("Longitude", "22.6960")
    someone.press("Save and go on")
    someone.upload("Photo", "school.jpg", "image/jpeg", acts.photo(640, 480))
    someone.press("Go on")
    someone.fill("E-mail address", "nobody")
    someone.press("Save and go on")
    assert someone.status == 422
    someone.sees("Write an e-mail address such as name@example.org.")
    someone.fill("E-mail address", "walker@mail.example")
    someone.press("Save and go on")
    someone.press("Send to the office")
    kept = acts.receipt(someone, "swidnik")
    # The message comes in the language of the form, and its link opens the case without code.
    reader = visit("en", width=320, scripts=False)
    reader.open(reader.message_link("walker@mail.example", kept.number))
    assert reader.path == f"/en{kept.path}"
    reader.sees("Only you and the team see this page.")


def test_filing_by_keyboard_alone(visit: Visit) -> None:
    someone = visit("pl")
    keys = someone.page.keyboard
    someone.go("/poniatowa/initiatives/new")
    keys.press("Tab")
    assert focused(someone) == someone.t("Skip to main content")
    keys.press("Enter")
    tab_to(someone, "title")
    keys.type("Zegar na wieży dawnej szkoły")
    tab_to(someone, "text")
    keys.type("Zegar stoi od lat na wpół do piątej. Proszę o naprawę, bo dzieci po nim poznają przerwy.")
    tab_to(someone, "category")
    keys.type(someone.t("other")[:3])
    send(someone)

    tab_to(someone, "place")
    keys.press("Space")
    tab_to_words(someone, someone.t("Choose on the map"))
    keys.press("Enter")
    expect(someone.page.locator("[data-map] .leaflet-container")).to_be_focused()
    for key in ("ArrowRight", "ArrowDown", "Enter"):
        keys.press(key)
    expect(someone.control("Latitude")).to_have_value(re.compile(r"^51,\d{6}$"))
    send(someone)
    tab_to_words(someone, someone.t("Go on"))
    keys.press("Enter")
    someone.page.wait_for_url("**/you*")
    send(someone)
    tab_to_words(someone, someone.t("Send to the office"))
    keys.press("Enter")
    someone.page.wait_for_url("**/receipt*")
    assert acts.receipt(someone, "poniatowa").number.startswith("PON-I-")


def focused(visitor: Visitor) -> str:
    """What the focused thing is called."""
    text: str = visitor.page.evaluate("document.activeElement.innerText || document.activeElement.id")
    return text.strip()


def tab_to(visitor: Visitor, field: str) -> None:
    """Press Tab until the field with this id has the focus."""
    _tab(visitor, f"document.activeElement.id === '{field}'")


def tab_to_words(visitor: Visitor, words: str) -> None:
    """Press Tab until the button with these words has the focus."""
    _tab(visitor, f"document.activeElement.innerText?.trim() === {words!r}")


def _tab(visitor: Visitor, condition: str) -> None:
    for _ in range(60):
        if visitor.page.evaluate(condition):
            return
        visitor.page.keyboard.press("Tab")
    raise AssertionError(f"Tab never came to where {condition}")


def send(visitor: Visitor) -> None:
    """Press the button of the step."""
    here = visitor.page.url
    tab_to_words(visitor, visitor.t("Save and go on"))
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_url(lambda address: address != here)
    if "similar" in visitor.page.url:
        send(visitor)


def test_draft_goes_on_at_another_device_by_its_link(visit: Visit) -> None:
    phone = visit("pl", width=390)
    acts.begin(
        phone,
        "konopnica",
        "Rowerem do Lublina wzdłuż torów",
        "Droga wojewódzka jest wąska i pełna tirów. " * 2,
    )
    link = phone.main().get_by_role("link", name=phone.t("Link to your draft")).get_attribute("href")
    assert link

    desktop = visit("pl")
    desktop.open(link)
    expect(desktop.control("Title")).to_have_value("Rowerem do Lublina wzdłuż torów")
    desktop.fill("Title", "Rowerem do Lublina wzdłuż torów kolejowych")
    desktop.press("Save and go on")
    if "similar" in desktop.page.url:
        desktop.press("Save and go on")
    desktop.tick("The whole municipality")
    desktop.press("Save and go on")
    desktop.press("Go on")
    desktop.press("Save and go on")
    desktop.press("Send to the office")
    kept = acts.receipt(desktop, "konopnica")

    # On the phone the draft is gone: it has become the case.
    phone.page.reload()
    assert phone.status == 404
    phone.sees("This draft was sent already. Follow it with its number and secret code.")
    phone.misses(kept.code)


def test_draft_of_an_account_waits_in_my_initiatives(visit: Visit) -> None:
    someone = visit("pl", resident="zaneta.piekut@skrzynka.example")
    acts.begin(
        someone,
        "rzeszow",
        "Wodopój przy bulwarach",
        "Na całych bulwarach nie ma gdzie napełnić butelki. " * 2,
    )
    someone.go("/account/initiatives")
    someone.follow_named("Wodopój przy bulwarach")
    assert "/rzeszow/initiatives/new/" in someone.path
    someone.press("Throw away")
    someone.press("Throw away")
    someone.go("/account/initiatives")
    someone.misses("Wodopój przy bulwarach")
