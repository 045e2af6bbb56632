"""The parts of a map name no foreign host, are the same every time, and take no script from outside."""

import json
import re
import subprocess
import sys

import pytest

from portal.maps.folium_map import FRAME, MapParts, Picker, draw_frame, render_map
from portal.maps.geo import Point

TILES = "/map/tiles/{z}/{x}/{y}.svg"
LUBLIN = Point(51.226, 22.5565)
PICKER = Picker("#lat", "#lon", "#place-status")


def parts(**changes: object) -> MapParts:
    """A whole map, with points and picker."""
    values = {
        "map_id": "initiatives",
        "centre": LUBLIN,
        "zoom": 12,
        "tiles_url": TILES,
        "attribution": "Portal",
        "points_url": "/pl/lublin/initiatives/map/points.json?category=roads",
        "picker": PICKER,
    }
    return render_map(**(values | changes))


def test_no_foreign_address_is_named() -> None:
    found = parts()
    assert re.findall(r"(?i)(?:https?:)?//[a-z]", found.html + found.script) == []
    assert "<script" not in found.html
    assert "style=" not in found.html
    assert "viewport" not in found.html


def test_script_starts_map_tiles_points_and_picker() -> None:
    script = parts().script
    assert "var map_initiatives = L.map(" in script
    assert "center: [51.226, 22.5565]" in script
    assert TILES in script
    assert (
        'PortalMap.points(map_initiatives, "/pl/lublin/initiatives/map/points.json?category=roads");'
        in script
    )
    assert (
        'PortalMap.picker(map_initiatives, {"lat": "#lat", "lon": "#lon", "status": "#place-status"});'
        in script
    )
    assert "\n\n" not in script


def test_element_carries_the_name_that_the_script_looks_for() -> None:
    assert 'id="map_initiatives"' in parts().html


def test_points_and_picker_are_there_only_if_wanted() -> None:
    script = parts(points_url=None, picker=None).script
    assert "PortalMap" not in script


def test_same_map_is_rendered_the_same() -> None:
    first = parts()
    render_map.cache_clear()
    assert parts() == first


def test_attribution_is_text() -> None:
    script = parts(attribution='<img src=x onerror=alert(1)>"</script>').script
    assert "<img" not in script
    assert "</script" not in script


def test_address_cannot_leave_its_string() -> None:
    address = "/a?q=</script>'\"`${x}"
    script = parts(points_url=address).script
    assert "</script" not in script
    written = re.search(r"PortalMap\.points\(map_initiatives, (.*)\);", script)
    assert written
    assert json.loads(written[1]) == address


@pytest.mark.parametrize(
    "changes",
    [
        {"map_id": "a b"},
        {"map_id": "alert(1)"},
        {"map_id": ""},
        {"tiles_url": "https://tiles.example/{z}/{x}/{y}.png"},
        {"tiles_url": "//tiles.example/{z}/{x}/{y}.png"},
        {"points_url": "javascript:alert(1)"},
        {"points_url": "/a b"},
        {"picker": Picker("#lat", "lon", "#s")},
        {"picker": Picker("#lat", "#l'on", "#s")},
        {"zoom": 23},
    ],
)
def test_what_could_become_script_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"^(not a|no such)"):
        parts(**changes)


def test_dollar_in_a_text_names_no_value() -> None:
    script = parts(attribution="$lat ${zoom} $$").script
    assert '"$lat ${zoom} $$"' in script


def test_built_frame_is_what_folium_draws_today() -> None:
    drawn = draw_frame()
    assert MapParts(**json.loads(FRAME.read_text())) == drawn
    for name in ("${map}", "$lat", "$lon", "$zoom", "$tiles", "$attribution"):
        assert name in drawn.script
    assert "${map}" in drawn.html


def test_servers_do_not_load_folium() -> None:
    code = (
        "import sys; from portal.maps.folium_map import render_map; from portal.maps.geo import Point;"
        "render_map('m', Point(51.2, 22.5), 12, '/t/{z}/{x}/{y}.svg', 'Portal'); sys.exit('folium' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
