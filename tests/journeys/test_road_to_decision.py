"""The whole way of an initiative: filed, published, studied, refused, appealed against, adopted; read in Czech."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys import acts
from tests.journeys.conftest import Visit

pytestmark = pytest.mark.journey

KAMIL = "kamil.orzeszko@poczta.example"
REFUSAL = "W tym roku nie ma pieniędzy na nowe ławki, a plac czeka przebudowa."
APPEAL = "Przebudowa jest dopiero za trzy lata, a cień potrzebny jest teraz. Trzy ławki to niewiele."
REVERSAL = "Odwołanie ma rację: ławki można przenieść po przebudowie, więc pieniądze nie przepadną."


def test_from_a_phone_to_a_reversed_decision(visit: Visit) -> None:
    kamil = visit("pl", width=390, resident=KAMIL)
    case = acts.file(kamil, "lublin", title="Trzy ławki w cieniu lip")
    marek, agata = (visit("pl", staff=f"{who}@lublin.example") for who in ("reviewer", "reviewer2"))
    hanna = visit("pl", staff="leader@lublin.example")
    jerzy, dorota = (
        visit("pl", staff=f"{who}@lublin.example") for who in ("decision-maker", "decision-maker2")
    )

    # The inbox: what waits, with the day it is due.
    marek.go(f"/lublin/desk/initiatives?q={case.number}")
    marek.follow_named("Trzy ławki w cieniu lip")
    assert marek.path == f"/pl{case.desk}"
    acts.publish(marek, case)
    acts.assign(hanna, case, "Wydział Zieleni i Gospodarki Komunalnej", ("Marek Lisowiec", "Agata Żurawska"))

    acts.move(marek, case, "start-purpose", "Start the purpose study")
    acts.write_sheet(marek, case, "purpose", "Plac jest pełny od maja do września, cienia nie ma nigdzie.")
    # Nobody copies a view: Agata sees Marek's sheet when hers is finished.
    agata.go(f"{case.desk}/studies/purpose")
    agata.misses("Plac jest pełny")
    acts.write_sheet(agata, case, "purpose", "Rodzice i dziadkowie mówią o tym na każdym spotkaniu.")
    agata.reads("Plac jest pełny")
    acts.move(marek, case, "start-feasibility", "Go on to the feasibility study")
    for visitor in (marek, agata):
        acts.write_sheet(
            visitor, case, "feasibility", "Grunt jest gminny, korzenie lip omija się fundamentem punktowym."
        )

    hanna.go(f"{case.desk}/synthesis")
    hanna.fill("What residents want", "Odpoczynek w cieniu blisko dzieci.")
    hanna.fill("What law and money allow", "Trzy ławki bez kopania przy korzeniach.")
    hanna.fill("The trade-off", "Ławki staną metr dalej, niż proszono.")
    hanna.tick("Adopt", "verdict")
    hanna.fill("Why do you recommend this?", "Koszt jest mały, a potrzeba pewna.")
    hanna.fill("Cost, once", "18000")
    hanna.fill("Where the money comes from", "Rezerwa na inicjatywy mieszkańców")
    hanna.press("Send to the decision-maker")
    hanna.sees("The recommendation is with the decision-maker.")

    # No reasons, no decision; and what was chosen stays.
    jerzy.go(f"{case.desk}/move/decide")
    jerzy.tick("Refuse", "verdict")
    jerzy.press("Decide")
    assert jerzy.status == 422
    jerzy.sees("Write the reasons; they are published.")
    expect(jerzy.main().get_by_role("radio", name=jerzy.t("Refuse", "verdict"))).to_be_checked()
    jerzy.page.locator("#note").fill(REFUSAL)
    jerzy.press("Decide")
    assert jerzy.path == f"/pl{case.desk}"

    # The author is told why, and appeals from the phone.
    told = kamil.message(KAMIL, REFUSAL)
    assert case.number in told.inner_text()
    kamil.go(case.path)
    kamil.follow("Appeal against the refusal")
    kamil.page.locator("#note").fill(APPEAL)
    kamil.press("Send the appeal")
    kamil.sees("Your appeal has arrived. Another person decides about it.")

    # Whoever refused does not decide about it.
    jerzy.go(f"{case.desk}/move/reverse", status=403)
    jerzy.sees("An appeal is decided by another person than the one who refused.")
    dorota.go(f"{case.desk}/move/reverse")
    dorota.tick("Adopt", "verdict")
    dorota.page.locator("#note").fill(REVERSAL)
    dorota.main().locator("form[method=post] button[type=submit]").last.click()
    dorota.page.wait_for_load_state()
    assert dorota.path == f"/pl{case.desk}"
    kamil.message(KAMIL, REVERSAL)

    # Anybody reads the whole story, in Czech too; what the office wrote is marked as Polish.
    reader = visit("cs", width=320)
    reader.go(case.path)
    reader.sees("adopted", "initiative state")
    history = reader.page.locator("#history")
    for state in (
        "published",
        "assigned",
        "purpose study",
        "feasibility study",
        "awaiting decision",
        "refused",
        "under appeal",
    ):
        expect(history).to_contain_text(re.compile(reader.t(state, "initiative state"), re.IGNORECASE))
    for words in (REFUSAL, REVERSAL):
        expect(history.locator("[lang=pl]", has_text=words)).to_have_count(1)
    reader.misses(APPEAL)  # The author's own words, which nobody has checked for names and numbers.
    reader.misses("Kamil")
    reader.misses("Jerzy")
