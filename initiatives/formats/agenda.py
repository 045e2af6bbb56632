"""The agenda of a steering group on paper: one case in about half a page, with space for the vote."""

from collections.abc import Mapping
from typing import Any

from initiatives.formats.paper import pdf_of

PAGE = r"""
#let data = json(bytes(sys.inputs.data))
#set document(title: data.title)
#set page(paper: "a4", margin: (x: 18mm, y: 16mm), numbering: "1 / 1")
#set text(lang: data.lang, size: 10pt)
#set par(justify: false)
= #data.title
#data.lead
#for row in data.rows [
  #block(breakable: false, width: 100%, stroke: 0.6pt + luma(120), inset: 4mm, radius: 2mm)[
    #text(weight: "bold")[#row.number] · #row.place #h(1fr) #row.due
    #block(above: 2mm, below: 2mm, text(size: 12pt, weight: "bold", row.title))
    #grid(columns: (1fr, 1fr), gutter: 5mm,
      [*#data.wanted* \ #row.wanted],
      [*#data.allowed* \ #row.allowed])
    #if row.tradeoff != "" [*#data.tradeoff* #row.tradeoff]
    #for fact in row.facts [#fact \ ]
    #v(2mm)
    #for vote in data.votes [#box(width: 3.5mm, height: 3.5mm, stroke: 0.6pt) #vote #box(width: 18mm, line(length: 16mm, stroke: 0.4pt)) #h(4mm)]
    #v(3mm)
    #line(length: 100%, stroke: 0.3pt + luma(160))
    #v(4mm)
    #line(length: 100%, stroke: 0.3pt + luma(160))
  ]
]
*#data.totals*
"""


def agenda_pdf(data: Mapping[str, Any]) -> bytes:
    """The PDF of a month; `data` holds all texts in the reader's language, as `desk/agenda.py` lays them out."""
    return pdf_of(PAGE, data)
