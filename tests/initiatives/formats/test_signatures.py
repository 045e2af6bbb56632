"""A sheet to sign, on paper."""

import segno

from initiatives.formats.signatures import signatures_pdf
from portal.core import pdf

DATA = {
    "lang": "pl",
    "spoken": "cs",
    "town": "Lublin",
    "over": "Lublin · LUB-I-2026-0001",
    "heading": "Podpisy",
    "title": '#panic("x") Lavička u stezky',
    "text": ["#let x = 1", "*nie* _pogrubiaj_ $ @nikt"],
    "qr": segno.make("https://portal.example/pl").svg_inline(),
    "alt": "Kod QR",
    "href": "https://portal.example/pl",
    "short": "Tutaj",
    "lead": "Jeden podpis #raz",
    "rows": 18,
    "columns": ["Lp.", "Imię i nazwisko", "Część miasta", "Podpis"],
    "office": ["Numer arkusza", "Miejsce", "Ważne podpisy"],
    "note_title": "Dane.",
    "note": "Administrator: *Lublin*.",
}


def test_markup_of_people_is_text_and_it_is_one_page() -> None:
    made = signatures_pdf(DATA)
    assert pdf.fault(made) is None
    assert made.count(b"/Type /Page\n") + made.count(b"/Type/Page\n") <= 1
