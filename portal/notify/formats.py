"""Letters as pages to print: one PDF of A4 sheets for envelopes with a window. Pure.

The page is set by typst; what people wrote reaches it as data, never as its markup. A sheet folded twice for an
envelope DL (110 × 220 mm, window 45 × 90 mm, 20 mm from a side and 15 mm from the foot) may slide by 10 mm
each way, so the address stands where the window shows it anyhow. Source: usual Polish and Czech envelopes DL.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

PAGE = """
#let data = json(bytes(sys.inputs.data))
#let lines(parts) = parts.join(linebreak())
#set document(title: data.title, author: data.author)
#set page(
  paper: "a4",
  margin: (top: 20mm, bottom: 22mm, left: 25mm, right: 20mm),
  footer: context align(center, text(size: 8pt, data.footer)),
)
#set text(font: "Libertinus Serif", size: 11.5pt, lang: data.lang)
#set par(leading: 0.68em, spacing: 1.05em)
#for (position, letter) in data.letters.enumerate() {
  set text(lang: letter.lang)
  if position > 0 { pagebreak() }
  place(top + left, block(width: 80mm, {
    strong(letter.sender)
    linebreak()
    text(size: 9.5pt, lines(letter.sender_lines))
  }))
  place(top + right, text(size: 10.5pt, letter.place_and_day))
  place(top + left, dx: data.window_x * 1mm - 25mm, dy: 52mm - 20mm, block(
    width: 76mm, height: 31mm, clip: true, text(size: if letter.recipient.len() > 5 { 8.5pt } else { 11pt }, lines(letter.recipient)),
  ))
  v(84mm)
  if letter.number != "" { block(text(size: 10.5pt, letter.number)) }
  block(below: 1.4em, strong(letter.subject))
  for part in letter.paragraphs { block(lines(part.split("\\n"))) }
  v(1em)
  block(breakable: false, letter.sender)
}
"""
RIGHT_MM, LEFT_MM = 112, 25
"""Where the address begins, from the left edge of the sheet."""


@dataclass(frozen=True, slots=True)
class LetterSheet:
    """One letter, in the words and language of its reader; `number` is the whole line with the case number."""

    lang: str
    sender: str
    sender_lines: tuple[str, ...]
    recipient: tuple[str, ...]
    place_and_day: str
    number: str
    subject: str
    paragraphs: tuple[str, ...]


def letters_pdf(
    letters: Sequence[LetterSheet], *, title: str, lang: str, footer: str, window_left: bool
) -> bytes:
    """All of them as one PDF, each beginning on a sheet of its own. There must be at least one."""
    import typst  # noqa: PLC0415 - 77 MB, needed only when somebody prints

    data = {
        "title": title,
        "author": letters[0].sender,
        "lang": lang,
        "footer": footer,
        "window_x": LEFT_MM if window_left else RIGHT_MM,
        "letters": [asdict(letter) for letter in letters],
    }
    # The typeface that typst carries looks alike on every machine and has all our letters.
    fonts = typst.Fonts(include_system_fonts=False, font_paths=[])
    made = typst.compile(PAGE.encode(), font_paths=fonts, sys_inputs={"data": json.dumps(data)})
    assert isinstance(made, bytes)  # noqa: S101 - a list of pages comes for pictures only
    return made
