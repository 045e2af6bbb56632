"""What became of each row, as a table."""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

from initiatives.formats.outcomes import COLUMNS, ENCODING, NEW, Outcomes, refuse_all
from initiatives.formats.records import Code, ImportedInitiative, problem

ITEM = ImportedInitiative(7, "=1+1", "csv", "Ławka", datetime(2026, 3, 1, tzinfo=UTC))


def test_rows_are_written_with_what_became_of_them_and_no_formula() -> None:
    target = io.StringIO(newline="")
    outcomes = Outcomes(target)
    outcomes.write(ITEM, NEW)
    outcomes.write(problem(9, "title", Code.MISSING), "error")
    rows = list(csv.reader(io.StringIO(target.getvalue())))
    assert tuple(rows[0]) == COLUMNS
    assert rows[1] == ["7", "'=1+1", "new", "", ""]
    assert rows[2] == ["9", "", "error", "title", "This cell must not be empty."]


def test_what_looked_sound_is_refused_in_the_end(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    with path.open("w", encoding=ENCODING, newline="") as target:
        outcomes = Outcomes(target)
        outcomes.write(ITEM, NEW)
        outcomes.write(problem(9, "title", Code.MISSING), "error")
    refuse_all(path)
    with path.open(encoding=ENCODING, newline="") as source:
        assert [row[2] for row in csv.reader(source)] == ["outcome", "refused", "error"]
