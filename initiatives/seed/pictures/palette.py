"""Colours of the demo pictures: one small set per mood of the day, so that everything in a picture agrees."""

from dataclasses import dataclass

Colour = tuple[int, int, int]


def colour(text: str) -> Colour:
    """`#rrggbb` as numbers."""
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """A colour between two: `share` 0 is the first, 1 the second."""
    r, g, b = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return r, g, b


WHITE, INK = colour("#fdfbf6"), colour("#2f3a46")


@dataclass(frozen=True, slots=True)
class Mood:
    """The light of a picture."""

    sky_top: Colour
    sky_low: Colour
    sun: Colour
    cloud: Colour
    far: Colour
    near: Colour
    grass: Colour
    grass_dark: Colour
    leaves: tuple[Colour, ...]
    walls: tuple[Colour, ...]
    roofs: tuple[Colour, ...]
    paving: Colour
    asphalt: Colour
    wood: Colour
    metal: Colour
    water: Colour
    window: Colour
    accents: tuple[Colour, ...]


def _mood(**texts: str | tuple[str, ...]) -> Mood:
    made = {k: colour(v) if isinstance(v, str) else tuple(map(colour, v)) for k, v in texts.items()}
    return Mood(**made)  # type: ignore[arg-type]


MORNING = _mood(
    sky_top="#bfdff0", sky_low="#fdf1dc", sun="#ffe3a3", cloud="#ffffff", far="#b9d3cf", near="#94bfa9",
    grass="#9cc98a", grass_dark="#82b574", leaves=("#5f9e6a", "#74b077", "#4c8a60"),
    walls=("#f4e3c8", "#efd2bd", "#e2e6e0", "#f7efe0"), roofs=("#c9745a", "#a8604f", "#7e8a94"),
    paving="#e6ddcf", asphalt="#8f979e", wood="#b5804f", metal="#5d6b75", water="#8fc3d6", window="#bcd6e0",
    accents=("#d9574a", "#e9a23b", "#3d7ea6"),
)  # fmt: skip
NOON = _mood(
    sky_top="#8ec9ec", sky_low="#e4f4f7", sun="#fff0b8", cloud="#ffffff", far="#a9cbd6", near="#86b89c",
    grass="#8fc374", grass_dark="#75ab5f", leaves=("#4f9a55", "#66ad5d", "#3d8450"),
    walls=("#f6ead2", "#f0d9a8", "#dfe7ea", "#f3c9b0"), roofs=("#b9553f", "#8d4b3e", "#6b7781"),
    paving="#e9e2d6", asphalt="#858d95", wood="#a8703f", metal="#50606b", water="#6fb3d2", window="#a9cfe2",
    accents=("#cf4436", "#f0b429", "#2b6f9e"),
)  # fmt: skip
AUTUMN = _mood(
    sky_top="#c8d8df", sky_low="#f7ead5", sun="#ffdf9e", cloud="#fbf7ef", far="#bcc4b8", near="#a9b48a",
    grass="#b9bf78", grass_dark="#a0a764", leaves=("#d98b3a", "#c76a35", "#dba94c", "#9c9a4a"),
    walls=("#efe0c9", "#e6cbb3", "#dcdcd4", "#f3e6cf"), roofs=("#a85a45", "#86503f", "#77777b"),
    paving="#e3d8c6", asphalt="#8a8d91", wood="#9d6a40", metal="#595f66", water="#8fb4bf", window="#c2d3d6",
    accents=("#c2473a", "#d9912c", "#3f6d8a"),
)  # fmt: skip
EVENING = _mood(
    sky_top="#8fa8d6", sky_low="#fbd3b4", sun="#ffc98a", cloud="#f8dfd5", far="#a9a6c4", near="#7d9a98",
    grass="#86a877", grass_dark="#6f9366", leaves=("#4f7f63", "#628f68", "#3f6d59"),
    walls=("#f1d8c0", "#e7c3ad", "#d8d3d6", "#f2e2cb"), roofs=("#a35a55", "#7f4d50", "#666a7d"),
    paving="#ddd0c6", asphalt="#7d808d", wood="#9a6845", metal="#4c5466", water="#93a9cc", window="#ffe2a6",
    accents=("#c64a48", "#e39a3f", "#44679a"),
)  # fmt: skip
DUSK = _mood(
    sky_top="#2f3f66", sky_low="#c9899a", sun="#f4b08c", cloud="#8d7f9f", far="#55597f", near="#3d4f68",
    grass="#3f5f5c", grass_dark="#34504f", leaves=("#2c4b4c", "#365a57", "#264244"),
    walls=("#7d7690", "#8b7c8e", "#6d6f88", "#958493"), roofs=("#54405a", "#463a55", "#3d4258"),
    paving="#8c8496", asphalt="#4b4f63", wood="#6d5350", metal="#262f40", water="#5c6c96", window="#ffdd8f",
    accents=("#b34a55", "#d99a4a", "#4c6a9c"),
)  # fmt: skip
MOODS = (MORNING, NOON, AUTUMN, EVENING)
