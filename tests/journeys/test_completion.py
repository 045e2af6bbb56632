"""A reviewer returns an initiative with a list of defects; its author completes it from the message."""

import pytest
from playwright.sync_api import expect

from tests.journeys import acts
from tests.journeys.conftest import Visit

pytestmark = pytest.mark.journey

DEFECTS = "Proszę podać, o którą stronę ulicy chodzi.\nProszę dodać, czy chodnik ma dziś krawężnik."


def test_returned_initiative_is_completed_and_published(visit: Visit) -> None:
    author = visit("pl", width=390)
    case = acts.file(
        author, "swidnik", email="wanda@poczta.example", title="Chodnik przy ulicy Wyspiańskiego"
    )
    reviewer = visit("pl", staff="reviewer@swidnik.example")
    acts.move(reviewer, case, "send-back", "Return for completion", DEFECTS)

    # Another day, another device: the link of the message opens the case.
    again = visit("pl", width=390)
    again.open(again.message_link("wanda@poczta.example", "krawężnik"))
    again.sees("Please complete these points:")
    for line in DEFECTS.splitlines():
        again.reads(line)
    again.press("Complete it now")
    expect(again.control("Title")).to_have_value("Chodnik przy ulicy Wyspiańskiego")
    again.fill("Your idea", "Chodzi o stronę parzystą, od szkoły do przychodni. Krawężnika dziś nie ma.")
    again.press("Send again")
    again.sees("Thank you. The monitoring team looks at it again.")

    # It can be returned only once.
    reviewer.go(case.desk)
    expect(
        reviewer.main().get_by_role("link", name=reviewer.t("Return for completion"), exact=True)
    ).to_have_count(0)
    acts.publish(reviewer, case)
    anybody = visit("pl")
    anybody.go(case.path)
    anybody.reads("stronę parzystą")
    anybody.misses("wanda@poczta.example")
    anybody.misses("Proszę podać, o którą stronę")
