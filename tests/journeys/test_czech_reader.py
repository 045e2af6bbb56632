"""A Czech reader: Ostrava-Jih at home, and a Polish neighbour's initiative translated into Czech."""

import pytest
from flask import Flask
from playwright.sync_api import expect
from sqlalchemy import select

from initiatives.models import Initiative, Translation
from portal.core import tenancy
from portal.core.db import db
from tests.journeys.conftest import Visit

pytestmark = pytest.mark.journey


def test_ostrava_jih_speaks_czech(visit: Visit) -> None:
    eliska = visit("cs", width=390)
    eliska.go("/")
    eliska.follow_named("Ostrava-Jih")
    assert eliska.path == "/cs/ostrava-jih/"
    eliska.follow_named(eliska.t("See all"))
    expect(eliska.page.locator("h1")).to_have_text(eliska.t("Initiatives: %(town)s", town="Ostrava-Jih"))
    first = eliska.main().locator(".card__link").first
    title = first.inner_text()
    first.click()
    eliska.page.wait_for_url("**/initiatives/oji-i-*")
    assert eliska.heading() == title
    eliska.sees("What has happened")
    expect(eliska.page.locator("address")).to_contain_text("Ostrava")


def test_neighbours_initiative_is_read_in_czech(visit: Visit, seeded_app: Flask) -> None:
    number, title, text, original = _translated("wodzislaw-slaski", "cs")
    eliska = visit("cs", width=320)
    eliska.go(f"/wodzislaw-slaski/initiatives/{number}")
    assert eliska.heading() == title
    eliska.reads(text.splitlines()[0])
    eliska.sees("Translated from: %(language)s.", language="Polski")
    # The original stands beside it, marked as Polish.
    fold = eliska.main().locator("details", has_text=original)
    fold.locator("summary").click()
    expect(fold.locator("[lang=pl]", has_text=original)).to_be_visible()
    # A Polish reader sees the original alone.
    neighbour = visit("pl")
    neighbour.go(f"/wodzislaw-slaski/initiatives/{number}")
    assert neighbour.heading() == original
    neighbour.misses(title)


def _translated(slug: str, locale: str) -> tuple[str, str, str, str]:
    with tenancy.within(tenancy.town(slug).id):
        row = db.session.execute(
            select(Initiative.number, Translation.title, Translation.text, Initiative.title)
            .join(Translation, Translation.initiative_id == Initiative.id)
            .where(Translation.language == locale, Initiative.listed_at.is_not(None))
            .order_by(Initiative.id)
        ).first()
    assert row is not None
    return str(row[0]).lower(), row[1], row[2], row[3]
