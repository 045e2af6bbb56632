"""The skeleton of a map, made by folium and freed of everything foreign.

A stock folium page names six foreign hosts, switches off zooming on phones and pastes popup text
unescaped into a script. So only two parts of it are used: the element that becomes the map and the
script that starts it. The script is served as a route of its own, because our pages allow no inline
script; Leaflet itself comes in our `map.js`; points come as data from a route; no text that people
wrote ever passes through here. Ids are stable, so the parts can be cached and compared.

Folium draws the skeleton once, when the portal is built (`python -m portal.maps.folium_map`); servers fill
in places and addresses and never load folium, which would cost each of them a second and some 30 MB
(docs/adr/0013).
"""

import json
import re
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from string import Template
from typing import Any

from jinja2.utils import htmlsafe_json_dumps
from markupsafe import escape

from portal.maps.geo import MAX_ZOOM, Point

MIN_ZOOM = 6
LAST_ZOOM = 18
"""Zooms that our own tiles are drawn for."""

FRAME = Path(__file__).with_name("frame.json")
"""What folium drew at the last build; not kept in git."""

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
    frame = _frame()
    values = {
        "map": map_id,
        "lat": _js(centre.lat),
        "lon": _js(centre.lon),
        "zoom": _js(zoom),
        "tiles": _js(tiles_url),
        "attribution": _js(str(escape(attribution))),
    }
    script = Template(frame.script).substitute(values)
    if points_url is not None:
        script += f"PortalMap.points(map_{map_id}, {_js(points_url)});\n"
    if picker is not None:
        script += f"PortalMap.picker(map_{map_id}, {_js(asdict(picker))});\n"
    return MapParts(Template(frame.html).substitute(values), script)


def _js(value: object) -> str:
    """A literal for a script that no text can leave."""
    return str(htmlsafe_json_dumps(value))


def _check(map_id: str, zoom: int, paths: tuple[str, ...], picker: Picker | None) -> None:
    selectors = (picker.lat, picker.lon, picker.status) if picker else ()
    if not _MAP_ID.fullmatch(map_id) or not all(_ELEMENT_ID.fullmatch(one) for one in selectors):
        raise ValueError("not an id of an element")
    if not all(_PATH.fullmatch(path) for path in paths):
        raise ValueError("not a path of this portal")
    if not 0 <= zoom <= MAX_ZOOM:
        raise ValueError("no such zoom")


@lru_cache(maxsize=1)
def _frame() -> MapParts:
    """The skeleton of the last build; without one folium is asked here."""
    return MapParts(**json.loads(FRAME.read_text())) if FRAME.exists() else draw_frame()


def draw_frame() -> MapParts:
    """Folium's map with our tiles, as templates: `$map`, `$lat`, `$lon`, `$zoom`, `$tiles`, `$attribution`."""
    import folium  # noqa: PLC0415 - only the build needs it

    class PortalMap(folium.Map):
        """A map whose page already holds everything that it needs."""

        default_js: list[tuple[str, str]] = []  # noqa: RUF012 - folium's own type
        default_css: list[tuple[str, str]] = []  # noqa: RUF012 - as above

    # Values that occur nowhere else, each replaced by the name of what stands there.
    portal_map: Any = PortalMap(
        location=(11.1111, 22.2222), zoom_start=7777, tiles=None, min_zoom=MIN_ZOOM, max_zoom=LAST_ZOOM
    )
    tiles: Any = folium.TileLayer(
        "/TILES", attr="ATTRIBUTION", min_zoom=MIN_ZOOM, max_zoom=LAST_ZOOM, max_native_zoom=LAST_ZOOM
    )
    # Stable names in the script; folium's own are random at every rendering.
    portal_map._id, tiles._id = "MAP", "MAP_tiles"
    tiles.add_to(portal_map)
    root = portal_map.get_root()
    # Rendering fills the three parts of the figure; its header is never printed.
    root.render()
    names = {
        "MAP": "${map}",
        "11.1111": "$lat",
        "22.2222": "$lon",
        "7777": "$zoom",
        '"/TILES"': "$tiles",
        '"ATTRIBUTION"': "$attribution",
    }

    def named(text: str) -> str:
        text = text.replace("$", "$$")
        for value, name in names.items():
            text = text.replace(value, name)
        return text

    return MapParts(named(root.html.render().strip() + "\n"), named(_tidy(root.script.render())))


def _tidy(script: str) -> str:
    """The script without folium's blank lines and indents; no text literal spans lines."""
    lines = (line.strip() for line in script.splitlines())
    return "\n".join(line for line in lines if line) + "\n"


if __name__ == "__main__":
    FRAME.write_text(json.dumps(asdict(draw_frame()), indent=1) + "\n")
