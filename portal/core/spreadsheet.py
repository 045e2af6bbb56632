"""Tables as workbooks (.xlsx), for offices whose spreadsheet reads a CSV with commas into one column.

In Poland and the Czech Republic the comma is the decimal sign, so such a file opens in one piece there.
"""

import io
from collections.abc import Iterable, Sequence
from itertools import islice

from portal.core.errors import Invalid
from portal.core.i18n import Filled, Text

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ROWS_MOST = 5_000
"""Rows of a workbook, which is made whole before it is sent: about a second of work. A CSV has no end."""
CELL_MOST = 32_767
"""Signs of a cell, a limit of the format."""
_WIDEST = 60
_OPTIONS = {
    # Every text stays the text it is: no cell becomes a formula, a link or a number by how it looks (R28).
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "in_memory": True,
}

Cell = str | int | float | None


def workbook(title: Text, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """One sheet with a head that stays in sight and can be filtered. Raises Invalid above `ROWS_MOST` rows."""
    import xlsxwriter  # noqa: PLC0415 - needed for these files alone

    found = list(islice(rows, ROWS_MOST + 1))
    if len(found) > ROWS_MOST:
        raise Invalid(
            str(
                Filled(
                    "An Excel file holds %(n)s rows at most, and there are more. Narrow the list, or take the CSV file.",
                    {"n": ROWS_MOST},
                )
            )
        )
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, _OPTIONS) as book:
        book.set_properties({"title": str(title)})
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, columns, book.add_format({"bold": True}))
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, len(found), len(columns) - 1)
        for at, row in enumerate(found, start=1):
            sheet.write_row(at, 0, [cell[:CELL_MOST] if isinstance(cell, str) else cell for cell in row])
        for at, name in enumerate(columns):
            longest = max((len(str(row[at])) for row in found[:100]), default=0)
            sheet.set_column(at, at, min(max(longest, len(name)) + 2, _WIDEST))
    return made.getvalue()
