"""Palettes, marks and the style sheet made of them."""

import math
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.pages.kinds import (
    LEAST_CONTRAST,
    OWN,
    Motif,
    Palette,
    contrast,
    legible,
    mark,
    palette,
    palette_from,
    stylesheet,
)
from portal.pages.seed import TOWNS

COLOUR = st.from_regex(r"#[0-9a-f]{6}", fullmatch=True)
RULE = re.compile(r":root\{(--brand(-[a-z]+)?:#[0-9a-f]{6};?){4}\}\n")


def test_black_on_white_has_the_greatest_contrast() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@given(COLOUR, COLOUR)
def test_contrast_is_the_same_both_ways_and_never_below_one(one: str, other: str) -> None:
    assert contrast(one, other) == contrast(other, one) >= 1


def test_missing_colours_become_the_portals_own() -> None:
    assert palette({}) == OWN
    assert palette({"brand": "#112233"}) == Palette(brand="#112233")


def test_capital_digits_are_taken() -> None:
    assert palette({"brand": "#AABBCC"}).brand == "#aabbcc"


@given(st.dictionaries(st.sampled_from(["brand", "dark", "ink", "soft"]), st.text() | COLOUR))
def test_nothing_but_colours_reaches_the_style_sheet(colours: dict[str, str]) -> None:
    assert RULE.fullmatch(stylesheet(palette(colours)))


@pytest.mark.parametrize(
    "value",
    [
        "red",
        "#12345",
        "#1234567",
        "#12345g",
        "#123456;}body{display:none",
        "url(//evil.example)",
        "#123456\n",
    ],
)
def test_what_is_no_colour_is_refused(value: str) -> None:
    assert palette({"brand": value}).brand == OWN.brand


def test_the_portals_own_palette_is_legible() -> None:
    assert legible(OWN)


@given(COLOUR)
def test_one_colour_makes_a_legible_palette(brand: str) -> None:
    made = palette_from(brand)
    assert made.brand == brand
    assert legible(made)
    assert palette({"brand": made.brand, "dark": made.dark, "ink": made.ink, "soft": made.soft}) == made


def test_white_on_yellow_is_not_legible() -> None:
    assert not legible(Palette(brand="#ffd000"))


@pytest.mark.parametrize("motif", [*Motif, "", "dragon"])
def test_every_mark_is_a_picture_without_style_or_script(motif: str) -> None:
    drawn = mark(motif, "LUB", OWN)
    root = ElementTree.fromstring(drawn)
    assert root.attrib["viewBox"] == "0 0 64 64"
    for element in root.iter():
        assert not {"style", "class", "href", "onload"} & set(element.attrib)
        assert element.tag.rpartition("}")[2] in {"svg", "g", "path", "circle", "rect", "clipPath", "text"}


def test_marks_differ_by_motif_and_by_colour() -> None:
    other = Palette(brand="#8a2432")
    drawn = {mark(motif, "LUB", colours) for motif in [*Motif, ""] for colours in (OWN, other)}
    assert len(drawn) == 2 * (len(Motif) + 1)


def test_without_a_motif_the_letters_stand_in() -> None:
    assert ">LUB<" in mark("", "LUB", OWN)
    assert "<script" not in mark("", "<script>A", OWN)


@pytest.mark.parametrize("slug", TOWNS)
def test_demo_palettes_are_legible_by_day_and_by_night(slug: str) -> None:
    colours = TOWNS[slug].colours
    assert legible(colours)
    # By night the style mixes the link colour: 38 % of the brand with white, on the dark page.
    night_link = _mixed(colours.brand, "#ffffff", 0.38)
    assert contrast(night_link, "#1b2326") >= LEAST_CONTRAST


def test_demo_towns_cannot_be_confused() -> None:
    assert len({facts.colours.brand for facts in TOWNS.values()}) == len(TOWNS)
    assert len({facts.mark for facts in TOWNS.values()}) == len(TOWNS)


def _mixed(one: str, other: str, share: float) -> str:
    """`color-mix(in oklab, one share, other)`. Source: CSS Color 4, section 10."""
    mixed = [a * share + b * (1 - share) for a, b in zip(_oklab(one), _oklab(other), strict=True)]
    long, middle, short = (
        (mixed[0] + a * mixed[1] + b * mixed[2]) ** 3
        for a, b in (
            (0.3963377774, 0.2158037573),
            (-0.1055613458, -0.0638541728),
            (-0.0894841775, -1.2914855480),
        )
    )
    linear = (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )
    parts = (
        12.92 * x if x <= 0.0031308 else 1.055 * x ** (1 / 2.4) - 0.055 for x in (max(0.0, x) for x in linear)
    )
    return "#" + "".join(f"{round(min(part, 1) * 255):02x}" for part in parts)


def _oklab(colour: str) -> tuple[float, float, float]:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
    long, middle, short = (
        math.cbrt(x)
        for x in (
            0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue,
            0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue,
            0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue,
        )
    )
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )
