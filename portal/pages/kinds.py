"""How a municipality looks: four colours, and a mark drawn by us from a simple motif.

The marks are no coats of arms: law and custom guard those, and ten shields look alike at finger size. A
town without a motif shows the letters of its code. Everything here is pure text, drawn to fit 64 × 64.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

HEX = re.compile(r"#[0-9a-f]{6}")
WHITE, BLACK = "#ffffff", "#000000"
LEAST_CONTRAST = 4.5
"""Least contrast of text on its ground. Source: WCAG 2.2, 1.4.3."""


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of a municipality: ground, its darker sister for links, text on the ground, pale ground."""

    brand: str = "#14595c"
    dark: str = "#0d4447"
    ink: str = "#ffffff"
    soft: str = "#e4efec"


OWN = Palette()
"""The portal's own colours, for whoever chose none."""


def palette(colours: Mapping[str, str]) -> Palette:
    """The stored colours as a palette; whatever is missing or no `#rrggbb` becomes the portal's own.

    The values end in a style sheet, so nothing but six hexadecimal digits may pass.
    """
    kept = {}
    for name in ("brand", "dark", "ink", "soft"):
        value = str(colours.get(name, "")).lower()
        kept[name] = value if HEX.fullmatch(value) else getattr(OWN, name)
    return Palette(**kept)


def contrast(one: str, other: str) -> float:
    """Contrast of two `#rrggbb` colours, from 1 (the same) to 21 (black and white). Source: WCAG 2.2."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def illegible(colours: Palette) -> tuple[str, str] | None:
    """The first pair of text and ground that cannot be read, or None."""
    pairs = ((colours.ink, colours.brand), (colours.dark, colours.soft), (colours.dark, WHITE))
    return next(((text, ground) for text, ground in pairs if contrast(text, ground) < LEAST_CONTRAST), None)


def legible(colours: Palette) -> bool:
    """Whether text can be read on every ground."""
    return illegible(colours) is None


def palette_from(brand: str) -> Palette:
    """A legible palette made of one `#rrggbb` ground: white or black text, a pale and a dark sister."""
    ink = max(WHITE, BLACK, key=lambda text: (contrast(text, brand) >= LEAST_CONTRAST, text == WHITE))
    soft = mixed(brand, WHITE, 0.88)
    # Black is legible on any pale ground, so the search comes to an end.
    steps = (mixed(brand, BLACK, step / 20) for step in range(4, 21))
    dark = next(colour for colour in steps if contrast(colour, soft) >= LEAST_CONTRAST)
    return Palette(brand, dark, ink, soft)


PRESETS: Mapping[str, str] = {
    "spruce": "#14595c",
    "blue": "#1d4f91",
    "navy": "#16324f",
    "green": "#2f6b2f",
    "burgundy": "#8a2432",
    "rust": "#a0421a",
    "violet": "#5b3a8c",
    "brown": "#6b4423",
}
"""Grounds to choose from without knowing a colour's number; white text can be read on each."""


def completed(colours: Mapping[str, str]) -> dict[str, str]:
    """All four colours: what was left out follows from the ground. Empty where not even that was given."""
    given = {name: value for name, value in colours.items() if value}
    brand = given.get("brand", "")
    if not HEX.fullmatch(brand):
        return given
    made = palette_from(brand)
    return {"brand": made.brand, "dark": made.dark, "ink": made.ink, "soft": made.soft, **given}


def stylesheet(colours: Palette) -> str:
    """The municipality's theme: four custom properties, from which the portal's style mixes all others."""
    return (
        f":root{{--brand:{colours.brand};--brand-dark:{colours.dark};"
        f"--brand-ink:{colours.ink};--brand-soft:{colours.soft}}}\n"
    )


class Motif(StrEnum):
    """What a mark shows."""

    RIVER = "river"
    TOWER = "tower"
    TREE = "tree"
    FIELDS = "fields"
    HILLS = "hills"
    BRIDGE = "bridge"
    WHEEL = "wheel"
    SUN = "sun"
    CASTLE = "castle"
    MINE = "mine"


# `i` is the light colour on the ground, `s` the one halfway to it, `d` the dark one.
_DRAWINGS = {
    Motif.RIVER: (
        '<circle class="i" cx="45" cy="19" r="8"/>'
        '<path class="il" d="M-4 37q9-8 18 0t18 0 18 0 18 0"/><path class="sl" d="M-4 50q9-8 18 0t18 0 18 0 18 0"/>'
    ),
    Motif.TOWER: (
        '<path class="s" d="M0 50h64v14H0z"/><path class="i" d="M23 30h18v34H23zM20 24h24v8H20z"/>'
        '<path class="i" d="M32 5l9 17H23z"/><path class="d" d="M29 36h6v8h-6zM28 64V54a4 4 0 0 1 8 0v10z"/>'
    ),
    Motif.TREE: (
        '<path class="s" d="M0 54q32-10 64 0v10H0z"/><circle class="i" cx="32" cy="25" r="16"/>'
        '<circle class="i" cx="21" cy="32" r="9"/><circle class="i" cx="43" cy="32" r="9"/>'
        '<path class="i" d="M29 36h6v20h-6z"/><path class="dl" d="M32 46V30m0 8l7-6m-7 1l-6-5"/>'
    ),
    Motif.FIELDS: (
        '<circle class="i" cx="32" cy="28" r="12"/><path class="s" d="M0 34h64v30H0z"/>'
        '<path class="dl" d="M32 34v30M26 34L6 64M38 34l20 30M20 34L-16 64M44 34l36 30"/>'
    ),
    Motif.HILLS: (
        '<circle class="i" cx="42" cy="20" r="9"/><path class="s" d="M14 64q18-38 50-30v30z"/>'
        '<path class="d" d="M0 40q20-14 40 8 10 10 24 10v6H0z"/>'
    ),
    Motif.BRIDGE: (
        '<path class="sl" d="M-4 55q9-6 18 0t18 0 18 0 18 0"/><path class="i" d="M0 26h64v7H0z"/>'
        '<path class="il" d="M5 49V38a9 9 0 0 1 18 0v11m0-11a9 9 0 0 1 18 0v11m0-11a9 9 0 0 1 18 0v11"/>'
        '<path class="sl thin" d="M4 20h56M12 20v6M32 20v6M52 20v6"/>'
    ),
    Motif.WHEEL: (
        '<circle class="il" cx="32" cy="32" r="19"/>'
        '<path class="sl thin" d="M32 14v36M14 32h36M19.3 19.3l25.4 25.4M44.7 19.3L19.3 44.7"/>'
        '<circle class="i" cx="32" cy="32" r="6"/>'
    ),
    Motif.SUN: (
        '<path class="i" d="M17 46a15 15 0 0 1 30 0z"/>'
        '<path class="sl" d="M32 24V13M19 29l-7-8M45 29l7-8M11 41l-8-4M53 41l8-4"/><path class="il" d="M8 52h48"/>'
    ),
    Motif.CASTLE: (
        '<path class="s" d="M0 56h64v8H0z"/>'
        '<path class="i" d="M8 20h5v5h4v-5h5v10h5v-5h4v5h2v-5h4v5h5V20h5v5h4v-5h5v38H8z"/>'
        '<path class="d" d="M27 58V47a5 5 0 0 1 10 0v11zM14 36h4v7h-4zM46 36h4v7h-4z"/>'
    ),
    Motif.MINE: (
        '<path class="s" d="M0 54h64v10H0z"/><path class="il" d="M32 24L18 56M32 24l14 32M23.5 43h17"/>'
        '<circle class="i" cx="32" cy="20" r="11"/><circle class="d" cx="32" cy="20" r="4"/>'
        '<path class="sl thin" d="M42 24l14 22"/>'
    ),
}

_LETTERS = (
    '<text x="32" y="41" text-anchor="middle" font-family="Source Sans 3,Segoe UI,sans-serif" font-size="24" '
    'font-weight="700" class="i">{letters}</text>'
)


def mark(motif: str, letters: str, colours: Palette) -> str:
    """The mark as an SVG document: the motif where it is one of ours, else the three letters.

    `letters` are the municipality's code, A to Z; anything else is left out.
    """
    if motif in _DRAWINGS:
        drawing = _DRAWINGS[Motif(motif)]
    else:
        drawing = _LETTERS.format(letters="".join(re.findall(r"[A-Z]", letters))[:3])
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="64" height="64">'
        f'<clipPath id="tile"><rect width="64" height="64" rx="16"/></clipPath>'
        f'<g clip-path="url(#tile)"><rect width="64" height="64" fill="{colours.brand}"/>'
        f"{_painted(drawing, colours)}</g></svg>\n"
    )


def _painted(drawing: str, colours: Palette) -> str:
    """Class names turned into attributes: the portal's security policy lets a picture hold no style."""
    fills = {"i": colours.ink, "s": mixed(colours.brand, colours.ink), "d": colours.dark}

    def paint(found: re.Match[str]) -> str:
        name, _, thin = found[1].partition(" ")
        if len(name) == 1:
            return f'fill="{fills[name]}"'
        width = 3 if thin or name == "dl" else 5
        return f'fill="none" stroke="{fills[name[0]]}" stroke-width="{width}" stroke-linecap="round"'

    return re.sub(r'class="([^"]+)"', paint, drawing)


def mixed(one: str, other: str, share: float = 0.5) -> str:
    """The colour between two; `share` is how much of the other there is."""
    pairs = ((int(one[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{int(first + (second - first) * share):02x}" for first, second in pairs)
