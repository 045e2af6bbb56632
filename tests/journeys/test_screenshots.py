"""The pictures of the README show the portal as it is. UPDATE_SCREENSHOTS=1 takes them anew.

Demo dates follow the calendar, so pictures are not compared; that each is there and small is.
"""

import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image

from portal.core.config import ROOT
from tests.journeys import acts, stops
from tests.journeys.conftest import Visit
from tests.journeys.visitor import Visitor

pytestmark = pytest.mark.journey

FOLDER = ROOT / "docs" / "screenshots"
MAX_BYTES = 60_000
COLOURS = 96


def _home(visit: Visit) -> Visitor:
    visitor = visit("en")
    visitor.go("/")
    return visitor


def _list(visit: Visit) -> Visitor:
    visitor = visit("pl")
    visitor.go("/lublin/initiatives")
    return visitor


def _initiative(visit: Visit) -> Visitor:
    visitor = visit("cs")
    found = stops.case("adopted", towns=("ostrava-jih",)).values
    visitor.go(f"/{found['town']}/initiatives/{found['number']}")
    return visitor


def _desk(visit: Visit) -> Visitor:
    visitor = visit("pl", staff="leader@lublin.example")
    visitor.go("/lublin/desk")
    return visitor


def _filing_phone(visit: Visit) -> Visitor:
    visitor = visit("pl", width=390)
    acts.begin(visitor, "lublin")
    visitor.tick("A place on the map")
    visitor.press("Choose on the map")
    visitor.page.wait_for_selector(".leaflet-tile-loaded")
    visitor.page.locator(".leaflet-container").click(position={"x": 150, "y": 120})
    return visitor


@pytest.mark.parametrize(
    "take", [_home, _list, _initiative, _desk, _filing_phone], ids=lambda take: take.__name__
)
def test_picture_is_there_and_small(
    seeded_app: Flask, visit: Visit, take: Callable[[Visit], Visitor]
) -> None:
    kept = FOLDER / f"{take.__name__.strip('_').replace('_', '-')}.png"
    if os.environ.get("UPDATE_SCREENSHOTS"):
        visitor = take(visit)
        visitor.page.wait_for_load_state("networkidle")
        _keep(visitor.page.screenshot(), kept)
    assert kept.is_file(), "UPDATE_SCREENSHOTS=1 takes the pictures of the README."
    assert kept.stat().st_size <= MAX_BYTES


def _keep(shot: bytes, path: Path) -> None:
    picture = Image.open(BytesIO(shot)).convert("RGB")
    if picture.width > 900:
        picture = picture.resize((900, round(picture.height * 900 / picture.width)), Image.Resampling.LANCZOS)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
