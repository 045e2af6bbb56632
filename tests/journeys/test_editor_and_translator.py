"""An editor writes, a leader proposes, a translator translates, the public reads; nobody needs a script or a mouse."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from portal.core import clock
from tests.journeys.acts import let_kept_pages_age, photo
from tests.journeys.conftest import Visit
from tests.journeys.visitor import Visitor

pytestmark = pytest.mark.journey
TOWN = "ostrava-jih"


def add(editor: Visitor, kind: str) -> None:
    """Press the button that adds a block; the new block is where the browser now stands."""
    editor.press(kind, "block")
    assert re.search(r"#block-b\w+$", editor.page.url), editor.page.url


def field(editor: Visitor, kind: str, label: str, context: str = "") -> str:
    """Selector of a field of the last block of a kind."""
    name = editor.t(kind, "block")
    group = (
        editor.main()
        .get_by_role("group")
        .filter(has=editor.page.locator("legend").filter(has_text=re.compile(rf"\d+\. {re.escape(name)}$")))
    )
    box = group.last.get_by_label(re.compile(re.escape(editor.t(label, context)))).first
    found = box.get_attribute("id")
    assert found
    return f"#{found}"


def test_page_is_written_translated_and_read_without_scripts(visit: Visit) -> None:
    editor = visit("cs", staff=f"editor@{TOWN}.example", scripts=False, width=320)
    editor.go(f"/{TOWN}/desk/pages")
    editor.follow("New page")
    editor.fill("Title", "Půjčovna kol")
    editor.press("Go on to the text")
    edit = editor.path
    # The page is put together by buttons; what was typed before stays.
    editor.fill("Summary", "Kola i nákladní kola na víkend.")
    add(editor, "Text")
    editor.page.fill(field(editor, "Text", "Text"), "Kolo si půjčíte **zdarma** na dva dny.")
    add(editor, "Picture")
    editor.page.set_input_files(
        field(editor, "Picture", "Picture"), {"name": "kolo.jpg", "mimeType": "image/jpeg", "buffer": photo()}
    )
    add(editor, "Heading")
    editor.page.fill(field(editor, "Heading", "Heading"), "Jak na to")
    editor.page.get_by_role("button", name=re.compile(rf"^{editor.t('Move up')}.*3")).click()
    assert editor.page.locator("#summary").input_value() == "Kola i nákladní kola na víkend."
    assert "zdarma" in editor.page.locator("textarea[id$=-body]").input_value()
    # A picture without description is kept as a draft and not published.
    editor.press("Save")
    one = editor.path
    assert one != edit
    editor.sees("Before it can be published:")
    editor.page.get_by_role("link", name=re.compile(re.escape(editor.t("What the picture shows")))).click()
    editor.page.fill(field(editor, "Picture", "What the picture shows"), "Kolo opřené o zeď radnice.")
    editor.press("Save and preview")
    expect(editor.page.get_by_role("img", name="Kolo opřené o zeď radnice.")).to_have_count(1)
    assert editor.page.evaluate("document.documentElement.scrollWidth") == 320
    editor.follow("State and publishing")
    editor.press("Publish")
    editor.press("Publish")
    editor.sees("It is public now.")

    reader = visit("pl", width=390)
    reader.go(f"/{TOWN}/pages/pujcovna-kol")
    assert reader.heading() == "Půjčovna kol"
    reader.sees("This is not translated yet. You are reading the original: %(language)s.", language="Čeština")

    translator = visit("pl", staff=f"translator@{TOWN}.example", scripts=False)
    translator.go(f"/{TOWN}/desk/translations?to=pl")
    translator.follow_named("Půjčovna kol")
    translator.reads("Kolo si půjčíte **zdarma** na dva dny.")
    translator.page.fill("#title", "Wypożyczalnia rowerów")
    translator.page.fill("#summary", "Rowery na weekend.")
    translator.page.locator("textarea[id$=-body]").fill("Rower wypożyczysz **za darmo**.")
    translator.press("Save and publish")
    assert translator.status == 422
    assert translator.page.locator("#title").input_value() == "Wypożyczalnia rowerów"
    for name, words in (("alt", "Rower pod ratuszem."), ("text", "Jak to działa")):
        translator.page.locator(f"input[id$=-{name}]").fill(words)
    translator.press("Save and publish")
    translator.sees("The translation is public now.")
    reader.go(f"/{TOWN}/pages/pujcovna-kol")
    assert reader.heading() == "Wypożyczalnia rowerów"

    # The original moves on: the reader is told, the translator sees what changed.
    editor.open(edit)
    editor.page.locator("textarea[id$=-body]").fill("Kolo si půjčíte **zdarma** na tři dny.")
    editor.press("Save")
    editor.press("Publish the changes")
    editor.press("Publish the changes")
    let_kept_pages_age()
    reader.go(f"/{TOWN}/pages/pujcovna-kol")
    reader.sees("The original has changed since this was translated.")
    translator.go(f"/{TOWN}/desk/translations?to=pl")
    translator.follow_named("Půjčovna kol")
    expect(translator.main().locator("ins")).to_have_text("tři")


def test_editor_works_by_keyboard_alone(visit: Visit) -> None:
    editor = visit("pl", staff="editor@lublin.example")
    editor.go("/lublin/desk/pages/new?kind=news")
    page = editor.page

    def reach(what: str, limit: int = 120) -> None:
        """Go on by Tab until the focus is on this."""
        for _step in range(limit):
            page.keyboard.press("Tab")
            if page.evaluate(f"document.activeElement.matches({what!r})"):
                return
        raise AssertionError(f"{what} is not reached by Tab")

    reach("#title")
    page.keyboard.type("Klawiaturą")
    page.keyboard.press("Enter")
    page.wait_for_url("**/edit")
    reach("button[value='add:text']")
    page.keyboard.press("Enter")
    page.wait_for_url("**#block-*")
    # The browser stands at the new block: its field is the next stop.
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches('textarea[id$=-body]')")
    page.keyboard.type("Bez myszy.")
    # Enter in a line saves; it moves and removes nothing.
    reach("#note")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/desk/pages/\d+(#.*)?$"))
    reach("a[href$='/move/publish']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/move/publish")
    reach("main form button[type=submit]")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/desk/pages/\d+(#.*)?$"))
    editor.sees("It is public now.")
    visit("pl").go("/lublin/news/klawiatura")


def test_leader_proposes_and_the_editor_hears_of_it(visit: Visit) -> None:
    leader = visit("pl", staff="leader@lublin.example")
    leader.go("/lublin/desk/pages/new?kind=news")
    leader.fill("Title", "Nowe latarnie na Czubach")
    leader.press("Go on to the text")
    leader.press("Text", "block")
    leader.page.locator("textarea[id$=-body]").fill("Stoją od wczoraj.")
    leader.press("Save")
    leader.press("Ask for approval")
    leader.press("Ask for approval")
    leader.sees("The editors were asked.")
    editor = visit("pl", staff="editor@lublin.example")
    assert "Nowe latarnie na Czubach" in editor.message("editor@lublin.example", "Nowe latarnie").inner_text()
    editor.go("/lublin/desk")
    editor.follow_named("Nowe latarnie na Czubach")
    editor.press("Send back to the author")
    editor.page.fill("#note", "Dopisz, ile ich jest.")
    editor.press("Send back to the author")
    leader.message("leader@lublin.example", "Dopisz, ile ich jest.")


def test_alert_and_schedule_come_by_themselves(visit: Visit) -> None:
    editor = visit("pl", staff="editor@lublin.example")
    reader = visit("pl")
    reader.go("/lublin/contact")
    soon = (clock.now() + timedelta(days=2)).date()
    editor.go("/lublin/desk/alerts/new")
    editor.main().get_by_role("radio").nth(2).check()
    editor.page.fill("#text_pl", "Most na Bystrzycy jest zamknięty.")
    editor.page.fill("#end_day", soon.isoformat())
    editor.press("Put it up")
    editor.sees("The alert is up.")
    let_kept_pages_age()
    reader.go("/lublin/contact")
    alert = reader.page.get_by_role("region", name=reader.t("Alerts"))
    expect(alert).to_contain_text("Most na Bystrzycy jest zamknięty.")
    editor.main().get_by_role("link", name=re.compile(re.escape(editor.t("Take it down")))).first.click()
    editor.press("Take it down")
    let_kept_pages_age()
    reader.go("/lublin/contact")
    expect(alert).to_have_count(0)
