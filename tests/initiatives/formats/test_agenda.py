"""The agenda on paper: what people wrote never becomes markup."""

from initiatives.formats.agenda import agenda_pdf
from portal.core import pdf

ROW = {
    "number": "LUB-I-2026-0001",
    "title": '#panic("x") [ $ # \\ "ż"',
    "place": "plac #1",
    "due": "",
    "wanted": "*nie* _pogrubiaj_",
    "allowed": "@nikt",
    "tradeoff": "",
    "facts": ["#let x = 1"],
}
DATA = {
    "title": "Porządek obrad: maj 2026",
    "lang": "pl",
    "lead": "Lublin",
    "wanted": "Czego chcą mieszkańcy",
    "allowed": "Na co pozwalają prawo i pieniądze",
    "tradeoff": "Wybór",
    "votes": ["Za", "Przeciw", "Wstrzymało się"],
    "totals": "1 sprawa.",
}


def test_markup_of_people_is_text() -> None:
    made = agenda_pdf({**DATA, "rows": [ROW] * 3})
    assert pdf.fault(made) is None


def test_a_month_without_cases_is_a_page() -> None:
    assert agenda_pdf({**DATA, "rows": []}).startswith(b"%PDF-")
