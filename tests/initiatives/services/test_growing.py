"""Widening the area of a municipality: only outwards, by whom may import, and seen at once."""

from collections.abc import Callable

import pytest

from initiatives import services
from portal.core import tenancy
from portal.core.actor import Actor
from portal.core.errors import NotAllowed
from portal.core.tenancy import Town
from portal.maps.geo import Box


def test_the_area_grows_to_hold_a_place_and_never_shrinks(town: Town, actor_as: Callable[..., Actor]) -> None:
    west, south, east, north = town.box
    grown = services.grow_box(actor_as("leader"), Box(west + 0.1, south - 0.05, east + 0.02, north - 0.1))
    assert (grown.min_lon, grown.max_lat) == (west, north)
    assert grown.min_lat == pytest.approx(south - 0.05, abs=1e-4)
    assert grown.max_lon == pytest.approx(east + 0.02, abs=1e-4)
    assert grown.holds(south - 0.05, east + 0.02)
    assert tenancy.town_by_id(town.id).box == (grown.min_lon, grown.min_lat, grown.max_lon, grown.max_lat)


def test_who_may_not_import_widens_nothing(town: Town, actor_as: Callable[..., Actor]) -> None:
    with pytest.raises(NotAllowed):
        services.grow_box(actor_as("reviewer"), Box(*town.box))
    assert tenancy.town_by_id(town.id).box == town.box
