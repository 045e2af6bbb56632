"""What goes wrong at the keyboard: nothing typed is lost, nothing is stored twice, and the answer is a clear 4xx."""

import struct
import zlib

import pytest
from flask import Flask
from playwright.sync_api import expect

from tests.journeys import acts, stops
from tests.journeys.conftest import Visit

pytestmark = pytest.mark.journey

ATTACK = "<script>alert(1)</script> & <img src=x onerror=alert(2)> ''; --"


def test_refused_form_keeps_everything_and_leads_to_the_mistake(visit: Visit) -> None:
    someone = visit("pl")
    someone.go("/lublin/initiatives/new")
    someone.fill("Title", "Oj")
    someone.fill("Your idea", f"{ATTACK} {acts.TEXT}")
    someone.choose("Category", "parking")
    someone.fill("Rough cost", "dużo")
    someone.press("Save and go on")
    assert someone.status == 422
    assert someone.page.title().startswith(someone.t("Error: %(title)s", title=""))
    summary = someone.page.locator(".govuk-error-summary")
    expect(summary).to_be_focused()
    summary.get_by_role("link", name=someone.t("The title must have 5 to 120 characters.")).click()
    expect(someone.control("Title")).to_be_focused()
    expect(someone.control("Title")).to_have_value("Oj")
    expect(someone.control("Your idea")).to_have_value(f"{ATTACK} {acts.TEXT}")
    expect(someone.control("Rough cost")).to_have_value("dużo")
    expect(someone.control("Category")).to_have_value("parking")


def test_what_looks_like_markup_is_shown_as_it_was_typed(visit: Visit) -> None:
    case = acts.file(visit("pl"), "rzeszow", title=f"Zdjęcie {ATTACK}"[:100], text=f"{ATTACK} {acts.TEXT}")
    acts.publish(visit("pl", staff="reviewer@rzeszow.example"), case)
    anybody = visit("pl")
    anybody.go(case.path)
    anybody.reads(ATTACK)
    anybody.go("/rzeszow/initiatives")
    anybody.reads("<script>alert(1)</script>")


def _png(width: int, height: int) -> bytes:
    """A PNG that says it is this large and holds nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )


def test_pictures_that_are_none_are_refused_beside_the_others(visit: Visit) -> None:
    someone = visit("pl", width=390)
    acts.begin(someone, "lublin", "Murale na garażach", acts.TEXT)
    someone.tick("The whole municipality")
    someone.press("Save and go on")
    someone.upload("Photo", "dobre.jpg", "image/jpeg", acts.photo(400, 300))
    someone.press("Add the file")
    for name, content in {
        "falszywe.jpg": b"MZ this is a program",
        "strona.png": b"<html><script>alert(1)</script></html>",
        "ogromne.png": _png(60_000, 60_000),
        "urwane.jpg": acts.photo()[:2_000],
        "za-duze.jpg": acts.photo() + bytes(11_000_000),
        "puste.jpg": b"",
    }.items():
        someone.upload("Photo", name, "image/jpeg", content)
        someone.fill("What does the photo show?", "Ściana garażu")
        someone.press("Add the file")
        assert someone.status == 422, name
        expect(someone.page.locator(".govuk-error-summary")).to_be_visible()
        expect(someone.control("What does the photo show?")).to_have_value("Ściana garażu")
        expect(someone.main().locator(".photos img")).to_have_count(1)
    someone.upload("Document", "plan.pdf", "application/pdf", b"PK this is an archive")
    someone.press("Go on")
    assert someone.status == 422


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_double_click_on_send_makes_one_case(visit: Visit, *, scripts: bool) -> None:
    title = f"Kosz przy ławce {'ze skryptem' if scripts else 'bez skryptu'}"
    someone = visit("pl", scripts=scripts)
    acts.begin(someone, "wodzislaw-slaski", title, acts.TEXT)
    someone.tick("The whole municipality")
    someone.press("Save and go on")
    someone.press("Go on")
    someone.press("Save and go on")
    someone.main().get_by_role("button", name=someone.t("Send to the office")).dblclick()
    someone.page.wait_for_url("**/receipt*")
    reviewer = visit("pl", staff="reviewer@wodzislaw-slaski.example")
    reviewer.go(f"/wodzislaw-slaski/desk/initiatives?q={title}")
    expect(reviewer.main().locator("tbody tr", has_text=title)).to_have_count(1)
    # Whoever goes back to send once more is led to the receipt again.
    someone.page.go_back()
    someone.page.wait_for_url("**/receipt*")
    someone.sees("Thank you, it has arrived")


def test_links_and_numbers_of_others_lead_nowhere(visit: Visit, seeded_app: Flask) -> None:
    someone = visit("en")
    hidden = stops.case("submitted").values
    for path, status in {
        "/follow/abc.def": 404,
        "/sign-in/link/" + "x" * 43: 410,
        "/password/" + "x" * 43: 410,
        "/invitation/" + "x" * 43: 410,
        "/lublin/initiatives/oji-i-2026-0001": 404,
        f"/{hidden['town']}/initiatives/{hidden['number']}": 404,
        "/lublin/initiatives/new/forged.token/what": 404,
        "/lublin/initiatives/99999999999999999999": 404,
        "/lublin/initiatives/lub-i-2026-0001/files/1": 404,
        "/atlantis/initiatives": 404,
        "/lublin/initiatives?page=nonsense": 200,
        "/lublin/initiatives?phase=nonsense&category=nonsense": 200,
    }.items():
        someone.page.goto(f"{someone.portal}/en{path}")
        assert someone.status == status, path
        assert someone.page.locator("h1").count() == 1
    someone.page.goto(f"{someone.portal}/de/lublin/initiatives")
    assert someone.status == 404


def test_of_two_who_act_on_a_case_the_second_keeps_the_words(visit: Visit) -> None:
    case = acts.file(visit("pl"), "lublin", title="Zegar słoneczny na placu")
    marek, agata = (visit("pl", staff=f"{who}@lublin.example") for who in ("reviewer", "reviewer2"))
    agata.go(f"{case.desk}/move/send-back")
    words = "Proszę wskazać plac.\nProszę podać wielkość zegara."
    agata.page.locator("#note").fill(words)
    acts.publish(marek, case)
    agata.press("Return for completion")
    assert agata.status == 409
    agata.reads(words.splitlines()[0])
    agata.reads(words.splitlines()[1])
    agata.press("Open the case")
    agata.sees("published", "initiative state")
