"""One initiative on paper: what the public page says, with a QR code that leads back to it."""

from collections.abc import Mapping
from typing import Any

from initiatives.formats.paper import pdf_of

PAGE = r"""
#let data = json(bytes(sys.inputs.data))
#set document(title: data.title, author: data.town)
#set page(paper: "a4", margin: (x: 22mm, y: 20mm), numbering: "1 / 1")
#set text(lang: data.lang, size: 11pt)
#set par(justify: false)
#data.over
= #text(lang: data.spoken, data.title)
#for line in data.text [#text(lang: data.spoken, line) #parbreak()]
#for part in data.parts [
  == #part.title
  #for line in part.lines [#line #parbreak()]
]
#v(4mm)
#image(bytes(data.qr), format: "svg", width: 28mm, alt: data.alt)
#link(data.href)
"""


def sheet_pdf(data: Mapping[str, Any]) -> bytes:
    """The PDF of an initiative; `data` holds all texts in the reader's language, as `views/browse.py` lays them out."""
    return pdf_of(PAGE, data)
