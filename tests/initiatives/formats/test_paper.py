"""PDF for everybody."""

from initiatives.formats.paper import pdf_of

PAGE = """
#let data = json(bytes(sys.inputs.data))
#set document(title: data.title)
#set text(lang: data.lang)
= #data.title
"""


def test_it_says_that_it_is_made_for_screen_readers() -> None:
    made = pdf_of(PAGE, {"title": "Łąka", "lang": "pl"})
    assert b"<pdfuaid:part>1</pdfuaid:part>" in made
    assert b"/StructTreeRoot" in made
