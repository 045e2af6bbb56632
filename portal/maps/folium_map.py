"""The skeleton of a map, made by folium and freed of everything foreign.

A stock folium page names six foreign hosts, switches off zooming on phones and pastes popup text
unescaped into a script. So only two parts of it are used: the element that becomes the map and the
script that starts it. The script is served as a route of its own, because our pages allow no inline
script; Leaflet itself comes in our `map.js`; points come as data from a route; no text that people
wrote ever passes through here. Ids are stable, so the parts can be cached and compared.
"""

import html
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from portal.maps.geo import MAX_ZOOM, Point

MIN_ZOOM = 6
LAST_ZOOM = 18
"""Zooms that our own tiles are drawn for."""

_MAP_ID = re.compile(r"[a-z][a-z0-9_]{0,30}")
_ELEMENT_ID = re.compile(r"#[A-Za-z][A-Za-z0-9_-]{0,60}")
_PATH = re.compile(r"/(?!/)[^\s\\]*")


@dataclass(frozen=True, slots=True)
class Picker:
    """Selectors ("#id") of the inputs that a chosen place is written to, and of the spoken line."""

    lat: str
    lon: str
    status: str


@dataclass(frozen=True, slots=True)
class MapParts:
    """`html` goes into the page, `script` into a route that the page loads after `map.js`."""

    html: str
    script: str


@lru_cache(maxsize=256)
def render_map(
    map_id: str,
    centre: Point,
    zoom: int,
    tiles_url: str,
    attribution: str,
    points_url: str | None = None,
    picker: Picker | None = None,
) -> MapParts:
    """The two parts of a map with its tiles and, if asked for, its points or its picker.

    `tiles_url` is a template with {z}, {x}, {y}; it and `points_url` are paths of our own, because no
    page asks another host. `attribution` is plain text. `map_id` is unique on the page: lower-case
    letters, digits, underscores. Raises ValueError for anything else, since all of it becomes script.
    """
    _check(map_id, zoom, (tiles_url, points_url or "/"), picker)
    import folium  # noqa: PLC0415 - a second of import that only pages with a map pay

    portal_map = _own_map_class()(
        location=tuple(centre), zoom_start=zoom, tiles=None, min_zoom=MIN_ZOOM, max_zoom=LAST_ZOOM
    )
    # Stable names in the script; folium's own are random at every rendering.
    portal_map._id = map_id
    tiles = folium.TileLayer(
        tiles_url,
        attr=html.escape(attribution),
        min_zoom=MIN_ZOOM,
        max_zoom=LAST_ZOOM,
        max_native_zoom=LAST_ZOOM,
    )
    tiles._id = f"{map_id}_tiles"
    tiles.add_to(portal_map)
    if points_url is not None:
        _call("points", f"{map_id}_points", points_url).add_to(portal_map)
    if picker is not None:
        ids = {"lat": picker.lat, "lon": picker.lon, "status": picker.status}
        _call("picker", f"{map_id}_picker", ids).add_to(portal_map)
    root = portal_map.get_root()
    # Rendering fills the three parts of the figure; its header is never printed.
    root.render()
    return MapParts(root.html.render().strip() + "\n", _tidy(root.script.render()))


def _check(map_id: str, zoom: int, paths: tuple[str, ...], picker: Picker | None) -> None:
    selectors = (picker.lat, picker.lon, picker.status) if picker else ()
    if not _MAP_ID.fullmatch(map_id) or not all(_ELEMENT_ID.fullmatch(one) for one in selectors):
        raise ValueError("not an id of an element")
    if not all(_PATH.fullmatch(path) for path in paths):
        raise ValueError("not a path of this portal")
    if not 0 <= zoom <= MAX_ZOOM:
        raise ValueError("no such zoom")


@lru_cache(maxsize=1)
def _own_map_class() -> Any:
    """The map of folium without its foreign scripts and styles; made late, as folium is imported late."""
    import folium  # noqa: PLC0415 - see render_map

    class PortalMap(folium.Map):
        """A map whose page already holds everything that it needs."""

        default_js: list[tuple[str, str]] = []  # noqa: RUF012 - folium's own type
        default_css: list[tuple[str, str]] = []  # noqa: RUF012 - as above

    return PortalMap


def _call(function: str, name: str, argument: object) -> Any:
    """An element whose script is one call of our bundle: `PortalMap.<function>(<the map>, <argument>)`."""
    from branca import element as branca  # noqa: PLC0415 - see render_map
    from folium.template import Template  # noqa: PLC0415 - as above

    make: Any = branca.MacroElement
    element = make()
    element._id = name
    element.function, element.argument = function, argument
    # Only values that went through `tojson` reach the script.
    element._template = Template(
        "{% macro script(this, kwargs) %}"
        "PortalMap.{{ this.function }}({{ this._parent.get_name() }}, {{ this.argument|tojson }});"
        "{% endmacro %}"
    )
    return element


def _tidy(script: str) -> str:
    """The script without folium's blank lines and indents; no text literal spans lines."""
    lines = (line.strip() for line in script.splitlines())
    return "\n".join(line for line in lines if line) + "\n"
