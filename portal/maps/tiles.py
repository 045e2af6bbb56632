"""Map tiles drawn by the portal itself, so that every map works offline and asks nobody.

A tile is a small SVG picture: quiet land and water, the sketched outlines of the municipalities,
names, and a net of meridians and parallels that keeps its bearings where nothing else is known.
Pure: the same tile always has the same bytes. Colours stand as attributes, because a style sheet in
a picture would be refused when someone opens the picture by itself.
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from html import escape
from itertools import pairwise

from portal.maps.outlines import (
    COUNTRIES,
    LANDMARKS,
    RIVERS,
    ROADS,
    SEAS,
    TOWNS,
    Corner,
    Kind,
    Line,
    Place,
    Town,
)

SIZE = 256
LAST_ZOOM = 18

# What lies this far outside still reaches in with its stroke, and a name with half its length.
_MARGIN = 8.0
_NAME_MARGIN = 120.0
_THIN = 2.5
# Degrees between the lines of the net: a third of a tile or more, so that each tile meets some.
_NET_STEPS = (
    0.001,
    0.002,
    0.005,
    0.01,
    0.02,
    0.05,
    0.1,
    0.2,
    0.5,
    1.0,
    2.0,
    5.0,
    10.0,
    20.0,
    45.0,
    90.0,
    180.0,
)
_NET_NUMBERS_FROM = 12
# Outlines of countries are too coarse for near views, those of municipalities too small for far ones.
_COUNTRIES_UNTIL, _TOWNS_FROM = 10, 8
# A hand-drawn river or road that runs beside the true one helps from afar and misleads near by.
_LINES_FROM, _LINES_UNTIL = 6, 13

# Font size in pixels, weight, colour, space between letters.
_LETTERING = {
    Kind.CITY: (15, 600, "#2f3d37", 0),
    Kind.TOWN: (13, 600, "#3d4a44", 0),
    Kind.DISTRICT: (12, 400, "#55625b", 0),
    Kind.AREA: (12, 400, "#76857c", 1.5),
}
_ABROAD, _LAND, _TOWN, _WATER = "#e9ebe5", "#f3f4ee", "#fcf8ea", "#c3dce7"
_BORDER, _TOWN_BORDER, _ROAD, _ROAD_EDGE = "#cdd3c8", "#b3945a", "#fffdf6", "#cfc9b6"
_NET, _NET_NUMBER, _HALO = "#dde2d9", "#98a398", "#fbfaf5"

Pixel = tuple[float, float]
Projection = Callable[[Corner], Pixel]


def draw_tile(z: int, x: int, y: int, towns: Sequence[Town] = TOWNS) -> str:
    """The tile of the usual web scheme (Mercator, rows counted from the north) as SVG.

    Raises ValueError for a tile that does not exist or lies deeper than `LAST_ZOOM`.
    """
    if not 0 <= z <= LAST_ZOOM or not 0 <= x < 1 << z or not 0 <= y < 1 << z:
        raise ValueError("no such tile")
    to_pixel = _projection(z, x, y)
    places = (*LANDMARKS, *(place for town in towns for place in town.places))
    return "".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{SIZE}" height="{SIZE}" viewBox="0 0 {SIZE} {SIZE}">',
            _land(z, to_pixel),
            *(_town(town, to_pixel) for town in towns if z >= _TOWNS_FROM),
            _rivers_and_roads(z, to_pixel),
            _net(z, x, to_pixel),
            _names([place for place in places if place.from_zoom <= z <= place.last_zoom], to_pixel),
            "</svg>",
        )
    )


def _projection(z: int, x: int, y: int) -> Projection:
    """From (lon, lat) to pixels of the tile."""
    world = SIZE << z

    def to_pixel(corner: Corner) -> Pixel:
        sine = math.sin(math.radians(corner[1]))
        east = (corner[0] + 180.0) / 360.0 * world
        south = (0.5 - math.log((1 + sine) / (1 - sine)) / (4 * math.pi)) * world
        return east - x * SIZE, south - y * SIZE

    return to_pixel


def _land(z: int, to_pixel: Projection) -> str:
    """The ground: near by one colour, from afar the two countries and the sea."""
    near = z > _COUNTRIES_UNTIL
    ground = f'<rect width="{SIZE}" height="{SIZE}" fill="{_LAND if near else _ABROAD}"/>'
    if near:
        return ground
    countries = "".join(_area(ring, to_pixel) for ring in COUNTRIES)
    seas = "".join(_area(ring, to_pixel) for ring in SEAS)
    return ground + _path(seas, f'fill="{_WATER}"') + _path(countries, f'fill="{_LAND}" stroke="{_BORDER}"')


def _town(town: Town, to_pixel: Projection) -> str:
    rings = "".join(_area(ring, to_pixel) for ring in (town.outline, *town.holes))
    return _path(
        rings,
        f'fill="{_TOWN}" fill-rule="evenodd" stroke="{_TOWN_BORDER}" stroke-width="1.5" stroke-linejoin="round" '
        'stroke-dasharray="7 3"',
    )


def _rivers_and_roads(z: int, to_pixel: Projection) -> str:
    if not _LINES_FROM <= z <= _LINES_UNTIL:
        return ""
    rounded = 'fill="none" stroke-linecap="round" stroke-linejoin="round"'
    rivers, roads = (
        "".join(_line([to_pixel(corner) for corner in line]) for line in smooth_lines(lines))
        for lines in (RIVERS, ROADS)
    )
    width = max(z - 5, 1)
    return (
        _path(rivers, f'{rounded} stroke="{_WATER}" stroke-width="{min(width, 7)}"')
        + _path(roads, f'{rounded} stroke="{_ROAD_EDGE}" stroke-width="{1.4 + width * 0.6:.1f}"')
        # From afar an edge is all that is seen of a road.
        + _path(
            roads if z >= _TOWNS_FROM else "", f'{rounded} stroke="{_ROAD}" stroke-width="{width * 0.6:.1f}"'
        )
    )


@lru_cache(maxsize=64)
def smooth_lines(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """Lines with their corners rounded; the ends stay where they are."""
    return tuple((line[0], *_rounded(_rounded(line)), line[-1]) for line in lines)


@lru_cache(maxsize=512)
def smooth_ring(ring: Line) -> Line:
    """A closed ring with its corners rounded; it stays within its own box."""
    for _ in range(2):
        ring = _rounded((*ring, ring[0]))
    return ring


def _rounded(line: Line) -> Line:
    """Two points on each stretch instead of the corners between them (Chaikin)."""
    return tuple(
        (one[0] + share * (other[0] - one[0]), one[1] + share * (other[1] - one[1]))
        for one, other in pairwise(line)
        for share in (0.2, 0.8)
    )


def _net(z: int, x: int, to_pixel: Projection) -> str:
    """Meridians and parallels at round degrees; near by their numbers stand at the crossings."""
    width = 360.0 / (1 << z)
    step = next(step for step in _NET_STEPS if step >= width / 3)
    west = x * width - 180.0
    meridians = [step * k for k in range(math.floor(west / step), math.ceil((west + width) / step) + 1)]
    columns = [(to_pixel((lon, 0.0))[0], lon) for lon in meridians]
    rows = [(to_pixel((0.0, lat))[1], lat) for lat in _parallels(step, to_pixel)]
    lines = "".join(f"M{_pixels(east)} 0v{SIZE}" for east, _ in columns if 0 <= east < SIZE)
    lines += "".join(f"M0 {_pixels(south)}h{SIZE}" for south, _ in rows if 0 <= south < SIZE)
    net = _path(lines, f'stroke="{_NET}" fill="none"')
    if z < _NET_NUMBERS_FROM:
        return net
    decimals = max(-math.floor(math.log10(step)), 0)
    numbers = "".join(
        f'<text x="{_pixels(east + 4)}" y="{_pixels(south - 4)}">{lat:.{decimals}f}° {lon:.{decimals}f}°</text>'
        for east, lon in columns
        for south, lat in rows
        # The numbers stand right above the crossing and may begin on the tile before.
        if -_NAME_MARGIN < east < SIZE and 0 < south < SIZE + 2 * _MARGIN
    )
    return f'{net}<g font-family="sans-serif" font-size="10" fill="{_NET_NUMBER}">{numbers}</g>'


def _parallels(step: float, to_pixel: Projection) -> list[float]:
    """Round latitudes on the tile and the nearest beyond each edge, found by halving."""
    highest = math.floor(85.0 / step)
    ladder = range(-highest, highest + 1)
    # Latitudes rise where pixels fall, so both edges are places in a sorted row of answers.
    first = bisect_left(ladder, True, key=lambda k: to_pixel((0.0, k * step))[1] <= SIZE)
    end = bisect_left(ladder, True, key=lambda k: to_pixel((0.0, k * step))[1] < 0)
    return [step * k for k in ladder[max(first - 1, 0) : end + 1]]


def _names(places: Sequence[Place], to_pixel: Projection) -> str:
    """The names by their lettering; each tile that a name may touch draws it whole and shows its part."""
    groups = []
    for kind, (size, weight, colour, space) in _LETTERING.items():
        spots = [(place.name, *to_pixel((place.lon, place.lat))) for place in places if place.kind is kind]
        texts = "".join(
            f'<text x="{_pixels(east)}" y="{_pixels(south + size / 3)}">{escape(name)}</text>'
            for name, east, south in spots
            if -_NAME_MARGIN < east < SIZE + _NAME_MARGIN and -2 * _MARGIN < south < SIZE + 2 * _MARGIN
        )
        if texts:
            spaced = f' letter-spacing="{space}"' if space else ""
            groups.append(
                f'<g text-anchor="middle" font-family="sans-serif" font-size="{size}" font-weight="{weight}"{spaced} '
                f'fill="{colour}" stroke="{_HALO}" stroke-width="3" stroke-linejoin="round" paint-order="stroke">'
                f"{texts}</g>"
            )
    return "".join(groups)


def _path(data: str, attributes: str) -> str:
    return f'<path d="{data}" {attributes}/>' if data else ""


def _pixels(value: float) -> str:
    """A coordinate with one decimal at most."""
    return f"{value:.1f}".removesuffix(".0")


def _points(pixels: Iterable[Pixel]) -> str:
    return "L".join(f"{_pixels(east)} {_pixels(south)}" for east, south in pixels)


def _area(ring: Line, to_pixel: Projection) -> str:
    """Path data of a closed ring, cut to the tile and its margin (Sutherland and Hodgman)."""
    corners = _thinned([to_pixel(corner) for corner in smooth_ring(ring)])
    for axis in (0, 1):
        corners = _cut(corners, axis, -_MARGIN, 1)
        corners = _cut(corners, axis, SIZE + _MARGIN, -1)
    return f"M{_points(corners)}Z" if corners else ""


def _thinned(corners: list[Pixel]) -> list[Pixel]:
    """The corners without those that lie within some pixels of the one before."""
    kept = corners[:1]
    for corner in corners[1:]:
        if math.dist(corner, kept[-1]) >= _THIN:
            kept.append(corner)
    return kept


def _cut(corners: list[Pixel], axis: int, edge: float, side: int) -> list[Pixel]:
    """The part of a ring on one side of an edge: where coordinate × side ≥ edge × side."""
    kept: list[Pixel] = []
    for one, other in zip(corners, corners[1:] + corners[:1], strict=True):
        inside, next_inside = ((pixel[axis] - edge) * side >= 0 for pixel in (one, other))
        if inside:
            kept.append(one)
        if inside is not next_inside:
            share = (edge - one[axis]) / (other[axis] - one[axis])
            kept.append((one[0] + share * (other[0] - one[0]), one[1] + share * (other[1] - one[1])))
    return kept


def _line(pixels: Sequence[Pixel]) -> str:
    """Path data of the pieces of a line that come near the tile (Liang and Barsky)."""
    pieces: list[list[Pixel]] = []
    for one, other in pairwise(_thinned(list(pixels))):
        piece = _visible(one, other)
        if piece is None:
            continue
        if pieces and pieces[-1][-1] == piece[0]:
            pieces[-1].append(piece[1])
        else:
            pieces.append(list(piece))
    return "".join(f"M{_points(piece)}" for piece in pieces)


def _visible(one: Pixel, other: Pixel) -> tuple[Pixel, Pixel] | None:
    """The part of a stretch within the tile and its margin, None if there is none."""
    start, end = 0.0, 1.0
    for axis in (0, 1):
        length = other[axis] - one[axis]
        for edge, side in ((-_MARGIN, 1), (SIZE + _MARGIN, -1)):
            depth, fall = (one[axis] - edge) * side, length * side
            if depth < 0 and fall <= 0:
                return None
            if fall > 0:
                start = max(start, -depth / fall)
            elif fall < 0:
                end = min(end, -depth / fall)
    if start >= end:
        return None

    def at(share: float) -> Pixel:
        return one[0] + share * (other[0] - one[0]), one[1] + share * (other[1] - one[1])

    # The very corners, not sums that round differently, so that pieces join.
    return one if start == 0.0 else at(start), other if end == 1.0 else at(end)
