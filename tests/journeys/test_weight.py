"""What a first visit costs: everything a browser fetches, counted in bytes on the wire.

The cache is empty and the browser takes what the server packs best. Photos that residents add are content
and are asked for below the fold; the pages here show those of the demo data.
"""

from urllib.parse import urlsplit

import pytest
from flask import Flask

from tests.factories.counted import count
from tests.journeys import stops
from tests.journeys.conftest import Visit
from tests.journeys.visitor import Visitor

pytestmark = pytest.mark.journey

PAGE_BYTES = 100_000
MAP_BYTES = 160_000
TILES = "/map/tiles/"
PHOTOS = "/files/"


class Scales:
    """Weighs what a visitor's browser fetches: bytes by path, headers included."""

    def __init__(self, visitor: Visitor) -> None:
        self.bytes: dict[str, float] = {}
        self._paths: dict[str, str] = {}
        self._wire = wire = visitor.context.new_cdp_session(visitor.page)
        wire.send("Network.enable")
        wire.on("Network.requestWillBeSent", self._asked)
        wire.on("Network.loadingFinished", self._came)

    def _asked(self, event: dict) -> None:
        self._paths[event["requestId"]] = urlsplit(event["request"]["url"]).path

    def _came(self, event: dict) -> None:
        path = self._paths.get(event["requestId"], "?")
        self.bytes[path] = self.bytes.get(path, 0) + event["encodedDataLength"]

    def forget_cache(self) -> None:
        """From now on everything is fetched anew."""
        self._wire.send("Network.setCacheDisabled", {"cacheDisabled": True})

    def total(self, *, tiles: bool = True, photos: bool = True) -> float:
        """Bytes so far; without tiles of maps, and without photos of residents."""
        return sum(
            size
            for path, size in self.bytes.items()
            if (tiles or not path.startswith(TILES)) and (photos or PHOTOS not in path)
        )

    def __str__(self) -> str:
        """The heaviest first."""
        return "\n".join(
            f"{size:9,.0f}  {path}" for path, size in sorted(self.bytes.items(), key=lambda p: -p[1])
        )


@pytest.mark.parametrize(
    "path", ["/", "/search?q=park", "/lublin/", "/lublin/initiatives", "/lublin/initiatives/new"]
)
def test_first_visit_on_a_desktop_is_light(visit: Visit, path: str) -> None:
    """Where a wide screen is shown more than a phone."""
    someone = visit("pl", width=1280)
    scales = Scales(someone)
    someone.go(path)
    someone.page.wait_for_load_state("networkidle")
    assert scales.total() <= PAGE_BYTES, scales


def test_every_public_page_is_light_at_first_sight(visit: Visit, seeded_app: Flask) -> None:
    """Each as if it were the first one a phone sees: nothing of the page before is taken from the cache."""
    someone = visit("pl", width=390)
    scales = Scales(someone)
    scales.forget_cache()
    heavy, shares = [], []
    for stop in (*stops.public(), *stops.closed_doors()):
        scales.bytes.clear()
        someone.open(stop.path(seeded_app, "pl"), stop.status)
        someone.page.wait_for_load_state("networkidle")
        most = MAP_BYTES if stop.endpoint == "initiatives.map" else PAGE_BYTES
        shares.append(100 * scales.total(tiles=False, photos=False) / most)
        if not 0 < shares[-1] <= 100:
            heavy.append(f"{stop.path(seeded_app, 'pl')}\n{scales}")
    count("F10", "public pages", len(shares), len(heavy), max(shares))
    assert not heavy, "\n".join(heavy)


def test_opened_map_is_light_but_for_its_tiles(visit: Visit) -> None:
    someone = visit("pl")
    scales = Scales(someone)
    someone.go("/lublin/initiatives/map")
    someone.page.wait_for_selector(".leaflet-marker-icon")
    someone.page.wait_for_load_state("networkidle")
    assert scales.total(tiles=False) <= MAP_BYTES, scales
