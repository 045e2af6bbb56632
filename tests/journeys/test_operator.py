"""An operator takes down what somebody says on the phone; the caller gets number, code and text messages."""

import re

import pytest

from tests.journeys import acts
from tests.journeys.conftest import Visit

pytestmark = pytest.mark.journey

PHONE = "+420601123456"
CODE = re.compile(r"([0-9A-Z]{4}-){3}[0-9A-Z]{4}")


def test_call_becomes_a_case_with_a_receipt_to_read_out(visit: Visit) -> None:
    lenka = visit("cs", staff="operator@ostrava-jih.example")
    lenka.go("/ostrava-jih/desk")
    lenka.page.get_by_role("link", name=lenka.t("File for a caller")).first.click()
    lenka.tick("Phone call", "channel")
    lenka.fill("Title", "Lavička u zastávky Antošovická")
    lenka.page.locator("#text").fill(
        "Paní je osmdesát let a u zastávky si nemá kam sednout. Prosí o jednu lavičku."
    )
    lenka.choose("Category", "roads and pavements")
    lenka.tick("An address or a description")
    lenka.page.locator("#address").fill("Zastávka Antošovická, směr centrum")
    lenka.page.locator("#phone").fill("601 123 456")
    lenka.main().locator("form[method=post] button[type=submit]").last.click()
    lenka.page.wait_for_load_state()
    number, code = lenka.main().locator(".code").all_inner_texts()[:2]
    assert number.startswith("OJI-I-")
    lenka.sees("Read out")
    case = acts.Receipt("ostrava-jih", number, code)

    # The caller's grandson opens it with number and code.
    grandson = visit("cs", width=390)
    grandson.go("/follow")
    grandson.fill("Case number", number)
    grandson.fill("Secret code", code)
    grandson.press("Open my case")
    grandson.reads("Lavička u zastávky Antošovická")
    # And the phone rang: a text message in Czech.
    grandson.message(PHONE, number)

    # The team sees how it came; the number shows only when somebody asks, which is logged.
    petr = visit("cs", staff="reviewer@ostrava-jih.example")
    petr.go(case.desk)
    petr.sees("Phone call", "channel")
    petr.misses("601 123 456")
    petr.page.get_by_text(petr.t("Show contact data")).click()
    petr.choose("Why do you need it?", "To ask or answer the person")
    petr.press("Show them")
    petr.reads("601")
    petr.sees("That you read this, and why, stands in the audit log.")
    acts.publish(petr, case)

    # The caller lost the code and phones again: a new one is read out, the old one opens nothing any more.
    petr.go(case.desk)
    petr.page.get_by_text(petr.t("The author lost the secret code")).click()
    petr.press("Make a new code")
    fresh = petr.main().locator(".code", has_text=CODE).inner_text()
    grandson = visit("cs", width=390)
    for used, answer in ((code, 422), (fresh, 200)):
        grandson.go("/follow")
        grandson.fill("Case number", number)
        grandson.fill("Secret code", used)
        grandson.press("Open my case")
        assert grandson.status == answer
    assert grandson.path == f"/cs{case.path}"
