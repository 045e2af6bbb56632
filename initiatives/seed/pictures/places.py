"""Scenes of the demo pictures in parks, at schools and at doors, one function each."""

from initiatives.seed.pictures.canvas import HEIGHT, WIDTH, Canvas
from initiatives.seed.pictures.palette import INK, WHITE, mix


def bench(c: Canvas) -> None:
    """A bench under a tree beside a path."""
    c.land(400)
    c.town(430, tall=2)
    c.rect(0, 428, WIDTH, HEIGHT, c.mood.grass)
    c.tufts(470)
    c.path([(420, 800), (520, 660), (760, 540), (1010, 440)], 330, 26, c.mood.paving)
    left = c.rng.choice((180, 240, 300))
    c.tree(left, 640, 2.1)
    c.tree(1060, 560, 1.2)
    c.bush(960, 640, 1.4)
    c.bench(left + 80, 690, 300)
    if c.rng.random() < 0.6:
        c.person(860, 580, 120)


def tree(c: Canvas) -> None:
    """A row of young trees with stakes along a pavement."""
    c.land(380)
    c.town(430, tall=c.rng.choice((2, 4)))
    c.rect(0, 426, WIDTH, 210, c.mood.grass)
    c.tufts(440, 30)
    c.rect(0, 610, WIDTH, 90, c.mood.paving)
    c.rect(0, 700, WIDTH, 100, c.mood.asphalt)
    c.rect(0, 694, WIDTH, 8, mix(c.mood.paving, INK, 0.25))
    for nth in range(5):
        x = 130 + nth * 235 + c.rng.randint(-20, 20)
        c.tree(x, 585, c.rng.uniform(0.95, 1.25))
        for side in (-26, 26):
            c.stroke([(x + side, 588), (x + side * 0.7, 510)], 6, c.mood.wood)
        c.oval(x, 588, 46, 9, mix(c.mood.wood, INK, 0.35))
    c.person(c.rng.randint(300, 900), 676, 130, c.mood.paving)


def playground(c: Canvas) -> None:
    """A slide, a swing and a sandpit."""
    c.land(380)
    c.town(420, tall=3)
    c.rect(0, 416, WIDTH, HEIGHT, c.mood.grass)
    c.tufts(440)
    c.oval(620, 660, 520, 110, mix(c.mood.paving, c.mood.accents[1], 0.25))
    red, yellow, blue = c.mood.accents
    wood, x = c.mood.wood, c.rng.choice((170, 210, 250))
    c.rect(x, 420, 16, 230, wood, 4)
    c.rect(x + 120, 420, 16, 230, wood, 4)
    c.rect(x - 8, 516, 152, 16, mix(wood, INK, 0.15), 4)
    c.poly([(x - 24, 424), (x + 68, 350), (x + 160, 424)], red)
    for step in range(5):
        c.rect(x - 46 + step * 4, 630 - step * 26, 44, 8, wood, 3)
    c.poly([(x + 136, 516), (x + 176, 516), (x + 350, 652), (x + 300, 652)], yellow)
    c.poly([(x + 350, 652), (x + 300, 652), (x + 310, 664), (x + 390, 664)], mix(yellow, INK, 0.1))
    swing = x + 500
    for side in (0, 250):
        c.stroke([(swing + side - 40, 670), (swing + side, 430), (swing + side + 40, 670)], 12, blue)
    c.stroke([(swing, 430), (swing + 250, 430)], 12, blue)
    for nth, lean in ((0.3, -24), (0.7, 18)):
        top = swing + 250 * nth
        for rope in (-20, 20):
            c.stroke([(top + rope, 434), (top + rope + lean, 590)], 3, INK)
        c.rect(top + lean - 30, 588, 60, 10, red, 4)
    c.tree(1110, 560, 1.5)
    c.person(x + 400, 700, 100)


def park(c: Canvas) -> None:
    """A meadow with flowers, a path and a pond."""
    c.land(360)
    c.tree(90, 440, 1.0)
    c.fir(250, 436, 1.0)
    c.fir(330, 440, 0.8)
    c.tree(1090, 440, 1.2)
    c.oval(800, 560, 320, 78, mix(c.mood.water, c.mood.grass_dark, 0.4))
    c.oval(800, 556, 306, 68, c.mood.water)
    for _ in range(7):
        x, y = c.rng.randint(600, 960), c.rng.randint(520, 590)
        c.stroke([(x, y), (x + c.rng.randint(30, 80), y)], 3, mix(c.mood.water, WHITE, 0.5))
    c.path([(220, 800), (300, 680), (470, 560), (560, 450)], 260, 24, c.mood.paving)
    c.tufts(600, 30)
    for _ in range(90):
        x, y = c.rng.randint(430, 1190), c.rng.randint(660, 790)
        tint = c.rng.choice((*c.mood.accents, WHITE))
        c.stroke([(x, y), (x, y + 16)], 2, c.mood.grass_dark)
        c.oval(x, y, 6, 6, tint)
    c.tree(60, 700, 1.9)
    c.bench(470, 640, 170)
    c.person(340, 640, 120)


def river(c: Canvas) -> None:
    """A river with a green bank and a path."""
    c.land(340)
    c.town(390, tall=2)
    c.rect(0, 384, WIDTH, HEIGHT, c.mood.grass)
    sway = c.rng.choice((-60, 0, 70))
    line = [(860.0, 800.0), (760 + sway, 640.0), (860 + sway, 500.0), (760.0, 390.0)]
    c.path([(x - 14, y) for x, y in line], 760, 70, mix(c.mood.grass_dark, c.mood.wood, 0.3))
    c.path(line, 690, 54, c.mood.water)
    for _ in range(16):
        y = c.rng.randint(430, 780)
        x = 800 + sway * 0.5 + c.rng.randint(-140, 120) * (y - 380) / 400
        c.stroke([(x, y), (x + (y - 340) / 5, y)], 3.2, mix(c.mood.water, WHITE, 0.45))
    c.path([(150, 800), (250, 650), (430, 520), (600, 395)], 190, 16, c.mood.paving)
    c.tufts(460, 14)
    c.tree(80, 620, 1.6)
    c.tree(480, 450, 0.8)
    c.fir(1120, 520, 1.2)
    for _ in range(14):
        x = 440 + c.rng.randint(-20, 30)
        c.stroke([(x, 790), (x + c.rng.randint(-16, 16), 700 + c.rng.randint(0, 40))], 4, c.mood.leaves[0])
    c.person(285, 640, 130)


def school(c: Canvas) -> None:
    """A school with its yard."""
    c.land(380)
    c.rect(0, 470, WIDTH, HEIGHT, c.mood.grass)
    wall = c.rng.choice(c.mood.walls)
    roof = c.rng.choice(c.mood.roofs)
    c.rect(180, 250, 840, 270, wall)
    c.rect(160, 226, 880, 30, roof, 6)
    c.rect(500, 190, 200, 330, mix(wall, WHITE, 0.35))
    c.poly([(484, 194), (600, 130), (716, 194)], roof)
    for row in (290, 400):
        for nth in range(8):
            x = 214 + nth * 100
            if not 440 < x < 700:
                c.rect(x, row, 60, 66, c.mood.window, 4)
                c.rect(x + 28, row, 4, 66, WHITE)
    c.oval(600, 254, 30, 30, WHITE)
    c.stroke([(600, 254), (600, 236)], 4, INK)
    c.stroke([(600, 254), (612, 260)], 4, INK)
    for nth in (520, 620):
        c.rect(nth, 310, 60, 66, c.mood.window, 4)
    c.rect(556, 420, 88, 100, c.mood.wood, 4)
    c.rect(0, 518, WIDTH, 300, c.mood.paving)
    c.rect(700, 580, 440, 170, mix(c.mood.accents[0], c.mood.paving, 0.45), 10)
    c.ring(920, 665, 50, 5, WHITE)
    c.rect(918, 580, 5, 170, WHITE)
    c.tree(90, 560, 1.7, c.mood.paving)
    c.tree(1130, 520, 1.3, c.mood.paving)
    for x, tall in ((350, 110), (420, 96), (540, 120), (600, 90)):
        c.person(x + c.rng.randint(-20, 20), 640 + c.rng.randint(0, 50), tall, c.mood.paving)


def building(c: Canvas) -> None:
    """A village hall with a steep roof."""
    c.land(390)
    c.rect(0, 500, WIDTH, HEIGHT, c.mood.grass)
    c.tufts(560, 24)
    wall, roof = c.rng.choice(c.mood.walls), c.rng.choice(c.mood.roofs)
    c.fir(140, 520, 1.4)
    c.rect(270, 380, 640, 200, wall)
    c.poly([(230, 386), (340, 240), (840, 240), (950, 386)], roof)
    c.rect(730, 210, 44, 80, mix(roof, INK, 0.2))
    for x in (320, 430, 720, 820):
        c.rect(x, 430, 66, 80, WHITE, 4)
        c.rect(x + 6, 436, 54, 68, c.mood.window, 2)
        c.rect(x - 6, 510, 78, 16, c.mood.accents[0], 4)
    c.rect(570, 420, 100, 160, c.mood.wood, 4)
    c.poly([(540, 424), (620, 370), (700, 424)], mix(roof, INK, 0.15))
    c.path([(560, 800), (590, 700), (616, 580)], 260, 100, c.mood.paving)
    c.rect(250, 576, 680, 10, mix(c.mood.paving, INK, 0.15))
    c.tree(1050, 600, 1.8)
    c.bench(330, 640, 160)
    c.person(740, 640, 130)
    c.person(800, 646, 118)


def ramp(c: Canvas) -> None:
    """A ramp with a hand rail that leads to a door."""
    c.land(360)
    wall = c.rng.choice(c.mood.walls)
    c.rect(0, 150, WIDTH, 480, wall)
    c.rect(0, 560, WIDTH, 80, mix(wall, INK, 0.12))
    for x in (90, 290, 960):
        c.rect(x, 240, 120, 170, WHITE, 4)
        c.rect(x + 10, 250, 100, 150, c.mood.window, 2)
    c.rect(0, 120, WIDTH, 34, c.rng.choice(c.mood.roofs))
    c.rect(640, 260, 200, 262, WHITE, 6)
    c.rect(654, 274, 172, 248, mix(c.mood.window, c.mood.accents[-1], 0.3), 4)
    c.rect(738, 274, 5, 248, WHITE)
    c.rect(0, 630, WIDTH, 200, c.mood.paving)
    stone = mix(c.mood.asphalt, WHITE, 0.35)
    c.poly([(120, 660), (600, 520), (880, 520), (880, 660)], stone)
    c.poly([(120, 660), (600, 520), (600, 534), (150, 664)], mix(stone, WHITE, 0.35))
    for nth in range(3):
        c.rect(880, 556 + nth * 36, 60 + nth * 40, 38, mix(stone, INK, 0.06 * nth))
    for nth in range(6):
        x = 150 + nth * 90
        y = 652 - nth * 26.2
        c.rect(x, y - 92, 8, 96, c.mood.metal)
    c.stroke([(140, 566), (604, 430), (640, 430)], 10, c.mood.accents[-1])
    c.stroke([(140, 606), (604, 470), (640, 470)], 7, c.mood.metal)
    c.bush(1080, 650, 1.8)
    c.bush(1160, 660, 1.4)
    _wheelchair(c, 300, 612)


def _wheelchair(c: Canvas, x: float, y: float) -> None:
    """Somebody in a wheelchair on the way up."""
    coat = c.mood.accents[0]
    c.ring(x, y - 32, 36, 6, INK)
    c.ring(x + 50, y - 22, 14, 5, INK)
    c.stroke([(x - 6, y - 96), (x - 2, y - 46), (x + 46, y - 46), (x + 58, y - 10)], 12, INK)
    c.rect(x - 22, y - 112, 38, 66, coat, 14)
    c.oval(x - 2, y - 130, 17, 18, (226, 188, 156))
    c.oval(x - 4, y - 138, 18, 12, mix(c.mood.wood, INK, 0.5))
