"""Widening the area of a municipality: an import may bring places where nobody looked when it was founded."""

import math

from sqlalchemy import select

from portal.core import audit, events, tenancy
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.tenancy import Municipality
from portal.core.usecase import use_case
from portal.maps.geo import Box

_STEPS = 10_000  # to a degree: some ten metres, so that edges are short figures


@use_case("initiative.import", code="municipality.grown")
def grow_box(actor: Actor, wanted: Box) -> Box:
    """Widen the box of the municipality in scope until it holds `wanted` as well; the box it has then."""
    row = db.session.scalars(
        select(Municipality).where(Municipality.id == tenancy.current_id()).with_for_update()
    ).one()
    west, south, east, north = row.box
    row.box = [
        min(west, math.floor(wanted.min_lon * _STEPS) / _STEPS),
        min(south, math.floor(wanted.min_lat * _STEPS) / _STEPS),
        max(east, math.ceil(wanted.max_lon * _STEPS) / _STEPS),
        max(north, math.ceil(wanted.max_lat * _STEPS) / _STEPS),
    ]
    db.session.flush()
    audit.note(f"municipality:{row.id}")
    events.tell("municipality.changed", row)
    tenancy.forget_towns()
    return Box(*row.box)
