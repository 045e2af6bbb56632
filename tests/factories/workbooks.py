"""Workbooks read back, as far as ours go: one sheet of texts and numbers."""

import io
import zipfile
from xml.etree import ElementTree

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def rows_of(workbook: bytes) -> list[list[str | float | None]]:
    """The cells row by row; fails where one is neither text nor number, for instance a formula."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as parts:
        assert parts.testzip() is None
        texts = [
            "".join(one.text or "" for one in item.iter(f"{MAIN}t"))
            for item in ElementTree.fromstring(parts.read("xl/sharedStrings.xml"))
        ]
        sheet = ElementTree.fromstring(parts.read("xl/worksheets/sheet1.xml"))
    found = []
    for row in sheet.iter(f"{MAIN}row"):
        cells: list[str | float | None] = []
        for cell in row:
            assert cell.find(f"{MAIN}f") is None, "a formula"
            at = _column(cell.get("r") or "")
            cells += [None] * (at - len(cells))
            value = cell.findtext(f"{MAIN}v")
            kind = cell.get("t")
            assert kind in (None, "s")
            cells.append(None if value is None else texts[int(value)] if kind == "s" else float(value))
        found.append(cells)
    return found


def _column(place: str) -> int:
    letters = place.rstrip("0123456789")
    at = 0
    for letter in letters:
        at = at * 26 + ord(letter) - ord("A") + 1
    return at - 1
