"""Scenes of the demo pictures along streets and paths, one function each."""

from itertools import pairwise
from math import cos, pi, sin

from initiatives.seed.pictures.canvas import HEIGHT, WIDTH, Canvas
from initiatives.seed.pictures.palette import INK, WHITE, mix


def road(c: Canvas) -> None:
    """A street with a narrow verge and houses."""
    c.land(360)
    for x, floors in ((40.0, 2), (300.0, 1), (860.0, 2), (1050.0, 1)):
        c.house(x, 450, c.rng.randint(130, 180), floors)
    c.rect(0, 448, WIDTH, HEIGHT, c.mood.grass)
    c.tufts(480, 18)
    bend = c.rng.choice((-110, 60, 130))
    line = [(600.0, 800.0), (600 + bend * 0.2, 660.0), (600 + bend * 0.7, 540.0), (600 + bend * 1.6, 440.0)]
    c.path(line, 760, 36, mix(c.mood.paving, c.mood.grass, 0.35))
    c.path(line, 640, 28, c.mood.asphalt)
    for (x, y), (x2, y2) in pairwise(line):
        wide = (y - 400) / 32
        c.stroke(
            [(x + (x2 - x) * 0.2, y + (y2 - y) * 0.2), (x + (x2 - x) * 0.6, y + (y2 - y) * 0.6)], wide, WHITE
        )
    c.tree(150, 620, 1.4)
    c.tree(1080, 560, 1.1)
    c.person(300 if bend > 0 else 960, 620, 130)


def crossing(c: Canvas) -> None:
    """A zebra crossing with its sign and a lamp."""
    c.land(340)
    c.town(420, tall=4)
    c.rect(0, 418, WIDTH, 90, c.mood.paving)
    c.rect(0, 500, WIDTH, 220, c.mood.asphalt)
    c.rect(0, 716, WIDTH, 90, c.mood.paving)
    for y in (494, 714):
        c.rect(0, y, WIDTH, 8, mix(c.mood.paving, INK, 0.3))
    at = c.rng.choice((330, 420, 480))
    for nth in range(6):
        x = at + nth * 62
        c.poly([(x, 508), (x + 34, 508), (x + 18, 708), (x - 24, 708)], WHITE)
    blue = c.mood.accents[-1]
    c.sign(at - 50, 490, 150, blue)
    c.poly([(at - 50, 310), (at - 68, 344), (at - 32, 344)], WHITE)
    c.lamp(at + 420, 492, 250, ground=c.mood.paving)
    c.tree(120, 486, 1.1, c.mood.paving)
    c.person(at + 180, 600, 140, c.mood.asphalt)
    c.person(at + 360, 488, 110, c.mood.paving)


def lamp(c: Canvas) -> None:
    """A path at dusk between lit lamps."""
    c.land(400)
    c.town(430, tall=3)
    c.rect(0, 428, WIDTH, HEIGHT, c.mood.grass)
    side = c.rng.choice((-1, 1))
    line = [
        (600.0, 800.0),
        (600 + 20.0 * side, 680.0),
        (600 + 60.0 * side, 560.0),
        (600 + 150.0 * side, 440.0),
    ]
    c.path(line, 520, 34, c.mood.paving)
    for nth in range(4):
        away = 60 + nth * 125
        c.tree(away if side > 0 else WIDTH - away, 660 - nth * 62, 1.7 - nth * 0.36)
    for out, base, tall in ((-60, 470, 110), (100, 560, 190), (330, 710, 330)):
        x = 600.0 + out * side
        c.glow(x + 60, base - tall, tall * 0.95, c.mood.window, 0.62)
        c.glow(x + 60, base + 6, tall * 0.6, c.mood.window, 0.3)
        c.lamp(x, base, tall, lit=True)
    c.person(600 + 30 * side, 640, 130)


def bus_stop(c: Canvas) -> None:
    """A shelter with a bench and a sign."""
    c.land(350)
    c.town(420, tall=3)
    c.rect(0, 416, WIDTH, 80, c.mood.grass)
    c.rect(0, 490, WIDTH, 170, c.mood.paving)
    c.rect(0, 650, WIDTH, 160, c.mood.asphalt)
    c.rect(0, 648, WIDTH, 8, mix(c.mood.paving, INK, 0.3))
    for x in range(40, WIDTH, 220):
        c.rect(x, 726, 110, 8, WHITE)
    x, glass = c.rng.choice((330, 400, 460)), mix(c.mood.window, WHITE, 0.35)
    c.tree(x - 200, 500, 1.6)
    c.shadow(x + 210, 610, 500, c.mood.paving)
    c.rect(x, 360, 420, 220, glass)
    for post in (0, 205, 410):
        c.rect(x + post, 350, 11, 256, c.mood.metal)
    c.rect(x - 24, 336, 468, 22, mix(c.mood.metal, c.mood.accents[-1], 0.5), 8)
    c.bench(x + 50, 604, 180, c.mood.paving)
    c.sign(x + 520, 608, 190, c.mood.accents[0])
    c.rect(x + 504, 450, 32, 60, WHITE, 3)
    c.person(x + 300, 612, 150, c.mood.paving)
    if c.rng.random() < 0.7:
        c.person(x + 360, 614, 118, c.mood.paving)


def bike(c: Canvas) -> None:
    """A bicycle at a stand beside a cycle path."""
    c.land(380)
    c.town(420, tall=3)
    c.rect(0, 416, WIDTH, HEIGHT, c.mood.grass)
    c.tufts(440, 18)
    red = mix(c.mood.accents[0], c.mood.paving, 0.45)
    c.path([(930, 800), (960, 660), (1000, 540), (1040, 430)], 330, 26, red)
    c.rect(60, 600, 720, 130, c.mood.paving, 16)
    c.tree(130, 590, 1.7)
    for x in (250, 420, 590):
        c.stroke([(x, 690), (x, 560), (x + 90, 560), (x + 90, 690)], 10, c.mood.metal)
    x, y, frame = c.rng.choice((330, 380)), 660, c.rng.choice(c.mood.accents)
    for wheel in (x, x + 210):
        c.ring(wheel, y, 76, 8, INK)
        c.ring(wheel, y, 66, 2, mix(INK, WHITE, 0.4))
        for nth in range(8):
            turn = nth * pi / 4
            c.stroke([(wheel, y), (wheel + 68 * cos(turn), y + 68 * sin(turn))], 1.4, mix(INK, WHITE, 0.5))
    c.stroke([(x, y), (x + 62, y - 104), (x + 98, y), (x, y)], 9, frame)
    c.stroke([(x + 62, y - 104), (x + 184, y - 108), (x + 98, y)], 9, frame)
    c.stroke([(x + 210, y), (x + 180, y - 134)], 9, frame)
    c.stroke([(x + 156, y - 146), (x + 196, y - 138)], 8, INK)
    c.stroke([(x + 62, y - 104), (x + 54, y - 128)], 8, frame)
    c.stroke([(x + 30, y - 132), (x + 78, y - 130)], 12, INK)
    c.ring(x + 98, y, 18, 5, INK)


def bin_(c: Canvas) -> None:
    """Waste bins and a glass container beside a path."""
    c.land(390)
    c.town(430, tall=2)
    c.rect(0, 426, WIDTH, HEIGHT, c.mood.grass)
    c.tufts(460)
    c.path([(860, 800), (880, 660), (960, 540), (1080, 440)], 330, 28, c.mood.paving)
    c.tree(120, 600, 1.7)
    c.fir(1110, 570, 1.1)
    green, x = mix(c.mood.leaves[0], INK, 0.15), c.rng.choice((240, 300))
    c.shadow(x + 120, 694, 330)
    c.rect(x, 490, 240, 200, green, 46)
    c.rect(x + 14, 640, 212, 50, mix(green, INK, 0.15), 12)
    for side in (70, 170):
        c.oval(x + side, 560, 26, 26, INK)
        c.ring(x + side, 560, 28, 6, mix(green, WHITE, 0.5))
    c.rect(x + 84, 612, 72, 44, WHITE, 6)
    for nth, tint in enumerate((c.mood.accents[1], c.mood.accents[-1])):
        left = x + 300 + nth * 120
        c.shadow(left + 44, 694, 120)
        c.rect(left, 560, 88, 130, tint, 12)
        c.rect(left - 8, 546, 104, 22, mix(tint, INK, 0.25), 8)
        c.rect(left + 20, 582, 48, 10, INK, 5)
        c.rect(left + 22, 612, 44, 36, WHITE, 5)
    c.person(900, 650, 140)


def parking(c: Canvas) -> None:
    """Parking bays, some taken."""
    c.land(340)
    c.town(410, tall=4)
    c.rect(0, 406, WIDTH, 70, c.mood.grass)
    for x in (80, 420, 760, 1110):
        c.tree(x + c.rng.randint(-30, 30), 462, 0.95)
    c.rect(0, 470, WIDTH, 340, c.mood.asphalt)
    c.rect(0, 466, WIDTH, 10, mix(c.mood.paving, INK, 0.2))
    for nth in range(7):
        top = 120 + nth * 160
        c.poly(
            [(top, 480), (top + 7, 480), (top - 22 + (nth - 3) * 22, 650), (top - 32 + (nth - 3) * 22, 650)],
            WHITE,
        )
    taken = c.rng.sample(range(6), 4)
    for nth in sorted(taken):
        _car(c, 200 + nth * 160 + (nth - 2.5) * 8, 610)
    blue = c.mood.accents[-1]
    c.sign(70, 560, 150, blue)
    c.rect(58, 378, 8, 40, WHITE, 2)
    c.ring(68, 388, 12, 7, WHITE)
    c.person(c.rng.randint(500, 900), 740, 150, c.mood.asphalt)


def _car(c: Canvas, x: float, y: float) -> None:
    """A parked car seen from behind."""
    body = c.rng.choice((*c.mood.accents, WHITE, mix(c.mood.metal, WHITE, 0.3)))
    c.oval(x, y + 4, 74, 12, mix(c.mood.asphalt, INK, 0.35))
    for side in (-46, 46):
        c.rect(x + side - 14, y - 26, 28, 32, INK, 8)
    c.poly([(x - 46, y - 66), (x - 34, y - 112), (x + 34, y - 112), (x + 46, y - 66)], mix(body, INK, 0.12))
    c.poly([(x - 36, y - 68), (x - 27, y - 102), (x + 27, y - 102), (x + 36, y - 68)], c.mood.window)
    c.rect(x - 64, y - 70, 128, 56, body, 16)
    for side in (-54, 34):
        c.rect(x + side, y - 52, 20, 12, c.mood.accents[0], 4)
    c.rect(x - 20, y - 42, 40, 14, WHITE, 3)
