"""What became of each row of an imported file, as a table: written while the file is read, however long it is.

An initiative stands at the row where it begins; what is wrong or doubtful stands at its own row. The keys of outcomes
are the same in every language, messages are in the language spoken.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from initiatives.formats.records import ImportedInitiative, Problem
from initiatives.formats.tabular import neutral

COLUMNS = ("row", "number", "outcome", "column", "message")
NEW, EXTENDED, UNCHANGED = "new", "extended", "unchanged"
REFUSED = "refused"
"""Sound by itself, and not taken over because another row is wrong."""
WARNING, ERROR = "warning", "error"
ENCODING = "utf-8-sig"
"""With the mark by which spreadsheets know UTF-8."""


class Outcomes:
    """Writes the table; `write` is given each thing as it is met."""

    def __init__(self, target: TextIO) -> None:
        self._table = csv.writer(target)
        self._table.writerow(COLUMNS)

    def write(self, met: ImportedInitiative | Problem, outcome: str) -> None:
        """One line. The cells come from somebody else's file, so none may run as a formula."""
        if isinstance(met, Problem):
            cells = (str(met.row), "", outcome, met.column, str(met.message))
        else:
            cells = (str(met.row), met.external_number, outcome, "", "")
        self._table.writerow(map(neutral, cells))


def refuse_all(path: Path) -> None:
    """Say of every sound row that it was refused: whether the file is sound is known only at its end."""
    draft = path.with_name(f"{path.name}.part")
    with (
        path.open(encoding=ENCODING, newline="") as source,
        draft.open("w", encoding=ENCODING, newline="") as target,
    ):
        csv.writer(target).writerows(_refused(csv.reader(source)))
    draft.replace(path)


def _refused(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    for row in rows:
        if row[2] in (NEW, EXTENDED, UNCHANGED):
            row[2] = REFUSED
        yield row
