"""A sheet to sign for an initiative: what it is about, numbered rows, and what becomes of the names."""

from collections.abc import Mapping
from typing import Any

from initiatives.formats.paper import pdf_of

PAGE = r"""
#let data = json(bytes(sys.inputs.data))
#set document(title: data.heading, author: data.town)
#set page(paper: "a4", margin: (x: 15mm, y: 13mm), numbering: "1 / 1")
#set text(lang: data.lang, size: 10pt)
#set par(justify: false)
#grid(columns: (1fr, 24mm), gutter: 5mm,
  [
    #data.over
    = #data.heading
    #block(above: 2mm, below: 2mm, text(lang: data.spoken, size: 12pt, weight: "bold", data.title))
    #for line in data.text [#text(lang: data.spoken, line) #parbreak()]
  ],
  [
    #image(bytes(data.qr), format: "svg", width: 24mm, alt: data.alt)
    #text(size: 7pt, data.short)
  ])
#text(size: 8pt, link(data.href)[#data.href])

#text(size: 9pt, data.lead)
#table(
  columns: (9mm, 1fr, 1fr, 46mm),
  rows: (7mm,) + (9.2mm,) * data.rows,
  align: (x, y) => if x == 0 { right + horizon } else { left + horizon },
  stroke: 0.5pt + luma(90),
  table.header(..data.columns.map(name => text(size: 9pt, weight: "bold", name))),
  ..range(data.rows).map(n => ([#(n + 1)], [], [], [])).flatten()
)
#grid(columns: (1fr, 1fr, 1fr), gutter: 4mm,
  ..data.office.map(name => [#text(size: 8pt, name) \ #v(4mm) #line(length: 100%, stroke: 0.4pt)]))
#v(2mm)
#text(size: 7.5pt)[*#data.note_title* #data.note]
"""


def signatures_pdf(data: Mapping[str, Any]) -> bytes:
    """The PDF of an empty sheet; `data` holds all texts in the town's language, as `desk/signatures.py` lays them out."""
    return pdf_of(PAGE, data)
