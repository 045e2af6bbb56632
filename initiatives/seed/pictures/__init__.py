"""Pictures of demo initiatives: calm flat drawings made by us, so that no photo of anybody's is needed."""

import io
from collections.abc import Callable
from random import Random

from initiatives.seed.pictures import places, streets
from initiatives.seed.pictures.canvas import Canvas
from initiatives.seed.pictures.palette import DUSK, MOODS

SCENES: dict[str, Callable[[Canvas], None]] = {
    "bench": places.bench,
    "tree": places.tree,
    "road": streets.road,
    "crossing": streets.crossing,
    "lamp": streets.lamp,
    "playground": places.playground,
    "bus-stop": streets.bus_stop,
    "bike": streets.bike,
    "bin": streets.bin_,
    "park": places.park,
    "river": places.river,
    "school": places.school,
    "building": places.building,
    "ramp": places.ramp,
    "parking": streets.parking,
}
"""What residents write about most, by the word of the demo texts."""

EVENING_SCENES = ("lamp",)
"""Scenes that only make sense when it is getting dark."""


def draw(scene: str, seed: str) -> bytes:
    """A JPEG of this scene, 1200 × 800; the same seed gives the same drawing. Raises KeyError."""
    rng = Random(f"picture {scene} {seed}")  # noqa: S311 - the same drawing each time, not a secret
    mood = DUSK if scene in EVENING_SCENES else rng.choice(MOODS)
    canvas = Canvas(mood, rng)
    SCENES[scene](canvas)
    out = io.BytesIO()
    canvas.finished().save(out, "JPEG", quality=90, optimize=False)
    return out.getvalue()
