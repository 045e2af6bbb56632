"""The sketched shapes keep to the facts: boxes, neighbours, what lies inside what."""

import pytest

from portal.maps.geo import Box, in_area, in_ring
from portal.maps.outlines import COUNTRIES, LANDMARKS, TOWNS, Kind, Town
from portal.maps.tiles import smooth_ring

# Source: municipalities.md, box.
BOXES = {
    "lublin": Box(22.4634, 51.1398, 22.6735, 51.2966),
    "swidnik": Box(22.6388, 51.1911, 22.7194, 51.2425),
    "poniatowa": Box(22.0247, 51.1536, 22.1710, 51.2782),
    "konopnica": Box(22.3407, 51.1589, 22.5159, 51.2708),
    "powiat-lezajski": Box(22.1886, 50.1231, 22.6876, 50.4001),
    "gmina-lezajsk": Box(22.2335, 50.1640, 22.6063, 50.3433),
    "grodzisko-dolne": Box(22.3546, 50.1231, 22.5266, 50.2069),
    "rzeszow": Box(21.8588, 49.9326, 22.0928, 50.0817),
    "wodzislaw-slaski": Box(18.3585, 49.9659, 18.5110, 50.0387),
    "ostrava-jih": Box(18.20, 49.75, 18.29, 49.81),
}
BY_SLUG = {town.slug: town for town in TOWNS}
INSIDE_THE_COUNTY = {"gmina-lezajsk", "grodzisko-dolne"}


@pytest.mark.parametrize("town", TOWNS, ids=lambda town: town.slug)
def test_outline_fills_its_box_with_a_dozen_corners(town: Town) -> None:
    lons, lats = zip(*town.outline, strict=True)
    box = BOXES[town.slug]
    assert (min(lons), min(lats), max(lons), max(lats)) == (
        box.min_lon,
        box.min_lat,
        box.max_lon,
        box.max_lat,
    )
    assert 10 <= len(town.outline) <= 24


@pytest.mark.parametrize("town", TOWNS, ids=lambda town: town.slug)
def test_names_lie_inside_the_drawn_outline(town: Town) -> None:
    rings = [smooth_ring(town.outline), *map(smooth_ring, town.holes)]
    for place in town.places:
        # Leżajsk lies in the hole of its rural gmina, as in the register.
        assert in_area(place.lat, place.lon, [rings]) is (place.name != "Leżajsk"), place.name


def test_ten_municipalities_are_drawn() -> None:
    assert set(BY_SLUG) == set(BOXES)


def test_county_holds_its_two_gminas() -> None:
    county = BY_SLUG["powiat-lezajski"]
    for slug in INSIDE_THE_COUNTY:
        for lon, lat in smooth_ring(BY_SLUG[slug].outline):
            # The county and Grodzisko Dolne share their southernmost point.
            assert in_ring(lat, lon, county.outline) or lat < 50.1235, (slug, lat, lon)


def test_neighbours_do_not_overlap() -> None:
    for one in TOWNS:
        for other in TOWNS:
            if one is other or "powiat-lezajski" in {one.slug, other.slug}:
                continue
            assert not any(in_ring(lat, lon, other.outline) for lon, lat in one.outline), (
                one.slug,
                other.slug,
            )


def test_towns_lie_in_their_country() -> None:
    poland, czechia = (smooth_ring(ring) for ring in COUNTRIES)
    for town in TOWNS:
        country, other = (czechia, poland) if town.slug == "ostrava-jih" else (poland, czechia)
        for lon, lat in town.outline:
            assert in_ring(lat, lon, country), town.slug
            assert not in_ring(lat, lon, other), town.slug


def test_landmarks_are_on_the_map_from_afar() -> None:
    cities = [place for place in LANDMARKS if place.kind is Kind.CITY]
    assert len(cities) >= 10
    assert any(in_ring(place.lat, place.lon, COUNTRIES[1]) for place in cities)


def test_ten_districts_of_lublin_and_five_parts_of_ostrava_jih() -> None:
    for slug, count in (("lublin", 10), ("ostrava-jih", 5)):
        assert sum(place.kind is Kind.DISTRICT for place in BY_SLUG[slug].places) == count
