"""Tiles are small valid pictures without script, links or style sheets, wherever one looks."""

import math
import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.maps.outlines import TOWNS, Kind, Place, Town
from portal.maps.tiles import LAST_ZOOM, SIZE, draw_tile, smooth_ring

SVG = "{http://www.w3.org/2000/svg}"
NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")


def tile_of(lat: float, lon: float, z: int) -> tuple[int, int, int]:
    """The tile that holds a place."""
    sine = math.sin(math.radians(lat))
    south = 0.5 - math.log((1 + sine) / (1 - sine)) / (4 * math.pi)
    return z, int((lon + 180) / 360 * (1 << z)), int(south * (1 << z))


def check(svg: str) -> ET.Element:
    """What must be true of every tile."""
    root = ET.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    assert root.get("viewBox") == "0 0 256 256"
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {"svg", "rect", "path", "text", "g"}
    assert not any(
        name in {"style", "class"} or name.startswith("on")
        for element in root.iter()
        for name in element.attrib
    )
    assert svg.count("http") == 1
    assert len(svg.encode()) <= 6_000
    return root


@given(st.integers(0, LAST_ZOOM), st.floats(0, 1, exclude_max=True), st.floats(0, 1, exclude_max=True))
def test_every_tile_of_the_world_is_a_small_picture(z: int, east: float, south: float) -> None:
    check(draw_tile(z, int(east * (1 << z)), int(south * (1 << z))))


@pytest.mark.parametrize("z", range(LAST_ZOOM + 1))
@pytest.mark.parametrize("town", TOWNS, ids=lambda town: town.slug)
def test_tiles_of_our_towns_stay_within_their_margin(town: Town, z: int) -> None:
    for place in town.places:
        root = check(draw_tile(*tile_of(place.lat, place.lon, z)))
        for path in root.iter(f"{SVG}path"):
            numbers = [float(number) for number in NUMBER.findall(path.get("d") or "")]
            assert all(-8 <= number <= SIZE + 8 for number in numbers)


def test_names_stand_on_the_tile_of_their_place() -> None:
    for z, name in ((6, "Lublin"), (9, "Świdnik"), (12, "Bronowice"), (17, "Felin")):
        place = next(place for town in TOWNS for place in town.places if place.name == name)
        assert name in draw_tile(*tile_of(place.lat, place.lon, z))


def test_name_near_an_edge_stands_on_both_tiles() -> None:
    place = Place("Na granicy", 22.5, 51.0, 6)
    z, x, y = tile_of(51.0, 22.5, 8)
    assert tile_of(51.0, 22.5 - 1e-9, 8) == (z, x - 1, y)
    towns = (Town("granica", ((22.0, 50.0), (23.0, 50.0), (23.0, 51.0)), places=(place,)),)
    both = [draw_tile(z, column, y, towns) for column in (x - 1, x)]
    assert all("Na granicy" in svg for svg in both)
    positions = [float(re.findall(r'x="([-0-9.]+)"[^>]*>Na granicy', svg)[0]) for svg in both]
    assert positions == [256, 0]


def test_outlines_and_net_are_drawn_when_there_is_room() -> None:
    lublin = next(town for town in TOWNS if town.slug == "lublin").places[0]
    far, near, street = (draw_tile(*tile_of(lublin.lat, lublin.lon, z)) for z in (6, 10, 16))
    assert "stroke-dasharray" not in far
    assert "stroke-dasharray" in near
    assert "°" not in near
    assert re.search(r">51\.2\d+° 22\.5\d+°<", street)


def test_whatever_an_office_calls_its_places_is_escaped() -> None:
    name = '</text><script>alert("1")</script>&\''
    place = Place(name, 22.5, 51.2, 6, Kind.CITY)
    towns = (Town("x", ((22.4, 51.1), (22.6, 51.1), (22.6, 51.3)), places=(place,)),)
    root = check(draw_tile(*tile_of(51.2, 22.5, 10), towns))
    assert name in [element.text for element in root.iter(f"{SVG}text")]


def test_same_tile_has_the_same_bytes() -> None:
    assert draw_tile(10, 576, 341) == draw_tile(10, 576, 341)


@pytest.mark.parametrize(
    ("z", "x", "y"), [(-1, 0, 0), (19, 0, 0), (3, 8, 0), (3, 0, 8), (3, -1, 0), (3, 0, -1)]
)
def test_tile_that_does_not_exist_is_refused(z: int, x: int, y: int) -> None:
    with pytest.raises(ValueError, match="no such tile"):
        draw_tile(z, x, y)


def test_rounding_stays_within_the_box() -> None:
    ring = TOWNS[0].outline
    smooth = smooth_ring(ring)
    assert len(smooth) == 4 * len(ring)
    for axis in (0, 1):
        assert min(corner[axis] for corner in smooth) >= min(corner[axis] for corner in ring)
        assert max(corner[axis] for corner in smooth) <= max(corner[axis] for corner in ring)
