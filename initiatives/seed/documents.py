"""A one-page PDF for demo initiatives that came with a document: what, where, and a rough sketch."""

from random import Random

from initiatives.seed.plots import Plot

BLOCKS = 7
"""Houses on the sketch."""


def document(plot: Plot, title: str) -> bytes:
    """The PDF, in the language of the initiative's office."""
    import typst  # noqa: PLC0415 - the compiler is large and only the demo data needs it here

    words, record = plot.words["document"], plot.record
    place = record["place"]
    where = place["address"] if place else words["whole"]
    source = f"""
#set document(title: {_quoted(title)})
#set page(paper: "a4", margin: 25mm)
#set text(lang: {_quoted(plot.town.language)}, size: 11pt)
#text(fill: rgb("{plot.town.colours["brand"]}"), size: 9pt, weight: "bold")[#{_quoted(words["kind"])}]
= #{_quoted(title)}
#v(4mm)
*#{_quoted(words["what"])}:* #{_quoted(record["title"])}

*#{_quoted(words["where"])}:* #{_quoted(where)}
#v(6mm)
#figure(
  alt: {_quoted(words["sketch"])},
  block(width: 100%, height: 95mm, fill: rgb("#eef2ea"), radius: 3mm, clip: true)[
{_sketch(plot)}
  ],
  caption: [#{_quoted(words["sketch"])}],
  numbering: none,
)
#v(1fr)
#text(size: 9pt, fill: luma(90))[#{_quoted(words["note"])}]
"""
    made: bytes = typst.compile(source.encode(), format="pdf")
    return made


def _sketch(plot: Plot) -> str:
    """Two streets, some houses and trees, and the place itself as a ring; lengths in millimetres."""
    rng = Random(f"sketch {plot.key}")  # noqa: S311 - the same drawing each time, not a secret
    brand = plot.town.colours["brand"]
    cross = rng.randint(45, 110)
    lines = [
        _placed(0, 42, f'rect(width: 165mm, height: {rng.randint(9, 13)}mm, fill: rgb("#c9cdd1"))'),
        _placed(cross, 0, 'rect(width: 9mm, height: 95mm, fill: rgb("#c9cdd1"))'),
    ]
    for nth in range(BLOCKS):
        x, y = 6 + nth * 22 + rng.randint(0, 6), rng.choice((10, 16, 62, 70))
        if not cross - 16 < x < cross + 12:
            size = f"width: {rng.randint(11, 17)}mm, height: {rng.randint(9, 14)}mm"
            lines.append(_placed(x, y, f'rect({size}, fill: rgb("#e3cfae"), stroke: 0.3mm + rgb("#b79a6b"))'))
    for _ in range(BLOCKS * 2):
        tree = 'circle(radius: 1.8mm, fill: rgb("#7fa36b"))'
        lines.append(_placed(rng.randint(2, 158), rng.choice((33, 36, 57, 60, 88)), tree))
    ring = f'circle(radius: 7mm, stroke: 1mm + rgb("{brand}"))'
    lines.append(_placed(rng.randint(20, 135), rng.randint(30, 52), ring))
    return "\n".join(lines)


def _placed(x: int, y: int, shape: str) -> str:
    return f"    #place(top + left, dx: {x}mm, dy: {y}mm, {shape})"


def _quoted(text: str) -> str:
    """A string of the typesetter's language."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
