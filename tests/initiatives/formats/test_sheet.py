"""An initiative on paper."""

import segno

from initiatives.formats.sheet import sheet_pdf
from portal.core import pdf

DATA = {
    "title": '#panic("x") Ławka przy ścieżce',
    "town": "Lublin",
    "lang": "cs",
    "spoken": "pl",
    "over": "LUB-I-2026-0001 · silnice a chodníky",
    "text": ["#let x = 1", "*nie* _pogrubiaj_ $ @nikt"],
    "parts": [{"title": "Co se stalo #1", "lines": ["1. května: zveřejněno"]}],
    "qr": segno.make("https://portal.example/pl").svg_inline(),
    "alt": "QR kód",
    "href": "https://portal.example/pl",
}


def test_markup_of_people_is_text() -> None:
    assert pdf.fault(sheet_pdf(DATA)) is None


def test_a_withdrawn_one_is_its_title() -> None:
    assert sheet_pdf({**DATA, "text": [], "parts": []}).startswith(b"%PDF-")
