"""What a first visit costs: everything a browser fetches, counted in bytes on the wire.

The cache is empty and the browser takes what the server packs best. Photos that residents add are content
and are asked for below the fold; the pages here show those of the demo data.
"""

from urllib.parse import urlsplit

import pytest
from flask import Flask

from tests.journeys import stops
from tests.journeys.conftest import Visit
from tests.journeys.visitor import Visitor

pytestmark = pytest.mark.journey

PAGE_BYTES = 100_000
MAP_BYTES = 160_000
TILES = "/map/tiles/"


class Scales:
    """Weighs what a visitor's browser fetches: bytes by path, headers included."""

    def __init__(self, visitor: Visitor) -> None:
        self.bytes: dict[str, float] = {}
        self._paths: dict[str, str] = {}
        wire = visitor.context.new_cdp_session(visitor.page)
        wire.send("Network.enable")
        wire.on("Network.requestWillBeSent", self._asked)
        wire.on("Network.loadingFinished", self._came)

    def _asked(self, event: dict) -> None:
        self._paths[event["requestId"]] = urlsplit(event["request"]["url"]).path

    def _came(self, event: dict) -> None:
        path = self._paths.get(event["requestId"], "?")
        self.bytes[path] = self.bytes.get(path, 0) + event["encodedDataLength"]

    def total(self, *, tiles: bool = True) -> float:
        """Bytes so far."""
        return sum(size for path, size in self.bytes.items() if tiles or not path.startswith(TILES))

    def __str__(self) -> str:
        """The heaviest first."""
        return "\n".join(
            f"{size:9,.0f}  {path}" for path, size in sorted(self.bytes.items(), key=lambda p: -p[1])
        )


@pytest.mark.parametrize(
    "path",
    [
        "/", "/municipalities", "/help", "/search?q=park", "/lublin/", "/lublin/initiatives", "/lublin/initiatives/new",
        "/initiatives", "/sign-in",
    ],
)  # fmt: skip
@pytest.mark.parametrize("width", [390, 1280])
def test_first_visit_is_light(visit: Visit, path: str, width: int) -> None:
    someone = visit("pl", width=width)
    scales = Scales(someone)
    someone.go(path)
    someone.page.wait_for_load_state("networkidle")
    assert scales.total() <= PAGE_BYTES, scales


def test_one_initiative_is_light(visit: Visit, seeded_app: Flask) -> None:
    someone = visit("pl", width=390)
    scales = Scales(someone)
    found = stops.case("in_progress").values
    someone.go(f"/{found['town']}/initiatives/{found['number']}")
    someone.page.wait_for_load_state("networkidle")
    photos = sum(size for path, size in scales.bytes.items() if "/files/" in path)
    assert scales.total() - photos <= PAGE_BYTES, scales


def test_opened_map_is_light_but_for_its_tiles(visit: Visit) -> None:
    someone = visit("pl")
    scales = Scales(someone)
    someone.go("/lublin/initiatives/map")
    someone.page.wait_for_selector(".leaflet-marker-icon")
    someone.page.wait_for_load_state("networkidle")
    assert scales.total(tiles=False) <= MAP_BYTES, scales
