"""Geometry on plain numbers: Polish metric grids, distances, boxes, map cells, areas.

Offices hold coordinates in metres, the world exchanges degrees, and a map of a million points must
be drawn from a few hundred numbers. That is all the portal needs, so it needs no geographic library
and no extension of the database. Pure. Angles are degrees in WGS 84 and come as (lat, lon), except
in rings, which are GeoJSON's (lon, lat); lengths are metres.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

Ring = Sequence[tuple[float, float]]
"""Corners of a closed line as (lon, lat); the last may repeat the first or not."""

EARTH_RADIUS_M = 6_371_008.8
MIN_CELL_ZOOM, MAX_CELL_ZOOM = 6, 15
MAX_ZOOM = 22

# A map tile is eight cells wide: about 250 cells hold a whole country at zoom 6.
_CELLS_PER_TILE_BITS = 3
# A box in an address is widened to half tiles, so that neighbours ask for the same one.
_QUANTUM_BITS = 1
_DECIMALS = 6


class Point(NamedTuple):
    """A place in degrees, WGS 84."""

    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in degrees, edges included, in the order of GeoJSON's bbox; never over 180° east."""

    min_lon: float
    min_lat: float
    max_lon: float
    max_lat: float

    @classmethod
    def parse(cls, text: str) -> Self:
        """The box of an address, four numbers with commas. Raises ValueError if it is none."""
        parts = text.split(",")
        if len(parts) != 4 or not all(_NUMBER.fullmatch(part) for part in parts):
            raise ValueError("not a box")
        box = cls(*(float(part) for part in parts))
        south_west, north_east = Point(box.min_lat, box.min_lon), Point(box.max_lat, box.max_lon)
        if not (on_earth(*south_west) and on_earth(*north_east)):
            raise ValueError("a box beyond the earth")
        if box.min_lon > box.max_lon or box.min_lat > box.max_lat:
            raise ValueError("a box inside out")
        return box

    def __str__(self) -> str:
        edges = (self.min_lon, self.min_lat, self.max_lon, self.max_lat)
        return ",".join(f"{round(edge, _DECIMALS):.{_DECIMALS}f}".rstrip("0").rstrip(".") for edge in edges)

    def holds(self, lat: float, lon: float) -> bool:
        """Whether a place lies in the box."""
        return self.min_lat <= lat <= self.max_lat and self.min_lon <= lon <= self.max_lon

    def meets(self, other: "Box") -> bool:
        """Whether two boxes share at least a point."""
        return (
            self.min_lon <= other.max_lon
            and other.min_lon <= self.max_lon
            and self.min_lat <= other.max_lat
            and other.min_lat <= self.max_lat
        )

    def widened(self, degrees: float) -> "Box":
        """The box with a margin on every side, cut at the edges of the earth."""
        return Box(
            max(self.min_lon - degrees, -180.0),
            max(self.min_lat - degrees, -90.0),
            min(self.max_lon + degrees, 180.0),
            min(self.max_lat + degrees, 90.0),
        )


_NUMBER = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,15})?")


def on_earth(lat: float, lon: float) -> bool:
    """Whether both are finite degrees within the globe."""
    return -90.0 <= lat <= 90.0 and -180.0 <= lon <= 180.0


def parse_degrees(text: str) -> float:
    """Degrees as people and tables write them, with point or comma: "51,2465". Raises ValueError."""
    plain = text.strip().replace(",", ".").replace("−", "-")
    if not _NUMBER.fullmatch(plain):
        raise ValueError("not a number of degrees")
    return float(plain)


@dataclass(frozen=True, slots=True)
class Grid:
    """A transverse Mercator grid on the GRS 80 ellipsoid: central meridian, scale, false origin."""

    meridian: float
    scale: float
    false_easting: float
    false_northing: float


GRIDS = {
    2176: Grid(15.0, 0.999923, 5_500_000.0, 0.0),
    2177: Grid(18.0, 0.999923, 6_500_000.0, 0.0),
    2178: Grid(21.0, 0.999923, 7_500_000.0, 0.0),
    2179: Grid(24.0, 0.999923, 8_500_000.0, 0.0),
    2180: Grid(19.0, 0.9993, 500_000.0, -5_300_000.0),
}
"""EPSG code → grid: PL-2000 zones 5 to 8, PL-1992. Source: decree on spatial reference systems."""

# How far from its meridian a grid is believed, and between which distances from the equator Poland
# lies; beyond, an axis was swapped or the zone is wrong.
_REACH_M = 600_000.0
_SOUTH_M, _NORTH_M = 5_400_000.0, 6_150_000.0

_SEMI_MAJOR_M = 6_378_137.0
_FLATTENING = 1 / 298.257222101
_N = _FLATTENING / (2 - _FLATTENING)
_RECTIFYING_RADIUS_M = _SEMI_MAJOR_M / (1 + _N) * (1 + _N**2 / 4 + _N**4 / 64)
# Krüger's series to the fourth power of n: from grid to sphere, and from the sphere's latitude to ours.
_BETA = (
    _N / 2 - 2 * _N**2 / 3 + 37 * _N**3 / 96 - _N**4 / 360,
    _N**2 / 48 + _N**3 / 15 - 437 * _N**4 / 1440,
    17 * _N**3 / 480 - 37 * _N**4 / 840,
    4397 * _N**4 / 161280,
)
_DELTA = (
    2 * _N - 2 * _N**2 / 3 - 2 * _N**3 + 116 * _N**4 / 45,
    7 * _N**2 / 3 - 8 * _N**3 / 5 - 227 * _N**4 / 45,
    56 * _N**3 / 15 - 136 * _N**4 / 35,
    4279 * _N**4 / 630,
)


def from_grid(easting: float, northing: float, epsg: int) -> Point:
    """The place of a point given in metres of a Polish grid, better than 10⁻⁸ degrees.

    Raises ValueError for an EPSG code that is not in `GRIDS` and for metres that no place near
    Poland has in it. Source: Krüger 1912, Konforme Abbildung des Erdellipsoids in der Ebene.
    """
    grid = GRIDS.get(epsg)
    if grid is None:
        raise ValueError(f"no grid EPSG:{epsg}")
    east, north = easting - grid.false_easting, northing - grid.false_northing
    # The comparisons are written so that "not a number" fails them.
    if not (abs(east) <= _REACH_M and _SOUTH_M <= north <= _NORTH_M):
        raise ValueError(f"not a place in the grid EPSG:{epsg}")
    xi = north / (grid.scale * _RECTIFYING_RADIUS_M)
    eta = east / (grid.scale * _RECTIFYING_RADIUS_M)
    xi_sphere = xi - sum(
        b * math.sin(2 * j * xi) * math.cosh(2 * j * eta) for j, b in enumerate(_BETA, start=1)
    )
    eta_sphere = eta - sum(
        b * math.cos(2 * j * xi) * math.sinh(2 * j * eta) for j, b in enumerate(_BETA, start=1)
    )
    chi = math.asin(math.sin(xi_sphere) / math.cosh(eta_sphere))
    lat = chi + sum(d * math.sin(2 * j * chi) for j, d in enumerate(_DELTA, start=1))
    lon = math.atan2(math.sinh(eta_sphere), math.cos(xi_sphere))
    return Point(math.degrees(lat), grid.meridian + math.degrees(lon))


def distance_m(one: Point, other: Point) -> float:
    """Great-circle distance in metres; within 0.5 % of the ellipsoid."""
    lat_1, lat_2 = math.radians(one.lat), math.radians(other.lat)
    half_lat, half_lon = (lat_2 - lat_1) / 2, math.radians(other.lon - one.lon) / 2
    h = math.sin(half_lat) ** 2 + math.cos(lat_1) * math.cos(lat_2) * math.sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(h)))


def cell(lat: float, lon: float, zoom: int) -> int:
    """Number of the map cell that holds a place at a zoom (0 to 15); at most 36 bits.

    Cells halve with each zoom, and their numbers are in Z-order: the two last bits say which quarter of the
    cell of the zoom before (`number >> 2`) it is. So what lies in one cell has one run of numbers at every
    finer zoom, and the tile around it is `tile_of(number)`. Numbers of different zooms overlap: store the
    zoom beside them. Raises ValueError for other zooms or places off earth.
    """
    if not on_earth(lat, lon):
        raise ValueError("a place beyond the earth")
    bits = _cell_bits(zoom)
    return _woven(_place(lat, -90.0, 180.0, bits), _place(lon, -180.0, 360.0, bits))


def cell_box(number: int, zoom: int) -> Box:
    """The rectangle of a cell. Raises ValueError for a number that the zoom does not have."""
    bits = _cell_bits(zoom)
    if not 0 <= number < 1 << 2 * bits:
        raise ValueError("no such cell")
    row, column = _unwoven(number >> 1), _unwoven(number)
    height, width = 180.0 / (1 << bits), 360.0 / (1 << bits)
    return Box(
        -180.0 + column * width,
        -90.0 + row * height,
        -180.0 + (column + 1) * width,
        -90.0 + (row + 1) * height,
    )


def cell_size(zoom: int) -> tuple[float, float]:
    """Height and width of the cells of a zoom, degrees."""
    count = 1 << _cell_bits(zoom)
    return 180.0 / count, 360.0 / count


def tile_of(number: int) -> int:
    """Number of the tile, eight cells high and wide, that a cell of the same zoom lies in."""
    return number >> 2 * _CELLS_PER_TILE_BITS


Sums = dict[int, tuple[int, float, float]]
"""Cell → how many points, and the sums of their latitudes and longitudes."""


def coarser(sums: Sums) -> Sums:
    """The sums of the zoom before: four cells in one."""
    found: Sums = {}
    for number, (n, lat, lon) in sums.items():
        before = found.get(number >> 2, (0, 0.0, 0.0))
        found[number >> 2] = before[0] + n, before[1] + lat, before[2] + lon
    return found


def tiles(box: Box, zoom: int, most: int) -> list[int] | None:
    """The tiles of a zoom that a box touches, or None when these are more than `most`.

    A screen shows some dozen, so a query can ask for them one by one. What of a box lies beyond the earth
    touches nothing.
    """
    _cell_bits(zoom)
    columns = range(_place(box.min_lon, -180.0, 360.0, zoom), _place(box.max_lon, -180.0, 360.0, zoom) + 1)
    rows = range(_place(box.min_lat, -90.0, 180.0, zoom), _place(box.max_lat, -90.0, 180.0, zoom) + 1)
    if len(rows) * len(columns) > most:
        return None
    return [_woven(row, column) for row in rows for column in columns]


def quantise(box: Box, zoom: int) -> Box:
    """The box widened to half tiles of a zoom (0 to 22), so that few addresses serve many screens.

    A box already quantised stays, also after a journey through an address with six decimals.
    """
    if not 0 <= zoom <= MAX_ZOOM:
        raise ValueError("no such zoom")
    bits = zoom + _QUANTUM_BITS
    height, width = 180.0 / (1 << bits), 360.0 / (1 << bits)
    # Half a unit of the last decimal, doubled: what rounding moved over an edge stays on the edge.
    slack = 10.0**-_DECIMALS
    return Box(
        max(math.floor((box.min_lon + slack) / width) * width, -180.0),
        max(math.floor((box.min_lat + slack) / height) * height, -90.0),
        min(math.ceil((box.max_lon - slack) / width) * width, 180.0),
        min(math.ceil((box.max_lat - slack) / height) * height, 90.0),
    )


def in_ring(lat: float, lon: float, ring: Ring) -> bool:
    """Whether a place lies inside a ring; on its very edge, either answer may come."""
    inside = False
    for (lon_1, lat_1), (lon_2, lat_2) in zip(ring, [*ring[1:], *ring[:1]], strict=True):
        if (lat_1 > lat) is not (lat_2 > lat) and lon < lon_1 + (lat - lat_1) / (lat_2 - lat_1) * (
            lon_2 - lon_1
        ):
            inside = not inside
    return inside


def in_area(lat: float, lon: float, polygons: Sequence[Sequence[Ring]]) -> bool:
    """Whether a place lies in an area: polygons, each an outer ring and the rings of its holes.

    The coordinates of a GeoJSON MultiPolygon fit; for a Polygon give a list with it alone.
    """
    return any(sum(in_ring(lat, lon, ring) for ring in polygon) % 2 == 1 for polygon in polygons)


def _cell_bits(zoom: int) -> int:
    if not 0 <= zoom <= MAX_CELL_ZOOM:
        raise ValueError("no cells for this zoom")
    return zoom + _CELLS_PER_TILE_BITS


def _place(degrees: float, start: float, span: float, bits: int) -> int:
    """Index of the slice of a circle that holds an angle; the far edge, and all beyond, belongs to the last."""
    return min(max(int((degrees - start) / span * (1 << bits)), 0), (1 << bits) - 1)


def _woven(row: int, column: int) -> int:
    """The bits of both numbers in turn, each row bit before its column bit: Z-order."""
    return _spread(row) << 1 | _spread(column)


def _spread(number: int) -> int:
    """A number of at most 32 bits with a nought before each bit."""
    for shift, mask in _SPREADING:
        number = (number | number << shift) & mask
    return number


def _unwoven(number: int) -> int:
    """Every other bit of a number, the last one first: `_spread` backwards."""
    number &= _SPREADING[-1][1]
    for shift, mask in _GATHERING:
        number = (number | number >> shift) & mask
    return number


_SPREADING = (
    (16, 0x0000_FFFF_0000_FFFF),
    (8, 0x00FF_00FF_00FF_00FF),
    (4, 0x0F0F_0F0F_0F0F_0F0F),
    (2, 0x3333_3333_3333_3333),
    (1, 0x5555_5555_5555_5555),
)
_GATHERING = (
    (1, 0x3333_3333_3333_3333),
    (2, 0x0F0F_0F0F_0F0F_0F0F),
    (4, 0x00FF_00FF_00FF_00FF),
    (8, 0x0000_FFFF_0000_FFFF),
    (16, 0x0000_0000_FFFF_FFFF),
)
