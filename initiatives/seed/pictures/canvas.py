"""What the demo pictures are drawn with: a canvas of 1200 × 800, and the things that stand in every street.

Lengths are in units of the finished picture, measured from its upper left corner. Everything is drawn twice
as large and made smaller at the end, which gives smooth edges.
"""

from math import sin
from random import Random

from PIL import Image, ImageDraw

from initiatives.seed.pictures.palette import INK, WHITE, Colour, Mood, mix

WIDTH, HEIGHT = 1200, 800
OVER = 2
Point = tuple[float, float]


class Canvas:
    """A picture being drawn, with its mood and its chance."""

    def __init__(self, mood: Mood, rng: Random) -> None:
        self.mood = mood
        self.rng = rng
        self._image = Image.new("RGB", (WIDTH * OVER, HEIGHT * OVER), mood.sky_low)
        self._pen = ImageDraw.Draw(self._image)

    def finished(self) -> Image.Image:
        """The picture in its final size."""
        return self._image.reduce(OVER)

    # ---- strokes ----

    def poly(self, points: list[Point], fill: Colour) -> None:
        """A filled polygon."""
        self._pen.polygon([(x * OVER, y * OVER) for x, y in points], fill=fill)

    def rect(self, x: float, y: float, width: float, height: float, fill: Colour, radius: float = 0) -> None:
        """A rectangle from its upper left corner."""
        box = (x * OVER, y * OVER, (x + width) * OVER - 1, (y + height) * OVER - 1)
        if radius:
            self._pen.rounded_rectangle(box, radius * OVER, fill=fill)
        else:
            self._pen.rectangle(box, fill=fill)

    def oval(self, x: float, y: float, rx: float, ry: float, fill: Colour) -> None:
        """An ellipse around a centre."""
        self._pen.ellipse(((x - rx) * OVER, (y - ry) * OVER, (x + rx) * OVER, (y + ry) * OVER), fill=fill)

    def ring(self, x: float, y: float, radius: float, width: float, fill: Colour) -> None:
        """A circle line."""
        box = ((x - radius) * OVER, (y - radius) * OVER, (x + radius) * OVER, (y + radius) * OVER)
        self._pen.ellipse(box, outline=fill, width=round(width * OVER))

    def stroke(self, points: list[Point], width: float, fill: Colour) -> None:
        """A line with round ends and corners."""
        scaled = [(x * OVER, y * OVER) for x, y in points]
        self._pen.line(scaled, fill=fill, width=round(width * OVER), joint="curve")
        for x, y in (points[0], points[-1]):
            self.oval(x, y, width / 2, width / 2, fill)

    def glow(self, x: float, y: float, radius: float, colour: Colour, strength: float) -> None:
        """Light that fades out from a point."""
        size = round(radius * 2 * OVER)
        light = Image.radial_gradient("L").resize((size, size))
        # The corners of the gradient lie outside the circle: full dark is reached at its edge.
        mask = light.point([round(max(0, 255 - v * 1.42) * strength) for v in range(256)])
        self._image.paste(colour, (round((x - radius) * OVER), round((y - radius) * OVER)), mask)

    # ---- the land ----

    def sky(self, horizon: float) -> None:
        """A fading sky with a low sun and some clouds."""
        mood, rng = self.mood, self.rng
        column = Image.new("RGB", (1, 64))
        column.putdata([mix(mood.sky_top, mood.sky_low, n / 63) for n in range(64)])
        tall = round(horizon * OVER)
        self._image.paste(column.resize((WIDTH * OVER, tall), Image.Resampling.BILINEAR), (0, 0))
        x, y = rng.randint(140, 1060), rng.randint(90, 180)
        self.oval(x, y, 92, 92, mix(mood.sun, mood.sky_low, 0.65))
        self.oval(x, y, 62, 62, mood.sun)
        for _ in range(rng.randint(2, 4)):
            self.cloud(rng.randint(60, 1140), rng.randint(60, 210), rng.uniform(0.6, 1.2))

    def cloud(self, x: float, y: float, size: float) -> None:
        """Three round bumps on a flat bottom."""
        tint = mix(self.mood.cloud, self.mood.sky_top, 0.15)
        self.rect(x - 90 * size, y, 180 * size, 34 * size, tint, 17 * size)
        self.oval(x - 32 * size, y + 2 * size, 38 * size, 30 * size, tint)
        self.oval(x + 24 * size, y - 8 * size, 46 * size, 40 * size, tint)

    def hills(self, y: float, swing: float, fill: Colour) -> None:
        """A soft line of hills down to the bottom."""
        a, b = self.rng.uniform(0, 6), self.rng.uniform(0, 6)
        line = [(x, y - swing * (sin(x / 190 + a) + 0.5 * sin(x / 83 + b))) for x in range(0, WIDTH + 20, 20)]
        self.poly([(0.0, HEIGHT), *line, (WIDTH, HEIGHT)], fill)

    def land(self, horizon: float, ground: Colour | None = None) -> None:
        """Sky, two rows of hills, and the ground in front of them."""
        self.sky(horizon + 40)
        self.hills(horizon - 30, 26, self.mood.far)
        self.hills(horizon, 16, self.mood.near)
        self.rect(0, horizon + 24, WIDTH, HEIGHT - horizon, ground or self.mood.grass)

    def town(self, base: float, *, tall: int = 3) -> None:
        """A row of houses on the horizon, paler than what stands nearer."""
        x = -40.0
        while x < WIDTH:
            width = self.rng.randint(90, 170)
            self.house(x, base, width, self.rng.randint(1, tall), pale=0.25)
            x += width + self.rng.choice((0, 8, 26, 60))

    def tufts(self, top: float, n: int = 26) -> None:
        """Small strokes that make a lawn of a green area."""
        for _ in range(n):
            x, y = self.rng.randint(0, WIDTH), self.rng.randint(round(top), HEIGHT)
            for lean in (-5, 0, 5):
                self.stroke([(x, y), (x + lean, y - 11)], 2.2, self.mood.grass_dark)

    def path(self, points: list[Point], near: float, far: float, fill: Colour) -> None:
        """A way that bends softly and gets narrower towards the distance; `points` run from near to far."""
        line = _bent(points)
        n = len(line) - 1
        left, right = [], []
        for nth, (x, y) in enumerate(line):
            half = (near + (far - near) * nth / n) / 2
            left.append((x - half, y))
            right.append((x + half, y))
        self.poly(left + right[::-1], fill)

    # ---- things ----

    def shadow(self, x: float, y: float, width: float, ground: Colour | None = None) -> None:
        """The patch of shade under a thing."""
        self.oval(x, y, width / 2, max(4, width / 14), mix(ground or self.mood.grass, INK, 0.18))

    def tree(self, x: float, y: float, size: float, ground: Colour | None = None) -> None:
        """A leafy tree whose trunk ends at (x, y); `size` 1 is 190 high."""
        fill = self.rng.choice(self.mood.leaves)
        light, dark = mix(fill, WHITE, 0.16), mix(fill, INK, 0.14)
        self.shadow(x + 12 * size, y, 130 * size, ground)
        self.poly(
            [
                (x - 9 * size, y),
                (x - 5 * size, y - 90 * size),
                (x + 5 * size, y - 90 * size),
                (x + 9 * size, y),
            ],
            mix(self.mood.wood, INK, 0.25),
        )
        for dx, dy, r, tint in (
            (26, -104, 46, dark),
            (-30, -106, 46, fill),
            (4, -142, 54, fill),
            (-14, -152, 30, light),
        ):
            self.oval(x + dx * size, y + dy * size, r * size, r * 0.94 * size, tint)

    def fir(self, x: float, y: float, size: float) -> None:
        """A conifer."""
        fill = mix(self.mood.leaves[-1], INK, 0.1)
        self.shadow(x, y, 90 * size)
        self.rect(x - 6 * size, y - 24 * size, 12 * size, 24 * size, mix(self.mood.wood, INK, 0.3))
        for nth, (half, top) in enumerate(((52, -96), (42, -140), (30, -180))):
            low = -20 - nth * 44
            self.poly(
                [(x - half * size, y + low * size), (x, y + top * size), (x + half * size, y + low * size)],
                fill,
            )

    def bush(self, x: float, y: float, size: float) -> None:
        """A low round shrub."""
        fill = self.rng.choice(self.mood.leaves)
        self.oval(x - 22 * size, y - 14 * size, 26 * size, 20 * size, mix(fill, INK, 0.1))
        self.oval(x + 20 * size, y - 16 * size, 30 * size, 22 * size, fill)

    def house(self, x: float, base: float, width: float, floors: int, *, pale: float = 0.0) -> None:
        """A house with its left edge at x, standing on `base`."""
        mood, rng = self.mood, self.rng
        wall = mix(rng.choice(mood.walls), mood.sky_low, pale)
        roof = mix(rng.choice(mood.roofs), mood.sky_low, pale)
        tall = floors * 58 + 16
        self.rect(x, base - tall, width, tall, wall)
        self.poly(
            [(x - 8, base - tall), (x + width / 2, base - tall - 46), (x + width + 8, base - tall)], roof
        )
        pane = mix(mood.window, wall, pale / 2)
        columns = max(2, int(width // 44))
        gap = width / columns
        for floor in range(floors):
            for nth in range(columns):
                self.rect(x + gap * (nth + 0.5) - 9, base - tall + 18 + floor * 58, 18, 26, pane, 2)

    def lamp(
        self, x: float, base: float, tall: float, *, lit: bool = False, ground: Colour | None = None
    ) -> None:
        """A street lamp with a bent neck."""
        metal = self.mood.metal
        self.shadow(x, base, 44, ground)
        self.rect(x - 4, base - tall, 8, tall, metal, 3)
        self.stroke([(x, base - tall), (x + 14, base - tall - 20), (x + 52, base - tall - 24)], 7, metal)
        self.rect(x + 38, base - tall - 28, 46, 13, metal, 6)
        self.rect(x + 42, base - tall - 17, 38, 6, self.mood.window if lit else WHITE, 3)

    def person(self, x: float, base: float, tall: float, ground: Colour | None = None) -> None:
        """Somebody seen from far: no face, a coat in one colour."""
        coat = self.rng.choice(self.mood.accents)
        unit = tall / 10
        skin = self.rng.choice(((232, 196, 164), (201, 153, 117), (240, 213, 188)))
        self.shadow(x, base, unit * 5, ground)
        for side in (-1, 1):
            self.stroke(
                [(x + side * unit * 0.6, base - unit * 4), (x + side * unit, base - 2)], unit * 1.1, INK
            )
        self.rect(x - unit * 1.6, base - unit * 7.9, unit * 3.2, unit * 4.4, coat, unit * 1.3)
        self.oval(x, base - unit * 9, unit * 1.1, unit * 1.15, skin)
        self.oval(x, base - unit * 9.4, unit * 1.15, unit * 0.8, mix(self.mood.wood, INK, 0.5))

    def sign(self, x: float, base: float, tall: float, fill: Colour) -> None:
        """A square sign on a post, with a white mark."""
        self.rect(x - 3, base - tall, 6, tall, self.mood.metal)
        self.rect(x - 28, base - tall - 40, 56, 56, WHITE, 6)
        self.rect(x - 24, base - tall - 36, 48, 48, fill, 4)

    def bench(self, x: float, base: float, width: float, ground: Colour | None = None) -> None:
        """A wooden bench with back and arm rests, seen from the front."""
        wood, metal = self.mood.wood, self.mood.metal
        unit = width / 10
        self.shadow(x + width / 2, base, width * 1.1, ground)
        for nth in range(3):
            self.rect(
                x,
                base - unit * (5.4 - nth * 0.85),
                width,
                unit * 0.62,
                mix(wood, WHITE, 0.1 * nth),
                unit * 0.2,
            )
        self.rect(
            x - unit * 0.2,
            base - unit * 2.7,
            width + unit * 0.4,
            unit * 0.85,
            mix(wood, INK, 0.08),
            unit * 0.2,
        )
        for edge in (x + unit * 0.5, x + width - unit):
            self.rect(edge, base - unit * 5.6, unit * 0.45, unit * 5.6, metal, unit * 0.15)
            self.rect(edge - unit * 0.5, base - unit * 3.9, unit * 1.5, unit * 0.4, metal, unit * 0.2)


def _bent(points: list[Point], steps: int = 10) -> list[Point]:
    """A smooth line through the points (Catmull–Rom), `steps` pieces between two of them."""
    ends = [points[0], *points, points[-1]]
    found = [points[0]]
    for before, start, end, after in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        for step in range(1, steps + 1):
            t = step / steps
            x, y = (
                0.5
                * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
                for a, b, c, d in zip(before, start, end, after, strict=True)
            )
            found.append((x, y))
    return found
