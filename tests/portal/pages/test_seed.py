"""The ten municipalities of the demo data."""

from typing import Any

from flask import Flask

from portal.core import events, tenancy
from portal.core.actor import acting
from portal.core.cli import COMMANDER
from portal.core.db import writing
from portal.pages.rules import COUNTRIES
from portal.pages.seed import TOWNS, seed_towns


def words() -> dict[str, Any]:
    """As the demo texts of the municipalities have them."""
    return {
        "towns": [
            {
                "slug": slug,
                "name": {"pl": slug.title()},
                "tagline": {"pl": "Blisko"},
                "intro": {"pl": "Tutaj."},
                "contact": {
                    "office": {"pl": "Biuro"},
                    "email": f"kontakt@{slug}.example",
                    "phone": "+48 00 000 00 01",
                    "address": "Rynek 1",
                },
            }
            for slug in TOWNS
        ]
    }


def test_ten_are_founded_with_their_facts_and_words(app: Flask) -> None:
    with acting(COMMANDER), writing():
        seed_towns(words())
    tenancy.forget_towns()
    towns = tenancy.towns()
    assert list(towns) == list(TOWNS)
    lezajsk = towns["powiat-lezajski"]
    assert (lezajsk.code, lezajsk.mark, lezajsk.colours["brand"]) == ("PLE", "bridge", "#4c3f92")
    assert lezajsk.contact["protection_email"] == "iod@powiat-lezajski.example"
    assert towns["ostrava-jih"].contact["protection_email"] == "poverenec@ostrava-jih.example"
    assert (towns["ostrava-jih"].language, towns["ostrava-jih"].currency) == ("cs", "CZK")


def test_they_are_founded_when_their_words_are_told(app: Flask) -> None:
    with acting(COMMANDER), writing():
        events.tell("demo.towns_described", None, towns=words())
    tenancy.forget_towns()
    assert len(tenancy.towns()) == 10


def test_facts_are_of_the_right_country() -> None:
    for facts in TOWNS.values():
        west, south, east, north = COUNTRIES[facts.country].around
        assert west < facts.box[0] < facts.lon < facts.box[2] < east
        assert south < facts.box[1] < facts.lat < facts.box[3] < north
    assert len({facts.code for facts in TOWNS.values()}) == 10
