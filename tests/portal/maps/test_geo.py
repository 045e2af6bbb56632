"""Grids against known points, cells against their boxes, areas against drawings."""

import json
import math
import os
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from portal.maps import geo
from portal.maps.geo import Box, Point

SHARED = Path(os.environ.get("PORTAL_SHARED_DATA", Path(__file__).parents[4] / "shared" / "data"))
LATS, LONS = st.floats(-90, 90), st.floats(-180, 180)
IN_POLAND = (st.floats(49.0, 54.9), st.floats(14.1, 24.2))


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    """Any box on earth."""
    lats, lons = sorted([draw(LATS), draw(LATS)]), sorted([draw(LONS), draw(LONS)])
    return Box(lons[0], lats[0], lons[1], lats[1])


def to_grid(lat: float, lon: float, grid: geo.Grid) -> tuple[float, float]:
    """Metres of a place, by the other route: Bowring's footpoint-free power series of Redfearn."""
    a, f = 6_378_137.0, 1 / 298.257222101
    e2 = f * (2 - f)
    phi, dl = math.radians(lat), math.radians(lon - grid.meridian)
    s, c, t = math.sin(phi), math.cos(phi), math.tan(phi)
    nu, rho = a / math.sqrt(1 - e2 * s * s), a * (1 - e2) / (1 - e2 * s * s) ** 1.5
    psi = nu / rho
    arc = a * (
        (1 - e2 / 4 - 3 * e2**2 / 64 - 5 * e2**3 / 256) * phi
        - 3 / 8 * (e2 + e2**2 / 4 + 15 * e2**3 / 128) * math.sin(2 * phi)
        + 15 / 256 * (e2**2 + 3 * e2**3 / 4) * math.sin(4 * phi)
        - 35 * e2**3 / 3072 * math.sin(6 * phi)
    )
    w, t2 = dl * c, t * t
    north = arc + nu * t * w * w / 2 * (
        1
        + w**2 / 12 * (4 * psi**2 + psi - t2)
        + w**4 / 360 * (8 * psi**4 * (11 - 24 * t2) - 28 * psi**3 * (1 - 6 * t2) + psi**2 * (1 - 32 * t2)
                        - psi * 2 * t2 + t2**2)
    )  # fmt: skip
    east = (
        nu
        * w
        * (
            1
            + w**2 / 6 * (psi - t2)
            + w**4 / 120 * (4 * psi**3 * (1 - 6 * t2) + psi**2 * (1 + 8 * t2) - psi * 2 * t2 + t2**2)
        )
    )
    return grid.false_easting + grid.scale * east, grid.false_northing + grid.scale * north


@given(*IN_POLAND, st.sampled_from(sorted(geo.GRIDS)))
def test_grid_undoes_an_independent_projection(lat: float, lon: float, epsg: int) -> None:
    grid = geo.GRIDS[epsg]
    assume(abs(lon - grid.meridian) < (6 if epsg == 2180 else 3))
    place = geo.from_grid(*to_grid(lat, lon, grid), epsg)
    # The oracle's own series is short: good to a few millimetres at six degrees from the meridian.
    assert place.lat == pytest.approx(lat, abs=2e-7)
    assert place.lon == pytest.approx(lon, abs=2e-7)


@pytest.mark.parametrize(("epsg", "meridian"), [(2176, 15), (2177, 18), (2178, 21), (2179, 24), (2180, 19)])
def test_false_easting_lies_on_the_central_meridian(epsg: int, meridian: float) -> None:
    grid = geo.GRIDS[epsg]
    assert geo.from_grid(grid.false_easting, grid.false_northing + 5.8e6, epsg).lon == meridian


@pytest.mark.parametrize(
    ("easting", "northing", "epsg"),
    [(math.nan, 5.8e6, 2178), (7.5e6, math.inf, 2178), (5.8e6, 7.5e6, 2178), (0, 0, 2180), (21, 52, 2178)],
)
def test_metres_of_nowhere_are_refused(easting: float, northing: float, epsg: int) -> None:
    with pytest.raises(ValueError, match="not a place"):
        geo.from_grid(easting, northing, epsg)


def test_unknown_grid_is_refused() -> None:
    with pytest.raises(ValueError, match="no grid"):
        geo.from_grid(7.5e6, 5.8e6, 4326)


def test_real_points_of_warsaw_agree_to_a_millionth_of_a_degree() -> None:
    folder = SHARED / "warszawa19115"
    if not folder.is_dir():
        pytest.skip("needs the sample data: set PORTAL_SHARED_DATA to the folder that holds warszawa19115")
    metres = set()
    for name in ("otwarte", "zamkniete"):
        lines = (folder / f"2014-03-15_{name}.csv").read_text(encoding="utf-16").splitlines()[1:]
        rows = [line.split("\t") for line in lines]
        metres |= {(name, row[0], float(row[6]), float(row[7])) for row in rows if row[6]}
    found = {(name, number): geo.from_grid(x, y, 2178) for name, number, x, y in metres}
    expected = json.loads((folder / "oczekiwane_punkty_wgs84.geojson").read_text(encoding="utf-8"))
    assert len(expected["features"]) == 286
    for feature in expected["features"]:
        lon, lat = feature["geometry"]["coordinates"]
        place = found[feature["properties"]["plik"], feature["properties"]["numer"]]
        assert place.lat == pytest.approx(lat, abs=1e-6)
        assert place.lon == pytest.approx(lon, abs=1e-6)


def test_distances() -> None:
    lublin, warsaw = Point(51.2465, 22.5684), Point(52.2297, 21.0122)
    assert geo.distance_m(lublin, warsaw) == pytest.approx(153_000, rel=0.01)
    assert geo.distance_m(Point(0, 0), Point(0, 180)) == pytest.approx(math.pi * geo.EARTH_RADIUS_M)


@given(LATS, LONS, LATS, LONS)
def test_distance_is_symmetric_and_nothing_is_farther_than_the_antipode(
    lat_1: float, lon_1: float, lat_2: float, lon_2: float
) -> None:
    one, other = Point(lat_1, lon_1), Point(lat_2, lon_2)
    there, back = geo.distance_m(one, other), geo.distance_m(other, one)
    assert there == pytest.approx(back)
    assert 0 <= there <= 1.0001 * math.pi * geo.EARTH_RADIUS_M


@pytest.mark.parametrize(
    ("text", "degrees"), [("51,2465", 51.2465), (" -0.5 ", -0.5), ("−22.5", -22.5), ("180", 180.0)]
)
def test_degrees_with_point_or_comma(text: str, degrees: float) -> None:
    assert geo.parse_degrees(text) == degrees


@pytest.mark.parametrize("text", ["", "51,24,65", "nan", "inf", "1e2", "51°", "5 1", "1234", "٥"])
def test_other_degrees_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="degrees"):
        geo.parse_degrees(text)


@given(LATS, LONS, st.integers(0, geo.MAX_CELL_ZOOM))
def test_cell_holds_its_place_and_lies_in_the_cell_before(lat: float, lon: float, zoom: int) -> None:
    number = geo.cell(lat, lon, zoom)
    box = geo.cell_box(number, zoom)
    # Places a hair beside an edge may round onto it.
    assert box.widened(1e-9).holds(lat, lon)
    assert number < 2**36
    if zoom:
        assert geo.cell(lat, lon, zoom - 1) == number >> 2


@given(st.integers(0, geo.MAX_CELL_ZOOM), st.data())
def test_cell_and_box_are_inverse(zoom: int, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, 2 ** (2 * (zoom + 3)) - 1))
    box = geo.cell_box(number, zoom)
    assert geo.cell((box.min_lat + box.max_lat) / 2, (box.min_lon + box.max_lon) / 2, zoom) == number


def test_a_country_has_about_250_cells_at_zoom_6() -> None:
    height, width = geo.cell_size(6)
    poland = Box(14.1, 49.0, 24.2, 54.9)
    assert (
        200 <= (poland.max_lat - poland.min_lat) / height * (poland.max_lon - poland.min_lon) / width <= 300
    )


@given(boxes(), st.integers(0, 7), st.data())
def test_tiles_of_a_box_hold_every_place_in_it(box: Box, zoom: int, data: st.DataObject) -> None:
    lat = data.draw(st.floats(box.min_lat, box.max_lat))
    lon = data.draw(st.floats(box.min_lon, box.max_lon))
    found = geo.tiles(box, zoom, 4**zoom)
    assert found is not None
    assert geo.tile_of(geo.cell(lat, lon, zoom)) in found
    assert len(set(found)) == len(found)
    assert geo.tiles(box, zoom, len(found) - 1) is None


def test_a_screen_has_some_dozen_tiles_and_a_box_beyond_the_earth_those_of_its_edge() -> None:
    # 1,280 by 800 dots of 256 a tile at zoom 15.
    assert len(geo.tiles(Box(22.55, 51.24, 22.605, 51.261), 15, 100) or ()) <= 40
    assert geo.tiles(Box(-1e9, -1e9, 1e9, 1e9), 1, 4) == [0, 1, 2, 3]
    assert geo.tiles(Box(2, 2, 1, 1), 12, 100) == []


@pytest.mark.parametrize("zoom", [-1, 16])
def test_zoom_without_cells_is_refused(zoom: int) -> None:
    whole = Box(-180, -90, 180, 90)
    for call in (
        lambda: geo.cell(51, 22, zoom),
        lambda: geo.cell_box(0, zoom),
        lambda: geo.cell_size(zoom),
        lambda: geo.tiles(whole, zoom, 1),
    ):
        with pytest.raises(ValueError, match="no cells"):
            call()


def test_cells_that_do_not_exist_are_refused() -> None:
    for number in (-1, 2**18):
        with pytest.raises(ValueError, match="no such cell"):
            geo.cell_box(number, 6)
    for lat, lon in ((90.1, 0.0), (0.0, -180.1), (math.nan, 0.0)):
        with pytest.raises(ValueError, match="beyond the earth"):
            geo.cell(lat, lon, 6)


@given(boxes(), st.integers(0, geo.MAX_ZOOM))
def test_quantised_box_covers_and_stays(box: Box, zoom: int) -> None:
    wide = geo.quantise(box, zoom)
    assert wide.widened(2e-6).holds(box.min_lat, box.min_lon)
    assert wide.widened(2e-6).holds(box.max_lat, box.max_lon)
    again = geo.quantise(Box.parse(str(wide)), zoom)
    assert str(again) == str(wide)


def test_near_screens_share_a_box() -> None:
    one, other = Box(22.50, 51.20, 22.60, 51.26), Box(22.501, 51.201, 22.601, 51.259)
    assert geo.quantise(one, 12) == geo.quantise(other, 12)
    with pytest.raises(ValueError, match="no such zoom"):
        geo.quantise(one, 23)


@pytest.mark.parametrize(
    "text",
    ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "5,5,4,6", "5,6,6,5", "0,0,181,1", "0,-91,1,1", "1e1,0,20,1"],
)
def test_strange_box_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="box"):
        Box.parse(text)


def test_boxes_meet_and_hold() -> None:
    box = Box.parse("22.4,51.1,22.7,51.3")
    assert str(box) == "22.4,51.1,22.7,51.3"
    assert box.holds(51.2465, 22.5684)
    assert not box.holds(52.2, 22.5)
    assert box.meets(Box(22.7, 51.0, 23.0, 51.2))
    assert not box.meets(Box(22.8, 51.0, 23.0, 51.2))
    assert Box(-180, -90, 180, 90).widened(1) == Box(-180, -90, 180, 90)


SQUARE = [(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0)]
HOLE = [(1.0, 1.0), (3.0, 1.0), (3.0, 3.0), (1.0, 3.0), (1.0, 1.0)]


@pytest.mark.parametrize(
    ("lat", "lon", "expected"), [(0.5, 0.5, True), (2, 2, False), (5, 5, False), (2, 3.5, True)]
)
def test_hole_is_not_part_of_the_area(lat: float, lon: float, expected: bool) -> None:
    assert geo.in_area(lat, lon, [[SQUARE, HOLE]]) is expected


@given(st.floats(-1, 5), st.floats(-1, 5))
def test_square_holds_what_lies_between_its_sides(lat: float, lon: float) -> None:
    assume(not {lat, lon} & {0.0, 4.0})
    assert geo.in_ring(lat, lon, SQUARE) is (0 < lat < 4 and 0 < lon < 4)


def test_empty_ring_holds_nothing() -> None:
    assert not geo.in_ring(1, 1, [])


def test_town_of_lezajsk_lies_in_the_hole_of_the_rural_gmina() -> None:
    source = SHARED / "boundaries" / "gminy_partnerzy.geojson"
    if not source.is_file():
        pytest.skip("needs the sample data: set PORTAL_SHARED_DATA to the folder that holds boundaries")
    areas = {
        feature["properties"]["teryt"]: feature["geometry"]
        for feature in json.loads(source.read_text(encoding="utf-8"))["features"]
    }
    rural, town = areas["1808042"]["coordinates"], [areas["1808011"]["coordinates"]]
    assert geo.in_area(50.2664, 22.4208, town)
    assert not geo.in_area(50.2664, 22.4208, rural)
    assert geo.in_area(50.21, 22.30, rural)
